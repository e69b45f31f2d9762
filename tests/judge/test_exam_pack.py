"""The exam as files, there and back: what an entrant gets is enough, and holds no answer."""

import json

import numpy as np
import pytest
import soundfile as sf

import musiclime as ml
from musiclime.judge.exam_pack import board, grade, main
from musiclime.judge.planted_evidence import marks


@pytest.fixture(scope="module")
def songs():
    corpus = ml.load_corpus("demo", size=40)
    return [one for one in corpus if one.evidence["genre"]["words"] and one.evidence["genre"]["cells"]][:3]


@pytest.fixture(scope="module")
def pack(songs, tmp_path_factory):
    return ml.exam_pack(tmp_path_factory.mktemp("exam") / "pack", songs, model=False)


def truth_of(pack):
    return pack.with_name("pack-truth.json")


def answer_file(pack, answers, folder):
    file = folder / "answers.json"
    file.write_text(json.dumps({"name": "mine", "answers": answers}))
    return file


def asked(pack):
    return json.loads((pack / "exam.json").read_text(encoding="utf-8"))["songs"]


def test_the_sounds_are_the_song_and_its_stems(pack, songs):
    for question, song in zip(asked(pack), songs):
        read = {name: sf.read(pack / file, dtype="float32")[0] for name, file in question["sounds"].items()}
        np.testing.assert_allclose(read["mix"], song.audio, atol=1e-4)
        stems = sum(audio for name, audio in read.items() if name != "mix")
        np.testing.assert_allclose(stems, read["mix"], atol=3e-4)
        assert len(question["cells"]) == 40 and set(question["words"])


def test_an_explanation_gets_the_same_marks_by_file_as_by_the_module(pack, songs, tmp_path):
    answers, expected = {}, {}
    for song in songs:
        guess = ml.MusicLIME(_loud_and_long, [song.genre], samples=300, progress=False)
        explanation = guess.explain(song)
        names = [feature.name for feature in explanation.features]
        answers[song.id] = dict(zip(names, explanation.weights[0].tolist()))
        expected |= {(song.id, row["modality"]): row["auc"] for row in marks(explanation, song, song.genre)}
    table = grade(answer_file(pack, answers, tmp_path), truth_of(pack)).set_index(["song", "modality"])
    assert table["auc"].to_dict() == pytest.approx(expected)


def _loud_and_long(audio, lyrics):
    loud = np.sqrt(np.mean(np.square(audio), axis=1))
    return np.column_stack([loud + [len(text) / 1000 for text in lyrics]])


def test_an_oracle_and_one_who_says_nothing(pack, songs, tmp_path):
    oracle, silent = {}, {}
    for song in songs:
        evidence = song.evidence["genre"]
        named = [f"{stem}{segment}" for stem, segment in evidence["cells"]] + list(evidence["words"])
        oracle[song.id] = dict.fromkeys(named, 1.0)
        silent[song.id] = {}
    words_read = {question["id"]: set(question["words"]) for question in asked(pack)}
    for song, weights in oracle.items():
        oracle[song] = {
            name: weight for name, weight in weights.items() if name[-1].isdigit() or name in words_read[song]
        }
    best = board(grade(answer_file(pack, oracle, tmp_path), truth_of(pack)))
    assert (best["mean"] == 1.0).all() and (best["songs"] == 3).all()
    chance = grade(answer_file(pack, silent, tmp_path), truth_of(pack))
    assert (chance["auc"] == 0.5).all() and (chance["share"] == 0.0).all()


def test_which_songs_count_is_the_models_business(songs, tmp_path):
    song = songs[0]
    word = song.evidence["genre"]["words"][0]

    class Reader:
        classes = [song.genre, "else"]

        def predict(self, audio, lyrics):
            sure = np.array([0.9 if word in text.lower().split() else 0.1 for text in lyrics])
            return np.column_stack([sure, 1 - sure])

    ml.exam_pack(tmp_path / "pack", [song], model=Reader())
    facts = json.loads((tmp_path / "pack-truth.json").read_text())["songs"][song.id]
    assert facts["counts"] == {"audio": False, "lyrics": True}


def test_bad_answers_get_one_sentence(pack, songs, tmp_path, capsys):
    every = {song.id: {} for song in songs}
    cases = {
        "no song of this exam": every | {"polka": {}},
        "says nothing about": {songs[0].id: {}},
        "has no feature 'kazoo1'": every | {songs[0].id: {"kazoo1": 1.0}},
        "not a finite number": every | {songs[0].id: {"drums1": "much"}},
    }
    for message, answers in cases.items():
        file = answer_file(pack, answers, tmp_path)
        assert main(["grade", str(file), "--truth", str(truth_of(pack))]) == 2
        assert message in capsys.readouterr().err
    (tmp_path / "broken.json").write_text("{")
    assert main(["grade", str(tmp_path / "broken.json"), "--truth", str(truth_of(pack))]) == 2
    assert main(["grade", str(tmp_path / "none.json"), "--truth", str(truth_of(pack))]) == 2
    with pytest.raises(ValueError, match="is not empty"):
        ml.exam_pack(pack, songs, model=False)
