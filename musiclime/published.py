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

from . import cache
from .labels import EMOTIONS, GENRES

COMMIT = "d583ff20e98f395d7fb39d4c6f14a81f133cd40c"
SOURCE = (
    f"https://raw.githubusercontent.com/IamTheo2000/MusicLIME/{COMMIT}/Results/feature_weights_%26_counts/"
)
# Figures in the same repository name these classes, alphabetical as the indices of its tables are.
AUDIOSET = ["electronic", "folk", "heavy music", "hip hop", "pop", "rhythm music", "rock (three kinds)"]
# Each table: its classes, its two files, and the SHA-256 of the weights and of the counts.
TABLES = {
    "genre lyrics": (GENRES, "genre_feature_{}_640.pkl",
        "e6bac3b70cb4d776af97607c079ab64bb19c09c17d0f0ac93cb06161ea88021c",
        "234038a8ffd9697261b3562a6494857d0229e15011113c1587b6c91583e208ec"),
    "genre audio": (GENRES, "audio_genre_feature_{}.pkl",
        "6ddecc4fb055ebd4a41093a5bf66a75c72a743fcfd6fdee4e3a8236671b8e0f5",
        "7e328adb323b2dd3b6486cd9e958f2d9d6afa39853d8497a0b947a57e72c85cc"),
    "genre multimodal": (GENRES, "genre_multimodal_feature_{}_5000.pkl",
        "48e2a136511accb80e127dee5ac7928248db11c790284d3ae0c78c9b7e4d893d",
        "c404d9b708cf4e7f0e3c0ac4d364f32a261266e78b5b5371349ae804981b3ffb"),
    "emotion lyrics": (EMOTIONS, "emotion_feature_{}.pkl",
        "1e71269407b00446cbcdb04c9190cf99bd399f09b3a6259a460e01621d2fb75d",
        "09063d5db18b501f75c5c65bb2c8329b70426af79b6a966a5438a37d29579f15"),
    "audioset lyrics": (AUDIOSET, "audioset_lyrics_feature_{}.pkl",
        "22ec0c4639b619ba8f2762aa57b53c38ee4b34407415f8c62c01e1261c1c9295",
        "ba62c1fdeb8feb6de7736a1da0296f693ce1b4b498548ba15b40a1ec6dc33ecf"),
}  # fmt: skip
# Slurs and swearwords as the first eight digits of their SHA-256: parts of a word, and whole words.
PARTS = (
    "038c9ccd 0f28c496 12e6274e 158869a9 16ea09fc 396ccc4a 40582c4d 41b4d5e8 566f532d 6ac3c336 77ccd223 "
    "85fc17f7 886d51e9 9ae315a9 c2c3b68b c3de533e cc020323 d75a838d eef3bd09 f59e28f8 f9d0d9b1 "
)
WHOLE = (
    "0340a569 044eb98b 17bde8b4 26578569 32c2aaad 380c97e6 429fecdc 6f105af5 70a4ce37 7d2969e3 98b52c4b "
    "9915ba2d 9b37312c daec0c23 e7b98c6a f50c51ed "
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
        with urllib.request.urlopen(SOURCE + name, timeout=60) as answer:
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
    classes, file, *digests = TABLES[name]
    files = zip((file.format("weights"), file.format("counts")), digests)
    rows = [read_pickle(_file(*file, download)) for file in files]
    sums, counts = (pd.DataFrame.from_dict(row, orient="index").sort_index().fillna(0.0) for row in rows)
    sums.index = [classes[i] for i in sums.index]
    return sums, counts.set_axis(sums.index).reindex_like(sums)
