"""Links to Colab and Kaggle on every page that a run made, and the home run as the site's first page."""

from pathlib import Path

HOME = "index"


def home(app):
    """The site's first page is a run too, but lies at the root: bring it there, one floor up."""
    run = Path(app.srcdir) / "runs" / f"{HOME}.ipynb"
    if not run.is_file():
        return
    text = run.read_text(encoding="utf-8")
    text = text.replace("../assets/", "assets/").replace(f"figures/{HOME}/", f"runs/figures/{HOME}/")
    page = Path(app.srcdir) / run.name
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def badges(app, pagename, templatename, context, doctree):
    if app.builder.name != "html":  # a book on paper has nothing to press
        return
    name = pagename.rpartition("/")[2]
    file = f"launch/{name}.ipynb"
    if pagename not in (HOME, f"runs/{name}") or not (Path(app.srcdir) / "runs/site" / file).is_file():
        return
    repository = app.config.html_theme_options["repository_url"].removeprefix("https://github.com/")
    notebook = f"{repository}/blob/gh-pages/{file}"
    links = {
        "Run in Colab": f"https://colab.research.google.com/github/{notebook}",
        "Run in Kaggle": f"https://kaggle.com/kernels/welcome?src=https://github.com/{notebook}",
        "Download the notebook": "../" * pagename.count("/") + file,
    }
    row = "".join(f'<a class="ml-badge" href="{link}">{text}</a>' for text, link in links.items())
    row = f'<p class="ml-badges">{row}</p>'
    # The first page begins with its player: there the links come last.
    title, end, rest = context["body"].partition("</h1>")
    context["body"] = title + end + rest + row if pagename == HOME else title + end + row + rest


def setup(app):
    app.connect("builder-inited", home)
    app.connect("html-page-context", badges, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
