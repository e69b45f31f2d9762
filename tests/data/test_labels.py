"""Nine genres, nine emotions, and the taxonomy between tags and genres."""

import csv
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

import musiclime as ml
from musiclime.data.labels import known_tag, normal_tag, taxonomy_path


def test_nine_of_each_in_alphabetical_order():
    assert list(ml.GENRES) == sorted(ml.GENRES) and len(set(ml.GENRES)) == 9
    assert list(ml.EMOTIONS) == sorted(ml.EMOTIONS) and len(set(ml.EMOTIONS)) == 9
    assert "heavy music" in ml.GENRES and "Depressed" in ml.EMOTIONS


@pytest.mark.parametrize(
    "valence, energy, emotion",
    [
        (0.66, 0.66, "Excited"),
        (0.66, 0.5, "Happy"),
        (0.66, 0.34, "Relaxed"),
        (0.5, 0.66, "Tense"),
        (0.65, 0.35, "Neutral"),
        (0.35, 0.65, "Neutral"),
        (0.5, 0.34, "Calm"),
        (0.34, 0.66, "Angry"),
        (0.34, 0.5, "Sad"),
        (0.2, 0.2, "Depressed"),
        (0, 1, "Angry"),
        (1, 0, "Relaxed"),
    ],
)
def test_the_plane(valence, energy, emotion):
    assert ml.emotion_of(valence, energy) == emotion


@pytest.mark.parametrize("value", [nan, -0.001, 1.001, inf])
def test_off_the_plane(value):
    with pytest.raises(ValueError, match="valence is"):
        ml.emotion_of(value, 0.5)
    with pytest.raises(ValueError, match="energy is"):
        ml.emotion_of(0.5, value)


@given(st.floats(0, 1), st.floats(0, 1))
def test_every_point_has_one_emotion_and_more_energy_never_calms(valence, energy):
    assert ml.emotion_of(valence, energy) in ml.EMOTIONS
    arousal = {"Depressed": 0, "Calm": 0, "Relaxed": 0, "Sad": 1, "Neutral": 1, "Happy": 1}
    low, high = ml.emotion_of(valence, energy / 2), ml.emotion_of(valence, energy)
    assert arousal.get(low, 2) <= arousal.get(high, 2)


def test_the_taxonomy_is_one_row_a_tag_with_class_and_reason():
    with taxonomy_path().open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) >= 400
    assert len({normal_tag(row["tag"]) for row in rows}) == len(rows)
    assert {row["class"] for row in rows} == {*ml.GENRES, "other"}
    assert all(row["reason"].strip() for row in rows)
    assert all(ml.genre_of(row["tag"]) == row["class"] for row in rows)


def test_the_disputed_tags_are_decided():
    decided = {
        "pop punk": "punk",
        "trip hop": "electronic",
        "progressive rock": "rock",
        "folk rock": "rock",
        "soft rock": "rock",
        "dub": "rhythm music",
        "industrial": "electronic",
        "industrial metal": "heavy music",
        "electronic": "electronic",
        "country": "folk",
        "soundtrack": "other",
    }
    assert {tag: ml.genre_of(tag) for tag in decided} == decided
    assert all(ml.genre_of(genre) == genre for genre in ml.GENRES)


def test_spelling_does_not_matter_and_the_unknown_is_other():
    for tag in ("Hip-Hop", "hip hop", " HIP  HOP ", "hip_hop"):
        assert ml.genre_of(tag) == "hip hop"
    assert (
        ml.genre_of("Drum & Bass")
        == ml.genre_of("drum-n-bass")
        == ml.genre_of("drum 'n' bass")
        == "electronic"
    )
    assert ml.genre_of("R&B") == ml.genre_of("r & b") == "rhythm music"
    assert ml.genre_of("zzyzx core") == "other" and not known_tag("zzyzx core")
    assert ml.genre_of("") == "other" and known_tag("soundtrack")
    with pytest.raises(ValueError, match="text"):
        ml.genre_of(nan)
