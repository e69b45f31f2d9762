"""The authors' published splits, tokens and spectrograms: songs with lyrics and features, but no sound."""

import io
import json
import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..labels import EMOTIONS, GENRES, genre_of
from ..lyrics import clean_lyrics
from ..song import Corpus, Song
from .curation import Sieve
from .source_files import SAFE_ID, folder, known_of

SPLITS = ("train", "val", "test")
KEYS = ("id", "lyrics", "primary_short", "emotion")
FEATURES_SHAPE = (1024, 128)  # frames and mel bands of what an audio spectrogram transformer is given
SPECTROGRAM_FOLDERS = ("spectogram_pikles", "spectrogram_pickles", "spectrograms")
SAMPLE_RATE = 16000
# All that a pickled numpy array names, in numpy 1 and 2.
ADMITTED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
}


def load(
    root: str | Path | None,
    tokens: str | Path | None = None,
    spectrograms: str | Path | None = None,
    clean: bool = False,
) -> Corpus:
    """Read what the authors published of their corpus.

    Args:
        root: a folder with train.json, val.json and test.json, in itself or anywhere below (on Kaggle:
            /kaggle/input).
        tokens: tokenized_texts.json; None looks for it below root, and does without it.
        spectrograms: the folder of one pickle or .npy file a song; None looks for it below root, and does
            without it.
        clean: whether ml.clean_lyrics is applied; the authors' models were trained without.

    Returns:
        A corpus whose songs have lyrics, and features and tokens where these were found, but no sound.

    (chapter *Reproduce on Kaggle*)
    """
    root = folder(root, "published")
    home = _folder_of_splits(root)
    tables, texts = [], {}
    for split in SPLITS:
        rows = _read_lines(home / f"{split}.json")
        texts.update({row["id"]: row["lyrics"] for row in rows})
        tables.append(_table_of(rows, split))
    sieve = Sieve(pd.concat(tables, ignore_index=True))
    sieve.drop(~sieve.table["id"].str.fullmatch(SAFE_ID), "unsafe id: it could name a file elsewhere")
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    sieve.drop_where([_label_problem(row) for row in sieve.table.itertuples()])

    tokens_at = _found(tokens, root, ["tokenized_texts.json"])
    tokens_of = _read_tokens(tokens_at)
    features_at = _found(spectrograms, root, SPECTROGRAM_FOLDERS)

    def read(row: pd.Series) -> Song:
        lyrics = texts[row["id"]]
        return Song(
            np.zeros(0, np.float32),
            SAMPLE_RATE,
            clean_lyrics(lyrics) if clean else lyrics,
            features=_read_features(features_at, row["id"]) if features_at is not None else None,
            tokens=tokens_of.get(row["id"]),
            **known_of(row),
        )

    def files(row: Mapping) -> list[Path]:
        paths = [home / f"{row['split']}.json"]
        if tokens_at is not None:
            paths.append(tokens_at)
        if features_at is not None:
            paths += _features_files(features_at, row["id"])
        return paths

    return sieve.corpus("published", read, files=files)


def _folder_of_splits(root: Path) -> Path:
    homes = [root, *sorted({path.parent for path in root.rglob("train.json")})]
    for home in homes:
        missing = [split for split in SPLITS if not (home / f"{split}.json").is_file()]
        if not missing:
            return home
    raise FileNotFoundError(
        f"published: there is no train.json with val.json and test.json in {root}: give the folder of the "
        "authors' splits"
    )


def _found(given: str | Path | None, root: Path, names: tuple[str, ...] | list[str]) -> Path | None:
    """What is given, else the first of these names below root, else nothing."""
    if given is not None:
        if not Path(given).exists():
            raise FileNotFoundError(f"published: there is no {str(given)!r}: leave it out, or give its path")
        return Path(given)
    for name in names:
        found = sorted(root.rglob(name))
        if found:
            return found[0]
    return None


def _read_lines(path: Path) -> list[dict]:
    """The songs of one split: a JSON object a line."""
    rows = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path} line {number} is no JSON object: give the authors' file") from error
            if not isinstance(row, dict) or any(key not in row for key in KEYS):
                keys = ", ".join(map(str, row))[:100] if isinstance(row, dict) else type(row).__name__
                raise ValueError(f"{path} line {number} has not the keys {', '.join(KEYS)}: it has {keys}")
            rows.append({key: str(row[key] if row[key] is not None else "") for key in KEYS})
    return rows


def _table_of(rows: list[dict], split: str) -> pd.DataFrame:
    emotion_of_name = {emotion.casefold(): emotion for emotion in EMOTIONS}
    table = pd.DataFrame(rows, columns=list(KEYS), dtype=object)
    genres = [_genre_named(name) for name in table["primary_short"]]
    emotions = [emotion_of_name.get(name.strip().casefold(), name) for name in table["emotion"]]
    return pd.DataFrame(
        {
            "id": table["id"],
            "artist": "",
            "title": table["id"],
            "genre": genres,
            "emotion": emotions,
            "valence": math.nan,
            "energy": math.nan,
            "split": split,
        }
    )


def _genre_named(name: str) -> str:
    plain = name.strip().casefold()
    return plain if plain in GENRES else genre_of(plain) if plain else ""


def _label_problem(row: Any) -> str:
    if row.genre not in ("", "other", *GENRES):
        return f"no genre: {row.genre}"
    if row.emotion not in ("", *EMOTIONS):
        return f"no emotion: {row.emotion}"
    return ""


def _read_tokens(path: Path | None) -> dict[str, np.ndarray]:
    """The numbers of each song's tokens, without the padding that its mask marks."""
    if path is None:
        return {}

    def without_padding(found: dict) -> dict | np.ndarray:
        # Called for each song as it is parsed: sixty thousand songs as Python lists would take gigabytes.
        if list(found) != ["ids", "mask"]:
            return found
        ids, mask = np.asarray(found["ids"], np.int32), np.asarray(found["mask"])
        return ids[mask == 1]

    try:
        songs = json.loads(path.read_text("utf-8"), object_hook=without_padding)
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is not read ({type(error).__name__}): give the authors' file") from error
    whole = isinstance(songs, dict) and all(isinstance(ids, np.ndarray) for ids in songs.values())
    if not whole:
        raise ValueError(f"{path} does not hold ids and mask for each song: give the authors' file")
    return songs


def _features_files(place: Path, id: str) -> list[Path]:
    names = (f"{id}.npy", f"{id}.pkl", f"{id}.pickle", id)
    return [place / name for name in names if (place / name).is_file()]


def _read_features(place: Path, id: str) -> np.ndarray | None:
    """What an audio model is given for a song; None where there is no file for it."""
    found = _features_files(place, id)
    if not found:
        return None
    path = found[0]
    if path.suffix == ".npy":
        try:
            array = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f"{path} is no array of numbers: make it anew from the pickle") from error
    else:
        array = _array_in(unpickled(path), id, path)
    return _checked(array, path)


def _array_in(content: object, id: str, path: Path) -> object:
    """The array in {id: [array]}."""
    if not isinstance(content, dict) or id not in content:
        raise ValueError(f"{path} does not hold a dictionary with the song {id!r}: give the authors' pickle")
    arrays = content[id]
    if isinstance(arrays, list | tuple) and len(arrays) == 1:
        return arrays[0]
    return arrays


def _checked(array: object, path: Path) -> np.ndarray:
    try:
        array = np.asarray(array, dtype=np.float32).squeeze()
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} holds no array of numbers") from error
    if array.shape != FEATURES_SHAPE:
        raise ValueError(f"{path} holds an array of the shape {array.shape}, not {FEATURES_SHAPE}")
    if not np.isfinite(array).all():
        raise ValueError(f"{path} holds NaN or infinite values")
    return array


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that makes numpy arrays and Python's own containers, and nothing that could act."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise ValueError(f"names {module}.{name}, which is no array")
        return super().find_class(module, name)


def unpickled(path: str | Path) -> object:
    """Read a pickle that may hold arrays, numbers, texts, lists and dictionaries only.

    Args:
        path: the pickle.

    Returns:
        What it holds; a ValueError in one sentence for a pickle that names anything else, for such a pickle
        could run what it likes.
    """
    path = Path(path)
    try:
        return _ArraysOnly(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # a broken pickle fails in ways of its own
        raise ValueError(f"{path} is not read: it {_why(error)}"[:300]) from error


def _why(error: Exception) -> str:
    text = str(error)
    return text if text.startswith("names ") else f"is no whole pickle ({type(error).__name__}: {text})"
