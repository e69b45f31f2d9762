"""The page of execution times and versions, written from the records that the runs left."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

NAMES = ["musiclime", "torch", "transformers", "openunmix", "numpy", "scipy", "scikit-learn", "jupyter-book"]


def write(app):
    runs = Path(app.srcdir) / "runs"
    records = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(runs.glob("*.json"))]
    rows = [f"| {r['name']} | {r['seconds']:.0f} | {60 * r['minutes']:.0f} |" for r in records]
    finished = [r["finished"] for r in records] or ["never"]
    versions = ", ".join(f"{name} {version(name)}" for name in NAMES)
    minutes = sum(r["seconds"] for r in records) / 60
    text = "\n".join(
        [
            "# Execution times and versions\n",
            "| run | seconds | allowed |",
            "|---|--:|--:|",
            *rows,
            f"\n{len(rows)} runs took {minutes:.1f} minutes, two side by side on {os.cpu_count()} cores; "
            f"the first ended at {min(finished)}, the last at {max(finished)}.",
            f"\nPython {platform.python_version()}, {versions}.\n",
        ]
    )
    page = runs / "times.md"
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
