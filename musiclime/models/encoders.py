"""An audio tower, a lyrics tower, and a head that hears one or both: the paper's network, large or small."""

import re

import torch
from torch import nn

from .preprocessing import TOKENS

AST, ROBERTA = "MIT/ast-finetuned-audioset-10-10-0.4593", "roberta-large"
# So few units need larger first weights than the usual 0.02, with which they hardly learn.
SMALL = {"hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128, "initializer_range": 0.1}
# The towers: the name of a checkpoint, or a configuration for a tower trained from scratch.
TOWERS = {
    "demo": {
        "audio": {
            **{"model_type": "audio-spectrogram-transformer", "num_hidden_layers": 3, **SMALL},
            **{"patch_size": 32, "frequency_stride": 32, "time_stride": 32},
        },
        "lyrics": {
            **{"model_type": "roberta", "num_hidden_layers": 1, "attention_probs_dropout_prob": 0, **SMALL},
            **{"max_position_embeddings": TOKENS + 2, "type_vocab_size": 1},
        },
    },
    "paper": {"audio": AST, "lyrics": ROBERTA},
}
# What the two checkpoints are, for random weights where no hub can be reached.
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
CONFIGURATIONS = {
    AST: {"model_type": "audio-spectrogram-transformer"},
    ROBERTA: {
        **{"model_type": "roberta", "vocab_size": 50265, "max_position_embeddings": 514, **LARGE},
        **{"type_vocab_size": 1, "layer_norm_eps": 1e-5},
    },
}
# From the names in the authors' files, those of transformers 4, to ours.
PUBLISHED = [
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


def published_names(state: dict, modality: str) -> dict:
    """A published state dictionary under the names of Network (chapter *Train*)."""
    head = {
        "audio": [(r"^classifier\.dense\.", "head.classifier.")],
        "lyrics": [(r"^classifier\.dense\.", "head.1."), (r"^classifier\.out_proj\.", "head.4.")],
    }
    renamed = {}
    for name, value in state.items():
        for pattern, new in PUBLISHED + head.get(modality, []):
            name = re.sub(pattern, new, name)
        if not re.search(r"^lyrics\.pooler\.|position_ids$|token_type_ids$", name):
            renamed[name] = value
    return renamed


def tower(spec, pretrained: bool = True, **changes) -> nn.Module:
    """A transformer by its name, or by a configuration with random weights (chapter *Train*)."""
    from transformers import AutoConfig, AutoModel

    if not pretrained and isinstance(spec, str):
        spec = CONFIGURATIONS.get(spec) or AutoConfig.from_pretrained(spec).to_dict()
    if isinstance(spec, str):
        model = AutoModel.from_pretrained(spec, dtype=torch.float32)
    else:
        model = AutoModel.from_config(AutoConfig.for_model(**{**spec, **changes}))
    if hasattr(model, "pooler"):  # RoBERTa's own, which no head here hears.
        model.pooler = None
    return model


class Head(nn.Module):
    """Embeddings side by side (or their sum, or product) -> LayerNorm -> Linear."""

    def __init__(self, sizes: list[int], classes: int, fusion: str = "concat", eps: float = 1e-5):
        super().__init__()
        if fusion not in ("concat", "sum", "product"):
            raise ValueError(f"fusion is concat, sum or product, not {fusion!r}")
        self.fusion = fusion
        if fusion != "concat" and len(sizes) == 2:
            self.align, sizes = nn.Linear(sizes[1], sizes[0]), sizes[:1]
        self.norm = nn.LayerNorm(sum(sizes), eps)
        self.classifier = nn.Linear(sum(sizes), classes)

    def forward(self, *parts):
        if len(parts) == 1 or self.fusion == "concat":
            return self.classifier(self.norm(torch.cat(parts, -1)))
        a, t = parts[0], self.align(parts[1])
        return self.classifier(self.norm(a + t if self.fusion == "sum" else a * t))


class Network(nn.Module):
    """Towers and head as the paper draws them (chapter *Train*)."""

    def __init__(self, audio=None, lyrics=None, *, classes: int, fusion: str = "concat"):
        super().__init__()
        self.audio, self.lyrics = audio, lyrics
        sizes = [part.config.hidden_size for part in (audio, lyrics) if part is not None]
        if audio is None:  # as in RobertaForSequenceClassification
            mix, out = nn.Linear(*sizes * 2), nn.Linear(*sizes, classes)
            self.head = nn.Sequential(nn.Dropout(0.1), mix, nn.Tanh(), nn.Dropout(0.1), out)
        else:  # alone, as in ASTForAudioClassification
            eps = audio.config.layer_norm_eps if lyrics is None else 1e-5
            self.head = Head(sizes, classes, fusion, eps)
        config = getattr(audio, "config", None)
        self.wave = config is not None and not hasattr(config, "num_mel_bins")
        self.patches = 500 if config is None or self.wave else audio.embeddings.position_embeddings.shape[1]

    def hear(self, inputs):
        out = self.audio(inputs)
        pooled = getattr(out, "pooler_output", None)
        return out.last_hidden_state.mean(1) if pooled is None else pooled

    def read(self, tokens):
        return self.lyrics(**tokens).last_hidden_state[:, 0]

    def forward(self, inputs, tokens):
        heard = [self.hear(inputs)] if self.audio is not None else []
        return self.head(*heard, *([self.read(tokens)] if self.lyrics is not None else []))
