"""Asking a model about masks: in bounded batches, nothing asked twice, nothing lost when it fails."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .features import Space
from .protocols import abilities

SAMPLES_AT_ONCE = 2**25  # of sound: a batch of mixes never takes more than 128 MB, however long the song
TEXTS_AT_ONCE = 256
CODES_AT_ONCE = 4096
CELLS_AT_ONCE = 2**21  # numbers of a grid that are computed together
STEMS = 6  # a model may keep a table of every pair of states of its stems: four to the power of them


def is_late_fusion(model: Any) -> bool:
    """Whether a model encodes sound and words apart and then fuses them (chapter *How fast, how many*)."""
    return abilities(model).late_fusion


class Answers:
    """What a model says about the masks of one song.

    Args:
        model: a function or a model, see `protocols`.
        space: the song's features.
        batch: how many clips are handed over at once, at most.
        kept: a dict that outlives a failure: whoever hands over the same one again goes on where it ended.
        bar: a progress bar.
    """

    def __init__(self, model: Any, space: Space, batch: int, kept: dict, bar: Any = None) -> None:
        self.able, self.space, self.kept, self.bar = abilities(model), space, kept, bar
        self.batch = max(1, min(batch, SAMPLES_AT_ONCE // max(space.borders[-1], 1)))
        switched = space.audio and space.has_stems
        few_stems = switched and space.shape[1] + (space.off is not None) <= STEMS
        self.by_table = bool(few_stems) and self.able.encode_cells is not None

    def own(self) -> np.ndarray:
        """The prediction for the song with all features on."""
        audio = np.ones((1, len(self.space.audio)), dtype=bool)
        lyrics = np.ones((1, len(self.space.lyrics)), dtype=bool)
        return self._new_ones("own", audio, 1, lambda _: self._predict(audio, lyrics))[0]

    def joint(self, audio: np.ndarray, lyrics: np.ndarray) -> np.ndarray:
        """Outputs for audio and lyric masks, row by row.

        Args:
            audio: (n, cells) booleans, true where a cell is on.
            lyrics: (n, words) booleans, one row for each of `audio`.

        Returns:
            (n, outputs) numbers.
        """
        if self.able.late_fusion:
            codes = self.encode("audio", audio), self.encode("lyrics", lyrics)
            return self._in_parts("fuse", self.able.model.fuse, *codes)
        if self.able.reads:
            masks = audio if self.able.reads == "audio" else lyrics
            alone = self.encode(self.able.reads, masks)
            return self._in_parts("classify", self.able.model.classify, alone)
        split = audio.shape[1]
        both = np.hstack([audio, lyrics])
        return self._new_ones(
            "predict", both, self.batch, lambda m: self._predict(m[:, :split], m[:, split:])
        )

    def grid(self, audio: np.ndarray, lyrics: np.ndarray) -> Iterator[np.ndarray]:
        """Outputs for every audio mask with every lyric mask, an even number of rows at a time.

        Args:
            audio: (A, cells) booleans, true where a cell is on.
            lyrics: (T, words) booleans, true where a word is on.

        Returns:
            The rows of the grid from its first to its last, some at a time: (rows, T, outputs) each.
        """
        a, t = self.encode("audio", audio), self.encode("lyrics", lyrics)
        outputs = len(self.able.classes or "?" * 10)
        rows = max(1, CELLS_AT_ONCE // (len(t) * outputs) // 2) * 2
        for start in range(0, len(a), rows):
            part = a[start : start + rows]
            if self.able.fuse_grid is not None:
                yield self.able.fuse_grid(part, t)
            else:
                pairs = self.able.model.fuse(np.repeat(part, len(t), axis=0), np.tile(t, (len(part), 1)))
                yield pairs.reshape(len(part), len(t), -1)

    def encode(self, side: str, masks: np.ndarray) -> np.ndarray:
        """One code per mask; a modality that never changes costs one pass.

        Args:
            side: "audio" or "lyrics", whose encoder is asked.
            masks: (n, features of that side) booleans.

        Returns:
            (n, d) codes, in the order of the masks.
        """
        if side == "lyrics":
            return self._new_ones(side, masks, TEXTS_AT_ONCE, self._encode_lyrics)
        if self.by_table:
            return self._new_ones(side, masks, TEXTS_AT_ONCE, self._encode_cells)
        return self._new_ones(side, masks, self.batch, self._encode_audio)

    def _predict(self, audio: np.ndarray, lyrics: np.ndarray) -> Any:
        return self.able.predict(self.space.mix(audio), self.space.texts(lyrics))

    def _encode_lyrics(self, masks: np.ndarray) -> Any:
        return self.able.model.encode_lyrics(self.space.texts(masks))

    def _encode_audio(self, masks: np.ndarray) -> Any:
        return self.able.model.encode_audio(self.space.mix(masks))

    def _encode_cells(self, masks: np.ndarray) -> Any:
        stems, cells = self.space.layers(masks)
        return self.able.model.encode_cells(stems, cells)

    def _new_ones(self, what: str, masks: np.ndarray, size: int, ask: Callable) -> np.ndarray:
        """Answers for masks, of which only those are asked that have no answer yet."""
        known = self.kept.setdefault(what, {})
        keys = [row.tobytes() for row in np.packbits(masks, axis=1)]
        new: dict[bytes, int] = {}
        for row, key in enumerate(keys):
            if key not in known:
                new.setdefault(key, row)
        if self.bar is not None and what != "own":
            self.bar.total = (self.bar.total or 0) + len(new)
        new_keys, rows, before = list(new), list(new.values()), len(known)
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            first = before + start
            where = f"{what}, batch {first // size} (masks {first} to {first + len(some) - 1})"
            answer = _checked(where, len(some), lambda some=some: ask(masks[some]))
            known.update(zip(new_keys[start : start + size], answer))
            if self.bar is not None and what != "own":
                self.bar.update(len(some))
        return np.stack([known[key] for key in keys])

    def _in_parts(self, what: str, ask: Callable, *codes: np.ndarray) -> np.ndarray:
        """Outputs of codes, many at a time: they are soon computed again, so nothing is kept."""
        parts: list[np.ndarray] = []
        for start in range(0, len(codes[0]), CODES_AT_ONCE):
            some = [code[start : start + CODES_AT_ONCE] for code in codes]
            count = len(some[0])
            where = f"{what}, batch {len(parts)} (masks {start} to {start + count - 1})"
            parts.append(_checked(where, count, lambda some=some: ask(*some)))
        return np.concatenate(parts)


def _checked(where: str, count: int, ask: Callable) -> np.ndarray:
    """A model's answer as (count, outputs) finite numbers, or a sentence on what is wrong with it."""
    try:
        answer = np.array(ask())  # a copy: a view would keep the whole batch of sound alive
    except Exception as error:
        raise ValueError(
            f"{where}: the model raised {type(error).__name__}: {error}. "
            "What was answered is kept: explain the song again to go on"
        ) from error
    if answer.ndim == 1:
        answer = answer[:, None]
    if answer.ndim != 2 or len(answer) != count:
        told = f"the model answered {count} inputs with shape {answer.shape}"
        raise ValueError(f"{where}: {told}; it must give one row for each")
    if not np.isfinite(answer).all():
        raise ValueError(f"{where}: the model answered with NaN or infinity")
    return answer
