"""The authors' models, from the state dictionaries that they published."""

import re
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from transformers import AutoTokenizer

from ..data.labels import EMOTIONS, GENRES
from .classifier import Model, build
from .encoders import AST, CONFIGURATIONS, ENCODERS, ROBERTA, encoder
from .hub import from_hub

# From the names in the authors' files, those of transformers 4, to ours.
NEW_NAMES = [
    (r"^module\.", ""),
    (r"^(audio_model|audio_spectrogram_transformer)\.", "audio."),
    (r"^(text_model|roberta)\.", "lyrics."),
    (r"^classifier\.layer_?norm\.", "head.norm."),
    (r"^classifier\.fc\.", "head.classifier."),
    (r"^audio\.encoder\.layer\.", "audio.layers."),
    (r"^(audio\..*)attention\.attention\.(q|k|v)(?:uery|ey|alue)\.", r"\1attention.\2_proj."),
    (r"^(audio\..*)attention\.output\.dense\.", r"\1attention.o_proj."),
    (r"^(audio\..*)intermediate\.dense\.", r"\1mlp.fc1."),
    (r"^(audio\..*)output\.dense\.", r"\1mlp.fc2."),
]
NEW_NAMES_OF_HEADS = {
    "audio": [(r"^classifier\.dense\.", "head.classifier.")],
    "lyrics": [(r"^classifier\.dense\.", "head.1."), (r"^classifier\.out_proj\.", "head.4.")],
    "multimodal": [],
}
# What the authors called their files; of the multimodal models they published the third version.
FILES = {
    ("genre", "lyrics"): "genre_lyrics",
    ("genre", "audio"): "genre_audio",
    ("genre", "multimodal"): "genre_multimodal_3",
    ("emotion", "lyrics"): "emotion_lyrics",
    ("emotion", "audio"): "emotion_audio",
    ("emotion", "multimodal"): "emotion_multimodal_3",
}
NUMBERS_PER_HEAD = 64  # of an attention head, in AST and RoBERTa alike
# Tensors that our network does not have: RoBERTa's own pooler, and counts that it makes itself.
UNUSED = r"^lyrics\.pooler\.|position_ids$|token_type_ids$"


def published_names(state: dict, modality: str) -> dict:
    """A published state dictionary under the names of our network (chapter *Reproduce on Kaggle*).

    Args:
        state: tensors by the names in the authors' file.
        modality: "audio", "lyrics" or "multimodal".

    Returns:
        Tensors by our names.

    Example:
        >>> published_names({"module.roberta.embeddings.LayerNorm.bias": 0}, "lyrics")
        {'lyrics.embeddings.LayerNorm.bias': 0}
    """
    renamed = {}
    for name, value in state.items():
        for pattern, new in NEW_NAMES + NEW_NAMES_OF_HEADS[modality]:
            name = re.sub(pattern, new, name)
        if not re.search(UNUSED, name):
            renamed[name] = value
    return renamed


def towers_of(state: dict, modality: str) -> dict:
    """The configurations of the encoders whose weights a state dictionary holds, read from their sizes.

    Args:
        state: tensors by our names, as `published_names` gives them.
        modality: "audio", "lyrics" or "multimodal".

    Returns:
        {"audio": ..., "lyrics": ...}, or one of the two; the authors' are AST and RoBERTa-large.

    (chapter *Reproduce on Kaggle*)
    """
    parts = {
        "audio": (AST, "audio.embeddings.cls_token", "audio.layers", "mlp.fc1"),
        "lyrics": (
            ROBERTA,
            "lyrics.embeddings.word_embeddings.weight",
            "lyrics.encoder.layer",
            "intermediate.dense",
        ),
    }
    found = {}
    for kind, (name, first, layers, wide) in parts.items():
        if modality not in (kind, "multimodal"):
            continue
        widest = f"{layers}.0.{wide}.weight"
        missing = [key for key in (first, widest) if key not in state]
        if missing:
            raise ValueError(f"is no published {modality} model: it lacks {missing[0]} (by our names)")
        size = state[first].shape[-1]
        found[kind] = {
            **CONFIGURATIONS[name],
            "hidden_size": size,
            "num_hidden_layers": len({key.split(layers)[1].split(".")[1] for key in state if layers in key}),
            "num_attention_heads": max(1, size // NUMBERS_PER_HEAD),
            "intermediate_size": len(state[widest]),
        }
    if "lyrics" in found:
        found["lyrics"]["vocab_size"] = len(state["lyrics.embeddings.word_embeddings.weight"])
    return found


def load_published(
    file: Any,
    task: str,
    modality: str,
    tokenizer: Any = None,
    classes: list[str] | None = None,
    towers: dict | None = None,
    device: str | None = None,
) -> Model:
    """The authors' model from their state dictionary, hearing 44.1 kHz as it did.

    Args:
        file: the state dictionary, `.pt` or `.pth`.
        task: "genre" or "emotion".
        modality: "audio", "lyrics" or "multimodal".
        tokenizer: None takes that of roberta-large.
        classes: in the order of the outputs; None takes the book's nine.
        towers: {"audio": ..., "lyrics": ...}, names or configurations; None reads their sizes in the file.
        device: "cpu", "cuda" or None for whichever there is.

    Returns:
        The model.

    (chapter *Reproduce on Kaggle*)
    """
    if classes is None:
        classes = GENRES if task == "genre" else EMOTIONS
    state = published_names(_tensors_in(file), modality)
    try:
        towers = towers or towers_of(state, modality)
    except ValueError as error:
        raise ValueError(f"{file} {error}") from None
    parts = {kind: encoder(towers[kind], False) for kind in towers if modality in (kind, "multimodal")}
    card = {
        "name": f"published-{task}-{modality}",
        "task": task,
        "classes": list(classes),
        "reads_published_tokens": True,
        "architecture": {
            "task": task,
            "modality": modality,
            "fusion": "concat",
            "multilabel": False,
            "sample_rate": 44100,
        },
    }
    model = build(parts, tokenizer, card, device)
    _check_names(file, state, model.network.state_dict(), modality)
    model.network.load_state_dict(state)
    if "lyrics" in parts and tokenizer is None:
        model.tokenizer = _papers_tokenizer()
    return model


def _papers_tokenizer() -> Any:
    return from_hub(AutoTokenizer, ENCODERS["paper"]["lyrics"])


def _tensors_in(file: Any) -> dict:
    """The tensors of a file; nothing else in it is read, and no code in it is run."""
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        why = "give the authors' file"
        raise FileNotFoundError(f"there is no state dictionary {str(file)!r}: {why}") from None
    except (UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f"{file} is no file of tensors alone: give the authors' file") from error
    # A multimodal file holds the state of its training too.
    state = state.get("model_state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ValueError(f"{file} is no dictionary of tensors by name: give the authors' file")
    return state


def _check_names(file: Any, state: dict, wanted: dict, modality: str) -> None:
    """Refuse, in one sentence, a file that lacks a tensor, has one too many, or one of another size."""
    missing = [name for name in wanted if name not in state]
    unknown = [name for name in state if name not in wanted]
    other = [name for name in wanted if name in state and state[name].shape != wanted[name].shape]
    if missing:
        told = f"it lacks {missing[0]}" + (f" and has {unknown[0]}" if unknown else "")
    elif unknown:
        told = f"it has {unknown[0]}, which such a model has not"
    elif other:
        shapes = tuple(state[other[0]].shape), tuple(wanted[other[0]].shape)
        told = f"{other[0]} has the shape {shapes[0]}, not {shapes[1]}"
    else:
        return
    raise ValueError(f"{file} is no published {modality} model: {told} (by our names)")


def load_from_folder(root: str | Path | None, task: str, modality: str, **options: Any) -> Model:
    """The authors' model from the folder of their six state dictionaries.

    Args:
        root: the folder, or one above it, such as all data sets attached on Kaggle. A tokenizer that lies
            there (tokenizer_config.json) is taken instead of that of the hub.
        task: "genre" or "emotion".
        modality: "audio", "lyrics" or "multimodal".
        options: as in `load_published`.

    Returns:
        The model.

    (chapter *Reproduce on Kaggle*)
    """
    if (task, modality) not in FILES:
        raise ValueError(f"the authors published no {modality} model of {task}")
    name = FILES[task, modality]
    if not root:
        raise ValueError(f'weights="published" needs root, the folder that holds the authors\' {name}')
    found = sorted(path for path in Path(root).rglob(f"{name}*") if path.stem == name and path.is_file())
    if not found:
        raise FileNotFoundError(
            f"there is no {name} in {root}: give the folder of the authors' models as root"
        )
    tokenizers = sorted(Path(root).rglob("tokenizer_config.json"))
    if tokenizers and modality != "audio":
        options.setdefault("tokenizer", AutoTokenizer.from_pretrained(tokenizers[0].parent))
    return load_published(found[0], task, modality, **options)
