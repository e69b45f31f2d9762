"""Curves of an additive game have known areas; copies are stable, noise is not."""

import numpy as np
import pytest

from musiclime.explain.explanation import Explanation, Feature
from musiclime.judge.faithfulness import curve, faithful, stable


def words_with(weights):
    """An explanation of words with the given weights, each with an error of 0.01."""
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    features = [Feature(f"w{number}", "lyrics") for number in range(weights.shape[1])]
    one = np.ones(1)
    return Explanation(["a"], features, weights, np.full_like(weights, 0.01), one, one, one, 100, 0, "joint")


def test_curves_of_an_additive_game_have_known_areas():
    w = np.array([0.4, 0.3, 0.2, 0.1])

    def answer(masks):
        return masks @ w

    np.testing.assert_allclose(curve(answer, [0, 1, 2, 3], 4), [1, 0.6, 0.3, 0.1, 0])
    np.testing.assert_allclose(curve(answer, [0, 1, 2, 3], 4, insert=True), [0, 0.4, 0.7, 0.9, 1])
    np.testing.assert_allclose(curve(answer, [1, 2], 4), [1, 0.7, 0.5])
    good, bad = faithful(answer, w), faithful(answer, -w)
    assert good["deletion"] == pytest.approx(1 - good["insertion"])
    assert good["deletion"] < bad["deletion"]
    assert good["comprehensiveness"] > bad["comprehensiveness"]
    assert good["sufficiency"] < bad["sufficiency"]


def test_stability_of_copies_and_of_noise():
    w = np.linspace(1, 0, 60)
    same = stable([words_with(w)] * 3, "a")
    assert same == {"jaccard": 1, "kendall": 1, "VSI": 1, "CSI": 1, "scatter over error": 0}
    rng = np.random.default_rng(0)
    runs = [words_with(w + 0.01 * rng.normal(size=60)) for _ in range(12)]
    assert stable(runs, "a")["scatter over error"] == pytest.approx(1, abs=0.12)
    noise = [words_with(rng.normal(size=60)) for _ in range(12)]
    assert stable(noise, "a")["kendall"] == pytest.approx(0, abs=0.1)
    assert stable(noise, "a")["VSI"] < 0.25
    with pytest.raises(ValueError, match="at least two"):
        stable(runs[:1], "a")
