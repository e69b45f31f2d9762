"""The change that flips a label is one, and a small one."""

from itertools import combinations

import numpy as np
import pytest
from test_interactions import WORDS, tiny_song, white_box

import musiclime as ml
from musiclime.data.lyrics import words as spans
from musiclime.data.song import STEMS


def without(song, removed):
    """What is left of a raw song, worked out here and not by the module."""
    audio, text = np.zeros_like(song.audio), song.lyrics
    gone = {(f.stem, f.segment) for f in removed if f.modality == "audio"}
    step = len(song.audio) // 10
    for stem in STEMS:
        for segment in range(10):
            if (stem, segment) not in gone:
                audio[segment * step : (segment + 1) * step] += song.stems[stem][
                    segment * step : (segment + 1) * step
                ]
    words = {f.name for f in removed if f.modality == "lyrics"}
    return audio, " ".join(text[a:b] for name, a, b in spans(text) if name not in words)


def label(predict, song, removed):
    audio, text = without(song, removed)
    return int(np.argmax(predict(audio[None], [text])[0]))


def bent(seed, bias=6.0):
    rng = np.random.default_rng(seed)
    heard, read = rng.gamma(0.5, 1, 40), rng.gamma(0.5, 2, 7)

    def game(a, w):
        votes = a @ heard / heard.sum() + w @ read / read.sum()
        return np.column_stack([6 * votes, np.full(len(votes), bias)])

    return white_box(game)


@pytest.mark.parametrize("seed", range(8))
def test_it_flips_from_the_raw_song_and_nothing_in_it_is_idle(seed):
    song, predict = tiny_song(), bent(seed)
    found = ml.counterfactual(song, predict, classes=["a", "b"], samples=300, sample_rate=100)
    assert found.found and found.label == "b" and found.explanation.label == "a"
    assert label(predict, song, found.removed) == 1
    for one in found.removed:
        assert label(predict, song, [f for f in found.removed if f is not one]) == 0
    np.testing.assert_allclose(
        predict(found.song.audio[None], [found.song.lyrics])[0], found.probabilities, atol=1e-6
    )


def test_the_search_finds_the_smallest_set_where_greedy_does_not():
    # Alone, "you" weighs most; but "come" and the first drums flip the label together.
    def game(a, w):
        keep = 1.0 * w[:, 2] + 3.0 * np.maximum(a[:, 1], w[:, 0]) + 0.9 * w[:, 1] + 0.8 * w[:, 3]
        return np.column_stack([keep, np.full(len(keep), 2.75)])

    song, predict = tiny_song(), white_box(game)
    found = ml.counterfactual(song, predict, classes=["a", "b"], samples=2000, sample_rate=100, candidates=6)
    assert {f.name for f in found.removed} == {"come", "drums0"}
    every = [f for f in found.explanation.features if f.name in (*WORDS, "drums0")]
    smaller = [set_ for set_ in combinations(every, 1) if label(predict, song, set_)]
    assert not smaller


def test_a_target_is_reached_or_said_to_be_out_of_reach():
    def game(a, w):
        return np.column_stack(
            [4 * w[:, 0] + 2 * a[:, 0], 3 * w[:, 1], np.full(len(a), 0.5), np.full(len(a), -9.0)]
        )

    song, predict, names = tiny_song(), white_box(game), ["a", "b", "c", "d"]
    settings = {"classes": names, "samples": 500, "sample_rate": 100}
    assert ml.counterfactual(song, predict, **settings).label == "b"
    found = ml.counterfactual(song, predict, target="c", **settings)
    assert found.label == "c" and {f.name for f in found.removed} >= {"come", "as"}
    never = ml.counterfactual(song, predict, target="d", within=5, candidates=5, **settings)
    assert not never.found and never.removed == [] and never.label == "a" and "none found" in str(never)
    with pytest.raises(ValueError, match="already is 'a'"):
        ml.counterfactual(song, predict, target="a", **settings)
    with pytest.raises(ValueError, match="no class 'polka'"):
        ml.counterfactual(song, predict, target="polka", **settings)


def test_a_model_that_never_changes_its_mind():
    found = ml.counterfactual(
        tiny_song(), lambda audio, lyrics: np.tile([0.9, 0.1], (len(lyrics), 1)), samples=100, sample_rate=100
    )
    assert not found.found and found.label == "output 0"
    np.testing.assert_array_equal(found.probabilities, [0.9, 0.1])


@pytest.mark.slow
def test_on_the_demo_model_every_flip_is_real():
    model, songs = ml.load_model("genre", "multimodal"), ml.load_corpus("demo").split("test")
    flips = 0
    for song in (songs[k] for k in range(3)):
        found = ml.counterfactual(song, model)
        if found.found:
            audio, text = without(song, found.removed)
            assert model.classes[int(model.predict(audio[None], [text])[0].argmax())] == found.label
            flips += 1
    assert flips >= 1
