"""The one root of models, stems and runs; whole files in it; and what their numbers depend on."""

import os
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version

PACKAGES = ("musiclime", "numpy", "scipy", "torch", "transformers")


def root() -> Path:
    """MUSICLIME_CACHE, else artifacts/ beside the checkout, else the user's cache (chapter *Train*)."""
    if chosen := os.environ.get("MUSICLIME_CACHE"):
        return Path(chosen).expanduser()
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "artifacts"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "musiclime"


@cache
def _installed() -> dict:
    # Asked once: for a corpus of songs it would take longer than the fit.
    return {"python": python_version(), **{name: version(name) for name in PACKAGES}}


def versions() -> dict:
    """Python and every package that decides a number, loaded or not (chapter *Train*)."""
    return dict(_installed())


@contextmanager
def whole(path):
    """A draft to write; complete, it becomes the file: all of a file or nothing of it (chapter *Train*)."""
    draft = path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    yield draft
    draft.replace(path)
