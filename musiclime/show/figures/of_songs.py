"""Figures of one explanation: bars with intervals, the stem x segment grid, lyrics lit up by weight."""

import html

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex, to_rgb

from . import COLOURS, DIVERGING


def bars(explanations: dict, label: str, count: int = 10):
    """The strongest features of each named explanation for one class, with 95 % intervals."""
    columns = min(2, len(explanations))
    rows = -(-len(explanations) // columns)
    size = (4.2 * columns, (1.2 + 0.28 * count) * rows)
    fig, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for axis in axes.flat[len(explanations) :]:
        axis.axis("off")
    for axis, (title, explanation) in zip(axes.flat, explanations.items()):
        table = explanation.table(label).head(count)[::-1]
        colours = [COLOURS[modality] for modality in table.modality]
        axis.barh(range(len(table)), table.weight, xerr=1.96 * table.error, color=colours, ecolor="#555555")
        axis.set_yticks(range(len(table)), table.feature)
        axis.axvline(0, color="black", lw=0.8)
        axis.set(title=title, xlabel=f"weight for {label}")
        axis.margins(x=0.1)
    return fig


def grid(explanations: dict, label: str):
    """Stems down, segments across, one panel per named explanation, all on one scale."""
    tables = {}
    for title, explanation in explanations.items():
        weights = zip(explanation.features, explanation.weights[explanation.row(label)])
        cells = pd.DataFrame([(f.stem, f.segment, weight) for f, weight in weights if f.stem])
        tables[title] = cells.pivot(index=0, columns=1, values=2).loc[cells[0].unique()]
    reach = max(table.abs().max(axis=None) for table in tables.values()) or 1.0
    fig, axes = plt.subplots(len(tables), figsize=(7, 1.9 * len(tables)), layout="constrained", squeeze=False)
    for axis, (title, table) in zip(axes[:, 0], tables.items()):
        image = axis.imshow(table, cmap=DIVERGING, vmin=-reach, vmax=reach, aspect="auto")
        axis.set_yticks(range(len(table)), table.index)
        axis.set_xticks(range(table.shape[1]))
        axis.set(title=title, xlabel="segment")
    fig.colorbar(image, ax=axes, label=f"weight for {label}")
    return fig


def lit(explanation, label: str) -> str:
    """The lyrics as HTML, each word shaded by its weight; the sign also shows in its underline."""
    row = explanation.weights[explanation.row(label)]
    spans = [(a, b, w) for f, w in zip(explanation.features, row) for a, b in f.positions]
    reach, parts, last = max((abs(w) for _, _, w in spans), default=1.0) or 1.0, [], 0
    text = explanation.song["lyrics"]
    for a, b, weight in sorted(spans):
        way, line = ("for", "solid") if weight > 0 else ("against", "double")
        shade = to_hex(1 - (1 - np.array(to_rgb(COLOURS[way]))) * 0.6 * abs(weight) / reach)
        style = f"background:{shade};color:#000;text-decoration:underline {line};padding:0 2px"
        word = html.escape(text[a:b])
        if abs(weight) > reach / 10:
            word = f'<mark style="{style}" title="{weight:+.3f}">{word}</mark>'
        parts += [html.escape(text[last:a]), word]
        last = b
    return f'<p style="white-space:pre-line">{"".join(parts)}{html.escape(text[last:])}</p>'
