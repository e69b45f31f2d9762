"""One door to every corpus; each file here reads one of them."""

from importlib import import_module

from ..song import Corpus

READERS = {
    "demo": "composed",
    "music4all": "music4all",
    "audioset": "audioset",
    "merge": "merge",
    "folder": "your_folder",
}


def load_corpus(name: str, root=None, **options) -> Corpus:
    """A corpus by name; root is where its files are; the demo needs none (chapter *The demo songs*)."""
    if name not in READERS:
        raise ValueError(f"there is no corpus {name!r}: choose one of {', '.join(READERS)}")
    return import_module(f".{READERS[name]}", __name__).load(root=root, **options)
