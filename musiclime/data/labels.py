"""Nine genres, nine emotions, and how tags and numbers become them."""

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path

GENRES = [
    "alternative rock",
    "electronic",
    "folk",
    "heavy music",
    "hip hop",
    "pop",
    "punk",
    "rhythm music",
    "rock",
]
EMOTIONS = ["Angry", "Calm", "Depressed", "Excited", "Happy", "Neutral", "Relaxed", "Sad", "Tense"]
LOW, HIGH = 0.35, 0.65
# Rows: valence low, middle, high; columns: energy low, middle, high. The borders belong to the middle.
PLANE = (("Depressed", "Sad", "Angry"), ("Calm", "Neutral", "Tense"), ("Relaxed", "Happy", "Excited"))


def emotion_of(valence: float, energy: float) -> str:
    """Return the region of Russell's plane in which a song lies.

    Args:
        valence: from 0, negative, to 1, positive.
        energy: from 0, quiet, to 1, loud.

    Returns:
        One of EMOTIONS; a value on a border belongs to the middle.

    Example:
        >>> emotion_of(0.9, 0.9), emotion_of(0.65, 0.35)
        ('Excited', 'Neutral')

    (chapter *Curation*)
    """
    for name, value in (("valence", valence), ("energy", energy)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}: it must lie in [0, 1], as Spotify's does")
    return PLANE[_third(valence)][_third(energy)]


def _third(value: float) -> int:
    """0 for low, 1 for the middle, 2 for high."""
    if value < LOW:
        return 0
    return 2 if value > HIGH else 1


def normal_tag(tag: str) -> str:
    """Return what the spellings of a tag share.

    Example:
        >>> normal_tag("Drum & Bass"), normal_tag("drum-n-bass")
        ('drum and bass', 'drum and bass')

    (chapter *Curation*)
    """
    text = unicodedata.normalize("NFKD", tag.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[\s_/‐-―-]+", " ", text)
    text = re.sub(r"\s*&\s*|\s+['’]?n['’]?\s+", " and ", text)
    return re.sub(r"['’]", "", text).strip()


def taxonomy_path() -> Path:
    """Return where genre_taxonomy.csv lies: one row a tag, with its class and the reason."""
    return Path(__file__).with_name("genre_taxonomy.csv")


@cache
def _taxonomy() -> dict[str, str]:
    with taxonomy_path().open(encoding="utf-8") as lines:
        rows = {normal_tag(row["tag"]): row["class"] for row in csv.DictReader(lines)}
    if wrong := set(rows.values()) - {*GENRES, "other"}:
        raise ValueError(f"genre_taxonomy.csv names classes that do not exist: {', '.join(sorted(wrong))}")
    return rows


def known_tag(tag: str) -> bool:
    """Return whether the taxonomy has a row for the tag, be it for "other" (chapter *Curation*)."""
    return normal_tag(tag) in _taxonomy()


@cache
def genre_of(tag: str) -> str:
    """Return the genre that a tag stands for.

    Args:
        tag: what listeners call music, in any spelling.

    Returns:
        One of GENRES, or "other" for a tag that fits none or is unknown.

    Example:
        >>> genre_of("Trip-Hop"), genre_of("music my uncle likes")
        ('electronic', 'other')

    (chapter *Curation*)
    """
    if not isinstance(tag, str):
        raise ValueError(f"a genre tag is text, not {tag!r}")
    return _taxonomy().get(normal_tag(tag), "other")
