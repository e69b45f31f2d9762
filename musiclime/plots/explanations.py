"""Figures of one explanation: bars with intervals, the stem x segment grid, lyrics lit up by weight."""

import html

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex, to_rgb

from . import COLOURS, DIVERGING


def bars(explanations: dict, label: str, count: int = 10):
    """The strongest features of each named explanation for one class, with 95 % intervals."""
    width, height = 4.2 * len(explanations), 1.2 + 0.28 * count
    fig, axes = plt.subplots(
        1, len(explanations), figsize=(width, height), layout="constrained", squeeze=False
    )
    for axis, (title, explanation) in zip(axes[0], explanations.items()):
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
        cells = [
            (f.stem, f.segment, w)
            for f, w in zip(explanation.features, explanation.weights[explanation.row(label)])
            if f.stem
        ]
        stems = list(dict.fromkeys(stem for stem, _, _ in cells))
        tables[title] = stems, np.zeros((len(stems), 1 + max(segment for _, segment, _ in cells)))
        for stem, segment, weight in cells:
            tables[title][1][stems.index(stem), segment] = weight
    reach = max(np.abs(table).max() for _, table in tables.values()) or 1.0
    fig, axes = plt.subplots(len(tables), figsize=(7, 1.9 * len(tables)), layout="constrained", squeeze=False)
    for axis, (title, (stems, table)) in zip(axes[:, 0], tables.items()):
        image = axis.imshow(table, cmap=DIVERGING, vmin=-reach, vmax=reach, aspect="auto")
        axis.set_yticks(range(len(stems)), stems)
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
        colour = np.array(to_rgb(COLOURS["for" if weight > 0 else "against"]))
        shade, line = (
            to_hex(1 - (1 - colour) * 0.6 * abs(weight) / reach),
            "solid" if weight > 0 else "dotted",
        )
        style = f"background:{shade};color:#000;text-decoration:underline {line};padding:0 2px"
        word = html.escape(text[a:b])
        if abs(weight) > reach / 10:
            word = f'<mark style="{style}" title="{weight:+.3f}">{word}</mark>'
        parts += [html.escape(text[last:a]), word]
        last = b
    return f'<p style="white-space:pre-line">{"".join(parts)}{html.escape(text[last:])}</p>'
