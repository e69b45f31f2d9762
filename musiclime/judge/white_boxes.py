"""Small models whose every answer is known, so that the right weights can be computed."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from ..data.song import Song

GAMES = ("sum", "and", "xor", "threshold")
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "joker")
STEMS = ("vocals", "drums")
SEGMENTS, LENGTH = 10, 1600  # a segment of a tenth of a second at 16 kHz


def game(kind: str, seed: int = 0) -> tuple[Song, Callable, dict[str, float]]:
    """A model that looks at six words and six of twenty cells.

    Args:
        kind: "sum", "and", "xor" or "threshold".
        seed: of the numbers in it.

    Returns:
        The song, the predict function, and the exact Banzhaf value of each feature for the first output.

    Example:
        >>> song, predict, exact = game("sum")
        >>> len(exact), predict(song.audio[None], [song.lyrics]).shape
        (26, (1, 2))

    (chapter *Can you trust it?*)
    """
    if kind not in GAMES:
        raise ValueError(f"a game is one of {', '.join(GAMES)}, not {kind!r}")
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=12).round(2)
    played = np.sort(rng.choice(20, 6, replace=False))
    time = np.arange(SEGMENTS * LENGTH) / 16000
    tones = {
        stem: np.sin(2 * np.pi * 400 * (number + 1) * time).astype(np.float32) / 4
        for number, stem in enumerate(STEMS)
    }

    def predict(audio: np.ndarray, lyrics: list[str]) -> Any:
        heard = _cells_heard(audio, tones)[:, played]
        read = np.array([[word in text.split() for word in WORDS[:6]] for text in lyrics])
        value = _value(kind, weights, np.hstack([heard, read]).astype(float))
        return np.column_stack([value, 1 - value])

    every = np.array(list(product((0.0, 1.0), repeat=12)))
    values = _value(kind, weights, every)
    cells = [f"{stem}{segment}" for segment in range(SEGMENTS) for stem in STEMS]
    exact = dict.fromkeys(cells, 0.0)
    for column, name in enumerate([*(cells[cell] for cell in played), *WORDS[:6]]):
        on = every[:, column] == 1
        exact[name] = values[on].mean() - values[~on].mean()
    song = Song(
        np.sum(list(tones.values()), axis=0), 16000, " ".join(WORDS[:6]), id=f"game-{kind}", stems=tones
    )
    return song, predict, exact


def _value(kind: str, weights: np.ndarray, on: np.ndarray) -> np.ndarray:
    """The first output of a game for twelve features on (1) or off (0)."""
    audio, words = on[:, :6], on[:, 6:]
    if kind == "sum":
        return on @ weights / 10
    if kind == "and":
        return (audio * words) @ np.abs(weights[:6]) / 5
    if kind == "xor":
        return np.logical_xor(audio[:, 0], words[:, 0]) * 0.6 + audio[:, 1] * 0.2
    return 1 / (1 + np.exp(-(on @ weights)))


def _cells_heard(audio: np.ndarray, tones: dict) -> np.ndarray:
    """Which cells sound: each stem is a tone of its own."""
    basis = np.stack(list(tones.values()))[:, :LENGTH]
    power = np.asarray(audio).reshape(len(audio), SEGMENTS, LENGTH) @ basis.T
    return (power > 0.5 * (basis**2).sum(-1).min()).reshape(len(audio), -1)


class SmallFusion:
    """A model that encodes sound and words apart and mixes them with bent, interacting units."""

    sample_rate = 100

    def __init__(self, audio: int, words: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.cells, self.words = audio, WORDS[:words]
        self.hear, self.read = rng.normal(size=(audio, 5)), rng.normal(size=(words, 5))
        self.head = rng.normal(size=(5, 2)) / 4
        self.classes = ["a", "b"]

    def encode_audio(self, audio: np.ndarray) -> np.ndarray:
        return np.tanh(np.asarray(audio, dtype=float) @ self.hear)

    def encode_lyrics(self, lyrics: list[str]) -> np.ndarray:
        read = [[word in text.split() for word in self.words] for text in lyrics]
        return np.tanh(np.array(read, dtype=float) @ self.read)

    def fuse(self, audio: np.ndarray, lyrics: np.ndarray) -> np.ndarray:
        logits = np.tanh(audio + lyrics + audio * lyrics) @ self.head
        power = np.exp(logits - logits.max(1, keepdims=True))
        return power / power.sum(1, keepdims=True)

    def predict(self, audio: np.ndarray, lyrics: list[str]) -> np.ndarray:
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))


def small_game(audio: int = 7, words: int = 7, seed: int = 0) -> Any:
    """An explainer of a small late-fusion model and its song, small enough to ask all masks.

    Args:
        audio: the number of cells.
        words: the number of words, ten at most.
        seed: of the model's numbers.

    Returns:
        The explainer (a MusicLIME) and the song.

    Example:
        >>> explainer, song = small_game(audio=3, words=2)
        >>> len(explainer.explain(song).features)
        5

    (chapter *The exam*)
    """
    from ..explain.explainers import MusicLIME

    sound = np.ones(audio, dtype=np.float32)
    song = Song(sound, 100, " ".join(WORDS[:words]), id=f"small-{seed}", stems={"mix": sound})
    return MusicLIME(SmallFusion(audio, words, seed), segments=audio), song
