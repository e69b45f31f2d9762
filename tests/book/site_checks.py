"""What every built page must pass, as functions of a site's folder; each answers what is wrong."""

import ast
import csv
import functools
import gzip
import json
import re
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

LIMIT = 1_000_000
FIRST_VIEW_LIMIT = 350_000
QUOTES = re.compile("[\\s'\"\u2018\u2019\u201c\u201d*]")  # what Markdown makes another of
ROOT = Path(__file__).resolve().parents[2]
OWN = "listening-study.html"  # the one page of ours among the theme's static files


class Page(HTMLParser):
    """The links, the targets and the images of one page, and what it loads by itself."""

    def __init__(self, file: Path):
        super().__init__()
        self.file, self.links, self.targets, self.images, self.loads = file, [], set(), [], []
        self.text = file.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        self.targets |= {has[name] for name in ("id", "name") if has.get(name)}
        if tag == "a" and has.get("href"):
            self.links.append(has["href"])
        if tag == "img":
            self.images.append(has)
        if tag == "link" and has.get("rel") not in ("next", "prev", "search", "canonical", "index"):
            self.loads.append(has.get("href", ""))
        if tag != "a":
            self.loads += [has[name] for name in ("src", "poster") if has.get(name)]


def pages(site: Path) -> list[Page]:
    """Every page of a site: those of the theme's own static files aside."""
    files = sorted(site.rglob("*.html"))
    files = [file for file in files if "_static" not in file.parts or file.name == OWN]
    return [_page(file, file.stat().st_mtime_ns) for file in files]


@functools.cache
def _page(file: Path, changed: int) -> Page:
    """A page, read once for all checks until it changes."""
    return Page(file)


def broken_links(site: Path) -> list[str]:
    """Links and loaded files inside the site that lead nowhere, their anchors included."""
    known = {page.file.resolve(): page.targets for page in pages(site)}
    wrong = []
    for page in pages(site):
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            goal = (page.file.parent / unquote(parts.path)).resolve() if parts.path else page.file.resolve()
            goal = goal / "index.html" if goal.is_dir() else goal
            anchor = unquote(parts.fragment)
            lost = anchor and goal in known and anchor not in known[goal]
            if not goal.is_file() or lost:
                wrong.append(f"{page.file.relative_to(site)} -> {link}")
    return sorted(set(wrong))


def far_pages(site: Path, clicks: int = 2) -> list[str]:
    """The pages that are more than so many clicks away from the first."""
    links = {page.file.resolve(): page for page in pages(site)}
    reached = {(site / "index.html").resolve()}
    for _ in range(clicks):
        goals = {
            (file.parent / unquote(urlsplit(link).path)).resolve()
            for file in reached
            for link in links[file].links
            if not urlsplit(link).netloc
        }
        reached |= goals & set(links)
    made_by_sphinx = ("search.html", "genindex.html", "py-modindex.html", OWN)
    ours = {file for file in links if file.name not in made_by_sphinx}
    return sorted(str(file.relative_to(site.resolve())) for file in ours - reached)


def foreign_loads(site: Path) -> list[str]:
    """What a page or a style would load from elsewhere."""
    wrong = [
        f"{page.file.relative_to(site)}: {url}" for page in pages(site) for url in page.loads if "//" in url
    ]
    for style in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\") ]+)", style.read_text("utf-8"))
        wrong += [f"{style.relative_to(site)}: {url}" for url in found]
    return [line for line in wrong if "data:" not in line]


def undescribed_images(site: Path) -> list[str]:
    """Images without an alternative text, or with their own file name as one."""
    wrong = []
    for page in pages(site):
        for image in page.images:
            alt, name = (image.get("alt") or "").strip(), Path(urlsplit(image.get("src", "")).path).name
            # An empty alt is right for ornament; in an article's figure it is not.
            if not alt or alt in (name, image.get("src")) or name.startswith(f"{alt}."):
                wrong.append(f"{page.file.relative_to(site)}: {image.get('src')} {alt!r}")
    return wrong


def tracebacks(site: Path) -> list[str]:
    sign = re.compile(r"Traceback \(most recent call last\)|\bException Traceback\b|Error</span>\s+Traceback")
    return [str(page.file.relative_to(site)) for page in pages(site) if sign.search(page.text)]


def weights(site: Path) -> dict[str, int]:
    """Bytes of each page's own: its HTML, its figures, the player; sound and the shared theme aside."""
    out = {}
    for page in pages(site):
        own = {
            (page.file.parent / urlsplit(url).path).resolve() for url in page.loads if "_static" not in url
        }
        own = {file for file in own if file.is_file() and file.suffix != ".mp3"}
        out[str(page.file.relative_to(site))] = len(page.text.encode()) + sum(f.stat().st_size for f in own)
    return out


def files_of_first_view(page: Page) -> set[Path]:
    """The page and what a browser loads with it: styles, their fonts, scripts and images; no sound."""
    font_links = re.compile(r"url\([\"']?(?!data:)([^\"')]+\.woff2)")
    files = {page.file}
    for url in page.loads:
        file = (page.file.parent / unquote(urlsplit(url).path)).resolve()
        if file.is_file() and not file.name.endswith((".mp3", ".audio.js")):
            files.add(file)
    for style in [file for file in files if file.suffix == ".css"]:
        fonts = font_links.findall(style.read_text(encoding="utf-8"))
        files |= {(style.parent / font).resolve() for font in fonts if (style.parent / font).is_file()}
    return files


def first_views(site: Path) -> dict[str, int]:
    """Gzipped bytes of the first view of every page, sound and model aside."""
    sizes, out = {}, {}
    for page in pages(site):
        for file in files_of_first_view(page):
            if file not in sizes:
                sizes[file] = len(gzip.compress(file.read_bytes(), 6))
        out[str(page.file.relative_to(site))] = sum(sizes[file] for file in files_of_first_view(page))
    return out


def repository() -> str:
    """owner/name, as the configuration spells it."""
    told = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return told["repository"]["url"].removeprefix("https://github.com/")


def outward(site: Path) -> list[str]:
    """The links that lead out of a site, those to the book's own repository aside."""
    links = {link for page in pages(site) for link in page.links if urlsplit(link).netloc}
    return sorted(link for link in links if repository() not in link)


def listed_links(file: Path) -> dict[str, str]:
    """The list of external links: the date on which each was last seen, empty for never."""
    with file.open(newline="", encoding="utf-8") as lines:
        return {row["url"]: row["seen"] for row in csv.DictReader(lines)}


def values_of_run(cells: list[dict]) -> dict[str, str]:
    """The values that a notebook runs with: its defaults, then what papermill sets instead."""
    values = {}
    for tag in ("parameters", "injected-parameters"):
        for cell in cells:
            if tag not in cell["metadata"].get("tags", []):
                continue
            for node in ast.parse("".join(cell["source"])).body:
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                values[target.id.replace("_", " ")] = str(ast.literal_eval(node.value))
    return values


def lost_notebooks(site: Path) -> list[str]:
    """What is wrong with the notebooks for Colab and Kaggle: a page each, its parameters, no outputs."""
    wrong, offered = [], {page.file.stem: page for page in pages(site) if 'class="ml-badge"' in page.text}
    notebooks = {file.stem: json.loads(file.read_text("utf-8")) for file in site.glob("launch/*.ipynb")}
    wrong += [f"{name}: page or notebook is missing" for name in set(offered) ^ set(notebooks)]
    for name in set(offered) & set(notebooks):
        text, cells = offered[name].text, notebooks[name]["cells"]
        ways = text.count(f"/launch/{name}.ipynb") + text.count(f'"launch/{name}.ipynb')
        wrong += [f"{name}: {ways} links, not to Colab, Kaggle and the file"] if ways != 3 else []
        wrong += [f"{name}: has outputs"] if any(cell.get("outputs") for cell in cells) else []
        told = re.search(r"<em>This run:</em>(.*?)\.</p>", text, re.S)
        shown = re.findall(r"(\w[\w ]*) <strong>(.*?)</strong>", unescape(told[1]), re.S) if told else []
        shown = {label: QUOTES.sub("", value) for label, value in shown}
        for label, value in values_of_run(cells).items() if told else ():
            # What is empty by default, the page leaves out.
            if shown.get(label, "") != QUOTES.sub("", "" if value in ("{}", "[]", "None") else value):
                wrong.append(f"{name}: {label} is {value}, the page says {shown.get(label)}")
    return sorted(wrong)


def report(site: Path) -> str:
    """How heavy a site is: its heaviest pages, and what is not counted with them, sound and theme."""
    own = sorted(weights(site).items(), key=lambda item: -item[1])
    sounds = [f.stat().st_size for f in site.rglob("*") if f.name.endswith((".mp3", ".audio.js"))]
    theme = sum(f.stat().st_size for f in (site / "_static").rglob("*") if f.is_file())
    heavy = ", ".join(f"{name} {size / 1000:.0f} kB" for name, size in own[:3])
    views = first_views(site)
    largest = max(views, key=views.get)
    print(f"first view, gzipped: at most {views[largest] / 1000:.0f} kB ({largest})")
    rest = f"{len(sounds)} sounds {sum(sounds) / 1e6:.1f} MB (loaded when played), theme {theme / 1e6:.1f} MB"
    return f"{len(own)} pages; the heaviest: {heavy}; {rest}"


if __name__ == "__main__":
    print(report(Path(sys.argv[1])))


def players(file: Path) -> list[tuple[str, dict]]:
    """The title line and the data of every player on a page."""
    parts = file.read_text(encoding="utf-8").split('<div class="ml-player">')[1:]
    found = []
    for part in parts:
        title = re.search(r'<div class="ml-title"[^>]*>(.*?)</div>', part, re.S)[1]
        data = re.search(r'<script type="application/json">(.*?)</script>', part, re.S)[1]
        found.append((title, json.loads(data)))
    return found
