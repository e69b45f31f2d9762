"""The authors' published aggregates: a pinned download or a local folder, checked, unpickled without trust.

The files are not ours to pass on: they are read where MUSICLIME_REFERENCE says, or fetched on request.
"""

import hashlib
import io
import os
import pickle
import re
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd

from .. import files as cache
from .labels import EMOTIONS, GENRES, taxonomy_path

COMMIT = "d583ff20e98f395d7fb39d4c6f14a81f133cd40c"
RESULTS = f"https://raw.githubusercontent.com/IamTheo2000/MusicLIME/{COMMIT}/Results"
# Figures in the same repository name these classes, alphabetical as the indices of its tables are.
AUDIOSET = ["electronic", "folk", "heavy music", "hip hop", "pop", "rhythm music", "rock (three kinds)"]
CLASSES = {"genre": GENRES, "emotion": EMOTIONS, "audioset": AUDIOSET}
# Of each table its name, its two files, and the SHA-256 of the weights and of the counts.
TABLES = pd.read_csv(taxonomy_path().with_name("published_tables.csv")).set_index("table").T.to_dict("list")
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
    """Whether a word is a slur or swearword, or holds one (chapter *The published explanations, re-read*)."""
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()[:8]  # noqa: E731
    word = word.casefold()
    parts = {word[i : i + n] for n in range(4, 8) for i in range(len(word) - n + 1)}
    return digest(word) in WHOLE or any(digest(part) in PARTS for part in parts)


def mask(word: str) -> str:
    """A word fit to print: of a slur the first letter (chapter *The published explanations, re-read*)."""
    return word[:1] + "*" * (len(word) - 1) if is_slur(word) else word


def _dtype(code, *_):
    if not re.fullmatch(r"[fiU]\d{1,4}", str(code)):
        raise pickle.UnpicklingError(f"it holds an array type {code!r}: only numbers and text are expected")
    return np.dtype(code)


def _scalar(dtype, data):
    return np.frombuffer(data, dtype, count=1)[0].item()


class _Tables(pickle.Unpickler):
    """Two levels of dictionary, text and numbers: no name in the file reaches anything else."""

    EXPECTED = {"collections.defaultdict": lambda factory: {}, "numpy.dtype": _dtype}
    EXPECTED |= dict.fromkeys(["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"], _scalar)
    # Factories of the dictionaries: named in the file, never called here.
    EXPECTED |= dict.fromkeys(["__main__.default_dict_of_int", "__main__.default_dict_of_float"])
    EXPECTED |= dict.fromkeys(["builtins.int", "builtins.float"])

    def find_class(self, module, name):
        if f"{module}.{name}" not in self.EXPECTED:
            raise pickle.UnpicklingError(f"it names {module}.{name}; nothing in it was run")
        return self.EXPECTED[f"{module}.{name}"]


def read_pickle(path) -> dict[int, dict[str, float]]:
    """A table, {class index: {feature: number}} (chapter *The published explanations, re-read*)."""
    data = Path(path).read_bytes()
    try:
        table = _Tables(io.BytesIO(data)).load()
        return {int(c): {str(j): float(x) for j, x in row.items()} for c, row in table.items()}
    except Exception as error:
        raise ValueError(f"{path} is no published table of weights or counts: {error}") from error


def _file(name: str, sha256: str, download: bool) -> Path:
    given = os.environ.get("MUSICLIME_REFERENCE")
    path = (Path(given).expanduser() if given else cache.root() / "published" / COMMIT[:7]) / name
    if download and not given and not path.is_file():
        with urllib.request.urlopen(f"{RESULTS}/feature_weights_%26_counts/{name}", timeout=60) as answer:
            data = answer.read(10_000_000)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if not path.is_file():
        advice = "name its folder in MUSICLIME_REFERENCE, or fetch it with download=True"
        raise FileNotFoundError(f"the authors' {name} is not in {path.parent}: {advice}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ValueError(f"{path} is not the published file, its SHA-256 differs: delete it, fetch it again")
    return path


def load(name: str, download: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summed positive weights, and counts (chapter *The published explanations, re-read*)."""
    if name not in TABLES:
        raise ValueError(f"there is no published table {name!r}; there are {', '.join(TABLES)}")
    (file, *digests), classes = TABLES[name], CLASSES[name.split()[0]]
    files = zip((file.format("weights"), file.format("counts")), digests)
    rows = [read_pickle(_file(*file, download)) for file in files]
    sums, counts = (pd.DataFrame.from_dict(row, orient="index").sort_index().fillna(0.0) for row in rows)
    sums.index = [classes[i] for i in sums.index]
    return sums, counts.set_axis(sums.index).reindex_like(sums)
