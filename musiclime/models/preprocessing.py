"""What goes into the encoders: normalised lyrics as tokens, and ten seconds of checked sound."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..data.audio import resample
from .filterbank import filterbank

if TYPE_CHECKING:
    from ..data.song import Song

# What the Audio Spectrogram Transformer hears, and what the thesis lets RoBERTa read.
SECONDS = 10.24
TOKENS = 256
SPECIAL_TOKENS = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
SHORTEST_SECONDS = 0.025  # one frame of the filterbank


def normalise_text(text: str) -> str:
    """Lower case, no punctuation, single spaces, as the thesis prepares lyrics.

    Args:
        text: lyrics.

    Returns:
        The same words; a dash between two words separates them.

    Example:
        >>> normalise_text("Rock-'n'-Roll,  baby!")
        'rock n roll baby'

    (chapter *Train*)
    """
    without_dashes = re.sub(r"[-‐-―]+", " ", text.lower())
    without_punctuation = re.sub(r"[^\w\s]|_", "", without_dashes)
    return " ".join(without_punctuation.split())


def word_tokenizer(texts: Iterable[str], size: int = 4096, times: int = 2) -> Any:
    """A tokenizer whose tokens are the words of the given texts.

    Args:
        texts: the lyrics that a model may learn from.
        size: how many tokens it has at most.
        times: a word becomes a token when at least so many texts contain it.

    Returns:
        A fast tokenizer of transformers.

    Example:
        >>> tokenizer = word_tokenizer(["sun and sea", "sea and sand"])
        >>> tokenizer("the sea")["input_ids"]
        [0, 3, 5, 2]

    (chapter *Train*)
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    counts = Counter(word for text in texts for word in set(normalise_text(text).split()))
    frequent = [word for word in counts if counts[word] >= times]
    ranked = sorted(frequent, key=lambda word: (-counts[word], word))
    tokens = [*SPECIAL_TOKENS.values(), *ranked][:size]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(token, vocabulary[token]) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL_TOKENS)


def pad_tokens(token_lists: list[list[int]], filler: int, device: str) -> dict:
    """Token lists of any lengths as one tensor and its attention mask.

    Args:
        token_lists: the numbers of each text's tokens, lists of any length.
        filler: the token that fills the shorter ones, and is not attended to.
        device: where the tensors go.

    Returns:
        input_ids and attention_mask, (texts, longest) each.
    """
    rows = [torch.tensor(tokens) for tokens in token_lists]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=filler)
    return {"input_ids": ids.to(device), "attention_mask": (ids != filler).long().to(device)}


def check_audio(audio: np.ndarray, sample_rate: int, whose: str = "") -> np.ndarray:
    """Clips as (n, t) float32, or a ValueError that says what is wrong with them.

    Args:
        audio: (n, samples) or (samples,), floats between -1 and 1 or so.
        sample_rate: in Hz.
        whose: a name for the error message.

    Returns:
        (n, samples) float32.
    """
    audio = np.asarray(audio)
    name = f"the audio of {whose}" if whose else "the audio"
    if audio.ndim == 1:
        audio = audio[None]
    if audio.ndim != 2:
        raise ValueError(f"{name} has shape {audio.shape}: give mono clips, (clips, samples)")
    if audio.dtype.kind in "iu":
        if audio.dtype != np.int16:
            raise ValueError(f"{name} holds {audio.dtype} samples: give floats in [-1, 1], or int16")
        audio = audio / np.float32(2**15)
    if audio.shape[1] < SHORTEST_SECONDS * sample_rate:
        raise ValueError(f"{name} has {audio.shape[1]} samples: a model needs at least 25 ms of sound")
    heard = audio[:, : round(SECONDS * sample_rate)]
    if not np.isfinite(heard).all():
        raise ValueError(f"{name} holds NaN or infinity: export or load it again")
    return audio.astype(np.float32, copy=False)


def clip(song: "Song", sample_rate: int = 16000) -> np.ndarray:
    """The 10.24 s of a song that a model hears.

    Args:
        song: a Song; two channels are mixed to one.
        sample_rate: the rate that the model hears.

    Returns:
        float32 samples; a shorter song is followed by silence.

    (chapter *Train*)
    """
    audio = np.asarray(song.audio)
    if audio.ndim == 2:
        full_scale = 2**15 if audio.dtype == np.int16 else 1
        channel_axis = int(np.argmin(audio.shape))
        audio = audio.mean(channel_axis) / full_scale
    audio = check_audio(audio, song.sample_rate, f"song {song.id!r}")[0]
    audio = audio[: round((SECONDS + 0.1) * song.sample_rate)]
    length = round(SECONDS * sample_rate)
    audio = resample(audio, song.sample_rate, sample_rate)[:length]
    return np.pad(audio, (0, length - len(audio)))


def tower_inputs(
    audio: np.ndarray, sample_rate: int, hears_waves: bool = False, device: str = "cpu"
) -> torch.Tensor:
    """The filterbank of clips, or for an encoder that hears waveforms the clips themselves.

    Args:
        audio: (n, samples) float32.
        sample_rate: in Hz.
        hears_waves: whether the encoder takes samples instead of the filterbank.
        device: "cpu" or "cuda".

    Returns:
        (n, frames, bands), or (n, samples) of exactly the seconds that a model hears.
    """
    length = round(SECONDS * sample_rate)
    audio = torch.as_tensor(audio, dtype=torch.float32, device=device)[:, :length]
    if hears_waves:
        return torch.nn.functional.pad(audio, (0, length - audio.shape[1]))
    return filterbank(audio, sample_rate)


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices that cover `count` things, `size` at a time; one slice even where there is nothing."""
    for start in range(0, max(count, 1), size):
        yield slice(start, start + size)
