"""A song as every part of the book sees it, and a corpus that holds none of them in memory."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

STEMS = ("vocals", "drums", "bass", "other")
COLUMNS = ["id", "artist", "title", "genre", "emotion", "valence", "energy", "split"]
LETTERS = 100_000  # of lyrics: ten times the longest raps, and what a file of anything else soon exceeds


@dataclass
class Song:
    """Mono float32 sound, its lyrics and what is known of it (chapter *The demo songs*)."""

    audio: np.ndarray
    sample_rate: int
    lyrics: str
    id: str = ""
    artist: str = ""
    title: str = ""
    genre: str = ""
    emotion: str = ""
    valence: float = nan
    energy: float = nan
    stems: dict[str, np.ndarray] | None = None
    onsets: list[tuple[str, float, float]] = field(default_factory=list, repr=False)
    evidence: dict | None = field(default=None, repr=False)
    counterpart: Callable[[bool, bool], "Song"] | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        return len(self.audio) / self.sample_rate

    def neutral(self, words: bool = True, cells: bool = True) -> "Song":
        """The song with its genre evidence replaced by neutral material (chapter *The demo songs*)."""
        if self.counterpart is None:
            raise ValueError(
                f"song {self.id!r} has no planted evidence: only songs of the demo corpus can be neutral"
            )
        return self.counterpart(words, cells)


class Corpus:
    """A table of songs and a function that composes or reads one of them (chapter *Curation*)."""

    def __init__(self, name: str, table: pd.DataFrame, read: Callable[[pd.Series], Song], dropped=None):
        self.name = name
        self.table = table.reset_index(drop=True)
        self.read = read
        self.dropped = (
            pd.DataFrame(columns=["id", "reason"]) if dropped is None else dropped.reset_index(drop=True)
        )

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, position: int) -> Song:
        if not -len(self) <= position < len(self):
            raise IndexError(f"corpus {self.name!r} has {len(self)} songs; there is none at {position}")
        return self.read(self.table.iloc[position])

    def __iter__(self) -> Iterator[Song]:
        return (self[position] for position in range(len(self)))

    def split(self, name: str) -> "Corpus":
        """The songs of "train", "val" or "test" (chapter *Curation*)."""
        if name not in ("train", "val", "test"):
            raise ValueError(f"a corpus has the splits train, val and test, not {name!r}")
        return self.where(self.table["split"] == name)

    def where(self, keep) -> "Corpus":
        """The songs for which a mask over the table is true."""
        return Corpus(self.name, self.table[keep], self.read, self.dropped)

    @property
    def fingerprint(self) -> str:
        """Twelve characters that change when the table does."""
        rows = self.table.to_csv(index=False).encode()
        return hashlib.sha256(self.name.encode() + rows).hexdigest()[:12]


def read_song(audio_path, lyrics) -> Song:
    """A song from a sound file and its lyrics: text, or a path to a text file (chapter *Your song*)."""
    from .audio import load

    audio, sample_rate = load(audio_path)
    return Song(audio, sample_rate, read_text(lyrics), id=Path(audio_path).stem, title=Path(audio_path).stem)


def decode(raw: bytes) -> str:
    """UTF-8, else the Windows code page that stray bytes in text files come from."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


PATH = re.compile(r"\.(?:txt|lrc)$|^(?:~|\.{0,2})/\S+$|^[A-Za-z]:\\\S+$")


def read_text(lyrics) -> str:
    """Lyrics given as text or as the path of a text file."""
    if not isinstance(lyrics, str | Path):
        raise ValueError(f"lyrics are text or the path of a text file, not {type(lyrics).__name__}")
    named = isinstance(lyrics, str) and len(lyrics) < 500 and PATH.search(lyrics)
    size, text = len(str(lyrics)), str(lyrics)
    if named or isinstance(lyrics, Path):
        try:
            with Path(lyrics).open("rb") as file:
                raw = file.read(LETTERS + 1)
        except (OSError, ValueError) as error:
            why = f"there is no lyrics file {str(lyrics)!r} to read ({getattr(error, 'strerror', error)})"
            raise FileNotFoundError(f"{why}: give its path, or the text itself") from error
        size, text = len(raw), decode(raw)
    if size > LETTERS:
        raise ValueError(f"the lyrics are longer than {LETTERS} letters: give those of one song")
    return text.translate({0: None, 0xFEFF: None})
