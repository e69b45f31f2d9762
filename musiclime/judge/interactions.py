"""Do sound and words interact? A grid of audio masks x lyric masks of one song, taken apart."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from ..explain import surrogate
from ..explain.ask_model import Answers, is_late_fusion
from ..explain.explainers import MusicLIME
from ..explain.explanation import Feature


@dataclass(frozen=True)
class Interaction:
    """What sound and words do together to one class of one song (chapter *Do they interact?*).

    shares, players: a row for each scale, "probability" and "logit" (centred log p). matrix, errors: the
    weight of each cell with each word on the logit scale, and its standard error.
    """

    label: str
    shares: pd.DataFrame
    players: pd.DataFrame
    cells: list[Feature]
    words: list[Feature]
    matrix: np.ndarray
    errors: np.ndarray

    share_probability = property(lambda self: self.shares.loc["probability", "share"])
    share_logit = property(lambda self: self.shares.loc["logit", "share"])
    interval_probability = property(lambda self: tuple(self.shares.loc["probability", ["low", "high"]]))
    interval_logit = property(lambda self: tuple(self.shares.loc["logit", ["low", "high"]]))

    @property
    def pairs(self) -> pd.DataFrame:
        """Every cell with every word, the largest first (chapter *Do they interact?*)."""
        names = pd.MultiIndex.from_product([[f.name for f in self.cells], [f.name for f in self.words]])
        table = names.to_frame(index=False, name=["audio", "lyrics"])
        table = table.assign(weight=self.matrix.ravel(), error=self.errors.ravel())
        return table.sort_values("weight", key=lambda w: -w.abs(), kind="stable", ignore_index=True)

    @property
    def stands_out(self) -> np.ndarray:
        """Pairs beyond sampling noise and beyond the typical pair, by Holm's test over all of them."""
        typical = np.median(np.abs(self.matrix)) / norm.ppf(0.75)
        p = 2 * norm.sf(np.abs(self.matrix) / np.hypot(self.errors, typical)).ravel()
        order = np.argsort(p, kind="stable")
        passed = np.zeros(p.size, dtype=bool)
        passed[order] = np.logical_and.accumulate(p[order] <= 0.05 / (p.size - np.arange(p.size)))
        return passed.reshape(self.matrix.shape)


def interaction(song, model, label=None, *, masks=None, seed=0, **options) -> Interaction:
    """Measure how sound and words interact in a model's answer to a song (chapter *Do they interact?*).

    masks: how many of sound and of lyrics; 400 each for late fusion, which encodes them apart, 100 for any
    other function, which is asked about all 10,000 combinations. options: MusicLIME's. Outputs that are no
    probabilities are taken as they are, on both scales.
    """
    explainer = MusicLIME(model, seed=seed, **options)
    space, late = explainer.space(song), is_late_fusion(model)
    if not space.lyrics:
        raise ValueError(f"song {song.id!r} has no words that sound could interact with: give lyrics")
    counts = masks or ((400, 400) if late else (100, 100))
    # All on, all off, then fair coins: the first two rows and columns are the two-player game.
    a = surrogate.draw(counts[0] + 2, len(space.audio), seed=[seed, 0])
    w = surrogate.draw(counts[1] + 2, len(space.lyrics), seed=[seed, 1])
    a[1] = w[1] = False
    if late:
        outputs = np.concatenate(list(Answers(model, space, explainer.batch, {}).grid(a, w)))
    else:
        pairs = np.hstack([np.repeat(a, len(w), axis=0), np.tile(w, (len(a), 1))])
        outputs = explainer.outputs(space, pairs).reshape(len(a), len(w), -1)
    classes = explainer.classes or [f"output {k}" for k in range(outputs.shape[-1])]
    if label is not None and label not in classes:
        raise ValueError(f"the model has no class {label!r}; it has {', '.join(classes)}")
    column = int(outputs[0, 0].argmax()) if label is None else classes.index(label)
    probabilities = (outputs >= 0).all() and np.allclose(outputs.sum(-1), 1, atol=1e-3)
    scales = {"probability": outputs, "logit": centred_log(outputs) if probabilities else outputs}
    scales = {scale: np.asarray(values[..., column], dtype=float) for scale, values in scales.items()}
    shares, players = (
        pd.DataFrame({scale: measure(values[part, part]) for scale, values in scales.items()}).T
        for measure, part in ((sobol_share, slice(2, None)), (two_players, slice(2)))
    )
    pairs = pair_matrix(scales["logit"][2:, 2:], a[2:], w[2:])
    return Interaction(classes[column], shares, players, space.audio, space.lyrics, *pairs)


def centred_log(probabilities) -> np.ndarray:
    """log p minus its mean over classes: additive logits stay additive (chapter *Do they interact?*)."""
    logs = np.log(np.clip(np.asarray(probabilities, dtype=float), 1e-38, None))
    return logs - logs.mean(axis=-1, keepdims=True)


def two_players(corners) -> dict[str, float]:
    """The game of two players, from [[both, audio], [lyrics, neither]], and InterSHAP's share."""
    (both, audio), (lyrics, neither) = np.asarray(corners, dtype=float)
    together = both - audio - lyrics + neither
    total = abs(together) + abs(audio - neither) + abs(lyrics - neither)
    share = abs(together) / total if total else 0.0
    names = ("both", "audio", "lyrics", "neither", "together", "share")
    return dict(zip(names, map(float, (both, audio, lyrics, neither, together, share))))


def additive_part(grid) -> np.ndarray:
    """EMAP: the best sum of a row effect and a column effect (chapter *Do they interact?*)."""
    return grid.mean(1, keepdims=True) + grid.mean(0, keepdims=True) - grid.mean()


def _parts(grid) -> np.ndarray:
    """Shares of interaction, rows and columns in the variance, each freed of sampling noise."""
    rows, columns = grid.shape
    both = ((grid - additive_part(grid)) ** 2).sum() / ((rows - 1) * (columns - 1))
    # A mean over T columns still carries 1/T of the interaction's variance.
    own = [max(grid.mean(1).var(ddof=1) - both / columns, 0), max(grid.mean(0).var(ddof=1) - both / rows, 0)]
    return np.array([both, *own]) / (both + sum(own)) if both + sum(own) > 0 else np.zeros(3)


def sobol_share(grid, groups: int = 20) -> dict[str, float]:
    """The share of interaction in a grid of independent masks (chapter *Do they interact?*).

    The interval: a jackknife that leaves out groups of rows, then of columns, on the arcsine scale.
    """
    variance, angle = 0.0, lambda share: np.arcsin(np.sqrt(share))
    for axis in (0, 1):
        some = np.array_split(np.arange(grid.shape[axis]), min(groups, grid.shape[axis]))
        left = [angle(_parts(np.delete(grid, part, axis))[0]) for part in some]
        variance += (len(some) - 1) * np.var(left)
    value, audio, lyrics = _parts(grid)
    reach = t.ppf(0.975, min(groups, *grid.shape) - 1) * np.sqrt(variance)
    low, high = np.sin(np.clip([angle(value) - reach, angle(value) + reach], 0, np.pi / 2)) ** 2
    return {"share": value, "low": low, "high": high, "audio": audio, "lyrics": lyrics}


def pair_matrix(grid, audio_masks, lyric_masks) -> tuple[np.ndarray, np.ndarray]:
    """What each cell and each word do only together, with standard errors (chapter *Do they interact?*).

    Least squares for all products at once: on fair coins Banzhaf's interaction index, f(both) - f(one) -
    f(other) + f(neither) averaged over all else. With too few masks for that, its moment estimate.
    """
    (x, left, room_left), (y, right, room_right) = _side(audio_masks), _side(lyric_masks)
    together = grid - additive_part(grid)
    weights = left @ together @ right.T
    rest = together - x @ weights @ y.T
    # Clustered by rows plus by columns: what a single cell adds counts twice, on the careful side.
    variance = room_left * left**2 @ (rest @ right.T) ** 2 + room_right * (left @ rest) ** 2 @ (right**2).T
    # Rounding is no evidence: nothing is surer than a billionth of what the grid spans.
    return weights[1:, 1:], (np.sqrt(variance) + 1e-9 * (np.ptp(grid) or 1.0))[1:, 1:]


def _side(masks):
    """(design, what reads its coefficients, room for small samples) of one side's masks."""
    count, features = masks.shape
    x = np.column_stack([np.ones(count), masks - 0.5])
    if count >= 2 * (features + 1):
        return x, np.linalg.pinv(x), count / (count - features - 1)
    return x, np.vstack([np.ones(count), 4 * (masks - masks.mean(0)).T]) / count, count / (count - 1)
