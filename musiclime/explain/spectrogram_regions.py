"""Regions of a mel spectrogram, muted by lime's own image explainer: what the thesis tried first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from unittest.mock import patch

import numpy as np
from scipy.signal import istft, stft

from ..data.song import Song
from .ask_model import Answers
from .explainers import MusicLIME, _Joint
from .explanation import Explanation, Feature
from .features import Space
from .masks import kernel
from .surrogate import Fit, fit

BANDS, WINDOW, HOP = 64, 1024, 512


@dataclass
class Patches(Space):
    """Regions of a spectrogram; every bin of it belongs to exactly one, so all on is the song.

    map: (bands, frames) number of the patch that a pixel belongs to. bands: the band of each frequency bin.
    """

    map: np.ndarray
    bands: np.ndarray
    has_stems = False  # to be switched cell by cell

    def mix(self, masks: np.ndarray) -> np.ndarray:
        """(n, patches) masks to (n, t) sound: the song's own spectrum, silenced where a patch is off."""
        if not masks.shape[1]:
            return super().mix(masks)
        spectrum = _spectrum(self.song.audio)
        regions, length = self.map[self.bands], len(self.song.audio)
        return np.stack([_sound(spectrum * mask[regions], length) for mask in masks])


@dataclass(eq=False)
class SpectrogramLIME(MusicLIME):
    """Explain by regions of the mel spectrogram, with lime's image explainer (chapter *Four explainers*).

    Args: as for `MusicLIME`, with 1,000 masks by default, and `patches`: about how many regions to make.
    `off`, `unit`, `segments`, `sampling` and the like have no effect and are refused.

    Example:
        >>> SpectrogramLIME(lambda audio, lyrics: audio[:, :1], patches=12).samples
        1000
    """

    patches: int = 40
    modalities: ClassVar[tuple[str, ...]] = ("audio",)
    without_effect: ClassVar[tuple[str, ...]] = (
        "off",
        "unit",
        "segments",
        "sampling",
        "mask_token",
        "positions",
        "pairs",
        "separate",
        "design",
    )

    def __post_init__(self) -> None:
        # As lime has it for images.
        if self.samples is None:
            self.samples = 1000
        if self.kernel_width is None:
            self.kernel_width = 0.25
        super().__post_init__()

    def prepare(self, song: Song) -> Song:
        """What the model reads of a song, in one piece (chapter *Four explainers*).

        Args:
            song: any song; its own stems are not used.

        Returns:
            A song at the model's rate with a single stem, "mix".
        """
        return super().prepare(replace(song, stems={"mix": np.asarray(song.audio, np.float32)}))

    def picture(self, song: Song) -> tuple[np.ndarray, np.ndarray]:
        """The mel spectrogram and its patches (chapter *Four explainers*).

        Args:
            song: any song.

        Returns:
            (bands, frames) loudness in decibels, and (bands, frames) number of the patch of each pixel.
        """
        from lime.wrappers.scikit_image import SegmentationAlgorithm

        ready, bands = self.prepare(song), _bands(self.sample_rate)
        power = np.abs(_spectrum(ready.audio)) ** 2
        mel = np.stack([power[bands == band].mean(0) for band in range(bands.max() + 1)])
        decibels = 10 * np.log10(np.maximum(mel, mel.max() * 1e-8 + 1e-20))
        light = (decibels - decibels.min()) / max(np.ptp(decibels), 1e-9)
        segment = SegmentationAlgorithm("slic", n_segments=self.patches, compactness=10, start_label=0)
        found = segment(np.repeat(light[..., None], 3, 2))
        patches = np.unique(found, return_inverse=True)[1]
        return decibels, patches.reshape(mel.shape)

    def space(self, song: Song) -> Patches:
        """The patches of a song as features (chapter *Four explainers*).

        Args:
            song: any song.

        Returns:
            `Patches`; the text of a feature says which frequencies it spans.
        """
        ready, bands = self.prepare(song), _bands(self.sample_rate)
        patches = self.picture(song)[1]
        hertz, second = self.sample_rate / WINDOW, HOP / self.sample_rate
        features = []
        for number in range(patches.max() + 1):
            rows, frames = np.nonzero(patches == number)
            bins = np.flatnonzero(np.isin(bands, rows))
            text = f"{bins.min() * hertz:.0f} to {(bins.max() + 1) * hertz:.0f} Hz"
            start, end = float(frames.min() * second), float((frames.max() + 1) * second)
            features.append(Feature(f"patch {number}", "audio", start=start, end=end, text=text))
        return Patches(ready, features, [], None, np.array([0, len(ready.audio)]), [], patches, bands)

    def listen(
        self, explanation: Explanation, features: Iterable[Feature | str], song: Song, how: str = "filter"
    ) -> np.ndarray:
        """The sound of some patches, in one of the thesis's two ways (chapter *Four explainers*).

        Args:
            explanation: of this song, by this explainer.
            features: patches, or their names.
            song: the song.
            how: "filter": the song's own spectrum, all else silenced. "inverse": the loudness in the picture,
                a whole band at a time, with the phase of the mix.

        Returns:
            Sound as long as what the model hears.
        """
        if how not in ("filter", "inverse"):
            raise ValueError(f'how is "filter" or "inverse", not {how!r}')
        names = [feature.name for feature in explanation.features]
        wanted = [feature if isinstance(feature, str) else feature.name for feature in features]
        mask = np.isin(names, wanted)
        space = self.space(song)
        if how == "filter":
            return space.mix(mask[None])[0]
        spectrum = _spectrum(space.song.audio)
        loudness = np.sqrt(10 ** (self.picture(song)[0] / 10)) * mask[space.map]
        return _sound(loudness[space.bands] * np.exp(1j * np.angle(spectrum)), len(space.song.audio))

    def _design(self, answers: Answers) -> "_Pictures":
        return _Pictures(self, answers)


class _Pictures(_Joint):
    """lime's image explainer draws the masks and asks; we fit."""

    def fit(self, sizes: tuple[int, ...], pairs: tuple[bool, ...]) -> Fit:
        from lime.lime_image import LimeImageExplainer

        by, space = self.explainer, self.answers.space
        assert isinstance(space, Patches)
        regions = space.map
        corner = np.unique(regions, return_index=True)[1]

        def ask(images: np.ndarray) -> np.ndarray:
            # A pixel that is on is 1: lime's picture is itself the mask.
            masks = images[..., 0].reshape(len(images), -1)[:, corner] > 0
            return self.answers.joint(masks, masks[:, :0])

        page = np.ones((*regions.shape, 3), dtype=np.float32)
        with patch("lime.lime_image.tqdm", iter):  # lime has a progress bar of its own
            theirs = LimeImageExplainer(random_state=by.seed)
            masks, outputs = theirs.data_labels(page, 0 * page, regions, ask, sizes[0], batch_size=by.batch)
        masks = masks.astype(bool)
        weights = None if by.kernel_width is None else kernel(masks, by.kernel_width)
        return fit(masks, outputs, weights, by.alpha)

    def plan(self, sizes: tuple[int, ...], may_pair: bool) -> tuple[tuple, tuple, str]:
        return (False,), sizes, "as asked"


def _spectrum(audio: np.ndarray) -> Any:
    return stft(audio, nperseg=WINDOW, noverlap=WINDOW - HOP)[2]


def _sound(spectrum: np.ndarray, length: int) -> Any:
    sound = istft(spectrum, nperseg=WINDOW, noverlap=WINDOW - HOP)[1][:length]
    return np.pad(sound, (0, length - len(sound))).astype(np.float32)


def _bands(sample_rate: int) -> np.ndarray:
    """The mel band of every bin of the spectrum; no band is left empty."""
    hertz = np.arange(WINDOW // 2 + 1) * sample_rate / WINDOW
    mel = np.log1p(hertz / 700) / np.log1p(sample_rate / 2 / 700)
    return np.unique(np.minimum(mel * BANDS, BANDS - 1).astype(int), return_inverse=True)[1]
