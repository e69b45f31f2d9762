"""What is in a corpus: its tags, its place on Russell's plane, what curation lost and what is left."""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ..labels import EMOTIONS, GENRES, HIGH, LOW, PLANE


def tags(lists, top: int = 20):
    """The most frequent tags, stacked by their position in a song's list (chapter *Curation*)."""
    counts = Counter((tag, min(place, 4)) for own in lists for place, tag in enumerate(own))
    table = pd.Series(counts).unstack(fill_value=0)
    table = table.loc[table.sum(axis=1).sort_values().index[-top:]]
    fig, axis = plt.subplots(figsize=(8, 0.28 * len(table) + 1), layout="constrained")
    left = np.zeros(len(table))
    colours = plt.colormaps["cividis"](np.linspace(0, 0.95, 5))
    for place in table:
        label = f"label {place + 1}" if place < 4 else "label 5 and later"
        axis.barh(table.index, table[place], left=left, label=label, color=colours[place], edgecolor="white")
        left += table[place].to_numpy()
    axis.set_xlabel("songs")
    axis.legend(loc="lower right", frameon=False)
    return fig


def values(table: pd.DataFrame):
    """Valence and energy, each alone and both together (chapter *Curation*)."""
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.3), layout="constrained")
    for axis, name in zip(axes, ("valence", "energy"), strict=False):
        axis.hist(table[name].dropna(), bins=np.linspace(0, 1, 21), edgecolor="white")
        axis.set(xlabel=name, ylabel="songs", xlim=(0, 1))
    bins = axes[2].hexbin(table["valence"], table["energy"], gridsize=14, extent=(0, 1, 0, 1), mincnt=1)
    fig.colorbar(bins, ax=axes[2], label="songs")
    axes[2].set(xlabel="valence", ylabel="energy", xlim=(0, 1), ylim=(0, 1))
    return fig


def plane(table: pd.DataFrame):
    """Russell's plane in our nine regions, its songs and their counts (chapter *Curation*)."""
    fig, axis = plt.subplots(figsize=(6, 5.6), layout="constrained")
    axis.scatter(table["valence"], table["energy"], s=9, alpha=0.45, linewidths=0)
    counts = table["emotion"].value_counts()
    middles = (LOW / 2, 0.5, (1 + HIGH) / 2)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
    for x, row in zip(middles, PLANE, strict=True):
        for y, emotion in zip(middles, row, strict=True):
            text = f"{emotion}\n{counts.get(emotion, 0)}"
            axis.text(x, y, text, ha="center", va="center", weight="bold", bbox=box)
    for border in (LOW, HIGH):
        axis.axvline(border, color="black", linewidth=1)
        axis.axhline(border, color="black", linewidth=1)
    axis.set(xlabel="valence: negative to positive", ylabel="energy: quiet to loud", xlim=(0, 1), ylim=(0, 1))
    return fig


def funnel(steps: pd.DataFrame):
    """What each step left of the rows there were (chapter *Curation*)."""
    fig, axis = plt.subplots(figsize=(8, 0.33 * len(steps) + 0.9), layout="constrained")
    axis.barh(steps["step"], steps["left"], color="#0072B2")
    axis.barh(steps["step"], steps["lost"], left=steps["left"], color="#E69F00")
    for row, (left, lost) in enumerate(zip(steps["left"], steps["lost"], strict=True)):
        axis.text(
            left + lost, row, f" {left:,}" + (f" (lost {lost:,})" if lost else ""), va="center", fontsize=9
        )
    axis.invert_yaxis()
    axis.set(xlabel="rows left (blue) and lost in this step (orange)", xlim=(0, steps["left"].max() * 1.18))
    return fig


def splits(table: pd.DataFrame):
    """Genres and emotions of each split, as shares (chapter *Curation*)."""
    fig, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axis, (column, order) in zip(axes, {"genre": GENRES, "emotion": EMOTIONS}.items(), strict=True):
        extra = sorted(set(table[column]) - set(order) - {""})
        shares = (
            pd.crosstab(table[column], table["split"], normalize="columns")
            .reindex([*order, *extra])
            .fillna(0)
        )
        sizes = table["split"].value_counts()
        for place, name in enumerate(name for name in ("train", "val", "test") if name in shares):
            rows = np.arange(len(shares)) + 0.27 * (place - 1)
            axis.barh(rows, shares[name], height=0.25, label=f"{name} ({sizes[name]:,} songs)")
        axis.set(
            yticks=range(len(shares)), yticklabels=shares.index, xlabel="share of the split", title=column
        )
        axis.invert_yaxis()
    fig.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return fig
