"""Trees guess the answers first: their own values are exact, errors shrink and hold, nothing is lost."""

import itertools

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

import musiclime as ml
from musiclime.explain.control import fit_crossed_with_control, fit_with_control, guess, tree_values
from musiclime.explain.crossed_design import fit_crossed
from musiclime.explain.masks import coins
from musiclime.explain.surrogate import fit

EVERY_MASK = np.array(list(itertools.product([False, True], repeat=8)))


def together(masks: np.ndarray) -> np.ndarray:
    """Two outputs in which features count mostly in couples."""
    z = masks.astype(float)
    first = 0.2 * z[:, 0] + z[:, 1] * z[:, 2] + 0.5 * z[:, 3] * (1 - z[:, 4])
    return np.column_stack([first, np.abs(z[:, 5] - z[:, 6]) + 0.1 * z[:, 7]])


def in_threes(masks: np.ndarray) -> np.ndarray:
    """Masks in pairs cancel what couples do; what three features do together is left."""
    z = masks.astype(float)
    return np.column_stack([z[:, 0] * z[:, 1] * z[:, 2], z[:, 3] * z[:, 4] * (1 - z[:, 5]) + 0.1 * z[:, 7]])


def sums(masks: np.ndarray) -> np.ndarray:
    return masks.astype(float) @ np.arange(16).reshape(8, 2)


def values(game) -> np.ndarray:
    """Exact Banzhaf values, by all masks: (outputs, features)."""
    said = game(EVERY_MASK)
    each = [said[EVERY_MASK[:, k]].mean(0) - said[~EVERY_MASK[:, k]].mean(0) for k in range(8)]
    return np.transpose(each)


def test_the_values_of_a_tree_are_those_of_all_masks():
    masks = coins(200, 8, seed=3)
    tree = DecisionTreeRegressor(max_leaf_nodes=9).fit(masks.astype(np.float32), together(masks))
    np.testing.assert_allclose(tree_values(tree, 8), values(tree.predict), atol=1e-12)


@pytest.mark.parametrize("pairs", [False, True])
def test_no_mask_is_guessed_by_trees_that_saw_it_or_its_mirror_image(pairs):
    masks = coins(200, 8, seed=4, pairs=pairs)
    outputs = together(masks)
    before = guess(masks, outputs, pairs).answers
    changed = outputs.copy()
    changed[0] += 100
    after = guess(masks, changed, pairs).answers
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[1] == after[1]).all() == pairs
    assert np.abs(after[2:] - before[2:]).max() > 1


@pytest.mark.parametrize("game, pairs", [(together, False), (in_threes, True)])
def test_errors_shrink_and_hold_where_features_count_together(game, pairs):
    exact, inside, ratios = values(game), [], []
    for seed in range(15):
        masks = coins(300, 8, seed=seed, pairs=pairs)
        outputs = game(masks) + np.random.default_rng(seed).normal(0, 0.05, (300, 2))
        plain = fit(masks, outputs, pairs=pairs)
        found = fit_with_control(masks, outputs, pairs=pairs)
        assert found.controlled
        inside.append(np.abs(found.weights - exact) <= 1.96 * found.errors)
        ratios.append(((found.weights - exact) ** 2).sum() / ((plain.weights - exact) ** 2).sum())
    assert 0.9 < np.mean(inside) < 0.985
    assert np.median(ratios) < 0.5


def test_where_a_sum_is_all_there_is_the_plain_fit_stays():
    masks = coins(300, 8, seed=1)
    found = fit_with_control(masks, sums(masks))
    assert not found.controlled
    np.testing.assert_array_equal(found.weights, fit(masks, sums(masks)).weights)


@pytest.mark.parametrize("count, pairs", [(2, True), (3, False), (4, False), (8, True)])
def test_too_few_masks_to_learn_from_are_fitted_plainly(count, pairs):
    masks = coins(count, 3, seed=1, pairs=pairs)
    outputs = masks.astype(float) @ np.ones((3, 2))
    np.testing.assert_array_equal(
        fit_with_control(masks, outputs, pairs=pairs).weights, fit(masks, outputs, pairs=pairs).weights
    )
    found = fit_crossed_with_control(masks, masks, lambda: iter([outputs[:, None] + outputs[None]]))
    assert not found.controlled


def test_a_grid_gets_smaller_errors_that_hold():
    exact, inside, ratios = values(together), [], []
    for seed in range(8):
        audio, lyrics = coins(120, 8, seed=[seed, 0]), coins(160, 8, seed=[seed, 1])
        drawn = np.random.default_rng(seed)

        whole = together(audio)[:, None] + 0.5 * together(lyrics)[None]
        whole = whole + drawn.normal(0, 0.3, whole.shape)

        def grid(whole=whole):
            return iter([whole[:50], whole[50:]])

        truth = np.hstack([exact, 0.5 * exact])
        plain = fit_crossed(audio, lyrics, grid())
        found = fit_crossed_with_control(audio, lyrics, grid)
        assert found.controlled
        inside.append(np.abs(found.weights - truth) <= 1.96 * found.errors)
        ratios.append(((found.weights - truth) ** 2).sum() / ((plain.weights - truth) ** 2).sum())
        mean_answer = found.intercept + found.weights @ np.concatenate([audio.mean(0), lyrics.mean(0)])
        np.testing.assert_allclose(mean_answer, whole.mean((0, 1)), atol=1e-6)
    assert 0.9 < np.mean(inside) < 0.99
    assert np.median(ratios) < 0.6


def test_an_explainer_says_whether_trees_helped_and_refuses_them_where_they_have_no_meaning():
    song = ml.Song(np.ones(800, np.float32), 100, "la di da di", stems={"mix": np.ones(800, np.float32)})

    def predict(audio, lyrics):
        first = (np.abs(audio[:, :400]).mean(1) > 0.45) & (np.abs(audio[:, 400:]).mean(1) > 0.45)
        return np.column_stack([first, [len(text) for text in lyrics]]).astype(float)

    explainer = ml.MusicLIME(predict, segments=4, samples=300, control="trees", classes=["a", "b"])
    explanation = explainer.explain(song)
    assert explanation.provenance["control"] == "trees guessed the answers first"
    assert explanation.provenance["settings"]["control"] == "trees"
    plain = ml.MusicLIME(predict, segments=4, samples=300, classes=["a", "b"]).explain(song)
    assert (explanation.errors[0, :4] < 0.7 * plain.errors[0, :4]).all()
    assert "control" not in plain.provenance
    with pytest.raises(ValueError, match="control is one of None, trees"):
        ml.MusicLIME(predict, control="forest")
    with pytest.raises(ValueError, match="leave control out"):
        ml.MusicLIME(predict, control="trees", sampling="lime")
