"""What every built page must pass, as functions of a site's folder; each answers what is wrong."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LIMIT = 1_000_000


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
    return [Page(file) for file in sorted(site.rglob("*.html")) if "_static" not in file.parts]


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
