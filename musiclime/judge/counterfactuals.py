"""The smallest change that flips the label: which words and cells to take away."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..data.song import Song
from ..explain.explainers import MusicLIME
from ..explain.explanation import Explanation, Feature


@dataclass(frozen=True)
class Counterfactual:
    """What was taken away, and what the model says of the rest (chapter *What would change its mind?*).

    found: whether the label flipped; if not, removed is empty. probabilities and song: what the model says of
    what is left, and what is left, to be heard and read.
    """

    found: bool
    removed: list[Feature]
    label: str
    probabilities: np.ndarray
    song: Song
    explanation: Explanation

    def __str__(self):
        was = self.explanation.label
        if not self.found:
            return f"{was}: none found"
        return f"{was} -> {self.label} without {', '.join(feature.name for feature in self.removed)}"


def counterfactual(
    song, predict, classes=None, target=None, *, within: int = 20, candidates: int = 12, **options
) -> Counterfactual:
    """The fewest words and cells without which the label changes (chapter *What would change its mind?*).

    target: to which label; None is any other. Greedy along the weights for at most `within` features, pruned;
    then all subsets of the strongest `candidates`, smaller ones first. options: MusicLIME's.
    """
    explainer = MusicLIME(predict, classes, **options)
    explanation, space = explainer.explain(song), explainer.space(song)
    names, weights, old = explanation.classes, explanation.weights, explanation.row(explanation.label)
    if target == explanation.label:
        raise ValueError(f"song {song.id!r} already is {target!r} to this model: choose another target")
    wanted = [k for k in range(len(names)) if k != old] if target is None else [explanation.row(target)]
    others = [k for k in range(len(names)) if k not in wanted]

    def ask(sets) -> np.ndarray:
        masks = np.ones((len(sets), weights.shape[1]), dtype=bool)
        for mask, gone in zip(masks, sets):
            mask[list(gone)] = False
        return explainer.outputs(space, masks)

    def lead(outputs) -> np.ndarray:
        """By how much a wanted class leads; equal is no lead, and neither is a difference by rounding."""
        return outputs[:, wanted].max(1) - outputs[:, others].max(1) - 1e-5

    best, ranking = [], []
    for _ in range(min(within, weights.shape[1])):
        # Away from whatever is ahead now, towards whatever is nearest of what is wanted.
        now = ask([best])[0]
        ahead, near = (max(some, key=now.__getitem__) for some in (others, wanted))
        ranking = ranking or np.argsort(weights[near] - weights[ahead], kind="stable").tolist()
        best.append(min(set(ranking) - set(best), key=(weights[near] - weights[ahead]).__getitem__))
        if lead(ask([best]))[0] > 0:
            break
    candidate = list(dict.fromkeys(best + ranking))[:candidates]
    if lead(ask([best]))[0] <= 0:
        best = []
    while len(best) > 1:
        shorter = [best[:k] + best[k + 1 :] for k in range(len(best))]
        leads = lead(ask(shorter))
        if leads.max() <= 0:
            break
        best = shorter[int(leads.argmax())]
    for size in range(1, min(len(best) or within + 1, len(candidate) + 1)):
        sets = list(combinations(candidate, size))
        leads = lead(ask(sets))
        if leads.max() > 0:
            best = sets[int(leads.argmax())]
            break
    mask = np.ones((1, weights.shape[1]), dtype=bool)
    mask[0, list(best)] = False
    audio, texts = space.mix(mask[:, : len(space.audio)]), space.texts(mask[:, len(space.audio) :])
    # The last word is the model's own, on the sound and the text themselves.
    probabilities = np.asarray(getattr(predict, "predict", predict)(audio, texts), dtype=float)[0]
    label = int(probabilities.argmax())
    found = bool(best) and label in wanted
    removed = [explanation.features[k] for k in sorted(best)] if found else []
    left = replace(space.song, audio=audio[0], lyrics=texts[0], stems=None)
    return Counterfactual(found, removed, names[label], probabilities, left, explanation)
