"""An explanation is data only: weights, their errors, and where each feature lies; strict JSON on disk."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..files import whole

if TYPE_CHECKING:
    from ..data.song import Song
    from .features import Space

SCHEMA = 1
NUMBERS = ("weights", "errors", "intercept", "score", "probabilities")
DIGITS = 4  # of the errors of differences on disk: nobody needs more, and there are many


@dataclass(frozen=True)
class Feature:
    """A word, a line or a (stem, segment) cell, and where it lies in the song (chapter *Explain*).

    Args:
        name: unique in an explanation, such as "drums3" or "rain".
        modality: "audio" or "lyrics".
        stem: the stem of a cell.
        segment: the segment of a cell, from 0.
        start: where a cell begins, in seconds.
        end: where it ends, in seconds.
        text: a word or line as it stands in the song.
        positions: (start, end) characters in the explained lyrics.

    Example:
        >>> Feature("drums3", "audio", stem="drums", segment=3, start=3.0, end=4.0).stem
        'drums'
    """

    name: str
    modality: str
    stem: str = ""
    segment: int = -1
    start: float = 0.0
    end: float = 0.0
    text: str = ""
    positions: tuple[tuple[int, int], ...] = ()


class _WithSpace:
    """Room for what an explanation refers to but does not save: the song's features, as they were switched.

    A slot is neither a field nor in the instance's dictionary, so nothing copies or writes it by mistake.
    """

    __slots__ = ("space",)


@dataclass(eq=False)
class Explanation(_WithSpace):
    """What moved a prediction: for each class and feature a weight and its error (chapter *Explain*).

    `space` is the `Space` of the explained song, with its sound, from which it can be played. An explanation
    that was loaded from a file has none.

    Args:
        classes: names of the model's outputs.
        features: the columns of weights and errors.
        weights: (classes, features).
        errors: the weights' standard errors, (classes, features).
        intercept: the constant of the sum, one number a class.
        score: R2 of the sum, one number a class.
        probabilities: what the model says of the whole song, one number a class.
        samples: number of masks, of the modality with more of them.
        seed: the seed of the masks.
        design: "joint" or "crossed".
        song: id, title, artist, the lyrics that were explained, seconds, sample_rate and the stems' names.
        provenance: model, settings, masks, what the weights estimate, versions.
        contrasts: standard errors of the difference between two classes' weights, (pairs, features) in the
            order of itertools.combinations; None: not known.

    Example:
        >>> one, two = Feature("drums3", "audio"), Feature("rain", "lyrics")
        >>> numbers = np.array([[0.5, -0.1]]), np.array([[0.1, 0.1]]), np.zeros(1), np.ones(1), np.ones(1)
        >>> Explanation(["pop"], [one, two], *numbers, 100, 0, "joint").top(1)[0].name
        'drums3'
    """

    classes: list[str]
    features: list[Feature]
    weights: np.ndarray
    errors: np.ndarray
    intercept: np.ndarray
    score: np.ndarray
    probabilities: np.ndarray
    samples: int
    seed: int
    design: str
    song: dict = field(default_factory=dict)
    provenance: dict = field(default_factory=dict)
    contrasts: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.space: Space | None = None

    def row(self, label: str) -> int:
        """The row of a class in `weights` and `errors`.

        Args:
            label: the class.

        Returns:
            Its number; a ValueError for a class that the model does not know.
        """
        if label not in self.classes:
            raise ValueError(f"this explanation has no class {label!r}; it has {', '.join(self.classes)}")
        return self.classes.index(label)

    @property
    def label(self) -> str:
        """The class that the model gives the song."""
        return self.classes[int(np.argmax(self.probabilities))]

    def table(self, label: str | None = None, against: str | None = None) -> pd.DataFrame:
        """A table of features, weights and errors for one class, largest first (chapter *Explain*).

        Args:
            label: the class; None: the one that the model gives the song.
            against: another class: then weight is how much more a feature speaks for `label` than for this
                one, and error is the error of that difference. If that error was not kept (explanations of
                the first edition, or more than 16 classes), error is the root of the sum of both squared
                errors. `table.attrs["error"]` says which.

        Returns:
            A table whose columns are named by the class, or by both.
        """
        label = label or self.label
        weight, error = self.weights[self.row(label)], self.errors[self.row(label)]
        title, told = label, "of the weight"
        if against is not None:
            weight = weight - self.weights[self.row(against)]
            error, told = self._contrast(label, against)
            title = f"{label} against {against}"
        known = [(feature.name, feature.modality) for feature in self.features]
        table = pd.DataFrame(known, columns=["feature", "modality"]).rename_axis(columns=title)
        table = table.assign(weight=weight, error=error)
        table = table.sort_values("weight", key=np.abs, ascending=False, kind="stable", ignore_index=True)
        table.attrs["error"] = told
        return table

    def _contrast(self, label: str, against: str) -> tuple[np.ndarray, str]:
        """The errors of a difference, and what they are."""
        one, other = self.row(label), self.row(against)
        if one == other:
            raise ValueError(f"{label!r} cannot be held against itself: name another class")
        if self.contrasts is None:
            both = np.hypot(self.errors[one], self.errors[other])
            return both, "as if the two classes were estimated apart"
        couples = list(combinations(range(len(self.classes)), 2))
        return self.contrasts[couples.index((min(one, other), max(one, other)))], "of the difference"

    def top(self, count: int, label: str | None = None, modality: str | None = None) -> list[Feature]:
        """The features that speak most for a class, strongest first (chapter *Explain*).

        Args:
            count: how many at most; only features with a weight above zero are named.
            label: the class; None: the one that the model gives the song.
            modality: "audio" or "lyrics"; None: both.

        Returns:
            A list of `Feature`.
        """
        weights = self.weights[self.row(label or self.label)]
        ranked = [self.features[i] for i in np.argsort(-weights, kind="stable") if weights[i] > 0]
        return [feature for feature in ranked if modality in (None, feature.modality)][:count]

    def steady(self, k: int = 5, label: str | None = None) -> float:
        """The share of its k strongest features that another run would name too (chapter *Explain*).

        Errors spread the weights of one run wider than the true weights. So we first estimate the true
        weights, by shrinking these towards each other (empirical Bayes). Then we draw further runs, with new
        errors, around the estimate.

        Args:
            k: how many of the strongest.
            label: the class; None: the one that the model gives the song.

        Returns:
            A share between 0 and 1: the mean over other seeds.
        """
        row = self.row(label or self.label)
        kinds = [feature.modality for feature in self.features]
        return steadiness(self.weights[row], self.errors[row], k, kinds)

    def listen(self, features: Iterable[Feature | str], song: "Song") -> np.ndarray:
        """The sound of the given cells, with silence elsewhere (chapter *Explain*).

        Args:
            features: the features, or their names.
            song: the song, with stems.

        Returns:
            Sound as long as the song.
        """
        if song.stems is None:
            raise ValueError(f"song {song.id!r} has no stems: separate it first, song.stems = separate(...)")
        named = {feature.name: feature for feature in self.features}
        audio = np.zeros(len(song.audio), dtype=np.float32)
        for feature in (named[f] if isinstance(f, str) else f for f in features):
            if feature.modality == "audio":
                cut = slice(round(feature.start * song.sample_rate), round(feature.end * song.sample_rate))
                audio[cut] += song.stems[feature.stem][cut]
        return audio

    def _repr_html_(self) -> str:
        """The player, without sound: what a live notebook shows of an explanation."""
        from ..show.player.player import player

        return player(self, None)

    def explore(self, predict: Any, song: "Song") -> Any:
        """A panel for a live notebook: mute cells and words and ask the model (chapter *Explain*).

        Args:
            predict: the model that was explained.
            song: the song that was explained.

        Returns:
            An ipywidgets panel.
        """
        from ..show.player.explore import explore

        return explore(self, predict, song)

    def save(self, path: str | Path) -> Path:
        """Write the explanation as JSON, whole or not at all (chapter *Explain*).

        Args:
            path: the file to write; one that is there already is replaced.

        Returns:
            The path.
        """
        data = {"schema": SCHEMA, **asdict(self)}
        data |= {name: np.asarray(data[name], dtype=float).tolist() for name in NUMBERS}
        data["contrasts"] = _rounded(self.contrasts)
        try:
            text = json.dumps(data, allow_nan=False, ensure_ascii=False)
        except ValueError as error:
            name = self.song.get("id")
            raise ValueError(f"explanation of song {name!r} holds NaN or infinity: not saved") from error
        path = Path(path)
        with whole(path) as draft:
            draft.write_text(text, encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Explanation":
        """Read what `save` wrote (chapter *Explain*).

        Args:
            path: the JSON file.

        Returns:
            The explanation, without its song (`space` is None); a ValueError for any other file.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data.pop("schema", None) != SCHEMA:
                raise ValueError("it is of another schema")
            for f in data["features"]:
                f["positions"] = tuple((int(a), int(b)) for a, b in f["positions"])
            data["features"] = [Feature(**feature) for feature in data["features"]]
            data |= {name: np.array(data[name], dtype=float) for name in NUMBERS}
            if data.get("contrasts") is not None:
                data["contrasts"] = np.array(data["contrasts"], dtype=float)
            found = cls(**data)
            found._check()
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
            why = str(error).split("\n")[0][:200]
            raise ValueError(
                f"{path} is not an explanation of schema {SCHEMA} ({why}): make it again"
            ) from error
        return found

    def _check(self) -> None:
        """That every number has its place, and names are text."""
        rows, columns = len(self.classes), len(self.features)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(NUMBERS, (rows,))
        shapes["weights"] = shapes["errors"] = (rows, columns)
        if self.contrasts is not None:
            shapes["contrasts"] = (rows * (rows - 1) // 2, columns)
        for name, shape in shapes.items():
            numbers = getattr(self, name)
            if numbers.shape != shape or not np.isfinite(numbers).all():
                raise ValueError(f"its {name}, shape {numbers.shape}, are not {shape} finite numbers")
        texts = [
            *self.classes,
            *(text for f in self.features for text in (f.name, f.modality, f.stem, f.text)),
        ]
        if not rows or not isinstance(self.song, dict) or not all(isinstance(text, str) for text in texts):
            raise ValueError("its classes, features or song are not named by text")


def _rounded(contrasts: np.ndarray | None) -> list | None:
    if contrasts is None:
        return None
    return [[float(f"{error:.{DIGITS}g}") for error in row] for row in contrasts]


def steadiness(
    weights: np.ndarray, errors: np.ndarray, k: int, kinds: list[str] | None = None, runs: int = 200
) -> float:
    """The expected share of the k largest weights that another run has among its k largest.

    Args:
        weights, errors: of one class.
        k: how many of the largest.
        kinds: what each feature is, such as its modality: weights of one kind are guessed from each other.
        runs: how many further runs are drawn.

    Returns:
        A share between 0 and 1.

    Example:
        >>> steadiness(np.array([9.0, 8.0, 0.1, 0.0]), np.full(4, 0.1), 2)
        1.0
    """
    rng = np.random.default_rng(0)
    errors = np.maximum(errors, 1e-12)
    groups = np.zeros(len(weights), dtype=int)
    if kinds is not None:
        groups = np.unique(kinds, return_inverse=True)[1]
    true = np.empty((runs, len(weights)))
    for group in np.unique(groups):
        here = groups == group
        true[:, here] = guess_true_weights(weights[here], errors[here], runs, rng)
    again = rng.normal(true, errors)
    mine = np.argsort(-weights, kind="stable")[:k]
    theirs = np.argsort(-again, axis=1, kind="stable")[:, :k]
    return float(np.isin(theirs, mine).mean())


def guess_true_weights(
    weights: np.ndarray, errors: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """True weights, drawn given what was estimated (empirical Bayes).

    They are taken to come from a set of values whose shares are fitted to the weights at hand, by maximum
    likelihood, so nothing is assumed about their distribution.

    Args:
        weights, errors: of features of one kind.
        draws: how many times.
        rng: a numpy generator.

    Returns:
        (draws, features) weights.
    """
    values = np.linspace(weights.min(), weights.max(), 120)
    log_chance = -(((weights[:, None] - values) / errors[:, None]) ** 2) / 2
    chance = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
    shares = np.full(len(values), 1 / len(values))
    for _ in range(100):  # expectation and maximisation
        member = chance * shares
        member /= member.sum(axis=1, keepdims=True)
        shares = member.mean(axis=0)
    up_to = member.cumsum(axis=1)[:, :-1]
    return values[(rng.random((draws, len(weights), 1)) > up_to).sum(axis=2)]
