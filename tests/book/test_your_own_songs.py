"""Every chapter on a reader's own songs: a folder without planted evidence, and real karaoke songs."""

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import plain_songs
import pytest

import musiclime as ml

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = Path(os.environ.get("MUSICLIME_REFERENCE", "")) / "songs"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
# Of each chapter the smallest counts with which it still says something.
SMALL = {
    "train": {"epochs": 1, "trained_songs": 90},
    "compare": {},
    "cards": {},
    "explain": {"samples": 100, "by_hand": 100},
    "prototypes": {"samples": 60},
    "four-explainers": {"samples": 60, "patch_samples": 30, "looked_at": 3},
    "aggregate": {"songs": 8, "masks": 100},
    "regression": {"effort": 0.1},
    "trust": {"songs": 2, "samples": 100, "asked": 9, "seeds": 2, "random_orders": 2},
    "when-it-fails": {"samples": 120, "songs": 1, "rare": 12},
    "interaction": {"songs": 1, "size": 90, "masks": 60},
    "counterfactual": {"songs": 2, "samples": 100, "drawn": 10},
}
REAL = {
    "explain": {"samples": 80, "by_hand": 20, "among": 3, "longest": 3.0},
    "compare": {},
    "aggregate": {"songs": 3, "masks": 80, "longest": 3.0},
}
# What is said instead of a failure, where a chapter would speak of planted evidence.
SAYS = "no planted evidence"
SPEAKS_OF_EVIDENCE = set(SMALL) - {"explain", "prototypes", "regression", "interaction"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    return plain_songs.write(tmp_path_factory.mktemp("own") / "songs")


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """One cache for all chapters: each model is trained once."""
    return tmp_path_factory.mktemp("cache")


def run(chapter: str, parameters: dict, cache: Path, folder: Path) -> str:
    """Run a chapter as from the command line; answers all that it shows as text."""
    source, done = folder / f"{chapter}.ipynb", folder / f"{chapter}-done.ipynb"
    nbformat.write(jupytext.read(ROOT / "notebooks" / f"{chapter}.py"), source)
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3", source, done]
    for name, value in parameters.items():
        command += ["-p", name, value]
    environment = {"MUSICLIME_CACHE": str(cache), "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"} | environment
    ran = subprocess.run(list(map(str, command)), cwd=ROOT, text=True, capture_output=True, env=environment)
    assert ran.returncode == 0, ran.stderr[-4000:]
    told = []
    for cell in nbformat.read(done, as_version=4).cells:
        for output in cell.get("outputs", []):
            told += [output.get("text", ""), *map(str, output.get("data", {}).values())]
    return "\n".join(told)


@pytest.mark.parametrize("chapter", SMALL)
def test_a_chapter_runs_on_a_folder_without_planted_evidence(chapter, songs, cache, tmp_path):
    parameters = {"corpus": "folder", "root": songs, "preset": "demo", **SMALL[chapter]}
    told = run(chapter, parameters, cache, tmp_path)
    assert chapter not in SPEAKS_OF_EVIDENCE or SAYS in told


def test_curation_fills_rare_moods_of_a_folder_from_another(songs, cache, tmp_path):
    more = plain_songs.write(tmp_path / "more", seed=1, name="candidate")
    parameters = {"corpus": "folder", "root": songs, "more": more, "rows": 40, "compared": 60}
    told = run("curation", parameters, cache, tmp_path)
    assert "rare ones filled" in told and "class is full" in told


@pytest.fixture(scope="module")
def karaoke_songs() -> dict:
    """The corpus and root of the UltraStar songs; of all thirteen real songs where these must be fetched."""
    if REFERENCE.is_dir():
        return {"corpus": "ultrastar", "root": REFERENCE}
    try:
        ml.load_corpus("real")
    except (ValueError, FileNotFoundError) as missing:
        # In CI a skip that nobody sees is a failure.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(str(missing))
    return {"corpus": "real"}


@pytest.mark.parametrize("chapter", REAL)
def test_a_chapter_runs_on_karaoke_songs_with_the_real_models(chapter, karaoke_songs, cache, tmp_path):
    told = run(chapter, {**karaoke_songs, "preset": "real", **REAL[chapter]}, cache, tmp_path)
    assert "planted among" not in told and "cells replaced" not in told
