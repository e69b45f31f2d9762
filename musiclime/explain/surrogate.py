"""The additive model of a prediction: masks and outputs in, weights and their errors out (joint design)."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular

BLOCK = 2048  # masks that are worked on at once
CONTRASTS = 16  # with more outputs than this the errors of differences between two of them are not kept


@dataclass(frozen=True)
class Fit:
    """An additive model for each output of a function of masks.

    weights, errors: (outputs, features), the weights and their standard errors.
    intercept, score, local: one number an output, the sum's constant, R2, and the sum with all features on.
    contrasts: (pairs of outputs, features) standard errors of the difference between two outputs' weights, in
        the order of itertools.combinations; None with too many outputs.
    controlled: whether trees guessed the answers first (see `explain.control`).
    """

    weights: np.ndarray
    errors: np.ndarray
    intercept: np.ndarray
    score: np.ndarray
    local: np.ndarray
    contrasts: np.ndarray | None = None
    controlled: bool = False


def fit(
    masks: np.ndarray,
    outputs: np.ndarray,
    kernel: np.ndarray | None = None,
    alpha: float = 1.0,
    pairs: bool = False,
) -> Fit:
    """Fit weighted ridge regression, equal to lime's LimeBase, with errors (chapter *Four explainers*).

    The errors are of the sandwich kind (HC2): they hold although the model is not additive.
    Masks in pairs share their noise, so a pair counts as one observation.

    Args:
        masks: (count, features) booleans.
        outputs: (count, outputs), what the model said.
        kernel: a weight for each mask; None: all weigh the same.
        alpha: strength of the ridge.
        pairs: whether rows 0 and 1, 2 and 3, ... are mirror images of each other.

    Returns:
        A `Fit`.

    Example:
        >>> from musiclime.explain.masks import draw
        >>> masks = draw(200, 3)
        >>> fit(masks, masks @ np.array([[1.0], [2.0], [3.0]]), alpha=0).weights.round(6).tolist()
        [[1.0, 2.0, 3.0]]
    """
    outputs = np.asarray(outputs, dtype=float)
    count, features = masks.shape
    weight = np.ones(count) if kernel is None else np.asarray(kernel, dtype=float)
    total = weight.sum()
    mean_x = sum(weight[rows] @ masks[rows] for rows in _blocks(count)) / total
    mean_y = weight @ outputs / total

    # Ridge regression: (X' W X + alpha I) beta = X' W y, all in deviations from the means.
    gram = alpha * np.eye(features)
    moment = np.zeros((features, outputs.shape[1]))
    for rows in _blocks(count):
        x = masks[rows] - mean_x
        weighted = x * weight[rows, None]
        gram += weighted.T @ x
        moment += weighted.T @ (outputs[rows] - mean_y)
    factor = cholesky(gram)
    beta = cho_solve(factor, moment)

    variance, unexplained, variation = _sandwich(masks, outputs, weight, mean_x, mean_y, beta, factor, pairs)
    intercept = mean_y - mean_x @ beta
    errors, contrasts = split_contrasts(np.sqrt(variance).T, len(mean_y))
    return Fit(
        weights=beta.T,
        errors=errors,
        intercept=intercept,
        score=r_squared(unexplained, variation, weight @ outputs**2),
        local=intercept + beta.sum(0),
        contrasts=contrasts,
    )


def _sandwich(
    masks: np.ndarray,
    outputs: np.ndarray,
    weight: np.ndarray,
    mean_x: np.ndarray,
    mean_y: np.ndarray,
    beta: np.ndarray,
    factor: Any,
    pairs: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How much each mask's residual moves each weight, squared and added up; and the sums that make R2."""
    total = weight.sum()
    differences = contrast_matrix(outputs.shape[1])
    variance = np.zeros((len(beta), len(mean_y) + differences.shape[1]))
    unexplained = np.zeros(len(mean_y))
    variation = np.zeros(len(mean_y))
    for rows in _blocks(len(masks)):
        x = masks[rows] - mean_x
        y = outputs[rows] - mean_y
        residual = y - x @ beta
        rooted = solve_triangular(factor[0], x.T, lower=True)
        influence = solve_triangular(factor[0], rooted, lower=True, trans="T") * weight[rows]
        leverage = weight[rows] * ((rooted**2).sum(0) + 1 / total)
        noise = np.hstack([residual, residual @ differences])
        if pairs:
            influence, noise, leverage = pair_up(influence, noise, leverage, 1 / total)
        variance += influence**2 @ (noise**2 / room(leverage)[:, None])
        unexplained += (weight[rows, None] * residual**2).sum(0)
        variation += (weight[rows, None] * y**2).sum(0)
    return variance, unexplained, variation


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]


def cholesky(gram: np.ndarray) -> Any:
    """The Cholesky factor of a matrix of moments, or a sentence on why there is none."""
    try:
        return cho_factor(gram, lower=True)
    except LinAlgError as error:
        told = f"{len(gram)} features cannot be told apart by so few samples"
        raise ValueError(f"{told}: take more samples or alpha > 0") from error


def pair_up(reader: np.ndarray, residual: np.ndarray, leverage: np.ndarray, share: float) -> tuple:
    """One observation for each pair of masks z and 1 - z.

    The two lie opposite each other, so a weight reads only the difference between their residuals: whatever
    the model does alike to a mask and to its mirror image cancels.

    Args:
        reader: (features, n): what each mask's output adds to each weight; n even, a mask and its mirror
            image side by side.
        residual: (n, outputs): what the fit leaves of each output.
        leverage: (n,) between 0 and 1: how much each mask's output moves its own fit.
        share: the part of the leverage that is the intercept's, 1 / n or 1 / the sum of the weights.

    Returns:
        The same three for n / 2 observations.
    """
    if len(residual) % 2:
        raise ValueError(f"{len(residual)} masks do not form pairs: take an even number")
    difference = residual[0::2] - residual[1::2]
    return reader[:, 0::2], difference, leverage[0::2] + leverage[1::2] - 2 * share


def room(leverage: np.ndarray) -> np.ndarray:
    """What a fit leaves of an observation's noise in its residual (HC2 divides by it)."""
    return np.maximum(1 - leverage, 1e-6)


def r_squared(unexplained: np.ndarray, variation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """R2, and 1 where the output never moved (beyond rounding).

    Args:
        unexplained: (outputs,) sums of squared residuals.
        variation: (outputs,) sums of squared distances from the mean.
        scale: (outputs,) sums of squares, which say how much is rounding.

    Returns:
        (outputs,) at most 1.
    """
    still = variation <= 1e-24 * np.maximum(scale, 1e-300)
    return np.where(still, 1.0, 1 - unexplained / np.where(still, 1.0, variation))


def contrast_matrix(outputs: int) -> np.ndarray:
    """Columns that take the difference of every two outputs; none with too many outputs."""
    couples = list(combinations(range(outputs), 2)) if outputs <= CONTRASTS else []
    matrix = np.zeros((outputs, len(couples)))
    for column, (first, second) in enumerate(couples):
        matrix[first, column] = 1
        matrix[second, column] = -1
    return matrix


def split_contrasts(errors: np.ndarray, outputs: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Errors of the outputs' own weights, and those of the differences, None where none were computed."""
    own, contrasts = errors[:outputs], errors[outputs:]
    return own, contrasts if outputs <= CONTRASTS else None


def pairs_pay(alone: Fit, in_pairs: Fit, pilot: int, features: int, final: int) -> bool:
    """Whether masks in pairs would give smaller errors, as a pilot shows (chapter *How fast, how many*).

    Args:
        alone: the fit of the pilot as if its masks were independent; in_pairs: the same fit, by pairs.
        pilot: the pilot's number of masks.
        features: the number of features.
        final: the number of masks to be drawn in all.

    Returns:
        Whether the squared errors, at the final number of masks, add up to less in pairs.

    Example:
        >>> from musiclime.explain.masks import coins
        >>> masks = coins(80, 4, pairs=True)
        >>> even = masks[:, :1] == masks[:, 1:2]
        >>> pairs_pay(fit(masks, even), fit(masks, even, pairs=True), 80, 4, 1000)
        True
    """
    by_masks = (alone.errors**2).sum() * (pilot - features - 1) / (final - features - 1)
    by_pairs = (in_pairs.errors**2).sum() * (pilot / 2 - features) / (final / 2 - features)
    return bool(by_pairs < by_masks)
