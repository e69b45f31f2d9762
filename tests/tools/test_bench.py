"""The yardstick measures the same explanation, and we have not become slower against it."""

import numpy as np
import pytest

import musiclime as ml
from benchmarks import bench, published
from musiclime.explain.masks import draw


@pytest.fixture(scope="module")
def demo():
    corpus = ml.load_corpus("demo", size=45)
    return bench.untrained("demo", corpus), bench.typical(corpus)


def test_the_clock_counts_every_second_once():
    clock = published.Clock()
    with clock("outer"):
        with clock("inner"):
            sum(range(300_000))
        sum(range(300_000))
    assert set(clock.seconds) == {"outer", "inner"}
    assert 0.2 < clock.seconds["outer"] / clock.seconds["inner"] < 5


def test_words_are_removed_wherever_they_stand():
    names = {"rain": 0, "don't": 1, "stop": 2}
    assert published.without("Rain, rain don’t stop!", names, [False, True, True]) == ",  don’t stop!"
    assert published.without("Rain, rain don’t stop!", names, [True, False, False]) == "Rain, rain  !"


def test_the_components_add_up_to_the_song(demo):
    song = ml.MusicLIME(demo[0]).prepare(demo[1])
    parts = published.components(song)
    assert len(parts) == 40
    assert sum(parts) == pytest.approx(song.audio, abs=1e-6)


def test_the_published_way_gives_our_weights(demo):
    model, song = demo
    ours = ml.MusicLIME(model, design="joint", samples=60).explain(song)
    space = ml.MusicLIME(model).space(song)
    theirs = published.explain(model, space, draw(61, len(ours.features), seed=0))
    weights = ours.weights[ours.row(ours.label)]
    assert theirs == pytest.approx(weights, abs=1e-6 + 1e-3 * np.abs(weights).max())
    assert np.ptp(weights) > 1e-4
