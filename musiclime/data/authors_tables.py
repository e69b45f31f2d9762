"""The authors' eleven published tables of summed weights: named, fetched or found, checked and read safely.

The files are not ours to pass on: they are read from the folder that MUSICLIME_REFERENCE names, or fetched on
request from a pinned commit of the authors' repository.
"""

import hashlib
import io
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import files as cache
from .labels import EMOTIONS, GENRES, taxonomy_path

COMMIT = "d583ff20e98f395d7fb39d4c6f14a81f133cd40c"
FOLDER = (
    f"https://raw.githubusercontent.com/IamTheo2000/MusicLIME/{COMMIT}/Results/feature_weights_%26_counts"
)

# Figures in the same repository name these classes, alphabetical as the indices of its tables are.
AUDIOSET = ["electronic", "folk", "heavy music", "hip hop", "pop", "rhythm music", "rock (three kinds)"]
CLASSES = {"genre": GENRES, "emotion": EMOTIONS, "audioset": AUDIOSET}

# For each table: its name, its two files, and the SHA-256 of the weights and of the counts.
LIST = pd.read_csv(taxonomy_path().with_name("published_tables.csv")).set_index("table")
TABLES = list(LIST.index)

# Slurs and swearwords as the first eight digits of their SHA-256: parts of a word, and whole words.
PARTS = (
    "038c9ccd 0f28c496 12e6274e 158869a9 16ea09fc 396ccc4a 40582c4d 41b4d5e8 566f532d 6ac3c336 77ccd223 "
    "85fc17f7 886d51e9 9ae315a9 c2c3b68b c3de533e cc020323 d75a838d eef3bd09 f59e28f8 f9d0d9b1 "
)
WHOLE = (
    "0340a569 044eb98b 17bde8b4 26578569 32c2aaad 380c97e6 429fecdc 6f105af5 70a4ce37 7d2969e3 98b52c4b "
    "9915ba2d 9b37312c daec0c23 e7b98c6a f50c51ed 19ae6d1f "
)


def is_slur(word: str) -> bool:
    """Say whether a word is a slur or swearword, or holds one.

    Args:
        word: any word.

    Returns:
        True or False.

    Example:
        >>> is_slur("raccoon")
        False

    (chapter *The published explanations, re-read*)
    """
    word = word.casefold()
    if _digest(word) in WHOLE:
        return True
    for length in range(4, 8):
        for start in range(len(word) - length + 1):
            if _digest(word[start : start + length]) in PARTS:
                return True
    return False


def mask(word: str) -> str:
    """Return a word fit to print: of a slur only the first letter.

    Args:
        word: any word.

    Returns:
        The word, or its first letter and asterisks.

    Example:
        >>> mask("love")
        'love'

    (chapter *The published explanations, re-read*)
    """
    if is_slur(word):
        return word[:1] + "*" * (len(word) - 1)
    return word


def load(name: str, download: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one published table: summed weights, none of which is negative, and counts.

    Args:
        name: one of `TABLES`.
        download: fetch the files where MUSICLIME_REFERENCE names no folder.

    Returns:
        Sums and counts, one row a class, one column a feature.

    Example:
        >>> len(TABLES)
        11

    (chapter *The published explanations, re-read*)
    """
    if name not in TABLES:
        raise ValueError(f"there is no published table {name!r}; there are {'; '.join(TABLES)}")
    listed = LIST.loc[name]
    classes = CLASSES[name.split()[0]]
    sums = _as_table(_file(listed["file"].format("weights"), listed["weights"], download), classes)
    counts = _as_table(_file(listed["file"].format("counts"), listed["counts"], download), classes)
    return sums, counts.reindex_like(sums)


def read_pickle(path: str | Path) -> dict[int, dict[str, float]]:
    """Read a pickle that may hold two levels of dictionary, text and numbers, and nothing else.

    Args:
        path: the file.

    Returns:
        {class index: {feature: number}}

    Example:
        >>> read_pickle("no-such-file.pkl")
        Traceback (most recent call last):
        FileNotFoundError: [Errno 2] No such file or directory: 'no-such-file.pkl'

    (chapter *The published explanations, re-read*)
    """
    data = Path(path).read_bytes()
    try:
        unpickled = _Tables(io.BytesIO(data)).load()
        table = {}
        for index, row in unpickled.items():
            table[int(index)] = {str(feature): float(number) for feature, number in row.items()}
        return table
    except Exception as error:
        raise ValueError(f"{path} is no published table of weights or counts: {error}") from error


def _as_table(path: Path, classes: list[str]) -> pd.DataFrame:
    """A file's dictionaries as a table, its class indices as names."""
    table = pd.DataFrame.from_dict(read_pickle(path), orient="index").sort_index().fillna(0.0)
    table.index = [classes[index] for index in table.index]
    return table


def _file(name: str, sha256: str, download: bool) -> Path:
    """The path of a file, fetched where that is asked for, whose checksum is right."""
    given = os.environ.get("MUSICLIME_REFERENCE")
    folder = Path(given).expanduser() if given else cache.root() / "published" / COMMIT[:7]
    path = folder / name
    if download and not given and not path.is_file():
        cache.fetch(f"{FOLDER}/{name}", path, sha256)
    if not path.is_file():
        advice = "name its folder in MUSICLIME_REFERENCE, or fetch it with download=True"
        raise FileNotFoundError(f"the authors' {name} is not in {folder}: {advice}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{path} is not the published file, its SHA-256 differs: delete it, fetch it again")
    return path


def _digest(text: str) -> str:
    """The first eight hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class _Tables(pickle.Unpickler):
    """An unpickler in which no name in the file reaches anything but the stand-ins below."""

    def find_class(self, module: str, name: str) -> Any:
        full_name = f"{module}.{name}"
        if full_name == "collections.defaultdict":
            return _empty_dictionary
        if full_name == "numpy.dtype":
            return _number_or_text_type
        if full_name in ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"):
            return _scalar
        if full_name in FACTORIES:
            return None
        raise pickle.UnpicklingError(f"it names {full_name}; nothing in it was run")


# What the dictionaries of the files were made with: named there, never called here.
FACTORIES = (
    "__main__.default_dict_of_int",
    "__main__.default_dict_of_float",
    "builtins.int",
    "builtins.float",
)


def _empty_dictionary(factory: Any) -> Any:
    """Stands in for collections.defaultdict."""
    return {}


def _number_or_text_type(code: Any, *_: Any) -> Any:
    """Stands in for numpy.dtype, for numbers and text only."""
    if not re.fullmatch(r"[fiU]\d{1,4}", str(code)):
        raise pickle.UnpicklingError(f"it holds an array type {code!r}: only numbers and text are expected")
    return np.dtype(code)


def _scalar(dtype: Any, data: Any) -> Any:
    """Stands in for numpy's scalars."""
    return np.frombuffer(data, dtype, count=1)[0].item()
