"""From tables to songs with one genre, one emotion and a split; what is dropped keeps its reason."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..labels import GENRES, emotion_of, genre_of, known_tag
from ..lyrics import clean_lyrics
from ..song import COLUMNS, RIGHTS, SPOTIFY, Corpus, Song
from .source_files import bar, language, read_csv

SHARES = (0.8, 0.1, 0.1)  # of train, val and test


class Sieve:
    """A table that loses rows and remembers which and why.

    Args:
        table: one row a song, with a column id.
        broken: (id, reason) of rows that could not be read, of songs in this table or elsewhere.

    Example:
        >>> sieve = Sieve(pd.DataFrame({"id": ["a", "b"]}))
        >>> sieve.drop([True, False], "too short: under 1 s").dropped["reason"].tolist()
        ['too short: under 1 s']

    (chapter *Curation*)
    """

    def __init__(self, table: pd.DataFrame, broken: Iterable[tuple[str, str]] = ()) -> None:
        self.table = table.reset_index(drop=True)
        reasons: dict[str, str] = {}
        for id, reason in broken:
            reasons.setdefault(id, reason)
        here = set(table["id"])
        elsewhere = [(id, reason) for id, reason in reasons.items() if id not in here]
        self._lost = [pd.DataFrame(elsewhere, columns=["id", "reason"], dtype=object)]
        self.drop_where([reasons.get(id, "") for id in self.table["id"]])

    def drop(self, mask: Iterable[bool], reason: str | Iterable[str]) -> "Sieve":
        """Drop the rows where mask is true and record why.

        Args:
            mask: one truth value a row.
            reason: one text for all, or one for each row of the table; the part before the first colon
                names the step.

        Returns:
            The sieve itself.
        """
        mask = np.asarray(mask, dtype=bool)
        reasons = reason if isinstance(reason, str) else np.asarray(reason, dtype=object)[mask]
        self._lost.append(pd.DataFrame({"id": self.table["id"][mask], "reason": reasons}))
        self.table = self.table[~mask].reset_index(drop=True)
        return self

    def drop_where(self, reasons: Sequence[str]) -> "Sieve":
        """Drop the rows for which a list, one entry a row, holds a reason; "" keeps the row."""
        return self.drop([bool(reason) for reason in reasons], reasons)

    @property
    def dropped(self) -> pd.DataFrame:
        """A table of id and reason."""
        return pd.concat(self._lost, ignore_index=True)

    def corpus(
        self,
        name: str,
        read: Callable[[pd.Series], Song],
        seed: int = 0,
        shares: Sequence[float] = SHARES,
        files: Callable[[Mapping], Iterable[Path]] | None = None,
    ) -> Corpus:
        """Return what is left as a corpus, split by artist where it is not split yet.

        Args:
            name: the corpus's name.
            read: a function from a row to its song.
            seed: of the split.
            shares: of train, val and test.
            files: a function from a row to its files, whose contents the fingerprint follows.

        Returns:
            The corpus, with the columns that every corpus has and, where known, those of RIGHTS and SPOTIFY.
        """
        table = self.table
        if "split" not in table:
            table = table.assign(split=split_by_artist(table["artist"], shares, seed))
        numbers = [name for name in SPOTIFY if name in table]
        table = table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})
        columns = COLUMNS + [name for name in RIGHTS if name in table] + numbers
        return Corpus(name, table[columns], read, self.dropped, files)


def funnel(corpus: Corpus) -> pd.DataFrame:
    """Return how many rows each step of curation lost and left.

    Args:
        corpus: a corpus with its dropped rows.

    Returns:
        A table of step, lost and left, in the order of the steps.

    (chapter *Curation*)
    """
    steps = corpus.dropped["reason"].str.split(":").str[0].value_counts(sort=False)
    table = pd.DataFrame({"step": ["all rows", *steps.index], "lost": [0, *steps]})
    return table.assign(left=len(corpus) + len(corpus.dropped) - table["lost"].cumsum())


def place_on_plane(sieve: Sieve, needed: bool = True) -> Sieve:
    """Give every song its emotion and drop those off the plane of valence and energy.

    Args:
        sieve: songs with the columns valence and energy, and perhaps emotion, which is kept where given.
        needed: whether songs without both numbers are dropped too.

    Returns:
        The sieve itself.
    """
    table = sieve.table
    may_be_blank = (table["valence"] == "") & (table["energy"] == "") & (not needed)
    for name in ("valence", "energy"):
        table[name] = pd.to_numeric(table[name], errors="coerce").astype(float)

    emotions, problems = [], []
    for valence, energy, blank in zip(table["valence"], table["energy"], may_be_blank, strict=True):
        emotion, problem = "", ""
        if not blank:
            try:
                emotion = emotion_of(valence, energy)
            except ValueError as error:
                problem = "no emotion: " + str(error).split(":")[0]
        emotions.append(emotion)
        problems.append(problem)

    if "emotion" in table:
        table["emotion"] = table["emotion"].where(table["emotion"] != "", emotions)
    else:
        table["emotion"] = emotions
    return sieve.drop_where(problems)


def primary_genre(tags: list[str], artist_tags: list[str] | None = None) -> tuple[str, str]:
    """Choose one genre from a song's tags.

    Args:
        tags: the tags, the most frequent first.
        artist_tags: the artist's tags, of which one must point to the same genre; None asks for none.

    Returns:
        The genre of the first tag that has one and is confirmed, and why there is none ("" if there is).

    Example:
        >>> primary_genre(["seen live", "trip hop", "pop"])
        ('electronic', '')

    (chapter *Curation*)
    """
    genres = [genre_of(tag) for tag in tags]
    genres = [genre for genre in genres if genre in GENRES]
    if not genres:
        unknown = [tag for tag in tags if not known_tag(tag)]
        told = f" (unknown: {', '.join(unknown)})" if unknown else ""
        return "", f"no genre: {', '.join(tags) or 'no tags'}{told}"
    if artist_tags is None:
        return genres[0], ""

    artists_genres = {genre_of(tag) for tag in artist_tags}
    for genre in genres:
        if genre in artists_genres:
            return genre, ""
    return "", "genre not confirmed by the artist's genres: " + ", ".join(tags)


def read_artist_genres(path: str | Path) -> dict[str, list[str]]:
    """Return the tags of each artist, from a csv with the columns artist and genres (comma-joined)."""
    table = read_csv(Path(path), ["artist", "genres"])
    pairs = zip(table["artist"], table["genres"], strict=True)
    return {artist_key(artist): split_tags(tags) for artist, tags in pairs}


def split_tags(text: str) -> list[str]:
    """Return comma-joined tags as a list, each once, in their order."""
    tags = [tag.strip() for tag in text.split(",")]
    return list(dict.fromkeys(tag for tag in tags if tag))


def artist_key(artist: str) -> str:
    """Return what the spellings of one artist share: case, width and spacing folded, guests left off."""
    text = unicodedata.normalize("NFKC", " ".join(artist.casefold().split())).casefold()
    without_guests = re.split(r"\s\(?(?:feat|ft|featuring)\b", text)[0]
    return " ".join(without_guests.split())


def split_by_artist(artists: Iterable[str], shares: Sequence[float] = SHARES, seed: int = 0) -> list[str]:
    """Divide songs into train, val and test so that no artist is in two of them.

    Artists queue by a hash of their name and fill the splits in turn. With two artists or more, test has a
    song; with three or more, so has val.

    Args:
        artists: the artist of each song; songs without one stay in train.
        shares: of train, val and test.
        seed: another seed, another queue.

    Returns:
        "train", "val" or "test" for each song.

    Example:
        >>> split_by_artist(["Ann", "Ben", "ANN", "Cat"], shares=(0.5, 0, 0.5))
        ['test', 'test', 'test', 'train']

    (chapter *Curation*)
    """
    keys = pd.Series([artist_key(artist) for artist in artists], dtype=object)

    def place_in_queue(key: str) -> tuple:
        return key != "", hashlib.sha256(f"{seed}/{key}".encode()).digest()

    songs_of = keys.value_counts()
    songs_of = songs_of[sorted(songs_of.index, key=place_in_queue)]
    # Where the middle of an artist's songs falls, as a share of all songs.
    middle = (songs_of.cumsum() - songs_of / 2) / max(len(keys), 1)
    number = np.searchsorted(np.cumsum(shares)[:2], middle, side="right")
    names = np.array(["train", "val", "test"])[number]
    split_of = dict(zip(songs_of.index, names.tolist(), strict=True))
    split_of[""] = "train"
    _leave_none_empty(split_of, songs_of, shares)
    return [split_of[key] for key in keys]


def _leave_none_empty(split_of: dict[str, str], songs_of: pd.Series, shares: Sequence[float]) -> None:
    """If few artists leave test or val without a song, give it the artist with the fewest songs of train."""
    for name, share in (("test", shares[2]), ("val", shares[1])):
        if share == 0 or name in split_of.values():
            continue
        in_train = [artist for artist in songs_of.index if artist and split_of[artist] == "train"]
        if len(in_train) > 1:
            split_of[min(in_train, key=songs_of.__getitem__)] = name


def surplus(labels: Iterable[str], seed: int = 0) -> np.ndarray:
    """Choose which songs to leave out so that every class is as rare as the rarest.

    Args:
        labels: the class of each song.
        seed: which songs of a class are left out.

    Returns:
        A mask: true for the songs to leave out.

    Example:
        >>> int(surplus(["a"] * 5 + ["b"] * 2).sum())
        3

    (chapter *Curation*)
    """
    classes = pd.Series(list(labels), dtype=object)
    if classes.empty:
        return np.zeros(0, dtype=bool)
    order = pd.Series(np.random.default_rng(seed).permutation(len(classes)))
    rank_in_class = order.groupby(classes).rank()
    return (rank_in_class > classes.value_counts().min()).to_numpy()


def balance(corpus: Corpus, label: str = "emotion", seed: int = 0) -> Corpus:
    """Leave training songs out until every class is as rare as the rarest; val and test stay as they are.

    Args:
        corpus: the corpus.
        label: the column to balance, "genre" or "emotion".
        seed: which songs are left out.

    Returns:
        A smaller corpus, to train on like any other; what was left out is in its dropped rows.

    Example:
        >>> import musiclime as ml
        >>> corpus = ml.load_corpus("demo")
        >>> balance(corpus).split("train").table["emotion"].value_counts().unique().tolist()
        [12]

    (chapter *Curation*)
    """
    _check_label(label)
    trained = (corpus.table["split"] == "train").to_numpy()
    left_out = np.zeros(len(corpus), dtype=bool)
    left_out[trained] = surplus(corpus.table[label][trained], seed)

    sieve = Sieve(corpus.table)
    reasons = "left out to balance: " + corpus.table[label].astype(str)
    sieve.drop(left_out, reasons)
    dropped = pd.concat([corpus.dropped, sieve.dropped], ignore_index=True)
    return Corpus(f"{corpus.name}-balanced", sieve.table, corpus.read, dropped, corpus.files)


def fill_rare(
    corpus: Corpus,
    candidates: Corpus,
    label: str = "emotion",
    classes: int = 2,
    years: tuple[int, int] = (1950, 2023),
    wanted_language: str = "en",
    seed: int = 0,
) -> Corpus:
    """Add candidates to the training songs of the rarest classes, as the thesis did for rare moods.

    A candidate joins if its class is one of the rarest, its year (where known) lies in the range, it has
    a genre, its lyrics are in the language, and its artist is not in validation or test. A class is filled up
    to the mean size of the others, no further.

    Args:
        corpus: what to add to.
        candidates: a corpus of further songs; a column year is optional.
        label: "emotion" or "genre".
        classes: how many of the rarest classes to fill.
        years: the first and the last year.
        wanted_language: the code of the language of the lyrics; "" takes any.
        seed: which candidates join where there are more than needed.

    Returns:
        A larger corpus; its dropped rows name every candidate that did not join, and why.

    (chapter *Curation*)
    """
    _check_label(label)
    sizes = corpus.table.loc[corpus.table["split"] == "train", label].value_counts()
    if not 0 < classes < len(sizes):
        told = f"the training songs have {len(sizes)} values of {label}"
        raise ValueError(f"classes is {classes}, but {told}: at least one must be left to be compared with")
    rare = list(sizes.index[::-1][:classes])
    room = {name: round(sizes.drop(rare).mean()) - sizes[name] for name in rare}

    sieve = Sieve(candidates.table)
    sieve.drop(~sieve.table[label].isin(rare), f"{label} is not rare")
    if "year" in sieve.table:
        year = pd.to_numeric(sieve.table["year"], errors="coerce")
        outside = year.notna() & ~year.between(*years)
        sieve.drop(outside, f"year outside {years[0]} to {years[1]}")
    sieve.drop(~sieve.table["genre"].isin(GENRES), "no genre")
    tested = {artist_key(artist) for artist in corpus.table.loc[corpus.table["split"] != "train", "artist"]}
    also_tested = [artist_key(artist) in tested for artist in sieve.table["artist"]]
    sieve.drop(also_tested, "artist is in val or test")
    sieve.drop(sieve.table["id"].isin(corpus.table["id"]), "id is taken")

    order = np.random.default_rng(seed).permutation(len(sieve.table))
    sieve.table = sieve.table.iloc[order].reset_index(drop=True)
    if wanted_language:
        _keep_language(sieve, candidates, wanted_language)
    number_in_class = sieve.table.groupby(label).cumcount()
    sieve.drop(number_in_class >= sieve.table[label].map(room), "class is full")

    table = sieve.table.assign(split="train")
    added = Corpus(candidates.name, table, candidates.read, sieve.dropped, candidates.files)
    return join(corpus, added, f"{corpus.name}-filled")


def _keep_language(sieve: Sieve, candidates: Corpus, wanted_language: str) -> None:
    """Read every candidate's lyrics and drop those in another language."""
    rows = bar([row for _, row in sieve.table.iterrows()], "languages")
    codes = [language(clean_lyrics(candidates.read(row).lyrics)) for row in rows]
    reasons = [f"language: {code or 'none'} (detected)" for code in codes]
    sieve.drop([code != wanted_language for code in codes], reasons)


def _check_label(label: str) -> None:
    if label not in ("genre", "emotion"):
        raise ValueError(f'label is "genre" or "emotion", not {label!r}')


def join(one: Corpus, other: Corpus, name: str) -> Corpus:
    """Put two corpora together; each song is still read by the corpus that it comes from.

    Args:
        one, other: the corpora; no id may be in both.
        name: the new corpus's name.

    Returns:
        A corpus with the songs and the dropped rows of both.

    Example:
        >>> import musiclime as ml
        >>> demo = [ml.load_corpus("demo", size=3, seed=seed) for seed in (0, 1)]
        >>> len(join(*demo, name="both"))
        6

    (chapter *Curation*)
    """
    twice = set(one.table["id"]) & set(other.table["id"])
    if twice:
        raise ValueError(f"both corpora have a song {sorted(twice)[0]!r}: give every song an id of its own")
    of_other = set(other.table["id"])
    table = pd.concat([one.table, other.table], ignore_index=True)
    for column in RIGHTS:
        if column in table:
            table[column] = table[column].fillna("")
    dropped = pd.concat([one.dropped, other.dropped], ignore_index=True)

    def corpus_of(row: Mapping) -> Corpus:
        return other if row["id"] in of_other else one

    def read(row: pd.Series) -> Song:
        return corpus_of(row).read(row)

    def files(row: Mapping) -> Iterable[Path]:
        of_its_corpus = corpus_of(row).files
        return of_its_corpus(row) if of_its_corpus is not None else []

    return Corpus(name, table, read, dropped, files)
