"""One door to every corpus; each file here reads one of them."""

from importlib import import_module
from pathlib import Path
from typing import Any

from ..song import Corpus

# Which file reads which corpus.
READERS = {
    "demo": "composed",
    "real": "real_songs",
    "ultrastar": "ultrastar",
    "jamendolyrics": "jamendolyrics",
    "folder": "your_folder",
    "music4all": "music4all",
    "audioset": "audioset",
    "merge": "merge",
    "published": "authors",
}


def load_corpus(name: str = "demo", root: str | Path | None = None, **options: Any) -> Corpus:
    """Load a corpus by its name.

    Args:
        name: "demo" (composed songs with planted evidence), "real" (thirteen pinned songs), "ultrastar",
            "jamendolyrics", "folder" (your own songs), "music4all", "audioset", "merge", or "published" (the
            authors' splits, tokens and spectrograms).
        root: the folder of its files. The demo needs none; "real" fetches its songs where there is none.
        options: what the corpus's own reader takes, such as size= and seed= of the demo.

    Returns:
        A corpus: a table, and songs that are composed or read when asked for.

    Example:
        >>> import musiclime as ml
        >>> ml.load_corpus("demo", size=90).table["genre"].nunique()
        9

    (chapter *The demo songs*)
    """
    if name not in READERS:
        raise ValueError(f"there is no corpus {name!r}: choose one of {', '.join(READERS)}")
    reader = import_module(f".{READERS[name]}", __name__)
    return reader.load(root=root or None, **options)
