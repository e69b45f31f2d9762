"""What the Audio Spectrogram Transformer sees: its filterbank in batches, and by table for cells."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from ..data.audio import segment_borders

BINS, FRAMES = 128, 1024
MEAN, STD = -4.2677393, 4.5689974  # of AudioSet, as the published checkpoint was trained
FLOOR = 1.192092955078125e-07
SILENCE = (np.log(FLOOR) - MEAN) / (2 * STD)


@cache
def _constants(sample_rate: int, device: str) -> tuple[int, int, int, torch.Tensor, torch.Tensor]:
    """Window and hop in samples, FFT length, Hann window and mel weights, as Kaldi has them."""
    length, hop = int(sample_rate * 0.025), int(sample_rate * 0.010)
    fft = 1 << (length - 1).bit_length()
    mel = 1127 * np.log1p(np.arange(fft // 2 + 1) * sample_rate / fft / 700)
    edges = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(sample_rate / 2 / 700), BINS + 2)
    up = (mel[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    down = (edges[2:] - mel[:, None]) / np.diff(edges)[1:]
    weights = np.maximum(0, np.minimum(up, down))
    window = np.hanning(length)
    return length, hop, fft, *(torch.tensor(x, dtype=torch.float32, device=device) for x in (window, weights))


def spectra(audio: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """Complex spectra (..., frames, bins): linear in the audio, frame by frame."""
    length, hop, fft, window, _ = _constants(sample_rate, str(audio.device))
    frames = audio.unfold(-1, length, hop)
    frames = frames - frames.mean(-1, keepdim=True)
    before = torch.cat([frames[..., :1], frames[..., :-1]], -1)
    return torch.fft.rfft((frames - 0.97 * before) * window, n=fft)


def log_mel(spectrum: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """Normalised log mel power of complex spectra."""
    weights = _constants(sample_rate, str(spectrum.device))[-1]
    power = spectrum.real.square() + spectrum.imag.square()
    return ((power @ weights).clamp_min(FLOOR).log() - MEAN) / (2 * STD)


def filterbank(audio: torch.Tensor, sample_rate: int = 16000) -> torch.Tensor:
    """(n, t) samples to (n, 1024, 128) features, equal to ASTFeatureExtractor (chapter *Train*)."""
    audio = torch.as_tensor(audio, dtype=torch.float32)
    length, hop = _constants(sample_rate, str(audio.device))[:2]
    # One clip's frames fit a processor's cache, many clips' do not: there, clip by clip is five times faster.
    parts = audio[:, : length + hop * (FRAMES - 1)].split(1 if audio.device.type == "cpu" else 64)
    features = torch.cat([log_mel(spectra(part, sample_rate), sample_rate) for part in parts])
    # The published extractor pads with zeros before it normalises, so a missing frame is no silence.
    return torch.nn.functional.pad(features, (0, 0, 0, FRAMES - features.shape[-2]), value=-MEAN / (2 * STD))


FeaturesOfMasks = Callable[[np.ndarray], torch.Tensor]


def cell_filterbank(stems: torch.Tensor, segments: int, sample_rate: int = 16000) -> FeaturesOfMasks:
    """The features of masked mixes, exact and by table.

    A frame lies within one segment, which has two to the power of stems states, or across a border, which
    has the square of that; so a few thousand frames stand for every mix (chapter *How fast, how many*).

    Args:
        stems: (stems, samples) sound.
        segments: into how many parts of equal length the clip is cut.
        sample_rate: in Hz.

    Returns:
        A function from (n, segments, stems) booleans to (n, frames, bands).
    """
    count, samples = stems.shape
    length, hop = _constants(sample_rate, str(stems.device))[:2]
    samples = min(samples, length + hop * (FRAMES - 1))
    edges = segment_borders(stems.shape[1], segments)
    if np.diff(edges).min() < length:
        raise ValueError(f"{segments} segments of {samples} samples: under a frame each, take fewer segments")
    frames = 1 + (samples - length) // hop
    place = torch.arange(count, device=stems.device)
    bits = torch.arange(2**count, device=stems.device)[:, None] >> place & 1
    first = [max(0, (start - length) // hop + 1) for start in edges[:-1]]
    last = [min(frames, (stop - 1) // hop + 1) for stop in edges[1:]]
    states, blocks = [], []
    for g in range(segments):
        alone = torch.zeros_like(stems)
        alone[:, edges[g] : edges[g + 1]] = stems[:, edges[g] : edges[g + 1]]
        part = spectra(alone[:, first[g] * hop : (last[g] - 1) * hop + length], sample_rate)
        states.append(torch.einsum("ms,sfb->mfb", bits.to(part.dtype), part))
    for g in range(segments):
        start = last[g - 1] if g else 0
        stop = first[g + 1] if g + 1 < segments else frames
        alone = states[g][:, start - first[g] : stop - first[g]]
        blocks.append((start, stop, g, g, log_mel(alone, sample_rate)))
        if stop < last[g]:
            left, right = states[g][:, stop - first[g] :], states[g + 1][:, : last[g] - stop]
            both = log_mel((left[:, None] + right[None]).flatten(0, 1), sample_rate)
            blocks.append((stop, last[g], g, g + 1, both))

    missing = torch.full((1, BINS), -MEAN / (2 * STD), device=stems.device)
    table = torch.cat([missing, *(block.flatten(0, 1) for *_, block in blocks)])
    sizes = [len(block) * (stop - start) for start, stop, *_, block in blocks]
    firsts = [1 + int(sum(sizes[:k])) for k in range(len(sizes))]
    blocks = [(*block[:4], first) for block, first in zip(blocks, firsts)]

    def features(masks: np.ndarray) -> torch.Tensor:
        masks = torch.as_tensor(masks, device=stems.device).long()
        codes = (masks << place).sum(-1)
        rows = torch.zeros((len(masks), FRAMES), dtype=torch.long, device=stems.device)
        for start, stop, left, right, first in blocks:
            code = codes[:, left] if left == right else codes[:, left] * 2**count + codes[:, right]
            within = torch.arange(stop - start, device=stems.device)
            rows[:, start:stop] = first + code[:, None] * (stop - start) + within
        # One look-up of whole frames: a copy block by block passes over the memory three times.
        return torch.nn.functional.embedding(rows, table)

    return features
