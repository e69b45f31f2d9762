"""The exam itself: what counts as evidence, what it costs, what is refused."""

import numpy as np
import pytest

import musiclime as ml
from musiclime.explain.explanation import Explanation, Feature
from musiclime.judge.exact_values import model_values
from musiclime.judge.planted_evidence import compare, evidence_costs, mark, marks
from musiclime.judge.white_boxes import GAMES, game, small_game


def drums_with(weights, shift=0.0):
    """An explanation of ten cells of drums, each a second long and begun `shift` seconds late."""
    features = [
        Feature(f"drums{n}", "audio", stem="drums", segment=n, start=n + shift, end=n + 1 + shift)
        for n in range(10)
    ]
    weights = np.atleast_2d(np.asarray(weights, dtype=float))
    one = np.ones(1)
    return Explanation(["a"], features, weights, np.full_like(weights, 0.01), one, one, one, 100, 0, "joint")


def song_with_evidence(cells):
    silence = np.zeros(1600, dtype=np.float32)
    evidence = {"genre": {"words": ["x"], "cells": cells}}
    return ml.Song(silence, 160, "x y", genre="a", stems={"drums": silence}, evidence=evidence)


def test_cells_across_a_border_are_scored_apart():
    weights = np.zeros(10)
    weights[3], weights[2] = 1.0, 0.5
    # A third of a second late, cell 3 holds two thirds of the evidence and cell 2 one third.
    row = marks(drums_with(weights, 1 / 3), song_with_evidence([("drums", 3)]), "a")[0]
    assert row["auc"] == 1.0 and row["touched"] == 1.0
    exact = marks(drums_with(weights), song_with_evidence([("drums", 3)]), "a")[0]
    assert exact["auc"] == 1.0 and np.isnan(exact["touched"])


def test_evidence_touches_no_neighbour_whose_border_it_meets():
    corpus = ml.load_corpus("demo", size=16)

    def touched(song, segments):
        options = {"classes": [song.genre, "else"], "samples": 90, "progress": False, "segments": segments}
        flat = ml.AudioLIME(lambda audio, _: np.full((len(audio), 2), 0.5), **options)
        rows = marks(flat.explain(song), song, song.genre)
        return [row["touched"] for row in rows if row["modality"] == "audio"]

    # In three of these sixteen a border in seconds misses the other by 2e-15.
    assert np.isnan([one for song in corpus for one in touched(song, 10)]).all()
    assert not np.isnan(touched(corpus[8], 7)).any()


@pytest.mark.parametrize("kind", GAMES)
def test_games_are_recovered_within_their_errors(kind):
    song, predict, exact = game(kind)
    table = ml.MusicLIME(predict, samples=3000, seed=1).explain(song).table("output 0").set_index("feature")
    far = table["weight"].to_numpy() - table.index.map(exact).to_numpy()
    assert np.abs(far / np.maximum(table["error"].to_numpy(), 1e-3)).max() < 4.5
    assert np.abs(far).mean() < 0.02


def word_reader(word, label):
    """A model that is sure of the label while it reads one word."""

    def predict(audio, lyrics):
        sure = np.array([0.9 if word in text.lower().split() else 0.2 for text in lyrics])
        return np.column_stack([sure, 1 - sure])

    return ml.MusicLIME(predict, [label, "else"], samples=400, progress=False)


def test_what_replacing_costs_and_which_songs_count():
    song = next(one for one in ml.load_corpus("demo", size=20) if one.evidence["genre"]["words"])
    explainer = word_reader(song.evidence["genre"]["words"][0], song.genre)
    costs = evidence_costs(explainer, song, song.genre)
    assert costs == pytest.approx({"audio": 0.0, "lyrics": 0.7, "both": 0.7})
    table = mark(explainer, [song]).set_index("modality")
    assert table.loc["lyrics", "counts"] and not table.get("counts").get("audio", False)
    assert table.loc["lyrics", "pointing"] == 1.0
    assert not mark(explainer, [song], needed=0.8)["counts"].any()


def test_both_truths_of_one_song():
    song = next(one for one in ml.load_corpus("demo", size=20) if one.evidence["genre"]["words"])
    explainer = word_reader(song.evidence["genre"]["words"][0], song.genre)
    row = mark(explainer, [song], values="leave one out").set_index("modality").loc["lyrics"]
    # One word alone matters, so leaving it out and its Banzhaf value are the same.
    assert row["rmse"] < 0.02 and row["spread"] > 0.05
    assert row["coverage"] >= 0.9


def test_coverage_of_the_models_own_values():
    inside, top = [], []
    for seed in range(25):
        explainer, song = small_game(7, 7, seed)
        truth = model_values(explainer, song)
        options = {"segments": 7, "samples": 150, "design": "joint", "seed": seed}
        explanation = ml.MusicLIME(explainer.predict, **options).explain(song)
        for modality in ("audio", "lyrics"):
            row = compare(explanation, truth, "a", modality)
            inside.append(row["coverage"])
            top.append(row["top coverage"])
            assert row["rmse"] < row["spread"]
    assert 0.9 < np.mean(inside) < 0.99
    assert 0.88 < np.mean(top) < 1.0


def test_an_argument_without_effect_is_refused():
    song = song_with_evidence([("drums", 3)])
    explainer = word_reader("x", "a")
    with pytest.raises(ValueError, match="leave songs out"):
        mark(lambda model: explainer, songs=[song])
    with pytest.raises(ValueError, match="sets belong to the whole exam"):
        mark(explainer, [song], sets=("joint",))
    with pytest.raises(ValueError, match="leave sets out"):
        mark(lambda model: explainer, sets=("joint",), on="real")
    with pytest.raises(ValueError, match="'mars'"):
        mark(explainer, on="mars")
    with pytest.raises(ValueError, match="chess"):
        game("chess")


def test_songs_without_evidence_are_no_exam():
    plain = song_with_evidence([("drums", 3)])
    plain.evidence = None
    with pytest.raises(ValueError, match="no song of the exam has planted evidence"):
        mark(word_reader("x", "a"), [plain])
