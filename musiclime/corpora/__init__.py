"""One door to every corpus; each file here reads one of them."""

from importlib import import_module

from ..songs import Corpus

NAMES = ("demo", "music4all", "audioset", "merge", "folder")


def load_corpus(name: str, root=None, **options) -> Corpus:
    """A corpus by name; root is where its files are; the demo needs none (chapter *The demo songs*)."""
    if name not in NAMES:
        raise ValueError(f"there is no corpus {name!r}: choose one of {', '.join(NAMES)}")
    return import_module(f".{name}", __name__).load(root=root, **options)
