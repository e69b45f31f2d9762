"""Asking a model about masks: in bounded batches, nothing encoded twice, nothing lost when it fails."""

import numpy as np

LATE_FUSION = ("encode_audio", "encode_lyrics", "fuse")
NUMBERS = 2**25
STEMS = 6  # a model may keep a table of every pair of states of its stems: four to the power of them


def is_late_fusion(model) -> bool:
    """Whether a model encodes sound and words apart and then fuses them (chapter *How fast, how many*)."""
    return all(hasattr(model, method) for method in LATE_FUSION)


class Answers:
    """What a model says about the masks of one song; `kept` is a dict that outlives a failure."""

    def __init__(self, model, space, batch: int, kept: dict, bar=None):
        self.model, self.space, self.kept, self.bar = model, space, kept, bar
        self.predict = getattr(model, "predict", model)
        # A batch of mixes never takes more than 128 MB, however long the song.
        self.batch = max(1, min(batch, NUMBERS // max(space.borders[-1], 1)))
        self.tower = getattr(model, "modality", None) if hasattr(model, "classify") else None
        cells = space.audio and space.layers and space.shape[1] + (space.off is not None) <= STEMS
        self.by_table = bool(cells) and hasattr(model, "encode_cells")

    def own(self) -> np.ndarray:
        """The prediction for the song with all features on."""
        space = self.space
        audio, lyrics = (np.ones((1, len(side)), dtype=bool) for side in (space.audio, space.lyrics))
        ask = lambda rows: self.predict(space.mix(audio), space.texts(lyrics))  # noqa: E731
        return self._batches("own", 1, 1, ask)[0]

    def joint(self, audio: np.ndarray, lyrics: np.ndarray) -> np.ndarray:
        """Outputs for audio and lyric masks paired row by row."""
        if is_late_fusion(self.model):
            a, t = self.encode("audio", audio), self.encode("lyrics", lyrics)
            return self._batches("fuse", len(audio), 4096, lambda rows: self.model.fuse(a[rows], t[rows]))
        if self.tower in ("audio", "lyrics"):
            codes = self.encode(self.tower, audio if self.tower == "audio" else lyrics)
            return self._batches("classify", len(audio), 4096, lambda rows: self.model.classify(codes[rows]))
        mix, texts = self.space.mix, self.space.texts
        ask = lambda rows: self.predict(mix(audio[rows]), texts(lyrics[rows]))  # noqa: E731
        self._expect("predict", len(audio))
        return self._batches("predict", len(audio), self.batch, ask)

    def grid(self, audio: np.ndarray, lyrics: np.ndarray):
        """Outputs for every audio mask with every lyric mask, some rows of the grid at a time."""
        a, t = self.encode("audio", audio), self.encode("lyrics", lyrics)
        step = max(1, 2**21 // (len(t) * len(getattr(self.model, "classes", "?" * 10))))
        for start in range(0, len(a), step):
            part = a[start : start + step]
            if hasattr(self.model, "fuse_grid"):
                yield self.model.fuse_grid(part, t)
            else:
                pairs = self.model.fuse(np.repeat(part, len(t), axis=0), np.tile(t, (len(part), 1)))
                yield pairs.reshape(len(part), len(t), -1)

    def encode(self, side: str, masks: np.ndarray) -> np.ndarray:
        """One code per mask; masks that are alike are encoded once, so a constant modality costs one pass."""
        seen = {}
        rows = np.packbits(masks, axis=1)
        which = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows])
        once = masks[np.unique(which, return_index=True)[1]]
        size = self.batch
        if side == "lyrics":
            size, encode = 256, lambda part: self.model.encode_lyrics(self.space.texts(part))
        elif self.by_table:
            size, encode = 256, lambda part: self.model.encode_cells(*self.space.layers(part))
        else:
            encode = lambda part: self.model.encode_audio(self.space.mix(part))  # noqa: E731
        self._expect(side, len(once))
        return self._batches(side, len(once), size, lambda part: encode(once[part]))[which]

    def _expect(self, what, count):
        if self.bar is None:
            return
        self.bar.total = (self.bar.total or 0) + count - sum(map(len, self.kept.get(what, ())))

    def _batches(self, what, count, size, call) -> np.ndarray:
        done = self.kept.setdefault(what, [])
        while (start := sum(map(len, done))) < count:
            rows = slice(start, min(start + size, count))
            where = f"{what}, batch {len(done)} (masks {rows.start} to {rows.stop - 1})"
            try:
                answer = np.array(call(rows))  # a copy: a view would keep the whole batch of sound alive
            except Exception as error:
                raise ValueError(
                    f"{where}: the model raised {type(error).__name__}: {error}. "
                    "What was answered is kept: explain the song again to go on"
                ) from error
            answer = answer[:, None] if answer.ndim == 1 else answer
            if answer.ndim != 2 or len(answer) != rows.stop - rows.start:
                told = f"the model answered {rows.stop - rows.start} inputs with shape {answer.shape}"
                raise ValueError(f"{where}: {told}; it must give one row for each")
            if not np.isfinite(answer).all():
                raise ValueError(f"{where}: the model answered with NaN or infinity")
            done.append(answer)
            if self.bar is not None and what in ("predict", "audio", "lyrics"):
                self.bar.update(len(answer))
        return np.concatenate(done)[:count]
