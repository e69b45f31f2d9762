"""The copies for Colab and Kaggle, from an empty folder, with a bare repository in the place of GitHub's."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import pytest
import yaml

import launch_notebooks
import musiclime as ml

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(path.stem for path in ROOT.glob("notebooks/*.py"))
# What plays the platform's Python, Colab's 3.13 or Kaggle's 3.12: any that has what the chapters import.
PYTHON = os.environ.get("MUSICLIME_LAUNCH_PYTHON", sys.executable)
# What runs the first cells as the platforms' kernel does, magics and top-level await included.
RUN = """
import sys, time
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

shell, start = InteractiveShell.instance(), time.monotonic()
for cell in Path(sys.argv[1]).read_text(encoding="utf-8").split("\\0"):
    shell.run_cell(cell, store_history=True).raise_error()
import musiclime
print("ran", musiclime.__file__, round(time.monotonic() - start, 1))
"""


def git(*arguments, cwd) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *who, *map(str, arguments)], cwd=cwd, check=True, capture_output=True)


def folders_of_packages(python) -> list[str]:
    """Where an interpreter's packages lie."""
    ask = "import site; print(*site.getsitepackages(), sep='\\n')"
    told = subprocess.run([python, "-c", ask], capture_output=True, text=True, encoding="utf-8", check=True)
    return told.stdout.splitlines()


@pytest.fixture(scope="session")
def repository(tmp_path_factory) -> Path:
    """A bare repository with the files of this working tree that git knows, under the tag of the release."""
    place = tmp_path_factory.mktemp("repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    git("init", "-q", "copy", cwd=place)
    for name in filter(None, listed.decode("utf-8").split("\0")):
        if (ROOT / name).is_file():
            target = place / "copy" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    git("add", "-A", cwd=place / "copy")
    git("commit", "-q", "-m", "release", cwd=place / "copy")
    git("tag", f"v{ml.__version__}", cwd=place / "copy")
    git("clone", "-q", "--bare", "copy", "bare.git", cwd=place)
    return place / "bare.git"


@pytest.fixture
def platform(tmp_path_factory, repository):
    """An interpreter with all packages but musiclime, and variables that lead git to the repository.

    Each test has one of its own: what a copy installs, no other copy may find.
    """
    place = tmp_path_factory.mktemp("platform")
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", place / "venv"], check=True)
    python = place / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # A folder that is named in a .pth is searched, its own .pth files, musiclime's among them, are not read.
    shared = "\n".join(folders_of_packages(PYTHON))
    (Path(folders_of_packages(python)[0]) / "shared.pth").write_text(shared, encoding="utf-8")
    url = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MPLBACKEND")
    }
    environment.update(
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{repository.as_uri()}.insteadOf",
        GIT_CONFIG_VALUE_0=url,
        MUSICLIME_CACHE=str(place / "cache"),
        IPYTHONDIR=str(place / "ipython"),
        PYTHONUTF8="1",
    )
    return python, environment


def run_cells(name: str, count: int | None, folder: Path, platform) -> str:
    """Run the first code cells of a chapter's copy in an empty folder; what they printed."""
    made = launch_notebooks.launchable(jupytext.read(ROOT / "notebooks" / f"{name}.py"), ROOT / "_config.yml")
    cells = [cell.source for cell in made.cells if cell.cell_type == "code"][:count]
    python, environment = platform
    with tempfile.TemporaryDirectory() as apart:
        listed = Path(apart) / "cells.txt"
        listed.write_text("\0".join(cells), encoding="utf-8")
        done = subprocess.run(
            [python, "-c", RUN, listed],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
def test_the_first_three_cells_run_from_an_empty_folder(name, tmp_path, platform):
    told = run_cells(name, 3, tmp_path, platform)
    # What ran is the clone of the release's tag and no other copy of the package.
    cloned = tmp_path / "musiclime-book" / "musiclime" / "__init__.py"
    assert f"ran {cloned}" in told and f"musiclime {ml.__version__}" in told and " torch 2" in told
