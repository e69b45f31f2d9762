"""The marks are marked: an oracle at the ceiling, a random explanation at the floor, a reversed one below."""

import numpy as np
import pytest

from musiclime.judge.scores import clustered_mean, score


def ten_of_a_hundred(seed=0):
    true = np.zeros(100, dtype=bool)
    true[np.random.default_rng(seed).choice(100, 10, replace=False)] = True
    return true


def test_an_oracle_a_reversed_one_and_a_random_one():
    true, rng = ten_of_a_hundred(), np.random.default_rng(1)
    assert set(score(true.astype(float), true).values()) == {1.0}
    reversed_ = score(-true.astype(float) + 0.01, true)
    assert reversed_["auc"] == reversed_["precision"] == reversed_["share"] == reversed_["pointing"] == 0.0
    floor = [score(rng.normal(size=100), true) for _ in range(400)]
    assert np.mean([row["auc"] for row in floor]) == pytest.approx(0.5, abs=0.02)
    for name in ("precision", "share"):
        assert np.mean([row[name] for row in floor]) == pytest.approx(0.1, abs=0.02)


def test_equal_weights_are_at_chance_wherever_the_evidence_stands():
    for place in (0, 4, 9):
        true = np.arange(10) == place
        assert score(np.zeros(10), true) == {"auc": 0.5, "precision": 0.1, "pointing": 0.1, "share": 0.0}


def test_ties_count_as_the_mean_over_all_orders():
    weights, true = np.array([2.0, 1.0, 1.0, 1.0, 0.0]), np.array([True, False, True, True, False])
    rng = np.random.default_rng(0)
    drawn = [score(weights + 1e-6 * rng.random(5), true) for _ in range(4000)]
    for name in ("auc", "precision", "pointing"):
        mean = np.mean([row[name] for row in drawn])
        assert score(weights, true)[name] == pytest.approx(mean, abs=0.01)


def test_a_clustered_interval_covers_where_a_naive_one_does_not():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(20), 6)
    clustered, naive = [], []
    for _ in range(400):
        values = rng.normal(size=20)[clusters] + 0.5 * rng.normal(size=120)
        found = clustered_mean(values, clusters)
        clustered.append(found["low"] <= 0 <= found["high"])
        naive.append(abs(values.mean()) <= 1.96 * values.std(ddof=1) / np.sqrt(120))
    assert 0.92 < np.mean(clustered) < 0.98
    assert np.mean(naive) < 0.8


def test_one_cluster_has_no_interval():
    found = clustered_mean([0.5, 0.7, np.nan], ["a", "a", "b"])
    assert found["mean"] == pytest.approx(0.6) and np.isnan(found["low"]) and found["clusters"] == 1
