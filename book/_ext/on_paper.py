"""The book as PDF and EPUB: sounds become links, players a sentence with their largest weights; no folds.

It also lets the builders of PDF (by way of one long page) and EPUB draw what extensions taught only the
builder of pages to draw. `tools/make_pdf_epub.py` runs both builders.
"""

import re

from docutils import nodes
from reading_order import is_hidden_variant
from sphinx import addnodes

BUILDERS = ("singlehtml", "epub")
SOUND = re.compile(r'<audio[^>]*src="(?:\.\./)*([^"]+)"[^>]*>\s*</audio>')
SCRIPT = re.compile(r"<script\b.*?</script>", re.S)
NOSCRIPT = re.compile(r"<noscript>(.*?)</noscript>", re.S)
TABLE_OF_WEIGHTS = re.compile(r'<details class="ml-table">.*?<tbody>(.*?)</tbody>.*?</details>', re.S)
ROW = re.compile(r"<tr\b.*?</tr>", re.S)
ROWS_SHOWN = 8
FOLD = re.compile(r'<details class="admonition hide[^"]*">\s*<summary.*?</summary>(.*?)</details>', re.S)
FOLDED_SOURCE = re.compile(
    r'<details class="admonition hide[^"]*">\s*<summary[^>]*>\s*'
    r"<p[^>]*>Show code cell source</p>.*?</details>",
    re.S,
)


def share_handlers(app):
    """Teach both builders to draw what extensions taught the builder of pages to draw."""
    handlers = app.registry.translation_handlers
    for name in BUILDERS:
        handlers[name] = {**handlers.get("html", {}), **handlers.get(name, {})}


def linked_sounds(page: str, address: str) -> str:
    """The page with a link in place of every sound.

    Args:
        page: HTML.
        address: where the site is published, with a slash at its end.
    """
    return SOUND.sub(rf'<a href="{address}\1">listen on the site</a>', page)


def strongest_weights(page: str, address: str) -> str:
    """The page with a sentence and the largest weights in place of each player's table of all weights."""

    def shown(found: re.Match) -> str:
        rows = ROW.findall(found[1])[:ROWS_SHOWN]
        told = (
            f'<p>On <a href="{address}">the site</a> this is a player: there you mute what you like and hear '
            "it, and the model answers again. These features weigh most:</p>"
        )
        head = (
            "<thead><tr><td></td><th>feature</th><th>modality</th><th>weight</th><th>error</th></tr></thead>"
        )
        return f'{told}<table class="dataframe">{head}<tbody>{"".join(rows)}</tbody></table>'

    return TABLE_OF_WEIGHTS.sub(shown, page)


def unfolded(page: str) -> str:
    """The page without the code that the site folds away; solutions and other folds are shown."""
    page = FOLD.sub(r"\1", FOLDED_SOURCE.sub("", page))
    return page.replace("<details>", "<details open>")


def for_paper(page: str, address: str) -> str:
    """The HTML of a page as it can be printed: no scripts, no folds, links to sounds.

    Args:
        page: HTML.
        address: where the site is published, with a slash at its end.
    """
    page = SCRIPT.sub("", NOSCRIPT.sub(r"\1", page))
    return unfolded(strongest_weights(linked_sounds(page, address), address))


def change_page(app, pagename, templatename, context, doctree):
    if app.builder.name in BUILDERS and context.get("body"):
        context["body"] = for_paper(context["body"], app.config.html_baseurl)


def leave_out_variants(app, doctree, page):
    """The PDF has a chapter for one task and modality; links to its variants lead to the site."""
    if app.builder.name != "singlehtml":
        return
    for file in list(doctree.findall(addnodes.start_of_file)):
        if is_hidden_variant(file["docname"]):
            file.parent.remove(file)
    for link in doctree.findall(nodes.reference):
        goal = link.get("refuri", "").removeprefix("#document-")
        if goal != link.get("refuri", "") and is_hidden_variant(goal):
            link["refuri"] = f"{app.config.html_baseurl}{goal}.html"


def setup(app):
    app.connect("builder-inited", share_handlers)
    app.connect("doctree-resolved", leave_out_variants, priority=900)
    app.connect("html-page-context", change_page, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
