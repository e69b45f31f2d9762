"""What lies in a corpus's folder: tables as they come, and which files can be used."""

import csv
import io
import os
import re
from contextlib import suppress
from pathlib import Path

import pandas as pd
import soundfile as sf
from tqdm.auto import tqdm

from ..audio import load as load_sound
from ..audio import problem, quiet
from ..lyrics import clean_lyrics, is_instrumental
from ..song import COLUMNS, LETTERS, Song, decode

SAFE_ID = r"[A-Za-z0-9_-]{1,64}"


def bar(things, what: str):
    """A progress bar where there is enough to wait for."""
    things = things if hasattr(things, "__len__") else list(things)
    return tqdm(things, desc=what, disable=len(things) < 5000)


def folder(root, corpus: str) -> Path:
    """The folder of a corpus, or a sentence that says what to give."""
    if root is None:
        raise ValueError(f"the corpus {corpus!r} is read from disk: give root, the folder of its files")
    if not Path(root).is_dir():
        raise FileNotFoundError(f"{corpus}: there is no folder {str(root)!r}: give root, where its files lie")
    return Path(root)


def read_rows(path: Path, names: list[str], needed=("id",)) -> tuple[pd.DataFrame, list]:
    """A tab-separated table and its broken lines with reasons; names serve a file without a header.

    One line is one row whatever quotes it holds: an unclosed quote cannot swallow what follows it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: give the folder that holds it")
    rows, bad = [], []
    for number, raw in enumerate(bar(path.read_bytes().splitlines(), path.name), 1):
        line = decode(raw.replace(b"\0", b""))
        cells = line.split("\t")
        if '"' in line:
            if len(cells) != len(names):
                with suppress(csv.Error):  # such as a field of more than 128 kB: then the line is broken
                    cells = next(csv.reader([line], delimiter="\t"))
            cells = [re.sub(r'^"(.*)"$', r"\1", cell) for cell in cells]
        if number == 1 and cells[0].casefold() == "id":
            names = ["id", *(cell.strip() for cell in cells[1:])]
            _columns(path, names, needed)
        elif len(cells) == len(names):
            rows.append([cell.strip() for cell in cells])
        elif line.strip():
            problem = f"broken line: {path.name} {number} has {len(cells)} fields, not {len(names)}"
            bad.append((cells[0], problem))
    return pd.DataFrame(rows, columns=names, dtype=object), bad


def read_csv(path: Path, needed: list[str]) -> pd.DataFrame:
    """A comma-separated table as text, blank where a cell is; an artist may be called "NA"."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: put it there")
    as_text = {"dtype": str, "keep_default_na": False, "index_col": False}
    try:
        table = pd.read_csv(io.StringIO(decode(path.read_bytes())), **as_text)
    except ValueError as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path} is no comma-separated table with a first line of names ({why})") from error
    _columns(path, list(table.columns), needed)
    return table.astype(object)


def _columns(path: Path, names: list[str], needed) -> None:
    if missing := [name for name in needed if names.count(name) != 1]:
        raise ValueError(f"{path} has not one column {missing[0]}: its columns are {', '.join(names)}"[:300])


def files_of(folder: Path, suffixes=()) -> dict[str, tuple[Path, int]]:
    """Every file of a folder by the stem of its name, with its size: one listing, no look-ups."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder.name} in {folder.parent}: put the files there")
    with os.scandir(folder) as entries:
        found = {Path(entry.path): entry.stat().st_size for entry in entries if entry.is_file()}
    wanted = [path for path in sorted(found) if not suffixes or path.suffix.lower() in suffixes]
    # A name in another encoding than UTF-8 could be read, but not written into any table.
    return {path.stem.encode(errors="replace").decode(): (path, found[path]) for path in wanted}


def sound_problem(path: Path, shortest: float = 1.0) -> str:
    """Why a sound file cannot be used, "" if it can; its end is tried, not all decoded."""
    try:
        with quiet(), sf.SoundFile(path) as sound:
            if why := problem(sound):
                return f"sound {why}"
            seconds = sound.frames / sound.samplerate
            sound.seek(int(sound.frames * 0.95))
            whole = len(sound.read(64)) > 0
    except (sf.LibsndfileError, RuntimeError, TypeError, ValueError):
        return "sound cannot be read"
    if not whole:
        return f"sound breaks off: {path.name} announces {seconds:.1f} s and holds less"
    return "" if seconds >= shortest else f"sound too short: {seconds:.2f} s, under {shortest} s"


def language(text: str) -> str:
    """The language code that langdetect finds, the same at every call; "" if none."""
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0
    try:
        return detect(text[:2000])
    except LangDetectException:
        return ""


def lyrics_problem(path: Path, size: int, wanted: str = "") -> str:
    """Why a lyrics file cannot be used; it is opened only if small, or if its language is asked for."""
    if size > LETTERS:
        return f"lyrics too long: {size} bytes, over {LETTERS}"
    if size > 400 and not wanted:
        return ""
    text = clean_lyrics(decode(path.read_bytes()))
    if is_instrumental(text):
        return "instrumental"
    found = language(text) if wanted else ""
    return f"language: {found or 'none'} (detected)" if found != wanted else ""


def check_files(sieve, sounds: dict, texts: dict, open_sound: bool = True) -> None:
    """Drop the songs without usable files; a column _wanted names the language to detect."""
    sieve.drop(~sieve.table["id"].isin(texts), "no lyrics file")
    wanted = sieve.table["_wanted"] if "_wanted" in sieve.table else [""] * len(sieve.table)
    pairs = bar(list(zip(sieve.table["id"], wanted, strict=True)), "lyrics")
    sieve.drop_where([lyrics_problem(*texts[id], language) for id, language in pairs])
    sieve.drop(~sieve.table["id"].isin(sounds), "no sound file")
    if open_sound:
        sieve.drop_where([sound_problem(sounds[id][0]) for id in bar(sieve.table["id"], "sound")])


def reader(sounds: dict, texts: dict):
    """A function from a row of the table to its song; the files by id as files_of lists them."""

    def read(row: pd.Series) -> Song:
        audio, rate = load_sound(sounds[row["id"]][0])
        lyrics = clean_lyrics(decode(texts[row["id"]][0].read_bytes()))
        return Song(audio, rate, lyrics, **{name: row[name] for name in COLUMNS if name != "split"})

    return read
