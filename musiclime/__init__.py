"""MusicLIME: which words, and which stem in which tenth of the clip, moved a music model's decision."""

import sys
from importlib import import_module
from types import ModuleType

from . import torchaudio_guard
from .explanation import Explanation

__version__ = "0.1.0"
torchaudio_guard.works()

# Names load on first use, so that reading a table does not import torch.
_HOME = {
    "labels": "GENRES EMOTIONS emotion_of genre_of",
    "lyrics": "clean_lyrics",
    "songs": "Song Corpus read_song",
    "corpora": "load_corpus",
    "training": "load_model",
    "explain": "MusicLIME AudioLIME LyricsLIME",
    "spectrogram": "SpectrogramLIME",
    "explanation": "Explanation Feature",
    "aggregate": "aggregate importance",
    "interaction": "interaction",
    "counterfactual": "counterfactual",
    "trust": "mark",
    "player": "player",
    "fleet": "explain_corpus",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}
__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name not in _MODULE_OF:
        raise AttributeError(f"musiclime has no {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__


class _Package(ModuleType):
    def __setattr__(self, name, value):
        # Importing the file aggregate.py would hide the function ml.aggregate: the function goes first.
        if isinstance(value, ModuleType) and _MODULE_OF.get(name) == name:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


# An explanation is data and knows nothing of players; here the two meet.
Explanation._repr_html_ = lambda self: import_module(".player", __name__).player(self, None)
Explanation.explore = lambda self, predict, song: import_module(".player.explore", __name__).explore(
    self, predict, song
)
