"""A grid of masks: every audio mask with every lyric mask, one fit to all pairs, how many to take."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from scipy.linalg import cho_solve
from scipy.stats import norm

from .surrogate import Fit, cholesky, contrast_matrix, pair_up, r_squared, room, split_contrasts


@dataclass(frozen=True)
class CrossedFit(Fit):
    """A fit to a grid of A audio masks and T lyric masks, with the parts of its variance.

    by_audio, by_lyrics, by_cell: (outputs, features), the parts that shrink with A, with T and with A x T.
    noise: an output's variance that no sum of weights explains, as a joint design would meet it.
    """

    by_audio: np.ndarray = field(kw_only=True)
    by_lyrics: np.ndarray = field(kw_only=True)
    by_cell: np.ndarray = field(kw_only=True)
    noise: np.ndarray = field(kw_only=True)


def fit_crossed(
    audio: np.ndarray,
    lyrics: np.ndarray,
    blocks: Iterable[np.ndarray],
    alpha: float = 1.0,
    pairs: tuple[bool, bool] = (False, False),
) -> CrossedFit:
    """Fit one additive model to a grid of audio x lyric masks (chapter *How fast, how many*).

    With a full grid the fit falls into two small ones: the means of the rows on the audio masks, the means of
    the columns on the lyric masks. Cells of a row share a sound and cells of a column share a text, so the
    errors are clustered both ways: variance by rows + variance by columns - variance by cells.

    Args:
        audio: (A, cells) masks.
        lyrics: (T, words) masks.
        blocks: the grid of outputs from its first row to its last, some rows at a time, each
            (rows, T, outputs); with audio masks in pairs an even number of rows.
        alpha: strength of the ridge.
        pairs: whether the audio masks, and the lyric masks, come in pairs of mirror images.

    Returns:
        A `CrossedFit`, audio features first.

    Example:
        >>> from musiclime.explain.masks import draw
        >>> audio, lyrics = draw(20, 2), draw(30, 2, seed=1)
        >>> grid = audio[:, None] @ [[1], [2]] + lyrics[None] @ [[3], [4]]
        >>> fit_crossed(audio, lyrics, [grid], alpha=1e-9).weights.round(3).tolist()
        [[1.0, 2.0, 3.0, 4.0]]
    """
    passed = _pass_grid(audio, lyrics, blocks, alpha, pairs)
    base, squares, left, right, meetings = passed
    outputs, cells = len(base), len(audio) * len(lyrics)
    mean = left.sums.sum(0) / cells
    for side in (left, right):
        side.fit(mean)

    variation = squares - cells * mean**2
    unexplained, noise = _left_over(left, right, variation)
    by_audio, by_lyrics, by_cell = _variances(left, right, meetings)
    variance = np.maximum(by_audio + by_lyrics - by_cell, by_cell)
    errors, contrasts = split_contrasts(np.sqrt(variance).T, outputs)
    beta = np.concatenate([left.beta, right.beta])
    intercept = base + mean - np.concatenate([audio.mean(0), lyrics.mean(0)]) @ beta
    return CrossedFit(
        weights=beta.T,
        errors=errors,
        intercept=intercept,
        score=r_squared(unexplained, variation, cells * (base**2 + 1e-300)),
        local=intercept + beta.sum(0),
        contrasts=contrasts,
        by_audio=by_audio[:, :outputs].T,
        by_lyrics=by_lyrics[:, :outputs].T,
        by_cell=by_cell[:, :outputs].T,
        noise=noise,
    )


def _left_over(left: "_Side", right: "_Side", variation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the weights leave unexplained of a grid's variation: its sum, and its variance in one cell."""
    # What is left of the variation when rows and columns are taken off is the interaction.
    together = variation - left.others * left.variation - right.others * right.variation
    together = np.maximum(together, 0)
    unexplained = left.others * left.unexplained + right.others * right.unexplained + together
    noise = left.unexplained / left.freedom + right.unexplained / right.freedom
    noise = noise + together / ((right.others - 1) * (left.others - 1))
    return unexplained, noise


def _pass_grid(audio: np.ndarray, lyrics: np.ndarray, blocks: Any, alpha: float, pairs: Any) -> Any:
    """Everything that the fit needs of the grid, added up as it passes.

    Numbers are taken relative to the first block's mean, so that single precision is enough for a block.
    """
    blocks = iter(blocks)
    first = np.asarray(next(blocks))
    base = first.mean(axis=(0, 1), dtype=float)
    outputs = len(base)
    left = _Side(audio, len(lyrics), outputs, alpha, pairs[0])
    right = _Side(lyrics, len(audio), outputs, alpha, pairs[1])
    squares = np.zeros(outputs)
    shape = (len(audio), len(lyrics))
    meetings = [_Interaction(signed, pairs, shape, outputs) for signed in _signs(pairs)]
    row = 0
    for block in chain([first], blocks):
        block = (np.asarray(block) - base).astype(np.float32)
        rows = slice(row, row + len(block))
        row += len(block)
        squares += np.square(block, dtype=float).sum((0, 1))
        left.sums[rows] = block.sum(1, dtype=float)
        right.sums += block.sum(0, dtype=float)
        left.read += np.tensordot(left.reader[:, rows].astype(np.float32), block, (1, 0))
        right.read[:, rows] = np.tensordot(right.reader.astype(np.float32), block, (1, 1))
        for meeting in meetings:
            meeting.add(block)
    return base, squares, left, right, meetings


def _variances(left: "_Side", right: "_Side", meetings: list) -> tuple[np.ndarray, ...]:
    """The variance of all weights by audio masks, by lyric masks, and by cells of the grid."""
    by_audio, by_lyrics, by_cell = left.variances(right, meetings[0])
    # What is the lyric side's own is the grid's columns.
    own, others, cell = right.variances(left, meetings[-1])
    by_audio = np.concatenate([by_audio, others])
    by_lyrics = np.concatenate([by_lyrics, own])
    return by_audio, by_lyrics, np.concatenate([by_cell, cell])


class _Side:
    """One modality of a crossed fit: its regression, and the sums that the grid leaves as it passes."""

    def __init__(self, masks: np.ndarray, others: int, outputs: int, alpha: float, paired: bool) -> None:
        self.count, self.others, self.paired = len(masks), others, paired
        self.x = masks - masks.mean(0)
        factor = cholesky(self.x.T @ self.x + alpha / others * np.eye(masks.shape[1]))
        # reader @ outputs are the weights: what each mask's output adds to each of them.
        self.reader = cho_solve(factor, self.x.T)
        self.leverage = 1 / self.count + (self.reader * self.x.T).sum(0)
        self.freedom = max(self.count - masks.shape[1] - 1, 1)
        self.sums = np.zeros((self.count, outputs))
        self.read = np.zeros((masks.shape[1], others, outputs))

    def fit(self, mean: np.ndarray) -> None:
        """Regress the means of the grid's rows (or columns) on the masks."""
        means = self.sums / self.others - mean
        self.beta = self.reader @ means
        self.residual = means - self.x @ self.beta
        self.variation = (means**2).sum(0)
        self.unexplained = (self.residual**2).sum(0)

    def variances(self, other: "_Side", meeting: "_Interaction") -> tuple[np.ndarray, ...]:
        """The variance of this side's weights from its own masks, from the other's, and from both at once.

        (features, outputs) each, and the variances of the differences between outputs in further columns.

        Args:
            other: the other modality of the same grid, fitted.
            meeting: the interaction as it was added up for this side.
        """
        differences = contrast_matrix(self.beta.shape[1])

        # As if the other side's masks were all there are: the sandwich of an ordinary regression.
        noise = np.hstack([self.residual, self.residual @ differences])
        reader, leverage = self.reader, self.leverage
        if self.paired:
            reader, noise, leverage = pair_up(reader, noise, leverage, 1 / self.count)
        by_own = reader**2 @ (noise**2 / room(leverage)[:, None])

        # The weights as each single mask of the other side gives them, and the error of their mean.
        single = self.read
        if other.paired:
            single = (single[:, 0::2] + single[:, 1::2]) / 2
        scatter = single - self.beta[:, None]
        scatter = np.concatenate([scatter, scatter @ differences], axis=2)
        count = single.shape[1]
        by_other = (scatter**2).sum(1) / (count * (count - 1))

        both = meeting.variance()
        both = np.concatenate([np.diag(both), np.diag(differences.T @ both @ differences)])
        both = np.maximum(both, 0)
        by_cell = (reader**2).sum(1)[:, None] * both / self.others
        return by_own, by_other, by_cell


def _signs(pairs: Any) -> list[int]:
    """The sides whose pairs are subtracted: without any pairs one count of the interaction serves both."""
    return [0, 1] if any(pairs) else [0]


class _Interaction:
    """What neither rows nor columns explain, added up as the grid passes: the noise of a cell of the grid.

    A weight reads the difference between the two masks of a pair on its own side, and the sum over the two
    masks of a pair on the other side. So that is what is squared.
    """

    def __init__(self, signed: int, pairs: Any, shape: tuple[int, int], outputs: int) -> None:
        self.signed, self.pairs = signed, pairs
        self.rows, self.columns = (n // 2 if paired else n for n, paired in zip(shape, pairs))
        self.scale = 2 if pairs[1 - signed] else 1
        self.squares = np.zeros((outputs, outputs))
        self.row_squares = np.zeros((outputs, outputs))
        self.column_sums = np.zeros((self.columns, outputs))

    def add(self, block: np.ndarray) -> None:
        if self.pairs[0]:
            block = self._fold(block[0::2], block[1::2], self.signed == 0)
        if self.pairs[1]:
            block = self._fold(block[:, 0::2], block[:, 1::2], self.signed == 1)
        sums = block.sum(1, dtype=float)
        flat = block.reshape(-1, block.shape[-1]).astype(float)
        self.squares += flat.T @ flat
        self.row_squares += sums.T @ sums
        self.column_sums += block.sum(0, dtype=float)

    @staticmethod
    def _fold(one: np.ndarray, other: np.ndarray, subtract: bool) -> Any:
        return one - other if subtract else one + other

    def variance(self) -> np.ndarray:
        """(outputs, outputs) covariances of a cell, rows and columns taken off."""
        total = self.column_sums.sum(0)
        rest = (
            self.squares
            - self.row_squares / self.columns
            - self.column_sums.T @ self.column_sums / self.rows
            + np.outer(total, total) / (self.rows * self.columns)
        )
        return rest / ((self.rows - 1) * (self.columns - 1) * self.scale)


def allocate(
    pilot: CrossedFit,
    counts: tuple[int, ...],
    features: tuple[int, ...],
    joint: int = 5000,
    costs: tuple[float, float] = (1.0, 1.0),
    pairs: tuple[bool, bool] = (False, False),
    output: int | None = None,
) -> tuple[int, int]:
    """Find the cheapest grid with the squared error of so many joint masks (chapter *How fast, how many*).

    Args:
        pilot: the fit of a small grid.
        counts: the pilot's numbers of masks; a grid is never smaller.
        features: how many features each side has.
        joint: independent masks of sound and words together whose error is to be matched.
        costs: what one encoding of a sound and of a text costs.
        pairs: whether the pilot was fitted, and the grid is to be drawn, in pairs.
        output: the output whose weights are to be so exact; None: all together.

    Returns:
        (A, T), how many masks of sound and of words.
    """
    chosen = slice(None) if output is None else slice(output, output + 1)
    size = np.array([2 if paired else 1 for paired in pairs])  # masks in an observation
    taken = np.array(features) + 1  # observations that the fit itself uses up
    free = np.array(counts) / size - taken
    goal = 4 * pilot.noise[chosen].sum() * sum(features) / (joint - sum(features) - 1)
    if goal <= 0:
        return int(counts[0]), int(counts[1])

    # Squared error = from_audio / A + from_lyrics / T + from_both / (A T), in free observations.
    by_cell = pilot.by_cell[chosen]
    alone = [(part[chosen] - by_cell).sum() for part in (pilot.by_audio, pilot.by_lyrics)]
    alone = np.maximum(np.array(alone) * free, 1e-12 * goal)
    both = by_cell.sum() * free.prod()
    price = np.asarray(costs, dtype=float) * size
    roots = np.sqrt(alone * price)
    needed = roots / price * roots.sum() / goal
    for _ in range(20):
        error = (alone / needed).sum() + both / needed.prod()
        needed = needed * error / goal
    masks = np.ceil(needed + taken).astype(int) * size
    sounds, texts = (int(np.clip(n, least, max(joint, least))) for n, least in zip(masks, counts))
    return sounds, texts


def choose_pairs(
    pilots: dict[tuple[bool, bool], CrossedFit],
    counts: tuple[int, ...],
    features: tuple[int, ...],
    joint: int = 5000,
    costs: tuple[float, float] = (1.0, 1.0),
    output: int | None = None,
) -> tuple[bool, bool]:
    """Whether masks in pairs pay, for sound and for words, as a pilot shows (chapter *How fast, how many*).

    Args:
        pilots: the fits of one pilot in pairs, each by (sound in pairs, words in pairs), as if it were.
        counts, features, joint, costs, output: as for `allocate`.

    Returns:
        The choice by which the same error costs least.
    """

    def price(choice: tuple[bool, bool]) -> float:
        sizes = allocate(pilots[choice], counts, features, joint, costs, choice, output)
        return float(np.dot(sizes, costs))

    return min(pilots, key=price)


def verdict(
    result: Fit, looks: int = 6, left: int = 0, narrow: float = 0.02, top: int = 5
) -> tuple[bool, str, float]:
    """Decide whether enough masks have been drawn (chapter *How fast, how many*).

    Judged on the output that moves most. The weights are narrow when the widest error is under 2 % of their
    spread. The top five are resolved when the fifth and the sixth differ at level 5 % / looks, and tied when
    the looks that are left could not tell them apart.

    Args:
        result: the fit of the masks so far.
        looks: how often one may look in all, each time at twice as many masks.
        left: how many looks are left.
        narrow: the widest error allowed, as a share of the spread.
        top: how many leading features are to be told from the rest.

    Returns:
        Whether to stop, why, and the factor by which the number of masks would have to grow.
    """
    spreads = np.ptp(result.weights, axis=1) if result.weights.size else np.zeros(1)
    if spreads.max() <= 1e-12:
        return True, "no feature moves any output", 1.0
    output = int(spreads.argmax())
    weights, errors = result.weights[output], result.errors[output]
    more = (errors.max() / spreads[output] / narrow) ** 2
    why = "narrow"
    if len(weights) > top:
        order = np.argsort(-weights)
        last, next_one = order[top - 1], order[top]
        level = norm.isf(0.05 / looks / 2)
        gap = (weights[last] - weights[next_one]) / np.hypot(errors[last], errors[next_one])
        resolve = (level / max(gap, 1e-9)) ** 2
        why = "narrow, top five resolved" if resolve <= 1 else "narrow, fifth and sixth tied"
        if resolve <= 2**left:
            more = max(more, resolve)
    if more > 1:
        return False, "looks used up", float(more)
    return True, why, float(more)
