"""The yardstick measures the same explanation, and we have not become slower against it."""

from itertools import combinations

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


def test_fixlip_on_a_grid_is_the_least_squares_of_single_features_and_all_pairs():
    from benchmarks import peers
    from musiclime.judge.interactions import pair_matrix
    from musiclime.judge.white_boxes import small_game

    explainer, song = small_game(audio=3, words=4)
    question = peers.Question(explainer, song, explainer.classes[0], 60, seed=1)
    found = peers.fixlip(question)

    # The same by one regression over all cells of the grid.
    audio, words = draw(60, 3, seed=[1, 0]), draw(60, 4, seed=[1, 1])
    masks = np.hstack([np.repeat(audio, 60, axis=0), np.tile(words, (60, 1))])
    outputs = explainer.outputs(question.space, masks)[:, question.column]
    signs = masks - 0.5
    pairs = list(combinations(range(7), 2))
    terms = np.column_stack([np.ones(len(masks)), signs, *[signs[:, i] * signs[:, j] for i, j in pairs]])
    fitted = np.linalg.lstsq(terms, outputs, rcond=None)[0]
    # A sample's means are not those of fair coins, so a single feature's weight is told at its mean.
    means = signs.mean(0)
    products = np.zeros((7, 7))
    for (i, j), weight in zip(pairs, fitted[8:]):
        products[i, j] = products[j, i] = weight
    across = products[:3, 3:]
    assert pair_matrix(outputs.reshape(60, 60), audio, words)[0] == pytest.approx(across, abs=1e-8)
    at_means = fitted[1:8].copy()
    at_means[:3] += across @ means[3:]
    at_means[3:] += across.T @ means[:3]
    assert found == pytest.approx(at_means, abs=1e-8)


def test_increase_drop_and_gain_of_what_an_explanation_keeps():
    from benchmarks import exam

    class Asked:
        def answer(self, masks):
            return np.asarray(masks) @ np.array([0.4, 0.2, -0.3]) + 0.3

    kept = exam.faithfulness(Asked(), np.array([1.0, 1.0, -1.0]))  # 0.6 before, 0.9 after
    assert [kept[name] for name in ("increase", "drop", "gain")] == pytest.approx([1, 0, 0.75])
    lost = exam.faithfulness(Asked(), np.array([-1.0, 1.0, 1.0]))  # 0.2 after
    assert [lost[name] for name in ("increase", "drop", "gain")] == pytest.approx([0, 2 / 3, 0])
