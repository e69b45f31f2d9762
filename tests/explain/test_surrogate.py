"""The joint fit: equal to lime's, with intervals that hold, pairs or not."""

import numpy as np
import pytest
from lime.lime_base import LimeBase

from musiclime.explain import surrogate
from musiclime.explain.masks import SAMPLING, coins, draw, kernel


def game(masks):
    """A bent additive game of 12 players with two outputs."""
    rng = np.random.default_rng(1)
    return np.tanh((masks - 0.4) @ rng.normal(size=(masks.shape[1], 2)))


def every_mask(features):
    return (np.arange(2**features)[:, None] >> np.arange(features)) & 1 == 1


def banzhaf(features):
    masks = every_mask(features)
    outputs = game(masks)
    return np.array([outputs[masks[:, j]].mean(0) - outputs[~masks[:, j]].mean(0) for j in range(features)]).T


@pytest.mark.parametrize("sampling", SAMPLING)
@pytest.mark.parametrize("alpha", [1.0, 0.01])
def test_equals_limebase(sampling, alpha):
    from sklearn.linear_model import Ridge

    masks = draw(2500, 12, sampling, seed=3)
    outputs = game(masks) + np.random.default_rng(0).normal(size=(len(masks), 2))
    ours = surrogate.fit(masks, outputs, kernel(masks, 0.25), alpha)
    distances = 100 * (1 - np.sqrt(masks.mean(1)))
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 25**2)))
    for row in range(2):
        intercept, pairs, score, local = base.explain_instance_with_data(
            masks.astype(float),
            outputs,
            distances,
            row,
            12,
            feature_selection="none",
            model_regressor=Ridge(alpha=alpha),
        )
        assert np.abs(np.array([weight for _, weight in sorted(pairs)]) - ours.weights[row]).max() < 1e-9
        assert abs(intercept - ours.intercept[row]) < 1e-9
        assert abs(score - ours.score[row]) < 1e-9
        assert abs(local[0] - ours.local[row]) < 1e-9


def test_linear_games_are_recovered():
    masks = draw(400, 20)
    truth = np.random.default_rng(2).normal(size=(20, 3))
    exact = surrogate.fit(masks, masks @ truth + 0.3, alpha=0.0)
    assert np.abs(exact.weights - truth.T).max() < 1e-6
    assert np.abs(exact.intercept - 0.3).max() < 1e-6
    assert np.abs(exact.score - 1).max() < 1e-9
    # Ridge shrinks a fair coin's weight by about alpha / (n / 4), no more.
    shrunk = surrogate.fit(masks, masks @ truth + 0.3).weights
    assert np.abs(shrunk - truth.T).max() < 3 * np.abs(truth).max() * 4 / 400


def test_what_never_moves_and_too_few_masks():
    masks = draw(50, 5)
    still = surrogate.fit(masks, np.full((50, 1), 0.1))
    assert np.abs(still.weights).max() < 1e-12 and still.score[0] == 1
    with pytest.raises(ValueError, match="take more samples or alpha > 0"):
        surrogate.fit(np.ones((4, 9), dtype=bool), np.zeros((4, 1)), alpha=0.0)


@pytest.mark.parametrize("pairs", [False, True])
def test_intervals_cover_the_exact_banzhaf_values(pairs):
    truth, inside, far = banzhaf(12), [], 0
    for seed in range(150):
        masks = coins(400, 12, seed=seed, pairs=pairs)
        found = surrogate.fit(masks, game(masks), pairs=pairs)
        gap = np.abs(found.weights - truth) / found.errors
        inside.append(gap < 1.96)
        far = max(far, gap.max())
    assert np.size(inside) >= 2000
    assert 0.93 <= np.mean(inside) <= 0.97
    assert far < 5.5


def test_intervals_cover_with_few_masks_for_many_features():
    truth, inside = np.random.default_rng(0).normal(size=60), []
    for seed in range(40):
        masks = draw(150, 60, seed=seed)
        noise = np.random.default_rng(seed).normal(size=150)
        found = surrogate.fit(masks, (masks @ truth + noise)[:, None], alpha=1e-6)
        inside.append(np.abs(found.weights[0] - truth) < 1.96 * found.errors[0])
    assert np.size(inside) >= 2000
    assert 0.93 <= np.mean(inside) <= 0.97


def quarter_even(masks):
    """A game whose noise is even: products of two players, which a pair of mirror images shares."""
    signs = np.where(masks, 1.0, -1.0)
    even = signs[:, :6] * signs[:, 6:12]
    return (even.sum(1) + 0.3 * signs.sum(1))[:, None]


def test_pairs_cancel_what_is_even_and_their_errors_say_so():
    truth, gaps, errors = np.full(12, 0.6), {}, {}
    for pairs in (False, True):
        found = []
        for seed in range(60):
            masks = coins(300, 12, seed=seed, pairs=pairs)
            found.append(surrogate.fit(masks, quarter_even(masks), alpha=1e-9, pairs=pairs))
        gaps[pairs] = np.mean([np.square(one.weights - truth) for one in found])
        errors[pairs] = np.mean([np.square(one.errors) for one in found])
    assert gaps[True] < 1e-20 and errors[True] < 1e-20
    assert errors[False] == pytest.approx(gaps[False], rel=0.15)


def test_a_pilot_says_where_pairs_pay():
    masks = coins(200, 12, pairs=True)
    signs = np.where(masks, 1.0, -1.0)
    odd = (signs[:, :4] * signs[:, 4:8] * signs[:, 8:12]).sum(1)[:, None]
    for outputs, pay in ((quarter_even(masks), True), (odd, False)):
        alone, paired = surrogate.fit(masks, outputs), surrogate.fit(masks, outputs, pairs=True)
        assert surrogate.pairs_pay(alone, paired, 200, 12, 5000) is pay


def test_errors_of_differences_are_those_of_the_difference():
    masks = draw(300, 12, seed=2)
    outputs = game(masks)
    both = surrogate.fit(masks, outputs)
    difference = surrogate.fit(masks, outputs[:, :1] - outputs[:, 1:])
    assert both.contrasts.shape == (1, 12)
    assert both.contrasts[0] == pytest.approx(difference.errors[0], rel=1e-9)
    assert surrogate.fit(masks, np.tile(outputs, (1, 9))).contrasts is None


def test_masks_that_form_no_pairs_are_refused():
    with pytest.raises(ValueError, match="take an even number"):
        surrogate.fit(coins(31, 4), np.zeros((31, 1)), pairs=True)
