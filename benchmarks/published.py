"""The published explainer, written from its description: the yardstick of bench.py, slow on purpose.

Fair coins for sound and words jointly; batches of ten; forty components as long as the song, summed in
Python; the filterbank clip by clip; every text padded to 256 tokens; lime's two ridge fits, for one class.
Three things differ, so that weights can be compared: words are those of musiclime, stems are given, and the
song itself, the first mask, is asked but not fitted as if it were a toss of coins.
"""

import time
import warnings
from collections import Counter
from contextlib import contextmanager

import numpy as np
import torch
from lime.lime_base import LimeBase
from sklearn.metrics import pairwise_distances
from transformers import ASTFeatureExtractor

from musiclime.data.lyrics import words
from musiclime.models.preprocessing import TOKENS, normalise_text

BATCH, WIDTH = 10, 25
warnings.filterwarnings("ignore", "At least one mel filter")


class Clock:
    """Seconds by name; what runs inside something else counts only once, for itself."""

    def __init__(self):
        self.seconds, self._open, self._since = Counter(), [], 0.0

    def _tick(self):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def start(self, name):
        self._tick()
        self._open.append(name)

    def stop(self):
        self._tick()
        self._open.pop()

    @contextmanager
    def __call__(self, name):
        self.start(name)
        yield
        self.stop()

    @contextmanager
    def towers(self, network):
        """Count the forward passes of a network's two towers, by hooks."""
        hooks = []
        for name, tower in (("audio tower", network.audio), ("lyrics tower", network.lyrics)):
            hooks.append(tower.register_forward_pre_hook(lambda *_, name=name: self.start(name)))
            hooks.append(tower.register_forward_hook(lambda *_: self.stop()))
        yield self
        for hook in hooks:
            hook.remove()


def components(song, segments=10):
    """Every stem in every segment: an array as long as the song, zero elsewhere."""
    borders = np.linspace(0, len(song.audio), segments + 1).round().astype(int)
    parts = []
    for a, b in zip(borders, borders[1:]):
        for stem in song.stems.values():
            part = np.zeros_like(stem)
            part[a:b] = stem[a:b]
            parts.append(part)
    return parts


def without(text, names, on):
    """The text without every occurrence of the words whose feature is off."""
    kept, position = [], 0
    for name, a, b in words(text):
        kept += [text[position:a], text[a:b] if on[names[name]] else ""]
        position = b
    return "".join([*kept, text[position:]])


def explain(model, space, masks, clock=None):
    """Weights of the class the model gives the song, one for each column of masks, the first row all on."""
    clock, song = clock or Clock(), space.song
    extractor, outputs = ASTFeatureExtractor(sampling_rate=model.sample_rate), []
    names = {feature.name: column for column, feature in enumerate(space.lyrics)}
    with clock("mixing"):
        parts = components(song)
    for start in range(0, len(masks), BATCH):
        rows = masks[start : start + BATCH]
        with clock("mixing"):
            silence = np.zeros_like(song.audio)
            mixes = [sum((p for p, on in zip(parts, row) if on), silence) for row in rows]
        with clock("filterbank"):
            heard = [extractor(mix, sampling_rate=model.sample_rate, return_tensors="pt") for mix in mixes]
            heard = torch.cat([one.input_values for one in heard]).to(model.device)
        with clock("text"):
            texts = [normalise_text(without(song.lyrics, names, row[len(parts) :])) for row in rows]
            tokens = model.tokenizer(
                texts, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
            )
            read = {name: tokens[name].to(model.device) for name in ("input_ids", "attention_mask")}
        with clock("rest"), torch.no_grad():
            outputs.append(model.network(heard, read).softmax(-1).cpu().numpy())
            if model.device != "cpu":
                torch.cuda.empty_cache()
    outputs = np.concatenate(outputs)
    with clock("fit"):
        tossed = masks[1:].astype(float)
        distances = pairwise_distances(tossed, masks[:1].astype(float), metric="cosine").ravel()
        fitted = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / WIDTH**2))).explain_instance_with_data(
            tossed, outputs[1:], distances, int(outputs[0].argmax()), num_features=100_000
        )[1]
    weights = np.zeros(masks.shape[1])
    for column, weight in fitted:
        weights[column] = weight
    return weights
