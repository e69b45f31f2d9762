"""Masks and outputs in, weights and errors out; nothing here knows what a song is."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.stats import norm

SAMPLING = ("half", "lime")
ROWS = 2048


@dataclass(frozen=True)
class Fit:
    """outputs x features weights and standard errors; one intercept, R2 and local prediction per output."""

    weights: np.ndarray
    errors: np.ndarray
    intercept: np.ndarray
    score: np.ndarray
    local: np.ndarray


@dataclass(frozen=True)
class CrossedFit(Fit):
    """Also the parts of the variance that shrink with A, with T and with A x T, and the residual variance."""

    by_audio: np.ndarray
    by_lyrics: np.ndarray
    by_cell: np.ndarray
    noise: np.ndarray


def draw(count: int, features: int, sampling: str = "half", seed=0) -> np.ndarray:
    """count x features on/off masks, the first all on (chapter *Explain*).

    "half": a fair coin for every feature. "lime": the number switched off is uniform on 1..features.
    Fewer masks are the beginning of more.
    """
    if sampling not in SAMPLING:
        raise ValueError(f"sampling is one of {', '.join(SAMPLING)}, not {sampling!r}")
    chance = np.random.default_rng([*np.atleast_1d(seed), 0]).random((count, features), dtype=np.float32)
    if sampling == "half":
        masks = chance < 0.5
    else:
        removed = np.random.default_rng([*np.atleast_1d(seed), 1]).integers(1, max(features, 1) + 1, count)
        masks = chance.argsort(axis=1).argsort(axis=1) >= removed[:, None]
    masks[:1] = True
    return masks


def kernel(masks: np.ndarray, width: float) -> np.ndarray:
    """LIME's sqrt(exp(-d^2 / width^2)), d the cosine distance to "all on" (chapter *Four explainers*).

    LIME for text takes 100 d and width 25: that is 0.25 here. MusicLIME as published took 25.
    """
    distance = 1 - np.sqrt(masks.mean(axis=1, dtype=float))
    return np.sqrt(np.exp(-((distance / width) ** 2)))


def _cholesky(gram: np.ndarray):
    try:
        return cho_factor(gram, lower=True)
    except LinAlgError as error:
        told = f"{len(gram)} features cannot be told apart by so few samples"
        raise ValueError(f"{told}: take more samples or alpha > 0") from error


def _r2(rest, total, scale):
    """R2, and 1 where the output never moved (beyond rounding)."""
    still = total <= 1e-24 * np.maximum(scale, 1e-300)
    return np.where(still, 1.0, 1 - rest / np.where(still, 1.0, total))


def fit(masks: np.ndarray, outputs: np.ndarray, kernel=None, alpha: float = 1.0) -> Fit:
    """Weighted ridge for all outputs by one Cholesky, equal to lime's LimeBase (chapter *Four explainers*).

    The errors are of the sandwich kind (HC2): they trust neither linearity nor the kernel weights.
    """
    outputs = np.asarray(outputs, dtype=float)
    count, features = masks.shape
    weight = np.ones(count) if kernel is None else np.asarray(kernel, dtype=float)
    blocks = [slice(start, start + ROWS) for start in range(0, count, ROWS)]
    total = weight.sum()
    mean_y = weight @ outputs / total
    mean_x = sum(weight[rows] @ masks[rows] for rows in blocks) / total
    gram, moment = alpha * np.eye(features), np.zeros((features, outputs.shape[1]))
    for rows in blocks:
        x = masks[rows] - mean_x
        weighted = x * weight[rows, None]
        gram += weighted.T @ x
        moment += weighted.T @ (outputs[rows] - mean_y)
    factor = _cholesky(gram)
    beta = cho_solve(factor, moment)
    variance, rest, spread = np.zeros_like(beta), np.zeros(len(mean_y)), np.zeros(len(mean_y))
    for rows in blocks:
        x, y, w = masks[rows] - mean_x, outputs[rows] - mean_y, weight[rows, None]
        residual = y - x @ beta
        rooted = solve_triangular(factor[0], x.T, lower=True)
        leverage = w[:, 0] * ((rooted**2).sum(0) + 1 / total)
        influence = solve_triangular(factor[0], rooted, lower=True, trans="T") * w[:, 0]
        variance += influence**2 @ (residual**2 / np.maximum(1 - leverage, 1e-6)[:, None])
        rest += (w * residual**2).sum(0)
        spread += (w * y**2).sum(0)
    intercept = mean_y - mean_x @ beta
    return Fit(
        beta.T,
        np.sqrt(variance).T,
        intercept,
        _r2(rest, spread, weight @ outputs**2),
        intercept + masks[0] @ beta,
    )


def fit_crossed(audio: np.ndarray, lyrics: np.ndarray, blocks, alpha: float = 1.0) -> CrossedFit:
    """One additive fit to a grid of audio x lyric masks, its errors clustered both ways.

    blocks yields the grid from its first row to its last, some rows at a time: (rows, lyric masks, outputs)
    (chapter *How fast, how many*).
    """
    blocks = iter(blocks)
    first, row = np.asarray(next(blocks)), 0
    base, squares = first.mean(axis=(0, 1), dtype=float), 0.0
    sides = [_Side(one, len(two), len(base), alpha) for one, two in ((audio, lyrics), (lyrics, audio))]
    for block in chain([first], blocks):
        block = (np.asarray(block) - base).astype(np.float32)
        rows = slice(row, row := row + len(block))
        sides[0].sums[rows] = block.sum(1, dtype=float)
        sides[1].sums += block.sum(0, dtype=float)
        squares += np.square(block, dtype=float).sum((0, 1))
        left, right = (side.reader.astype(np.float32) for side in sides)
        sides[0].read += np.tensordot(left[:, rows], block, (1, 0))
        sides[1].read[:, rows] = np.tensordot(right, block, (1, 1))
    cells = len(audio) * len(lyrics)
    mean = sides[0].sums.sum(0) / cells
    for side, other in (sides, sides[::-1]):
        side.means = side.sums / other.count
        side.beta = side.reader @ (side.means - mean)
        side.line = side.x @ side.beta
    spread = squares - cells * mean**2
    both, rest, noise = spread.copy(), 0.0, 0.0
    for side, other in (sides, sides[::-1]):
        bent = ((side.means - mean - side.line) ** 2).sum(0)
        both -= other.count * ((side.means - mean) ** 2).sum(0)
        rest += other.count * bent
        noise += bent / max(side.count - len(side.beta) - 1, 1)
    rest, both = rest + both, np.maximum(both, 0) / ((len(audio) - 1) * (len(lyrics) - 1))
    parts = [side.variances(other, mean, both) for side, other in (sides, sides[::-1])]
    by_row, by_column, by_cell = (np.concatenate(kind) for kind in zip(*parts))
    beta = np.concatenate([side.beta for side in sides])
    shift = np.concatenate([audio.mean(0), lyrics.mean(0)])
    # What the lyric side calls its rows are the grid's columns.
    swap = (np.arange(len(beta)) >= audio.shape[1])[:, None]
    intercept = base + mean - shift @ beta
    return CrossedFit(
        beta.T,
        np.sqrt(np.maximum(by_row + by_column - by_cell, by_cell)).T,
        intercept,
        _r2(rest, spread, cells * (base**2 + 1e-300)),
        intercept + beta.sum(0),
        by_audio=np.where(swap, by_column, by_row).T,
        by_lyrics=np.where(swap, by_row, by_column).T,
        by_cell=by_cell.T,
        noise=noise + both,
    )


class _Side:
    """One modality of a crossed fit: its regression, and the sums that the grid leaves as it passes."""

    def __init__(self, masks, others, outputs, alpha):
        self.count = len(masks)
        self.x = masks - masks.mean(0)
        self.gram = self.x.T @ self.x + alpha / others * np.eye(masks.shape[1])
        self.reader = cho_solve(_cholesky(self.gram), self.x.T)
        self.leverage = 1 / self.count + (self.reader * self.x.T).sum(0)
        self.sums = np.zeros((self.count, outputs))
        self.read = np.zeros((len(self.reader), others, outputs))

    def variances(self, other, mean, both):
        """(from this side's masks, from the other's, from both at once): features x outputs each."""
        room = np.maximum(1 - self.leverage, 1e-6)[:, None]
        by_row = self.reader**2 @ ((self.means - mean - self.line) ** 2 / room)
        by_column = ((self.read - self.beta[:, None]) ** 2).sum(1) / (other.count * (other.count - 1))
        by_cell = (self.reader**2).sum(1)[:, None] * both / other.count
        return by_row, by_column, by_cell


def allocate(pilot: CrossedFit, counts, features, joint: int = 5000, costs=(1.0, 1.0)) -> tuple[int, int]:
    """The cheapest (A, T) with the squared error of joint paired masks (chapter *How fast, how many*)."""
    goal = 4 * pilot.noise.sum() * sum(features) / joint
    free = [n - p - 1 for n, p in zip(counts, features)]
    parts = (pilot.by_audio, pilot.by_lyrics)
    shares = [np.maximum(part - pilot.by_cell, 0).sum() * n for part, n in zip(parts, free)]
    both = pilot.by_cell.sum() * free[0] * free[1]
    if goal <= 0:
        return counts
    roots = np.sqrt(np.maximum(shares, 1e-12 * goal) * np.asarray(costs, dtype=float))
    sizes = roots / costs * roots.sum() / goal
    for _ in range(20):
        error = shares[0] / sizes[0] + shares[1] / sizes[1] + both / (sizes[0] * sizes[1])
        sizes = sizes * error / goal
    return tuple(
        int(np.clip(np.ceil(size) + p + 1, least, max(joint, least)))
        for size, p, least in zip(sizes, features, counts)
    )


def verdict(result: Fit, looks: int = 6, left: int = 0, narrow: float = 0.02, top: int = 5):
    """(enough?, why, how many times these samples would do), at one of several looks.

    Judged on the output that moves most. Narrow: the widest error is under 2 % of the spread of the weights.
    The top five are resolved when the fifth and sixth differ at level 5 % / looks, tied when the looks that
    are left could not tell (chapter *How fast, how many*).
    """
    spreads = np.ptp(result.weights, axis=1) if result.weights.size else np.zeros(1)
    if spreads.max() <= 1e-12:
        return True, "no feature moves any output", 1.0
    output = int(spreads.argmax())
    weights, errors = result.weights[output], result.errors[output]
    more = (errors.max() / spreads[output] / narrow) ** 2
    order = np.argsort(-weights)
    why = "narrow"
    if len(weights) > top:
        a, b = order[top - 1 : top + 1]
        z = norm.isf(0.05 / looks / 2)
        gap = max((weights[a] - weights[b]) / np.hypot(errors[a], errors[b]), 1e-9)
        resolve = (z / gap) ** 2
        why = "narrow, top five resolved" if resolve <= 1 else "narrow, fifth and sixth tied"
        if resolve <= 2**left:
            more = max(more, resolve)
    return more <= 1, why if more <= 1 else "looks used up", float(more)
