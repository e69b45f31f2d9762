"""Pictures of a demo song: its cells, its score, its words."""

import html

import matplotlib.pyplot as plt
import numpy as np

from ..demo.styles import BASSES, GROOVES, RIFFS
from ..lyrics import words
from ..songs import STEMS
from . import COLOURS


def song_map(song):
    """Waveform of each stem, evidence cells coloured, the sung words above (chapter *The demo songs*)."""
    fig, axes = plt.subplots(len(STEMS), 1, figsize=(11, 5), sharex=True, sharey=True)
    time, borders = np.arange(len(song.audio)) / song.sample_rate, np.linspace(0, song.seconds, 11)
    cells = song.evidence["genre"]["cells"] if song.evidence else []
    for stem, axis in zip(STEMS, axes):
        axis.plot(time[::8], song.stems[stem][::8], color="0.35", linewidth=0.4)
        for segment in (segment for name, segment in cells if name == stem):
            axis.axvspan(*borders[segment : segment + 2], color=COLOURS["audio"], alpha=0.3, linewidth=0)
        axis.set(ylabel=stem, yticks=[], xticks=borders, xlim=(0, song.seconds))
        axis.grid(axis="x", linewidth=0.5)
    for word, begin, _ in song.onsets:
        axes[0].text(begin, 0.27, word, rotation=55, fontsize=7)
    axes[-1].set(xticklabels=[f"{border:.1f}" for border in borders], xlabel="seconds")
    return fig


def score(recipes: dict):
    """A bar of sixteen steps: {"drums": groove, "bass": line, "other": riff} (chapter *The demo songs*)."""
    rows = dict(GROOVES[recipes["drums"]])
    rows |= {f"bass ({recipes['bass']})": BASSES[recipes["bass"]][1]}
    rows |= {f"other ({recipes['other']})": RIFFS[recipes["other"]][1]}
    fig, axis = plt.subplots(figsize=(9, 0.36 * len(rows) + 0.7))
    for y, line in enumerate(rows.values()):
        colour = COLOURS["audio"] if y < len(rows) - 2 else COLOURS["multimodal"]
        for x, mark in ((x, mark) for x, mark in enumerate(line) if mark != "."):
            axis.barh(y, 0.9, left=x, height=0.7, color=colour, alpha=0.5 if mark == "o" else 1)
            axis.text(x + 0.45, y, mark if mark.isdigit() else "", ha="center", va="center", color="white")
    axis.set(yticks=range(len(rows)), yticklabels=rows, xticks=range(0, 17, 4), xlabel="step of the bar")
    axis.set(xlim=(0, 16), ylim=(len(rows) - 0.5, -0.5))
    return fig


def lyrics(song) -> str:
    """The lyrics as HTML, evidence words marked (chapter *The demo songs*)."""
    planted, out, last = set(song.evidence["genre"]["words"]), [], 0
    for name, start, end in words(song.lyrics):
        out.append(html.escape(song.lyrics[last:start]))
        word = html.escape(song.lyrics[start:end])
        out.append(f"<mark>{word}</mark>" if name in planted else word)
        last = end
    text = "".join([*out, html.escape(song.lyrics[last:])])
    return f'<div style="white-space: pre-line">{text}</div>'
