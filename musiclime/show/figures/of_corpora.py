"""Figures of global explanations: stem x segment heatmaps, word bars, themes, shares."""

import matplotlib.pyplot as plt
import numpy as np

from . import COLOURS


def heatmap(ax, grid, title="", label="importance", digits=3, limit=None):
    """One class's stem x segment importances, printed in the cells (chapter *Aggregate*)."""
    values, digit = grid.to_numpy(dtype=float), f".{digits}f"
    top = limit or np.nanmax(values) or 1
    picture = ax.imshow(values, cmap="cividis", vmin=0, vmax=top, aspect="auto")
    # By hand: seaborn draws the whole figure again for each of its heatmaps.
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:{digit}}".removeprefix("0") if np.isfinite(value) else ""
        ink = "white" if value < top / 2 else "black"
        ax.text(column, row, text, ha="center", va="center", fontsize=7, color=ink)
    ax.figure.colorbar(picture, ax=ax, label=label, pad=0.02).outline.set_visible(False)
    ax.set(xlabel="segment", xticks=range(values.shape[1]), xticklabels=grid.columns, title=title)
    ax.set(yticks=range(len(grid)), yticklabels=grid.index)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


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
    for number, label in enumerate(dict.fromkeys(classes)):
        here = np.array([c == label for c in classes])
        # Six colours tell apart: the classes after them have a mark of their own.
        ax.scatter(*points[here].T, s=18, label=label, marker="osD"[number // 6 % 3])
    for i, name in enumerate(names):
        theme = "" if groups is None else f" {groups[i]}"
        ax.annotate(f"{name}{theme}", points[i], fontsize=7, xytext=(3, 2), textcoords="offset points")
    ax.set(xticks=[], yticks=[], title=title)
    ax.legend(fontsize=8, loc="best")
