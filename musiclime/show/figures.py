"""The book's figures: heatmaps of stems and segments, bars with errors, words on a plane, lyrics lit.

One colour rule everywhere: orange speaks for a class and blue against it. Sound and words are told apart by
green and purple. Figures have no background of their own, and text and axes are of a grey that can be read on
white and on black.
"""

import html
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.image import AxesImage

    from ..explain.explanation import Explanation

INK = "#787c82"  # contrast 4.2 on white and on the book's dark page
FAINT = "#9aa0a6"  # what could be zero, and other things that should stand back
COLOURS = {"audio": "#009e73", "lyrics": "#a06cc4", "multimodal": INK, "for": "#d55e00", "against": "#2b7bba"}
# Orange for, blue against; the nearer to zero, the more of the page behind the figure shows through.
DIVERGING = LinearSegmentedColormap.from_list(
    "for-against",
    [
        (0.0, COLOURS["against"]),
        (0.5, COLOURS["against"] + "00"),
        (0.5, COLOURS["for"] + "00"),
        (1.0, COLOURS["for"]),
    ],
)
SMALLEST_TYPE = 9
PAGE_WIDTH = 7  # inches; a wider figure is shown smaller, its type with it
NORMAL_QUANTILE = 1.96

matplotlib.rcParams.update(
    {
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "legend.facecolor": "none",
        "legend.edgecolor": "none",
        "legend.framealpha": 0.0,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.titlecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "figure.dpi": 100,
        "font.size": 11,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "image.cmap": "cividis",
        "axes.prop_cycle": cycler(
            color=[COLOURS["audio"], COLOURS["lyrics"], "#b8860b", "#6a7fdb", "#c2528b", INK]
        ),
    }
)


def panels(
    count: int, width: float = 3.0, height: float = 2.6, columns: int = 3
) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many panels in rows, and its axes.

    Args:
        count: how many panels.
        width: of a panel, in inches.
        height: of a panel, in inches.
        columns: the most panels in a row.

    Returns:
        The figure and the list of its axes.

    Example:
        >>> figure, axes = panels(2)
        >>> len(axes)
        2
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    size = (width * columns, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, list(axes.flat[:count])


def heatmap(
    ax: Axes, table: pd.DataFrame, title: str = "", limit: float | None = None, **options: Any
) -> "AxesImage":
    """Draw a table of numbers as colours, from 0 to `limit`, or from -limit to limit where some are negative.

    Args:
        ax: where.
        table: the numbers; its row and column names become the ticks.
        title: of the panel.
        limit: the end of the colour scale; None is the largest size in the table.
        options: further arguments of matplotlib's imshow.

    Returns:
        The image, for a colour bar.

    Example:
        >>> figure, axes = panels(1)
        >>> image = heatmap(axes[0], pd.DataFrame([[0.0, 1.0]], index=["vocals"]))

    (chapter *Aggregate*)
    """
    values = table.to_numpy(dtype=float)
    limit = limit or np.nanmax(np.abs(values)) or 1.0
    signed = np.nanmin(values) < 0
    low = -limit if signed else 0.0
    cmap = DIVERGING if signed else "cividis"
    options = {"cmap": cmap, "vmin": low, "vmax": limit, "aspect": "auto"} | options
    image = ax.imshow(values, **options)
    ax.set_xticks(range(table.shape[1]), [str(name) for name in table.columns])
    ax.set_yticks(range(len(table)), [str(name) for name in table.index])
    ax.set_title(title)
    ax.tick_params(length=0, labelsize=SMALLEST_TYPE)
    ax.spines[:].set_visible(False)
    return image


def heatmaps(
    tables: dict, label: str, columns: int = 3, own_scale: bool = False, height: float = 1.6
) -> Figure:
    """Draw a stem x segment table for each name, on one colour scale unless each is to have its own.

    Args:
        tables: a table for each title.
        label: what the colours mean.
        columns: panels in a row.
        own_scale: let each panel's colours end at its own largest number.
        height: of a panel, in inches.

    Returns:
        The figure.

    Example:
        >>> figure = heatmaps({"pop": pd.DataFrame([[0.0, 1.0]], index=["vocals"])}, "importance")

    (chapter *Aggregate*)
    """
    figure, axes = panels(len(tables), width=9 / columns, height=height, columns=columns)
    limit = None
    if not own_scale:
        limit = max(float(np.nanmax(np.abs(table.to_numpy(dtype=float)))) for table in tables.values())
    for number, (axis, (title, table)) in enumerate(zip(axes, tables.items())):
        image = heatmap(axis, table, title, limit)
        if number % columns:
            axis.set_yticks([])
    figure.supxlabel("segment", fontsize=SMALLEST_TYPE)
    if own_scale:
        return figure
    bar = figure.colorbar(image, ax=axes, label=label, pad=0.02)
    bar.outline.set_visible(False)
    return figure


def bars(
    ax: Axes,
    values: pd.Series,
    errors: Any = None,
    title: str = "",
    label: str = "importance",
    colour: Any = COLOURS["lyrics"],
) -> None:
    """Draw named values as bars, the first on top.

    Args:
        ax: where.
        values: the values by name.
        errors: half of each interval, or None.
        title: of the panel.
        label: what the values are.
        colour: one colour, or one for each bar.

    Example:
        >>> figure, axes = panels(1)
        >>> bars(axes[0], pd.Series({"love": 0.2}))

    (chapter *Aggregate*)
    """
    ax.barh(range(len(values)), values.to_numpy(), xerr=errors, color=colour, ecolor=INK, capsize=2)
    ax.set_yticks(range(len(values)), [str(name) for name in values.index], fontsize=SMALLEST_TYPE)
    ax.set_title(title)
    ax.set_xlabel(label)
    ax.locator_params(axis="x", nbins=5)
    ax.invert_yaxis()


def themes(ax: Axes, points: np.ndarray, names: Any, classes: Any, title: str = "") -> None:
    """Draw words on a plane, coloured by class.

    Args:
        ax: where.
        points: two coordinates for each word.
        names: the words.
        classes: the class of each word.
        title: of the panel.

    (chapter *Aggregate*)
    """
    classes = np.array(classes)
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    for number, label in enumerate(dict.fromkeys(classes)):
        here = classes == label
        # Six colours can be told apart: the classes after them have a mark of their own.
        marker = "osD"[number // 6 % 3]
        colour = colours[number % 6]
        ax.scatter(points[here, 0], points[here, 1], s=14, color=colour, label=label, marker=marker)
    for name, point in zip(names, points):
        ax.annotate(name, point, fontsize=SMALLEST_TYPE, xytext=(3, 2), textcoords="offset points")
    ax.set(xticks=[], yticks=[], title=title)
    ax.legend(fontsize=SMALLEST_TYPE, loc="best")


def strongest(explained: dict, count: int = 5) -> Figure:
    """Draw the strongest features of explanations, a row of panels for each class, with 95 % intervals.

    Args:
        explained: for each class, an explanation for each title.
        count: how many features.

    Returns:
        The figure.

    (chapter *Explain*)
    """
    titles = list(dict.fromkeys(title for explanations in explained.values() for title in explanations))
    width = 2.3 * max(len(titles), 2)
    shrunk = max(1, width / PAGE_WIDTH)
    type_size = SMALLEST_TYPE * shrunk
    size = (width, shrunk * (0.5 + (0.6 + 0.15 * count) * len(explained)))
    figure, axes = plt.subplots(
        len(explained), len(titles), figsize=size, layout="constrained", squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for row, (label, explanations) in zip(axes, explained.items()):
        for title, explanation in explanations.items():
            axis, table = row[titles.index(title)], explanation.table(label).head(count)
            axis.axis("on")
            colours = [COLOURS[modality] for modality in table["modality"]]
            values = table.set_index("feature")["weight"]
            bars(axis, values, NORMAL_QUANTILE * table["error"], "", "", colours)
            axis.set_title(f"{label}\n{title}", fontsize=type_size)
            axis.tick_params(labelsize=type_size)
            axis.locator_params(axis="x", nbins=2)
            axis.axvline(0, color=INK, lw=0.8)
            axis.margins(x=0.1)
    figure.supxlabel("weight for the class", fontsize=type_size)
    return figure


def cells(explanations: dict, label: str) -> Figure:
    """Draw the stem x segment weights of each named explanation for one class, all on one scale.

    Args:
        explanations: an explanation for each title.
        label: the class.

    Returns:
        The figure.

    (chapter *Explain*)
    """
    tables = {}
    for title, explanation in explanations.items():
        weights = explanation.weights[explanation.row(label)]
        long = []
        for feature, weight in zip(explanation.features, weights):
            if feature.stem:
                long.append((feature.stem, feature.segment, weight))
        long = pd.DataFrame(long, columns=["stem", "segment", "weight"])
        wide = long.pivot(index="stem", columns="segment", values="weight")
        tables[title] = wide.loc[long["stem"].unique()]

    reach = max(float(table.abs().max(axis=None)) for table in tables.values()) or 1.0
    figure, axes = panels(len(tables), width=7, height=1.9, columns=1)
    for axis, (title, table) in zip(axes, tables.items()):
        image = heatmap(axis, table, title, reach, cmap=DIVERGING, vmin=-reach)
        axis.set_xlabel("segment")
    figure.colorbar(image, ax=axes, label=f"weight for {label}")
    return figure


def lit(explanation: "Explanation", label: str, beyond: float = 2.0) -> str:
    """Return the lyrics as HTML, each word shaded by its weight for a class, on one scale for all classes.

    A word is shaded and underlined only where its weight is larger than `beyond` standard errors: any other
    weight could be zero.

    Args:
        explanation: of a song with lyrics.
        label: the class.
        beyond: how many standard errors a weight must exceed.

    Returns:
        One paragraph of HTML.

    (chapter *Explain*)
    """
    row = explanation.row(label)
    spans = []
    for feature, weight, error in zip(
        explanation.features, explanation.weights[row], explanation.errors[row]
    ):
        clear = abs(weight) > beyond * error
        for start, end in feature.positions:
            spans.append((start, end, weight, clear))

    # One scale for all classes: a class that the song has nothing of must look pale.
    is_lyrics = [bool(feature.positions) for feature in explanation.features]
    sizes = np.abs(explanation.weights[:, is_lyrics])
    largest = sizes.max() if sizes.size and sizes.max() > 0 else 1.0

    text = explanation.song["lyrics"]
    parts = []
    last = 0
    for start, end, weight, clear in sorted(spans):
        parts.append(html.escape(text[last:start]))
        word = html.escape(text[start:end])
        if clear:
            word = _marked(word, weight, abs(weight) / largest)
        parts.append(word)
        last = end
    parts.append(html.escape(text[last:]))
    return f'<p style="white-space:pre-line">{"".join(parts)}</p>'


def _marked(word: str, weight: float, strength: float) -> str:
    """A word with a background of its sign's colour, and an underline that shows the sign without colour."""
    if weight > 0:
        colour, line = COLOURS["for"], "solid"
    else:
        colour, line = COLOURS["against"], "double"
    # Half transparent at most, so that the page's own text colour can be read on it.
    alpha = round(255 * 0.55 * strength)
    style = f"background:{colour}{alpha:02x};color:inherit;text-decoration:underline {line};padding:0 2px"
    return f'<mark style="{style}" title="{weight:+.3f}">{word}</mark>'
