"""Do sound and words interact? A grid of audio masks x lyric masks of one song, taken apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from ..data.song import Song
from ..explain.ask_model import Answers, is_late_fusion
from ..explain.explainers import MusicLIME
from ..explain.explanation import Feature
from ..explain.masks import draw

if TYPE_CHECKING:
    from ..explain.features import Space

SCALES = ("probability", "logit")
GRID, FEW = 400, 100  # masks of each side: for late fusion, and for a model asked about every combination
LEAST = {"probability": 0.001, "logit": 0.02}  # a pair smaller than this is never marked, however sure


@dataclass(frozen=True)
class Interaction:
    """What sound and words do together to one class of one song (chapter *Do they interact?*).

    Args:
        label: the class.
        shares: a row a scale, "probability" and "logit" (centred log p): the share of the variance over masks
            that is interaction, with its interval, and the shares of sound and words alone.
        players: a row a scale: the game of two players, all of the sound and all of the words.
        cells, words: the features.
        matrix: on the scale `scale`, what each cell and each word do only together; `errors` beside it.
        scale: that of the matrix.
    """

    label: str
    shares: pd.DataFrame
    players: pd.DataFrame
    cells: list[Feature]
    words: list[Feature]
    matrix: np.ndarray
    errors: np.ndarray
    scale: str = "logit"

    @property
    def share_probability(self) -> float:
        return self.shares.loc["probability", "share"]

    @property
    def share_logit(self) -> float:
        return self.shares.loc["logit", "share"]

    @property
    def interval_probability(self) -> tuple[float, float]:
        return tuple(self.shares.loc["probability", ["low", "high"]])

    @property
    def interval_logit(self) -> tuple[float, float]:
        return tuple(self.shares.loc["logit", ["low", "high"]])

    @property
    def pairs(self) -> pd.DataFrame:
        """Every cell with every word and their interaction, the largest in size first.

        (chapter *Do they interact?*)
        """
        names = pd.MultiIndex.from_product([[f.name for f in self.cells], [f.name for f in self.words]])
        table = names.to_frame(index=False, name=["audio", "lyrics"])
        table = table.assign(weight=self.matrix.ravel(), error=self.errors.ravel())
        return table.sort_values("weight", key=lambda weight: -weight.abs(), kind="stable", ignore_index=True)

    @property
    def stands_out(self) -> np.ndarray:
        """Which pairs are beyond sampling noise, beyond the typical pair, and large enough to matter.

        Holm's test over all pairs, and at least `LEAST` on the scale of the matrix.
        """
        size = np.abs(self.matrix)
        typical = np.median(size) / norm.ppf(0.75)
        p = 2 * norm.sf(size / np.hypot(self.errors, typical)).ravel()
        order = np.argsort(p, kind="stable")
        threshold = 0.05 / (p.size - np.arange(p.size))
        passed = np.zeros(p.size, dtype=bool)
        passed[order] = np.logical_and.accumulate(p[order] <= threshold)
        return passed.reshape(self.matrix.shape) & (size >= LEAST[self.scale])


def interaction(
    song: Song,
    model: Any,
    label: str | None = None,
    *,
    masks: tuple[int, int] | None = None,
    scale: str = "logit",
    seed: int = 0,
    **options: Any,
) -> Interaction:
    """Measure how sound and words interact in a model's answer to a song.

    Args:
        song: the song.
        model: a model, or any function (audio, lyrics) -> outputs. Outputs that are no probabilities are
            taken as they are, on both scales.
        label: the class; by default the model's answer.
        masks: how many of sound and of lyrics. By default 400 each for late fusion, which encodes them apart;
            100 each for any other function, which is asked about all 10,000 combinations.
        scale: the scale of the matrix of pairs, "logit" or "probability".
        seed: of the masks.
        options: MusicLIME's.

    Returns:
        An `Interaction`.

    Example:
        >>> from musiclime.judge.white_boxes import game
        >>> song, predict, _ = game("xor")
        >>> float(interaction(song, predict, masks=(60, 60)).share_probability) > 0.5
        True

    (chapter *Do they interact?*)
    """
    if scale not in SCALES:
        raise ValueError(f"scale is one of {', '.join(SCALES)}, not {scale!r}")
    explainer = MusicLIME(model, seed=seed, **options)
    space = explainer.space(song)
    if not space.lyrics:
        raise ValueError(f"song {song.id!r} has no words that sound could interact with: give lyrics")
    if masks is None:
        masks = (GRID, GRID) if is_late_fusion(model) else (FEW, FEW)

    # All on, all off, then fair coins: the first two rows and columns are the two-player game.
    audio = draw(masks[0] + 2, len(space.audio), seed=[seed, 0])
    words = draw(masks[1] + 2, len(space.lyrics), seed=[seed, 1])
    audio[1] = words[1] = False
    outputs = _grid(explainer, space, audio, words)
    column, name = _class_of(explainer, outputs, label)

    grids = _on_both_scales(outputs, column)
    shares = {each: sobol_share(grid[2:, 2:]) for each, grid in grids.items()}
    players = {each: two_players(grid[:2, :2]) for each, grid in grids.items()}
    matrix, errors = pair_matrix(grids[scale][2:, 2:], audio[2:], words[2:])
    tables = pd.DataFrame(shares).T, pd.DataFrame(players).T
    return Interaction(name, *tables, space.audio, space.lyrics, matrix, errors, scale)


def _on_both_scales(outputs: np.ndarray, column: int) -> dict[str, np.ndarray]:
    """One class of a grid of answers, as probabilities and as logits; other outputs twice as they are."""
    logits = centred_log(outputs) if _are_probabilities(outputs) else outputs
    return {
        "probability": np.asarray(outputs[..., column], dtype=float),
        "logit": np.asarray(logits[..., column], dtype=float),
    }


def _grid(explainer: MusicLIME, space: "Space", audio: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Outputs for every audio mask with every lyric mask."""
    model = explainer.predict
    if is_late_fusion(model):
        return np.concatenate(list(Answers(model, space, explainer.batch, {}).grid(audio, words)))
    every = np.hstack([np.repeat(audio, len(words), axis=0), np.tile(words, (len(audio), 1))])
    return explainer.outputs(space, every).reshape(len(audio), len(words), -1)


def _class_of(explainer: MusicLIME, outputs: np.ndarray, label: str | None) -> tuple[int, str]:
    classes = explainer.classes or [f"output {number}" for number in range(outputs.shape[-1])]
    if label is None:
        column = int(outputs[0, 0].argmax())
        return column, classes[column]
    if label not in classes:
        raise ValueError(f"the model has no class {label!r}; it has {', '.join(classes)}")
    return classes.index(label), label


def _are_probabilities(outputs: np.ndarray) -> bool:
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(-1), 1, atol=1e-3))


def centred_log(probabilities: np.ndarray) -> np.ndarray:
    """Take log p minus its mean over classes: additive logits stay additive.

    Args:
        probabilities: (..., classes).

    Returns:
        The same shape.

    Example:
        >>> centred_log([0.5, 0.5]).tolist()
        [0.0, 0.0]

    (chapter *Do they interact?*)
    """
    logs = np.log(np.clip(np.asarray(probabilities, dtype=float), 1e-38, None))
    return logs - logs.mean(axis=-1, keepdims=True)


def two_players(corners: np.ndarray) -> dict[str, float]:
    """Play the game of two players, sound and words.

    Args:
        corners: [[both, sound alone], [words alone, neither]].

    Returns:
        The four values; `together`: what the two do only together; `share`: InterSHAP's share of it.

    Example:
        >>> two_players([[1, 0], [0, 0]])["together"]
        1.0

    (chapter *Do they interact?*)
    """
    (both, audio), (lyrics, neither) = np.asarray(corners, dtype=float)
    together = both - audio - lyrics + neither
    total = abs(together) + abs(audio - neither) + abs(lyrics - neither)
    share = abs(together) / total if total else 0.0
    names = ("both", "audio", "lyrics", "neither", "together", "share")
    return dict(zip(names, map(float, (both, audio, lyrics, neither, together, share))))


def additive_part(grid: np.ndarray) -> np.ndarray:
    """EMAP: the best sum of a row effect and a column effect (chapter *Do they interact?*)."""
    return grid.mean(1, keepdims=True) + grid.mean(0, keepdims=True) - grid.mean()


def _variance_shares(grid: np.ndarray) -> np.ndarray:
    """Shares of interaction, rows and columns in the variance, each freed of sampling noise."""
    rows, columns = grid.shape
    both = ((grid - additive_part(grid)) ** 2).sum() / ((rows - 1) * (columns - 1))
    # A mean over so many columns still carries that fraction of the interaction's variance.
    by_row = max(grid.mean(1).var(ddof=1) - both / columns, 0)
    by_column = max(grid.mean(0).var(ddof=1) - both / rows, 0)
    total = both + by_row + by_column
    if total <= 0:
        return np.zeros(3)
    return np.array([both, by_row, by_column]) / total


def _angle(share: float) -> float:
    return float(np.arcsin(np.sqrt(share)))


def sobol_share(grid: np.ndarray, groups: int = 20) -> dict[str, float]:
    """Measure the share of interaction in a grid of independent masks.

    The interval is a jackknife that leaves out groups of rows, then of columns, on the arcsine scale. It is
    too narrow (60 to 80 % instead of 95) where the share is near 1 or a few cells decide the variance.

    Args:
        grid: one output, audio masks x lyric masks.
        groups: how many groups are left out in turn.

    Returns:
        `share` with `low` and `high`; `audio` and `lyrics`, the shares of the rows and of the columns.

    Example:
        >>> bool(sobol_share(np.add.outer(np.arange(30.0), np.arange(30.0)))["share"] < 1e-9)
        True

    (chapter *Do they interact?*)
    """
    variance = 0.0
    for axis in (0, 1):
        parts = np.array_split(np.arange(grid.shape[axis]), min(groups, grid.shape[axis]))
        without = [_angle(_variance_shares(np.delete(grid, part, axis))[0]) for part in parts]
        variance += (len(parts) - 1) * float(np.var(without))
    share, audio, lyrics = _variance_shares(grid)
    reach = t.ppf(0.975, min(groups, *grid.shape) - 1) * np.sqrt(variance)
    low, high = np.sin(np.clip([_angle(share) - reach, _angle(share) + reach], 0, np.pi / 2)) ** 2
    return {"share": share, "low": low, "high": high, "audio": audio, "lyrics": lyrics}


def pair_matrix(
    grid: np.ndarray, audio_masks: np.ndarray, lyric_masks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute what each cell and each word do only together, with standard errors.

    Least squares for all products at once: on fair coins Banzhaf's interaction index, f(both) - f(one) -
    f(other) + f(neither) averaged over all else. With too few masks for that, its moment estimate.

    Args:
        grid: one output, audio masks x lyric masks.
        audio_masks, lyric_masks: the masks of its rows and columns.

    Returns:
        Weights and errors, cells x words.

    (chapter *Do they interact?*)
    """
    x, left, room_left = _side(audio_masks)
    y, right, room_right = _side(lyric_masks)
    together = grid - additive_part(grid)
    weights = left @ together @ right.T
    rest = together - x @ weights @ y.T
    # Clustered by rows plus by columns: what a single cell adds counts twice, on the careful side.
    by_row = room_left * left**2 @ (rest @ right.T) ** 2
    by_column = room_right * (left @ rest) ** 2 @ (right**2).T
    # Rounding is no evidence: nothing is surer than a billionth of what the grid spans.
    errors = np.sqrt(by_row + by_column) + 1e-9 * (np.ptp(grid) or 1.0)
    return weights[1:, 1:], errors[1:, 1:]


def _side(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """One side's design, what reads its coefficients, and the correction for few masks."""
    count, features = masks.shape
    x = np.column_stack([np.ones(count), masks - 0.5])
    if count >= 2 * (features + 1):
        return x, np.linalg.pinv(x), count / (count - features - 1)
    moments = np.vstack([np.ones(count), 4 * (masks - masks.mean(0)).T]) / count
    return x, moments, count / (count - 1)
