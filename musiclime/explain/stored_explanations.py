"""Explanations on disk: one Parquet file a song, whole or not there, read as one table by pyarrow.dataset."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from ..files import whole
from .explanation import NUMBERS, Explanation, Feature

SCHEMA = pa.schema(
    [("position", pa.int64()), ("id", pa.string()), ("classes", pa.list_(pa.string()))]
    + [("names", pa.list_(pa.string())), ("modalities", pa.list_(pa.string()))]
    + [(name, pa.list_(pa.float64())) for name in NUMBERS]
    + [("samples", pa.int64()), ("seed", pa.int64()), ("design", pa.string()), ("rest", pa.string())]
)


def song_file(out: Path, position: int) -> Path:
    """Where the explanation of the song at this position lies."""
    return out / "songs" / f"{position:08d}.parquet"


def song_files(out: Path) -> list[Path]:
    """The files of a folder, in the corpus's order."""
    return sorted(path for path in (Path(out) / "songs").glob("*.parquet") if path.stem.isdigit())


def stored(out: str | Path, light: bool = False) -> Iterator[Explanation]:
    """Read the explanations of a folder, one by one (chapter *A corpus of explanations*).

    What is too large to keep for every song is not there: the errors of differences between classes, and the
    song's sound.

    Args:
        out: the folder that `explain_corpus` wrote.
        light: features carry name and modality alone: all that aggregation needs, and several times as fast.

    Returns:
        An iterator over explanations in the corpus's order.
    """
    files = song_files(Path(out))
    columns = [name for name in SCHEMA.names if not (light and name == "rest")]
    checked = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    table = ds.dataset(list(map(str, files)), schema=SCHEMA, format="parquet")
    try:
        for batch in table.to_batches(columns=columns, fragment_scan_options=checked):
            numbers = {name: _split(batch.column(name)) for name in NUMBERS}
            plain = batch.drop_columns(list(NUMBERS)).to_pylist()
            for i, row in enumerate(plain):
                yield _from_row(row, {name: numbers[name][i] for name in NUMBERS})
    except (pa.ArrowException, OSError) as error:
        why = str(error).split("\n")[0][:200]
        raise ValueError(f"{out} holds a damaged file ({why}): run explain_corpus on it again") from error


def _split(column: Any) -> list[np.ndarray]:
    """The rows of a list column as arrays, without a Python float for every number."""
    ends = column.offsets.to_numpy()
    return np.split(column.flatten().to_numpy(), (ends[1:-1] - ends[0]).tolist())


def save(path: Path, position: int, explanation: Explanation) -> None:
    """Write the explanation of one song, whole or not at all.

    Args:
        path: the Parquet file to write.
        position: the song's row in the table of its corpus.
        explanation: what is kept.
    """
    table = pa.Table.from_pylist([_to_row(position, explanation)], SCHEMA)
    try:
        with whole(path) as draft:
            pq.write_table(table, draft, write_page_checksum=True, compression="zstd")
    except OSError as error:
        why = error.strerror or str(error)
        raise OSError(f"{path} could not be written ({why}): make room and run again") from error


def _to_row(position: int, explanation: Explanation) -> dict:
    row: dict[str, Any] = {"position": position, "id": str(explanation.song.get("id", ""))}
    row["classes"] = explanation.classes
    for name in NUMBERS:
        row[name] = np.asarray(getattr(explanation, name), float).ravel()
        if not np.isfinite(row[name]).all():
            raise ValueError(f"the explanation's {name} hold NaN or infinity")
    row["names"] = [feature.name for feature in explanation.features]
    row["modalities"] = [feature.modality for feature in explanation.features]
    row |= {name: getattr(explanation, name) for name in ("samples", "seed", "design")}
    rest = {name: getattr(explanation, name) for name in ("song", "provenance")}
    rest["features"] = [asdict(feature) for feature in explanation.features]
    row["rest"] = json.dumps(rest, allow_nan=False, ensure_ascii=False)
    row["rest"].encode()  # half a character is this song's fault, to be found before the file is written
    return row


_name_only = lru_cache(maxsize=1 << 18)(Feature)


def _from_row(row: dict, numbers: dict) -> Explanation:
    shape = (len(row["classes"]), len(row["names"]))
    for name in ("weights", "errors"):
        numbers[name] = numbers[name].reshape(shape)
    same = {name: row[name] for name in ("classes", "samples", "seed", "design")}
    if "rest" not in row:
        features = list(map(_name_only, row["names"], row["modalities"]))
        return Explanation(features=features, song={"id": row["id"]}, **same, **numbers)
    rest = json.loads(row["rest"])
    features = []
    for known in rest["features"]:
        positions = tuple(map(tuple, known["positions"]))
        features.append(Feature(**{**known, "positions": positions}))
    return Explanation(features=features, song=rest["song"], provenance=rest["provenance"], **same, **numbers)


def sweep(out: Path) -> set[int]:
    """Remove drafts of killed runs and damaged files, and say which songs are there."""
    for draft in out.rglob("*.part*"):
        draft.unlink()
    there = set()
    for path in song_files(Path(out)):
        try:
            if pq.read_table(path, page_checksum_verification=True).schema != SCHEMA:
                raise ValueError("a table of something else")
            there.add(int(path.stem))
        except (pa.ArrowException, OSError, ValueError):
            print(f"{path.name} is damaged: its song is explained again")
            path.unlink()
    return there
