"""The demo corpus: a table of composed songs with planted evidence, and the code that their sound follows."""

import ast
from collections.abc import Iterable
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from ..composer.songs import compose, table_row
from ..song import COLUMNS, Corpus

EVIDENCE = ("genre", "audio", "lyrics", "redundant", "joint", "both")
COMPOSER = Path(__file__).parents[1] / "composer"
# What says nothing of what code does, or differs between versions of Python.
IGNORED_FIELDS = {"annotation", "returns", "ctx", "kind", "type_comment", "type_params", "type_ignores"}


def load(root: None = None, size: int = 1350, seed: int = 0, evidence: str = "genre") -> Corpus:
    """Return a corpus of composed songs.

    Args:
        root: nothing; the songs are composed when they are asked for.
        size: how many songs.
        seed: another seed, other songs; the same seed, the same bytes everywhere.
        evidence: "genre" for nine genres. The others are sets of two classes, "a" and "b", whose label is
            told by "audio" alone, "lyrics" alone, both alike ("redundant"), by their disagreement ("joint"),
            or by both being "b" ("both").

    Returns:
        The corpus; the end of its name changes with the composer's code.

    (chapter *The demo songs*)
    """
    if root is not None:
        raise ValueError("the demo corpus is composed, not read: leave root out")
    if evidence not in EVIDENCE:
        raise ValueError(f"the demo corpus has no evidence={evidence!r}: choose {', '.join(EVIDENCE)}")
    if size < 1:
        raise ValueError(f"a demo corpus of {size} songs cannot be composed: give a size of at least 1")
    table = pd.DataFrame([table_row(index, seed, evidence) for index in range(size)], columns=COLUMNS)
    name = "demo" if evidence == "genre" else f"demo-{evidence}"
    return Corpus(f"{name}-{composer_code()}", table, partial(compose, seed=seed, evidence=evidence))


def composer_code(sources: Iterable[str] | None = None) -> str:
    """Return six characters that change when the composer's code does.

    Songs change with that code, and so do models and stems made of them. Comments, docstrings, type
    annotations and formatting do not count.

    Args:
        sources: texts of Python files; None takes those of the composer.

    Returns:
        The six characters; the same in every version of Python.

    Example:
        >>> composer_code(["x = 1  # one"]) == composer_code(["x=1"])
        True
        >>> composer_code(["x = 2"]) == composer_code(["x = 1"])
        False
    """
    if sources is None:
        return _code_of_the_composer()
    meaning = "\n".join(_meaning(ast.parse(source)) for source in sources)
    return sha256(meaning.encode()).hexdigest()[:6]


@cache
def _code_of_the_composer() -> str:
    return composer_code([path.read_text("utf-8") for path in sorted(COMPOSER.glob("*.py"))])


def _meaning(node: Any) -> str:
    """A syntax tree as text, without what IGNORED_FIELDS names and without docstrings."""
    if isinstance(node, list):
        return "[" + ",".join(_meaning(part) for part in node) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        node = ast.Assign([node.target], node.value)
    told = []
    for name in sorted(node._fields):
        value = getattr(node, name, None)
        if name in IGNORED_FIELDS or value is None or value == []:
            continue
        if name == "body" and isinstance(value, list):
            value = _without_docstring(value)
        told.append(f"{name}={_meaning(value)}")
    return f"{type(node).__name__}({','.join(told)})"


def _without_docstring(body: list) -> list:
    first = body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_text and isinstance(first.value.value, str) else body
