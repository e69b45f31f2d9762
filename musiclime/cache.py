"""The one root of models, stems and runs."""

import os
from contextlib import contextmanager
from pathlib import Path


def root() -> Path:
    """MUSICLIME_CACHE, else artifacts/ beside the checkout, else the user's cache (chapter *Train*)."""
    if chosen := os.environ.get("MUSICLIME_CACHE"):
        return Path(chosen).expanduser()
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "artifacts"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "musiclime"


@contextmanager
def whole(path):
    """A draft to write; complete, it becomes the file: all of a file or nothing of it (chapter *Train*)."""
    draft = path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    yield draft
    draft.replace(path)
