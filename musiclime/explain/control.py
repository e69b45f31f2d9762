"""Fewer questions for the same error: boosted trees guess the answers, the ridge fits what they leave.

A sum of weights cannot know that two cells count only together. To the fit such answers are noise, and noise
makes errors large. Trees can learn them from the same masks. Their guess is taken off the answers before the
fit, and their own Banzhaf values, which are known exactly, are added to the weights after it. A mask is
guessed by trees that have not seen it, so the weights stay right on average even where the trees are wrong
(regression-adjusted values, Witter 2025; chapter *How fast, how many*).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from .crossed_design import CrossedFit, fit_crossed
from .surrogate import Fit, fit

TREES, LEAVES, RATE = 40, 8, 0.2
SMALLEST_LEAF = 5  # masks
FOLDS = 5
FEWEST = 50  # masks: of fewer, trees learn nothing that they could take off


@dataclass(frozen=True)
class Guess:
    """What boosted trees make of a model's answers to masks.

    answers: (n, outputs), each guessed by trees that have not seen that mask.
    values: (outputs, features), the Banzhaf values of the trees themselves.
    """

    answers: np.ndarray
    values: np.ndarray


def guess(masks: np.ndarray, outputs: np.ndarray, pairs: bool = False) -> Guess:
    """Let boosted trees learn from four fifths of the answers, and guess the last fifth, five times.

    Args:
        masks: (n, features) booleans, fair coins.
        outputs: (n, outputs), what the model said.
        pairs: whether rows 0 and 1, 2 and 3, ... are mirror images; the two of a pair are guessed together.

    Returns:
        A `Guess`.
    """
    fold = np.arange(len(masks)) // (2 if pairs else 1) % FOLDS
    x = masks.astype(np.float32)
    answers = np.zeros_like(outputs, dtype=float)
    values = np.zeros((outputs.shape[1], masks.shape[1]))
    for number in range(FOLDS):
        guessed = fold == number
        seen = ~guessed
        mean = outputs[seen].mean(axis=0)
        trees = _boosted(x[seen], outputs[seen] - mean)
        answers[guessed] = mean + RATE * sum(_said(tree, x[guessed]) for tree in trees)
        values += RATE * sum(tree_values(tree, masks.shape[1]) for tree in trees) / FOLDS
    return Guess(answers, values)


def _boosted(masks: np.ndarray, outputs: np.ndarray) -> list[DecisionTreeRegressor]:
    """Small trees, each fitted to what the ones before it left."""
    trees = []
    left = outputs
    for number in range(TREES):
        tree = DecisionTreeRegressor(
            max_leaf_nodes=LEAVES, min_samples_leaf=SMALLEST_LEAF, random_state=number
        )
        tree.fit(masks, left)
        left = left - RATE * _said(tree, masks)
        trees.append(tree)
    return trees


def _said(tree: DecisionTreeRegressor, masks: np.ndarray) -> np.ndarray:
    return tree.predict(masks).reshape(len(masks), -1)


def tree_values(tree: DecisionTreeRegressor, features: int) -> np.ndarray:
    """The exact Banzhaf values of a tree over masks of fair coins (chapter *How fast, how many*).

    A leaf that asks for d features is reached by one mask in 2^d. Each of those features owes it that share
    of the leaf's value, twice: with a plus where the leaf wants the feature on, with a minus where off.

    Args:
        tree: a fitted regression tree whose inputs are masks.
        features: how many there are.

    Returns:
        (outputs, features) values.
    """
    nodes = tree.tree_
    values = np.zeros((nodes.value.shape[1], features))
    waiting: list[tuple[int, dict[int, bool]]] = [(0, {})]
    while waiting:
        node, wanted = waiting.pop()
        off, on = nodes.children_left[node], nodes.children_right[node]
        if off < 0:  # a leaf has no children
            share = 2 * nodes.value[node, :, 0] / 2 ** len(wanted)
            for feature, is_on in wanted.items():
                values[:, feature] += share if is_on else -share
            continue
        feature = int(nodes.feature[node])
        waiting.append((off, wanted | {feature: False}))
        waiting.append((on, wanted | {feature: True}))
    return values


def fit_with_control(masks: np.ndarray, outputs: np.ndarray, alpha: float = 1.0, pairs: bool = False) -> Fit:
    """Fit answers to joint masks, with the trees' guess taken off where that makes the errors smaller.

    Args:
        masks: (n, features) booleans, fair coins.
        outputs: (n, outputs), what the model said.
        alpha: strength of the ridge.
        pairs: whether the masks come in pairs of mirror images.

    Returns:
        A `Fit`; its R2 is that of the plain fit, for it says how well a sum can describe the answers.

    Example:
        >>> from musiclime.explain.masks import coins
        >>> masks = coins(400, 6)
        >>> together = (masks[:, :1] & masks[:, 1:2]).astype(float)
        >>> bool(fit_with_control(masks, together).errors.max() < 0.5 * fit(masks, together).errors.max())
        True
    """
    outputs = np.asarray(outputs, dtype=float)
    plain = fit(masks, outputs, None, alpha, pairs)
    if len(masks) < FEWEST:
        return plain
    known = guess(masks, outputs, pairs)
    rest = fit(masks, outputs - known.answers, None, alpha, pairs)
    return _better(plain, rest, known.values, masks.mean(axis=0))


def fit_crossed_with_control(
    audio: np.ndarray,
    lyrics: np.ndarray,
    grid: Callable[[], Iterable[np.ndarray]],
    alpha: float = 1.0,
    pairs: tuple[bool, bool] = (False, False),
) -> Fit:
    """Fit a grid of answers, with what trees guess of its rows and of its columns taken off.

    Args:
        audio: (A, cells) masks.
        lyrics: (T, words) masks.
        grid: gives the grid from its first row to its last, some rows at a time; called three times.
        alpha: strength of the ridge.
        pairs: whether the audio masks, and the lyric masks, come in pairs of mirror images.

    Returns:
        A `CrossedFit`; its R2 and its noise are those of the plain fit.
    """
    plain = fit_crossed(audio, lyrics, grid(), alpha, pairs)
    if min(len(audio), len(lyrics)) < FEWEST:
        return plain
    row_means, column_means = _means(grid())
    by_sound = guess(audio, row_means, pairs[0])
    by_words = guess(lyrics, column_means, pairs[1])

    def what_is_left() -> Iterable[np.ndarray]:
        row = 0
        for block in grid():
            rows = slice(row, row + len(block))
            row += len(block)
            yield block - by_sound.answers[rows, None] - by_words.answers[None]

    rest = fit_crossed(audio, lyrics, what_is_left(), alpha, pairs)
    values = np.hstack([by_sound.values, by_words.values])
    on_average = np.concatenate([audio.mean(axis=0), lyrics.mean(axis=0)])
    return _better(plain, rest, values, on_average)


def _means(grid: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each row of a grid, and of each column: (A, outputs) and (T, outputs)."""
    rows: list[np.ndarray] = []
    columns: Any = 0.0
    for block in grid:
        rows.extend(block.mean(axis=1, dtype=float))
        columns = columns + block.sum(axis=0, dtype=float)
    return np.array(rows), columns / len(rows)


def _better(plain: Fit, rest: Fit, values: np.ndarray, on_average: np.ndarray) -> Fit:
    """The plain fit, or the controlled one where its squared errors add up to less."""
    if (plain.errors**2).sum() <= (rest.errors**2).sum():
        return plain
    weights = rest.weights + values
    mean_answer = plain.intercept + plain.weights @ on_average
    intercept = mean_answer - weights @ on_average
    changed: dict[str, Any] = {
        "weights": weights,
        "intercept": intercept,
        "local": intercept + weights.sum(axis=1),
        "score": plain.score,
        "controlled": True,
    }
    if isinstance(plain, CrossedFit):
        changed["noise"] = plain.noise
    return replace(rest, **changed)
