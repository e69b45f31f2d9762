"""Music4All as its authors hand it out: tab-separated tables, audios/ and lyrics/."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..labels import genre_of
from ..song import SPOTIFY, Corpus
from . import curation
from . import source_files as files

# The columns of each table, for a copy without headers.
TABLES = {
    "id_information.csv": ["id", "artist", "song", "album_name"],
    "id_metadata.csv": [
        *["id", "spotify_id", "popularity", "release", "danceability", "energy", "key", "mode"],
        *["valence", "tempo", "duration_ms"],
    ],
    "id_genres.csv": ["id", "genres"],
    "id_lang.csv": ["id", "lang"],
}
# Those that are used.
USED = {
    "id_information.csv": ["artist", "song"],
    "id_metadata.csv": ["valence", "energy"],
    "id_genres.csv": ["genres"],
    "id_lang.csv": ["lang"],
}


def load(
    root: str | Path | None,
    artist_genres: str | Path | None = None,
    check: str = "sound",
    single_genre: bool = False,
    language: str = "en",
    shares: Sequence[float] = curation.SHARES,
    seed: int = 0,
) -> Corpus:
    """Read Music4All into nine genres and nine emotions.

    Args:
        root: the folder of its tables, audios/ and lyrics/.
        artist_genres: a csv of artist and genres (comma-joined); a song then keeps its first label that its
            artist's genres confirm, and is dropped if they confirm none.
        check: "sound" opens every sound file (1 ms), "files" trusts the listing, "tables" reads nothing else.
        single_genre: drop songs whose labels point to more than one class, as the thesis tried.
        language: the code of the lyrics' language; where the tables list none, it is detected.
        shares: of train, val and test; artists are divided, not songs.
        seed: of the split.

    Returns:
        The corpus; what was dropped, and why, is in its dropped rows.

    (chapter *Curation*)
    """
    if check not in ("sound", "files", "tables"):
        raise ValueError(f'check is "sound", "files" or "tables", not {check!r}')
    root = files.folder(root, "music4all")
    sieve = _joined_tables(root)
    curation.place_on_plane(sieve)
    _choose_genres(sieve, artist_genres, single_genre)
    _choose_language(sieve, language)

    sounds, texts = {}, {}
    if check == "tables":
        sieve.drop(sieve.table["_wanted"] != "", "language: none listed")
    else:
        sounds, texts = files.files_of(root / "audios"), files.files_of(root / "lyrics")
        files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    read, paths = files.song_reader(sounds, texts), files.song_files(sounds, texts)
    return sieve.corpus("music4all", read, seed, shares, paths)


def _joined_tables(root: Path) -> curation.Sieve:
    """The four tables as one, without the rows that no song can be made of."""
    tables, broken = {}, []
    for name, columns in TABLES.items():
        tables[name], broken_rows = files.read_rows(root / name, columns, ["id", *USED[name]])
        broken += broken_rows
    songs = tables["id_information.csv"].rename(columns={"song": "title"})
    without_information = set(tables["id_metadata.csv"]["id"]) - set(songs["id"])
    broken += [(id, "no row in id_information.csv") for id in sorted(without_information)]

    sieve = curation.Sieve(songs, broken)
    sieve.drop(~sieve.table["id"].str.fullmatch(files.SAFE_ID), "unsafe id: it could name a file elsewhere")
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    sieve.drop(sieve.table["artist"] == "", "no artist")
    for name in ("id_metadata.csv", "id_genres.csv", "id_lang.csv"):
        also = [column for column in SPOTIFY if column in tables[name]]
        more = tables[name].drop_duplicates("id")[["id", *USED[name], *also]]
        sieve.table = sieve.table.merge(more, on="id", how="left")
    return sieve


def _choose_genres(sieve: curation.Sieve, artist_genres: str | Path | None, single_genre: bool) -> None:
    """Give every song one genre; drop those without."""
    tags_of_artist = None if artist_genres is None else curation.read_artist_genres(artist_genres)
    genres, problems = [], []
    rows = list(zip(sieve.table["artist"], sieve.table["genres"].fillna(""), strict=True))
    for artist, text in files.bar(rows, "genres"):
        tags = curation.split_tags(text)
        artist_tags = None
        if tags_of_artist is not None:
            artist_tags = tags_of_artist.get(curation.artist_key(artist), [])
        genre, problem = curation.primary_genre(tags, artist_tags)
        if not problem and single_genre and len({genre_of(tag) for tag in tags} - {"other"}) > 1:
            problem = "labels of several classes: " + ", ".join(tags)
        genres.append(genre)
        problems.append(problem)
    sieve.table["genre"] = genres
    sieve.drop_where(problems)


def _choose_language(sieve: curation.Sieve, language: str) -> None:
    """Drop songs that are listed in another language; those listed in none wait for the detector."""
    listed = sieve.table["lang"].fillna("").str.casefold()
    # The authors' column says INTRUMENTAL, so spelled, where nothing is sung.
    codes = listed.where(~listed.str.fullmatch("ins?trumental"), "instrumental").to_numpy()
    missing = np.isin(codes, ["", "unknown", "nan", "none"])
    sieve.table["_wanted"] = np.where(missing, language, "")
    reasons = ["instrumental" if code == "instrumental" else f"language: {code} (listed)" for code in codes]
    sieve.drop((codes != language) & ~missing, reasons)
