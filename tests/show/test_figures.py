"""Figures: what they draw, what a lit word may say, and whether their ink can be read on light and dark."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from musiclime.explain.explanation import Explanation, Feature
from musiclime.show import figures

WORDS = ["come", "<b>", "home"]


def explanation():
    """Two classes, three words and two cells; the third word could be zero for both classes."""
    text = " ".join(WORDS)
    features = []
    for word in WORDS:
        start = text.index(word)
        features.append(Feature(word, "lyrics", text=word, positions=((start, start + len(word)),)))
    features += [Feature("vocals0", "audio", "vocals", 0), Feature("bass0", "audio", "bass", 0)]
    weights = np.array([[0.4, -0.2, 0.09, 0.3, -0.1], [0.04, 0.0, 0.05, 0.1, 0.2]])
    errors = np.full((2, 5), 0.01)
    errors[:, 2] = 0.05
    two = np.zeros(2)
    probabilities = np.array([0.8, 0.2])
    song = {"lyrics": text}
    return Explanation(
        ["loud", "soft"], features, weights, errors, two, two, probabilities, 9, 0, "joint", song
    )


def test_only_words_beyond_two_errors_are_lit_and_markup_is_escaped():
    shown = figures.lit(explanation(), "loud")
    marked = re.findall(r"<mark[^>]*>([^<]*)</mark>", shown)
    # "home" has a fifth of the largest weight, but its error says that it could be zero.
    assert marked == ["come", "&lt;b&gt;"]
    assert "underline solid" in shown and "underline double" in shown and "<b>" not in shown


def test_one_scale_of_colour_for_all_classes_of_a_song():
    strength = {}
    for label in ("loud", "soft"):
        first = re.search(r"background:#[0-9a-f]{6}([0-9a-f]{2})", figures.lit(explanation(), label))
        strength[label] = int(first[1], 16)
    assert strength["soft"] == pytest.approx(strength["loud"] / 10, abs=1)


def test_bars_and_cells_are_the_table_of_the_explanation():
    found = explanation()
    axis = figures.strongest({"loud": {"one": found}}, count=3).axes[0]
    table = found.table("loud").head(3)
    assert [tick.get_text() for tick in axis.get_yticklabels()] == table["feature"].tolist()
    assert [bar.get_width() for bar in axis.patches] == pytest.approx(table["weight"].tolist())
    image = figures.cells({"one": found}, "loud").axes[0].images[0]
    assert image.get_array().tolist() == [[0.3], [-0.1]]
    assert image.norm.vmin == -0.3 and image.norm.vmax == 0.3
    plt.close("all")


def test_panels_of_one_figure_share_their_scale_unless_they_are_asked_not_to():
    tables = {"a": pd.DataFrame([[1.0, 2.0]]), "b": pd.DataFrame([[0.1, 0.2]])}
    shared = [axis.images[0].norm.vmax for axis in figures.heatmaps(tables, "x").axes if axis.images]
    own = [axis.images[0].norm.vmax for axis in figures.heatmaps(tables, "x", own_scale=True).axes]
    assert set(shared) == {2.0} and own == [2.0, 0.2]
    plt.close("all")


def contrast(colour, background):
    luminance = []
    for one in (colour, background):
        parts = np.array(to_rgb(one))
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        luminance.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(luminance) / min(luminance)


@pytest.mark.parametrize("page", ["#ffffff", "#14181e"])
def test_ink_and_colours_can_be_told_from_a_light_and_a_dark_page(page):
    assert contrast(figures.INK, page) > 4
    for colour in figures.COLOURS.values():
        assert contrast(colour, page) > 3


def test_a_saved_figure_is_transparent_where_nothing_is_drawn(tmp_path):
    figure, axes = figures.panels(1)
    figures.bars(axes[0], pd.Series({"love": 1.0}))
    figure.savefig(tmp_path / "figure.png")
    pixels = plt.imread(tmp_path / "figure.png")
    assert pixels[0, 0, 3] == 0 and pixels[..., 3].max() == 1
    plt.close("all")
