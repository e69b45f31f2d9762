"""One run of one chapter: papermill sets its parameters and executes it; then it becomes a page."""

import ast
import copy
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat

from chapter_matrix import default_parameters
from launch_notebooks import kept_values, launchable

INJECTED = "injected-parameters"  # papermill's own tag
# Progress bars, and what matplotlib's setters happen to return.
IDLE_OUTPUT = re.compile(
    r"widget-view|^\{'text/plain': [\"'](\[(None,\\?n? ?)*Text\(|Text\(|<Axes|<matplotlib\.)"
)
LABEL = re.compile(r"^:(?:name|label): *([\w-]+) *$|^\(([\w-]+)\)= *$|\$\$ *\(([\w-]+)\) *$", re.M)


def tags_of(cell) -> list[str]:
    return list(cell.metadata.get("tags", []))


def concerns(cell, values: dict) -> bool:
    """Whether a run with these values keeps a cell: tags only-genre, not-audio and the like decide."""
    tags, said = tags_of(cell), {str(value) for value in values.values()}
    only = {tag.removeprefix("only-") for tag in tags if tag.startswith("only-")}
    excluded = {tag.removeprefix("not-") for tag in tags if tag.startswith("not-")}
    return only <= said and not excluded & said


def parameterised(notebook, parameters: dict) -> dict:
    """All parameters of a run: the notebook's defaults, and what the matrix sets instead."""
    defaults = default_parameters(notebook)
    unknown = set(parameters) - set(defaults)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"the cell tagged parameters has no {names}: add it, with its type")
    return {**defaults, **parameters}


def say_time(notebook, seconds: float) -> None:
    """Put the time that the run took where the chapter says how long it takes."""
    amount = f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"
    told = f"{amount} on {os.cpu_count()} CPU cores when this book was built"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("{glue:text}`took`", told)


def relabel(notebook, suffix: str) -> None:
    """Give the labels of one template's many pages a name each: fig-grid becomes fig-grid-genre-audio."""
    places = [(cell, "source") for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                places.append((output.data, "text/markdown"))
    labels = set()
    for place, key in places:
        for groups in LABEL.findall(place[key]):
            labels |= {label for label in groups if label}
    if not labels:
        return
    alternatives = "|".join(map(re.escape, sorted(labels)))
    whole = re.compile(rf"(?<![\w-])({alternatives})(?![\w-]|\.png)")
    for place, key in places:
        place[key] = whole.sub(rf"\1{suffix}", place[key])


def only_keeps_values(source: str) -> bool:
    """Whether a cell does nothing but keep values for the prose: no reader of the page needs to see it."""
    return all(ast.unparse(node).startswith("chapter.glue(") for node in ast.parse(source).body)


def line_of_values(values: dict) -> str:
    """A readable line of a run's parameters; what is empty is left out."""
    told = []
    for name, value in values.items():
        if value not in ("", {}, [], None):
            told.append(f"{name.replace('_', ' ')} **{value}**")
    return f"*This run:* {', '.join(told)}."


def page(notebook, values: dict, suffix: str = ""):
    """What the book shows of an executed run.

    Args:
        notebook: the executed notebook.
        values: all its parameters; a readable line of them stands above the cell that folds away.
        suffix: what tells this page from the others of its template, such as -genre-audio.

    Returns:
        The notebook of the page.
    """
    made = copy.deepcopy(notebook)
    made.metadata = {name: made.metadata[name] for name in ("kernelspec", "language_info")}
    relabel(made, suffix)
    if suffix:
        variant = suffix[1:].replace("-", ", ")
        made.cells[0].source = re.sub(r"^(# .*)", rf"\1 ({variant})", made.cells[0].source)
    cells = []
    is_hidden = False
    for cell in made.cells:
        tags = tags_of(cell)
        if "parameters" in tags:
            is_hidden = "remove-cell" in tags
            if not is_hidden:
                cells.append(nbformat.v4.new_markdown_cell(line_of_values(values), id="this-run"))
                tags += [] if "shown" in tags else ["hide-input"]
        if INJECTED in tags:
            cell.source = cell.source.replace("# Parameters", "# What this run sets instead", 1)
            tags.append("remove-cell" if is_hidden else "hide-input")
        if cell.cell_type == "code":
            # A progress bar is a widget: dead in a page, and it would call for scripts from elsewhere.
            cell.outputs = [out for out in cell.outputs if not IDLE_OUTPUT.search(str(out.get("data")))]
            if only_keeps_values(cell.source):
                tags.append("remove-cell")
        cell.metadata = {"tags": tags}
        cells.append(cell)
    made.cells = cells
    return made


def execute(template: Path, out: Path, record: dict, **engine_options) -> None:
    """Run a template with a record's parameters; write page, copy for Colab and, last, the record."""
    import jupytext
    import papermill

    began, name = time.time(), record["name"]
    for old in (out / "figures" / name, out / "site" / "assets" / name):
        shutil.rmtree(old, ignore_errors=True)
    notebook = jupytext.read(template)
    values = parameterised(notebook, record["parameters"])
    notebook.cells = [cell for cell in notebook.cells if concerns(cell, values)]
    os.environ["MUSICLIME_PAGE"] = str(out.resolve() / name)
    work = out / ".work" / f"{name}.ipynb"
    how = {"kernel_name": "python3", "language": "python"} | engine_options
    done = papermill.execute_notebook(notebook, str(work), parameters=record["parameters"], **how)
    seconds = round(time.time() - began, 1)
    say_time(done, seconds)
    launch = out / "site" / "launch"
    launch.mkdir(parents=True, exist_ok=True)
    nbformat.write(launchable(done, values=kept_values(done)), launch / f"{name}.ipynb")
    suffix = "" if name == template.stem else "-" + name.removeprefix(f"{template.stem}-")
    nbformat.write(page(done, values, suffix), out / f"{name}.ipynb")
    record |= {"parameters": values, "seconds": seconds, "finished": time.strftime("%Y-%m-%d %H:%M")}
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    execute(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
