"""JamendoLyrics: Creative Commons songs with lyrics, and the time of every word."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..audio import load as load_sound
from ..labels import genre_of
from ..lyrics import clean_lyrics, words
from ..song import Corpus, Song, decode
from .curation import SHARES, Sieve
from .source_files import check_files, files_of, folder, known_of, read_csv

SOUND_ENDINGS = {".mp3", ".flac", ".wav", ".ogg"}


def load(
    root: str | Path | None,
    check: str = "sound",
    language: str = "",
    shares: Sequence[float] = SHARES,
    seed: int = 0,
) -> Corpus:
    """Read a folder in the layout of JamendoLyrics.

    Args:
        root: the folder of JamendoLyrics.csv, lyrics/, mp3/ and, for the words' times, annotations/words/.
        check: "sound" opens every sound file, "files" only looks whether it is there.
        language: keep the songs of one language, as the table names it ("English"); "" keeps all.
        shares: of train, val and test; artists are divided, not songs.
        seed: of the split.

    Returns:
        A corpus of songs with word times; its table has the columns licence, attribution and source too.
        Songs of the table without sound or lyrics are in its dropped rows.

    (chapter *Real songs*)
    """
    if check not in ("sound", "files"):
        raise ValueError(f'check is "sound" or "files", not {check!r}')
    root = folder(root, "jamendolyrics")
    needed = ["URL", "Filepath", "Artist", "Title", "Genre", "LicenseType", "Language"]
    listed = read_csv(root / "JamendoLyrics.csv", needed)
    sieve = Sieve(_table_of(listed))
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    if language:
        other = sieve.table["language"] != language
        sieve.drop(other, "language: " + sieve.table["language"] + " (listed)")

    sounds = files_of(root / "mp3", SOUND_ENDINGS)
    listing = files_of(root / "lyrics", {".txt"})
    texts = {id: found for id, found in listing.items() if not id.endswith(".words")}
    check_files(sieve, sounds, texts, open_sound=check == "sound")

    def read(row: pd.Series) -> Song:
        id = row["id"]
        audio, rate = load_sound(sounds[id][0])
        lyrics = clean_lyrics(decode(texts[id][0].read_bytes()))
        onsets = _word_times(root / "lyrics" / f"{id}.words.txt", root / "annotations/words" / f"{id}.csv")
        rights = {name: row[name] for name in ("licence", "attribution", "source")}
        return Song(audio, rate, lyrics, onsets=onsets, **known_of(row), **rights)

    def files(row: Mapping) -> list[Path]:
        id = row["id"]
        times = [root / "lyrics" / f"{id}.words.txt", root / "annotations/words" / f"{id}.csv"]
        return [sounds[id][0], texts[id][0], *times]

    return sieve.corpus("jamendolyrics", read, seed, shares, files)


def _table_of(listed: pd.DataFrame) -> pd.DataFrame:
    tags = listed["Genre"].str.strip()
    licences = listed["LicenseType"].str.split().str.join(" ")
    without_prefix = ~licences.str.startswith("CC") & (licences != "")
    return pd.DataFrame(
        {
            # A name with a folder in it, "../../x.mp3", is no id: only the name's end is looked for in mp3/.
            "id": [Path(name.replace("\\", "/")).stem for name in listed["Filepath"]],
            "artist": listed["Artist"],
            "title": listed["Title"],
            "genre": [genre_of(tag) if tag else "" for tag in tags],
            "emotion": "",
            "valence": math.nan,
            "energy": math.nan,
            "licence": licences.where(~without_prefix, "CC " + licences),
            "attribution": listed["Artist"] + ": " + listed["Title"],
            "source": listed["URL"].str.removesuffix("/lyrics"),
            "language": listed["Language"],
        }
    )


def _word_times(words_path: Path, times_path: Path) -> list[tuple[str, float, float]]:
    """The words with start and end in seconds; none where a file is missing or the two do not match."""
    if not (words_path.is_file() and times_path.is_file()):
        return []
    sung = [line.strip() for line in decode(words_path.read_bytes()).splitlines() if line.strip()]
    try:
        table = pd.read_csv(times_path)[["word_start", "word_end"]].astype(float)
    except (ValueError, KeyError):
        return []
    if len(table) != len(sung):
        return []
    pairs = zip(sung, table["word_start"], table["word_end"], strict=True)
    times = [(word, round(start, 4), round(end, 4)) for word, start, end in pairs]
    return [(word, start, end) for word, start, end in times if words(word) and 0 <= start < end]
