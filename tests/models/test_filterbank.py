"""The batched filterbank is ASTFeatureExtractor's; its table of cells is the filterbank of the mixes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import musiclime  # noqa: F401  (hides a broken torchaudio before transformers looks for it)
from musiclime.models.filterbank import FRAMES, SILENCE, cell_filterbank, filterbank


def noises(clips, samples, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, (clips, samples)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:At least one mel filter")
@pytest.mark.parametrize("samples", [1600, 163840, 170000])
def test_it_equals_the_feature_extractor(samples):
    from transformers import ASTFeatureExtractor

    audio = noises(3, samples)
    audio[1, 500:900] = 0
    audio[2] *= np.linspace(0, 1, samples, dtype=np.float32)
    theirs = np.stack(ASTFeatureExtractor()(list(audio), sampling_rate=16000)["input_values"])
    difference = np.abs(filterbank(audio).numpy() - theirs)
    assert difference.shape == (3, FRAMES, 128)
    assert difference.max() < 1e-3
    assert difference.mean() < 1e-5


@pytest.mark.filterwarnings("ignore:At least one mel filter")
def test_at_44100_it_is_kaldis_filterbank_at_that_rate():
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    audio, kaldi = noises(1, 44100), {"mel_scale": "kaldi", "triangularize_in_mel_space": True}
    mel = mel_filter_bank(1025, 128, 20, 22050, 44100, norm=None, **kaldi)
    window = window_function(1102, "hann", periodic=False)
    theirs = spectrogram(
        audio[0], window, 1102, 441, 2048, power=2.0, center=False, preemphasis=0.97, mel_filters=mel,
        log_mel="log", mel_floor=1.192092955078125e-07, remove_dc_offset=True,
    ).T  # fmt: skip
    ours = filterbank(audio, 44100).numpy()[0, : len(theirs)]
    assert np.abs(ours - (theirs + 4.2677393) / (2 * 4.5689974)).max() < 1e-3


def test_silence_is_the_floor_and_a_missing_frame_is_not():
    features = filterbank(np.zeros((1, 80000), np.float32))[0]
    frames = 1 + (80000 - 400) // 160
    assert torch.allclose(features[:frames], torch.tensor(SILENCE, dtype=torch.float32))
    assert torch.allclose(features[frames:], torch.tensor(4.2677393 / (2 * 4.5689974)))


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.sampled_from([16384, 40003]), st.integers(0, 99))
def test_the_table_of_cells_equals_mixing_then_filtering(segments, count, samples, seed):
    stems = noises(count, samples, seed)
    masks = np.random.default_rng(seed).random((5, segments, count)) < 0.5
    edges = np.linspace(0, samples, segments + 1).round().astype(int)
    on = np.repeat(masks, np.diff(edges), axis=1).transpose(0, 2, 1)
    mixed = filterbank((on * stems).sum(1, dtype=np.float32))
    assert torch.allclose(cell_filterbank(torch.tensor(stems), segments)(masks), mixed, atol=2e-3)


def test_segments_shorter_than_a_frame_are_refused():
    with pytest.raises(ValueError, match="fewer segments"):
        cell_filterbank(torch.zeros(4, 16000), 100)
