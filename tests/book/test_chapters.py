"""Chapters that the module or another chapter names exist under that name."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("notebooks/*.py"), *ROOT.glob("book/**/*.md")]
FILES = [pytest.param(path, id=path.name) for path in ROOT.glob("musiclime/**/*.py")]


def titles() -> set[str]:
    """Titles of the pages that lie in the repository, of the computed one, and of the book's parts."""
    heading = {".py": r"^# # (.+)$", ".md": r"^# (.+)$"}
    found = {re.search(heading[path.suffix], path.read_text(encoding="utf-8"), re.M)[1] for path in PAGES}
    computed = (ROOT / "book/_ext/times.py").read_text(encoding="utf-8")
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    return found | set(re.findall(r'"# (.+)\\n"', computed)) | {part["caption"] for part in parts}


def unknown(names) -> list[str]:
    """Names that no title is, or begins with before a colon."""
    whole = {" ".join(name.split()) for name in names}
    return sorted(whole - {short for title in titles() for short in (title, title.split(":")[0])})


@pytest.mark.parametrize("path", FILES)
def test_docstrings_name_chapters_that_exist(path):
    named = re.findall(r"\((?:chapter|page) \*([^*]+)\*\)", path.read_text(encoding="utf-8"))
    assert unknown(named) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_what_comes_next_exists(path):
    text = re.sub(r"^# ?", "", path.read_text(encoding="utf-8"), flags=re.M)
    _, *after = re.split(r"^\**(?:# )?Next\b[.:*]*", text, maxsplit=1, flags=re.M)
    named = re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", "".join(after))
    assert unknown(named) == []


def test_a_name_that_is_no_title_is_found():
    assert unknown(["Train", "How it never works"]) == ["How it never works"]
