"""How a model learned, what it confuses, and models side by side."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from . import COLOURS


def curves(history: pd.DataFrame):
    """Losses and validation accuracy by epoch (chapter *Train*)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
    left.plot(history.epoch, history.loss, "o-", label="training, muted and dropped")
    left.plot(history.epoch, history.val_loss, "s--", label="validation, intact songs")
    left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    left.legend(frameon=False)
    best = history.loc[history.val_accuracy.idxmax()]
    right.plot(history.epoch, history.val_accuracy, "s--", color=right._get_lines.get_next_color())
    right.plot(best.epoch, best.val_accuracy, "*", markersize=16, color="#D55E00", label="kept")
    right.set(xlabel="epoch", ylabel="accuracy on validation songs", ylim=(0, 1))
    right.legend(frameon=False)
    return fig


def confusion(table: pd.DataFrame):
    """Truth by row, guess by column, in songs (chapter *Train*)."""
    fig, axis = plt.subplots(figsize=(7, 5.6), layout="constrained")
    sns.heatmap(table, annot=True, fmt="d", cmap="cividis", cbar_kws={"label": "songs"}, ax=axis)
    axis.set(xlabel="the model says", ylabel="the song is")
    return fig


def accuracies(table: pd.DataFrame):
    """Bars with intervals: rows accuracy, low, high, index (task, modality) (chapter *Compare*)."""
    tasks = table.index.unique(0)
    fig, axes = plt.subplots(
        1, len(tasks), figsize=(4.6 * len(tasks), 3.4), sharey=True, layout="constrained"
    )
    for axis, task in zip(np.atleast_1d(axes), tasks):
        rows = table.loc[task]
        reach = np.abs(rows[["low", "high"]].sub(rows.accuracy, axis=0)).T
        axis.bar(rows.index, rows.accuracy, yerr=reach, capsize=5, color=[COLOURS[m] for m in rows.index])
        axis.plot(rows.index, rows["both replaced"], "kD", label="evidence replaced")
        axis.set(title=task, ylim=(0, 1))
    np.atleast_1d(axes)[0].set_ylabel("accuracy on fresh songs")
    np.atleast_1d(axes)[-1].legend(frameon=False)
    return fig


def per_class(table: pd.DataFrame, label: str = "F1"):
    """A dot a modality (column) for every class (row) (chapter *Compare*)."""
    fig, axis = plt.subplots(figsize=(7, 0.36 * len(table) + 1.2), layout="constrained")
    for mark, modality in zip("os^", table):
        axis.plot(table[modality], table.index, mark, color=COLOURS[modality], label=modality, markersize=8)
    axis.hlines(table.index, table.min(axis=1), table.max(axis=1), color="0.8", zorder=0)
    axis.set(xlabel=label, xlim=(0, 1))
    axis.invert_yaxis()
    axis.legend(frameon=False, loc="lower left")
    return fig
