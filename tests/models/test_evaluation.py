"""Measures of a model: those of a network of ours, and of any model that only answers."""

import numpy as np
import pytest

import musiclime as ml
from musiclime.models.evaluation import CASES, evaluate


class OnlyAnswers:
    """A model of which only the answers can be had."""

    seconds = 3.0

    def __init__(self, model):
        self.predict, self.classes, self.card = model.predict, model.classes, model.card
        self.sample_rate = model.sample_rate


def test_a_model_that_only_answers_is_measured_like_a_network():
    model = ml.load_model("genre", "lyrics")
    songs = ml.load_corpus("demo", size=18, seed=5)
    one, other = evaluate(model, songs, progress=False), evaluate(OnlyAnswers(model), songs, progress=False)
    assert other["probabilities"] == pytest.approx(one["probabilities"], abs=1e-5)
    assert set(other["replaced"]) == set(CASES)
    assert other["replaced"] == one["replaced"] and other["accuracy"] == one["accuracy"]
    assert other["confusion"].equals(one["confusion"])


def test_it_hears_no_more_of_a_song_than_it_says():
    lengths = []

    class Listens(OnlyAnswers):
        def __init__(self):
            self.classes, self.card, self.sample_rate = ["folk", "pop"], {"task": "genre"}, 8000

        def predict(self, audio, lyrics):
            lengths.append(audio.shape[1] / self.sample_rate)
            return np.array([[1.0, 0.0]])

    songs = ml.load_corpus("demo", size=9)
    songs = songs.where(songs.table["genre"].isin(["folk", "pop"]))
    found = evaluate(Listens(), songs, progress=False)
    assert set(lengths) == {3.0} and len(lengths) == len(CASES) * len(songs)
    assert found["accuracy"] == (songs.table["genre"] == "folk").mean()
