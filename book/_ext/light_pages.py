"""Makes the pages light: takes out the theme's icon fonts, and the search index of pages that do not search.

The theme loads all of Font Awesome, 0.8 MB, for some twenty icons. `_static/icons.css` draws these twenty.
"""

import re
from pathlib import Path

THEME_STYLE = "_static/styles/pydata-sphinx-theme.css"
UNUSED_FILES = [
    "_static/scripts/fontawesome.js*",
    "_static/vendor/fontawesome/webfonts/*",
    "_static/scripts/*.map",
    "_static/styles/*.map",
]
ICON_SCRIPT = re.compile(r'\s*<script[^>]*src="[^"]*/fontawesome\.js[^"]*"></script>')
# The theme loads these on every page for a search that answers while one types, which this book does not use.
SEARCH_SCRIPTS = re.compile(
    r'\s*<script src="[^"]*(?:_static/searchtools|_static/language_data|searchindex)\.js"></script>'
)
# A rule of the style sheet: its selector and, in braces, what it sets; @keyframes holds rules of its own.
STYLE_RULE = re.compile(r"([^{}]+)\{((?:[^{}]|\{[^{}]*\})*)\}")


def is_icon_rule(selector: str, body: str) -> bool:
    """Whether a rule of the theme's style sheet belongs to Font Awesome."""
    selector = re.sub(r"/\*.*?\*/", "", selector, flags=re.S).strip()
    if selector == "@font-face":
        return "Font Awesome" in body
    if selector.startswith(("@keyframes fa-", "@-webkit-keyframes fa-")):
        return True
    if selector.startswith(":host,:root"):
        return "--fa-" in body
    return all(re.match(r"\s*\.fa[bsr]?\b", part) for part in selector.split(","))


def without_icon_rules(style: str) -> str:
    """The style sheet without the rules of Font Awesome."""

    def kept(rule: re.Match) -> str:
        return "" if is_icon_rule(rule[1], rule[2]) else rule[0]

    return STYLE_RULE.sub(kept, style)


def without_unused_scripts(page: str, is_search_page: bool) -> str:
    """The page without the scripts that it does not need."""
    page = ICON_SCRIPT.sub("", page)
    return page if is_search_page else SEARCH_SCRIPTS.sub("", page)


def rewrite(file: Path, text: str) -> None:
    """Write a file only where its text has changed."""
    if file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def lighten(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for pattern in UNUSED_FILES:
        for file in site.glob(pattern):
            file.unlink()
    style = site / THEME_STYLE
    if style.is_file():
        rewrite(style, without_icon_rules(style.read_text(encoding="utf-8")))
    for file in site.rglob("*.html"):
        if "_static" not in file.parts:
            page = file.read_text(encoding="utf-8")
            rewrite(file, without_unused_scripts(page, file.name == "search.html"))


def setup(app):
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
