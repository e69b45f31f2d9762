"""The authors' splits, tokens and spectrograms: read as they are, and nothing in a pickle is run."""

import json
import pickle

import numpy as np
import pytest

import musiclime as ml
from musiclime.data.corpora.authors import FEATURES_SHAPE, unpickled

ROWS = {
    "train": [("a1", "I walk\nalone", "hip hop", "Sad"), ("a2", "la la", "heavy music", "happy")],
    "val": [("b1", "[Chorus]\noh", "pop", "Tense")],
    "test": [("c1", "so long", "rock", "Calm")],
}


def write_splits(home, rows=ROWS):
    home.mkdir(parents=True, exist_ok=True)
    for split, songs in rows.items():
        lines = [dict(zip(("id", "lyrics", "primary_short", "emotion"), song), more=1) for song in songs]
        (home / f"{split}.json").write_text("\n".join(map(json.dumps, lines)) + "\n")


def array(seed):
    return np.random.default_rng(seed).normal(size=FEATURES_SHAPE)


@pytest.fixture
def published(tmp_path):
    """As attached on Kaggle: a folder for each data set."""
    write_splits(tmp_path / "splits")
    (tmp_path / "tokens").mkdir()
    tokens = {"a1": {"ids": [0, 100, 2, 1], "mask": [1, 1, 1, 0]}, "c1": {"ids": [0, 2], "mask": [1, 1]}}
    (tmp_path / "tokens/tokenized_texts.json").write_text(json.dumps(tokens))
    pickles = tmp_path / "audio/spectogram_pikles"
    pickles.mkdir(parents=True)
    (pickles / "a1.pkl").write_bytes(pickle.dumps({"a1": [array(1)]}, protocol=2))
    (pickles / "a2").write_bytes(pickle.dumps({"a2": [array(2).astype("f4")[None]]}))
    np.save(pickles / "c1.npy", array(3))
    return tmp_path


def test_songs_have_lyrics_labels_features_and_tokens_but_no_sound(published):
    corpus = ml.load_corpus("published", root=published)
    assert corpus.table[["id", "genre", "emotion", "split"]].values.tolist() == [
        ["a1", "hip hop", "Sad", "train"],
        ["a2", "heavy music", "Happy", "train"],
        ["b1", "pop", "Tense", "val"],
        ["c1", "rock", "Calm", "test"],
    ]
    songs = {song.id: song for song in corpus}
    assert songs["a1"].lyrics == "I walk\nalone" and len(songs["a1"].audio) == 0
    for id, seed in (("a1", 1), ("a2", 2), ("c1", 3)):
        np.testing.assert_array_equal(songs[id].features, array(seed).astype("f4"))
    assert songs["b1"].features is None and songs["b1"].tokens is None
    assert songs["a1"].tokens.tolist() == [0, 100, 2]
    assert songs["b1"].lyrics == "[Chorus]\noh", "the authors' models were trained on the text as it is"
    assert ml.load_corpus("published", root=published, clean=True)[2].lyrics == "oh"


def test_splits_alone_are_enough(tmp_path):
    write_splits(tmp_path)
    assert [song.features for song in ml.load_corpus("published", root=tmp_path)] == [None] * 4


def test_what_is_wrong_is_said_in_one_sentence(published, tmp_path):
    with pytest.raises(FileNotFoundError, match="train.json"):
        ml.load_corpus("published", root=published / "tokens")
    with pytest.raises(FileNotFoundError, match="leave it out"):
        ml.load_corpus("published", root=published, tokens=published / "no.json")
    home = published / "splits"
    (home / "val.json").write_text('{"id": "b1", "text": "oh"}\n')
    with pytest.raises(ValueError, match=r"val.json line 1 has not the keys id, lyrics, .* it has id, text"):
        ml.load_corpus("published", root=published)
    (home / "val.json").write_text("[")
    with pytest.raises(ValueError, match="line 1 is no JSON object"):
        ml.load_corpus("published", root=published)
    write_splits(home)
    (published / "tokens/tokenized_texts.json").write_text('{"a1": {"input_ids": [1], "mask": [1]}}')
    with pytest.raises(ValueError, match="does not hold ids and mask"):
        ml.load_corpus("published", root=published)


def test_labels_and_ids_that_cannot_be_used_are_dropped(tmp_path):
    rows = ROWS | {
        "test": [("../up", "x", "pop", "Sad"), ("c1", "x", "pop", "Bored"), ("a1", "x", "pop", "Sad")]
    }
    write_splits(tmp_path, rows)
    corpus = ml.load_corpus("published", root=tmp_path)
    assert sorted(corpus.dropped.values.tolist()) == [
        ["../up", "unsafe id: it could name a file elsewhere"],
        ["a1", "id appears twice"],
        ["c1", "no emotion: Bored"],
    ]


class Runs:
    def __reduce__(self):
        return print, ("a pickle must not run this",)


@pytest.mark.parametrize(
    "content, said",
    [
        (pickle.dumps({"a1": [Runs()]}), "names builtins.print, which is no array"),
        (pickle.dumps({"a1": [array(0)]})[:-300], "is no whole pickle"),
        (b"not a pickle", "is no whole pickle"),
        (pickle.dumps({"b": [array(0)]}), "does not hold a dictionary with the song 'a1'"),
        (pickle.dumps({"a1": [array(0)[:5]]}), r"shape \(5, 128\), not \(1024, 128\)"),
        (pickle.dumps({"a1": [np.full(FEATURES_SHAPE, np.nan)]}), "NaN"),
        (pickle.dumps({"a1": ["text"]}), "no array of numbers"),
    ],
)
def test_a_spectrogram_is_an_array_or_one_sentence(published, capsys, content, said):
    (published / "audio/spectogram_pikles/a1.pkl").write_bytes(content)
    corpus = ml.load_corpus("published", root=published)
    with pytest.raises(ValueError, match=said):
        corpus[0]
    assert capsys.readouterr().out == ""


def test_a_pickle_that_names_a_class_is_not_read(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match=r"names os.system"):
        unpickled(path)


def test_the_fingerprint_follows_the_tokens(published):
    before = ml.load_corpus("published", root=published).fingerprint
    (published / "tokens/tokenized_texts.json").write_text('{"a1": {"ids": [0, 2], "mask": [1, 1]}}')
    assert ml.load_corpus("published", root=published).fingerprint != before
