"""Training learns, survives a kill to the same weights, and measures what it says."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

import musiclime as ml
from musiclime.__main__ import main
from musiclime.data import audio as sound
from musiclime.data.corpora.curation import balance
from musiclime.data.song import COLUMNS, STEMS
from musiclime.models import training
from musiclime.models.evaluation import evaluate, macro_f1
from musiclime.models.training_data import drop_words, mute_cells

WORDS = {"a": "sun sea summer", "b": "moon night winter"}


def toy(size=30, seed=0):
    """Songs of two classes, told apart by the pitch of one stem and by their words."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b"], size)
    splits = np.resize(["train", "train", "val", "train", "test"], size)
    rows = [[f"{i}", "x", "y", g, "Sad", 0.1, 0.4, s] for i, (g, s) in enumerate(zip(labels, splits))]
    return ml.Corpus(f"toy{seed}", pd.DataFrame(rows, columns=COLUMNS), read)


def read(row):
    t, rng = np.arange(163840) / 16000, np.random.default_rng(int(row["id"]))
    stems = {stem: rng.normal(0, 0.01, len(t)).astype(np.float32) for stem in STEMS}
    stems["bass"] += 0.3 * np.sin(2 * np.pi * {"a": 300, "b": 1500}[row["genre"]] * t).astype(np.float32)
    audio = sum(stems.values())
    about = {name: row[name] for name in COLUMNS if name != "split"}
    return ml.Song(audio, 16000, f"{rng.integers(9)} {WORDS[row['genre']]}", stems=stems, **about)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path))


def quick(modality="multimodal", corpus=None, **options):
    return ml.load_model(
        "genre", modality, corpus or toy(), **{"epochs": 2, "batch": 6, "progress": False, **options}
    )


@pytest.mark.parametrize("modality", ["lyrics", "audio", "multimodal"])
def test_it_learns_once_and_then_loads(modality, tmp_path):
    corpus, epochs = toy(), 20 if modality == "lyrics" else 10
    model = quick(modality, corpus, epochs=epochs, rate=3e-3)
    measures = evaluate(model, corpus.split("test"), progress=False)
    assert measures["accuracy"] == 1.0 and model.classes == ["a", "b"]
    history = pd.DataFrame(model.card["history"])
    assert len(history) == epochs and history.loss.iloc[-1] < history.loss.iloc[0]
    start = time.perf_counter()
    again = quick(modality, corpus, epochs=epochs, rate=3e-3)
    assert time.perf_counter() - start < 2
    assert all(torch.equal(p, q) for p, q in zip(model.network.parameters(), again.network.parameters()))
    assert len(list((tmp_path / "models").glob("*/card.json"))) == 1


def test_what_is_asked_for_decides_which_model_comes_back():
    names = {
        quick("lyrics", toy(seed=s), seed=k, augment=a).name
        for s, k, a in [(0, 0, True), (1, 0, True), (0, 1, True), (0, 0, False)]
    }
    assert len(names) == 4


def test_a_cached_model_of_another_corpus_is_refused(tmp_path):
    model = quick("lyrics")
    card = tmp_path / "models" / model.name / "card.json"
    card.write_text(card.read_text().replace(model.card["corpus"]["fingerprint"], "0" * 12))
    with pytest.raises(ValueError, match="another corpus"):
        quick("lyrics")


def test_a_balanced_corpus_is_trained_on_and_is_another_model():
    corpus = toy(40)
    balanced = balance(corpus, "genre")
    sizes = balanced.split("train").table["genre"].value_counts()
    assert sizes.nunique() == 1 and len(balanced) < len(corpus)
    model = quick("lyrics", balanced)
    assert model.card["corpus"]["songs"] == len(balanced)
    assert model.name != quick("lyrics", corpus).name


def test_wrong_wishes_are_refused():
    for wish in ({"modality": "video"}, {"preset": "large"}, {"task": "tempo"}, {"fusion": "mean"}):
        with pytest.raises(ValueError, match=next(iter(wish.values()))):
            ml.load_model(**{"corpus": toy(), "progress": False, **wish})
    corpus = toy()
    with pytest.raises(ValueError, match="0 to choose by"):
        quick("lyrics", corpus.where(corpus.table.split != "val"))


class Machine:
    """psutil's view of a machine with so many bytes free."""

    def __init__(self, free):
        self.available = free


def test_memory_that_will_not_do_is_an_early_error(monkeypatch):
    model = quick("lyrics")
    monkeypatch.setattr(training.psutil, "virtual_memory", lambda: Machine(2**20))
    with pytest.raises(ValueError, match="give a smaller micro"):
        training.songs_at_once(model, 4)


def test_as_many_songs_at_once_as_fit(monkeypatch):
    model = quick("lyrics")
    monkeypatch.setattr(training.psutil, "virtual_memory", lambda: Machine(2**40))
    assert training.songs_at_once(model, batch=1024) == 1024
    monkeypatch.setattr(training.psutil, "virtual_memory", lambda: Machine(2**30))
    few = training.songs_at_once(model, batch=1024)
    assert 1 <= few < 1024
    assert training.songs_at_once(model, few) == few
    with pytest.raises(ValueError, match="give a smaller micro"):
        training.songs_at_once(model, 2 * few)


def test_accumulating_small_parts_is_one_batch():
    # Plain steps: Adam divides by the size of a gradient, and so blows up differences of rounding.
    same = {"augment": False, "epochs": 1, "optimizer": "SGD", "cycle": False}
    one, parts = (quick("audio", micro=micro, **same) for micro in (6, 2))
    for p, q in zip(one.network.parameters(), parts.network.parameters()):
        assert torch.allclose(p, q, atol=1e-5)


def test_several_labels_a_song():
    corpus = toy()
    corpus.table["emotion"] = corpus.table["genre"].map({"a": "Sad", "b": "Sad;Calm"})
    model = ml.load_model(
        "emotion", "lyrics", corpus, multilabel=True, epochs=20, batch=6, rate=3e-3, progress=False
    )
    assert model.classes == ["Calm", "Sad"]
    p = model.predict(None, list(WORDS.values()))
    assert p[0, 0] < 0.5 < p[1, 0] and (p[:, 1] > 0.5).all()


def test_muting_and_dropping_leave_out_and_never_invent():
    rng = np.random.default_rng(0)
    features = np.arange(12.0).reshape(3, 4, 1, 1).repeat(1024, axis=2)  # number = 4 * song + variant
    seen = np.stack([mute_cells(features, 1, [0, 1], rng, -1.0) for _ in range(600)])[..., 0]
    off, own = (seen == -1).all(1), (seen >= 4).all(1)
    assert set(np.unique(seen)) == {-1, *range(8)}  # loans come from its kin, song 0, and never from song 2
    assert 0.02 < off.mean() < 0.1 and (off | (seen >= 0).all(1)).all()
    assert 0.1 < (seen == 4).all(1).mean() < own.mean() < 0.7  # now and then it is left as it is
    text = "Sun, moon sun sea moon!"
    kept = [drop_words(text, rng).split() for _ in range(400)]
    assert all(words.count("sun") in (0, 2) and words.count("moon") in (0, 2) for words in kept)
    assert 0.15 < np.mean([not words for words in kept]) < 0.4  # sometimes nothing is left to read
    assert min(map(len, kept)) == 0 and max(map(len, kept)) == 5


def test_measures_equal_scikit_learns_and_intervals_cover():
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    guess = np.where(rng.random(300) < 0.6, truth, guess)
    confusion = np.histogram2d(truth, guess, bins=4)[0]
    assert macro_f1(confusion) == pytest.approx(f1_score(truth, guess, average="macro"))
    assert np.trace(confusion) / 300 == pytest.approx(accuracy_score(truth, guess))


KILLED = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from test_training import quick, toy
    quick(epochs=12, save_every=2)
"""


def apart(one, other):
    """How far two models' answers differ; their weights say less, for some do nothing and drift with Adam."""
    songs = list(toy())
    sounds, texts = np.stack([song.audio for song in songs]), [song.lyrics for song in songs]
    return np.abs(one.predict(sounds, texts) - other.predict(sounds, texts)).max()


def losses(model):
    return [row["loss"] for row in model.card["history"]]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_training_goes_on_to_the_same_model(tmp_path, monkeypatch):
    whole = quick(epochs=12, save_every=2)
    other = tmp_path / "other"
    environment = {**os.environ, "MUSICLIME_CACHE": str(other)}
    script = textwrap.dedent(KILLED.format(tests=str(Path(__file__).parent)))
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    for _ in range(6000):
        if list(other.glob("models/*.resume")):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    [checkpoint] = other.glob("models/*.resume")
    step = torch.load(checkpoint, weights_only=True)["progress"]["step"]
    assert 0 < step < 36 and not list(other.glob("models/*/card.json"))
    monkeypatch.setenv("MUSICLIME_CACHE", str(other))
    resumed = quick(epochs=12, save_every=2)
    # Matrix products round by where their operands lie in memory, which no two processes share.
    assert apart(whole, resumed) < 1e-3 < apart(whole, quick(epochs=12, seed=1))
    np.testing.assert_allclose(losses(resumed), losses(whole), rtol=1e-2)
    assert not checkpoint.exists()


def test_a_training_goes_on_with_as_many_songs_at_once_as_it_began_with(monkeypatch, tmp_path):
    take_step, calls = training.TrainingRun.take_step, iter(range(100))

    def killed_at_ten(run):
        if next(calls) == 10:
            raise KeyboardInterrupt
        take_step(run)

    def trained(cache, fits):
        monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path / cache))
        monkeypatch.setattr(training, "songs_at_once", lambda *given: fits)
        return quick("lyrics", epochs=4, save_every=1)

    whole, other = losses(trained("whole", 2)), losses(trained("other", 6))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training.TrainingRun, "take_step", killed_at_ten)
        trained("cut", 2)
    np.testing.assert_allclose(losses(trained("cut", 6)), whole, rtol=1e-5)
    assert abs(other[-1] / whole[-1] - 1) > 1e-3


@pytest.mark.slow
def test_the_paper_preset_runs_the_same_lines(monkeypatch):
    """Real configurations cut to one layer of the same width, random weights, own tokenizer."""
    from musiclime.models import encoders

    for name, spec in encoders.CONFIGURATIONS.items():
        small = {"num_hidden_layers": 1} | ({"vocab_size": 999} if "vocab_size" in spec else {})
        monkeypatch.setitem(encoders.CONFIGURATIONS, name, {**spec, **small})
    model = ml.load_model(
        "genre", "multimodal", toy(10), "paper", weights="random", epochs=1, micro=2, progress=False
    )
    assert model.card["recipe"]["optimizer"] == "Adam" and model.card["recipe"]["rate"] == 6e-6
    assert model.network.head.norm.normalized_shape == (1792,)
    p = model.predict(np.zeros((1, 163840), np.float32), ["sun"])
    assert p.sum() == pytest.approx(1)


def test_a_corpus_without_labels_is_refused_in_a_sentence():
    songs = ml.load_corpus("demo", size=12)
    bare = ml.Corpus("bare", songs.table.assign(genre=""), songs.read)
    with pytest.raises(ValueError, match="no song of corpus 'bare' has a genre"):
        ml.load_model("genre", "multimodal", bare, progress=False)


def test_the_shell_takes_the_folder_of_a_corpus(tmp_path, capsys):
    song = sound.save(tmp_path / "song.wav", np.zeros(16000, np.float32), 16000)
    assert (
        main(
            ["explain", str(song), "--preset", "demo", "--corpus", "folder", "--root", str(tmp_path / "gone")]
        )
        == 2
    )
    assert str(tmp_path / "gone") in capsys.readouterr().err
