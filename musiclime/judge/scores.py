"""How well a ranking finds what is true, and how sure a mean over songs is: numbers in, numbers out."""

import numpy as np
import pandas as pd
from scipy.stats import t


def score(weights: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Compare weights with the features that are truly evidence; ties count as drawn by lot.

    Args:
        weights: one number a feature, the larger the more it is said to matter.
        true: which features are evidence.

    Returns:
        `auc`: how often evidence outranks the rest; `precision`: the share of evidence among as many top
        features as there is evidence; `pointing`: whether the top feature is evidence; `share`: the part of
        all positive weight that lies on evidence.

    Example:
        >>> score(np.array([3.0, 1.0, 1.0]), np.array([True, True, False]))
        {'auc': 0.75, 'precision': 0.75, 'pointing': 1.0, 'share': 0.8}

    (chapter *Can you trust it?*)
    """
    weights, true = np.asarray(weights, dtype=float), np.asarray(true, dtype=bool)
    positive = np.clip(weights, 0, None)
    share = positive[true].sum() / positive.sum() if positive.any() else 0.0
    return {
        "auc": outranks(weights[true], weights[~true]),
        "precision": true_among_top(weights, true, int(true.sum())),
        "pointing": true_among_top(weights, true, 1),
        "share": float(share),
    }


def outranks(some: np.ndarray, others: np.ndarray) -> float:
    """The chance that one of `some` is larger than one of `others`; equal counts half."""
    larger = np.greater.outer(some, others) + 0.5 * np.equal.outer(some, others)
    return float(larger.mean())


def true_among_top(weights: np.ndarray, true: np.ndarray, count: int) -> float:
    """The share of true features among the `count` largest, on average over all orders of equal ones.

    Args:
        weights: (features,) numbers, the larger the more important.
        true: (features,) booleans, true where evidence was planted.
        count: how many of the largest weights to look at.

    Returns:
        Between 0 and 1.
    """
    smallest = np.sort(weights)[-count]
    above, equal = weights > smallest, weights == smallest
    places_left = count - above.sum()
    return float((true[above].sum() + places_left * true[equal].mean()) / count)


def clustered_mean(values: np.ndarray, clusters: np.ndarray) -> dict[str, float]:
    """A mean with its 95 % interval where rows of one cluster (a song, a pair of songs) may be alike.

    Args:
        values: one number a row.
        clusters: the cluster of each row.

    Returns:
        `mean`, `low`, `high`, `error` (standard error), `clusters` (how many).

    Example:
        >>> clustered_mean([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"])["error"]
        0.5

    (chapter *The exam*)
    """
    table = pd.DataFrame({"value": np.asarray(values, dtype=float), "cluster": np.asarray(clusters)}).dropna()
    mean = float(table["value"].mean())
    off = (table["value"] - mean).groupby(table["cluster"]).sum()
    if len(off) < 2:
        return {"mean": mean, "low": np.nan, "high": np.nan, "error": np.nan, "clusters": len(off)}
    variance = (off**2).sum() / len(table) ** 2 * len(off) / (len(off) - 1)
    error = float(np.sqrt(variance))
    reach = float(t.ppf(0.975, len(off) - 1)) * error
    return {"mean": mean, "low": mean - reach, "high": mean + reach, "error": error, "clusters": len(off)}
