"""The model's own values: exact by asking all masks, and near enough by drawing them."""

from itertools import permutations

import numpy as np
import pytest

import musiclime as ml
from musiclime.judge.exact_values import ESTIMANDS, every_mask, model_values
from musiclime.judge.white_boxes import WORDS, game, small_game


def all_answers(explainer, song):
    space = explainer.space(song)
    masks = every_mask(len(space.audio) + len(space.lyrics))
    return masks, explainer.outputs(space, masks)


def test_banzhaf_by_asking_all_masks_is_the_difference_of_two_means():
    explainer, song = small_game(7, 7)
    masks, outputs = all_answers(explainer, song)
    expected = [outputs[masks[:, j]].mean(0) - outputs[~masks[:, j]].mean(0) for j in range(14)]
    found = model_values(explainer, song)
    np.testing.assert_allclose(found.values.T, expected, atol=1e-12)
    assert not found.error.any()


def test_shapley_by_asking_all_masks_is_the_mean_over_all_orders():
    explainer, song = small_game(2, 4)
    masks, outputs = all_answers(explainer, song)
    answer = {tuple(mask): output for mask, output in zip(masks.tolist(), outputs)}
    expected = np.zeros((6, 2))
    orders = list(permutations(range(6)))
    for order in orders:
        on = [False] * 6
        for feature in order:
            before = answer[tuple(on)]
            on[feature] = True
            expected[feature] += (answer[tuple(on)] - before) / len(orders)
    found = model_values(explainer, song, "shapley")
    np.testing.assert_allclose(found.values.T, expected, atol=1e-9)


def test_leave_one_out_is_what_one_removal_costs():
    explainer, song = small_game(2, 2)
    found = model_values(explainer, song, "leave one out")
    whole = explainer.predict.predict(np.ones((1, 2)), [song.lyrics])[0]
    without = explainer.predict.predict(np.ones((1, 2)), [WORDS[1]])[0]
    np.testing.assert_allclose(found.values[:, 2], whole - without, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_drawn_masks_come_within_a_thousandth_of_all_masks(estimand):
    for seed in range(3):
        explainer, song = small_game(7, 7, seed)
        exact = model_values(explainer, song, estimand)
        drawn = model_values(explainer, song, estimand, masks=6000, enumerated=0)
        assert np.sqrt(np.mean((drawn.values - exact.values) ** 2)) < 1e-3


@pytest.mark.parametrize("estimand", ["banzhaf", "shapley", "lime"])
def test_the_error_of_drawn_values_foretells_how_far_they_are_off(estimand):
    far, told = [], []
    for seed in range(20):
        explainer, song = small_game(6, 6, seed)
        exact = model_values(explainer, song, estimand)
        drawn = model_values(explainer, song, estimand, masks=300, enumerated=0)
        far.append(np.mean((drawn.values - exact.values) ** 2))
        told.append(np.mean(drawn.error**2))
    assert 0.4 < np.mean(far) / np.mean(told) < 2


def test_a_model_that_is_asked_about_both_at_once():
    song, predict, exact = game("threshold")
    found = model_values(ml.MusicLIME(predict), song, masks=4000)
    expected = np.array([exact[feature.name] for feature in found.features])
    assert np.sqrt(np.mean((found.values[0] - expected) ** 2)) < 0.01
    shapley = model_values(ml.MusicLIME(predict), song, "shapley", masks=4000)
    whole = predict(song.audio[None], [song.lyrics])[0] - predict(0 * song.audio[None], [""])[0]
    np.testing.assert_allclose(shapley.values.sum(1), whole, atol=1e-6)


def test_lime_is_what_its_own_fit_converges_to():
    explainer, song = small_game(6, 6)
    exact = model_values(explainer, song, "lime").values[0]
    options = {"segments": 6, "samples": 20_000, "sampling": "lime", "design": "joint", "progress": False}
    many = ml.MusicLIME(explainer.predict, **options).explain(song)
    assert np.abs(many.weights[0] - exact).max() < 4 * many.errors[0].max()


def test_an_unknown_estimand_is_refused():
    with pytest.raises(ValueError, match="'owen'"):
        model_values(*small_game(2, 2), estimand="owen")


class Tabled:
    """A model of sixteen cells that offers its exact values, or says that it cannot."""

    classes, sample_rate, modality = ["loud", "soft"], 100, "audio"

    def __init__(self, can: bool):
        self.can = can

    def predict(self, audio, lyrics=None):
        loud = np.abs(np.asarray(audio)).mean(1)
        return np.column_stack([loud, 1 - loud])

    def table(self, space):
        if not self.can:
            raise ValueError("a patch hears too many cells")
        self.features = len(space.audio)
        return self

    def banzhaf(self):
        return np.full((2, self.features), 0.25)

    def shapley(self):
        return np.full((2, self.features), 0.5)


def test_a_taggers_table_is_taken_where_it_has_one():
    sound = np.ones(1600, dtype=np.float32)
    song = ml.Song(sound, 100, "", stems={"mix": sound})
    asked = ml.AudioLIME(Tabled(can=True), segments=16)
    assert (model_values(asked, song).values == 0.25).all()
    assert (model_values(asked, song, "shapley").values == 0.5).all()
    # The answer is a mean over sixteen equal cells, so each is worth a sixteenth.
    drawn = model_values(ml.AudioLIME(Tabled(can=False), segments=16), song, masks=200)
    np.testing.assert_allclose(drawn.values, np.outer([1, -1], np.full(16, 1 / 16)), atol=1e-6)
