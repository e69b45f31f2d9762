"""Links both ways: names in code cells lead to the reference, entries of the reference to their chapters.

A name is anything in code that reads `ml.NAME` and is described in the reference as `musiclime.NAME`.
"""

import re

from docutils import nodes
from reading_order import is_hidden_variant, pages_in_order
from sphinx import addnodes

PREFIX = "musiclime."
NAME_IN_CODE = re.compile(r"\bml\.(\w+)")
# As Pygments writes `ml.NAME`: a span for each of the three parts.
NAME_IN_PAGE = re.compile(
    r'(<span class="n">ml</span><span class="o">\.</span><span class="n">)(\w+)(</span>)'
)
CODE_LANGUAGES = ("ipython3", "python")


def names_used(app):
    """The names that each page's code uses; kept with what Sphinx remembers between two builds."""
    if not hasattr(app.env, "musiclime_names_used"):
        app.env.musiclime_names_used = {}
    return app.env.musiclime_names_used


def note_names(app, doctree):
    """Remember which names the code of a page uses."""
    names = set()
    for block in doctree.findall(nodes.literal_block):
        if block.get("language") in CODE_LANGUAGES:
            names |= set(NAME_IN_CODE.findall(block.astext()))
    names_used(app)[app.env.docname] = names


def forget_page(app, env, page):
    names_used(app).pop(page, None)


def merge_pages(app, env, pages, other):
    """Take over what a process that reads pages beside this one has noted."""
    found = getattr(other, "musiclime_names_used", {})
    names_used(app).update({page: found[page] for page in pages if page in found})


def entries(env) -> dict[str, tuple[str, str]]:
    """The page and the anchor of every name that the reference describes."""
    found = {}
    for name, entry in env.get_domain("py").objects.items():
        short = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and "." not in short:
            found[short] = (entry.docname, entry.node_id)
    return found


def changed_references(app, env):
    """The reference is written again where the chapters that use its names have changed."""
    told = {page: sorted(names) for page, names in names_used(app).items()}
    if told == getattr(env, "musiclime_names_told", None):
        return []
    env.musiclime_names_told = told
    return sorted({page for page, _ in entries(env).values()})


def chapters_using(app, name: str) -> list[str]:
    """The pages whose code uses a name, in reading order; of a chapter's variants only the first."""
    order = pages_in_order(app.env.toctree_includes, app.config.root_doc)
    return [page for page in order if name in names_used(app).get(page, ()) and not is_hidden_variant(page)]


def line_of_chapters(app, from_page: str, pages: list[str]) -> nodes.paragraph:
    """The line "Used in", with a link to each of these pages."""
    line = nodes.paragraph("", "Used in: ", classes=["ml-used"])
    for number, page in enumerate(pages):
        if number:
            line += nodes.Text(", ")
        address = app.builder.get_relative_uri(from_page, page)
        line += nodes.reference("", app.env.titles[page].astext(), refuri=address, internal=True)
    return line


def list_chapters(app, doctree, page):
    """Add to each entry of the reference the chapters that use it, below its description."""
    for entry in doctree.findall(addnodes.desc):
        signature, content = entry[0], entry[-1]
        name = signature["ids"][0].removeprefix(PREFIX) if signature.get("ids") else "."
        pages = [] if "." in name else chapters_using(app, name)
        if not pages:
            continue
        members = content.next_node(addnodes.desc)
        place = content.index(members) if members is not None and members.parent is content else len(content)
        content.insert(place, line_of_chapters(app, page, pages))


def link_names(app, pagename, templatename, context, doctree):
    """Make the names in a page's code links; the text of the code stays as it is."""
    if app.builder.format != "html" or not context.get("body"):
        return
    known = entries(app.env)

    def linked(found: re.Match) -> str:
        if found[2] not in known:
            return found[0]
        page, anchor = known[found[2]]
        address = f"{app.builder.get_relative_uri(pagename, page)}#{anchor}"
        return f'{found[1]}<a class="ml-api" href="{address}">{found[2]}</a>{found[3]}'

    context["body"] = NAME_IN_PAGE.sub(linked, context["body"])


def setup(app):
    app.connect("doctree-read", note_names)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("env-updated", changed_references)
    app.connect("doctree-resolved", list_chapters)
    app.connect("html-page-context", link_names, priority=850)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
