"""The matrix of runs: which chapters run with which parameters, and whether a result is still fresh."""

import ast
import functools
import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from musiclime import PUBLIC_NAMES

ROOT = Path(__file__).resolve().parents[1]
PROFILES = ("quick", "full")
ENTRY = {"template", "name", "each", "parameters", "quick", "full", "minutes", "after", "alone"}
FILE_OF_NAME = {name: file for file, names in PUBLIC_NAMES.items() for name in names}
READERS = ROOT / "musiclime" / "data" / "corpora"
PAGE_TOOLS = [ROOT / "tools" / name for name in ("make_pages.py", "launch_notebooks.py")]


@dataclass(eq=False)
class Run:
    """One notebook to execute: a template, and the values that papermill sets in it."""

    name: str
    template: Path
    parameters: dict
    minutes: float
    after: tuple[str, ...]
    alone: bool = False


def read_matrix(path, profile: str = "quick") -> list[Run]:
    """The runs of a matrix file.

    Args:
        path: a YAML file. Of each entry `each` multiplies a template, `parameters` are set in both profiles,
            `quick` or `full` in one of them, `minutes` are what a run may take, `after` names the runs that
            must come first, and nothing runs beside one that is `alone`.
        profile: "quick" or "full".

    Returns:
        The runs, each after those that it waits for.
    """
    if profile not in PROFILES:
        raise ValueError(f"profile is one of {', '.join(PROFILES)}, not {profile!r}")
    path = Path(path)
    runs = {}
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        for run in _runs_of_entry(path, entry, profile):
            if run.name in runs:
                raise ValueError(f"{path} lists the run {run.name} twice: give one of them another name")
            runs[run.name] = run
    return _in_order(path, runs)


def _runs_of_entry(path: Path, entry: dict, profile: str):
    unknown = set(entry) - ENTRY
    if unknown:
        raise ValueError(f"{path} has an entry with {', '.join(sorted(unknown))}, which no run knows")
    template = path.parent / f"{entry['template']}.py"
    if not template.is_file():
        raise FileNotFoundError(f"{path} lists {entry['template']}, but there is no {template}")
    after = entry.get("after", [])
    if isinstance(after, str):
        after = [after]
    each = entry.get("each", {})
    for values in itertools.product(*each.values()):
        chosen = dict(zip(each, values))
        yield Run(
            name="-".join([entry.get("name", template.stem), *map(str, values)]),
            template=template,
            parameters={**entry.get("parameters", {}), **entry.get(profile, {}), **chosen},
            minutes=entry.get("minutes", 5),
            after=tuple(name.format(**chosen) for name in after),
            alone=entry.get("alone", False),
        )


def _in_order(path: Path, runs: dict[str, Run]) -> list[Run]:
    done = []
    while len(done) < len(runs):
        ready = [name for name, run in runs.items() if name not in done and set(run.after) <= set(done)]
        if not ready:
            stuck = {name: run.after for name, run in runs.items() if name not in done}
            raise ValueError(f"{path}: these wait for a run that is not listed, or for each other: {stuck}")
        done += ready
    return [runs[name] for name in done]


def default_parameters(notebook) -> dict:
    """The names and values of a notebook's cell tagged "parameters"."""
    values = {}
    for cell in notebook.cells:
        if "parameters" not in cell.metadata.get("tags", []):
            continue
        for node in ast.parse(cell.source).body:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            values[target.id] = ast.literal_eval(node.value)
    return values


@functools.cache
def imported_files(file: Path, text: str) -> frozenset[Path]:
    """The files of this repository that one file imports, anywhere in its text."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= files_of_module(alias.name)
        if isinstance(node, ast.ImportFrom):
            module = _absolute(file, node)
            for alias in node.names:
                found |= files_of_module(f"{module}.{alias.name}")
    return frozenset(found)


def _absolute(file: Path, node: ast.ImportFrom) -> str:
    """The module that a file imports from, its dots resolved."""
    if not node.level:
        return node.module or ""
    package = file.relative_to(ROOT).with_suffix("").parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


@functools.cache
def files_of_module(name: str) -> frozenset[Path]:
    """The files of this repository that Python reads when it imports a module, its packages included."""
    found = set()
    place = ROOT
    for part in name.split("."):
        place /= part
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                found.add(file)
    return frozenset(found)


def sources(template: Path) -> list[Path]:
    """What a template depends on: itself, the files of the module that it imports, and their tables."""
    text = template.read_text(encoding="utf-8")
    waiting = set(imported_files(template, text))
    # ml.MusicLIME is in a file that Python imports only when the name is used.
    for names in re.findall(r"\bml\.(\w+)|from musiclime import (.+)", text):
        for name in re.findall(r"\w+", " ".join(names)):
            if name in FILE_OF_NAME:
                waiting |= files_of_module(f"musiclime.{FILE_OF_NAME[name]}")
    found, texts = {template}, [text]
    while waiting:
        file = waiting.pop()
        found.add(file)
        texts.append(file.read_text(encoding="utf-8"))
        waiting |= imported_files(file, texts[-1]) - found
        if file.parent == READERS:  # chosen by name
            waiting |= set(READERS.glob("*.py")) - found
    scripts = {file for folder in {file.parent for file in found} for file in folder.glob("*.[jc]s*")}
    texts += [file.read_text(encoding="utf-8") for file in scripts if file.suffix != ".json"]
    if any(file.name == "shipped_weights.py" for file in found):
        found.add(ROOT / "musiclime" / "models" / "weights" / "digests.json")
    told = "\n".join(texts)
    tables = {file for file in (ROOT / "data").rglob("*") if file.is_file() and file.name in told}
    return sorted(found | scripts | tables)


def keys(runs: list[Run]) -> dict[str, str]:
    """What each result depends on, hashed: sources, parameters, pins, and the runs that it waits for."""
    found = {}
    pins = ROOT / "constraints.txt"
    for run in runs:
        waited_for = [found[name] for name in run.after]
        digest = hashlib.sha256(json.dumps([run.parameters, *waited_for]).encode())
        for file in [*sources(run.template), *PAGE_TOOLS, pins]:
            digest.update(file.read_bytes())
        found[run.name] = digest.hexdigest()[:16]
    return found


def is_fresh(run: Run, out: Path, key: str) -> bool:
    """Whether a run's page is there, made of just what it would be made of now."""
    page, record = out / f"{run.name}.ipynb", out / f"{run.name}.json"
    if not page.is_file() or not record.is_file():
        return False
    return json.loads(record.read_text(encoding="utf-8"))["key"] == key


def longest_first(runs: list[Run], out: Path) -> list[Run]:
    """Runs by the seconds that they took last, or may take: what is long should begin early."""

    def seconds(run: Run) -> float:
        record = out / f"{run.name}.json"
        if record.is_file():
            return json.loads(record.read_text(encoding="utf-8"))["seconds"]
        return 60 * run.minutes

    return sorted(runs, key=seconds, reverse=True)
