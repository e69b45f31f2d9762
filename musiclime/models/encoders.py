"""An audio encoder, a lyrics encoder, and a head that joins them: the paper's network, large or small."""

from typing import Any

import torch
from torch import nn

from .hub import from_hub
from .preprocessing import TOKENS

AST, ROBERTA = "MIT/ast-finetuned-audioset-10-10-0.4593", "roberta-large"
# So few units need larger first weights than the usual 0.02, with which they hardly learn.
SMALL = {"hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128, "initializer_range": 0.1}
# The encoders of a preset: the name of a checkpoint, or a configuration of one that is trained from scratch.
ENCODERS: dict[str, dict] = {
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
ENCODERS["paper-muted"] = ENCODERS["paper"]
# What the two checkpoints are, for random weights where no hub can be reached.
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    AST: {"model_type": "audio-spectrogram-transformer"},
    ROBERTA: {
        **{"model_type": "roberta", "vocab_size": 50265, "max_position_embeddings": 514, **LARGE},
        **{"type_vocab_size": 1, "layer_norm_eps": 1e-5},
    },
}


def encoder(spec: Any, pretrained: bool = True, **changes: Any) -> nn.Module:
    """A transformer by its name, or by a configuration with random weights.

    Args:
        spec: the name of a checkpoint, or a configuration as a dict.
        pretrained: False gives a named checkpoint's architecture with random weights.
        changes: entries of the configuration to replace.

    Returns:
        The transformer, without RoBERTa's own pooler, which no head here hears.

    (chapter *Train*)
    """
    from transformers import AutoConfig, AutoModel

    if not pretrained and isinstance(spec, str):
        spec = CONFIGURATIONS.get(spec) or from_hub(AutoConfig, spec).to_dict()
    if isinstance(spec, str):
        try:
            model = from_hub(AutoModel, spec, dtype=torch.float32)
        except FileNotFoundError as error:
            if "trust_remote_code" not in str(error.__cause__):
                raise
            told = "brings code of its own, which is not run here: name a kind that transformers has"
            raise ValueError(f"{spec} {told}") from error
    else:
        model = AutoModel.from_config(AutoConfig.for_model(**{**spec, **changes}))
    if hasattr(model, "pooler"):
        model.pooler = None
    return model


class CrossAttention(nn.Module):
    """Each code is cut into four parts; those of the words look for what fits them in those of the sound.

    The towers stay apart, so every sound can still be combined with every text at hardly any cost.
    """

    PARTS, HEADS = 4, 2

    def __init__(self, size: int) -> None:
        super().__init__()
        if size % (self.PARTS * self.HEADS):
            parts = f"cross-attention cuts a code into {self.PARTS * self.HEADS} parts"
            raise ValueError(f"{parts}: {size} numbers do not divide")
        self.attention = nn.MultiheadAttention(size // self.PARTS, self.HEADS, batch_first=True)

    def forward(self, sound: torch.Tensor, words: torch.Tensor) -> Any:
        sound_parts, word_parts = (code.unflatten(-1, (self.PARTS, -1)) for code in (sound, words))
        seen = self.attention(word_parts, sound_parts, sound_parts, need_weights=False)[0]
        return torch.cat([words, seen.flatten(-2)], -1)


class Head(nn.Module):
    """Two codes become one by `fusion`, then come LayerNorm and one linear layer.

    With concatenation it is the paper's head. The other three first bring the words to the size of the sound.
    (chapter *Four ways to join, and several labels*)
    """

    FUSIONS = ("concat", "sum", "product", "cross-attention")

    def __init__(self, sizes: list[int], classes: int, fusion: str = "concat", eps: float = 1e-5) -> None:
        super().__init__()
        if fusion not in self.FUSIONS:
            raise ValueError(f"fusion is one of {', '.join(self.FUSIONS)}, not {fusion!r}")
        if len(sizes) == 1:
            fusion = "concat"
        self.fusion = fusion
        width = sum(sizes)
        if fusion != "concat":
            self.align = nn.Linear(sizes[1], sizes[0])
            width = sizes[0]
        if fusion == "cross-attention":
            self.attend = CrossAttention(sizes[0])
            width = 2 * sizes[0]
        self.norm = nn.LayerNorm(width, eps)
        self.classifier = nn.Linear(width, classes)

    def forward(self, *codes: torch.Tensor) -> Any:
        return self.classifier(self.norm(self.join(*codes)))

    def join(self, *codes: torch.Tensor) -> Any:
        """One code of each song."""
        if self.fusion == "concat":
            return torch.cat(codes, -1)
        sound, words = codes[0], self.align(codes[1])
        if self.fusion == "sum":
            return sound + words
        if self.fusion == "product":
            return sound * words
        return self.attend(sound, words)


class Network(nn.Module):
    """Encoders and head as the paper draws them (chapter *Train*)."""

    PATCHES_OF_WAVES = 500  # of ten seconds, where the encoder cuts the waveform itself

    def __init__(
        self,
        audio: nn.Module | None = None,
        lyrics: nn.Module | None = None,
        *,
        classes: int,
        fusion: str = "concat",
    ) -> None:
        super().__init__()
        self.audio: Any = audio
        self.lyrics: Any = lyrics
        sizes = [part.config.hidden_size for part in (audio, lyrics) if part is not None]
        if audio is None:
            self.head = _head_of_roberta(sizes[0], classes)
        else:
            # Alone, the audio encoder keeps the head of ASTForAudioClassification.
            eps = audio.config.layer_norm_eps if lyrics is None else 1e-5
            self.head = Head(sizes, classes, fusion, eps)
        self.hears_waves = audio is not None and not hasattr(audio.config, "num_mel_bins")
        self.patches = self.PATCHES_OF_WAVES
        if audio is not None and not self.hears_waves:
            self.patches = audio.embeddings.position_embeddings.shape[1]

    def hear(self, inputs: torch.Tensor) -> torch.Tensor:
        out = self.audio(inputs)
        pooled = getattr(out, "pooler_output", None)
        if pooled is None:
            return out.last_hidden_state.mean(1)
        return pooled

    def read(self, tokens: dict) -> torch.Tensor:
        return self.lyrics(**tokens).last_hidden_state[:, 0]

    def forward(self, inputs: Any, tokens: Any) -> Any:
        embeddings = []
        if self.audio is not None:
            embeddings.append(self.hear(inputs))
        if self.lyrics is not None:
            embeddings.append(self.read(tokens))
        return self.head(*embeddings)


def _head_of_roberta(size: int, classes: int) -> nn.Sequential:
    """The head of RobertaForSequenceClassification."""
    return nn.Sequential(
        nn.Dropout(0.1), nn.Linear(size, size), nn.Tanh(), nn.Dropout(0.1), nn.Linear(size, classes)
    )
