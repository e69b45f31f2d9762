"""Your own songs: song.mp3 beside song.txt, and a songs.csv where more is known of them."""

import pandas as pd

from ..song import Corpus
from . import curation as curate
from . import source_files as files

SOUNDS = {".mp3", ".wav", ".flac", ".ogg", ".opus", ".aiff", ".aif"}
COLUMNS = ["artist", "title", "genre", "emotion", "valence", "energy", "split"]


def load(root, check="sound", shares=curate.SHARES, seed=0) -> Corpus:
    """Pairs of sound and lyrics files with one name; songs.csv (id and any column of the table) is optional.

    A name like "Artist - Title" says who sings; labels are taken as they stand (chapter *Your song*).
    """
    root = files.folder(root, "folder")
    sounds, texts = files.files_of(root, SOUNDS), files.files_of(root, {".txt"})
    table = pd.DataFrame({"id": sorted(sounds | texts)}, dtype=object)
    known = pd.DataFrame(columns=["id"], dtype=object)
    if (root / "songs.csv").is_file():
        known = files.read_csv(root / "songs.csv", ["id"])
        ending = "|".join(suffix[1:] for suffix in SOUNDS)
        known["id"] = known["id"].str.replace(rf"\.(?:{ending})$", "", regex=True, case=False)
        known = known.drop_duplicates("id")
    table = table.merge(known[known.columns.intersection(["id", *COLUMNS])], on="id", how="outer")
    for column in COLUMNS:
        table[column] = table[column].fillna("") if column in table else ""
    names = table["id"].str.extract(r"^(?:(.+?)\s+-\s+)?(.*)$").fillna("")
    table["artist"] = table["artist"].where(table["artist"] != "", names[0])
    table["title"] = table["title"].where(table["title"] != "", names[1])
    sieve = curate.Sieve(table)
    sieve.drop(~table["split"].isin(["", "train", "val", "test"]), "split is not train, val or test")
    curate.place(sieve, needed=False)
    files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    if (sieve.table["split"] == "").any():
        sieve.table = sieve.table.drop(columns="split")
        if not (sieve.table["artist"] != "").any():  # nobody is named: every song is its own artist
            sieve.table["split"] = curate.split_by_artist(sieve.table["id"], shares, seed)
    return sieve.corpus("folder", files.reader(sounds, texts), seed, shares)
