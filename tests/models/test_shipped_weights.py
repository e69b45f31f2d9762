"""The shipped models are what their cards say, and fit the recipes and the composer that made them."""

import hashlib
import shutil

import numpy as np
import pytest

import musiclime as ml
from musiclime.models import shipped_weights, training

CARDS = shipped_weights.cards()


def folders_with_weights(folder):
    return sorted(file.parent for file in folder.glob("*/*.safetensors"))


def altered(folder, digests) -> list[str]:
    """The models of a folder whose weights are not those of its list of digests."""
    found = []
    for model in folders_with_weights(folder):
        [file] = model.glob("*.safetensors")
        if hashlib.sha256(file.read_bytes()).hexdigest() != digests.get(model.name):
            found.append(model.name)
    return found


def test_every_weights_file_is_the_one_that_was_made():
    digests = shipped_weights.digests()
    assert altered(shipped_weights.FOLDER, digests) == []
    assert {model.name for model in folders_with_weights(shipped_weights.FOLDER)} == set(digests) - {"songs"}


def test_one_altered_byte_is_noticed(tmp_path):
    shutil.copytree(shipped_weights.FOLDER / "genre-lyrics", tmp_path / "genre-lyrics")
    file = tmp_path / "genre-lyrics" / "model.safetensors"
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    assert altered(tmp_path, shipped_weights.digests()) == ["genre-lyrics"]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_names_the_present_songs_recipe_and_code_of_the_composer(name):
    """Fails when a recipe changed in a number or the composer in a constant, and the weights did not."""
    card = CARDS[name]
    corpus = ml.load_corpus("demo")
    about = {"name": corpus.name, "fingerprint": corpus.fingerprint, "songs": len(corpus)}
    assert card["corpus"] == about, "make models, or tools/retrain_models.py --restamp"
    recipe = training.RECIPES["demo", card["architecture"]["modality"]]
    extra = {"augment": False} if name.endswith("-plain") else {}
    assert card["recipe"] == {**recipe, **extra}, "make models"


def test_a_model_answers_at_once_and_another_wish_is_not_answered_by_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path))
    model = ml.load_model("genre", "multimodal")
    assert model.name == "genre-multimodal"
    assert not any(tmp_path.iterdir()), "nothing was trained, composed or kept"
    card = CARDS["genre-multimodal"]
    assert shipped_weights.find(card["architecture"], card["corpus"], card["recipe"]).name == model.name
    other_recipe = {**card["recipe"], "epochs": card["recipe"]["epochs"] + 1}
    assert shipped_weights.find(card["architecture"], card["corpus"], other_recipe) is None
    other_corpus = {**card["corpus"], "fingerprint": "0" * 12}
    assert shipped_weights.find(card["architecture"], other_corpus, card["recipe"]) is None


@pytest.fixture(scope="module")
def songs():
    test = ml.load_corpus("demo").split("test")
    return [test[position] for position in range(27)]


@pytest.mark.parametrize("name", CARDS)
def test_a_shipped_model_knows_its_songs(name, songs):
    """Twenty-seven test songs: the accuracy lies within three standard errors of the card's."""
    card = CARDS[name]
    options = {"augment": False} if name.endswith("-plain") else {}
    model = ml.load_model(card["task"], card["architecture"]["modality"], **options)
    sounds = np.stack([song.audio for song in songs])
    guesses = model.predict(sounds, [song.lyrics for song in songs]).argmax(1)
    truth = [model.classes.index(getattr(song, card["task"])) for song in songs]
    accuracy, expected = np.mean(guesses == truth), card["test"]["accuracy"]
    assert abs(accuracy - expected) < 3 * np.sqrt(expected * (1 - expected) / 27)
