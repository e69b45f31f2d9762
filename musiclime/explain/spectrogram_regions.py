"""Superpixels of a mel spectrogram, through lime's own image explainer: what the thesis tried first."""

from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
from scipy.signal import istft, stft

from . import surrogate
from .explainers import MusicLIME
from .explanation import Feature
from .features import Space

BANDS, WINDOW, HOP = 64, 1024, 512


@dataclass
class Patches(Space):
    """Regions of a spectrogram; every bin of it belongs to exactly one, so all on is the song."""

    map: np.ndarray
    bands: np.ndarray
    layers = None  # no stems to switch

    def mix(self, masks):
        """(n, patches) masks to (n, t) sound: the song's own spectrum, silenced where a patch is off."""
        if not masks.shape[1]:
            return super().mix(masks)
        spectrum = _spectrum(self.song.audio)
        regions, length = self.map[self.bands], len(self.song.audio)
        return np.stack([_sound(spectrum * mask[regions], length) for mask in masks])


@dataclass(eq=False)
class SpectrogramLIME(MusicLIME):
    """Regions of the mel spectrogram, switched by lime's image explainer (chapter *Four explainers*)."""

    patches: int = 40
    modalities = ("audio",)

    def __post_init__(self):
        # As lime has it for images.
        self.samples = 1000 if self.samples is None else self.samples
        self.kernel_width = self.kernel_width or 0.25
        super().__post_init__()

    def prepare(self, song):
        """What the model reads of a song, in one piece (chapter *Four explainers*)."""
        return super().prepare(replace(song, stems={"mix": np.asarray(song.audio, np.float32)}))

    def picture(self, song) -> tuple[np.ndarray, np.ndarray]:
        """(bands, frames) in decibels, and which patch each pixel belongs to (chapter *Four explainers*)."""
        from lime.wrappers.scikit_image import SegmentationAlgorithm

        ready, bands = self.prepare(song), _bands(self.sample_rate)
        power = np.abs(_spectrum(ready.audio)) ** 2
        mel = np.stack([power[bands == band].mean(0) for band in range(bands.max() + 1)])
        decibels = 10 * np.log10(np.maximum(mel, mel.max() * 1e-8 + 1e-20))
        light = (decibels - decibels.min()) / max(np.ptp(decibels), 1e-9)
        segment = SegmentationAlgorithm("slic", n_segments=self.patches, compactness=10, start_label=0)
        patches = np.unique(segment(np.repeat(light[..., None], 3, 2)), return_inverse=True)[1]
        return decibels, patches.reshape(mel.shape)

    def space(self, song) -> Patches:
        """The patches of a song; text holds their band of frequencies (chapter *Four explainers*)."""
        ready, (_, patches), bands = self.prepare(song), self.picture(song), _bands(self.sample_rate)
        hertz, second = self.sample_rate / WINDOW, HOP / self.sample_rate
        features = []
        for number in range(patches.max() + 1):
            rows, frames = np.nonzero(patches == number)
            bins = np.flatnonzero(np.isin(bands, rows))
            text = f"{bins.min() * hertz:.0f} to {(bins.max() + 1) * hertz:.0f} Hz"
            times = float(frames.min() * second), float((frames.max() + 1) * second)
            features.append(Feature(f"patch {number}", "audio", start=times[0], end=times[1], text=text))
        return Patches(ready, features, [], None, np.array([0, len(ready.audio)]), [], patches, bands)

    def listen(self, explanation, features, song, how: str = "filter") -> np.ndarray:
        """The sound of some patches, in one of the thesis's two ways (chapter *Four explainers*).

        "filter": the song's own spectrum, all else silenced. "inverse": the loudness in the picture, a whole
        band at a time, with the phase of the mix.
        """
        if how not in ("filter", "inverse"):
            raise ValueError(f'how is "filter" or "inverse", not {how!r}')
        names = [feature.name for feature in explanation.features]
        mask = np.isin(names, [getattr(feature, "name", feature) for feature in features])
        space = self.space(song)
        if how == "filter":
            return space.mix(mask[None])[0]
        spectrum = _spectrum(space.song.audio)
        loudness = np.sqrt(10 ** (self.picture(song)[0] / 10)) * mask[space.map]
        return _sound(loudness[space.bands] * np.exp(1j * np.angle(spectrum)), len(space.song.audio))

    def _look(self, answers, sides, crossed):
        def look(sizes):
            from lime.lime_image import LimeImageExplainer

            corner = np.unique(answers.space.map, return_index=True)[1]
            seen = []

            def ask(images):
                # A pixel that is on is 1: lime's picture is itself the mask.
                seen.append(images[..., 0].reshape(len(images), -1)[:, corner] > 0)
                masks = np.concatenate(seen)
                return answers.joint(masks, masks[:, :0])[-len(images) :]

            page = np.ones((*answers.space.map.shape, 3), dtype=np.float32)
            with patch("lime.lime_image.tqdm", iter):  # lime has a progress bar of its own
                theirs, asked = (
                    LimeImageExplainer(random_state=self.seed),
                    (page, 0 * page, answers.space.map),
                )
                masks, outputs = theirs.data_labels(*asked, ask, sizes[0], batch_size=self.batch)
            masks = masks.astype(bool)
            return surrogate.fit(masks, outputs, surrogate.kernel(masks, self.kernel_width), self.alpha)

        return look


def _spectrum(audio):
    return stft(audio, nperseg=WINDOW, noverlap=WINDOW - HOP)[2]


def _sound(spectrum, length):
    sound = istft(spectrum, nperseg=WINDOW, noverlap=WINDOW - HOP)[1][:length]
    return np.pad(sound, (0, length - len(sound))).astype(np.float32)


def _bands(sample_rate: int) -> np.ndarray:
    """The mel band of every bin of the spectrum; no band is left empty."""
    hertz = np.arange(WINDOW // 2 + 1) * sample_rate / WINDOW
    mel = np.log1p(hertz / 700) / np.log1p(sample_rate / 2 / 700)
    return np.unique(np.minimum(mel * BANDS, BANDS - 1).astype(int), return_inverse=True)[1]
