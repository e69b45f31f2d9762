"""What a page says about itself: description, picture, badge and commit; and llms.txt, about all pages."""

import json
import subprocess
from html import escape
from pathlib import Path

from docutils import nodes

COMPOSED = "These songs are composed by code. They say something about the method, nothing about real music."


def described(doctree) -> str:
    """The first paragraph of a page that says something, as plain text of at most 200 characters."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split()).removeprefix("What you will learn. ")
        if len(text) > 60 and not text.startswith("This run:"):
            return text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + " ..."
    return "Which words, and which sounds, moved a music model's decision?"


def plain_title(app, page: str) -> str:
    return app.env.titles[page].astext()


def commit(folder: Path) -> str:
    """The commit that the pages are built from; empty where there is no git."""
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h of %cs"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def is_of_composed_songs(folder: Path, page: str) -> bool:
    """Whether a page is about songs of the composed corpus: its notebook loads that corpus."""
    notebook, record = folder / f"{page}.ipynb", folder / f"{page}.json"
    if page == "index":
        notebook, record = folder / "runs/index.ipynb", folder / "runs/index.json"
    if not notebook.is_file():
        return False
    parameters = {}
    if record.is_file():
        parameters = json.loads(record.read_text(encoding="utf-8")).get("parameters", {})
    if "corpus" in parameters:
        return parameters["corpus"] == "demo"
    return 'load_corpus(\\"demo\\"' in notebook.read_text(encoding="utf-8")


def tell(app, pagename, templatename, context, doctree):
    """Add description, picture, badge and commit to a page."""
    footer = context.get("theme_extra_footer", "")
    if app.musiclime_commit and app.musiclime_commit not in footer:
        context["theme_extra_footer"] = f"{footer}<p>Built from commit {app.musiclime_commit}.</p>"
    if app.builder.name != "html" or doctree is None:
        return
    description, title = escape(described(doctree)), escape(plain_title(app, pagename))
    tags = [
        f'<meta name="description" content="{description}">',
        f'<meta property="og:title" content="{title}">',
        f'<meta property="og:description" content="{description}">',
        '<meta property="og:type" content="article">',
        f'<meta property="og:image" content="{app.config.html_baseurl}_static/social.png">',
        '<meta name="twitter:card" content="summary_large_image">',
    ]
    context["metatags"] = context.get("metatags", "") + "\n".join(tags) + "\n"
    badges = '<p class="ml-badges">'
    if badges in context["body"] and is_of_composed_songs(Path(app.srcdir), pagename):
        goal = app.builder.get_relative_uri(pagename, "book/reference/glossary") + "#term-demo-corpus"
        badge = f'<a class="ml-composed" href="{goal}" title="{COMPOSED}">composed songs</a>'
        context["body"] = context["body"].replace(badges, badges + badge, 1)


def composed_role(name, rawtext, text, line, inliner, options=None, content=None):
    """{composed}`a composed song` is the badge within a sentence; it leads to the glossary."""
    inner = nodes.inline(rawtext, text, classes=["ml-composed"])
    return [inner], []


def list_pages(app, exception):
    """Write llms.txt: what this site is, and every page with its title and first sentence."""
    if exception is not None or app.builder.name != "html":
        return
    lines = ["# The MusicLIME book", ""]
    lines += ["> Which words, and which stem in which tenth of a clip, moved a music model's decision?", ""]
    for page in sorted(app.env.found_docs):
        address = f"{app.config.html_baseurl}{app.builder.get_target_uri(page)}"
        lines.append(f"- [{plain_title(app, page)}]({address}): {described(app.env.get_doctree(page))}")
    Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def site_of(repository: str) -> str:
    """Where GitHub Pages publishes the site of a repository."""
    account, name = repository.rstrip("/").removeprefix("https://github.com/").split("/")
    return f"https://{account}.github.io/{name}/"


def note_address(app, config):
    """The repository's address is written in one place, _config.yml; the site's follows from it."""
    config.html_baseurl = site_of(config.html_theme_options["repository_url"])


def note_commit(app):
    app.musiclime_commit = commit(Path(app.srcdir))


def setup(app):
    app.add_role("composed", composed_role)
    app.connect("config-inited", note_address)
    app.connect("builder-inited", note_commit)
    app.connect("html-page-context", tell, priority=700)
    app.connect("build-finished", list_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
