"""musicnn in plain torch: sound at 16 kHz in, an answer for each patch of three seconds out.

The network and its weights are those that Jordi Pons published (ISC licence), trained on the Million Song
Dataset or on MagnaTagATune. A clip is cut into patches of 187 frames, each is answered on its own, and the
answers are averaged. Because each patch hears only a few segments of the clip, the answers to every possible
mix of the clip's cells can be tabulated: see `PatchTable`.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ..data.audio import segment_borders
from .preprocessing import check_audio

if TYPE_CHECKING:
    from ..explain.features import Space

RATE, FFT, HOP, BANDS = 16000, 512, 256, 96
FRAMES = 187  # of one patch
PATCH = FRAMES * HOP  # samples from the beginning of one patch to the next
HEARD = (FRAMES - 1) * HOP + FFT  # samples that a patch hears
ROWS = 16  # patches that go through a filter at once
STATES = 256  # states of a patch that are answered at once
SONGS_KNOWN = 16  # whose answers are kept
MOST_CELLS = 12  # of a patch in a table: 4,096 states


def mel_filters() -> np.ndarray:
    """The 96 triangular filters over 257 frequencies, on Slaney's scale and of equal area."""
    step = 200 / 3  # below 1 kHz a mel is 66.7 Hz; above it grows by the factor 6.4 in 27 mels
    growth = np.log(6.4) / 27
    highest = 15 + np.log(RATE / 2 / 1000) / growth
    mels = np.linspace(0, highest, BANDS + 2)
    edges = np.where(mels < 15, mels * step, 1000 * np.exp(growth * (mels - 15)))
    frequencies = np.linspace(0, RATE / 2, FFT // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return triangles * (2 / (edges[2:] - edges[:-2]))[:, None]


class Normalised(nn.Module):
    """Batch normalisation as it is after training: one scale and one shift a channel."""

    def __init__(self, tensors: dict, name: str) -> None:
        super().__init__()
        gamma, beta, mean, variance = (
            torch.from_numpy(tensors[f"{name}/{part}"].copy())
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / torch.sqrt(variance + 1e-3)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", beta - mean * scale)
        self.register_buffer("turned", (scale < 0).nonzero().flatten())

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Channels are the last axis."""
        return values * self.scale + self.shift

    def of_maximum(self, values: torch.Tensor) -> torch.Tensor:
        """(n, channels, frames, frequencies) -> (n, frames, channels): rectify, normalise, take the maximum.

        The maximum is taken first, for it leaves less to rectify and to normalise. A negative scale turns the
        order round: there the smallest value counts, and `values` come with the opposite sign.
        """
        largest = values.amax(-1)
        largest[:, self.turned] *= -1
        return self(largest.relu().transpose(1, 2))


class Musicnn(nn.Module):
    """The network: timbral and temporal filters, three layers of 64 channels, two dense ones."""

    def __init__(self, tensors: dict) -> None:
        super().__init__()
        self.normalise_input = Normalised(tensors, "batch_normalization")
        # Two kinds hear timbre (7 frames of 38 or 67 bands), three time (128, 64 or 32 frames of a band).
        self.filters = nn.ModuleList(_convolution(tensors, number) for number in range(5))
        self.middle = nn.ModuleList(_convolution(tensors, number) for number in (5, 6, 7))
        self.normalise_front = nn.ModuleList(
            Normalised(tensors, f"batch_normalization_{number}") for number in range(1, 6)
        )
        for layer, norm in zip(self.filters, self.normalise_front):
            layer.weight[norm.turned] *= -1  # see Normalised.of_maximum
            layer.bias[norm.turned] *= -1
        self.normalise_middle = nn.ModuleList(
            Normalised(tensors, f"batch_normalization_{number}") for number in range(6, 9)
        )
        self.normalise_pooled = Normalised(tensors, "batch_normalization_9")
        self.dense = _dense(tensors, "dense")
        self.normalise_dense = Normalised(tensors, "batch_normalization_10")
        self.output = _dense(tensors, "dense_1")
        self.register_buffer("mel", torch.from_numpy(mel_filters().T).float().contiguous())
        self.register_buffer("window", torch.hann_window(FFT))
        # What the normalisation before the last layer takes for the average of the training songs.
        average = torch.from_numpy(tensors["batch_normalization_10/beta"].copy())
        self.register_buffer("mean_logits", self.output(average).detach())

    def spectra(self, sound: torch.Tensor) -> torch.Tensor:
        """(n, samples) of whole patches -> (n, 187, 257) complex spectra; linear in the sound."""
        found = torch.stft(sound, FFT, HOP, window=self.window, center=False, return_complex=True)
        return found.transpose(1, 2)

    def log_mel(self, spectra: torch.Tensor) -> torch.Tensor:
        """(n, frames, 257) -> (n, frames, 96), as the network was trained to hear them."""
        power = spectra.real**2 + spectra.imag**2
        return torch.log10(10000 * (power @ self.mel) + 1)

    def front(self, number: int, heard: torch.Tensor) -> torch.Tensor:
        """A kind of filters: (n, frames + length - 1, 96) normalised -> (n, frames, filters).

        Args:
            number: which kind of filters, counted from 0.
            heard: (n, frames + length - 1, 96) log mel spectrograms, normalised.

        Returns:
            (n, frames, filters), the maximum over pitch.
        """
        layer, norm = self.filters[number], self.normalise_front[number]
        rows = heard.split(ROWS)
        return torch.cat([norm.of_maximum(layer(some[:, None])) for some in rows])

    def around(self, number: int) -> tuple[int, int]:
        """How many frames before and after its own a filter hears."""
        length = self.filters[number].kernel_size[0]
        before = (length - 1) // 2
        return before, length - 1 - before

    def back(self, front: torch.Tensor) -> torch.Tensor:
        """(n, 187, 561) of the front's filters -> (n, 50) logits."""
        layers = [front]
        previous = front
        for number, (layer, norm) in enumerate(zip(self.middle, self.normalise_middle)):
            padded = nn.functional.pad(previous, (0, 0, 3, 3))
            found = norm(layer(padded[:, None]).relu()[..., 0].transpose(1, 2))
            previous = found if number == 0 else found + previous
            layers.append(previous)
        features = torch.cat(layers, -1)
        pooled = torch.stack([features.amax(1), features.mean(1)], -1).flatten(1)
        hidden = self.dense(self.normalise_pooled(pooled)).relu()
        return self.output(self.normalise_dense(hidden))

    def forward(self, log_mel: torch.Tensor) -> torch.Tensor:
        """(n, 187, 96) -> (n, 50) logits."""
        heard = self.normalise_input(log_mel)
        found = []
        for number in range(len(self.filters)):
            padded = nn.functional.pad(heard, (0, 0, *self.around(number)))
            found.append(self.front(number, padded))
        return self.back(torch.cat(found, -1))


def _convolution(tensors: dict, number: int) -> nn.Conv2d:
    name = "conv2d" if number == 0 else f"conv2d_{number}"
    kernel = torch.from_numpy(tensors[f"{name}/kernel"].transpose(3, 2, 0, 1).copy())
    layer = nn.Conv2d(1, len(kernel), kernel.shape[2:])
    layer.weight = nn.Parameter(kernel, requires_grad=False)
    layer.bias = nn.Parameter(torch.from_numpy(tensors[f"{name}/bias"].copy()), requires_grad=False)
    return layer


def _dense(tensors: dict, name: str) -> nn.Linear:
    kernel = torch.from_numpy(tensors[f"{name}/kernel"].T.copy())
    layer = nn.Linear(kernel.shape[1], kernel.shape[0])
    layer.weight = nn.Parameter(kernel, requires_grad=False)
    layer.bias = nn.Parameter(torch.from_numpy(tensors[f"{name}/bias"].copy()), requires_grad=False)
    return layer


class Patches:
    """The patches of a song in cells: which cells each patch hears, and the answer to any state of them.

    A frame hears one cell's stem, or two segments at a border, and a filter a few frames. So most of what the
    network computes for one state of a patch it has computed for another, and `logits` does it only once.
    """

    def __init__(self, network: Musicnn, sounds: np.ndarray, borders: np.ndarray, base: Any = None) -> None:
        """sounds: (rows, samples), one row a stem; base: what sounds always, under all cells, or None."""
        self.network = network
        self.rows = len(sounds)
        count = patch_count(sounds.shape[1])
        room = max(0, (count - 1) * PATCH + HEARD - sounds.shape[1] - HOP)
        self.sounds = np.pad(sounds, ((0, 0), (HOP, room)))
        self.base = None if base is None else np.pad(base, (HOP, room))
        self.borders = np.asarray(borders) + HOP
        # Of each patch: its cells, their spectra, what always sounds, the frames in which a cell sounds.
        self.cells: list[np.ndarray] = []
        self.spectra: list[torch.Tensor] = []
        self.base_spectra: list[torch.Tensor] = []
        self.active: list = []
        for patch in range(count):
            self._add(patch * PATCH)

    def _add(self, start: int) -> None:
        """One patch: the spectra of each cell that sounds in it."""
        device = self.network.window.device
        cells, parts = [], []
        for segment, (a, b) in enumerate(zip(self.borders, self.borders[1:])):
            a, b = max(a, start), min(b, start + HEARD)
            if a >= b:
                continue
            for row in range(self.rows):
                part = np.zeros(HEARD, dtype=np.float32)
                part[a - start : b - start] = self.sounds[row, a:b]
                cells.append(segment * self.rows + row)
                parts.append(part)
        parts = torch.from_numpy(np.stack(parts)).to(device)
        spectra = self.network.spectra(parts)
        sounding = spectra.abs().amax(-1) > 0
        heard = sounding.any(1).cpu().numpy()
        self.cells.append(np.array(cells)[heard])
        self.spectra.append(spectra[heard])
        self.active.append(sounding[heard].cpu().numpy())
        base = torch.zeros(HEARD, device=device)
        if self.base is not None:
            base = torch.from_numpy(self.base[start : start + HEARD]).to(device)
        self.base_spectra.append(self.network.spectra(base[None])[0])

    def logits(self, patch: int, states: np.ndarray) -> torch.Tensor:
        """(n, cells of the patch) states -> (n, 50).

        Args:
            patch: number of the patch in the song.
            states: (n, cells of the patch) booleans, true where a cell is on.

        Returns:
            (n, 50) logits of the tags.
        """
        with torch.inference_mode():
            parts = [self._some(patch, states[i : i + STATES]) for i in range(0, len(states), STATES)]
            return torch.cat(parts)

    def _some(self, patch: int, states: np.ndarray) -> torch.Tensor:
        spectra, active = self.spectra[patch], self.active[patch]
        on = torch.from_numpy(states).to(spectra.device).to(spectra.dtype)
        mixed = torch.tensordot(on, spectra, 1) + self.base_spectra[patch]
        heard = self.network.normalise_input(self.network.log_mel(mixed))
        found = []
        for number in range(len(self.network.filters)):
            before, after = self.network.around(number)
            padded = nn.functional.pad(heard, (0, 0, before, after))
            near = np.stack(
                [active[:, max(0, t - before) : t + after + 1].any(1) for t in range(FRAMES)], axis=1
            )
            pieces = []
            for a, b in _runs(near):
                _, first, alike = np.unique(
                    np.packbits(states[:, near[:, a]], axis=1), axis=0, return_index=True, return_inverse=True
                )
                piece = self.network.front(number, padded[first, a : b + before + after])
                pieces.append(piece[alike.ravel()])
            found.append(torch.cat(pieces, 1))
        return self.network.back(torch.cat(found, -1))


def patch_count(samples: int) -> int:
    """How many patches a clip has: whole ones only, but at least one."""
    return max(1, (1 + samples // HOP) // FRAMES)


def _runs(columns: np.ndarray) -> Any:
    """First and last + 1 of each run of equal columns."""
    changes = np.flatnonzero((columns[:, 1:] != columns[:, :-1]).any(0)) + 1
    borders = [0, *changes.tolist(), columns.shape[1]]
    return zip(borders, borders[1:])


@dataclass
class PatchTable:
    """A model's exact answer to every mix of a song's cells (chapter *Real songs*).

    The answer to a mix is the mean over patches of `answers[patch][state]`. In the number `state`, bit j is
    one where the cell `cells[patch][j]` is on.

    Example:
        >>> table = PatchTable(["yes"], 2, [[0], [0, 1]], [[[0.0], [1.0]], [[0.0], [0.5], [0.5], [1.0]]])
        >>> table.predict([[1, 0], [1, 1]]).ravel().tolist(), table.banzhaf().tolist()
        ([0.75, 1.0], [[0.75, 0.25]])
    """

    classes: list[str]
    features: int
    cells: list
    answers: list

    def __post_init__(self) -> None:
        self.cells = [np.asarray(cells, dtype=int) for cells in self.cells]
        self.answers = [np.asarray(answers, dtype=float) for answers in self.answers]

    def predict(self, masks: np.ndarray) -> np.ndarray:
        """The model's answers to mixes.

        Args:
            masks: (n, features), true where a cell is on, segment by segment as in an explanation.

        Returns:
            (n, classes).
        """
        masks = np.asarray(masks, dtype=bool)
        found = np.zeros(())
        for cells, answers in zip(self.cells, self.answers):
            state = masks[:, cells] @ (1 << np.arange(len(cells)))
            found = found + answers[state]
        return found / len(self.cells)

    def banzhaf(self) -> np.ndarray:
        """(classes, features): what a cell adds on average over all states of the others."""
        return self._values(lambda others, count: np.full(len(others), 0.5 ** (count - 1)))

    def shapley(self) -> np.ndarray:
        """(classes, features): what a cell adds on average over all orders of the cells."""

        def chances(others: np.ndarray, count: int) -> np.ndarray:
            return np.array([1 / (count * comb(count - 1, size)) for size in others])

        return self._values(chances)

    def _values(self, chances: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
        """Values of an average are averages of the values; a patch is nothing to a cell it does not hear."""
        values = np.zeros((len(self.classes), self.features))
        for cells, answers in zip(self.cells, self.answers):
            count = len(cells)
            states = np.arange(2**count)
            size = np.array([int(state).bit_count() for state in states])
            for bit, cell in enumerate(cells):
                without = states[states & (1 << bit) == 0]
                gains = answers[without | (1 << bit)] - answers[without]
                values[:, cell] += chances(size[without], count) @ gains
        return values / len(self.cells)

    def to_json(self, digits: int = 4, labels: list[str] | None = None) -> str:
        """The table for a page.

        Args:
            digits: decimals to keep.
            labels: the classes to keep; None keeps all.

        Returns:
            JSON of `classes`, `cells` (a list for each patch) and `answers` (for each patch a list of
            states, each a list of one number a class).
        """
        labels = labels or self.classes
        columns = [self.classes.index(label) for label in labels]
        answers = [np.round(part[:, columns], digits).tolist() for part in self.answers]
        data = {"classes": labels, "cells": [cells.tolist() for cells in self.cells], "answers": answers}
        return json.dumps(data, separators=(",", ":"))


class PatchModel(ABC):
    """A model that answers patch by patch; sound in, the mean of its answers out.

    A subclass says in `answer` what it makes of the network's fifty logits.
    """

    modality = "audio"
    sample_rate = RATE
    seconds: float | None = None

    def __init__(self, network: Musicnn, classes: list[str], card: dict, device: str | None = None) -> None:
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device).eval()
        self.classes = list(classes)
        self.card = card
        self._song: tuple[bytes, Patches] | None = None
        self._known: dict[bytes, list[dict]] = {}

    @property
    def name(self) -> str:
        return self.card["name"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self.classes)} classes>"

    def __getstate__(self) -> dict:
        # What is kept of songs is this process's own.
        return {**vars(self), "_song": None, "_known": {}}

    @abstractmethod
    def answer(self, logits: torch.Tensor) -> torch.Tensor:
        """(n, 50) logits -> (n, classes)."""

    def predict(self, audio: Any, lyrics: Any = None) -> np.ndarray:
        """Answers to clips, patches averaged.

        Args:
            audio: (n, samples) at 16 kHz.
            lyrics: not read; so that all models can be asked alike.

        Returns:
            (n, classes).
        """
        return self.classify(self.encode_audio(audio))

    def classify(self, codes: np.ndarray) -> np.ndarray:
        """What `encode_audio` gives is the answer already."""
        return np.asarray(codes, dtype=float)

    def encode_audio(self, audio: np.ndarray) -> np.ndarray:
        """The same as `predict`, for explainers that keep what was heard."""
        audio = check_audio(audio, self.sample_rate)
        if self.seconds is not None:
            audio = audio[:, : round(self.seconds * self.sample_rate)]
        return np.stack([self._patchwise(clip).mean(0) for clip in audio])

    def _patchwise(self, clip: np.ndarray) -> np.ndarray:
        """(patches, classes) of one clip."""
        count = patch_count(len(clip))
        room = max(0, (count - 1) * PATCH + HEARD - len(clip) - HOP)
        padded = torch.from_numpy(np.pad(clip, (HOP, room)))
        patches = padded.unfold(0, HEARD, PATCH)[:count].to(self.device)
        found = []
        with torch.inference_mode():
            for some in patches.split(ROWS):
                log_mel = self.network.log_mel(self.network.spectra(some))
                found.append(self.answer(self.network(log_mel)).double().cpu().numpy())
        return np.concatenate(found)

    def encode_cells(self, stems: dict, masks: np.ndarray) -> np.ndarray:
        """Answers to mixes of one song: each state of a patch is asked once, however many mixes have it.

        Args:
            stems: sounds by name.
            masks: (n, segments, stems), true where a cell is on.

        Returns:
            (n, classes).
        """
        masks = np.asarray(masks, dtype=bool)
        sounds = np.stack([np.asarray(stem, dtype=np.float32) for stem in stems.values()])
        borders = segment_borders(sounds.shape[1], masks.shape[1])
        patches, known = self._patches_of(sounds, borders)
        flat = masks.reshape(len(masks), -1)
        found = np.zeros(())
        for patch, cells in enumerate(patches.cells):
            states, which = np.unique(flat[:, cells], axis=0, return_inverse=True)
            found = found + self._look_up(patches, patch, states, known[patch])[which.ravel()]
        return found / len(patches.cells)

    def _patches_of(
        self, sounds: np.ndarray, borders: np.ndarray, base: Any = None
    ) -> tuple[Patches, list[dict]]:
        """The patches of a song, and the answers known so far; those of the last songs are kept."""
        key = hashlib.sha256(sounds.data)
        for part in (borders, base):
            key.update(b"" if part is None else part.tobytes())
        if self._song is None or self._song[0] != key.digest():
            self._song = key.digest(), Patches(self.network, sounds, borders, base)
        patches = self._song[1]
        known = self._known.setdefault(key.digest(), [{} for _ in patches.cells])
        while len(self._known) > SONGS_KNOWN:
            self._known.pop(next(iter(self._known)))
        return patches, known

    def _look_up(self, patches: Patches, patch: int, states: np.ndarray, known: dict) -> np.ndarray:
        """(n, classes) for states of a patch; those not seen before are asked of the network."""
        keys = [state.tobytes() for state in np.packbits(states, axis=1)]
        new = [row for row, key in enumerate(keys) if key not in known]
        if new:
            answers = self.answer(patches.logits(patch, states[new])).double().cpu().numpy()
            known.update((keys[row], answer) for row, answer in zip(new, answers))
        return np.array([known[key] for key in keys])

    def table(self, space: "Space") -> PatchTable:
        """The exact answer to every mix of a song's cells.

        Args:
            space: the song as an explainer mutes it, `explainer.space(song)`.

        Returns:
            A table with exact Banzhaf and Shapley values.
        """
        if not space.audio:
            raise ValueError(f"song {space.song.id!r} has no cells to tabulate: take AudioLIME's space")
        sounds = np.stack(list(space.song.known_stems.values())).astype(np.float32)
        base = None
        if space.off is not None:
            sounds = sounds - space.off
            base = space.off.sum(0).astype(np.float32)
        patches, known = self._patches_of(sounds, np.asarray(space.borders, dtype=int), base)
        most = max(map(len, patches.cells))
        if most > MOST_CELLS:
            raise ValueError(
                f"a patch of song {space.song.id!r} hears {most} cells, {2**most} states: "
                f"at most {MOST_CELLS} can be tabulated, so take longer segments or fewer stems"
            )
        answers = []
        for patch, cells in enumerate(patches.cells):
            states = (np.arange(2 ** len(cells))[:, None] >> np.arange(len(cells))) & 1
            answers.append(self._look_up(patches, patch, states.astype(bool), known[patch]))
        return PatchTable(self.classes, len(space.audio), patches.cells, answers)
