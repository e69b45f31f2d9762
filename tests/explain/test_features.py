"""Mutings: mixes and texts for masks are what they should be, sample by sample and letter by letter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import musiclime as ml
from musiclime.explain.features import audio_features, lyric_features, off_sound, pieces, prepare


def song(seconds=2.0, lyrics="Come as you are as you were", rate=1000, stems=("vocals", "drums", "other")):
    rng = np.random.default_rng(0)
    tracks = {stem: (rng.normal(size=round(seconds * rate)) / 10).astype(np.float32) for stem in stems}
    return ml.Song(sum(tracks.values()), rate, lyrics, id="s", stems=tracks)


def silent(audio, lyrics):
    return np.zeros((len(audio), 2))


def space(song, **options):
    kind = options.pop("kind", ml.MusicLIME)
    return kind(silent, sample_rate=1000, **options).space(song)


def test_the_thesis_examples():
    come = space(song(), positions=True, segments=2)
    assert len(come.lyrics) == 7
    assert len(come.audio) + len(come.lyrics) == 13
    absent = np.array([[0, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0, 0]], dtype=bool)
    assert [text.split() for text in come.texts(absent)] == [
        ["as", "you", "are", "as", "you"],
        ["Come", "as", "you", "are"],
    ]
    assert [feature.name for feature in come.audio[:4]] == ["vocals0", "drums0", "other0", "vocals1"]


def test_words_fold_case_and_keep_contractions():
    text = "Don’t stop, don't STOP\nDON'T you?"
    assert [f.name for f in lyric_features(text)] == ["don't", "stop", "you"]
    first = lyric_features(text)[0]
    assert [text[a:b] for a, b in first.positions] == ["Don’t", "don't", "DON'T"]
    assert [f.name for f in lyric_features(text, positions=True)][:3] == ["don't #1", "stop #2", "don't #3"]
    off = space(song(lyrics=text)).texts(np.array([[False, True, True]]))
    assert off == ["stop, STOP\nyou?"]
    assert space(song(lyrics=text), mask_token="<mask>").texts(np.array([[False, True, True]])) == [
        "<mask> stop, <mask> STOP\n<mask> you?"
    ]


def test_lines_and_sections():
    text = "one two\nthree\n\n  four  \nfive"
    assert [(f.name, f.text) for f in lyric_features(text, "line")] == [
        ("line 1", "one two"), ("line 2", "three"), ("line 3", "four"), ("line 4", "five")
    ]  # fmt: skip
    assert [f.text for f in lyric_features(text, "section")] == ["one two\nthree", "four  \nfive"]
    assert space(song(lyrics=text), unit="line").texts(np.array([[True, False, True, True]]))[0].split() == [
        "one", "two", "four", "five"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="unit is one of word, line, section"):
        space(song(), unit="verse")


@given(st.text(max_size=60), st.sampled_from(["word", "line", "section"]), st.booleans(), st.data())
@settings(max_examples=150, deadline=None)
def test_any_text_comes_back_whole(text, unit, positions, data):
    features = lyric_features(text, unit, positions)
    parts = pieces(text, features)
    assert "".join(on for on, _, _ in parts) == text
    assert len({f.name for f in features}) == len(features)
    for feature in features:
        assert text[slice(*feature.positions[0])] == feature.text
    keep = data.draw(st.lists(st.booleans(), min_size=len(features), max_size=len(features)))
    left = "".join(on if number < 0 or keep[number] else off for on, off, number in parts)
    if unit == "word":
        expected = [
            w for f, k in zip(lyric_features(text, "word", positions), keep) for w in f.positions if k
        ]
        assert sorted(text[a:b] for a, b in expected) == sorted(
            left[a:b] for f in lyric_features(left) for a, b in f.positions
        )


def test_cells_cover_every_sample_once():
    odd = song(seconds=2.003)
    cells, borders = audio_features(odd, 10)
    assert borders[0] == 0 and borders[-1] == len(odd.audio) == 2003
    assert np.ptp(np.diff(borders)) <= 1 and len(cells) == 30
    assert cells[0].start == 0 and cells[-1].end == pytest.approx(2.003)
    whole = space(odd)
    assert np.abs(whole.mix(np.ones((1, 30), dtype=bool))[0] - odd.audio).max() < 1e-6
    one = np.eye(30, dtype=bool)
    assert np.abs(whole.mix(one).sum(0) - odd.audio).max() < 1e-6
    cut = slice(*borders[4:6])
    only = whole.mix(one[[3 * 4 + 1]])[0]
    assert np.array_equal(only[cut], odd.stems["drums"][cut]) and not only[: cut.start].any()
    with pytest.raises(ValueError, match="2003 samples: too short for 3000 segments"):
        audio_features(odd, 3000)


def test_a_song_is_prepared_as_the_model_reads_it():
    long = song(seconds=4)
    short = prepare(long, 500, 1.5, lambda text: text[:4], None)
    assert len(short.audio) == 750 and short.sample_rate == 500 and short.lyrics == "Come"
    assert sum(short.stems.values()) == pytest.approx(short.audio, abs=1e-6)
    again = prepare(short, 500, 1.5, lambda text: text[:4], None)
    assert np.array_equal(again.audio, short.audio)
    # What the stems miss goes to "other"; what stems= says is not used when a separator is given.
    half = prepare(long, 1000, None, str, lambda audio, rate: {"vocals": audio / 2, "other": audio / 4})
    assert half.stems["other"] == pytest.approx(long.audio / 2, abs=1e-6)


@pytest.mark.parametrize(
    "audio, lyrics, stems, message",
    [
        (np.zeros((2, 100)), "a", None, "not one channel"),
        (np.zeros(0), "a", None, "not one channel"),
        (np.full(100, np.nan), "a", None, "finite samples"),
        (np.zeros(100), None, {"vocals": np.zeros(100)}, "NoneType, not text"),
        (np.zeros(100), "a", {"vocals": np.zeros(99)}, "stem 'vocals' of song 's'"),
        (np.zeros(100), "a", {"vocals": np.full(100, np.inf)}, "stem 'vocals' of song 's'"),
    ],
)
def test_bad_songs_say_so(audio, lyrics, stems, message):
    with pytest.raises(ValueError, match=message):
        space(ml.Song(audio, 1000, lyrics, id="s", stems=stems))


def test_off_values():
    given = song()
    cells, borders = audio_features(given, 10)
    noise = off_sound("noise", given.stems, borders, 0, None)
    for row, stem in enumerate(given.stems.values()):
        level = [np.sqrt(np.mean(np.square(sound[borders[3] : borders[4]]))) for sound in (noise[row], stem)]
        assert level[0] == pytest.approx(level[1], rel=0.25)
    off = space(given, off=lambda stem, segment: np.full(200, segment, dtype=np.float32))
    mixed = off.mix(np.zeros((1, 30), dtype=bool))[0]
    assert np.allclose(mixed.reshape(10, 200), 3 * np.arange(10)[:, None])
    assert np.abs(off.mix(np.ones((1, 30), dtype=bool))[0] - given.audio).max() < 1e-5
    with pytest.raises(ValueError, match=r"off\('vocals', 0\): shape \(3,\), not 200"):
        space(given, off=lambda stem, segment: np.zeros(3))
    with pytest.raises(ValueError, match="no planted evidence"):
        space(given, off="neutral")
    with pytest.raises(ValueError, match="off is one of silence, noise, neutral"):
        space(given, off="hum")


def test_neutral_off_is_the_songs_own_counterpart():
    planted = ml.load_corpus("demo")[0]
    explainer = ml.MusicLIME(silent, off="neutral")
    found = explainer.space(planted)
    other = planted.neutral(words=False)
    assert np.abs(found.mix(np.zeros((1, 40), dtype=bool))[0] - other.audio).max() < 1e-4
    assert np.abs(found.mix(np.ones((1, 40), dtype=bool))[0] - planted.audio).max() < 1e-5


def test_the_same_features_in_every_modality():
    both = space(song())
    assert space(song(), kind=ml.AudioLIME).audio == both.audio
    assert space(song(), kind=ml.LyricsLIME).lyrics == both.lyrics
    assert space(song(), kind=ml.AudioLIME).lyrics == [] == space(song(), kind=ml.LyricsLIME).audio
    none = np.zeros((2, 0), dtype=bool)
    assert space(song(), kind=ml.AudioLIME).texts(none) == [song().lyrics] * 2
    assert np.abs(space(song(), kind=ml.LyricsLIME).mix(none) - song().audio).max() < 1e-6
