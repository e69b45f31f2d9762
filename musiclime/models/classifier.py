"""A trained classifier as the book sees it: sound and lyrics in, probabilities out; save and load."""

import hashlib
import json
import os
import re
import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..data.audio import segment_borders
from .encoders import Network, encoder
from .filterbank import cell_filterbank
from .preprocessing import SECONDS, TOKENS, batches, check_audio, normalise_text, pad_tokens, tower_inputs

SCHEMA = 1
SMALL_NETWORK = 10_000_000  # parameters


class Model:
    """A trained classifier: numpy sound and text in, numpy probabilities out (chapter *Train*)."""

    seconds = SECONDS

    def __init__(self, network: Network, tokenizer: Any, card: dict, device: str | None = None) -> None:
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device).eval()
        self.tokenizer = tokenizer
        self.card = card
        parameters = sum(p.numel() for p in network.parameters())
        if self.device != "cpu":
            self.batch = 64
        elif parameters < SMALL_NETWORK:
            # On a processor more than 32 MB at once are handed back to the system each time, page by page.
            self.batch = 32
        else:
            self.batch = 4

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {', '.join(self.classes)}>"

    def __getstate__(self) -> dict:
        # The table of the last song is this process's own; another makes its own again.
        return {name: value for name, value in vars(self).items() if name != "_table"}

    @property
    def name(self) -> str:
        return self.card["name"]

    @property
    def classes(self) -> list[str]:
        return self.card["classes"]

    @property
    def modality(self) -> str:
        return self.card["architecture"]["modality"]

    @property
    def sample_rate(self) -> int:
        return self.card["architecture"]["sample_rate"]

    @property
    def hears_waves(self) -> bool:
        """Whether the audio encoder hears waveforms instead of a filterbank."""
        return self.network.hears_waves

    @property
    def needs_grad_scaling(self) -> bool:
        """Whether the GPU is too old for bfloat16, so that gradients in half precision must be scaled."""
        return self.device != "cpu" and not torch.cuda.is_bf16_supported(False)

    @cached_property
    def digest(self) -> str:
        """Twelve characters that change with any weight: what answers are kept under."""
        found = hashlib.sha256(json.dumps(self.card["architecture"], sort_keys=True, default=str).encode())
        for name, value in self.network.state_dict().items():
            found.update(name.encode())
            found.update(value.detach().cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:12]

    @property
    def costs(self) -> tuple:
        """Multiplications of one audio and one lyric encoding, in billions (chapter *How fast, how many*)."""
        sides = ((self.network.audio, self.network.patches), (self.network.lyrics, TOKENS))
        return tuple(_billions_of_multiplications(side, tokens) for side, tokens in sides)

    def predict(self, audio: Any, lyrics: Any) -> np.ndarray:
        """The model's answer to songs.

        Args:
            audio: clips (n, t) at `sample_rate`; a model of lyrics ignores them.
            lyrics: n texts; a model of sound ignores them.

        Returns:
            Probabilities (n, classes).

        (chapter *Train*)
        """
        if self.modality == "lyrics":
            return self.classify(self.encode_lyrics(lyrics))
        return self.classify(self.encode_audio(audio))

    def classify(self, *embeddings: torch.Tensor) -> np.ndarray:
        """Probabilities from the embeddings of the model's encoders (chapter *Four explainers*)."""
        parts = [torch.as_tensor(np.asarray(e), dtype=torch.float32, device=self.device) for e in embeddings]
        with torch.inference_mode():
            return self._probabilities(self.network.head(*parts))

    def _probabilities(self, logits: torch.Tensor) -> np.ndarray:
        logits = torch.as_tensor(logits).double()
        if self.card["architecture"]["multilabel"]:
            return logits.sigmoid().cpu().numpy()
        return logits.softmax(-1).cpu().numpy()

    def encode_audio(self, audio: np.ndarray) -> np.ndarray:
        """Embeddings (n, d) of clips, of which the first 10.24 s are heard (chapter *Four explainers*)."""
        audio = check_audio(audio, self.sample_rate)
        inputs = (self.audio_inputs(audio[some]) for some in batches(len(audio), self.batch))
        return self._encode(self.network.hear, inputs)

    def encode_cells(self, stems: dict, masks: np.ndarray) -> np.ndarray:
        """Embeddings of the mixes that masks make of stems, without making the mixes.

        Args:
            stems: {name: samples}.
            masks: (n, segments, stems), true where a cell sounds.

        Returns:
            Embeddings (n, d).

        (chapter *Do they interact?*)
        """
        masks = np.asarray(masks, dtype=bool)
        sounds = np.stack([np.asarray(stem, dtype=np.float32) for stem in stems.values()])
        if self.hears_waves:
            return self._encode(self.network.hear, self._waves_of_cells(sounds, masks))
        key = hashlib.sha256(sounds.data).hexdigest(), masks.shape[1]
        if getattr(self, "_table", (None,))[0] != key:
            on_device = torch.tensor(sounds, device=self.device)
            self._table = key, cell_filterbank(on_device, masks.shape[1], self.sample_rate)
        features_of = self._table[1]
        inputs = (features_of(masks[some]) for some in batches(len(masks), self.batch))
        return self._encode(self.network.hear, inputs)

    def _waves_of_cells(self, sounds: np.ndarray, masks: np.ndarray) -> Iterator[Any]:
        borders = segment_borders(sounds.shape[1], masks.shape[1])
        for mask in masks:
            samples_on = np.repeat(mask, np.diff(borders), axis=0).T
            yield self.audio_inputs((samples_on * sounds).sum(0)[None])

    def encode_features(self, features: Any) -> np.ndarray:
        """Embeddings (n, d) of filterbanks (n, 1024, 128) made elsewhere (chapter *Reproduce on Kaggle*)."""
        if self.hears_waves:
            raise ValueError(f"{self.name} hears waveforms: features made for a filterbank say nothing to it")
        some_songs = batches(len(features), self.batch)
        inputs = (torch.as_tensor(np.stack(features[some]), device=self.device) for some in some_songs)
        return self._encode(self.network.hear, inputs)

    def encode_lyrics(self, lyrics: list[str]) -> np.ndarray:
        """Embeddings (n, d) of texts, of which the first 256 tokens are read (chapter *Four explainers*)."""
        # Texts of like lengths go together, so that little of a batch is padding.
        order = np.argsort([len(text) for text in lyrics], kind="stable")
        sorted_lyrics = [lyrics[position] for position in order]
        tokens = (self.tokens(sorted_lyrics[some]) for some in batches(len(lyrics), 2 * self.batch))
        return self._encode(self.network.read, tokens)[np.argsort(order)]

    def encode_tokens(self, token_lists: list) -> np.ndarray:
        """Embeddings (n, d) of texts as this model's tokens, 256 at most (chapter *Reproduce on Kaggle*)."""
        vocabulary = self.network.lyrics.config.vocab_size
        highest = max((int(max(tokens, default=0)) for tokens in token_lists), default=0)
        if highest >= vocabulary:
            raise ValueError(f"a token has the number {highest}: {self.name} knows {vocabulary} tokens")
        filler = self.network.lyrics.config.pad_token_id
        some_songs = batches(len(token_lists), 2 * self.batch)
        cut = ([tokens[:TOKENS] for tokens in token_lists[some]] for some in some_songs)
        return self._encode(self.network.read, (pad_tokens(some, filler, self.device) for some in cut))

    def _encode(self, encode: Callable[..., Any], inputs: Any) -> np.ndarray:
        with torch.inference_mode():
            return np.concatenate([encode(some).float().cpu().numpy() for some in inputs])

    def truncate(self, lyrics: str) -> str:
        """The part of a text that the model reads: whole words, 256 tokens in all (chapter *Explain*)."""
        if self.tokenizer is None:
            return lyrics
        ends = [0, *(match.end() for match in re.finditer(r"\S+", lyrics))]

        def tokens_of_first(words: int) -> int:
            return len(self.tokenizer(normalise_text(lyrics[: ends[words]]))["input_ids"])

        words_that_fit = bisect_right(range(len(ends)), TOKENS, key=tokens_of_first) - 1
        return lyrics[: ends[words_that_fit]]

    def audio_inputs(self, audio: np.ndarray) -> torch.Tensor:
        """What the audio encoder takes of clips."""
        return tower_inputs(audio, self.sample_rate, self.hears_waves, self.device)

    def tokens(self, lyrics: list[str]) -> dict:
        """What the lyrics encoder takes of texts."""
        texts = [normalise_text(text) for text in lyrics]
        read = self.tokenizer(texts, truncation=True, max_length=TOKENS)
        return pad_tokens(read["input_ids"], self.tokenizer.pad_token_id, self.device)


def _billions_of_multiplications(network: Any, tokens: int) -> float | None:
    """Those of one pass through a transformer; None where there is no network."""
    if network is None:
        return None
    config = network.config
    projections = 4 * config.hidden_size + 2 * config.intermediate_size
    one_layer = tokens * config.hidden_size * (projections + 2 * tokens)
    return config.num_hidden_layers * one_layer / 1e9


class LateFusion(Model):
    """A model of sound and lyrics whose encoders meet only in the head (chapter *Four explainers*)."""

    def predict(self, audio: Any, lyrics: Any) -> np.ndarray:
        if len(audio) != len(lyrics):
            raise ValueError(f"predict got {len(audio)} clips and {len(lyrics)} lyrics: give one text a clip")
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))

    def fuse(self, audio_codes: np.ndarray, lyric_codes: np.ndarray) -> np.ndarray:
        """Probabilities of embeddings, row by row (chapter *Four explainers*).

        Args:
            audio_codes: (n, d) from `encode_audio`.
            lyric_codes: (n, e) from `encode_lyrics`.

        Returns:
            (n, classes) probabilities.
        """
        return self.classify(audio_codes, lyric_codes)

    def fuse_grid(self, audio_codes: np.ndarray, lyric_codes: np.ndarray) -> np.ndarray:
        """Probabilities (A, T, classes) of all pairs of embeddings (chapter *Do they interact?*).

        Args:
            audio_codes: (A, d) from `encode_audio`.
            lyric_codes: (T, e) from `encode_lyrics`.

        Returns:
            (A, T, classes) probabilities.
        """
        if self.network.head.fusion != "concat":
            rows = []
            for code in np.asarray(audio_codes):
                rows.append(self.fuse(np.repeat(code[None], len(lyric_codes), 0), lyric_codes))
            return np.stack(rows)
        both = self.head_audio(audio_codes)[:, None] + self.head_lyrics(lyric_codes)[None]
        logits, mean, square = both[..., :-2], both[..., -2:-1], both[..., -1:]
        spread = np.sqrt(square - mean**2 + self.head_eps)
        return self._probabilities(logits / spread + self.head_bias)

    # LayerNorm and Linear let a class hear one number of an embedding, and all classes share two more.
    def head_audio(self, audio_codes: np.ndarray) -> np.ndarray:
        """(n, classes + 2): logits, share of the mean, of the mean square (chapter *Do they interact?*)."""
        return self._head_numbers(audio_codes, slice(None, self.network.audio.config.hidden_size))

    def head_lyrics(self, lyric_codes: np.ndarray) -> np.ndarray:
        """The same of lyric embeddings."""
        return self._head_numbers(lyric_codes, slice(self.network.audio.config.hidden_size, None))

    def _head_numbers(self, embeddings: torch.Tensor, columns: slice) -> np.ndarray:
        weight = self._head[0]
        embeddings = np.asarray(embeddings, dtype=float)
        mean = embeddings.sum(1, keepdims=True) / weight.shape[1]
        square = (embeddings**2).sum(1, keepdims=True) / weight.shape[1]
        logits = embeddings @ weight[:, columns].T - mean * weight.sum(1)
        return np.hstack([logits, mean, square])

    @cached_property
    def _head(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and bias of LayerNorm and Linear, folded into one."""
        norm, linear = self.network.head.norm, self.network.head.classifier
        parts = (norm.weight, norm.bias, linear.weight, linear.bias)
        scale, shift, weight, bias = (part.detach().double().cpu().numpy() for part in parts)
        return weight * scale, weight @ shift + bias

    @property
    def head_bias(self) -> np.ndarray:
        return self._head[1]

    @property
    def head_eps(self) -> float:
        return self.network.head.norm.eps


def save(model: Model, folder: str | Path, half: bool = False) -> Path:
    """Write weights, tokenizer and card into a folder, whole or not at all.

    Args:
        model: the model.
        folder: where; what is there already is replaced.
        half: whether the weights are rounded to half precision.

    Returns:
        The folder.

    (chapter *Train*)
    """
    from safetensors.torch import save_file

    folder, network = Path(folder), model.network
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    state = {}
    for name, value in network.state_dict().items():
        rounded = value.half() if half and value.is_floating_point() else value
        state[name] = rounded.contiguous()
    save_file(state, draft / "model.safetensors")
    if model.tokenizer is not None:
        model.tokenizer.save_pretrained(draft)
    configurations = {}
    for kind, part in (("audio", network.audio), ("lyrics", network.lyrics)):
        if part is not None:
            configurations[kind] = json.loads(part.config.to_json_string(use_diff=True))
    card = {"schema": SCHEMA, **model.card, "configurations": configurations}
    (draft / "card.json").write_text(json.dumps(card, indent=1, allow_nan=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return folder


def load(folder: str | Path, device: str | None = None, **expected: Any) -> Model:
    """Read what `save` wrote.

    Args:
        folder: the model's folder.
        device: "cpu", "cuda"; None chooses.
        expected: what the card must say, such as architecture= or corpus=; else the model is refused.

    Returns:
        The model.

    (chapter *Train*)
    """
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
    encoders = {kind: encoder(spec) for kind, spec in card["configurations"].items()}
    tokenizer = AutoTokenizer.from_pretrained(folder) if "lyrics" in encoders else None
    model = build(encoders, tokenizer, card, device)
    try:
        model.network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit its card: {again}") from error
    return model


def build(encoders: dict, tokenizer: Any, card: dict, device: str | None = None) -> Model:
    """A model of these encoders, its head still random, as its card describes it (chapter *Train*).

    Args:
        encoders: the network of each modality: "audio", "lyrics" or both.
        tokenizer: what turns lyrics into numbers; None where nothing is read.
        card: what is known of the model: its name, task, classes and architecture.
        device: "cpu", "cuda"; None chooses.

    Returns:
        A `Model`; with two encoders a `LateFusion`.
    """
    network = Network(**encoders, classes=len(card["classes"]), fusion=card["architecture"]["fusion"])
    if len(encoders) == 2:
        return LateFusion(network, tokenizer, card, device)
    return Model(network, tokenizer, card, device)
