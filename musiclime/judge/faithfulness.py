"""Does the model behave as an explanation says, and would another run say the same?"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import kendalltau, norm

from ..explain.explanation import Explanation

REMOVED = (0.0, 0.01, 0.05, 0.1, 0.2, 0.5)  # shares of the features


def curve(answer: Callable, order: Any, features: int, insert: bool = False) -> np.ndarray:
    """Ask the model while features are removed (or inserted) one after another.

    Args:
        answer: function from boolean masks (n, features) to outputs (n,).
        order: the features, first to go first; those outside it stay on.
        features: how many there are in all.
        insert: start without those of `order` and insert them.

    Returns:
        len(order) + 1 outputs.

    Example:
        >>> curve(lambda masks: masks.sum(1), order=[1, 0], features=2).tolist()
        [2, 1, 0]

    (chapter *Can you trust it?*)
    """
    masks = np.ones((len(order) + 1, features), dtype=bool)
    for count, mask in enumerate(masks):
        mask[order] = not insert
        mask[order[:count]] = insert
    return answer(masks)


def faithful(answer: Callable, weights: np.ndarray) -> dict[str, float]:
    """Measure how well an order of features, strongest first, foretells the model's answers.

    Args:
        answer: function from boolean masks (n, features) to outputs (n,).
        weights: one number a feature.

    Returns:
        `comprehensiveness`: how far the output falls, on average over removing the top 0 to 50 %;
        `sufficiency`: how much is missing when only those are kept; `deletion`, `insertion`: areas under
        the two curves.

    Example:
        >>> w = np.array([0.6, 0.4])
        >>> round(faithful(lambda masks: masks @ w, w)["deletion"], 2)
        0.45

    (chapter *Can you trust it?*)
    """
    order = np.argsort(-np.asarray(weights), kind="stable")
    removed = curve(answer, order, len(order))
    inserted = curve(answer, order, len(order), insert=True)
    steps = np.round(np.multiply(REMOVED, len(order))).astype(int)
    return {
        "comprehensiveness": float(np.mean(removed[0] - removed[steps])),
        "sufficiency": float(np.mean(removed[0] - inserted[steps])),
        "deletion": float(np.trapezoid(removed, dx=1 / len(order))),
        "insertion": float(np.trapezoid(inserted, dx=1 / len(order))),
    }


def stable(explanations: list[Explanation], label: str, k: int = 5) -> dict[str, float]:
    """Compare explanations of one song that differ in the seed alone.

    Args:
        explanations: two or more.
        label: the class.
        k: how many top features to compare.

    Returns:
        `jaccard` and `VSI`: overlap of the top k; `kendall`: agreement of the whole order; `CSI`: share of
        features whose intervals overlap; `scatter over error`: 1 where the errors foretell the scatter.

    Example:
        >>> import musiclime as ml
        >>> from musiclime.judge.white_boxes import game
        >>> song, predict, _ = game("sum")
        >>> runs = [ml.MusicLIME(predict, samples=200, seed=seed).explain(song) for seed in (0, 1)]
        >>> stable(runs, "output 0")["VSI"]
        1.0

    (chapter *Can you trust it?*)
    """
    if len(explanations) < 2:
        raise ValueError("stability needs at least two explanations of the same song")
    weights = [one.weights[one.row(label)] for one in explanations]
    errors = [one.errors[one.row(label)] for one in explanations]
    tops = [set(np.argsort(-row, kind="stable")[:k].tolist()) for row in weights]

    shared, kendall, overlap, z = [], [], [], []
    for a, b in combinations(range(len(explanations)), 2):
        difference = weights[a] - weights[b]
        shared.append(len(tops[a] & tops[b]))
        kendall.append(kendalltau(weights[a], weights[b]).statistic)
        overlap.append(np.abs(difference) <= norm.ppf(0.975) * (errors[a] + errors[b]))
        z.append(difference / np.hypot(errors[a], errors[b]))
    common = np.array(shared)
    return {
        "jaccard": float(np.mean(common / (2 * k - common))),
        "kendall": float(np.mean(kendall)),
        "VSI": float(common.mean() / k),
        "CSI": float(np.mean(overlap)),
        "scatter over error": float(np.sqrt(np.mean(np.square(z)))),
    }
