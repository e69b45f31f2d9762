"""What goes into the towers: clean lyrics as tokens, and ten seconds of checked sound."""

import json
import os
import re
from collections import Counter

import numpy as np
import torch
from filelock import FileLock
from tqdm.auto import tqdm

from ..data.audio import resample
from ..data.song import STEMS, Corpus
from ..files import root as cache_root
from .filterbank import filterbank

# What the Audio Spectrogram Transformer hears, and what the thesis lets RoBERTa read.
SECONDS, TOKENS = 10.24, 256
VARIANTS, SEGMENTS = 5, 10  # a song as it is and four times with random cells muted, spliced by segment
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def plain(text: str) -> str:
    """Lower case, no punctuation, single spaces; a dash between words parts them (chapter *Train*)."""
    return " ".join(re.sub(r"[^\w\s]|_", "", re.sub(r"[-‐-―]+", " ", text.lower())).split())


def word_tokenizer(texts, size: int = 4096, times: int = 2):
    """A tokenizer whose tokens are the words of at least `times` of the texts (chapter *Train*)."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    counts = Counter(word for text in texts for word in set(plain(text).split()))
    ranked = sorted(
        (word for word in counts if counts[word] >= times), key=lambda word: (-counts[word], word)
    )
    vocabulary = {word: i for i, word in enumerate([*SPECIAL.values(), *ranked][:size])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(token, vocabulary[token]) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)


def pad(tokens, filler: int, device) -> dict:
    """Token lists as one tensor and its attention mask."""
    ids = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(t) for t in tokens], batch_first=True, padding_value=filler
    )
    return {"input_ids": ids.to(device), "attention_mask": (ids != filler).long().to(device)}


def check_audio(audio, sample_rate: int, whose: str = "") -> np.ndarray:
    """Clips as (n, t) float32, or a ValueError that says what is wrong with them."""
    audio, whose = np.asarray(audio), f" of {whose}" if whose else ""
    audio = audio[None] if audio.ndim == 1 else audio
    if audio.ndim != 2:
        raise ValueError(f"the audio{whose} has shape {audio.shape}: give mono clips, (clips, samples)")
    if audio.dtype.kind in "iu":
        if audio.dtype != np.int16:
            raise ValueError(
                f"the audio{whose} holds {audio.dtype} samples: give floats in [-1, 1], or int16"
            )
        audio = audio / np.float32(2**15)
    if audio.shape[1] < 0.025 * sample_rate:
        raise ValueError(
            f"the audio{whose} has {audio.shape[1]} samples: a model needs at least 25 ms of sound"
        )
    if not np.isfinite(audio[:, : round(SECONDS * sample_rate)]).all():
        raise ValueError(f"the audio{whose} holds NaN or infinity: export or load it again")
    return audio.astype(np.float32, copy=False)


def clip(song, sample_rate: int = 16000) -> np.ndarray:
    """The 10.24 s of a song that a model hears, a shorter one padded with silence (chapter *Train*)."""
    audio = np.asarray(song.audio)
    if audio.ndim == 2:  # Two channels, whichever axis they lie along.
        scale = 2**15 if audio.dtype == np.int16 else 1
        audio = audio.mean(int(np.argmin(audio.shape))) / scale
    audio = check_audio(audio, song.sample_rate, f"song {song.id!r}")[0]
    audio = audio[: round((SECONDS + 0.1) * song.sample_rate)]
    audio = resample(audio, song.sample_rate, sample_rate)[: round(SECONDS * sample_rate)]
    return np.pad(audio, (0, round(SECONDS * sample_rate) - len(audio)))


def tower_inputs(audio, sample_rate: int, wave: bool = False, device: str = "cpu") -> torch.Tensor:
    """The filterbank of clips, or for a tower that hears waveforms the clips themselves."""
    length = round(SECONDS * sample_rate)
    audio = torch.as_tensor(audio, dtype=torch.float32, device=device)[:, :length]
    if not wave:
        return filterbank(audio, sample_rate)
    return torch.nn.functional.pad(audio, (0, length - audio.shape[1]))


def batches(count: int, size: int):
    """Slices over `count` things, at least one."""
    return (slice(i, i + size) for i in range(0, max(count, 1), size))


def each(work, corpus: Corpus, *arguments):
    """work(corpus, position, ...) for every song in order, on all cores where there are many songs."""
    from joblib import Parallel, delayed

    jobs = 1 if len(corpus) < 48 else os.cpu_count()
    calls = (delayed(work)(corpus, position, *arguments) for position in range(len(corpus)))
    return Parallel(n_jobs=jobs, return_as="generator", batch_size=4)(calls)


def _prepare_song(corpus, position, rate, wave):
    song = corpus[position]
    mixes = [clip(song, rate)]
    if song.stems is not None:
        stems = np.stack([song.stems[stem] for stem in STEMS])
        width = np.diff(np.linspace(0, stems.shape[1], SEGMENTS + 1).round().astype(int))
        rng = np.random.default_rng([position, 7])
        for variant in range(1, VARIANTS):
            on = rng.random((len(STEMS), SEGMENTS)) < 0.5
            if variant > 2:  # one stem a segment, so that each is learnt by itself
                on = np.arange(len(STEMS))[:, None] == rng.integers(len(STEMS), size=SEGMENTS)
            song.audio = (stems * np.repeat(on, width, axis=1)).sum(0)
            mixes.append(clip(song, rate))
    return tower_inputs(np.stack(mixes), rate, wave).numpy().astype(np.float16), song.lyrics


def prepare(corpus: Corpus, rate: int = 16000, wave: bool = False, progress: bool = True):
    """What towers take, (songs, variants, ...) in half precision on disk, and the lyrics; made once."""
    name = f"{corpus.name}-{corpus.fingerprint}-{'wave' if wave else 'mel'}-{rate}-{VARIANTS}"
    file = cache_root() / "features" / f"{name}.npy"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.exists():
            draft, lyrics = file.with_suffix(".part"), []
            songs = each(_prepare_song, corpus, rate, wave)
            for features, text in tqdm(songs, "reading songs", len(corpus), disable=not progress):
                if not lyrics:
                    shape = (len(corpus), *features.shape)
                    out = np.lib.format.open_memmap(draft, "w+", np.float16, shape)
                out[len(lyrics)] = features
                lyrics.append(text)
            out.flush()
            file.with_suffix(".json").write_text(json.dumps(lyrics), encoding="utf-8")
            draft.replace(file)
    return np.load(file, mmap_mode="r"), json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def muted(features, row: int, kin, rng, off: float) -> np.ndarray:
    """A song with random cells muted and, every second time, segments lent by other songs of its label.

    What bears a label is local: a loan keeps the label true, and the model from learning songs by heart.
    """
    if rng.random() < 0.05:
        return np.full(features.shape[2:], off, np.float32)
    intact = rng.choice([1.0, 0.0, rng.random()], p=[0.3, 0.4, 0.3])
    states = np.where(rng.random(SEGMENTS) < intact, 0, rng.integers(1, features.shape[1], SEGMENTS))
    rows = np.where(rng.random(SEGMENTS) < rng.choice([0, 0.7]), rng.choice(kin, SEGMENTS), row)
    edges = np.linspace(0, features.shape[2], SEGMENTS + 1).round().astype(int)
    parts = [features[r, s, a:b] for r, s, a, b in zip(rows, states, edges, edges[1:])]
    return np.concatenate(parts).astype(np.float32)


def dropped(text, rng, silent: float = 0.2):
    """A text from which random words are gone, each wherever it stands; at chance `silent` all of them."""
    keep = 0.0 if rng.random() < silent else rng.choice([1.0, 0.5, rng.random()])
    words = plain(text).split()
    gone = {word for word in sorted(set(words)) if rng.random() >= keep}
    return " ".join(word for word in words if word not in gone)
