"""Interactions of known models: the shares and pairs that their formulas have."""

from itertools import product
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import musiclime as ml
from musiclime.data.song import STEMS
from musiclime.judge.interactions import additive_part, centred_log, pair_matrix, sobol_share, two_players

WORDS = ["come", "as", "you", "are", "an", "old", "enemy"]


def tiny_song():
    """Four samples a segment, and each stem sounds in one of them: a mix shows which cells are on."""
    tracks = {stem: np.tile(np.eye(4, dtype=np.float32)[k], 10) for k, stem in enumerate(STEMS)}
    return ml.Song(sum(tracks.values()), 100, " ".join(WORDS), stems=tracks)


def white_box(game):
    """A predict function from a game of (n, 40) cells and (n, 7) words, both as 0 and 1, to logits."""

    def predict(audio, lyrics):
        words = np.array([[word in text.split() for word in WORDS] for text in lyrics], dtype=float)
        logits = game(np.asarray(audio, dtype=float), words)
        power = np.exp(logits - logits.max(1, keepdims=True))
        return power / power.sum(1, keepdims=True)

    return predict


class LateFusion:
    """The same for a model that encodes sound and words apart: its codes are the masks."""

    classes, sample_rate, seconds = ["a", "b", "c"], 100, 0.4

    def __init__(self, game):
        self.game, self.predict = game, white_box(game)

    def encode_audio(self, audio):
        return np.asarray(audio, dtype=float)

    def encode_lyrics(self, lyrics):
        return np.array([[word in text.split() for word in WORDS] for text in lyrics], dtype=float)

    def fuse(self, a, w):
        logits = self.game(a, w)
        power = np.exp(logits - logits.max(1, keepdims=True))
        return power / power.sum(1, keepdims=True)


RNG = np.random.default_rng(0)
HEARD, READ = RNG.normal(0, 0.3, (40, 3)), RNG.normal(0, 0.5, (7, 3))
ADDITIVE = white_box(lambda a, w: a @ HEARD + w @ READ)


def test_emap_is_the_published_example():
    grid = np.array([[-1.3, 0.3, -0.2], [0.8, 3.0, 1.1], [1.1, -0.1, 0.7]])
    np.testing.assert_allclose(additive_part(grid).diagonal(), [-0.8, 2.1, 0.5], atol=1e-12)


def test_two_players_of_an_and():
    game = two_players([[1.0, 0.0], [0.0, 0.0]])
    assert game["together"] == 1.0 and game["share"] == 1.0
    assert two_players([[3.0, 1.0], [2.0, 0.0]])["share"] == 0.0


def test_additive_logits_do_not_interact_where_they_are_additive():
    found = ml.interaction(tiny_song(), ADDITIVE, sample_rate=100)
    assert found.share_logit < 0.01 and found.interval_logit[1] < 0.01
    assert found.share_probability > 0.005, (
        "softmax bends what is additive: that is no finding about the model"
    )
    assert not found.stands_out.any()
    assert abs(found.players.loc["logit", "together"]) < 1e-9


def test_xor_is_interaction_and_nothing_else():
    xor = white_box(lambda a, w: np.outer((a[:, 3] - 0.5) * (w[:, 2] - 0.5), [4.0, -4.0]))
    found = ml.interaction(tiny_song(), xor, sample_rate=100)
    assert found.share_logit > 0.9 and found.share_probability > 0.9
    assert found.interval_logit[0] > 0.8
    assert tuple(found.pairs.loc[0, ["audio", "lyrics"]]) == ("other0", "you")
    assert found.stands_out.sum() == 1


def test_planted_pairs_come_first_in_nine_songs_of_ten():
    first = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        cell, word = int(rng.integers(40)), int(rng.integers(7))
        heard, read = rng.normal(0, 0.4, (40, 2)), rng.normal(0, 0.4, (7, 2))
        both = np.array([1.0, -1.0])

        def planted(a, w, cell=cell, word=word, heard=heard, read=read, both=both):
            return np.tanh(a @ heard + w @ read) + np.outer(a[:, cell] * w[:, word], both)

        found = ml.interaction(tiny_song(), white_box(planted), sample_rate=100, seed=seed)
        place = np.unravel_index(np.abs(found.matrix).argmax(), found.matrix.shape)
        first += place == (cell, word) and found.stands_out[cell, word]
    assert first >= 9


def test_late_fusion_and_plain_predict_agree():
    game = LateFusion(lambda a, w: np.tanh(a @ HEARD) * 2 + w @ READ + np.outer(a[:, 0] * w[:, 0], [1, 0, 0]))
    fast = ml.interaction(tiny_song(), game, "a", masks=(90, 60))
    slow = ml.interaction(
        tiny_song(), game.predict, "a", classes=game.classes, masks=(90, 60), sample_rate=100
    )
    np.testing.assert_allclose(fast.shares.to_numpy(), slow.shares.to_numpy(), atol=1e-9)
    np.testing.assert_allclose(fast.matrix, slow.matrix, atol=1e-9)
    assert list(fast.pairs.columns) == ["audio", "lyrics", "weight", "error"] and len(fast.pairs) == 40 * 7


def small_game(seed):
    rng = np.random.default_rng(seed)
    w, u, v = rng.normal(size=(6, 5)), rng.normal(size=(6, 5)), rng.normal(size=5)

    def play(a, t):
        a, t = np.tanh((a - 0.5) @ w), np.tanh((t - 0.5) @ u)
        return np.tanh(a[:, None] + t[None] + a[:, None] * t[None]) @ v

    return play, np.array(list(product([0.0, 1.0], repeat=6)))


def coins(seed, count):
    return np.random.default_rng(seed).integers(0, 2, (count, 6)).astype(float)


def test_intervals_of_share_and_pairs_hold_the_truth():
    shares, pairs = [], []
    for game in range(4):
        play, every = small_game(game)
        grid = play(every, every)
        true_share = ((grid - additive_part(grid)) ** 2).mean() / grid.var()
        reader = np.linalg.pinv(np.column_stack([np.ones(64), every - 0.5]))
        true_pairs = (reader @ grid @ reader.T)[1:, 1:]
        for seed in range(30):
            a, t = coins([game, seed, 0], 100), coins([game, seed, 1], 100)
            drawn = play(a, t)
            share = sobol_share(drawn)
            shares.append(share["low"] <= true_share <= share["high"])
            weights, errors = pair_matrix(drawn, a, t)
            pairs.append(np.abs(weights - true_pairs) < 1.96 * errors)
    assert 0.9 <= np.mean(shares) <= 1.0
    assert 0.93 <= np.mean(pairs) <= 0.99


def test_few_masks_give_wider_errors_that_still_hold():
    play, every = small_game(1)
    reader = np.linalg.pinv(np.column_stack([np.ones(64), every - 0.5]))
    true = (reader @ play(every, every) @ reader.T)[1:, 1:]
    hits, few, many = [], [], []
    for seed in range(60):
        a, t = coins([seed, 0], 12), coins([seed, 1], 12)
        weights, errors = pair_matrix(play(a, t), a, t)
        hits.append(np.abs(weights - true) < 1.96 * errors)
        few.append(errors)
        a, t = coins([seed, 2], 60), coins([seed, 3], 60)
        many.append(pair_matrix(play(a, t), a, t)[1])
    assert np.mean(hits) > 0.9 and np.mean(few) > 2 * np.mean(many)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 30), st.integers(3, 30))
def test_shares_are_shares(seed, rows, columns):
    share = sobol_share(np.random.default_rng(seed).normal(size=(rows, columns)))
    assert 0 <= share["low"] <= share["share"] + 1e-12 and share["share"] <= share["high"] + 1e-12 <= 1 + 1e-9
    assert share["share"] + share["audio"] + share["lyrics"] == pytest.approx(1)


def test_centred_log_survives_a_zero():
    assert np.isfinite(centred_log([1.0, 0.0])).all()


def test_real_outputs_are_taken_as_they_are():
    both = lambda a, w: np.column_stack([a.sum(1) + w, a.sum(1) * w]) / 40  # noqa: E731
    predict = lambda audio, lyrics: both(np.asarray(audio), np.array([len(x) / 20 for x in lyrics]))  # noqa: E731
    named = {"classes": ["valence", "energy"], "sample_rate": 100, "masks": (60, 60)}
    assert ml.interaction(tiny_song(), predict, "valence", **named).share_logit < 1e-9
    energy = ml.interaction(tiny_song(), predict, "energy", **named)
    assert energy.share_logit == energy.share_probability > 0.01


def test_bad_questions_get_an_answer():
    silent = tiny_song()
    silent.lyrics = ""
    with pytest.raises(ValueError, match="no words"):
        ml.interaction(silent, ADDITIVE, sample_rate=100)
    with pytest.raises(ValueError, match="no class 'polka'"):
        ml.interaction(tiny_song(), ADDITIVE, "polka", sample_rate=100, masks=(10, 10))


@pytest.mark.slow
def test_the_demo_model_answers_within_twenty_seconds():
    model, song = ml.load_model("genre", "multimodal"), ml.load_corpus("demo").split("test")[0]
    started = process_time()
    found = ml.interaction(song, model)
    assert process_time() - started < 40, "twenty seconds on two cores"
    assert 0 <= found.share_logit <= found.share_probability + 0.2


def test_a_pair_that_is_certain_but_tiny_gets_no_ring():
    # Exact answers and one product of a thousandth: sampling noise is nil, and so is the effect.
    tiny = white_box(lambda a, w: a @ HEARD[:, :2] + np.outer(a[:, 3] * w[:, 2], [1e-3, -1e-3]))
    found = ml.interaction(tiny_song(), tiny, sample_rate=100)
    assert tuple(found.pairs.loc[0, ["audio", "lyrics"]]) == ("other0", "you")
    assert not found.stands_out.any()


def test_pairs_on_the_scale_that_was_asked_for():
    # Additive logits: no pair on the logit scale, many in probability, where softmax bends the sum.
    steep = white_box(lambda a, w: 3 * np.outer(a[:, 0] + w[:, 0], [1.0, -1.0]))
    logit = ml.interaction(tiny_song(), steep, sample_rate=100)
    bent = ml.interaction(tiny_song(), steep, sample_rate=100, scale="probability")
    assert np.abs(logit.matrix).max() < 1e-6 and not logit.stands_out.any()
    assert tuple(bent.pairs.loc[0, ["audio", "lyrics"]]) == ("vocals0", "come")
    assert bent.stands_out.sum() == 1
    with pytest.raises(ValueError, match="'odds'"):
        ml.interaction(tiny_song(), steep, sample_rate=100, scale="odds")
