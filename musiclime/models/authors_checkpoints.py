"""The authors' models, from the state dictionaries that they published."""

import re
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from transformers import AutoTokenizer

from ..data.labels import EMOTIONS, GENRES
from .classifier import Model, build
from .encoders import ENCODERS, encoder

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
# Tensors that our network does not have: RoBERTa's own pooler, and counts that it makes itself.
UNUSED = r"^lyrics\.pooler\.|position_ids$|token_type_ids$"


def published_names(state: dict, modality: str) -> dict:
    """A published state dictionary under the names of our network (chapter *Train*).

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


def load_published(
    file: Any,
    task: str,
    modality: str,
    tokenizer: Any = None,
    classes: list[str] | None = None,
    towers: dict | None = None,
    device: str | None = None,
) -> Model:
    """The authors' model from their state dictionary, hearing 44.1 kHz as it did (chapter *Train*).

    Args:
        file: the state dictionary, `.pt` or `.pth`.
        task: "genre" or "emotion".
        modality: "audio", "lyrics" or "multimodal".
        tokenizer: None takes that of roberta-large.
        classes: in the order of the outputs; None takes the book's nine.
        towers: {"audio": ..., "lyrics": ...}, checkpoints or configurations; None takes the paper's.
        device: "cpu", "cuda" or None for whichever there is.

    Returns:
        The model.
    """
    if classes is None:
        classes = GENRES if task == "genre" else EMOTIONS
    if towers is None:
        towers = ENCODERS["paper"]
    parts = {kind: encoder(towers[kind], False) for kind in towers if modality in (kind, "multimodal")}
    card = {
        "name": f"published-{task}-{modality}",
        "task": task,
        "classes": list(classes),
        "architecture": {
            "task": task,
            "modality": modality,
            "fusion": "concat",
            "multilabel": False,
            "sample_rate": 44100,
        },
    }
    if "lyrics" in parts and tokenizer is None:
        tokenizer = AutoTokenizer.from_pretrained(towers["lyrics"])
    model = build(parts, tokenizer, card, device)
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        why = "give the authors' file"
        raise FileNotFoundError(f"there is no state dictionary {str(file)!r}: {why}") from None
    except (UnpicklingError, RuntimeError) as error:
        raise ValueError(f"{file} is no file of tensors alone: give the authors' file") from error
    # A multimodal file holds the state of its training too.
    state = state.get("model_state_dict", state)
    try:
        model.network.load_state_dict(published_names(state, modality))
    except RuntimeError as error:
        what = f"no published {modality} model of {len(card['classes'])} classes"
        raise ValueError(f"{file} is {what}: {error}") from error
    return model


def load_from_folder(root: str | Path | None, task: str, modality: str, **options: Any) -> Model:
    """The authors' model from the folder of their six state dictionaries (chapter *Train*).

    Args:
        root: the folder, or one above it, such as an attached data set on Kaggle.
        task: "genre" or "emotion".
        modality: "audio", "lyrics" or "multimodal".
        options: as in `load_published`.

    Returns:
        The model.
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
    return load_published(found[0], task, modality, **options)
