"""Splices of small made-up songs: what comes from the first song is the evidence, and nothing else is."""

import importlib.util
import os

import numpy as np
import pytest

import musiclime as ml
from musiclime.judge.planted_evidence import evidence_costs, mark
from musiclime.judge.scores import clustered_mean
from musiclime.judge.splices import SECONDS, SEGMENTS, join_segments, splices

RATE = 4000


def tone(frequency, number):
    """Sixty seconds of one tone, with ten lines of lyrics of its own, louder or softer by its number."""
    time = np.arange(60 * RATE) / RATE
    audio = (0.05 * (number + 1) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
    words = "\n".join(f"{chr(97 + number) * 3} line {chr(97 + row)}" for row in range(12))
    return ml.Song(audio, RATE, words, id=f"tone-{frequency}", title=f"{frequency} Hz")


SONGS = [tone(frequency, number) for number, frequency in enumerate((200, 300, 450, 700))]


class ToneTagger:
    """A tagger whose tags are the four tones: the share of the clip's power that each has."""

    classes = ["200 Hz", "300 Hz", "450 Hz", "700 Hz"]
    sample_rate, modality = RATE, "audio"

    def predict(self, audio, lyrics=None):
        power = np.abs(np.fft.rfft(np.asarray(audio, dtype=float))) ** 2
        frequency = np.fft.rfftfreq(np.asarray(audio).shape[1], 1 / RATE)
        near = [power[:, np.abs(frequency - f) < 20].sum(1) for f in (200, 300, 450, 700)]
        return np.stack(near, axis=1) / np.maximum(power.sum(1), 1e-9)[:, None]


class WordTagger(ToneTagger):
    """The same by words: the share of the words that are a song's own."""

    modality = "lyrics"

    def predict(self, audio, lyrics):
        counts = [[text.count(chr(97 + k) * 3) for k in range(4)] for text in lyrics]
        return np.array(counts) / SEGMENTS


def test_half_of_the_segments_come_from_the_first_song():
    for one in splices(ToneTagger(), SONGS, count=12):
        cells = one.evidence["genre"]["cells"]
        assert one.seconds == SECONDS and len(cells) == SEGMENTS // 2 and one.lyrics == ""
        borders = np.linspace(0, len(one.audio), SEGMENTS + 1).astype(int)
        heard = [
            ToneTagger().predict(one.audio[None, a + 100 : b - 100])[0, ToneTagger.classes.index(one.genre)]
            for a, b in zip(borders, borders[1:])
        ]
        assert {k for k, share in enumerate(heard) if share > 0.5} == {k for _, k in cells}


def test_clips_are_equally_loud_and_meet_without_a_click():
    one = splices(ToneTagger(), SONGS, count=1)[0]
    borders = np.linspace(0, len(one.audio), SEGMENTS + 1).astype(int)
    loud = [np.sqrt(np.mean(one.audio[a + 100 : b - 100] ** 2)) for a, b in zip(borders, borders[1:])]
    assert np.ptp(loud) < 0.1 * np.mean(loud)
    square = join_segments(np.ones(RATE, np.float32), -np.ones(RATE, np.float32), [0, 1, 2, 3, 4], RATE)
    assert np.abs(np.diff(square)).max() < 0.06


def test_every_pair_has_its_turn_before_one_comes_again():
    pairs = [one.artist for one in splices(ToneTagger(), SONGS, count=12)]
    assert len(set(pairs[:6])) == 6 and len(pairs) == 12


def test_an_explainer_that_looks_is_right_and_a_blind_one_is_at_chance():
    found = splices(ToneTagger(), SONGS, count=12)
    right = mark(ml.AudioLIME(ToneTagger(), samples=60, progress=False), found, on="real")
    assert right["counts"].all() and right["auc"].mean() > 0.95 and right["pointing"].mean() > 0.95
    assert clustered_mean(right["auc"], [one.artist for one in found])["clusters"] == 6

    class Shuffled(ToneTagger):
        """The last layer at random: every tag hears the same."""

        def predict(self, audio, lyrics=None):
            mixed = super().predict(audio) @ np.full((4, 4), 0.25)
            return mixed + 1e-3 * np.random.default_rng(len(audio)).random(mixed.shape)

    blind = mark(ml.AudioLIME(Shuffled(), samples=60, progress=False), found, on="real")
    assert not blind["counts"].any() and abs(blind["auc"].mean() - 0.5) < 0.2


def test_lines_are_spliced_for_a_model_that_reads():
    found = splices(WordTagger(), SONGS, count=6)
    for one in found:
        letter = chr(97 + WordTagger.classes.index(one.genre)) * 3
        rows = one.lyrics.split("\n")
        assert one.evidence["genre"]["cells"] == []
        assert {f"line {k}" for k, row in enumerate(rows, 1) if letter in row} == set(
            one.evidence["genre"]["words"]
        )
    marked = mark(ml.LyricsLIME(WordTagger(), unit="line", samples=60, progress=False), found, on="real")
    assert marked["auc"].mean() == 1.0


def test_replacing_takes_the_second_songs_own_material():
    one = splices(ToneTagger(), SONGS, count=1)[0]
    neutral = one.neutral()
    assert neutral.evidence["genre"]["cells"] == []
    explainer = ml.AudioLIME(ToneTagger(), samples=60, progress=False)
    assert evidence_costs(explainer, one, one.genre)["audio"] == pytest.approx(0.5, abs=0.02)


def test_songs_that_no_tag_tells_apart_are_refused():
    with pytest.raises(ValueError, match="no class is given to one song"):
        splices(ToneTagger(), [SONGS[0], SONGS[0]])
    with pytest.raises(ValueError, match="takes two songs"):
        splices(ToneTagger(), SONGS[:1])


@pytest.mark.slow
def test_a_real_tagger_on_splices_of_real_songs():
    if "MUSICLIME_REFERENCE" not in os.environ or importlib.util.find_spec("musicnn") is None:
        # In CI a skip that nobody sees is a failure.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("needs the real songs (MUSICLIME_REFERENCE) and the data package musicnn")
    tagger = ml.load_tagger("MTT_musicnn")
    found = splices(tagger, ml.load_corpus("real"), count=10)
    table = mark(ml.AudioLIME(tagger, samples=100, progress=False), found, on="real")
    assert len(table) == 10 and table["auc"].mean() > 0.85 and table["pointing"].mean() > 0.8
