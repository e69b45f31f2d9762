"""Stems sum to the mix, and hold what they are named after."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import musiclime as ml
from musiclime.data.song import STEMS
from musiclime.models import separation as stems


def noise(seconds=1.0, rate=16000, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate)).astype(np.float32)


def sdr(true, guess):
    return 10 * np.log10((true**2).sum() / ((true - guess) ** 2).sum())


@pytest.mark.parametrize(
    "samples, rate", [(1, 16000), (100, 16000), (16001, 16000), (4410, 44100), (9999, 22050)]
)
def test_every_length_and_rate_comes_back_as_it_went(samples, rate):
    network = stems.small_network()
    network.freeze()
    parts = stems.run(network, noise(samples / rate, rate), rate)
    assert set(parts) == set(STEMS) - {"other"}
    assert all(part.shape == (samples,) and np.isfinite(part).all() for part in parts.values())


def test_a_silent_song_stays_silent():
    network = stems.small_network()
    network.freeze()
    assert all(not part.any() for part in stems.run(network, np.zeros(16000, np.float32), 16000).values())


def test_the_published_network_is_the_one_that_runs():
    network, weights = stems.load_separator("umxhq", pretrained=False)
    assert stems.load_separator("umxhq", pretrained=False)[0] is network, (
        "a separator is loaded once, not per song"
    )
    assert not network.training and int(network.sample_rate) == 44100 and len(weights) == 12
    assert network.target_models["vocals"].fc1.weight.shape == (512, 2 * 1487)
    parts = stems.run(network, noise(0.5), 16000)
    assert all(part.shape == (8000,) for part in parts.values())


@pytest.mark.parametrize(
    "audio", [np.zeros((2, 100)), np.zeros(0), np.array([0.0, np.nan]), np.array([np.inf, 0.0])]
)
def test_what_cannot_be_separated_is_said(audio):
    with pytest.raises(ValueError, match="one channel of finite samples"):
        stems.separate(audio, 16000)


def test_an_unknown_preset_is_said():
    with pytest.raises(ValueError, match="demo, umxhq, umxl, hpss"):
        stems.separate(noise(), 16000, "spleeter")
    with pytest.raises(ValueError, match="demo, umxhq, umxl, hpss"):
        stems.separator("spleeter")


def test_harmonic_and_percussive_parts_sum_to_the_mix_and_know_a_tone_from_a_click():
    for rate, samples in ((16000, 32000), (44100, 44100), (16000, 5), (8000, 1)):
        mix = noise(samples / rate, rate)
        parts = stems.separate(mix, rate, "hpss")
        assert tuple(parts) == stems.PARTS
        np.testing.assert_allclose(sum(parts.values()), mix, atol=1e-6)
    time = np.arange(32000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 440 * time).astype(np.float32)
    clicks = np.zeros(32000, np.float32)
    clicks[4000::8000] = 0.9
    parts = stems.separate(tone + clicks, 16000, "hpss")
    inner = slice(2000, 30000)
    assert sdr(tone[inner], parts["harmonic"][inner]) > 10
    assert sdr(clicks[inner], parts["percussive"][inner]) > 3


BEST_SEPARATOR = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[2])
import hubs

with hubs.here(Path(sys.argv[1])) as server:
    from musiclime.models import separation

    record, names = separation.PUBLISHED["umxhq"]
    print(separation.separator("best").keywords["preset"])  # the server has nothing yet
    server.add_record(record, hubs.separator_weights(names))
    separation.load_separator.cache_clear()
    print(separation.separator("best").keywords["preset"])
    try:
        separation.load_separator("umxl")
    except FileNotFoundError as error:
        print(error)
"""


def test_the_best_separator_is_the_published_one_where_its_weights_can_be_had(tmp_path):
    """The real loading code of Open-Unmix, against a server on this machine with random weights."""
    network = Path(__file__).parents[1] / "network"
    command = [sys.executable, "-c", BEST_SEPARATOR, str(tmp_path), str(network)]
    told = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    without, with_weights, *refused = told.stdout.splitlines()
    assert without == "hpss"
    assert with_weights == "umxhq"
    assert len(refused) == 1 and "hpss" in refused[0]
    assert len(list((tmp_path / "cache").rglob("*.pth"))) == 4


@pytest.mark.slow
class TestDemo:
    def test_stems_sum_to_the_mix_at_any_rate(self):
        for rate in (16000, 44100):
            mix = noise(rate=rate)
            parts = stems.separate(mix, rate)
            assert tuple(parts) == STEMS
            np.testing.assert_allclose(sum(parts.values()), mix, atol=1e-6)

    def test_a_song_is_separated_once(self, monkeypatch, tmp_path):
        stems.load_separator("demo")
        monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path))
        runs, run = [], stems.run
        monkeypatch.setattr(stems, "run", lambda *given: runs.append(1) or run(*given))
        first, again = stems.separate(noise(), 16000), stems.separator("demo")(noise(), 16000)
        assert len(runs) == 1
        assert all(np.array_equal(first[stem], again[stem]) for stem in STEMS)
        stems.separate(noise(seed=1), 16000)
        stems.separate(noise(), 22050)
        assert len(runs) == 3, "other sound, or the same samples at another rate, is another song"
        assert not list(tmp_path.rglob("*.part*"))

    def test_every_stem_is_nearer_to_the_truth_than_the_mix_is(self):
        gains = []
        for song in (
            ml.load_corpus("demo")
            .split("test")
            .where(np.arange(len(ml.load_corpus("demo").split("test"))) < 6)
        ):
            parts = stems.separate(song.audio, song.sample_rate)
            gains.append([sdr(song.stems[s], parts[s]) - sdr(song.stems[s], song.audio) for s in STEMS])
        assert (np.mean(gains, axis=0) > 4).all(), np.mean(gains, axis=0)


def test_training_learns_and_starts_the_same_way_twice():
    songs = [tone(k) for k in range(4)]
    losses = []
    for _ in range(2):
        network = stems.small_network()
        losses.append(stems.train(network, songs, songs=4, steps=8, batch=2, seconds=1.0, rate=3e-3, seed=0))
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]
    assert not network.training and torch.isfinite(network.target_models["bass"].fc1.weight).all()


def tone(seed):
    rng = np.random.default_rng(seed)
    time = np.arange(2 * 16000) / 16000
    parts = {
        stem: (0.2 * np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.2) * time)).astype(np.float32)
        for stem, pitch in zip(STEMS, (440, 3000, 80, 1200))
    }
    return ml.Song(sum(parts.values()), 16000, "", stems=parts)
