"""From tables to songs with one genre, one emotion and a split; what is dropped keeps the reason why."""

import hashlib
import re
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from ..labels import GENRES, emotion_of, genre_of, known_tag
from ..song import COLUMNS, Corpus
from .source_files import read_csv

SHARES = (0.8, 0.1, 0.1)


class Sieve:
    """A table that loses rows and remembers which and why (chapter *Curation*)."""

    def __init__(self, table: pd.DataFrame, broken=()):
        """broken: (id, reason) pairs found while reading, of songs in this table or elsewhere."""
        self.table, known, ids = table.reset_index(drop=True), dict(reversed(list(broken))), set(table["id"])
        elsewhere = [pair for pair in known.items() if pair[0] not in ids]
        self._lost = [pd.DataFrame(elsewhere, columns=["id", "reason"], dtype=object)]
        self.drop_where([known.get(id, "") for id in self.table["id"]])

    def drop(self, mask, reason) -> "Sieve":
        """Lose the rows of a mask; reason is one text, or one a row, its step before the first colon."""
        mask = np.asarray(mask, dtype=bool)
        reasons = reason if isinstance(reason, str) else np.asarray(reason, dtype=object)[mask]
        self._lost.append(pd.DataFrame({"id": self.table["id"][mask], "reason": reasons}))
        self.table = self.table[~mask].reset_index(drop=True)
        return self

    def drop_where(self, reasons) -> "Sieve":
        """Lose the rows for which a list, one entry a row, holds a reason."""
        return self.drop([bool(reason) for reason in reasons], reasons)

    @property
    def dropped(self) -> pd.DataFrame:
        return pd.concat(self._lost, ignore_index=True)

    def corpus(self, name: str, read, seed: int = 0, shares=SHARES) -> Corpus:
        """What is left, split by artist where it is not split yet."""
        table = self.table
        if "split" not in table:
            table = table.assign(split=split_by_artist(table["artist"], shares, seed))
        return Corpus(name, table[COLUMNS], read, self.dropped)


def funnel(corpus: Corpus) -> pd.DataFrame:
    """How many rows each step lost and left, in the order of the steps (chapter *Curation*)."""
    steps = corpus.dropped["reason"].str.split(":").str[0].value_counts(sort=False)
    table = pd.DataFrame({"step": ["all rows", *steps.index], "lost": [0, *steps]})
    return table.assign(left=len(corpus) + len(corpus.dropped) - table["lost"].cumsum())


def place(sieve: Sieve, needed: bool = True) -> Sieve:
    """Give every song its emotion; lose those off the plane, or without values if needed."""
    table, given = sieve.table, sieve.table.get("emotion")
    blank = (table["valence"] == "") & (table["energy"] == "") & (not needed)
    for name in ("valence", "energy"):
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
    emotions, problems = [], []
    for valence, energy, free in zip(table["valence"], table["energy"], blank, strict=True):
        try:
            emotions.append("" if free else emotion_of(valence, energy))
            problems.append("")
        except ValueError as error:
            emotions.append("")
            problems.append("no emotion: " + str(error).split(":")[0])
    table["emotion"] = emotions if given is None else given.where(given != "", emotions)
    return sieve.drop_where(problems)


def primary_genre(tags: list[str], artist_tags: list[str] | None = None) -> tuple[str, str]:
    """The class of the first tag that has one and that the artist's tags confirm, and why there is none.

    Without artist_tags nothing needs confirming (chapter *Curation*).
    """
    classes = [genre for tag in tags if (genre := genre_of(tag)) in GENRES]
    if not classes:
        unknown = ", ".join(tag for tag in tags if not known_tag(tag))
        told = f" (unknown: {unknown})" if unknown else ""
        return "", f"no genre: {', '.join(tags) or 'no tags'}{told}"
    if artist_tags is None:
        return classes[0], ""
    confirmed = {genre_of(tag) for tag in artist_tags}
    found = [genre for genre in classes if genre in confirmed]
    return (found[0], "") if found else ("", "genre not confirmed by the artist's genres: " + ", ".join(tags))


def read_artist_genres(path) -> dict[str, list[str]]:
    """The tags of each artist from a csv with the columns artist and genres, comma-joined."""
    table = read_csv(Path(path), ["artist", "genres"])
    pairs = zip(table["artist"], table["genres"], strict=True)
    return {artist_key(artist): split_tags(tags) for artist, tags in pairs}


def split_tags(text: str) -> list[str]:
    """Comma-joined tags, each once, in their order."""
    return list(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))


def artist_key(artist: str) -> str:
    """What one artist's spellings share: case, width and spacing folded, guests left off."""
    text = unicodedata.normalize("NFKC", " ".join(artist.casefold().split())).casefold()
    return " ".join(re.split(r"\s\(?(?:feat|ft|featuring)\b", text)[0].split())


def split_by_artist(artists, shares=SHARES, seed: int = 0) -> list[str]:
    """ "train", "val" or "test" for each song, no artist in two of them (chapter *Curation*).

    Artists queue by a hash of their name and fill the splits in turn. Songs without an artist stay in train.
    """
    keys = pd.Series([artist_key(artist) for artist in artists], dtype=object)
    place = lambda key: (key != "", hashlib.sha256(f"{seed}/{key}".encode()).digest())  # noqa: E731
    counts = keys.value_counts()
    counts = counts[sorted(counts.index, key=place)]
    middle = (counts.cumsum() - counts / 2) / max(len(keys), 1)
    names = np.array(["train", "val", "test"])[np.searchsorted(np.cumsum(shares)[:2], middle, side="right")]
    split_of = dict(zip(counts.index, names.tolist(), strict=True)) | {"": "train"}
    return [split_of[key] for key in keys]


def surplus(labels, seed: int = 0) -> np.ndarray:
    """A mask of the songs to leave out so that every class is as rare as the rarest (chapter *Curation*)."""
    labels = pd.Series(list(labels), dtype=object)
    order = pd.Series(np.random.default_rng(seed).permutation(len(labels)))
    return (order.groupby(labels).rank() > (labels.value_counts().min() if len(labels) else 0)).to_numpy()
