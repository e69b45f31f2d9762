"""The directive {audit}: the table data/audit.csv of all sections, tables and figures of paper and thesis."""

import csv
from pathlib import Path

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

STATUSES = ("works", "differs", "not possible")


def table_file(folder: Path) -> Path:
    """The table, in the folder data/ of the checkout that a source folder lies in."""
    for place in (folder, *folder.parents):
        file = place / "data" / "audit.csv"
        if file.is_file():
            return file
    raise FileNotFoundError(f"no data/audit.csv in {folder} or a folder above it")


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def as_markdown(rows: list[dict[str, str]]) -> list[str]:
    """The rows as the lines of a MyST list-table."""
    lines = ["```{list-table}", ":header-rows: 1", ":widths: 20 32 14 34", ""]
    lines += ["* - where", "  - what it holds", "  - here it", "  - see"]
    for row in rows:
        see = "{doc}`/" + row["page"] + "`"
        if row["function"]:
            see += f", `ml.{row['function']}`"
        if row["note"]:
            see += f": {row['note']}"
        status = row["status"] if row["status"] != "not possible" else "is not possible"
        lines += [f"* - {row['place']}", f"  - {row['holds']}", f"  - {status}", f"  - {see}"]
    return [*lines, "```"]


class Audit(Directive):
    """{audit} paper, or {audit} thesis."""

    required_arguments = 1

    def run(self):
        from docutils import nodes

        environment = self.state.document.settings.env
        file = table_file(Path(environment.srcdir))
        environment.note_dependency(str(file))
        rows = [row for row in rows_of(file) if row["source"] == self.arguments[0]]
        holder = nodes.container()
        self.state.nested_parse(StringList(as_markdown(rows), str(file)), 0, holder)
        return holder.children


def setup(app):
    app.add_directive("audit", Audit)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
