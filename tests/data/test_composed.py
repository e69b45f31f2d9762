"""The demo corpus: exact sums, stable bytes, no clicks, evidence where it is recorded and nowhere else."""

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import stft
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import musiclime as ml
from musiclime.data.composer import words
from musiclime.data.composer.score import CELLS
from musiclime.data.composer.songs import in_style
from musiclime.data.composer.sounds import SEGMENT
from musiclime.data.composer.styles import BASSES, GROOVES, RIFFS, SHARES, STYLES
from musiclime.data.corpora.composed import COMPOSER, composer_code
from musiclime.data.lyrics import clean_lyrics, is_instrumental
from musiclime.data.lyrics import words as words_of
from musiclime.data.song import STEMS

ROOT = Path(__file__).parents[2]
CORPUS = ml.load_corpus("demo")
PINNED = ["bc18c6616600", "c9475ca04714", "3093b405f616"]
SOME = [0, 1, 4, 8, 22, 30, 45, 59, 77]


@pytest.fixture(scope="module")
def songs():
    return [CORPUS[i] for i in SOME]


def names(text):
    return {name for name, _, _ in words_of(text)}


def bytes_of(song):
    data = song.audio.tobytes() + b"".join(song.stems[s].tobytes() for s in STEMS) + song.lyrics.encode()
    return hashlib.sha256(data + repr(song.evidence).encode()).hexdigest()


def test_same_seed_same_bytes_across_processes():
    code = (
        "import musiclime as ml, sys; sys.path.insert(0, 'tests/data'); from test_composed import bytes_of;"
        "print(bytes_of(ml.load_corpus('demo', size=30, seed=5)[17]))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    song = ml.load_corpus("demo", size=30, seed=5)[17]
    assert run.stdout.strip() == bytes_of(song) == bytes_of(pickle.loads(pickle.dumps(song)))
    assert bytes_of(ml.load_corpus("demo", size=30, seed=6)[17]) != bytes_of(song)


def test_the_bytes_are_those_of_every_python():
    # Read off Python 3.11, 3.12 and 3.13; a change of recipes, words or sounds changes it, and on purpose.
    corpus = ml.load_corpus("demo", size=30, seed=5)
    assert [bytes_of(corpus[i])[:12] for i in (3, 8, 17)] == PINNED


def test_the_code_of_the_composer_is_known_by_its_constants_not_by_its_comments():
    source = (
        '"""What it is."""\n\ndef play(x: int = 3) -> float:\n    """Play."""\n    return x * 0.5  # half\n'
    )
    same = "def play(x=3):\n    # a comment\n    return (\n        x * 0.5\n    )\n"
    assert composer_code([source]) == composer_code([same])
    for other in (source.replace("0.5", "0.25"), source.replace("= 3", "= 4"), source.replace("*", "+")):
        assert composer_code([other]) != composer_code([source])
    assert CORPUS.name == f"demo-{composer_code()}"
    assert ml.load_corpus("demo", size=9, evidence="joint").name == f"demo-joint-{composer_code()}"


def test_a_changed_constant_of_the_composer_is_seen():
    sources = {path.name: path.read_text() for path in sorted(COMPOSER.glob("*.py"))}
    assert composer_code(sources.values()) == composer_code()
    for name, old, new in (
        ("sounds.py", "decay=0.7", "decay=0.8"),
        ("styles.py", '"x.......x......."', '"x......x........"'),
        ("words.py", "lantern", "lamp"),
        ("songs.py", "ARTISTS = 150", "ARTISTS = 151"),
    ):
        assert old in sources[name]
        changed = sources | {name: sources[name].replace(old, new, 1)}
        assert composer_code(changed.values()) != composer_code(), name


def test_a_song_does_not_depend_on_the_size_of_its_corpus():
    assert bytes_of(ml.load_corpus("demo", size=40)[31]) == bytes_of(CORPUS[31])


def test_stems_sum_to_the_mix_and_stay_in_range(songs):
    for song in [*songs, *(song.neutral() for song in songs[:3]), in_style("heavy music", energy=1.0)]:
        assert song.sample_rate == 16000 and len(song.audio) == 10 * SEGMENT
        assert all(stem.dtype == np.float32 for stem in song.stems.values())
        np.testing.assert_array_equal(np.sum([song.stems[s] for s in STEMS], axis=0), song.audio)
        assert np.abs(song.audio).max() < 1.0
        assert max(abs(stem.mean()) for stem in song.stems.values()) < 1e-4


def test_no_sound_crosses_a_border_and_no_border_clicks(songs):
    for song in songs:
        for stem in song.stems.values():
            steps = np.abs(np.diff(stem))
            for border in range(SEGMENT, len(stem), SEGMENT):
                assert np.abs(stem[border - 1 : border + 1]).max() < 0.01
                assert steps[border - 1] < 0.01


def test_evidence_is_where_it_is_recorded(songs):
    for song in songs:
        bare, cells = song.neutral(), set(song.evidence["genre"]["cells"])
        for stem, segment in CELLS:
            cut = slice(segment * SEGMENT, (segment + 1) * SEGMENT)
            same = np.array_equal(song.stems[stem][cut], bare.stems[stem][cut])
            assert same == ((stem, segment) not in cells)
            assert np.abs(bare.stems[stem][cut]).max() > 0 and np.abs(song.stems[stem][cut]).max() > 0
        planted = set(song.evidence["genre"]["words"])
        assert planted <= names(song.lyrics) and not planted & names(bare.lyrics)
        assert len(words_of(bare.lyrics)) == len(words_of(song.lyrics))
        assert bare.evidence["genre"] == {"words": [], "cells": []}


def test_neutral_takes_one_modality_at_a_time(songs):
    song = next(s for s in songs if all(s.evidence["genre"].values()))
    assert song.neutral(cells=False).lyrics == song.neutral().lyrics
    np.testing.assert_array_equal(song.neutral(cells=False).audio, song.audio)
    assert song.neutral(words=False).lyrics == song.lyrics
    assert bytes_of(song.neutral(words=False).neutral(cells=False)) == bytes_of(song.neutral())


def test_the_control_exchanges_as_much_neutral_material(songs):
    song = next(s for s in songs if all(s.evidence["genre"].values()))
    other = song.counterpart(True, True, True)
    assert other.evidence["genre"] == song.evidence["genre"]
    changed = [
        (stem, segment)
        for stem, segment in CELLS
        if not np.array_equal(*(s.stems[stem].reshape(10, -1)[segment] for s in (song, other)))
    ]
    assert not set(changed) & set(song.evidence["genre"]["cells"])
    assert len(changed) >= 0.8 * len(song.evidence["genre"]["cells"])
    assert set(song.evidence["genre"]["words"]) <= names(other.lyrics) != names(song.lyrics)


def test_what_is_sung_has_no_evidence_and_its_times(songs):
    assert any(song.lyrics == "INSTRUMENTAL" for song in songs)
    for song in (song for song in songs if song.lyrics != "INSTRUMENTAL"):
        sung = [word for word, _, _ in song.onsets]
        assert 10 <= len(sung) <= 40
        assert not set(sung) & set(song.evidence["genre"]["words"])
        assert set(sung) <= names(song.lyrics)
        times = np.array([(begin, end) for _, begin, end in song.onsets])
        assert (times[:, 0] < times[:, 1]).all() and (np.diff(times[:, 0]) > 0).all() and times.max() <= 10.24


def test_table_splits_artists_and_emotions():
    table = CORPUS.table
    assert list(table.split.value_counts().loc[["train", "val", "test"]]) == [945, 135, 270]
    assert table.artist.nunique() == 150 and table.groupby("artist").split.nunique().max() == 1
    assert table.groupby("artist").genre.nunique().max() == 1
    assert set(table.genre) == set(ml.GENRES) and set(table.emotion) == set(ml.EMOTIONS)
    counts = table.emotion.value_counts()
    assert counts.idxmin() == "Relaxed" and counts["Relaxed"] < 0.03 * len(table)
    # Emotion is independent of genre: no genre's mean strays more than chance allows.
    for name in ("valence", "energy"):
        groups = table.groupby("genre")[name]
        assert (
            (groups.mean() - table[name].mean()).abs() < 4 * table[name].std() / groups.size() ** 0.5
        ).all()


def test_blemishes_are_few_and_cleaning_finds_them():
    texts = [song.lyrics for song in ml.load_corpus("demo", size=120, seed=2)]
    spoilt = [text for text in texts if clean_lyrics(text) != text or is_instrumental(text)]
    assert 1 <= len(spoilt) <= 14
    lengths = [len(words_of(clean_lyrics(text))) for text in texts if not is_instrumental(text)]
    long = [length for length in lengths if length > 256]
    assert 1 <= len(long) <= 4 and max(set(lengths) - set(long)) <= 160
    assert min(lengths) >= 25 and 60 < np.mean(lengths) < 120


def test_lexicons_are_disjoint():
    lexicons = [*words.GENRE_WORDS.values(), *words.SHARED_WORDS.values(), *words.MOOD_WORDS.values()]
    lexicons = [*dict.fromkeys(lexicons), words.NEUTRAL, " | ".join(" ".join(line) for line in words.LINES)]
    flat = [word for text in lexicons for word in set(text.replace("|", " ").split())]
    assert len(flat) == len(set(flat))
    assert all(len(words_of(word)) == 1 for word in flat)


def test_recipes_exist_and_the_shares_are_in_the_table():
    for style in STYLES.values():
        assert set(style["drums"]) <= set(GROOVES) and set(style["bass"]) <= set(BASSES)
        assert set(style["other"]) <= set(RIFFS)
    lines = [line for kit in GROOVES.values() for line in kit.values()]
    assert {len(line) for line in lines + [row[1] for row in [*BASSES.values(), *RIFFS.values()]]} == {16}
    table = pd.read_csv(ROOT / "data" / "demo_evidence.csv", index_col="genre")
    assert {genre: tuple(row) for genre, row in table.iterrows()} == SHARES
    assert table.loc["hip hop", "mean_words"] == table.mean_words.max()
    assert table.loc["punk", "mean_cells"] == table.mean_cells.max()


def test_two_class_labels():
    for evidence in ("audio", "lyrics", "redundant", "joint"):
        shares = ml.load_corpus("demo", size=540, evidence=evidence).table.groupby("split").genre
        assert all(abs((labels == "a").mean() - 0.5) < 0.05 for _, labels in shares)
    assert (ml.load_corpus("demo", size=540, evidence="both").table.genre == "b").mean() == pytest.approx(
        0.25, abs=0.02
    )
    assert ml.load_corpus("demo", size=9, evidence="audio")[3].evidence["genre"]["words"] == []
    assert ml.load_corpus("demo", size=9, evidence="lyrics")[3].evidence["genre"]["cells"] == []


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="joint"):
        ml.load_corpus("demo", evidence="xor")
    with pytest.raises(ValueError, match="size"):
        ml.load_corpus("demo", size=0)
    with pytest.raises(ValueError, match="music4all"):
        ml.load_corpus("spotify")


EDGES = np.geomspace(60, 7800, 33)


def spectrum(audio):
    """Mean, spread and loudest of 32 bands: what a listener with no ear for rhythm hears."""
    power = np.abs(stft(audio, 16000, nperseg=1024, boundary=None)[2]) ** 2
    bands = np.digitize(np.fft.rfftfreq(1024, 1 / 16000), EDGES)
    level = np.log(np.array([power[bands == i].sum(0) for i in range(1, len(EDGES))]) + 1e-8)
    return np.concatenate([level.mean(1), level.std(1), np.maximum(np.diff(level), 0).mean(1)])


def plain_accuracies(songs, labels, train):
    """Test accuracies of logistic regression on pooled bands and on words."""
    sound, count = np.array([spectrum(song.audio) for song in songs]), CountVectorizer(binary=True)
    text = count.fit_transform([song.lyrics for song in songs])
    by_ear = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    by_eye = LogisticRegression(max_iter=300)
    pairs = ((by_ear, sound), (by_eye, text))
    return [m.fit(x[train], labels[train]).score(x[~train], labels[~train]) for m, x in pairs]


@pytest.mark.slow
@pytest.mark.parametrize("evidence", ["genre", "joint"])
def test_plain_classifiers_find_what_is_planted_and_nothing_else(evidence):
    # Genre words are many and each is rare: fewer songs do not teach them.
    corpus = ml.load_corpus("demo", size=600 if evidence == "genre" else 240, evidence=evidence)
    labels, train = corpus.table.genre.to_numpy(), (corpus.table.split != "test").to_numpy()
    songs = list(corpus)
    rate = pd.Series(labels[~train]).value_counts(normalize=True).max()
    chance = rate + 2 * np.sqrt(rate * (1 - rate) / (~train).sum())
    ear, eye = plain_accuracies(songs, labels, train)
    if evidence == "joint":
        assert max(ear, eye) <= chance
    else:
        assert min(ear, eye) > chance + 0.1
    ear, eye = plain_accuracies([song.neutral() for song in songs], labels, train)
    assert max(ear, eye) <= chance
