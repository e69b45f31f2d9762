"""The explainers: a song and a predict function in, one additive explanation out."""

import hashlib
import json
import os
from dataclasses import KW_ONLY, dataclass, field, fields

import numpy as np
from tqdm.auto import tqdm

from ..data.song import Song
from ..files import versions
from . import features, surrogate
from .ask_model import Answers, is_late_fusion
from .explanation import Explanation

DESIGNS = ("auto", "joint", "crossed")
JOINT, LOOKS = 5000, 6


@dataclass(eq=False)
class MusicLIME:
    """Words and stem x segment cells in one additive model of a prediction (chapter *Explain*).

    kernel_width: in cosine distance; None is LIME's 0.25 for sampling "lime", no kernel for "half". alpha:
    ridge. mask_token: what stands for a removed word. positions: each occurrence of a word its own feature.
    """

    predict: object = field(repr=False)
    classes: list | None = None
    sample_rate: int = 16000
    separate: object = None
    segments: int = 10
    unit: str = "word"
    samples: int | str | None = None
    design: str = "auto"
    sampling: str = "half"
    off: object = "silence"
    seed: int = 0
    _: KW_ONLY
    kernel_width: float | None = None
    alpha: float = 1.0
    mask_token: str = ""
    positions: bool = False
    batch: int = 64
    name: str = ""
    progress: bool | None = None
    modalities = ("audio", "lyrics")

    def __post_init__(self):
        allowed = {"unit": features.UNITS, "design": DESIGNS, "sampling": surrogate.SAMPLING}
        for what, values in allowed.items():
            if getattr(self, what) not in values:
                raise ValueError(f"{what} is one of {', '.join(values)}, not {getattr(self, what)!r}")
        if not callable(self.off) and self.off not in features.OFF:
            raise ValueError(f"off is one of {', '.join(features.OFF)}, or a function, not {self.off!r}")
        for what, least in (("segments", 1), ("batch", 1), ("seed", 0), ("samples", 2)):
            value = getattr(self, what)
            if what == "samples" and value in (None, "enough"):
                continue
            if not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{what} is a whole number of at least {least}, not {value!r}")
            setattr(self, what, int(value))  # a numpy integer is no JSON
        if not callable(getattr(self.predict, "predict", self.predict)):
            raise ValueError("predict is a function (audio, lyrics) -> outputs, or a model with .predict")
        plain = self.sampling == "half" and self.kernel_width is None and len(self.modalities) == 2
        self._can_cross = plain and is_late_fusion(self.predict)
        if self.design == "crossed" and not self._can_cross:
            needs = (
                'MusicLIME, a model with encode_audio, encode_lyrics and fuse, sampling "half" and no kernel'
            )
            raise ValueError(f'the crossed design needs {needs}: take design="joint"')
        if self.sampling == "lime" and self.kernel_width is None:
            self.kernel_width = 0.25
        classes = getattr(self.predict, "classes", None) if self.classes is None else self.classes
        self.classes = None if classes is None else [str(label) for label in classes]
        self.sample_rate = int(getattr(self.predict, "sample_rate", self.sample_rate))
        self.name = self.name or getattr(self.predict, "name", "") or _name(self.predict)
        self._kept = {}

    @property
    def settings(self) -> dict:
        """Everything that decides the weights of a song, ready for JSON (chapter *Explain*)."""
        silent = ("predict", "name", "batch", "progress", "separate", "off")
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in silent}
        separate = self.separate and _name(self.separate)
        named = {"explainer": type(self).__name__, "model": self.name, "separate": separate}
        return {**named, "off": _name(self.off), **plain}

    def prepare(self, song: Song) -> Song:
        """The song as explained: what the model reads of it, at its rate, in stems (chapter *Explain*)."""
        return features.prepare(
            song,
            self.sample_rate,
            getattr(self.predict, "seconds", None),
            getattr(self.predict, "truncate", str),
            self.separate if "audio" in self.modalities else lambda audio, rate: {"mix": audio},
        )

    def space(self, song: Song) -> features.Space:
        """The song's features, as this explainer switches them (chapter *Explain*)."""
        ready, heard = self.prepare(song), "audio" in self.modalities
        cells, borders = features.audio_features(ready, self.segments if heard else 1)
        words, off = [], None
        if "lyrics" in self.modalities:
            words = features.lyric_features(ready.lyrics, self.unit, self.positions)
        if heard:
            neutral = lambda: self.prepare(song.neutral(words=False)).stems  # noqa: E731
            off = features.off_sound(self.off, ready.stems, borders, self.seed, neutral)
        if not heard and not words:
            raise ValueError(f"song {song.id!r} has no words to explain: give lyrics, or use AudioLIME")
        pieces = features.pieces(ready.lyrics, words, self.mask_token)
        return features.Space(ready, cells if heard else [], words, off, borders, pieces)

    def outputs(self, space: features.Space, masks: np.ndarray) -> np.ndarray:
        """What the model says about (n, features) masks of a song: (n, outputs) (chapter *Explain*)."""
        split = len(space.audio)
        return Answers(self.predict, space, self.batch, {}).joint(masks[:, :split], masks[:, split:])

    def explain(self, song: Song) -> Explanation:
        """Weights, errors and fit for one song; after a failure, call again to go on (chapter *Explain*)."""
        space = self.space(song)
        sides = (len(space.audio), len(space.lyrics))
        crossed = self._crosses(sides)
        key = hashlib.sha256(json.dumps([self.settings, space.song.lyrics]).encode())
        for sound in space.song.stems.values():
            key.update(sound.tobytes())
        kept = self._kept.setdefault(key.digest(), {})
        quiet = "MUSICLIME_PAGE" in os.environ if self.progress is None else not self.progress
        with tqdm(desc=song.id or "masks", delay=2, disable=quiet, leave=False) as bar:
            answers = Answers(self.predict, space, self.batch, kept, bar)
            look = self._look(answers, sides, crossed)
            fit, sizes, why = self._plan(look, sides if crossed else (sum(sides),), bar)
            own = answers.own()
        classes = self.classes or [f"output {number}" for number in range(len(own))]
        if len(classes) != len(own) or len(fit.weights) != len(own):
            raise ValueError(f"the model gives {len(own)} outputs, but there are {len(classes)} classes")
        if not np.isfinite(fit.errors).all():
            raise ValueError(f"song {song.id!r}: the weights are not finite, the model gave NaN or infinity")
        del self._kept[key.digest()]
        provenance = {
            "settings": self.settings,
            "model": self.name,
            "song": song.id,
            "masks": dict(zip(("audio", "lyrics") if crossed else ("both",), map(int, sizes))),
            "masks chosen": why,
            "estimates": "Banzhaf values" if self.kernel_width is None else "LIME's weighted ridge",
            "device": str(getattr(self.predict, "device", "cpu")),
            "versions": versions(),
        }
        parts = (fit.weights, fit.errors, fit.intercept, fit.score, np.asarray(own, dtype=float))
        how = (max(sizes), self.seed, "crossed" if crossed else "joint")
        return Explanation(classes, space.audio + space.lyrics, *parts, *how, space.describe(), provenance)

    def _crosses(self, sides) -> bool:
        """Whether this song gets the crossed design: it needs words, sound and more masks than features."""
        least = 2 * max(sides) + 2
        few = isinstance(self.samples, int) and self.samples < least
        if self.design == "crossed" and few:
            raise ValueError(
                f"{self.samples} masks per modality are too few for {max(sides)} features: "
                f'take at least {least}, or design="joint"'
            )
        return self.design != "joint" and self._can_cross and min(sides) > 0 and not few

    def _look(self, answers, sides, crossed):
        """A function from numbers of masks to a fit; what an earlier look has asked is not asked again."""

        def joint(sizes):
            masks = surrogate.draw(sizes[0], sum(sides), self.sampling, self.seed)
            outputs = answers.joint(masks[:, : sides[0]], masks[:, sides[0] :])
            kernel = None if self.kernel_width is None else surrogate.kernel(masks, self.kernel_width)
            return surrogate.fit(masks, outputs, kernel, self.alpha)

        def grid(sizes):
            # All on is the song itself, no fair coin: it would weigh too much among few masks.
            a, t = (surrogate.draw(sizes[k] + 1, sides[k], seed=[self.seed, k])[1:] for k in range(2))
            return surrogate.fit_crossed(a, t, answers.grid(a, t), self.alpha)

        return grid if crossed else joint

    def _plan(self, look, counts, bar):
        """A fit, the numbers of masks it took, and why: as asked, worth 5,000 joint ones, or enough."""
        if isinstance(self.samples, int):
            sizes = (self.samples,) * len(counts)
            return look(sizes), sizes, "as asked"
        if self.samples is None and len(counts) == 1:
            return look((JOINT,)), (JOINT,), "the default"
        if self.samples is None:
            sizes = tuple(3 * (n + 1) for n in counts)
            costs = getattr(self.predict, "costs", (1.0, 1.0))
            sizes = surrogate.allocate(look(sizes), sizes, counts, JOINT, costs)
            return look(sizes), sizes, f"the error of {JOINT} joint masks, by a pilot"
        sizes = (4 * (max(counts) + 1),) * len(counts)
        for left in reversed(range(LOOKS)):
            fit = look(sizes)
            done, why, more = surrogate.verdict(fit, LOOKS, left)
            if done or not left:
                return fit, sizes, f"enough: {why}" if done else why
            bar.set_postfix_str(f"about {int(sum(sizes) * min(max(more, 2), 2**left))} in all")
            sizes = tuple(2 * size for size in sizes)


class AudioLIME(MusicLIME):
    """Stem x segment cells, the lyrics left as they are (chapter *Four explainers*)."""

    modalities = ("audio",)


class LyricsLIME(MusicLIME):
    """Words or lines, the sound left as it is (chapter *Four explainers*)."""

    modalities = ("lyrics",)


def _name(thing) -> str:
    """A name that is the same in every process, which a repr is not."""
    if isinstance(thing, str):
        return thing
    fixed = "".join(f" {key}={value}" for key, value in getattr(thing, "keywords", {}).items())
    thing = getattr(thing, "func", thing)
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__qualname__)}{fixed}"
