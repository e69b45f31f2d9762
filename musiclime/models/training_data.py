"""What training reads: filterbanks and lyrics of a corpus on disk, muted cells and dropped words."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from tqdm.auto import tqdm

from ..data.audio import segment_borders
from ..data.song import STEMS, Corpus
from ..files import root as cache_root
from ..files import whole
from .filterbank import SILENCE
from .preprocessing import clip, normalise_text, tower_inputs

SEGMENTS = 10
VARIANTS = 5  # a song as it is, and four times with random cells muted
ONE_STEM_FROM = 3  # from this variant on one stem a segment sounds, so that each is learnt by itself
MANY_SONGS = 48  # from so many on all cores read


def for_each_song(work: Callable, corpus: Corpus, *arguments: Any) -> Iterator:
    """work(corpus, position, ...) of every song, in order; on all cores where there are many songs."""
    from sklearn.utils.parallel import Parallel, delayed

    jobs = os.cpu_count() if len(corpus) >= MANY_SONGS else 1
    calls = (delayed(work)(corpus, position, *arguments) for position in range(len(corpus)))
    return Parallel(n_jobs=jobs, return_as="generator", batch_size=4)(calls)


def read_lyrics(corpus: Corpus, progress: bool = True) -> list[str]:
    """The lyrics of every song of a corpus, read once and then kept in the cache."""
    file = cache_root() / "features" / f"{corpus.name}-{corpus.fingerprint}-lyrics.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.exists():
            songs = for_each_song(_lyrics_of_song, corpus)
            texts = list(tqdm(songs, "reading lyrics", len(corpus), disable=not progress))
            with whole(file) as draft:
                draft.write_text(json.dumps(texts), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def _lyrics_of_song(corpus: Corpus, position: int) -> str:
    return corpus[position].lyrics


def audio_features(
    corpus: Corpus, sample_rate: int = 16000, hears_waves: bool = False, progress: bool = True
) -> np.ndarray:
    """What an audio encoder takes of every song, (songs, variants, ...) in half precision.

    Args:
        corpus: songs; those with stems get variants with muted cells, the others stay as they are.
        sample_rate: the rate that the encoder hears.
        hears_waves: whether it hears waveforms instead of the filterbank.
        progress: whether to show a progress bar.

    Returns:
        An array on disk, made once for a corpus.

    (chapter *Train*)
    """
    kind = "wave" if hears_waves else "mel"
    name = f"{corpus.name}-{corpus.fingerprint}-{kind}-{sample_rate}-{VARIANTS}"
    file = cache_root() / "features" / f"{name}.npy"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.exists():
            songs = for_each_song(_features_of_song, corpus, sample_rate, hears_waves)
            songs = tqdm(songs, "reading songs", len(corpus), disable=not progress)
            with whole(file) as draft:
                _write_one_by_one(draft, songs, len(corpus))
    return np.load(file, mmap_mode="r")


def _write_one_by_one(file: Path, songs: Iterable[np.ndarray], count: int) -> None:
    """Write the features of many songs without ever holding them all in memory."""
    remaining = iter(songs)
    features = next(remaining)
    out = np.lib.format.open_memmap(file, "w+", np.float16, (count, *features.shape))
    out[0] = features
    for position, features in enumerate(remaining, start=1):
        out[position] = features
    out.flush()


def _features_of_song(corpus: Corpus, position: int, sample_rate: int, hears_waves: bool) -> np.ndarray:
    song = corpus[position]
    mixes = [clip(song, sample_rate)]
    if song.stems is not None:
        stems = np.stack([song.stems[stem] for stem in STEMS])
        borders = segment_borders(stems.shape[1], SEGMENTS)
        rng = np.random.default_rng([position, 7])
        for variant in range(1, VARIANTS):
            on = rng.random((len(STEMS), SEGMENTS)) < 0.5
            if variant >= ONE_STEM_FROM:
                on = np.arange(len(STEMS))[:, None] == rng.integers(len(STEMS), size=SEGMENTS)
            song.audio = (stems * np.repeat(on, np.diff(borders), axis=1)).sum(0)
            mixes.append(clip(song, sample_rate))
    return tower_inputs(np.stack(mixes), sample_rate, hears_waves).numpy().astype(np.float16)


def mute_cells(
    features: np.ndarray, row: int, same_label: np.ndarray, rng: np.random.Generator, silence: float = SILENCE
) -> np.ndarray:
    """The features of a song with random cells muted.

    Every second time segments are lent by other songs of the same label. What bears a label is local: a loan
    keeps the label true, and keeps the model from learning songs by heart.

    Args:
        features: (songs, variants, frames, ...), as `audio_features` makes them.
        row: which song.
        same_label: the rows of the songs with its label.
        rng: a random generator.
        silence: the value of a muted frame.

    Returns:
        (frames, ...) float32.
    """
    variants = features.shape[1]
    if rng.random() < 0.05:
        return np.full(features.shape[2:], silence, np.float32)
    share_intact = rng.choice([1.0, 0.0, rng.random()], p=[0.3, 0.4, 0.3])
    is_intact = rng.random(SEGMENTS) < share_intact
    variant_of = np.where(is_intact, 0, rng.integers(1, variants, SEGMENTS))
    is_lent = rng.random(SEGMENTS) < rng.choice([0, 0.7])
    song_of = np.where(is_lent, rng.choice(same_label, SEGMENTS), row)
    borders = segment_borders(features.shape[2], SEGMENTS)
    parts = []
    for segment in range(SEGMENTS):
        frames = slice(borders[segment], borders[segment + 1])
        parts.append(features[song_of[segment], variant_of[segment], frames])
    return np.concatenate(parts).astype(np.float32)


def drop_words(text: str, rng: np.random.Generator, chance_of_none: float = 0.2) -> str:
    """A text without some of its words; a word is dropped wherever it stands.

    Args:
        text: lyrics.
        rng: a random generator.
        chance_of_none: how often every word is dropped.

    Returns:
        Normalised text.

    Example:
        >>> drop_words("Sun and sea", np.random.default_rng(0), chance_of_none=1.0)
        ''
    """
    nothing_left = rng.random() < chance_of_none
    share_kept = 0.0 if nothing_left else rng.choice([1.0, 0.5, rng.random()])
    words = normalise_text(text).split()
    dropped = {word for word in sorted(set(words)) if rng.random() >= share_kept}
    return " ".join(word for word in words if word not in dropped)
