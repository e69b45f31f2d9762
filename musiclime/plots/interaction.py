"""Figures of *Do they interact?*: who moves the prediction, and which cell with which word."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from . import COLOURS, DIVERGING


def share_bars(results: dict):
    """What sound, words and both together contribute, in probability and in logit, for each named result."""
    fig, axes = plt.subplots(
        1, 2, figsize=(9, 0.9 + 0.5 * len(results)), sharey=True, layout="constrained", squeeze=False
    )
    places = np.arange(len(results))[::-1]
    for axis, scale in zip(axes[0], ("probability", "logit")):
        shares, start = pd.DataFrame([result.shares.loc[scale] for result in results.values()]), 0.0
        for part, colour in (("audio", "audio"), ("lyrics", "lyrics"), ("share", "multimodal")):
            name = "together" if part == "share" else part
            axis.barh(places, shares[part], left=start, color=COLOURS[colour], label=name, height=0.6)
            start = start + shares[part].to_numpy()
        # The interval of "together" counts from the right, where that part of the bar ends.
        axis.hlines(places, 1 - shares["high"], 1 - shares["low"], color="black", lw=1.5)
        axis.set(title=scale, xlim=(0, 1), xlabel="share of the variance over masks")
    axes[0, 0].set_yticks(places, list(results))
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
    return fig


def pair_heatmap(result, words: int = 12):
    """Cells down, the words of the strongest pairs across; a ring where a pair stands out from the noise."""
    strongest = np.argsort(-np.abs(result.matrix).max(axis=0), kind="stable")[:words]
    matrix, rings = result.matrix[:, strongest], result.stands_out[:, strongest]
    fig, axis = plt.subplots(
        figsize=(1.8 + 0.5 * len(strongest), 1.6 + 0.16 * len(matrix)), layout="constrained"
    )
    reach = np.abs(matrix).max() or 1.0
    image = axis.imshow(matrix, cmap=DIVERGING, vmin=-reach, vmax=reach, aspect="auto")
    axis.scatter(*np.nonzero(rings)[::-1], s=70, facecolors="none", edgecolors="black")
    names = [result.words[i].name for i in strongest]
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
    step = max(1, len(matrix) // 40)
    axis.set_yticks(
        range(0, len(matrix), step), [feature.name for feature in result.cells][::step], fontsize=7
    )
    axis.set_title(f"together, for {result.label}")
    fig.colorbar(image, ax=axis, label="weight of the pair, centred log p")
    return fig
