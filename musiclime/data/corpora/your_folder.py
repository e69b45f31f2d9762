"""Your own songs: song.mp3 beside song.txt, and a songs.csv where more is known of them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..song import SPOTIFY, Corpus
from . import curation
from . import source_files as files

COLUMNS = ["artist", "title", "genre", "emotion", "valence", "energy", "split"]


def load(
    root: str | Path | None, check: str = "sound", shares: Sequence[float] = curation.SHARES, seed: int = 0
) -> Corpus:
    """Read pairs of sound and lyrics files with one name.

    Args:
        root: the folder; songs.csv in it, where there is one, has a column id (a file's name without its
            ending) and any of artist, title, genre, emotion, valence, energy, split, and of Spotify's
            danceability, acousticness, tempo, key, mode. Labels are taken as they stand. A name
            like "Artist - Title.mp3" says who sings where the table does not.
        check: "sound" opens every sound file, "files" only looks whether it is there.
        shares: of train, val and test, where the table gives no split; artists are divided, or songs where
            no artist is named.
        seed: of the split.

    Returns:
        The corpus; files without a partner, and those that cannot be read, are in its dropped rows.

    (chapter *Your corpus*)
    """
    if check not in ("sound", "files"):
        raise ValueError(f'check is "sound" or "files", not {check!r}')
    root = files.folder(root, "folder")
    sounds = files.files_of(root, files.SOUND_ENDINGS)
    texts = files.files_of(root, {".txt"})
    sieve = curation.Sieve(_table_of(root, sounds, texts))
    sieve.drop(~sieve.table["split"].isin(["", "train", "val", "test"]), "split is not train, val or test")
    curation.place_on_plane(sieve, needed=False)
    files.check_files(sieve, sounds, texts, open_sound=check == "sound")

    if (sieve.table["split"] == "").any():
        sieve.table = sieve.table.drop(columns="split")
        nobody_is_named = (sieve.table["artist"] == "").all()
        if nobody_is_named:
            sieve.table["split"] = curation.split_by_artist(sieve.table["id"], shares, seed)
    read, paths = files.song_reader(sounds, texts), files.song_files(sounds, texts)
    return sieve.corpus("folder", read, seed, shares, paths)


def _table_of(root: Path, sounds: dict, texts: dict) -> pd.DataFrame:
    """Every name of a file, and every row of songs.csv, with what is known of it."""
    table = pd.DataFrame({"id": sorted(sounds | texts)}, dtype=object)
    known = pd.DataFrame(columns=["id"], dtype=object)
    if (root / "songs.csv").is_file():
        known = files.read_csv(root / "songs.csv", ["id"])
        endings = "|".join(ending[1:] for ending in files.SOUND_ENDINGS)
        known["id"] = known["id"].str.replace(rf"\.(?:{endings})$", "", regex=True, case=False)
        known = known.drop_duplicates("id")
    table = table.merge(known[known.columns.intersection(["id", *COLUMNS, *SPOTIFY])], on="id", how="outer")
    for column in COLUMNS:
        table[column] = table[column].fillna("") if column in table else ""

    artist_and_title = table["id"].str.extract(r"^(?:(.+?)\s+-\s+)?(.*)$").fillna("")
    table["artist"] = table["artist"].where(table["artist"] != "", artist_and_title[0])
    table["title"] = table["title"].where(table["title"] != "", artist_and_title[1])
    return table
