"""Makes a clone of the book usable by the notebook that fetched it; run by the first cell of its copies.

Of what musiclime needs only what is missing is installed. Torch stays as it is; no restart.
"""

import importlib
import importlib.metadata as installed
import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement


def pip(*arguments):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", *arguments], check=True)


def missing(need, extras):
    concerns = not need.marker or any(need.marker.evaluate({"extra": extra}) for extra in extras)
    if need.name.startswith("torch") or need.name == "musiclime" or not concerns:
        return False
    try:
        return not need.specifier.contains(installed.version(need.name), prereleases=True)
    except installed.PackageNotFoundError:
        return True


def fetch(packages, extras=("",)):
    """Install what these packages need and is missing, then what that needs: a call of pip for each step."""
    wanted = {}
    for package in packages:
        for need in map(Requirement, installed.requires(package) or []):
            if missing(need, extras):
                wanted[need.name] = f"{need.name}{need.specifier}"
    if wanted:
        pip(*wanted.values())
        fetch(wanted)


if str(Path.cwd()) not in sys.path:
    sys.path.insert(0, str(Path.cwd()))
try:
    installed.version("musiclime")
except installed.PackageNotFoundError:
    pip("-e", ".")
    importlib.invalidate_caches()
fetch(["musiclime"], extras=("", "notebooks", "separate", "fleet"))
versions = [f"{name} {installed.version(name)}" for name in ("torch", "transformers", "numpy")]
print("Python", platform.python_version(), *versions)
if tuple(int(part) for part in installed.version("torch").split(".")[:2]) < (2, 10):
    print("Made for torch 2.10 and newer: where a cell stops, choose the platform's newest runtime.")
