"""The chapters' sources: twins in step, short cells, and the matrix in step with the table of contents."""

import ast
import json
import re
import sys
from importlib import metadata
from pathlib import Path

import jupytext
import pytest
import yaml
from packaging.requirements import Requirement

from chapter_matrix import PROFILES, default_parameters, read_matrix

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
IDS = [path.stem for path in NOTEBOOKS]


def plain(text: str) -> dict:
    """A notebook without the cells' ids, which are drawn anew at every conversion."""
    made = json.loads(text)
    for cell in made["cells"]:
        cell.pop("id", None)
    made["metadata"].pop("jupytext", None)
    return made


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_the_twin_is_what_the_source_gives(path):
    twin = path.with_suffix(".ipynb")
    assert twin.is_file(), f"make pairs writes {twin.name}"
    made = plain(jupytext.writes(jupytext.read(path), "ipynb"))
    assert plain(twin.read_text(encoding="utf-8")) == made, "make pairs brings the twin up to date"
    assert not any(cell.get("outputs") for cell in made["cells"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_parameters_are_named_and_typed(path):
    tagged = [c for c in jupytext.read(path).cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) <= 1
    assert all(isinstance(node, ast.AnnAssign) for cell in tagged for node in ast.parse(cell.source).body)


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p.stem != "index"], ids=lambda p: p.stem)
def test_a_chapter_has_its_parts(path):
    notebook = jupytext.read(path)
    # Pages of several tasks and modalities are told apart by what is added to this title.
    assert notebook.cells[0].source.startswith("# ")
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    parts = ("What you will learn", "What you need", "How long", "Strengths", "Limits", "Summary", "Next")
    assert [part for part in parts if part.lower() not in prose.lower()] == []
    solutions = [cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])]
    assert len(solutions) >= 3
    assert all("hide-cell" in cell.metadata["tags"] for cell in solutions if cell.cell_type == "code")


def listed(node) -> list[str]:
    """Every file that a table of contents names."""
    if isinstance(node, list):
        return [file for entry in node for file in listed(entry)]
    if not isinstance(node, dict):
        return []
    own = [node[name] for name in ("root", "file") if name in node]
    return own + listed([value for value in node.values() if isinstance(value, list)])


@pytest.mark.parametrize(
    "toc, matrix",
    [
        ("_toc.yml", "notebooks/runs.yml"),
        ("tests/book/small_site/_toc.yml", "tests/book/small_site/runs.yml"),
    ],
)
def test_the_matrix_and_the_contents_are_in_step(toc, matrix):
    files = listed(yaml.safe_load((ROOT / toc).read_text()))
    pages = {file.removeprefix("runs/") for file in files if file.startswith("runs/") or file == "index"}
    assert len(files) == len(set(files))
    assert pages == {run.name for run in read_matrix(ROOT / matrix)} | {"times"}
    for file in set(files) - {f"runs/{name}" for name in pages} - pages:
        assert (ROOT / f"{file}.md").is_file(), file


def test_every_template_is_in_the_matrix_with_parameters_that_it_has():
    runs = [run for profile in PROFILES for run in read_matrix(ROOT / "notebooks/runs.yml", profile)]
    assert {run.template.stem for run in runs} == set(IDS)
    for run in runs:
        known = default_parameters(jupytext.read(run.template))
        assert set(run.parameters) <= set(known), f"{run.name} has parameters that its notebook lacks"


def test_every_prose_page_is_in_the_contents():
    files = listed(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    pages = {str(path.relative_to(ROOT).with_suffix("")) for path in (ROOT / "book").rglob("*.md")}
    assert pages - set(files) == set()


def test_what_a_chapter_imports_comes_with_the_module_or_is_fetched_by_it():
    """The first cell on Colab fetches the extras for notebooks, and what these need."""
    plain, open_ends = set(), ["musiclime"]
    while open_ends:
        package = open_ends.pop()
        extras = ("", "notebooks", "separate", "fleet") if package == "musiclime" else ("",)
        needs = [Requirement(text) for text in metadata.requires(package) or []]
        new = set()
        for need in needs:
            if not need.marker or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                new.add(need.name.lower())
        new.discard("musiclime")
        open_ends += sorted(new - plain - {"torchaudio"})  # removed at set-up where it cannot be loaded
        plain |= new
    known = set(sys.stdlib_module_names) | {"musiclime", "benchmarks", "IPython"}
    homes = metadata.packages_distributions()
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        used = re.findall(r"\w+", "".join(re.findall(r"^from benchmarks import (.+)", text, re.M)))
        others = [ROOT / "benchmarks" / f"{name}.py" for name in used]
        trees = [ast.parse(source) for source in (text, *(other.read_text("utf-8") for other in others))]
        nodes = [node for tree in trees for node in ast.walk(tree)]
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
        for name in {name.split(".")[0] for name in names} - known:
            packages = {package.lower() for package in homes.get(name, [name])}
            fetched = f'find_spec("{name}")' in text or f', "{name}"]' in text or f'"{name}", ' in text
            assert packages & plain or fetched, f"{path.name} imports {name}"
