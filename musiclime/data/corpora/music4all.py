"""Music4All as its authors hand it out: tab-separated tables, audios/ and lyrics/."""

import numpy as np

from ..labels import genre_of
from ..song import Corpus
from . import curation as curate
from . import source_files as files

# The columns, for a copy without headers; those that are used are in the second table.
METADATA = ["id", "spotify_id", "popularity", "release", "danceability", "energy", "key", "mode"]
TABLES = {
    "id_information.csv": ["id", "artist", "song", "album_name"],
    "id_metadata.csv": [*METADATA, "valence", "tempo", "duration_ms"],
    "id_genres.csv": ["id", "genres"],
    "id_lang.csv": ["id", "lang"],
}
USED = {"id_metadata.csv": ["valence", "energy"], "id_genres.csv": ["genres"], "id_lang.csv": ["lang"]}


def load(
    root, artist_genres=None, check="sound", single_genre=False, language="en", shares=curate.SHARES, seed=0
) -> Corpus:
    """Music4All in nine genres and nine emotions, what was dropped and why (chapter *Curation*).

    artist_genres: a csv of artist, genres (comma-joined); a song keeps its first label that they confirm
    check: "sound" tries every sound file (1 ms), "files" trusts the listing, "tables" reads nothing else
    single_genre: drop songs whose labels point to more than one class, as the thesis tried
    """
    if check not in ("sound", "files", "tables"):
        raise ValueError(f'check is "sound", "files" or "tables", not {check!r}')
    root = files.folder(root, "music4all")
    tables = {
        name: files.read_rows(root / name, columns, ["id", *USED.get(name, ["artist", "song"])])
        for name, columns in TABLES.items()
    }
    songs = tables["id_information.csv"][0].rename(columns={"song": "title"})
    broken = [row for _, rows in tables.values() for row in rows]
    elsewhere = set(tables["id_metadata.csv"][0]["id"]) - set(songs["id"])
    broken += [(id, "no row in id_information.csv") for id in sorted(elsewhere)]
    sieve = curate.Sieve(songs, broken)
    sieve.drop(~sieve.table["id"].str.fullmatch(files.SAFE_ID), "unsafe id: it could name a file elsewhere")
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    sieve.drop(sieve.table["artist"] == "", "no artist")
    for name, columns in USED.items():
        more = tables[name][0].drop_duplicates("id")[["id", *columns]]
        sieve.table = sieve.table.merge(more, on="id", how="left")
    curate.place(sieve)
    _genres(sieve, artist_genres, single_genre)
    _language(sieve, language)
    sounds, texts = {}, {}
    if check == "tables":
        sieve.drop(sieve.table["_wanted"] != "", "language: none listed")
    else:
        sounds, texts = files.files_of(root / "audios"), files.files_of(root / "lyrics")
        files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    return sieve.corpus("music4all", files.reader(sounds, texts), seed, shares)


def _genres(sieve: curate.Sieve, artist_genres, single_genre: bool) -> None:
    tags = [curate.split_tags(text) for text in sieve.table["genres"].fillna("")]
    known = None if artist_genres is None else curate.read_artist_genres(artist_genres)
    keys = [curate.artist_key(artist) for artist in sieve.table["artist"]]
    of_artist = [None if known is None else known.get(key, []) for key in keys]
    rows = files.bar(list(zip(tags, of_artist, strict=True)), "genres")
    sieve.table["genre"], problems = zip(*[curate.primary_genre(*row) for row in rows]) if tags else ([], [])
    mixed = [single_genre and len({genre_of(tag) for tag in own} - {"other"}) > 1 for own in tags]
    labels = [many and "labels of several classes: " + ", ".join(own) for own, many in zip(tags, mixed)]
    sieve.drop_where([problem or label for problem, label in zip(problems, labels)])


def _language(sieve: curate.Sieve, language: str) -> None:
    listed = sieve.table["lang"].fillna("").str.casefold()
    # The authors' column says INTRUMENTAL, so spelled, where nothing is sung.
    codes = listed.where(~listed.str.fullmatch("ins?trumental"), "instrumental").to_numpy()
    missing = np.isin(codes, ["", "unknown", "nan", "none"])
    sieve.table["_wanted"] = np.where(missing, language, "")
    reasons = ["instrumental" if code == "instrumental" else f"language: {code} (listed)" for code in codes]
    sieve.drop((codes != language) & ~missing, reasons)
