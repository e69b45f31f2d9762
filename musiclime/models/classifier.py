"""A trained classifier as the book sees it: sound and lyrics in, probabilities out; save and load."""

import hashlib
import json
import os
import re
import shutil
from bisect import bisect_right
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from .encoders import TOWERS, Network, published_names, tower
from .filterbank import cell_filterbank
from .preprocessing import SECONDS, TOKENS, batches, check_audio, pad, plain, tower_inputs

SCHEMA = 1


class Model:
    """A trained classifier: numpy sound and text in, numpy probabilities out (chapter *Train*)."""

    def __init__(self, network: Network, tokenizer, card: dict, device: str | None = None):
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.network, self.tokenizer, self.card = network.to(self.device).eval(), tokenizer, card
        small = sum(p.numel() for p in network.parameters()) < 10_000_000
        # On a processor more than 32 MB at once are handed back to the system each time, page by page.
        self.batch = 64 if self.device != "cpu" else 32 if small else 4

    name = property(lambda self: self.card["name"])
    classes = property(lambda self: self.card["classes"])
    modality = property(lambda self: self.card["architecture"]["modality"])
    sample_rate = property(lambda self: self.card["architecture"]["sample_rate"])
    seconds = SECONDS

    def __repr__(self):
        return f"<{type(self).__name__} {self.name}: {', '.join(self.classes)}>"

    def predict(self, audio, lyrics) -> np.ndarray:
        """Probabilities (n, classes) of clips (n, t) at `sample_rate` and n lyrics (chapter *Train*)."""
        reads = self.modality == "lyrics"
        return self.classify(self.encode_lyrics(lyrics) if reads else self.encode_audio(audio))

    def classify(self, *embeddings) -> np.ndarray:
        """Probabilities from the embeddings of the towers that the model has (chapter *Four explainers*)."""
        parts = (torch.as_tensor(np.asarray(e), dtype=torch.float32, device=self.device) for e in embeddings)
        with torch.inference_mode():
            return self._probabilities(self.network.head(*parts))

    def _probabilities(self, logits) -> np.ndarray:
        logits = torch.as_tensor(logits).double()
        many = self.card["architecture"]["multilabel"]
        return (logits.sigmoid() if many else logits.softmax(-1)).cpu().numpy()

    def __getstate__(self) -> dict:
        # The table of the last song is this process's own; another makes its own again.
        return {name: value for name, value in vars(self).items() if name != "_table"}

    def encode_audio(self, audio) -> np.ndarray:
        """Embeddings (n, d) of clips, of which the first 10.24 s are heard (chapter *Four explainers*)."""
        audio = check_audio(audio, self.sample_rate)
        inputs = (self.inputs(audio[i]) for i in batches(len(audio), self.batch))
        return self._encode(self.network.hear, inputs)

    def encode_cells(self, stems: dict, masks) -> np.ndarray:
        """Embeddings of the mixes that masks (n, segments, stems) make (chapter *Do they interact?*)."""
        masks = np.asarray(masks, dtype=bool)
        stems = np.stack([np.asarray(stem, dtype=np.float32) for stem in stems.values()])
        if self.wave:
            width = np.diff(np.linspace(0, stems.shape[1], masks.shape[1] + 1).round().astype(int))
            inputs = (self.inputs((np.repeat(m, width, axis=0).T * stems).sum(0)[None]) for m in masks)
            return self._encode(self.network.hear, inputs)
        key = hashlib.sha256(stems).hexdigest(), masks.shape[1]
        if getattr(self, "_table", (None,))[0] != key:
            stems = torch.tensor(stems, device=self.device)
            self._table = key, cell_filterbank(stems, masks.shape[1], self.sample_rate)
        inputs = (self._table[1](masks[i]) for i in batches(len(masks), self.batch))
        return self._encode(self.network.hear, inputs)

    def encode_lyrics(self, lyrics) -> np.ndarray:
        """Embeddings (n, d) of texts, of which the first 256 tokens are read (chapter *Four explainers*)."""
        order = np.argsort([len(text) for text in lyrics], kind="stable")
        tokens = (self.tokens([lyrics[j] for j in order[i]]) for i in batches(len(lyrics), 2 * self.batch))
        return self._encode(self.network.read, tokens)[np.argsort(order)]

    def _encode(self, encoder, inputs) -> np.ndarray:
        with torch.inference_mode():
            return np.concatenate([encoder(some).float().cpu().numpy() for some in inputs])

    def truncate(self, lyrics: str) -> str:
        """The part of a text that the model reads: whole words, 256 tokens in all (chapter *Explain*)."""
        if self.tokenizer is None:
            return lyrics
        ends = [0, *(match.end() for match in re.finditer(r"\S+", lyrics))]
        length = lambda k: len(self.tokenizer(plain(lyrics[: ends[k]]))["input_ids"])  # noqa: E731
        return lyrics[: ends[bisect_right(range(len(ends)), TOKENS, key=length) - 1]]

    def inputs(self, audio) -> torch.Tensor:
        return tower_inputs(audio, self.sample_rate, self.wave, self.device)

    def tokens(self, lyrics) -> dict:
        read = self.tokenizer([plain(text) for text in lyrics], truncation=True, max_length=TOKENS)
        return pad(read["input_ids"], self.tokenizer.pad_token_id, self.device)

    # Whether the audio tower hears waveforms instead of a filterbank.
    wave = property(lambda self: self.network.wave)

    @property
    def scales(self) -> bool:
        """Whether the GPU is too old for bfloat16, so that gradients in half precision must be scaled."""
        return self.device != "cpu" and not torch.cuda.is_bf16_supported(False)

    @property
    def costs(self) -> tuple[float, float]:
        """Multiplications of one audio and one lyric encoding, in billions (chapter *How fast, how many*)."""
        cost = []
        for part, n in ((self.network.audio, self.network.patches), (self.network.lyrics, TOKENS)):
            c = part and part.config
            layer = part and n * c.hidden_size * (4 * c.hidden_size + 2 * c.intermediate_size + 2 * n)
            cost.append(part and c.num_hidden_layers * layer / 1e9)
        return tuple(cost)


class LateFusion(Model):
    """A model of sound and lyrics whose towers meet only in the head (chapter *Four explainers*)."""

    def predict(self, audio, lyrics) -> np.ndarray:
        if len(audio) != len(lyrics):
            raise ValueError(f"predict got {len(audio)} clips and {len(lyrics)} lyrics: give one text a clip")
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))

    def fuse(self, a, t) -> np.ndarray:
        """Probabilities of embeddings, row by row (chapter *Four explainers*)."""
        return self.classify(a, t)

    def fuse_grid(self, a, t) -> np.ndarray:
        """Probabilities (A, T, classes) of all pairs of embeddings (chapter *Do they interact?*)."""
        if self.network.head.fusion != "concat":
            return np.stack([self.fuse(np.repeat(row[None], len(t), 0), t) for row in np.asarray(a)])
        both = self.head_audio(a)[:, None] + self.head_lyrics(t)[None]
        sigma = np.sqrt(both[..., -1:] - both[..., -2:-1] ** 2 + self.head_eps)
        return self._probabilities(both[..., :-2] / sigma + self.head_bias)

    # LayerNorm and Linear let a class hear one number of an embedding, and all classes share two more.
    def head_audio(self, a) -> np.ndarray:
        """(n, classes + 2): alphas, share of the mean, of the mean square (chapter *Do they interact?*)."""
        return self._numbers(a, slice(None, self.network.audio.config.hidden_size))

    def head_lyrics(self, t) -> np.ndarray:
        """The same of lyric embeddings."""
        return self._numbers(t, slice(self.network.audio.config.hidden_size, None))

    def _numbers(self, embeddings, place) -> np.ndarray:
        weight, embeddings = self._head[0], np.asarray(embeddings, dtype=float)
        mean = embeddings.sum(1, keepdims=True) / weight.shape[1]
        square = (embeddings**2).sum(1, keepdims=True) / weight.shape[1]
        return np.hstack([embeddings @ weight[:, place].T - mean * weight.sum(1), mean, square])

    @cached_property
    def _head(self):
        layers = self.network.head.norm, self.network.head.classifier
        parts = (part for layer in layers for part in (layer.weight, layer.bias))
        scale, shift, weight, bias = (part.detach().double().cpu().numpy() for part in parts)
        return weight * scale, weight @ shift + bias

    head_bias = property(lambda self: self._head[1])
    head_eps = property(lambda self: self.network.head.norm.eps)


def save(model: Model, folder) -> Path:
    """Weights, tokenizer and card in a folder, whole or not at all (chapter *Train*)."""
    from safetensors.torch import save_file

    folder, network = Path(folder), model.network
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, draft / "model.safetensors")
    if model.tokenizer is not None:
        model.tokenizer.save_pretrained(draft)
    towers = {"audio": network.audio, "lyrics": network.lyrics}
    saved = {k: json.loads(part.config.to_json_string(use_diff=True)) for k, part in towers.items() if part}
    card = {"schema": SCHEMA, **model.card, "configurations": saved}
    (draft / "card.json").write_text(json.dumps(card, indent=1, allow_nan=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return folder


def load(folder, device: str | None = None, **expected) -> Model:
    """Read what `save` wrote; an `architecture` or `corpus` must be the saved one (chapter *Train*)."""
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    folder, again = Path(folder), "delete the folder to train again"
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
    except Exception as error:
        raise ValueError(f"the model in {folder} cannot be read ({error}): {again}") from error
    for what, wanted in {"schema": SCHEMA, **expected}.items():
        if card.get(what) != wanted:
            other = f"another {what}, {card.get(what)}, not {wanted}"
            raise ValueError(f"the model in {folder} has {other}: {again}")
    towers = {kind: tower(spec) for kind, spec in card["configurations"].items()}
    tokenizer = AutoTokenizer.from_pretrained(folder) if "lyrics" in towers else None
    model = build(towers, tokenizer, card, device)
    try:
        model.network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its card: {again}") from error
    return model


def build(towers: dict, tokenizer, card: dict, device: str | None = None) -> Model:
    """A model of these towers, its head still random, as its card describes it (chapter *Train*)."""
    network = Network(**towers, classes=len(card["classes"]), fusion=card["architecture"]["fusion"])
    return (LateFusion if len(towers) == 2 else Model)(network, tokenizer, card, device)


def load_published(file, task, modality, tokenizer=None, classes=None, towers=None, device=None) -> Model:
    """The authors' model from their state dictionary, hearing 44.1 kHz as it did (chapter *Train*)."""
    from transformers import AutoTokenizer

    from ..data.labels import EMOTIONS, GENRES

    classes, towers = list(classes or (GENRES if task == "genre" else EMOTIONS)), towers or TOWERS["paper"]
    parts = {kind: tower(towers[kind], False) for kind in towers if modality in (kind, "multimodal")}
    architecture = {"task": task, "modality": modality, "fusion": "concat", "multilabel": False}
    card = {"name": f"published-{task}-{modality}", "task": task, "classes": classes}
    card["architecture"] = {**architecture, "sample_rate": 44100}
    if "lyrics" in parts:
        tokenizer = tokenizer or AutoTokenizer.from_pretrained(towers["lyrics"])
    model = build(parts, tokenizer, card, device)
    weights = published_names(torch.load(file, map_location="cpu", weights_only=True), modality)
    try:
        model.network.load_state_dict(weights)
    except RuntimeError as error:
        what = f"no published {modality} model of {len(classes)} classes"
        raise ValueError(f"{file} is {what}: {error}") from error
    return model
