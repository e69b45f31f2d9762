"""A small change that flips the label: which words and cells to take away."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from ..data.song import Song
from ..explain.explainers import MusicLIME
from ..explain.explanation import Explanation, Feature

ROUNDING = 1e-5  # a lead smaller than this is none


@dataclass(frozen=True)
class Counterfactual:
    """What was taken away, and what the model says of the rest (chapter *What would change its mind?*).

    Args:
        found: whether the label flipped; if not, `removed` is empty.
        removed: the features that were taken away; none of them is idle.
        label: what the model says of what is left.
        probabilities: of all classes, for what is left.
        song: what is left, to be heard and read.
        explanation: the explanation whose weights led the search.
    """

    found: bool
    removed: list[Feature]
    label: str
    probabilities: np.ndarray
    song: Song
    explanation: Explanation

    def __str__(self) -> str:
        was = self.explanation.label
        if not self.found:
            return f"{was}: none found"
        return f"{was} -> {self.label} without {', '.join(feature.name for feature in self.removed)}"


def counterfactual(
    song: Song,
    predict: Any,
    classes: list[str] | None = None,
    target: str | None = None,
    *,
    within: int = 20,
    candidates: int = 12,
    **options: Any,
) -> Counterfactual:
    """Find a small set of words and cells, all of them needed, without which the label changes.

    The weights propose features one by one; what turns out not to be needed is put back; then every smaller
    set of the strongest candidates is tried. Among all features there may still be a smaller set.

    Args:
        song: the song.
        predict: a model, or a function (audio, lyrics) -> outputs.
        classes: their names, where the model has none.
        target: the label to reach; by default any other.
        within: at most so many features are taken away.
        candidates: all sets of so many of the strongest features are tried.
        options: MusicLIME's.

    Returns:
        A `Counterfactual`; "none found" is an answer too.

    Example:
        >>> import musiclime as ml
        >>> sound = np.ones(4000, dtype=np.float32)
        >>> song = ml.Song(sound, 16000, "come back", stems={"mix": sound})
        >>> reads = lambda audio, lyrics: [[0.9, 0.1] if "come" in text else [0.2, 0.8] for text in lyrics]
        >>> print(counterfactual(song, reads, ["love", "loss"], samples=60))
        love -> loss without come

    (chapter *What would change its mind?*)
    """
    explainer = MusicLIME(predict, classes, **options)
    explanation = explainer.explain(song)
    if target == explanation.label:
        raise ValueError(f"song {song.id!r} already is {target!r} to this model: choose another target")
    search = _Search(explainer, song, explanation, target)
    removed = search.greedy(within)
    removed = search.put_back(removed)
    removed = search.smaller(removed, candidates, within)

    # The last word is the model's own, on the sound and the text themselves.
    space = search.space
    audio, text = search.what_is_left(removed)
    answer = getattr(predict, "predict", predict)(audio[None], [text])
    probabilities = np.asarray(answer, dtype=float)[0]
    label = int(probabilities.argmax())
    found = bool(removed) and label in search.wanted
    features = [explanation.features[k] for k in sorted(removed)] if found else []
    left = replace(space.song, audio=audio, lyrics=text, stems=None)
    return Counterfactual(found, features, explanation.classes[label], probabilities, left, explanation)


class _Search:
    """Sets of features, each asked of the model."""

    def __init__(
        self, explainer: MusicLIME, song: Song, explanation: Explanation, target: str | None
    ) -> None:
        self.explainer, self.space = explainer, explainer.space(song)
        self.weights = explanation.weights
        everything = range(len(explanation.classes))
        old = explanation.row(explanation.label)
        if target is None:
            self.wanted = [k for k in everything if k != old]
        else:
            self.wanted = [explanation.row(target)]
        self.others = [k for k in everything if k not in self.wanted]
        self.ranking: list[int] = []

    def _masks(self, sets: Any) -> np.ndarray:
        masks = np.ones((len(sets), self.weights.shape[1]), dtype=bool)
        for mask, gone in zip(masks, sets):
            mask[list(gone)] = False
        return masks

    def outputs(self, sets: Any) -> np.ndarray:
        """What the model says without each of the sets."""
        return self.explainer.outputs(self.space, self._masks(sets))

    def lead(self, sets: Any) -> np.ndarray:
        """By how much a wanted class is ahead; equal is not ahead."""
        outputs = self.outputs(sets)
        return outputs[:, self.wanted].max(1) - outputs[:, self.others].max(1) - ROUNDING

    def greedy(self, within: int) -> list[int]:
        """Take away one feature after another, until a wanted class is ahead; [] where none gets there."""
        removed: list[int] = []
        for _ in range(min(within, self.weights.shape[1])):
            # Away from the class that is ahead now, towards the nearest wanted one.
            now = self.outputs([removed])[0]
            ahead = max(self.others, key=now.__getitem__)
            nearest = max(self.wanted, key=now.__getitem__)
            gain = self.weights[nearest] - self.weights[ahead]
            order = [int(k) for k in np.argsort(gain, kind="stable")]
            if not self.ranking:
                self.ranking = order
            removed.append(next(k for k in order if k not in removed))
            if self.lead([removed])[0] > 0:
                return removed
        self.ranking = list(dict.fromkeys(removed + self.ranking))
        return []

    def put_back(self, removed: list[int]) -> list[int]:
        """Put back what is not needed, that first without which the lead is largest."""
        while len(removed) > 1:
            shorter = [removed[:k] + removed[k + 1 :] for k in range(len(removed))]
            leads = self.lead(shorter)
            if leads.max() <= 0:
                break
            removed = shorter[int(leads.argmax())]
        return removed

    def smaller(self, removed: list[int], candidates: int, within: int) -> list[int]:
        """Try all smaller sets of the strongest candidates, the smallest first.

        Args:
            removed: numbers of the features whose muting changes the answer; empty where none was found.
            candidates: among how many of the strongest features to search.
            within: the most features that may be muted, where `removed` is empty.

        Returns:
            The numbers of the features of the smallest set found, or `removed`.
        """
        strongest = list(dict.fromkeys(removed + self.ranking))[:candidates]
        limit = len(removed) if removed else within + 1
        for size in range(1, min(limit, len(strongest) + 1)):
            sets = list(combinations(strongest, size))
            leads = self.lead(sets)
            if leads.max() > 0:
                return list(sets[int(leads.argmax())])
        return removed

    def what_is_left(self, removed: list[int]) -> tuple[np.ndarray, str]:
        mask = self._masks([removed])
        cells = len(self.space.audio)
        return self.space.mix(mask[:, :cells])[0], self.space.texts(mask[:, cells:])[0]
