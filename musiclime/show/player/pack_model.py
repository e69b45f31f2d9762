"""A small model packed for the page: weights in half precision, words and shape, as one script."""

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...explain.features import Space

PARAMETERS = 400_000  # more than these are no small model, and too much for a page
FAMILIES = {"audio": "audio-spectrogram-transformer", "lyrics": "roberta"}
FUSIONS = ("concat", "sum", "product")  # what model_in_browser.js can compute


def runs_in_page(model: Any) -> bool:
    """Whether model_in_browser.js can be this model: small, with the demo's towers and a head that it knows.

    Args:
        model: what is explained; anything with or without `.network`.

    Returns:
        True where the page can answer for the model.
    """
    network = getattr(model, "network", None)
    if network is None or not hasattr(network, "state_dict"):
        return False
    if getattr(network.head, "fusion", "concat") not in FUSIONS:
        return False
    towers = {"audio": network.audio, "lyrics": network.lyrics}
    towers = {kind: tower for kind, tower in towers.items() if tower is not None}
    if any(tower.config.model_type != FAMILIES[kind] for kind, tower in towers.items()):
        return False
    if any(tower.config.hidden_act != "gelu" for tower in towers.values()):
        return False
    if "audio" in towers and not _has_whole_patches(towers["audio"].config):
        return False
    if "lyrics" in towers and not _has_word_tokenizer(model.tokenizer):
        return False
    return sum(weights.numel() for weights in network.state_dict().values()) < PARAMETERS


def _has_whole_patches(config: Any) -> bool:
    """Whether an audio tower cuts the usual filterbank into square patches that do not overlap."""
    sides = {config.patch_size, config.frequency_stride, config.time_stride}
    return len(sides) == 1 and config.num_mel_bins == 128 and config.max_length == 1024


def _has_word_tokenizer(tokenizer: Any) -> bool:
    """Whether every token is a word."""
    inner = getattr(tokenizer, "backend_tokenizer", None)
    return inner is not None and type(inner.model).__name__ == "WordLevel"


def pack(model: Any) -> dict:
    """Everything that the page needs to be the model.

    Args:
        model: a model for which `runs_in_page` holds.

    Returns:
        config, shapes, weights (float16, little-endian, base64) and vocabulary, ready for JSON.
    """
    from ...models.preprocessing import TOKENS

    network, architecture = model.network, model.card["architecture"]
    config = {
        "classes": list(model.classes),
        "rate": int(model.sample_rate),
        "fusion": architecture["fusion"],
        "multilabel": bool(architecture["multilabel"]),
    }
    vocabulary = []
    if network.audio is not None:
        own = network.audio.config
        config["audio"] = _shape(own) | {"patch": own.patch_size}
        config["eps"] = network.head.norm.eps
    if network.lyrics is not None:
        numbers = model.tokenizer.get_vocab()
        vocabulary = sorted(numbers, key=numbers.get)
        ends = {"begin": model.tokenizer.bos_token_id, "end": model.tokenizer.eos_token_id}
        ends |= {"unknown": model.tokenizer.unk_token_id, "padding": network.lyrics.config.pad_token_id}
        config["lyrics"] = _shape(network.lyrics.config) | ends | {"tokens": TOKENS}
    weights = {name: value.float().cpu().numpy() for name, value in network.state_dict().items()}
    halves = b"".join(value.astype("<f2").tobytes() for value in weights.values())
    return {
        "config": config,
        "shapes": [[name, int(value.size)] for name, value in weights.items()],
        "vocabulary": vocabulary,
        "weights": base64.b64encode(halves).decode(),
    }


def _shape(config: Any) -> dict:
    """The sizes of a tower."""
    return {
        "d": config.hidden_size,
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "inner": config.intermediate_size,
        "eps": config.layer_norm_eps,
    }


def script_of(packed: dict) -> tuple[str, str]:
    """The packed model as a script that a page loads when it needs it.

    Args:
        packed: what `pack` gave.

    Returns:
        The key under which the page finds the model, and the script.
    """
    text = json.dumps(packed, ensure_ascii=True, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    key = hashlib.sha256(text.encode()).hexdigest()[:10]
    return key, f'(window.musiclimeModel ||= {{}})["{key}"] = {text};\n'


def write_model(model: Any, assets: Path) -> dict:
    """Write the model's script beside the pages, once for all of them.

    Args:
        model: a model for which `runs_in_page` holds.
        assets: the folder of this page's files; the script goes into the folder above.

    Returns:
        key, src and code (the addresses of the weights and of what computes with them).
    """
    from .player import keep

    key, script = script_of(pack(model))
    keep(Path(assets).parent / f"model-{key}.js", script)
    return {"key": key, "src": f"../assets/model-{key}.js", "code": "../assets/model_in_browser.js"}


def inline_model(model: Any) -> dict:
    """The model inside the page itself, for a live notebook.

    Args:
        model: a model for which `runs_in_page` holds.

    Returns:
        key and the packed model.
    """
    packed = pack(model)
    return {"key": script_of(packed)[0], "packed": packed}


def table_of(model: Any, space: "Space") -> dict | None:
    """The exact answers of a tagger that averages patches, for every mix of one song.

    Args:
        model: a tagger with `.table(space)`, or any other model.
        space: the song's features.

    Returns:
        cells (of each patch the features that it hears) and answers (per patch 2**k rows of float32 in
        base64), or None for another kind of model, or where a patch hears too many cells.
    """
    if not hasattr(model, "table") or not space.audio:
        return None
    try:
        table = model.table(space)
    except ValueError:
        return None
    answers = [np.asarray(rows, dtype="<f4") for rows in table.answers]
    return {
        "cells": [[int(cell) for cell in cells] for cells in table.cells],
        "answers": [base64.b64encode(rows.tobytes()).decode() for rows in answers],
    }
