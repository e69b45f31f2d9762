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

AUDIO = re.compile(r"<audio[^>]*src=\"(?:\.\./)*([^\"]+)\"[^>]*>\s*</audio>")
PLAYER_DATA = re.compile(r"<script\b.*?</script>", re.S)
PRINT_STYLE = """<style>
@page { size: A4; margin: 18mm 16mm; }
.bd-sidebar-primary, .bd-sidebar-secondary, .bd-header, .bd-header-article, .bd-footer, .bd-footer-content,
.headerlink, .ml-badges, #pst-skip-link, dialog, .copybtn, .sbt-scroll-pixel-helper {
  display: none !important;
}
.bd-main .bd-content .bd-article-container { max-width: none !important; padding: 0 !important; }
body { font-size: 10.5pt; }
h1 { break-before: page; }
figure, table, pre, .ml-player { break-inside: avoid; }
details { display: block; }
details > * { display: block !important; }
</style>"""


def site_address(source: Path) -> str:
    """Where the book is published: sounds are linked there."""
    config = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
    account, name = config["repository"]["url"].rstrip("/").split("/")[-2:]
    return f"https://{account}.github.io/{name}/"


def linked_sounds(page: str, address: str) -> str:
    """The page with a link in place of every sound."""
    return AUDIO.sub(rf'<a href="{address}\1">listen on the site</a>', page)


def printable(page: str, address: str) -> str:
    """The page without scripts, with links to its sounds and a style for paper."""
    page = PLAYER_DATA.sub("", linked_sounds(page, address))
    return page.replace("</head>", f"{PRINT_STYLE}</head>", 1)


def build(builder: str, conf: Path, source: Path, out: Path) -> None:
    """Run sphinx-build; its messages are shown only where it fails."""
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-c", str(conf.parent), str(source), str(out)]
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
    page.write_text(printable(page.read_text(encoding="utf-8"), address), encoding="utf-8")
    print_pdf(page, out / "musiclime-book.pdf")

    build("epub", conf, source, out / "epub")
    made = next((out / "epub").glob("*.epub"))
    shutil.copy(made, out / "musiclime-book.epub")
    for name in ("musiclime-book.pdf", "musiclime-book.epub"):
        print(f"{out / name}: {(out / name).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
