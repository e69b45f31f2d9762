"""One chapter as a notebook: its parameters filled in, its page, and a copy for Colab and Kaggle."""

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
import yaml


def concerns(cell, values: dict) -> bool:
    """Whether a run with these values keeps a cell: tags only-genre, not-audio and the like decide."""
    tags, said = cell.metadata.get("tags", []), {str(value) for value in values.values()}
    only = {tag.removeprefix("only-") for tag in tags if tag.startswith("only-")}
    return only <= said and not any(f"not-{word}" in tags for word in said)


def fill(notebook, parameters: dict):
    """The notebook with values set in its cell tagged "parameters", and all values by name.

    papermill would add a second cell; one cell that holds what was run is easier to read and to change.
    """
    notebook = copy.deepcopy(notebook)
    cell = next((c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])), None)
    lines, values = [], {}
    for node in ast.parse(cell.source).body if cell else []:
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        values[target.id] = parameters.get(target.id, ast.literal_eval(node.value))
        kind = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
        lines.append(f"{target.id}{kind} = {values[target.id]!r}")
    if unknown := set(parameters) - set(values):
        raise ValueError(f"the cell tagged parameters has no {', '.join(unknown)}: add it, with its type")
    if cell:
        cell.source = "\n".join(lines)
    notebook.cells = [cell for cell in notebook.cells if concerns(cell, values)]
    return notebook, values


def timed(notebook, seconds: float) -> None:
    """Put the time that the run took where the chapter says how long it takes."""
    minutes = f"{seconds / 60:.0f} minutes" if seconds >= 100 else f"{seconds:.0f} seconds"
    told = f"{minutes} on {os.cpu_count()} CPU cores when this book was built"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("{glue:text}`took`", told)


# Progress bars, and what matplotlib's setters happen to return.
IDLE = re.compile(r"widget-view|^\{'text/plain': [\"'](\[(None,\\?n? ?)*Text\(|Text\(|<Axes|<matplotlib\.)")
LABEL = re.compile(r"^:(?:name|label): *([\w-]+) *$|^\(([\w-]+)\)= *$|\$\$ *\(([\w-]+)\) *$", re.M)


def relabel(notebook, suffix: str) -> None:
    """Give the labels of one template's many pages a name each: fig-grid becomes fig-grid-genre-audio."""
    places = [(cell, "source") for cell in notebook.cells if cell.cell_type == "markdown"]
    shown = [out.data for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out]
    places += [(data, "text/markdown") for data in shown if "text/markdown" in data]
    labels = {
        label for place, key in places for found in LABEL.findall(place[key]) for label in found if label
    }
    for place, key in places if labels else []:
        whole = rf"(?<![\w-])({'|'.join(map(re.escape, labels))})(?![\w-]|\.png)"
        place[key] = re.sub(whole, rf"\1{suffix}", place[key])


def keeps(source: str) -> bool:
    """Whether a cell does nothing but keep values for the prose: no reader of the page needs to see it."""
    return all(ast.unparse(node).startswith("chapter.glue(") for node in ast.parse(source).body)


def folds(cell) -> bool:
    return cell.cell_type == "code" and cell.metadata["tags"] == ["hide-input"]


def shows(output) -> bool:
    """Whether a reader sees an output: values kept for the prose are not seen."""
    return not str(next(iter(output.get("data", "x")))).startswith("application/papermill.record")


def page(notebook, values: dict, suffix: str = ""):
    """What the book shows of an executed run: a readable line above its parameters, which fold away.

    Folded neighbours become one fold, unless something is shown between them.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec", "language_info")}
    told = ", ".join(
        f"{name.replace('_', ' ')} **{value}**" for name, value in values.items() if value not in ("", {})
    )
    relabel(notebook, suffix)
    for cell in notebook.cells[:1] if suffix else []:
        cell.source = re.sub(r"^(# .*)", rf"\1 ({suffix[1:].replace('-', ', ')})", cell.source)
    cells = []
    for cell in notebook.cells:
        tags = list(cell.metadata.get("tags", []))
        if "parameters" in tags and "remove-cell" not in tags:
            cells.append(nbformat.v4.new_markdown_cell(f"*This run:* {told}.", id="this-run"))
            tags.append("hide-input")
        if cell.cell_type == "code":
            # A progress bar is a widget: dead in a page, and it would call for scripts from a CDN.
            cell.outputs = [out for out in cell.outputs if not IDLE.search(str(out.get("data")))]
            tags += ["remove-cell"] if keeps(cell.source) else []
        cell.metadata = {"tags": tags}
        if cells and folds(cells[-1]) and folds(cell) and not any(map(shows, cells[-1].outputs)):
            cell.source = f"{cells[-1].source}\n\n{cell.source}"
            cell.outputs = cells.pop().outputs + cell.outputs
        cells.append(cell)
    notebook.cells = cells
    return notebook


ROLE = re.compile(r"\{([a-z:]+)\}`([^`]+)`")
ASIDE = (
    "*In this copy a number within a sentence is that of the run that the book shows; the cells tell yours.*"
)


def kept(notebook) -> dict:
    """What a run kept for its prose, by name, as it was printed."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    glued = [
        (out.get("metadata", {}).get("scrapbook", {}).get("name"), out.get("data", {})) for out in outputs
    ]
    return {name: data.get("application/papermill.record/text/plain", "") for name, data in glued if name}


def spoken(role, values: dict) -> str:
    """What a role of the book says where nothing resolves it: {glue:text}`auc:.2f` is 0.81, else *auc*."""
    text = re.sub(r"\s*<[^>]*>$", "", role[2])
    if role[1].startswith("glue"):
        text, _, form = text.partition(":")
        if text in values:
            number = int if form.endswith("d") else float
            return format(number(values[text]), form) if form else values[text].strip("'\"")
    text = text.rsplit("/", 1)[-1]
    return f"[{text}]" if role[1].startswith("cite") else f"*{re.sub('[-_]', ' ', text)}*"


def launchable(notebook, config="_config.yml", values=None):
    """A copy that runs by itself: no outputs, and a first cell that fetches musiclime and what is missing.

    _config.yml is the one place that names the repository and its branch.
    """
    place = yaml.safe_load(Path(config).read_text(encoding="utf-8"))["repository"]
    words = {"{url}": place["url"], "{branch}": place["branch"], "{folder}": place["url"].split("/")[-1]}
    first = Path(config).with_name("book").joinpath("_ext/bootstrap.py").read_text(encoding="utf-8").strip()
    for word, value in words.items():
        first = first.replace(word, value)
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    glued = any("{glue:" in cell.source for cell in notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = ROLE.sub(lambda role: spoken(role, values or {}), cell.source)
    if glued:
        next(c for c in notebook.cells if c.cell_type == "markdown").source += f"\n\n{ASIDE}"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first, id="fetch-musiclime"))
    return notebook


def execute(template: Path, out: Path, record: dict) -> None:
    """Run a template with a record's parameters; write page, copy for Colab and, last, the record."""
    import jupytext
    import papermill

    began, name = time.time(), record["name"]
    for old in (out / "figures" / name, out / "site" / "assets" / name):
        shutil.rmtree(old, ignore_errors=True)
    notebook, values = fill(jupytext.read(template), record["parameters"])
    os.environ["MUSICLIME_PAGE"] = str(out.resolve() / name)
    os.environ["MPLBACKEND"] = "agg"  # else a figure left open shows itself, without its alt text
    done = papermill.execute_notebook(notebook, str(out / ".work" / f"{name}.ipynb"), kernel_name="python3")
    seconds = round(time.time() - began, 1)
    for made in (notebook, done):
        timed(made, seconds)
    (out / "site" / "launch").mkdir(parents=True, exist_ok=True)
    nbformat.write(launchable(notebook, values=kept(done)), out / "site" / "launch" / f"{name}.ipynb")
    suffix = "" if name == template.stem else "-" + name.removeprefix(f"{template.stem}-")
    nbformat.write(page(done, values, suffix), out / f"{name}.ipynb")
    record |= {"parameters": values, "seconds": seconds, "finished": time.strftime("%Y-%m-%d %H:%M")}
    (out / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    execute(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
