"""Models: what hears and reads a song, how it is trained, and the stems that a song is split into."""

from . import torchaudio_guard

# transformers and openunmix ask for torchaudio when they are imported: a broken one must be hidden by then.
torchaudio_guard.works()
