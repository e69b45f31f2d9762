"""The thirteen pinned songs: real music under Creative Commons licences, read or fetched once."""

import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from ... import files as cache
from ..song import Corpus
from . import jamendolyrics, ultrastar
from .curation import join
from .source_files import read_csv

TABLE = Path(__file__).parents[1] / "real_songs.csv"
ADDRESS = "https://raw.githubusercontent.com"
COLUMNS = ["file", "repository", "commit", "path", "sha256", "licence", "attribution", "kind"]


def pinned_files() -> pd.DataFrame:
    """Return real_songs.csv: one row a file, with its address, its sha256, its licence and whose it is.

    Example:
        >>> pinned_files()["attribution"].replace("", None).nunique()
        13
    """
    return read_csv(TABLE, COLUMNS)


def load(root: str | Path | None = None, address: str = ADDRESS) -> Corpus:
    """Read the thirteen songs.

    They are read from root, else from the folder songs/ in the one that the variable MUSICLIME_REFERENCE
    names, else from the cache folder, into which what is missing is fetched. Every file is held against the
    sha256 in real_songs.csv. The songs are all in the split "test": nothing is trained on them.

    Args:
        root: a folder with ultrastar/ and jamendolyrics/ as in real_songs.csv; None looks and fetches.
        address: the https server of the pinned files, laid out REPOSITORY/COMMIT/PATH.

    Returns:
        A corpus of songs with word times; its table has the columns licence, attribution and source too.
        Genres are those that the songs' own files name; most name none.

    (chapter *Real songs*)
    """
    place, may_fetch = _folder_of_songs(root)
    pinned = pinned_files()
    if may_fetch:
        _fetch_missing(place, pinned, address)
    _check_contents(place, pinned)

    karaoke = ultrastar.load(place / "ultrastar", check="files")
    jamendo = jamendolyrics.load(place / "jamendolyrics", check="files")
    songs = join(karaoke, jamendo, "real")

    # The pinned table states the licences; a folder of your own may hold more songs than the pinned ones.
    sound = pinned[pinned["kind"] == "sound"].assign(id=_ids_of_sounds)
    licences = dict(zip(sound["id"], sound["licence"], strict=True))
    attributions = dict(zip(sound["id"], sound["attribution"], strict=True))
    songs = songs.where(songs.table["id"].isin(sound["id"]))
    songs.table = songs.table.assign(
        split="test",
        licence=songs.table["id"].map(licences),
        attribution=songs.table["id"].map(attributions),
        source=[_source(row, pinned) for _, row in songs.table.iterrows()],
    )
    songs.dropped = songs.dropped[:0]
    return songs


def _ids_of_sounds(table: pd.DataFrame) -> list[str]:
    """What the readers of the two layouts call each song: by its folder, or by its sound file."""
    ids = []
    for file in table["file"]:
        path = Path(file)
        ids.append(path.parent.name if path.parts[0] == "ultrastar" else path.stem)
    return ids


def _source(row: pd.Series, pinned: pd.DataFrame) -> str:
    """The page that the song's own files name, else where the pinned file lies."""
    if row["source"]:
        return row["source"]
    sound = pinned[pinned["kind"] == "sound"].assign(id=_ids_of_sounds).set_index("id").loc[row["id"]]
    return f"https://github.com/{sound['repository']}/blob/{sound['commit']}/{quote(sound['path'])}"


def _folder_of_songs(root: str | Path | None) -> tuple[Path, bool]:
    """Where the songs lie or will lie, and whether files may be fetched into it."""
    if root is not None and str(root) != "":
        if not Path(root).is_dir():
            raise FileNotFoundError(
                f"real: there is no folder {str(root)!r}: leave root out to fetch the songs"
            )
        return Path(root), False
    reference = os.environ.get("MUSICLIME_REFERENCE")
    if reference and (Path(reference) / "songs").is_dir():
        return Path(reference) / "songs", False
    return cache.root() / "songs", True


def _fetch_missing(place: Path, pinned: pd.DataFrame, address: str) -> None:
    if not address.startswith("https://"):
        raise ValueError(f"address is {address!r}: songs are fetched over https only")
    for row in pinned.itertuples():
        target = place / row.file
        if not target.is_file():
            url = f"{address}/{row.repository}/{row.commit}/{quote(row.path)}"
            cache.fetch(url, target, row.sha256)


def _check_contents(place: Path, pinned: pd.DataFrame) -> None:
    found = cache.content_digests(place / file for file in pinned["file"])
    for file, digest, wanted in zip(pinned["file"], found, pinned["sha256"], strict=True):
        if not digest:
            raise FileNotFoundError(f"real: {file} is missing in {place}: put it there, or leave root out")
        if digest != wanted:
            raise ValueError(f"real: {place / file} is not the pinned file: delete it and fetch it again")
