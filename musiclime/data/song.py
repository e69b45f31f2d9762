"""A song as every part of the book sees it, and a corpus that holds none of its songs in memory."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from ..files import content_digests

STEMS = ("vocals", "drums", "bass", "other")
# What every corpus knows of a song; a corpus may have more columns.
COLUMNS = ["id", "artist", "title", "genre", "emotion", "valence", "energy", "split"]
RIGHTS = ["licence", "attribution", "source"]  # more columns of corpora of real songs
SPOTIFY = [
    "danceability",
    "acousticness",
    "tempo",
    "key",
    "mode",
]  # of a song's sound, where a table has them
# The longest lyrics: ten times the longest raps, and what a file of anything else soon exceeds.
MOST_LETTERS = 100_000


@dataclass
class Song:
    """A song: mono float32 sound, its lyrics, and what is known of it.

    Args:
        audio: samples between -1 and 1; empty where only lyrics and features are known.
        sample_rate: samples a second.
        lyrics: the text.
        stems: the sound of each of STEMS where it is known; together they are the audio.
        onsets: the words as they are sung: (word, start, end), in seconds.
        evidence: for composed songs, the planted words and cells of each task.
        counterpart: for composed songs, a function that composes the song without its evidence.
        licence: the terms on which a real song may be played.
        attribution: who made a real song.
        source: a link to a real song.
        features: what an audio model is given, (1024, 128), if the sound itself is not known.
        tokens: the lyrics as a tokenizer's numbers, if only these were published.

    Example:
        >>> Song(np.zeros(32000, np.float32), 16000, "la la").seconds
        2.0

    (chapter *The demo songs*)
    """

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
    counterpart: Callable[..., "Song"] | None = field(default=None, repr=False)
    licence: str = ""
    attribution: str = ""
    source: str = ""
    features: np.ndarray | None = field(default=None, repr=False)
    tokens: np.ndarray | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        """How long the sound lasts, in seconds."""
        return len(self.audio) / self.sample_rate

    @property
    def known_stems(self) -> dict[str, np.ndarray]:
        """The stems; raises ValueError if they are not known."""
        if self.stems is None:
            raise ValueError(f"song {self.id!r} has no stems: take explainer.prepare(song), which finds them")
        return self.stems

    def neutral(self, words: bool = True, cells: bool = True) -> "Song":
        """Return the song with its planted evidence replaced by neutral material.

        Args:
            words: replace the planted words.
            cells: replace the planted cells of sound.

        Returns:
            A composed song of the same length; raises ValueError for a song without planted evidence.

        Example:
            >>> import musiclime as ml
            >>> song = ml.load_corpus("demo", size=1)[0]
            >>> song.neutral().evidence["genre"]
            {'words': [], 'cells': []}

        (chapter *The demo songs*)
        """
        if self.counterpart is None:
            raise ValueError(
                f"song {self.id!r} has no planted evidence: only songs of the demo corpus can be neutral"
            )
        return self.counterpart(words, cells)

    def excerpt(self, start: float, seconds: float) -> "Song":
        """Return a part of the song, with the words that are sung in it.

        If the words' times are known, the lyrics of the part are the words sung in it, as they stand in the
        text; otherwise they are the whole text. The part of a composed song has no evidence, because its
        cells are tenths of the whole clip.

        Args:
            start: where the part begins, in seconds.
            seconds: how long it lasts; a part that passes the end of the song is shorter.

        Returns:
            A song of its own; its word times count from its beginning.

        Example:
            >>> times = [("one", 0, 1), ("two", 2, 3)]
            >>> song = Song(np.zeros(40000, np.float32), 10000, "One, two", onsets=times)
            >>> part = song.excerpt(1.5, 2)
            >>> part.seconds, part.lyrics, part.onsets
            (2.0, 'two', [('two', 0.5, 1.5)])

        (chapter *Real songs*)
        """
        if not 0 <= start < self.seconds:
            raise ValueError(f"start is {start}: song {self.id!r} has the seconds 0 to {self.seconds:.1f}")
        if not 0 < seconds < float("inf"):
            raise ValueError(f"seconds is {seconds}: give how long the excerpt is to last, more than 0")

        first = round(start * self.sample_rate)
        last = first + max(1, round(seconds * self.sample_rate))
        audio = self.audio[first:last]
        stems = None
        if self.stems is not None:
            stems = {name: stem[first:last] for name, stem in self.stems.items()}
        lyrics, onsets = words_in_part(self.lyrics, self.onsets, start, start + len(audio) / self.sample_rate)
        return replace(
            self,
            audio=audio,
            stems=stems,
            lyrics=lyrics,
            onsets=onsets,
            evidence=None,
            counterpart=None,
            features=None,
            tokens=None,
        )


def words_in_part(
    lyrics: str, onsets: list[tuple[str, float, float]], start: float, end: float
) -> tuple[str, list[tuple[str, float, float]]]:
    """Return the lyrics sung between two times, and their word times counted from the first of the two.

    Args:
        lyrics: the whole text.
        onsets: the words as they are sung, with start and end in seconds; none where times are not known.
        start: where the part begins, in seconds.
        end: where it ends.

    Returns:
        The stretch of the text from the first to the last word that sounds in the part ("" if none does;
        the whole text where no times are known), and (word, start, end) of these words.

    Example:
        >>> words_in_part("One, (two!) three", [("one", 0, 1), ("two", 1, 2), ("three", 3, 4)], 1, 3)
        ('(two!)', [('two', 0.0, 1.0)])
    """
    if not onsets:
        return lyrics, []
    sounding = [number for number, (_, begin, stop) in enumerate(onsets) if begin < end and stop > start]
    times = [
        (
            onsets[number][0],
            _rounded(max(start, onsets[number][1]) - start),
            _rounded(min(end, onsets[number][2]) - start),
        )
        for number in sounding
    ]
    spans = _spans_of_onsets(lyrics, onsets)
    found = [spans[number] for number in sounding if number in spans]
    if not found:
        return " ".join(word for word, _, _ in times), times

    first, last = min(span[0] for span in found), max(span[1] for span in found)
    # Punctuation that touches the first and the last word stays with them.
    while first > 0 and not lyrics[first - 1].isspace():
        first -= 1
    while last < len(lyrics) and not lyrics[last].isspace():
        last += 1
    return lyrics[first:last], times


def _rounded(seconds: float) -> float:
    return round(float(seconds), 4)


def _spans_of_onsets(lyrics: str, onsets: list[tuple[str, float, float]]) -> dict[int, tuple[int, int]]:
    """Where in the text each sung word stands, for the words that can be found: both are read in order."""
    from .lyrics import words

    text_words = words(lyrics)
    spans, position = {}, 0
    for number, (word, _, _) in enumerate(onsets):
        names = words(word)
        if not names:
            continue
        wanted = names[0][0]
        # A word that the text lacks must not send the search to the far end of the text.
        for ahead in range(position, min(position + 60, len(text_words))):
            name, begin, end = text_words[ahead]
            if name == wanted:
                spans[number] = (begin, end)
                position = ahead + 1
                break
    return spans


class Corpus:
    """A table of songs, and a function that composes or reads one of them.

    Args:
        name: what the corpus is called, on models' cards too.
        table: one row a song, with COLUMNS and perhaps more.
        read: a function from a row of the table to its Song.
        dropped: a table with id and reason of each song that could not be used.
        files: a function from a row to the files that the song is read from; the corpus's fingerprint
            follows their contents. None where songs are composed.

    Example:
        >>> import musiclime as ml
        >>> corpus = ml.load_corpus("demo", size=20)
        >>> len(corpus), corpus[3].genre
        (20, 'heavy music')

    (chapter *Curation*)
    """

    def __init__(
        self,
        name: str,
        table: pd.DataFrame,
        read: Callable[[pd.Series], Song],
        dropped: pd.DataFrame | None = None,
        files: Callable[[Mapping], Iterable[Path]] | None = None,
    ) -> None:
        if dropped is None:
            dropped = pd.DataFrame(columns=["id", "reason"])
        self.name = name
        self.table = table.reset_index(drop=True)
        self.read = read
        self.dropped = dropped.reset_index(drop=True)
        self.files = files

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, position: int) -> Song:
        if not -len(self) <= position < len(self):
            raise IndexError(f"corpus {self.name!r} has {len(self)} songs; there is none at {position}")
        return self.read(self.table.iloc[position])

    def __iter__(self) -> Iterator[Song]:
        return (self[position] for position in range(len(self)))

    def split(self, name: str) -> "Corpus":
        """Return the songs of one split.

        Args:
            name: "train", "val" or "test".

        Returns:
            A corpus of these songs.

        Example:
            >>> import musiclime as ml
            >>> len(ml.load_corpus("demo").split("test"))
            270

        (chapter *Curation*)
        """
        if name not in ("train", "val", "test"):
            raise ValueError(f"a corpus has the splits train, val and test, not {name!r}")
        return self.where(self.table["split"] == name)

    def kept_aside(self) -> "Corpus":
        """Return the songs that no model of ours was trained on.

        Returns:
            A corpus of the songs of the split "test"; of all songs where none is in it.

        Example:
            >>> import musiclime as ml
            >>> len(ml.load_corpus("demo").kept_aside())
            270

        (chapter *Explain*)
        """
        in_test = self.table["split"] == "test"
        return self.where(in_test) if in_test.any() else self

    def where(self, keep: Iterable[bool]) -> "Corpus":
        """Return the songs for which a mask over the table is true.

        Args:
            keep: one truth value for each row of the table.

        Returns:
            A corpus of these songs.

        Example:
            >>> import musiclime as ml
            >>> corpus = ml.load_corpus("demo", size=90)
            >>> len(corpus.where(corpus.table["genre"] == "punk"))
            10

        (chapter *Curation*)
        """
        return Corpus(self.name, self.table[keep], self.read, self.dropped, self.files)

    @property
    def fingerprint(self) -> str:
        """Twelve characters that change when the table changes, or what a song's files hold.

        Example:
            >>> import musiclime as ml
            >>> ml.load_corpus("demo", size=9).fingerprint == ml.load_corpus("demo", size=8).fingerprint
            False
        """
        told = [self.name, self.table.to_csv(index=False)]
        if self.files is not None:
            rows = self.table.to_dict("records")
            paths = [path for row in rows for path in self.files(row)]
            told += content_digests(paths)
        return hashlib.sha256("".join(told).encode()).hexdigest()[:12]


def read_song(
    audio_path: str | Path, lyrics: str | Path, start: float = 0.0, seconds: float | None = None
) -> Song:
    """Read a song, or a part of it, from a sound file and its lyrics.

    Args:
        audio_path: a wav, flac, ogg or mp3 file.
        lyrics: the text, or the path of a text file.
        start: where to begin, in seconds; only the part that is asked for is decoded.
        seconds: how much to read; None reads to the end.

    Returns:
        The song, named after its file. Its lyrics are the whole text: nothing says when a word is sung.

    Example:
        >>> import tempfile
        >>> from musiclime.data.audio import save
        >>> path = save(Path(tempfile.mkdtemp()) / "my song.wav", np.zeros(48000), 16000)
        >>> song = read_song(path, "la la", start=1, seconds=1)
        >>> song.title, song.seconds
        ('my song', 1.0)

    (chapter *Your song*)
    """
    from .audio import load

    audio, sample_rate = load(audio_path, start=start, seconds=seconds)
    name = Path(audio_path).stem
    return Song(audio, sample_rate, read_text(lyrics), id=name, title=name)


def decode(raw: bytes) -> str:
    """Return bytes as text: UTF-8, else the Windows code page that stray bytes in text files come from."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


# A short text that ends like a text file, or looks like a path on Linux, macOS or Windows.
LOOKS_LIKE_A_PATH = re.compile(r"\.(?:txt|lrc)$|^(?:~|\.{0,2})/\S+$|^[A-Za-z]:\\\S+$")


def read_text(lyrics: str | Path) -> str:
    """Return lyrics that are given as text or as the path of a text file.

    Args:
        lyrics: the text or the path.

    Returns:
        The text, without byte order marks; an error in one sentence for what is no lyrics.

    Example:
        >>> read_text("la la")
        'la la'
    """
    if not isinstance(lyrics, str | Path):
        raise ValueError(f"lyrics are text or the path of a text file, not {type(lyrics).__name__}")

    text, size = str(lyrics), len(str(lyrics))
    is_path = isinstance(lyrics, Path) or (len(text) < 500 and LOOKS_LIKE_A_PATH.search(text) is not None)
    if is_path:
        try:
            with Path(lyrics).open("rb") as file:
                raw = file.read(MOST_LETTERS + 1)
        except (OSError, ValueError) as error:
            why = f"there is no lyrics file {str(lyrics)!r} to read ({getattr(error, 'strerror', error)})"
            raise FileNotFoundError(f"{why}: give its path, or the text itself") from error
        text, size = decode(raw), len(raw)

    if size > MOST_LETTERS:
        raise ValueError(f"the lyrics are longer than {MOST_LETTERS} letters: give those of one song")
    return text.translate({0: None, 0xFEFF: None})
