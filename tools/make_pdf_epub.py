"""Makes the book as PDF and EPUB from the pages of runs/, with links to the sounds of the site.

    python tools/make_pdf_epub.py [SOURCE] [OUT]

Both need what `make book` needs; the PDF also needs Chromium, which prints it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import sphinx_conf
import yaml

SCRIPT = re.compile(r"<script\b.*?</script>", re.S)
CONTENTS = re.compile(r'<div id="jb-print-docs-body"[^>]*>')
PRINT_STYLE = """<style>
@page { size: A4; margin: 18mm 16mm; }
.bd-sidebar-primary, .bd-sidebar-secondary, .bd-header, .bd-header-article, .bd-footer, .bd-footer-content,
.headerlink, .ml-badges, #pst-skip-link, dialog, .copybtn, .sbt-scroll-pixel-helper {
  display: none !important;
}
.bd-main .bd-content .bd-article-container { max-width: none !important; padding: 0 !important; }
body { font-size: 10.5pt; }
.ml-cover { break-after: page; padding-top: 70mm; text-align: center; }
#jb-print-docs-body > h1 { display: none; }
article { break-before: page; }
article > section > h1 { display: block !important; }
.ml-cover p:first-child { font: 32pt/1.2 var(--pst-font-family-heading); }
/* A chapter begins on a page of its own; a section of it goes on. */
article > section > .toctree-wrapper > section { break-before: page; }
h1, h2, h3, h4 { break-after: avoid; }
figure, tr, .ml-sound { break-inside: avoid; }
/* Nothing scrolls on paper: long lines go on below, and wide tables take the room they need. */
pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
pre { overflow: visible !important; break-inside: auto; }
.cell_input, .cell_output, .highlight, .ml-scroll, .ml-equation, .pst-scrollable-table-container {
  break-inside: auto; overflow: visible !important; max-height: none !important;
}
table { font-size: 9pt; }
.ml-player table :is(th, td) { text-align: start !important; }
p, li { orphans: 3; widows: 3; }
table :is(td, th) { overflow-wrap: anywhere; }
</style>"""
TITLE = "The MusicLIME book"
QUESTION = "Which words, and which stem in which tenth of a clip, moved a music model's decision?"
COVER = """<div class="ml-cover">
<p>{title}</p>
<p>{question}</p>
<p>Built from commit {commit}. The site plays what you read about here: <a href="{address}">{address}</a></p>
<p>Chapters that exist for several tasks and modalities are printed once; the site has the others.</p>
</div>"""
# What a shelf of e-books tells of it. No footnotes of addresses; contents of all chapters.
ABOUT_EPUB = {
    "epub_title": TITLE,
    "epub_description": QUESTION,
    "epub_uid": "book",
    "epub_scheme": "URL",
    "epub_show_urls": "no",
    "epub_tocscope": "includehidden",
}


def site_address(source: Path) -> str:
    """Where the book is published: sounds are linked there."""
    config = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
    account, name = config["repository"]["url"].rstrip("/").split("/")[-2:]
    return f"https://{account}.github.io/{name}/"


def commit_of(folder: Path) -> str:
    """The commit that the book is built from; empty where there is no git."""
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h of %cs"]
    found = subprocess.run(command, text=True, capture_output=True)
    return found.stdout.strip()


def printable(page: str, cover: str) -> str:
    """The page without scripts, with a cover before its table of contents and a style for paper."""
    page = SCRIPT.sub("", page)
    page = CONTENTS.sub(lambda found: cover + found[0], page, count=1)
    return page.replace("</head>", f"{PRINT_STYLE}</head>", 1)


def build(builder: str, conf: Path, source: Path, out: Path, settings: dict[str, str] | None = None) -> None:
    """Run sphinx-build; its messages are shown only where it fails."""
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-c", str(conf.parent)]
    for name, value in (settings or {}).items():
        command += ["-D", f"{name}={value}"]
    command += [str(source), str(out)]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{done.stdout[-4000:]}\nsphinx-build -b {builder} failed")


def print_pdf(page: Path, file: Path) -> None:
    """Print a page to PDF with Chromium."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    browser = next((path for path in map(shutil.which, filter(None, names)) if path), None)
    if browser is None:
        sys.exit("no Chromium for the PDF: apt-get install chromium, or name one in the variable CHROMIUM")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    subprocess.run([browser, *flags, f"--print-to-pdf={file}", page.resolve().as_uri()], check=True)


def main() -> None:
    source = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    out = Path(sys.argv[2] if len(sys.argv) > 2 else "_build/print").resolve()
    address = site_address(source)
    conf = sphinx_conf.write(source, out / "conf")

    build("singlehtml", conf, source, out / "single")
    page = out / "single" / "index.html"
    commit = commit_of(source) or "unknown"
    cover = COVER.format(title=TITLE, question=QUESTION, commit=commit, address=address)
    page.write_text(printable(page.read_text(encoding="utf-8"), cover), encoding="utf-8")
    print_pdf(page, out / "musiclime-book.pdf")

    build("epub", conf, source, out / "epub", {**ABOUT_EPUB, "epub_identifier": address})
    made = next((out / "epub").glob("*.epub"))
    shutil.copy(made, out / "musiclime-book.epub")
    for name in ("musiclime-book.pdf", "musiclime-book.epub"):
        print(f"{out / name}: {(out / name).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
