"""An explanation is data only: weights, their errors, and where each feature lies; strict JSON on disk."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..files import whole

SCHEMA = 1
NUMBERS = ("weights", "errors", "intercept", "score", "probabilities")


@dataclass(frozen=True)
class Feature:
    """A word, a line or a (stem, segment) cell, and where it lies in the song (chapter *Explain*).

    start and end are seconds of a cell; positions are (start, end) characters in the explained lyrics.
    """

    name: str
    modality: str
    stem: str = ""
    segment: int = -1
    start: float = 0.0
    end: float = 0.0
    text: str = ""
    positions: tuple[tuple[int, int], ...] = ()


@dataclass
class Explanation:
    """What moved a prediction: classes x features weights with standard errors (chapter *Explain*).

    song holds id, title, artist, the lyrics that were explained, seconds, sample_rate and the stems' names;
    provenance holds model, corpus, settings and versions.
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

    def row(self, label: str) -> int:
        if label not in self.classes:
            raise ValueError(f"this explanation has no class {label!r}; it has {', '.join(self.classes)}")
        return self.classes.index(label)

    @property
    def label(self) -> str:
        """The class that the model gives the song."""
        return self.classes[int(np.argmax(self.probabilities))]

    def table(self, label: str | None = None) -> pd.DataFrame:
        """Feature, modality, weight and error for one class, the largest first (chapter *Explain*)."""
        label = label or self.label
        row = self.row(label)
        known = [(feature.name, feature.modality) for feature in self.features]
        table = pd.DataFrame(known, columns=["feature", "modality"]).rename_axis(columns=label)
        table = table.assign(weight=self.weights[row], error=self.errors[row])
        return table.sort_values("weight", key=lambda w: -w.abs(), kind="stable", ignore_index=True)

    def top(self, count: int, label: str | None = None, modality: str | None = None) -> list[Feature]:
        """The features that speak most for a class, strongest first."""
        weights = self.weights[self.row(label or self.label)]
        ranked = [self.features[i] for i in np.argsort(-weights, kind="stable") if weights[i] > 0]
        return [feature for feature in ranked if modality in (None, feature.modality)][:count]

    def steady(self, k: int = 5, label: str | None = None) -> float:
        """The share of the k strongest that another run would name too, by the errors (chapter *Explain*)."""
        row = self.row(label or self.label)
        weights, errors = self.weights[row], self.errors[row]
        again = np.random.default_rng(0).normal(weights, errors, (200, len(weights)))
        tops = np.argsort(-np.vstack([weights, again]), axis=1)[:, :k]
        return float(np.mean([np.isin(top, tops[0]).mean() for top in tops[1:]]))

    def listen(self, features, song) -> np.ndarray:
        """The sum of the given cells of a song, silence elsewhere (chapter *Explain*)."""
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

    def explore(self, predict, song):
        """A panel for a live notebook: mute cells and words and ask the model (chapter *Your song*)."""
        from ..show.player.explore import explore

        return explore(self, predict, song)

    def save(self, path) -> Path:
        """Write strict JSON, whole or not at all (chapter *Explain*)."""
        data = {"schema": SCHEMA, **asdict(self)}
        data |= {name: np.asarray(data[name], dtype=float).tolist() for name in NUMBERS}
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
    def load(cls, path) -> "Explanation":
        """Read what `save` wrote (chapter *Explain*)."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data.pop("schema", None) != SCHEMA:
                raise ValueError("it is of another schema")
            for f in data["features"]:
                f["positions"] = tuple((int(a), int(b)) for a, b in f["positions"])
            data["features"] = [Feature(**feature) for feature in data["features"]]
            data |= {name: np.array(data[name], dtype=float) for name in NUMBERS}
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
        for name in NUMBERS:
            numbers, shape = getattr(self, name), (rows, columns)[: 1 + (name in ("weights", "errors"))]
            if numbers.shape != shape or not np.isfinite(numbers).all():
                raise ValueError(f"its {name}, shape {numbers.shape}, are not {shape} finite numbers")
        texts = [
            *self.classes,
            *(text for f in self.features for text in (f.name, f.modality, f.stem, f.text)),
        ]
        if not rows or not isinstance(self.song, dict) or not all(isinstance(text, str) for text in texts):
            raise ValueError("its classes, features or song are not named by text")
