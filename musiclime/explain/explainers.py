"""The explainers: draw masks, mix and drop words, ask the model, fit an additive model to its answers."""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from tqdm.auto import tqdm

from ..data.song import Song
from ..files import versions
from . import features
from .ask_model import Answers
from .control import fit_crossed_with_control, fit_with_control
from .crossed_design import allocate, choose_pairs, fit_crossed, verdict
from .explanation import Explanation
from .masks import SAMPLING, coins, draw, kernel
from .protocols import abilities, name_of
from .surrogate import Fit, fit, pairs_pay

if TYPE_CHECKING:
    from ..explain.features import Space

DESIGNS = ("auto", "joint", "crossed")
PAIRS = ("auto", True, False)
CONTROLS = (None, "trees")
JOINT = 5000  # masks of the default, as the thesis took
LOOKS = 6  # how often samples="enough" looks whether there are enough
SILENT = ("predict", "name", "batch", "progress", "separate", "off")


@dataclass(eq=False)
class MusicLIME:
    """Explain a prediction by words and by cells (a stem in a segment), in one sum (chapter *Explain*).

    Args:
        predict: a function (audio, lyrics) -> outputs, or a model (see `explain.protocols`).
        classes: names of the outputs; None: the model's own.
        sample_rate: the rate at which the model hears, if it does not say so itself.
        separate: a function (audio, sample_rate) -> dict of stems; None: the song's own stems, or, without
            them, the demo's separator.
        segments: the clip is cut into so many parts of equal length.
        unit: "word", "line" or "section" of the lyrics.
        samples: number of masks of each modality; None: as many as give the error of 5,000 joint masks;
            "enough": until the errors are small and the leading features are certain.
        design: "joint" masks sound and words together; "crossed" asks about every muted sound with every
            changed text; "auto" takes "crossed" if the model allows it.
        sampling: "half" (fair coins) or "lime".
        off: what a muted cell plays: "silence", "noise", "neutral", or a function (stem, segment) -> sound.
        seed: of the masks, and of the noise.
        kernel_width: in cosine distance; None: LIME's 0.25 for sampling "lime", no kernel for "half".
        alpha: strength of the ridge regression.
        mask_token: what stands for a removed word.
        positions: whether each occurrence of a word is a feature of its own.
        pairs: whether masks come in pairs, each with its mirror image. "auto": no pairs if `samples` is a
            number; otherwise a first small run decides for each modality.
        control: "trees" lets boosted trees guess the answers first. It asks the model nothing, takes seconds,
            and often makes the errors much smaller: for a model that can answer only few questions.
        batch: the model gets at most so many clips at once.
        name: what the explanation calls the model.
        progress: whether to show a progress bar.

    Example:
        >>> song = Song(np.ones(100, np.float32), 100, "la di da", stems={"mix": np.ones(100, np.float32)})
        >>> MusicLIME(lambda audio, lyrics: audio[:, :1], samples=50).explain(song).top(1)[0].name
        'mix0'
    """

    predict: Any = field(repr=False)
    classes: list | None = None
    sample_rate: int = 16000
    separate: Any = None
    segments: int = 10
    unit: str = "word"
    samples: int | str | None = None
    design: str = "auto"
    sampling: str = "half"
    off: Any = "silence"
    seed: int = 0
    _: KW_ONLY
    kernel_width: float | None = None
    alpha: float = 1.0
    mask_token: str = ""
    positions: bool = False
    pairs: bool | str = "auto"
    control: str | None = None
    batch: int = 64
    name: str = ""
    progress: bool | None = None
    modalities: ClassVar[tuple[str, ...]] = ("audio", "lyrics")
    without_effect: ClassVar[tuple[str, ...]] = ()  # arguments that this explainer has no use for

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_numbers()
        self._able = abilities(self.predict)
        self._check_design()
        if self.sampling == "lime" and self.kernel_width is None:
            self.kernel_width = 0.25
        if self.classes is None:
            self.classes = self._able.classes
        else:
            self.classes = [str(label) for label in self.classes]
        self.sample_rate = int(self._able.sample_rate or self.sample_rate)
        self.name = self.name or self._able.name
        self._kept: dict[bytes, dict] = {}

    def _check_choices(self) -> None:
        allowed: dict[str, tuple] = {
            "unit": features.UNITS,
            "design": DESIGNS,
            "sampling": SAMPLING,
            "pairs": PAIRS,
            "control": CONTROLS,
        }
        for what, values in allowed.items():
            if getattr(self, what) not in values:
                told = ", ".join(map(str, values))
                raise ValueError(f"{what} is one of {told}, not {getattr(self, what)!r}")
        if not callable(self.off) and self.off not in features.OFF:
            raise ValueError(f"off is one of {', '.join(features.OFF)}, or a function, not {self.off!r}")
        defaults = {one.name: one.default for one in fields(MusicLIME)}
        for what in self.without_effect:
            if getattr(self, what) != defaults[what]:
                raise ValueError(f"{what} has no effect on {type(self).__name__}: leave it out")

    def _check_numbers(self) -> None:
        for what, least in (("segments", 1), ("batch", 1), ("seed", 0), ("samples", 2)):
            value = getattr(self, what)
            if what == "samples" and value in (None, "enough"):
                continue
            if not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{what} is a whole number of at least {least}, not {value!r}")
            setattr(self, what, int(value))  # a numpy integer is no JSON

    def _check_design(self) -> None:
        fair = self.sampling == "half" and self.kernel_width is None
        self._can_cross = fair and len(self.modalities) == 2 and self._able.late_fusion
        if self.design == "crossed" and not self._can_cross:
            needs = (
                'MusicLIME, a model with encode_audio, encode_lyrics and fuse, sampling "half" and no kernel'
            )
            raise ValueError(f'the crossed design needs {needs}: take design="joint"')
        if self.pairs is True and not fair:
            raise ValueError('pairs=True needs sampling "half" and no kernel: leave pairs out')
        if self.control is not None and not fair:
            raise ValueError('control needs sampling "half" and no kernel: leave control out')
        self._may_pair = fair and self.pairs is not False

    @property
    def settings(self) -> dict:
        """Everything that decides the weights of a song, ready for JSON (chapter *Explain*)."""
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in SILENT}
        separate = self.separate and name_of(self.separate)
        named = {"explainer": type(self).__name__, "model": self.name, "separate": separate}
        return {**named, "off": name_of(self.off), **plain}

    def prepare(self, song: Song) -> Song:
        """The song as explained: what the model reads of it, at its rate, in stems (chapter *Explain*).

        Args:
            song: any song; without stems it is separated.

        Returns:
            A song at `sample_rate` whose stems add up to its sound.
        """
        separate = self.separate
        if "audio" not in self.modalities:
            separate = _in_one_piece
        if self._able.reads == "lyrics" and not len(song.audio):
            # Nobody will hear it: a model of lyrics explains a song of which only the lyrics are known.
            song = replace(song, audio=np.zeros(song.sample_rate, np.float32))
        return features.prepare(song, self.sample_rate, self._able.seconds, self._able.truncate, separate)

    def space(self, song: Song) -> features.Space:
        """The song's features, and from masks back to sound and text (chapter *Explain*).

        Args:
            song: any song.

        Returns:
            A `Space`: cells, words, and the prepared song they belong to.
        """
        ready = self.prepare(song)
        heard = "audio" in self.modalities
        cells, borders = features.audio_features(ready, self.segments if heard else 1)
        words, off = [], None
        if "lyrics" in self.modalities:
            words = features.lyric_features(ready.lyrics, self.unit, self.positions)
        if heard:

            def neutral_stems() -> dict[str, np.ndarray]:
                return self.prepare(song.neutral(words=False)).known_stems

            off = features.off_sound(self.off, ready.known_stems, borders, self.seed, neutral_stems)
        if not heard:
            cells = []
            if not words:
                raise ValueError(f"song {song.id!r} has no words to explain: give lyrics, or use AudioLIME")
        pieces = features.pieces(ready.lyrics, words, self.mask_token)
        return features.Space(ready, cells, words, off, borders, pieces)

    def outputs(self, space: features.Space, masks: np.ndarray) -> np.ndarray:
        """What the model says about (n, features) masks of a song: (n, outputs) (chapter *Explain*).

        Args:
            space: the song's features, see `space`.
            masks: (n, features) booleans, cells first, true where a feature is on.

        Returns:
            (n, outputs) numbers.
        """
        split = len(space.audio)
        return Answers(self.predict, space, self.batch, {}).joint(masks[:, :split], masks[:, split:])

    def explain(self, song: Song) -> Explanation:
        """Explain one song. After a failure, call it again: it goes on where it stopped (chapter *Explain*).

        Args:
            song: any `Song` with sound and lyrics.

        Returns:
            An `Explanation`. Until it is saved it also holds the prepared song (`.space`).
        """
        space = self.space(song)
        key = self._key(space)
        kept = self._kept.setdefault(key, {})
        quiet = "MUSICLIME_PAGE" in os.environ if self.progress is None else not self.progress
        with tqdm(desc=song.id or "masks", delay=2, disable=quiet, leave=False) as bar:
            answers = Answers(self.predict, space, self.batch, kept, bar)
            design = self._design(answers)
            found, sizes, pairs, why = self._sample(design, bar)
            own = np.asarray(answers.own(), dtype=float)
        del self._kept[key]
        return self._explanation(song, space, design, found, sizes, pairs, why, own)

    def _key(self, space: features.Space) -> bytes:
        """What a song's answers depend on."""
        key = hashlib.sha256(json.dumps([self.settings, space.song.lyrics]).encode())
        for sound in space.song.known_stems.values():
            key.update(sound.tobytes())
        return key.digest()

    def _design(self, answers: Answers) -> "_Joint":
        """The crossed design needs words, sound, and more masks than features."""
        sides = (len(answers.space.audio), len(answers.space.lyrics))
        least = 2 * max(sides) + 2
        few = isinstance(self.samples, int) and self.samples < least
        if self.design == "crossed" and few:
            raise ValueError(
                f"{self.samples} masks per modality are too few for {max(sides)} features: "
                f'take at least {least}, or design="joint"'
            )
        if self.design == "joint" or not self._can_cross or min(sides) == 0 or few:
            return _Joint(self, answers)
        return _Crossed(self, answers)

    def _sample(self, design: "_Joint", bar: Any) -> tuple[Fit, tuple, tuple, str]:
        """A fit, the numbers of masks it took, which of them came in pairs, and why so many."""
        if isinstance(self.samples, int):
            pairs = tuple(self.pairs is True for _ in design.names)
            sizes = tuple(_even(self.samples) if paired else self.samples for paired in pairs)
            return design.fit(sizes, pairs), sizes, pairs, "as asked"
        if self.samples is None:
            return self._default(design)
        return self._enough(design, bar)

    def _default(self, design: "_Joint") -> tuple[Fit, tuple, tuple, str]:
        """The error of 5,000 joint masks, at the price that a pilot finds."""
        sizes = tuple(4 * (count + 1) for count in design.features)
        pairs, sizes, why = design.plan(sizes, self._may_pair)
        return design.fit(sizes, pairs), sizes, pairs, why

    def _enough(self, design: "_Joint", bar: Any) -> tuple[Fit, tuple, tuple, str]:
        """Look, and take twice as many masks, until there are enough."""
        sizes = tuple(4 * (max(design.features) + 1) for _ in design.names)
        later_pairs = design.plan(sizes, self._may_pair)[0]
        pairs = tuple(self._may_pair for _ in design.names)
        for left in reversed(range(LOOKS)):
            found = design.fit(sizes, pairs)
            done, why, more = verdict(found, LOOKS, left)
            if done or not left:
                return found, sizes, pairs, f"enough: {why}" if done else why
            bar.set_postfix_str(f"about {int(sum(sizes) * min(max(more, 2), 2**left))} in all")
            sizes = tuple(2 * size for size in sizes)
            pairs = later_pairs
        raise AssertionError("the last look always returns")

    def _explanation(
        self,
        song: Song,
        space: "Space",
        design: "_Joint",
        found: Fit,
        sizes: tuple[int, ...],
        pairs: Any,
        why: str,
        own: Any,
    ) -> Explanation:
        classes = self.classes or [f"output {number}" for number in range(len(own))]
        if len(classes) != len(own) or len(found.weights) != len(own):
            raise ValueError(f"the model gives {len(own)} outputs, but there are {len(classes)} classes")
        if not np.isfinite(found.errors).all():
            raise ValueError(f"song {song.id!r}: the weights are not finite, the model gave NaN or infinity")
        provenance = {
            "settings": self.settings,
            "model": self.name,
            "song": song.id,
            "masks": dict(zip(design.names, map(int, sizes))),
            "masks chosen": why,
            "pairs": dict(zip(design.names, map(bool, pairs))),
            "estimates": self._estimates(song, design, sizes),
            "device": self._able.device,
            "versions": versions(),
        }
        if self.control is not None:
            used = "trees guessed the answers first"
            provenance["control"] = used if found.controlled else "plain, for trees would not have helped"
        explanation = Explanation(
            classes=classes,
            features=space.audio + space.lyrics,
            weights=found.weights,
            errors=found.errors,
            intercept=found.intercept,
            score=found.score,
            probabilities=own,
            samples=max(sizes),
            seed=self.seed,
            design=design.kind,
            song=space.describe(),
            provenance=provenance,
            contrasts=found.contrasts,
        )
        explanation.space = space
        return explanation

    def _estimates(self, song: Song, design: "_Joint", sizes: tuple[int, ...]) -> str:
        """What the weights are estimates of, by sampling, kernel, ridge and number of masks."""
        for size, count in zip(sizes, design.features):
            if size < 2 * (count + 1):
                told = f"{size} masks are few for {count} features"
                least = 2 * (count + 1)
                advice = f"weights and errors mean little, take at least {least}"
                warnings.warn(f"song {song.id!r}: {told}: {advice}", stacklevel=4)
                return f"a ridge regression's guess: {told}"
        if self.sampling == "lime":
            return "LIME's weighted ridge"
        if self.kernel_width is not None:
            return f"Banzhaf values, masks weighed by a kernel of width {self.kernel_width:g}"
        # A fair coin has variance 1/4: ridge multiplies each weight by about n / (n + 4 alpha).
        kept = min(size / (size + 4 * self.alpha) for size in sizes)
        if kept < 0.95:
            return f"Banzhaf values, shrunk by the ridge to about {kept:.0%}"
        return "Banzhaf values"


class _Joint:
    """Sound and words are masked together: one mask, one question."""

    kind = "joint"
    names: tuple[str, ...] = ("both",)

    def __init__(self, explainer: MusicLIME, answers: Answers) -> None:
        self.explainer, self.answers = explainer, answers
        self.cells, self.words = len(answers.space.audio), len(answers.space.lyrics)

    @property
    def features(self) -> tuple[int, ...]:
        return (self.cells + self.words,)

    def fit(self, sizes: tuple[int, ...], pairs: tuple[bool, ...]) -> Fit:
        """Draw masks, ask the model, fit.

        Args:
            sizes: how many masks of each part of the design: one number for the joint, two for the crossed
                one.
            pairs: for each part whether its masks come in pairs of mirror images.

        Returns:
            The fitted weights with their errors.
        """
        by = self.explainer
        if by.sampling == "lime":
            masks = draw(sizes[0], self.cells + self.words, "lime", by.seed)
        else:
            # All on is the song itself, no toss of fair coins: it would weigh too much among few masks.
            masks = coins(sizes[0], self.cells + self.words, by.seed, pairs[0])
        outputs = self.answers.joint(masks[:, : self.cells], masks[:, self.cells :])
        if by.control == "trees":
            return fit_with_control(masks, outputs, by.alpha, pairs[0])
        weights = None if by.kernel_width is None else kernel(masks, by.kernel_width)
        return fit(masks, outputs, weights, by.alpha, pairs[0])

    def plan(self, sizes: tuple[int, ...], may_pair: bool) -> tuple[tuple, tuple, str]:
        """Which masks to draw in pairs, how many of them, and why.

        Args:
            sizes: how many masks the pilot takes of each part of the design.
            may_pair: whether the pilot may try pairs of mirror images.

        Returns:
            For each part whether to draw pairs and how many masks to draw; and the reason, in words.
        """
        paired = self.explainer.pairs is True
        if may_pair and not paired and sizes[0] < JOINT:
            masks = coins(sizes[0], self.features[0], self.explainer.seed, pairs=True)
            outputs = self.answers.joint(masks[:, : self.cells], masks[:, self.cells :])
            alone = fit(masks, outputs, None, self.explainer.alpha)
            in_pairs = fit(masks, outputs, None, self.explainer.alpha, pairs=True)
            paired = pairs_pay(alone, in_pairs, sizes[0], self.features[0], JOINT)
        return (paired,), (JOINT,), "the default"


class _Crossed(_Joint):
    """Every masked sound meets every masked text, each encoded once."""

    kind = "crossed"
    names: tuple[str, ...] = ("audio", "lyrics")

    @property
    def features(self) -> tuple[int, ...]:
        return self.cells, self.words

    def masks(self, sizes: tuple[int, ...], pairs: tuple[bool, ...]) -> list[np.ndarray]:
        """Fair coins for sound and for words, each with a seed of its own.

        Args:
            sizes: how many masks of each part of the design: one number for the joint, two for the crossed
                one.
            pairs: for each part whether its masks come in pairs of mirror images.

        Returns:
            (A, cells) and (T, words) booleans.
        """
        return [
            coins(size, count, [self.explainer.seed, side], paired)
            for side, (size, count, paired) in enumerate(zip(sizes, self.features, pairs))
        ]

    def fit(self, sizes: tuple[int, ...], pairs: tuple[bool, ...]) -> Fit:
        """Draw masks, let the model encode them and answer to all pairs, fit.

        Args:
            sizes: how many masks of each part of the design: one number for the joint, two for the crossed
                one.
            pairs: for each part whether its masks come in pairs of mirror images.

        Returns:
            The fitted weights with their errors.
        """
        audio, lyrics = self.masks(sizes, pairs)
        in_pairs = pairs[0], pairs[1]
        alpha = self.explainer.alpha

        def grid() -> Iterator[np.ndarray]:
            return self.answers.grid(audio, lyrics)

        if self.explainer.control == "trees":
            return fit_crossed_with_control(audio, lyrics, grid, alpha, in_pairs)
        return fit_crossed(audio, lyrics, grid(), alpha, in_pairs)

    def plan(self, sizes: tuple[int, ...], may_pair: bool) -> tuple[tuple, tuple, str]:
        """Fit a pilot, and see which choice reaches the error of 5,000 joint masks at the lowest cost.

        Args:
            sizes: how many masks of sound and of lyrics the pilot takes.
            may_pair: whether the pilot may try pairs of mirror images; true where the user asked for pairs.

        Returns:
            For sound and lyrics whether to draw pairs and how many masks to draw; and the reason, in words.
        """
        audio, lyrics = self.masks(sizes, (may_pair, may_pair))
        grid = list(self.answers.grid(audio, lyrics))
        choices = [(False, False)]
        if self.explainer.pairs is True:
            choices = [(True, True)]
        elif may_pair:
            choices = [(True, True), (True, False), (False, True), (False, False)]
        pilots = {
            in_pairs: fit_crossed(audio, lyrics, grid, self.explainer.alpha, in_pairs) for in_pairs in choices
        }
        costs = self.answers.able.costs  # seconds that the model takes to encode one sound, one text
        pairs = choose_pairs(pilots, sizes, self.features, JOINT, costs)
        wanted_sizes = allocate(pilots[pairs], sizes, self.features, JOINT, costs, pairs)
        return pairs, wanted_sizes, f"the error of {JOINT} joint masks, by a pilot"


class AudioLIME(MusicLIME):
    """Explain by cells alone (a stem in a segment); the lyrics stay as they are (chapter *Four explainers*).

    Args: as for `MusicLIME`; `unit`, `mask_token` and `positions` have no effect and are refused.

    Example:
        >>> song = Song(np.ones(100, np.float32), 100, "la", stems={"mix": np.ones(100, np.float32)})
        >>> len(AudioLIME(lambda audio, lyrics: audio[:, :1], samples=50).explain(song).features)
        10
    """

    modalities: ClassVar[tuple[str, ...]] = ("audio",)
    without_effect: ClassVar[tuple[str, ...]] = ("unit", "mask_token", "positions")


class LyricsLIME(MusicLIME):
    """Explain by words or lines alone; the sound stays as it is (chapter *Four explainers*).

    Args: as for `MusicLIME`; `segments`, `off` and `separate` have no effect and are refused.

    Example:
        >>> song = Song(np.ones(100, np.float32), 100, "la di da")
        >>> short = LyricsLIME(lambda audio, lyrics: [[len(text)] for text in lyrics], samples=50)
        >>> [feature.name for feature in short.explain(song).features]
        ['la', 'di', 'da']
    """

    modalities: ClassVar[tuple[str, ...]] = ("lyrics",)
    without_effect: ClassVar[tuple[str, ...]] = ("segments", "off", "separate")


def _even(count: int) -> int:
    return count + count % 2


def _in_one_piece(audio: np.ndarray, sample_rate: int) -> dict:
    """No separation: the mix is the only stem."""
    return {"mix": audio}
