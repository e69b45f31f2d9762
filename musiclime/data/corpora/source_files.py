"""What lies in a corpus's folder: tables as they come, and which sound and lyrics files can be used."""

import csv
import io
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import soundfile as sf
from tqdm.auto import tqdm

from ..audio import header_problem, quiet_decoders
from ..audio import load as load_sound
from ..lyrics import clean_lyrics, is_instrumental
from ..song import COLUMNS, MOST_LETTERS, Song, decode

if TYPE_CHECKING:
    from .curation import Sieve

SAFE_ID = r"[A-Za-z0-9_-]{1,64}"
SOUND_ENDINGS = {".mp3", ".wav", ".flac", ".ogg", ".opus", ".aiff", ".aif"}


def bar(things: Collection, what: str) -> tqdm:
    """Wrap what is looped over in a progress bar, shown where there is enough to wait for."""
    return tqdm(things, desc=what, disable=len(things) < 5000)


def folder(root: str | Path | None, corpus: str) -> Path:
    """Return the folder of a corpus, or raise an error that says what to give."""
    if root is None or str(root) == "":
        raise ValueError(f"the corpus {corpus!r} is read from disk: give root, the folder of its files")
    if not Path(root).is_dir():
        raise FileNotFoundError(f"{corpus}: there is no folder {str(root)!r}: give root, where its files lie")
    return Path(root)


def read_rows(
    path: Path, names: list[str], needed: Iterable[str] = ("id",)
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Read a tab-separated table whose lines may be broken.

    One line is one row, whatever quotes it holds: an unclosed quote does not reach into the next line.

    Args:
        path: the file.
        names: the columns, for a file without a first line of names.
        needed: columns that must be there once.

    Returns:
        The table as text, and for each broken line the first field and the reason.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: give the folder that holds it")

    rows, broken = [], []
    for number, raw in enumerate(bar(path.read_bytes().splitlines(), path.name), 1):
        line = decode(raw.replace(b"\0", b""))
        cells = _cells_of(line, len(names))
        if number == 1 and cells[0].casefold() == "id":
            names = ["id", *(cell.strip() for cell in cells[1:])]
            _need_columns(path, names, needed)
        elif len(cells) == len(names):
            rows.append([cell.strip() for cell in cells])
        elif line.strip():
            reason = f"broken line: {path.name} {number} has {len(cells)} fields, not {len(names)}"
            broken.append((cells[0], reason))
    return pd.DataFrame(rows, columns=names, dtype=object), broken


def _cells_of(line: str, expected: int) -> list[str]:
    cells = line.split("\t")
    if '"' not in line:
        return cells
    if len(cells) != expected:
        # A quoted cell may hold a tab. A field of more than 128 kB is an error: then the line is broken.
        with suppress(csv.Error):
            cells = next(csv.reader([line], delimiter="\t"))
    return [re.sub(r'^"(.*)"$', r"\1", cell) for cell in cells]


def read_csv(path: Path, needed: list[str]) -> pd.DataFrame:
    """Read a comma-separated table as text; an empty cell is "", and an artist may be called "NA".

    Args:
        path: the file.
        needed: columns that must be there once.

    Returns:
        The table.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: put it there")
    text = io.StringIO(decode(path.read_bytes()))
    try:
        table = pd.read_csv(text, dtype=str, keep_default_na=False, index_col=False)
    except ValueError as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path} is no comma-separated table with a first line of names ({why})") from error
    _need_columns(path, list(table.columns), needed)
    return table.astype(object)


def _need_columns(path: Path, names: list[str], needed: Iterable[str]) -> None:
    missing = [name for name in needed if names.count(name) != 1]
    if missing:
        raise ValueError(f"{path} has not one column {missing[0]}: its columns are {', '.join(names)}"[:300])


def files_of(folder: Path, endings: Iterable[str] = ()) -> dict[str, tuple[Path, int]]:
    """List a folder once.

    Args:
        folder: the folder.
        endings: which files to list, such as {".txt"}; none lists all.

    Returns:
        The path and the size of each file, by its name without the ending.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder.name} in {folder.parent}: put the files there")
    with os.scandir(folder) as entries:
        sizes = {Path(entry.path): entry.stat().st_size for entry in entries if entry.is_file()}
    wanted = [path for path in sorted(sizes) if not endings or path.suffix.lower() in endings]
    # A name in another encoding than UTF-8 could be read, but not written into any table.
    return {path.stem.encode(errors="replace").decode(): (path, sizes[path]) for path in wanted}


def sound_problem(path: Path, shortest: float = 1.0) -> str:
    """Return why a sound file cannot be used, "" if it can; its end is tried, not all decoded.

    Args:
        path: the file.
        shortest: how many seconds it must last.

    Returns:
        The reason; the part before its first colon names the kind of problem.
    """
    try:
        with quiet_decoders(), sf.SoundFile(path) as sound:
            problem = header_problem(sound)
            if problem:
                return f"sound {problem}"
            seconds = sound.frames / sound.samplerate
            sound.seek(int(sound.frames * 0.95))
            end_is_there = len(sound.read(64)) > 0
    except (sf.LibsndfileError, RuntimeError, TypeError, ValueError):
        return "sound cannot be read"

    if not end_is_there:
        return f"sound breaks off: {path.name} announces {seconds:.1f} s and holds less"
    if seconds < shortest:
        return f"sound too short: {seconds:.2f} s, under {shortest} s"
    return ""


def language(text: str) -> str:
    """Return the code of the language that langdetect finds, the same at every call; "" if it finds none."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0
    try:
        return detect(text[:2000])
    except LangDetectException:
        return ""


def lyrics_problem(path: Path, size: int, wanted_language: str = "") -> str:
    """Return why a lyrics file cannot be used, "" if it can.

    Args:
        path: the file; it is opened only if it is small, or if its language is asked for.
        size: its size in bytes.
        wanted_language: the code of the language that it must be in; "" takes any.

    Returns:
        The reason; the part before its first colon names the kind of problem.
    """
    if size > MOST_LETTERS:
        return f"lyrics too long: {size} bytes, over {MOST_LETTERS}"
    if size > 400 and not wanted_language:
        return ""
    text = clean_lyrics(decode(path.read_bytes()))
    if is_instrumental(text):
        return "instrumental"
    if wanted_language:
        found = language(text)
        if found != wanted_language:
            return f"language: {found or 'none'} (detected)"
    return ""


def check_files(sieve: "Sieve", sounds: dict, texts: dict, open_sound: bool = True) -> None:
    """Drop the songs without usable files.

    Args:
        sieve: the songs; a column _wanted, where there is one, names the language to detect.
        sounds, texts: path and size by id, as files_of lists them.
        open_sound: try every sound file, about a millisecond each.
    """
    sieve.drop(~sieve.table["id"].isin(texts), "no lyrics file")
    languages = sieve.table.get("_wanted", pd.Series("", index=sieve.table.index))
    pairs = bar(list(zip(sieve.table["id"], languages, strict=True)), "lyrics")
    problems = []
    for id, wanted in pairs:
        path, size = texts[id]
        problems.append(lyrics_problem(path, size, wanted))
    sieve.drop_where(problems)

    sieve.drop(~sieve.table["id"].isin(sounds), "no sound file")
    if open_sound:
        sieve.drop_where([sound_problem(sounds[id][0]) for id in bar(sieve.table["id"], "sound")])


def known_of(row: pd.Series) -> dict:
    """Return what a row of the table says of a song, as arguments of Song."""
    return {name: row[name] for name in COLUMNS if name != "split"}


def song_reader(sounds: dict, texts: dict) -> Callable[[pd.Series], Song]:
    """Return a function from a row of the table to its song.

    Args:
        sounds, texts: path and size by id, as files_of lists them.
    """

    def read(row: pd.Series) -> Song:
        audio, rate = load_sound(sounds[row["id"]][0])
        lyrics = clean_lyrics(decode(texts[row["id"]][0].read_bytes()))
        return Song(audio, rate, lyrics, **known_of(row))

    return read


def song_files(sounds: dict, texts: dict) -> Callable[[Mapping], list[Path]]:
    """Return a function from a row of the table to the files that its song is read from."""

    def paths(row: Mapping) -> list[Path]:
        return [files[row["id"]][0] for files in (sounds, texts) if row["id"] in files]

    return paths
