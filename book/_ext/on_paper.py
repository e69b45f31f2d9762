"""The book as PDF and EPUB: sounds become links, players a sentence with their largest weights; no folds.

It also lets the builders of PDF (by way of one long page) and EPUB draw what extensions taught only the
builder of pages to draw. `tools/make_pdf_epub.py` runs both builders.
"""

import re
from pathlib import Path

from bs4 import BeautifulSoup
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
# A cell without a heading at the start of each row of a table of weights.
BLANK_CELL = re.compile(r"(<tr\b[^>]*>\s*)<td>\s*</td>")
# The site fills this heading with the page that follows; on paper the page follows.
EMPTY_NEXT = re.compile(r'<section id="next[\w-]*">\s*<h\d>Next(?:(?!</h).)*</h\d>\s*</section>', re.S)
# Pages that lie among the site's static files are not part of a book on paper.
LINK_TO_STATIC_PAGE = re.compile(r'href="(?:\.\./)*(_static/[^"]+\.html[^"]*)"')
# A picture that leads to its file, which on paper is a file of the machine that built the book.
LINKED_PICTURE = re.compile(r'<a class="[^"]*\bimage-reference\b[^>]*>\s*(<img\b[^>]*>)\s*</a>')
# These extensions bring their styles only after an EPUB has been packed.
STYLES_THAT_COME_LATE = ("mystnb", "exercise")
# An e-book reader is as narrow as a phone and cannot scroll sideways: nothing is wider than the page.
EPUB_STYLE = """<style>
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; font-size: 0.75em; line-height: 1.4; }
table { max-width: 100%; font-size: 0.75em; }
table :is(td, th) { overflow-wrap: anywhere; hyphens: auto; padding: 0.2em 0.4em; vertical-align: top; }
p, li, dt, dd { overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
math[display="block"] { max-width: 100%; overflow-x: auto; font-size: 0.85em; }
.eqno { float: none; position: static; display: block; text-align: right; }
</style>"""
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
        rows = BLANK_CELL.sub(r"\1", "".join(ROW.findall(found[1])[:ROWS_SHOWN]))
        told = (
            f'<p>On <a href="{address}">the site</a> this is a player: there you mute what you like and hear '
            "it, and the model answers again. These features weigh most:</p>"
        )
        head = "<thead><tr><th>feature</th><th>modality</th><th>weight</th><th>error</th></tr></thead>"
        return f'{told}<table class="dataframe">{head}<tbody>{rows}</tbody></table>'

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
    page = LINKED_PICTURE.sub(r"\1", LINK_TO_STATIC_PAGE.sub(rf'href="{address}\1"', page))
    page = EMPTY_NEXT.sub("", page)
    return unfolded(strongest_weights(linked_sounds(page, address), address))


def well_formed(page: str) -> str:
    """The HTML of a page as XHTML: readers of EPUB show no page in which an element is left open.

    Styles within the text are left out: they belong into the head, and are of the site.
    """
    parsed = BeautifulSoup(page, "html.parser")
    for styled in parsed(["style", "link"]):
        styled.decompose()
    return str(parsed)


def for_epub(context: dict) -> None:
    """Give a page of an EPUB a style for narrow pages, and take away links to styles that it lacks."""
    context["metatags"] = context.get("metatags", "") + EPUB_STYLE
    context["css_files"] = [
        style
        for style in context["css_files"]
        if not Path(str(style.filename)).name.startswith(STYLES_THAT_COME_LATE)
    ]
    if context.get("body"):
        context["body"] = well_formed(context["body"])


def change_page(app, pagename, templatename, context, doctree):
    if app.builder.name in BUILDERS and context.get("body"):
        context["body"] = for_paper(context["body"], app.config.html_baseurl)
    if app.builder.name == "epub":
        for_epub(context)


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
