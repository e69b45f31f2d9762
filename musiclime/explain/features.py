"""What can be muted in a song: words and stem x segment cells, and from masks back to sound and text."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data import audio as sound
from ..data import lyrics as _lyrics
from ..data.song import Song
from .explanation import Feature

UNITS = ("word", "line", "section")
OFF = ("silence", "noise", "neutral")


@dataclass
class Space:
    """What can be muted in a prepared song, and from masks back to sound and text (chapter *Explain*).

    Args:
        song: as the model hears and reads it, see `prepare`.
        audio: its cells, segment by segment, in each the stems in their order.
        lyrics: its words, lines or sections.
        off: (stems, samples) of what a muted cell plays; None: silence.
        borders: where segments begin and end, in samples.
        pieces: the text in pieces, see `pieces`.
    """

    song: Song
    audio: list[Feature]
    lyrics: list[Feature]
    off: np.ndarray | None
    borders: np.ndarray
    pieces: list[tuple[str, str, int]]

    has_stems = True  # whether the cells are stems in segments, see `layers`

    @property
    def shape(self) -> tuple[int, int]:
        """How many segments, how many stems."""
        return len(self.borders) - 1, len(self.song.known_stems)

    def mix(self, masks: np.ndarray) -> np.ndarray:
        """Sound for masks: each stem as it is where its cell is on, and what `off` says where it is muted.

        Args:
            masks: (n, cells) booleans.

        Returns:
            (n, samples); without cells the whole song every time.
        """
        on = np.stack(list(self.song.known_stems.values()))
        if not self.audio:
            return np.repeat(on.sum(0)[None], len(masks), axis=0)
        # Segment by segment in memory: strided masks would cost four times as much.
        cells = masks.reshape(len(masks), *self.shape).swapaxes(0, 1).astype(np.float32, order="C")
        change = on if self.off is None else on - self.off
        mixed = np.empty((len(masks), on.shape[1]), dtype=np.float32)
        for segment, (a, b) in enumerate(zip(self.borders, self.borders[1:])):
            np.matmul(cells[segment], change[:, a:b], out=mixed[:, a:b])
        if self.off is None:
            return mixed
        return mixed + self.off.sum(0)

    def layers(self, masks: np.ndarray) -> tuple[dict, np.ndarray]:
        """Stems and masks that make the mix, for models that look cells up (chapter *How fast, how many*).

        What muted cells play is one stem more, always on, and a cell that is on adds the difference to it.

        Args:
            masks: (n, cells) booleans.

        Returns:
            A dict of stems, and (n, segments, stems) masks.
        """
        cells = masks.reshape(-1, *self.shape)
        if self.off is None:
            return self.song.known_stems, cells
        layers = {name: stem - off for (name, stem), off in zip(self.song.known_stems.items(), self.off)}
        layers[""] = self.off.sum(0)
        return layers, np.pad(cells, ((0, 0), (0, 0), (0, 1)), constant_values=True)

    def texts(self, masks: np.ndarray) -> list[str]:
        """Texts for (n, words) masks, without the words that are muted; all on is the text itself."""
        if not self.lyrics:
            return [self.song.lyrics] * len(masks)
        # A piece that is no feature (what stands before the first word) reads the column that is always on.
        always = np.concatenate([masks, np.ones((len(masks), 1), dtype=bool)], axis=1)
        states = always[:, [feature for _, _, feature in self.pieces]]
        versions = [(if_off, if_on) for if_on, if_off, _ in self.pieces]
        texts = []
        for row in states.tolist():
            texts.append("".join([version[state] for version, state in zip(versions, row)]))
        return texts

    def describe(self) -> dict:
        """What an explanation keeps of the song."""
        known = {name: getattr(self.song, name) for name in ("id", "title", "artist", "genre", "emotion")}
        stems = list(self.song.known_stems) if self.audio else []
        size = {"seconds": self.song.seconds, "sample_rate": self.song.sample_rate, "stems": stems}
        return {**known, "lyrics": self.song.lyrics, **size}


def prepare(
    song: Song, sample_rate: int, seconds: float | None, truncate: Callable[[str], str], separate: Any
) -> Song:
    """What a model hears and reads of a song, at the model's rate, in stems (chapter *Explain*).

    What the stems do not add up to goes to "other" (or the last stem), so that all cells on is the song.

    Args:
        song: any song.
        sample_rate: the model's.
        seconds: how much the model hears; None: all.
        truncate: a function from lyrics to the part that the model reads.
        separate: a function (audio, sample_rate) -> dict of stems; None: the song's own, or found ones.

    Returns:
        A `Song` with stems.
    """
    audio = np.asarray(song.audio, dtype=np.float32)
    if audio.ndim != 1 or not len(audio) or not np.isfinite(audio).all():
        told = f"sound of song {song.id!r}, shape {audio.shape}"
        raise ValueError(f"the {told}, is not one channel of finite samples")
    if not isinstance(song.lyrics, str):
        raise ValueError(f"the lyrics of song {song.id!r} are {type(song.lyrics).__name__}, not text")
    if separate is None and not song.stems:
        from ..models.separation import separate
    if separate and seconds is not None:  # what lies beyond is not heard, and separation is slow
        audio = audio[: round((seconds + 1) * song.sample_rate)]
    stems = separate(audio, song.sample_rate) if separate else song.known_stems
    tracks = {"the mix": audio, **{name: np.asarray(stem, np.float32) for name, stem in stems.items()}}
    for name, track in tracks.items():
        if track.shape != audio.shape or not np.isfinite(track).all():
            told = f"stem {name!r} of song {song.id!r}, shape {track.shape}"
            raise ValueError(f"{told}, is not {len(audio)} finite samples")
        last = None if seconds is None else round(seconds * sample_rate)
        tracks[name] = sound.resample(track, song.sample_rate, sample_rate)[:last]
    audio = tracks.pop("the mix")
    rest = "other" if "other" in tracks else list(tracks)[-1]
    tracks[rest] = tracks[rest] + (audio - sum(tracks.values()))
    return replace(song, audio=audio, sample_rate=sample_rate, lyrics=truncate(song.lyrics), stems=tracks)


def audio_features(song: Song, segments: int) -> tuple[list[Feature], np.ndarray]:
    """Stem x segment cells, segment by segment, and the segments' borders in samples (chapter *Explain*)."""
    if len(song.audio) < segments:
        raise ValueError(f"song {song.id!r} has {len(song.audio)} samples: too short for {segments} segments")
    borders = sound.segment_borders(len(song.audio), segments)
    times = (borders / song.sample_rate).tolist()
    places = [(segment, stem) for segment in range(segments) for stem in song.known_stems]
    cells = [Feature(f"{stem}{k}", "audio", stem, k, times[k], times[k + 1]) for k, stem in places]
    return cells, borders


def lyric_features(text: str, unit: str = "word", positions: bool = False) -> list[Feature]:
    """Words (each word once, or each position its own), lines or sections of a text (chapter *Explain*).

    Args:
        text: the lyrics.
        unit: "word", "line" or "section" (lines that no blank line parts).
        positions: whether each occurrence of a word is a feature of its own.

    Returns:
        The features in the order in which they first occur, with the characters of the text that each covers.
    """
    if unit == "word":
        spans = _lyrics.words(text)
        if positions:
            spans = [(f"{word} #{number}", a, b) for number, (word, a, b) in enumerate(spans, 1)]
    else:
        spans = _lyrics.lines(text)
        if unit == "section":
            spans = _sections(text, spans)
        spans = [(f"{unit} {number}", a, b) for number, (_, a, b) in enumerate(spans, 1)]
    places: dict[str, list[tuple[int, int]]] = {}
    for name, a, b in spans:
        places.setdefault(name, []).append((a, b))
    return [
        Feature(name, "lyrics", text=text[slice(*spans[0])], positions=tuple(spans))
        for name, spans in places.items()
    ]


def _sections(text: str, lines: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Lines that no blank line parts."""
    sections: list[tuple[str, int, int]] = []
    for line, a, b in lines:
        if sections and text[sections[-1][2] : a].count("\n") < 2:
            sections[-1] = (line, sections[-1][1], b)
        else:
            sections.append((line, a, b))
    return sections


def pieces(text: str, features: list[Feature], mask_token: str = "") -> list[tuple[str, str, int]]:
    """The text as (if on, if off, feature), each piece up to the next one's start (chapter *Explain*).

    Args:
        text: the lyrics.
        features: the words or lines that can be muted.
        mask_token: what stands for a muted feature; with none, the blanks after it go too.

    Returns:
        For each piece its text where the feature is on and where it is off, and the feature's number; -1 for
        what is always on.
    """
    spans = sorted((*span, number) for number, feature in enumerate(features) for span in feature.positions)
    starts = [a for a, _, _ in spans] + [len(text)]
    found = [(text[: starts[0]], text[: starts[0]], -1)]
    for (a, b, number), end in zip(spans, starts[1:]):
        gap = text[b:end]
        found.append((text[a:end], mask_token + gap if mask_token else re.sub(r"\A[ \t]+", "", gap), number))
    return found


def off_sound(
    off: Any,
    stems: dict[str, np.ndarray],
    borders: np.ndarray,
    seed: int,
    neutral: Callable[[], dict[str, np.ndarray]],
) -> np.ndarray | None:
    """(stems, t) of what sounds where a cell is off; None for silence (chapter *Explain*).

    Args:
        off: "silence", "noise", "neutral", or a function (stem, segment) -> samples.
        stems: sounds by name, (t,) float32 each.
        borders: where segments begin and end, in samples: one more than there are segments.
        seed: of the noise.
        neutral: a function that gives the stems of the song's neutral counterpart; asked only where `off` is
            "neutral".

    Returns:
        (stems, t) float32, or None.
    """
    if off == "silence":
        return None
    if off == "neutral":
        stems_off = neutral()
        return np.stack([stems_off[stem] for stem in stems])
    rng = np.random.default_rng([seed, 7])
    sounds = np.zeros((len(stems), borders[-1]), dtype=np.float32)
    for segment, (a, b) in enumerate(zip(borders, borders[1:])):
        for row, (name, stem) in enumerate(stems.items()):
            if off == "noise":
                cell = rng.standard_normal(b - a) * np.sqrt(np.mean(np.square(stem[a:b])))
            else:
                cell = np.asarray(off(name, segment), dtype=np.float32)
            if cell.shape != (b - a,) or not np.isfinite(cell).all():
                raise ValueError(f"off({name!r}, {segment}): shape {cell.shape}, not {b - a} finite samples")
            sounds[row, a:b] = cell
    return sounds
