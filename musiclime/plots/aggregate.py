"""Figures of global explanations: stem x segment heatmaps, word bars, themes, shares."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from . import COLOURS


def heatmap(ax, grid, title="", label="importance", digits=3, limit=None):
    """One class's stem x segment importances, printed in the cells (chapter *Aggregate*)."""
    values = grid.to_numpy()
    written = grid.map(lambda value: f"{value:.{digits}f}".removeprefix("0"))
    look = {"cmap": "cividis", "vmin": 0, "vmax": limit or np.nanmax(values) or 1}
    told = {"label": label, "pad": 0.02}
    sns.heatmap(grid, annot=written, fmt="", annot_kws={"fontsize": 7}, cbar_kws=told, ax=ax, **look)
    ax.set(xlabel="segment", ylabel="", title=title)
    ax.tick_params(axis="y", rotation=0)


def bars(ax, values, errors=None, title="", label="importance", colour=COLOURS["lyrics"]):
    """Named values, first on top, with error bars where given (chapter *Aggregate*)."""
    ax.barh(range(len(values)), values.to_numpy(), xerr=errors, color=colour, ecolor="0.25", capsize=2)
    ax.set(yticks=range(len(values)), yticklabels=[str(name) for name in values.index], title=title)
    ax.set_xlabel(label)
    ax.locator_params(axis="x", nbins=5)
    ax.invert_yaxis()


def panels(count, width=4.2, height=2.6, columns=3):
    """A figure of that many panels, in rows (chapter *Aggregate*)."""
    rows = -(-count // columns)
    size = (width * columns, height * rows)
    fig, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for ax in axes.flat[count:]:
        ax.axis("off")
    return fig, axes.flat[:count]


def themes(ax, points, names, classes, groups=None, title=""):
    """Words on a plane, coloured by class, their k-means theme as a number (chapter *Aggregate*)."""
    for label in dict.fromkeys(classes):
        here = np.array([c == label for c in classes])
        ax.scatter(*points[here].T, s=18, label=label)
    for i, name in enumerate(names):
        theme = "" if groups is None else f" {groups[i]}"
        ax.annotate(f"{name}{theme}", points[i], fontsize=7, xytext=(3, 2), textcoords="offset points")
    ax.set(xticks=[], yticks=[], title=title)
    ax.legend(fontsize=8, loc="best")
