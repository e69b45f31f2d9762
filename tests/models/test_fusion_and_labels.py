"""Four ways to join two codes, several labels a song: trained, evaluated and explained."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score
from test_training import own_cache, quick, toy  # noqa: F401

import musiclime as ml
from musiclime.models.encoders import Head
from musiclime.models.evaluation import evaluate, labels_of
from musiclime.show.player.pack_model import runs_in_page

COUNTS = ["hits", "false alarms", "misses", "rightly left out"]


@pytest.mark.parametrize("fusion", Head.FUSIONS)
def test_every_way_to_join_hears_both_codes_of_any_two_sizes(fusion):
    torch.manual_seed(0)
    head, sound, words = Head([16, 24], 3, fusion), torch.randn(5, 16), torch.randn(5, 24)
    both = head(sound, words)
    assert both.shape == (5, 3)
    assert (head(sound.flip(0), words) - both).abs().max() > 1e-3
    assert (head(sound, words.flip(0)) - both).abs().max() > 1e-3


def test_cross_attention_weighs_the_parts_of_the_sound_by_the_words():
    torch.manual_seed(0)
    head = Head([16, 16], 3, "cross-attention")
    sound, words = torch.randn(1, 16), torch.randn(2, 16)
    words[1] = 5 * words[1]
    seen = head.join(sound.expand(2, -1), words)[:, 16:]
    assert (seen[0] - seen[1]).abs().max() > 1e-4, "other words look at other parts of the same sound"
    parts = sound.unflatten(-1, (4, -1)).flip(1).flatten(1)
    torch.testing.assert_close(head.join(parts, words[:1])[:, 16:], seen[:1], atol=1e-5, rtol=1e-4)


def test_codes_that_cannot_be_cut_are_refused():
    with pytest.raises(ValueError, match="cuts a code into 8 parts: 15 numbers"):
        Head([15, 16], 2, "cross-attention")


@pytest.mark.parametrize("fusion", ["sum", "cross-attention"])
def test_a_model_of_any_fusion_is_kept_and_its_grid_is_its_answers(fusion, tmp_path):
    model = quick(fusion=fusion)
    again = quick(fusion=fusion)
    songs = list(toy())[:3]
    sounds, texts = np.stack([song.audio for song in songs]), [song.lyrics for song in songs]
    np.testing.assert_allclose(again.predict(sounds, texts), model.predict(sounds, texts), atol=1e-6)
    heard, read = model.encode_audio(sounds), model.encode_lyrics(texts)
    grid = model.fuse_grid(heard, read)
    np.testing.assert_allclose(grid[[0, 1, 2], [0, 1, 2]], model.predict(sounds, texts), atol=1e-6)
    np.testing.assert_allclose(grid[0, 2], model.predict(sounds[:1], texts[2:])[0], atol=1e-6)
    assert runs_in_page(model) == (fusion == "sum"), "the page knows nothing of attention over codes"


def test_the_crossed_design_explains_cross_attention_as_the_joint_one_does():
    model, song = quick(fusion="cross-attention", epochs=6, rate=3e-3), toy()[0]
    crossed = ml.MusicLIME(model, design="crossed", samples=300).explain(song)
    joint = ml.MusicLIME(model, design="joint", samples=1500).explain(song)
    assert crossed.design == "crossed"
    apart = np.abs(crossed.weights[0] - joint.weights[0])
    assert (apart < 5 * np.hypot(crossed.errors[0], joint.errors[0]) + 1e-3).mean() > 0.95


def two_labels(size=40):
    corpus = toy(size)
    corpus.table["emotion"] = corpus.table["genre"].map({"a": "Sad", "b": "Sad;Calm"})
    return corpus


def test_several_labels_are_evaluated_label_by_label():
    corpus = two_labels()
    model = ml.load_model(
        "emotion", "lyrics", corpus, multilabel=True, epochs=20, batch=6, rate=3e-3, progress=False
    )
    test = corpus.split("test")
    measures = evaluate(model, test, progress=False)
    assert measures["accuracy"] == measures["label_accuracy"] == 1.0
    assert measures["report"].index.tolist() == ["Calm", "Sad"]
    assert measures["confusion"].loc["Sad"].tolist() == [len(test), 0, 0, 0]
    explanation = ml.LyricsLIME(model, samples=200).explain(test[0])
    said = explanation.table("Sad" if explanation.label == "Calm" else "Calm")
    assert len(said) == len(explanation.features), "each label has weights of its own"


class Fixed:
    """Probabilities that are known beforehand: the words of a song say which row of them it gets."""

    classes = ["x", "y", "z"]
    card = {"task": "emotion", "architecture": {"multilabel": True}}
    sample_rate, seconds = 100, 1.0

    def __init__(self, rows):
        self.rows = rows

    def predict(self, audio, lyrics):
        return np.stack([self.rows[int(text)] for text in lyrics])


def test_the_measures_of_several_labels_equal_scikit_learns():
    rng = np.random.default_rng(0)
    truth = rng.random((80, 3)) < 0.4
    said = np.where(rng.random((80, 3)) < 0.7, truth, ~truth) * 0.8 + 0.1
    labels = [";".join(np.array(Fixed.classes)[row]) or "none" for row in truth]
    known = [row.any() for row in truth]
    table = pd.DataFrame({"emotion": labels})[known]
    assert labels_of(table, "emotion", Fixed.classes, True).tolist() == truth[known].tolist()

    def read(row):
        return ml.Song(np.zeros(100, np.float32), 100, lyrics=row["id"], id=row["id"])

    corpus = ml.Corpus("fixed", table.assign(id=[str(row) for row in table.index]), read)
    measures = evaluate([Fixed(said)], corpus, progress=False)[0]
    guess, truth = said[known] > 0.5, truth[known]
    assert measures["macro_f1"] == pytest.approx(f1_score(truth, guess, average="macro"))
    assert measures["accuracy"] == pytest.approx((guess == truth).all(1).mean())
    assert measures["label_accuracy"] == pytest.approx((guess == truth).mean())
    assert measures["confusion"][COUNTS].sum(axis=1).tolist() == [len(truth)] * 3
    for measure in ("accuracy", "macro_f1"):
        low, high = measures[f"{measure}_interval"]
        assert low < measures[measure] < high
    spread = np.sqrt(measures["accuracy"] * (1 - measures["accuracy"]) / len(truth))
    low, high = measures["accuracy_interval"]
    assert (high - low) / (2 * 1.96 * spread) == pytest.approx(1, abs=0.15)


def test_a_label_that_the_model_does_not_know_is_named():
    table = pd.DataFrame({"genre": ["pop", "polka"]})
    with pytest.raises(ValueError, match="knows no genre 'polka'"):
        labels_of(table, "genre", ["pop"])
    with pytest.raises(ValueError, match="knows no genre 'polka'"):
        labels_of(pd.DataFrame({"genre": ["pop;polka"]}), "genre", ["pop"], multilabel=True)
