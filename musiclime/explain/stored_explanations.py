"""Explanations on disk: one small Parquet file a song, folded into shards; every file whole or not there."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .explanation import Explanation, Feature

SHARD = 64
NUMBERS = ("weights", "errors", "intercept", "score", "probabilities")
SCHEMA = pa.schema(
    [("position", pa.int64()), ("id", pa.string()), ("classes", pa.list_(pa.string()))]
    + [("names", pa.list_(pa.string())), ("modalities", pa.list_(pa.string()))]
    + [(name, pa.list_(pa.float64())) for name in NUMBERS]
    + [("samples", pa.int64()), ("seed", pa.int64()), ("design", pa.string()), ("rest", pa.string())]
)


def stored(out, light: bool = False) -> Iterator[Explanation]:
    """The explanations of a folder, one by one, in the corpus's order (chapter *A corpus of explanations*).

    light: features carry name and modality alone: all that aggregation needs, and several times as fast.
    """
    columns = [name for name in SCHEMA.names if not (light and name == "rest")]
    for path in sorted(Path(out).glob("shard-*.parquet")):
        for batch in _batches(path, columns):
            numbers = {name: _split(batch.column(name)) for name in NUMBERS}
            plain = batch.drop_columns(list(NUMBERS)).to_pylist()
            for i, row in enumerate(plain):
                yield _from_row(row, {name: numbers[name][i] for name in NUMBERS})


def _batches(path: Path, columns: list[str]):
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        if file.schema_arrow != SCHEMA:
            raise ValueError("it holds something else")
        yield from file.iter_batches(16, columns=columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}): run explain_corpus on it again") from error


def _split(column) -> list[np.ndarray]:
    """The rows of a list column as arrays, without a Python float for every number."""
    ends = column.offsets.to_numpy()
    return np.split(column.flatten().to_numpy(), (ends[1:-1] - ends[0]).tolist())


def to_row(position: int, explanation: Explanation) -> dict:
    row = {"position": position, "id": str(explanation.song.get("id", "")), "classes": explanation.classes}
    for name in NUMBERS:
        row[name] = np.asarray(getattr(explanation, name), float).ravel()
        if not np.isfinite(row[name]).all():
            raise ValueError(f"the explanation's {name} hold NaN or infinity")
    row |= {
        "names": [f.name for f in explanation.features],
        "modalities": [f.modality for f in explanation.features],
    }
    row |= {name: getattr(explanation, name) for name in ("samples", "seed", "design")}
    rest = {name: getattr(explanation, name) for name in ("song", "provenance")}
    rest["features"] = [asdict(feature) for feature in explanation.features]
    row["rest"] = json.dumps(rest, allow_nan=False, ensure_ascii=False)
    row["rest"].encode()  # half a character is this song's fault, to be found before the shard is written
    return row


_name_only = lru_cache(maxsize=1 << 18)(Feature)


def _from_row(row: dict, numbers: dict) -> Explanation:
    shape = (len(row["classes"]), len(row["names"]))
    numbers |= {name: numbers[name].reshape(shape) for name in ("weights", "errors")}
    same = {name: row[name] for name in ("classes", "samples", "seed", "design")}
    if "rest" not in row:
        features = list(map(_name_only, row["names"], row["modalities"]))
        return Explanation(features=features, song={"id": row["id"]}, **same, **numbers)
    rest = json.loads(row["rest"])
    features = [Feature(**{**f, "positions": tuple(map(tuple, f["positions"]))}) for f in rest["features"]]
    return Explanation(features=features, song=rest["song"], provenance=rest["provenance"], **same, **numbers)


def fold(out: Path, first: int) -> Path:
    """Fold the songs of one shard into its file, in order; safe to repeat at any moment."""
    shard = out / f"shard-{first:08d}.parquet"
    parts = [out / "songs" / f"{position:08d}.parquet" for position in range(first, first + SHARD)]
    parts = [path for path in parts if path.is_file()]
    if parts or not shard.is_file():
        rows = {
            row["position"]: row
            for path in [shard, *parts]
            if path.is_file()
            for row in pq.read_table(path).to_pylist()
        }
        save(shard, [rows[position] for position in sorted(rows)])
    for path in parts:
        path.unlink()
    return shard


def whole_files(out: Path) -> list[Path]:
    """The files of a folder, swept of drafts of killed runs and of damaged files: their songs are redone."""
    for draft in out.rglob("*.part"):
        draft.unlink()
    whole = []
    for path in sorted(out.glob("shard-*.parquet")) + sorted(out.glob("songs/*.parquet")):
        try:
            if pq.read_table(path, page_checksum_verification=True).schema != SCHEMA:
                raise ValueError("a table of something else")
            whole.append(path)
        except (pa.ArrowException, OSError, ValueError):
            print(f"{path.name} is damaged: its songs are explained again")
            path.unlink()
    return whole


def positions(path: Path) -> list[int]:
    return pq.read_table(path, columns=["position"])["position"].to_pylist()


def save(path: Path, rows: list[dict]) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), sink, write_page_checksum=True, compression="zstd")
    write(path, sink.getvalue())


def write(path: Path, data) -> None:
    """All of a file or nothing of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ValueError(
            f"{path} could not be written ({error.strerror}): make room and run again"
        ) from error
