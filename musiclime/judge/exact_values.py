"""What an explainer estimates: the model's own Banzhaf, Shapley or LIME values, exact or nearly so."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln

from ..data.song import Song
from ..explain.ask_model import Answers, is_late_fusion
from ..explain.explanation import Feature

if TYPE_CHECKING:
    from ..explain.explainers import MusicLIME
    from ..explain.features import Space

ESTIMANDS = ("banzhaf", "shapley", "lime", "leave one out")
ENUMERATED = 14  # 16,384 masks
LIME_WIDTH = 0.25


@dataclass(frozen=True)
class ModelValues:
    """The values of every feature for every class, and how uncertain they are (chapter *The exam*).

    Args:
        estimand: which average over masks they are, one of `ESTIMANDS`.
        features: what the columns mean.
        values: classes x features.
        error: standard error of the values, classes; 0 where all masks were asked.
        masks: how many masks were asked in all.
    """

    estimand: str
    features: list[Feature]
    values: np.ndarray
    error: np.ndarray
    masks: int


def model_values(
    explainer: "MusicLIME",
    song: Song,
    estimand: str = "banzhaf",
    masks: int = 2000,
    seed: int = 0,
    enumerated: int = ENUMERATED,
) -> ModelValues:
    """Compute what an explanation of this song would converge to with ever more masks.

    Args:
        explainer: a MusicLIME (or the like); it says what *muted* means and asks the model.
        song: the song.
        estimand: "banzhaf", "shapley", "lime" (LIME's sampling and kernel) or "leave one out".
        masks: how many masks are drawn where the values are not exact: so many of sound and so many of
            lyrics for a late-fusion model, so many of both together for any other.
        seed: of these masks.
        enumerated: with so many features or fewer, every mask is asked, and nothing is drawn.

    Returns:
        A `ModelValues`. Its values are exact for at most `enumerated` features and for "leave one out";
        Banzhaf and Shapley values also for a tagger whose answers are a table (`load_tagger`). Otherwise it
        holds one standard error for each class: the root mean square over the features.

    Example:
        >>> from musiclime.judge.white_boxes import small_game
        >>> values = model_values(*small_game(audio=3, words=4), estimand="shapley")
        >>> values.values.shape, float(values.error.max())
        ((2, 7), 0.0)

    (chapter *The exam*)
    """
    if estimand not in ESTIMANDS:
        raise ValueError(f"estimand is one of {', '.join(ESTIMANDS)}, not {estimand!r}")
    space = explainer.space(song)
    features = space.audio + space.lyrics
    if estimand == "leave one out":
        values = _leave_one_out(explainer, space, len(features))
        return ModelValues(estimand, features, values, np.zeros(len(values)), len(features) + 1)

    if len(features) <= enumerated:
        every = every_mask(len(features))
        values = _values_of_joint(explainer, space, every, estimand, by_size=None)
        return ModelValues(estimand, features, values, np.zeros(len(values)), len(every))

    table = _patch_table(explainer.predict, space) if estimand in ("banzhaf", "shapley") else None
    if table is not None:
        values = table.banzhaf() if estimand == "banzhaf" else table.shapley()
        return ModelValues(estimand, features, values, np.zeros(len(values)), 0)

    # Two independent halves: their mean is the answer, their difference says how far to trust it.
    halves = [_sampled(explainer, space, estimand, masks // 2, [seed, half]) for half in (0, 1)]
    error = np.sqrt(np.mean((halves[0] - halves[1]) ** 2, axis=1)) / 2
    return ModelValues(estimand, features, (halves[0] + halves[1]) / 2, error, masks)


def _patch_table(model: Any, space: "Space") -> Any:
    """The table of all answers that a tagger by patches offers, where its patches hear few enough cells."""
    if not hasattr(model, "table") or space.lyrics:
        return None
    try:
        return model.table(space)
    except ValueError:  # too many cells a patch: their values are drawn
        return None


def every_mask(features: int) -> np.ndarray:
    """All 2^features masks, one a row."""
    numbers = np.arange(2**features)
    return (numbers[:, None] >> np.arange(features)) % 2 == 1


def mask_weight(estimand: str, size: np.ndarray, features: int) -> np.ndarray:
    """How much a mask with `size` features on counts in the least squares that defines an estimand.

    Args:
        estimand: "banzhaf", "shapley" or "lime": what the weights are to be.
        size: how many features are on, an array of any shape.
        features: how many features there are.

    Returns:
        Weights in the shape of `size`; 0 where a mask does not count.
    """
    size = np.asarray(size)
    if estimand == "banzhaf":
        return np.ones(size.shape)
    if estimand == "shapley":
        # Shapley values: the masks with nothing and with everything on are constraints, not data.
        inside = (size > 0) & (size < features)
        between = np.where(inside, size * (features - size), 1)
        return inside * np.exp(-_log_choose(features, size)) / between
    # LIME switches off 1 to p features, each number equally often, and weighs by its kernel.
    kernel = _lime_kernel(size / features)
    return (size < features) * np.exp(-_log_choose(features, size)) * kernel


def _lime_kernel(share_on: np.ndarray) -> np.ndarray:
    distance = 1 - np.sqrt(share_on)
    return np.sqrt(np.exp(-((distance / LIME_WIDTH) ** 2)))


def _log_choose(total: int, some: np.ndarray) -> np.ndarray:
    return gammaln(total + 1) - gammaln(some + 1) - gammaln(total - some + 1)


def _leave_one_out(explainer: "MusicLIME", space: "Space", features: int) -> np.ndarray:
    masks = np.vstack([np.ones(features, dtype=bool), ~np.eye(features, dtype=bool)])
    outputs = explainer.outputs(space, masks)
    return (outputs[0] - outputs[1:]).T


def _sampled(
    explainer: "MusicLIME", space: "Space", estimand: str, masks: int, seed: list[int]
) -> np.ndarray:
    """One estimate, classes x features: on a grid where sound and words can be asked apart."""
    by_size = estimand != "banzhaf"
    if is_late_fusion(explainer.predict) and space.audio and space.lyrics:
        audio = _draw(masks, len(space.audio), by_size, [*seed, 0])
        words = _draw(masks, len(space.lyrics), by_size, [*seed, 1])
        return _values_of_grid(explainer, space, audio, words, estimand)
    drawn = _draw(masks, len(space.audio) + len(space.lyrics), by_size, seed)
    return _values_of_joint(explainer, space, drawn, estimand, by_size)


def _draw(count: int, features: int, by_size: bool, seed: list[int]) -> np.ndarray:
    """Fair coins, or masks of which every size is equally likely; each second one is the first's opposite."""
    rng = np.random.default_rng(seed)
    half = (count + 1) // 2
    if by_size:
        size = rng.integers(0, features + 1, half)
        rank = rng.random((half, features)).argsort(axis=1).argsort(axis=1)
        drawn = rank < size[:, None]
    else:
        drawn = rng.random((half, features)) < 0.5
    return np.vstack([drawn, ~drawn])


def _values_of_grid(
    explainer: "MusicLIME", space: "Space", audio: np.ndarray, words: np.ndarray, estimand: str
) -> np.ndarray:
    """Weighted least squares over all pairs of audio masks and lyric masks."""
    sizes = audio.sum(1)[:, None] + words.sum(1)[None]
    weight = mask_weight(estimand, sizes, audio.shape[1] + words.shape[1])
    if estimand != "banzhaf":
        # Divide by how likely each mask was: every size equally, every mask of a size equally.
        weight = weight * np.exp(_log_choose(audio.shape[1], audio.sum(1)))[:, None]
        weight = weight * np.exp(_log_choose(words.shape[1], words.sum(1)))[None]
    answers = Answers(explainer.predict, space, explainer.batch, {})
    sums = _Sums(audio, words, weight)
    for block in answers.grid(audio, words):
        sums.add(block)
    return sums.solve(_ends(explainer, space) if estimand == "shapley" else None)


def _values_of_joint(
    explainer: "MusicLIME", space: "Space", masks: np.ndarray, estimand: str, by_size: bool | None
) -> np.ndarray:
    """The same over masks of all features at once, which is a grid of one column."""
    weight = mask_weight(estimand, masks.sum(1), masks.shape[1])
    if by_size:
        weight = weight * np.exp(_log_choose(masks.shape[1], masks.sum(1)))
    sums = _Sums(masks, np.zeros((1, 0), dtype=bool), weight[:, None])
    sums.add(explainer.outputs(space, masks)[:, None])
    return sums.solve(_ends(explainer, space) if estimand == "shapley" else None)


def _ends(explainer: "MusicLIME", space: "Space") -> np.ndarray:
    """What the model says with everything on, and with everything off."""
    features = len(space.audio) + len(space.lyrics)
    return explainer.outputs(space, np.array([[True] * features, [False] * features]))


class _Sums:
    """The normal equations of weighted least squares on a grid, gathered block of rows by block of rows."""

    def __init__(self, audio: np.ndarray, words: np.ndarray, weight: np.ndarray) -> None:
        self.audio = np.column_stack([np.ones(len(audio)), audio])
        self.words = words.astype(float)
        self.weight = weight / weight.mean()
        self.rows_seen, self.column_sums = 0, 0.0
        self.row_sums: list[np.ndarray] = []

    def add(self, block: np.ndarray) -> None:
        """Add the model's answers to the next audio masks: (audio masks, lyric masks, outputs)."""
        rows = slice(self.rows_seen, self.rows_seen + len(block))
        weighted = self.weight[rows, :, None] * block
        self.row_sums.append(weighted.sum(1))
        self.column_sums = self.column_sums + weighted.sum(0)
        self.rows_seen += len(block)

    def solve(self, ends: Any = None) -> np.ndarray:
        """Weights, classes x features; with `ends` they add up to all on minus all off (Shapley)."""
        across = self.audio.T @ self.weight @ self.words
        gram = np.block(
            [
                [(self.audio.T * self.weight.sum(1)) @ self.audio, across],
                [across.T, (self.words.T * self.weight.sum(0)) @ self.words],
            ]
        )
        moment = np.vstack([self.audio.T @ np.vstack(self.row_sums), self.words.T @ self.column_sums])
        if ends is None:
            return np.linalg.lstsq(gram, moment, rcond=None)[0][1:].T

        # The intercept is what nothing gives; a Lagrange multiplier keeps the sum.
        size = len(gram) - 1
        constrained = np.zeros((size + 1, size + 1))
        constrained[:size, :size] = gram[1:, 1:]
        constrained[:size, size] = constrained[size, :size] = len(self.weight)
        right = np.vstack([moment[1:] - gram[1:, :1] * ends[1], len(self.weight) * (ends[0] - ends[1])[None]])
        return np.linalg.lstsq(constrained, right, rcond=None)[0][:size].T
