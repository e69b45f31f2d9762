"""Ground truth on real music: half of the segments from a song that has a tag, half from one that has not."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..data import audio as sound
from ..data.lyrics import lines
from ..data.song import Song

SEGMENTS, SECONDS = 10, 12.0  # segments of 1.2 s: a tagger's patches of 3 s then hear the whole clip
FADE = 0.01
LEVEL = 0.08  # root mean square that every clip is scaled to
PRESENT, ABSENT = 0.2, 0.05


def splices(
    model: Any,
    songs: Iterable[Song] | None = None,
    count: int = 60,
    present: float = PRESENT,
    absent: float = ABSENT,
    start: float = 30.0,
    separate: Any = None,
    seed: int = 0,
) -> list[Song]:
    """Splice pairs of songs of which the model gives a class to the first and not to the second.

    Five of the ten segments of 1.2 s come from the first song and five from the second, at random places;
    both are equally loud, and the sound fades for a hundredth of a second where they meet. A model that
    reads lyrics also gets five lines of each. What comes from the first song is the evidence.

    Args:
        model: its `classes` are the tags; with `modality` "audio" or "lyrics" only that is evidence.
        songs: where to cut from; by default the real songs.
        count: how many splices at most; no pair of songs is used again before all have had their turn.
        present: the model gives the first song the tag with at least this probability,
        absent: and the second song with at most this.
        start: where in the songs the clips begin, in seconds; earlier in songs that end before.
        separate: function (audio, sample rate) -> {stem: audio}; by default the mix is one stem.
        seed: of the pairs and places.

    Returns:
        Songs of twelve seconds whose `genre` is the tag, with `evidence`, and `neutral()` versions in which
        the second song's own material stands in place of the evidence. `artist` names the pair.

    (chapter *Can you trust it?*)
    """
    if songs is None:
        from ..data.corpora import load_corpus

        songs = load_corpus("real")
    rate = getattr(model, "sample_rate", 16000)
    modality = getattr(model, "modality", "multimodal")
    clips = [_clip(song, rate, start) for song in songs]
    if modality != "audio":
        clips = [clip for clip in clips if len(lines(clip.lyrics)) >= SEGMENTS // 2]
    if len(clips) < 2:
        raise ValueError(f"a splice takes two songs, and {len(clips)} can be used: give more songs")

    predict = getattr(model, "predict", model)
    texts = [_text(clip, range(SEGMENTS)) for clip in clips]
    answers = np.asarray(predict(np.stack([clip.audio for clip in clips]), texts))
    chosen = _choose(answers, count, present, absent, seed)
    if not chosen:
        told = f"no class is given to one song with {present} or more and to another with {absent} or less"
        raise ValueError(f"{told}: take other songs or thresholds")
    found = []
    for number, (first, second, column) in enumerate(chosen):
        rng = np.random.default_rng([seed, 1, number])
        pair = clips[first], clips[second]
        found.append(splice(*pair, list(model.classes)[column], rng, separate, modality))
    return found


def splice(
    first: Song,
    second: Song,
    label: str,
    rng: np.random.Generator,
    separate: Any = None,
    modality: str = "audio",
) -> Song:
    """Splice two equally long clips; what comes from the first is the evidence of the label.

    Args:
        first, second: clips at one sample rate.
        label: the class that only the first has.
        rng: decides which five of the ten segments, and lines, come from the first.
        separate: function (audio, sample rate) -> {stem: audio}, or None.
        modality: "audio", "lyrics" or "multimodal".

    Returns:
        The spliced song.

    (chapter *Can you trust it?*)
    """
    segments = np.sort(rng.choice(SEGMENTS, SEGMENTS // 2, replace=False))
    rows = np.sort(rng.choice(SEGMENTS, SEGMENTS // 2, replace=False))
    build = partial(_build, first, second, label, segments, rows, separate, modality)
    return build(words=True, cells=True)


def _build(
    first: Song,
    second: Song,
    label: str,
    segments: np.ndarray,
    rows: np.ndarray,
    separate: Any,
    modality: Any,
    words: bool,
    cells: bool,
) -> Song:
    """One version of a splice: with the first song's sound and lines, or with the second's in their place."""
    used = segments if cells else segments[:0]
    audio = join_segments(first.audio, second.audio, used, first.sample_rate)
    stems = {"mix": audio} if separate is None else separate(audio, first.sample_rate)
    text, names = "", []
    if modality != "audio":
        text = join_lines(first, second, rows if words else rows[:0])
        names = [f"line {row + 1}" for row in rows] if words else []
    heard = cells and modality != "lyrics"
    evidence = {"words": names, "cells": [(stem, int(k)) for k in used for stem in stems] if heard else []}

    def neutral(words_off: bool = True, cells_off: bool = True) -> Song:
        build = partial(_build, first, second, label, segments, rows, separate, modality)
        return build(words=words and not words_off, cells=cells and not cells_off)

    return Song(
        audio,
        first.sample_rate,
        text,
        id=f"{first.id} + {second.id}: {label}",
        artist=" + ".join(sorted((first.id, second.id))),
        title=f"{first.title} + {second.title}",
        genre=label,
        stems=stems,
        evidence={"genre": evidence},
        counterpart=neutral,
    )


def join_segments(first: np.ndarray, second: np.ndarray, segments: np.ndarray, rate: int) -> np.ndarray:
    """The sound of `first` in the given tenths and of `second` elsewhere, faded where they meet.

    Args:
        first: (t,) samples.
        second: (t,) samples, as many as of the first.
        segments: numbers of the tenths in which the first sounds, 0 to 9.
        rate: samples a second, for the length of the fades.

    Returns:
        (t,) samples.
    """
    borders = sound.segment_borders(len(first), SEGMENTS)
    share = np.zeros(len(first), dtype=np.float32)
    for segment in segments:
        share[borders[segment] : borders[segment + 1]] = 1.0
    fade = round(FADE * rate)
    smooth = np.convolve(np.pad(share, fade, mode="edge"), np.full(fade, 1 / fade, np.float32), mode="same")
    smooth = smooth[fade : fade + len(first)]
    return first * smooth + second * (1 - smooth)


def join_lines(first: Song, second: Song, rows: np.ndarray) -> str:
    """Ten lines: those at `rows` are the first song's, the others the second's, each in its own order.

    Args:
        first: the song whose lines stand at `rows`.
        second: the song whose lines stand elsewhere.
        rows: numbers of lines, 0 to 9.

    Returns:
        The text, ten lines.
    """
    own, other = iter(_lines(first)), iter(_lines(second))
    from_first = {int(row) for row in rows}
    return "\n".join(next(own) if row in from_first else next(other) for row in range(SEGMENTS))


def _lines(song: Song) -> list[str]:
    """Ten lines of a song, from its beginning; a shorter text begins again."""
    found = [song.lyrics[a:b] for _, a, b in lines(song.lyrics)]
    return [found[row % len(found)] for row in range(SEGMENTS)]


def _text(song: Song, rows: Iterable[int]) -> str:
    if not lines(song.lyrics):
        return ""
    every = _lines(song)
    return "\n".join(every[row] for row in rows)


def _clip(song: Song, rate: int, start: float) -> Song:
    """Twelve seconds of a song at the model's rate, as loud as every other clip."""
    begin = min(start, max(0.0, song.seconds - SECONDS))
    cut = slice(round(begin * song.sample_rate), round((begin + SECONDS) * song.sample_rate))
    audio = sound.resample(np.asarray(song.audio[cut], dtype=np.float32), song.sample_rate, rate)
    length = round(SECONDS * rate)
    audio = np.pad(audio[:length], (0, max(0, length - len(audio))))
    loudness = float(np.sqrt(np.mean(audio**2)))
    if loudness > 0:
        audio = audio * (LEVEL / loudness)
    return replace(song, audio=audio.astype(np.float32), sample_rate=rate, stems=None, onsets=[])


def _choose(answers: np.ndarray, count: int, present: float, absent: float, seed: int) -> list[tuple]:
    """(first, second, class) by turns of the pairs of songs, each pair's clearest class first."""
    by_pair: dict[tuple, list] = {}
    for first in range(len(answers)):
        for second in range(len(answers)):
            clear = (answers[first] >= present) & (answers[second] <= absent)
            for column in np.flatnonzero(clear):
                gap = answers[first, column] - answers[second, column]
                pair = (min(first, second), max(first, second))
                by_pair.setdefault(pair, []).append((-gap, first, second, int(column)))
    order = sorted(by_pair)
    np.random.default_rng([seed, 0]).shuffle(order)
    turns = [sorted(by_pair[pair]) for pair in order]
    chosen = []
    for turn in range(max(map(len, turns), default=0)):
        chosen += [pairs[turn][1:] for pairs in turns if turn < len(pairs)]
    return chosen[:count]
