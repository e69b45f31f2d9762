"""The copies of executed chapters for Colab and Kaggle: no outputs, a first cell that fetches musiclime."""

import copy
import re
from pathlib import Path

import nbformat
import yaml

from musiclime import __version__

ROLE = re.compile(r"\{([a-z:]+)\}`([^`]+)`")
ASIDE = (
    "*In this copy a number within a sentence is that of the run that the book shows; the cells tell yours.*"
)


def kept_values(notebook) -> dict:
    """What an executed run kept for its prose, by name, as it was printed."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                data = output.get("data", {})
                found[name] = data.get("application/papermill.record/text/plain", "")
    return found


def spoken(role: re.Match, values: dict) -> str:
    """What a role of the book says where nothing resolves it: {glue:text}`auc:.2f` is 0.81, else *auc*."""
    kind, text = role[1], re.sub(r"\s*<[^>]*>$", "", role[2])
    if kind.startswith("glue"):
        text, _, form = text.partition(":")
        if text in values and form:
            number = int(values[text]) if form.endswith("d") else float(values[text])
            return format(number, form)
        if text in values:
            return values[text].strip("'\"")
    text = text.rsplit("/", 1)[-1]
    if kind.startswith("cite"):
        return f"[{text}]"
    return f"*{re.sub('[-_]', ' ', text)}*"


def bootstrap(config: Path) -> str:
    """The first cell; _config.yml names the repository, the package its version, which is the tag."""
    place = yaml.safe_load(config.read_text(encoding="utf-8"))["repository"]
    text = (config.parent / "book" / "_ext" / "bootstrap.py").read_text(encoding="utf-8").strip()
    words = {"{url}": place["url"], "{tag}": f"v{__version__}", "{folder}": place["url"].split("/")[-1]}
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def launchable(notebook, config="_config.yml", values: dict | None = None):
    """A copy of a notebook that runs by itself.

    Args:
        notebook: a chapter, executed or not.
        config: the book's configuration.
        values: what the run kept for its prose; a sentence of the copy speaks these numbers.

    Returns:
        The copy.
    """
    made = copy.deepcopy(notebook)
    made.cells = [cell for cell in made.cells if cell.source.strip()]
    is_glued = any("{glue:" in cell.source for cell in made.cells)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = ROLE.sub(lambda role: spoken(role, values or {}), cell.source)
    if is_glued:
        first_text = next(cell for cell in made.cells if cell.cell_type == "markdown")
        first_text.source += f"\n\n{ASIDE}"
    first_cell = nbformat.v4.new_code_cell(bootstrap(Path(config)), id="fetch-musiclime")
    # Folded on Colab, on Kaggle and in JupyterLab.
    first_cell.metadata = {"cellView": "form", "jupyter": {"source_hidden": True}, "_kg_hide-input": True}
    made.cells.insert(0, first_cell)
    return made
