"""The exam as files: songs and questions for any explainer, the truth apart, and a grader.

python -m musiclime.judge.exam_pack write FOLDER
python -m musiclime.judge.exam_pack grade answers.json --truth FOLDER-truth.json
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import soundfile as sf

from ..data.song import Song
from ..files import whole
from .planted_evidence import evidence_costs
from .scores import clustered_mean, score

if TYPE_CHECKING:
    from ..explain.explainers import MusicLIME
    from ..explain.features import Space

SCHEMA = 1
NEEDED = 0.2
MARKS = ("auc", "precision", "pointing", "share")
TASK = (
    "For each song, say how much each feature speaks for the label: a number for each, larger is more. "
    "A cell is one stem in a tenth of the clip: drums3 is the drums in the fourth tenth. A word stands for "
    'all its occurrences. Write {"name": "my method", "answers": {song id: {feature: number}}}; a missing '
    "feature counts as 0. Sounds are FLAC, 16 bit; the stems add up to the mix."
)


def exam_pack(
    folder: str | Path, songs: Iterable[Song] | None = None, count: int = 20, model: Any = None
) -> Path:
    """Write the exam as files that anyone can answer without this package.

    Args:
        folder: a new folder for `exam.json` and the sounds. The truth goes into FOLDER-truth.json beside it,
            so that you need not hand it out.
        songs: songs with planted evidence; by default the first of the demo's test songs.
        count: how many songs, where none are given.
        model: a model whose answers decide which songs count (replacing their evidence costs it 0.2 of
            probability or more); by default the demo's. False: all songs count.

    Returns:
        The folder.

    Example:
        >>> import tempfile, musiclime as ml
        >>> folder = exam_pack(Path(tempfile.mkdtemp()) / "pack", ml.load_corpus("demo", size=1), model=False)
        >>> sorted(path.name for path in folder.iterdir())
        ['exam.json', 'sounds']

    (chapter *The exam*)
    """
    from ..explain.explainers import MusicLIME

    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty: name a new folder for the exam")
    if model is None:
        from ..models.training import load_model

        model = load_model()
    if songs is None:
        from ..data.corpora import load_corpus

        test = load_corpus("demo").split("test")
        songs = (test[position] for position in range(min(count, len(test))))

    explainer = MusicLIME(model or _no_model, progress=False)
    questions, truth = [], {}
    for song in songs:
        if not song.evidence:
            raise ValueError(f"song {song.id!r} has no planted evidence: only such songs can be graded")
        space = explainer.space(song)
        questions.append(_question(folder, song, space))
        truth[song.id] = _truth(explainer if model else None, song, space)
    _write(folder / "exam.json", {"schema": SCHEMA, "task": TASK, "songs": questions})
    _write(_truth_file(folder), {"schema": SCHEMA, "songs": truth})
    return folder


def _no_model(audio: np.ndarray, lyrics: list[str]) -> Any:
    return np.zeros((len(audio), 1))


def _truth_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-truth.json")


def _question(folder: Path, song: Song, space: "Space") -> dict:
    """What an entrant gets of one song; its sounds are written."""
    place = folder / "sounds" / song.id
    place.mkdir(parents=True, exist_ok=True)
    sounds = {"mix": space.song.audio, **space.song.known_stems}
    files = {}
    for name, audio in sounds.items():
        file = place / f"{name}.flac"
        sf.write(file, np.clip(audio, -1, 1), space.song.sample_rate, subtype="PCM_16")
        files[name] = file.relative_to(folder).as_posix()
    cells = [
        {"name": cell.name, "stem": cell.stem, "start": cell.start, "end": cell.end} for cell in space.audio
    ]
    return {
        "id": song.id,
        "label": song.genre,
        "lyrics": space.song.lyrics,
        "sounds": files,
        "cells": cells,
        "words": [word.name for word in space.lyrics],
    }


def _truth(explainer: "MusicLIME | None", song: Song, space: "Space") -> dict:
    assert song.evidence is not None  # exam_pack refuses other songs
    evidence = song.evidence["genre"]
    planted = {f"{stem}{segment}" for stem, segment in evidence["cells"]} | set(evidence["words"])
    counts = {"audio": True, "lyrics": True}
    if explainer is not None:
        costs = evidence_costs(explainer, song, song.genre)
        counts = {modality: bool(costs[modality] >= NEEDED) for modality in counts}
    features = {
        "audio": {cell.name: cell.name in planted for cell in space.audio},
        "lyrics": {word.name: word.name in planted for word in space.lyrics},
    }
    return {"counts": counts, "features": features}


def _write(file: Path, data: dict) -> None:
    with whole(file) as draft:
        draft.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")


def grade(answers: str | Path, truth: str | Path) -> pd.DataFrame:
    """Grade a file of weights.

    Args:
        answers: the path of an entrant's JSON.
        truth: the path of the pack's FOLDER-truth.json.

    Returns:
        A row for each song and modality with evidence: `auc`, `precision`, `pointing`, `share`, `counts`.

    (chapter *The exam*)
    """
    given, known = _read(answers, "answers"), _read(truth, "songs")
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"{answers} answers about {unknown[0]!r}, which is no song of this exam")
    missing = sorted(set(known) - set(given))
    if missing:
        raise ValueError(
            f"{answers} says nothing about song {missing[0]!r}: answer about all {len(known)} songs"
        )
    rows = []
    for song, facts in known.items():
        weights = given[song]
        names = [name for features in facts["features"].values() for name in features]
        for name, weight in weights.items():
            if name not in names:
                raise ValueError(f"{answers}: song {song!r} has no feature {name!r}")
            if not isinstance(weight, int | float) or not np.isfinite(weight):
                raise ValueError(f"{answers}: the weight of {name!r} in song {song!r} is not a finite number")
        for modality, features in facts["features"].items():
            true = np.array(list(features.values()), dtype=bool)
            if not true.any() or true.all():
                continue
            found = np.array([float(weights.get(name, 0.0)) for name in features])
            counts = facts["counts"][modality]
            rows.append({"song": song, "modality": modality, **score(found, true), "counts": counts})
    return pd.DataFrame(rows)


def _read(path: str | Path, key: str) -> dict:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))[key]
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file {str(path)!r}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} is no JSON with {key!r} ({error})") from error
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise ValueError(f"{path}: {key!r} maps each song to an object")
    return found


def board(graded: pd.DataFrame) -> pd.DataFrame:
    """Means over the songs that count, with 95 % intervals, one row a modality and mark."""
    counted = graded[graded["counts"]]
    rows = []
    for modality, part in counted.groupby("modality"):
        for name in MARKS:
            rows.append({"modality": modality, "mark": name, **clustered_mean(part[name], part["song"])})
    return pd.DataFrame(rows, columns=["modality", "mark", "mean", "low", "high", "clusters"]).rename(
        columns={"clusters": "songs"}
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m musiclime.judge.exam_pack")
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="write the exam into a new folder")
    write.add_argument("folder")
    write.add_argument("--count", type=int, default=20, help="how many songs")
    check = commands.add_parser("grade", help="grade a file of weights")
    check.add_argument("answers")
    check.add_argument("--truth", required=True, help="FOLDER-truth.json")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "write":
            print(exam_pack(asked.folder, count=asked.count))
        else:
            print(board(grade(asked.answers, asked.truth)).round(3).to_string(index=False))
    except (ValueError, FileNotFoundError) as error:
        print(f"musiclime: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
