"""The book on paper and without jupyter-book: sounds become links, sphinx-build alone makes the same site."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import make_pdf_epub
import on_paper
import pytest
import sphinx_conf

ROOT = Path(__file__).resolve().parents[2]


def test_a_sound_becomes_a_link_to_the_site():
    page = '<p><audio controls preload="none" src="../assets/x/song.mp3"></audio></p>'
    made = on_paper.for_paper(page, "https://a.org/b/")
    assert made == '<p><a href="https://a.org/b/assets/x/song.mp3">listen on the site</a></p>'


def test_paper_has_no_scripts_and_a_style_of_its_own():
    contents = '<div id="jb-print-docs-body" class="onlyprint">'
    page = f"<head></head><body><script>alert(1)</script>{contents}<p>x</p></div></body>"
    made = make_pdf_epub.printable(page, "<p>a cover</p>")
    assert "<script" not in made
    assert made.index("@page") < made.index("</head>") < made.index("a cover") < made.index(contents)


def test_the_address_of_the_site_follows_from_the_repository(tmp_path):
    (tmp_path / "_config.yml").write_text("repository: {url: https://github.com/someone/a-book}")
    assert make_pdf_epub.site_address(tmp_path) == "https://someone.github.io/a-book/"


def test_the_settings_for_sphinx_are_those_of_the_book(tmp_path):
    names = {}
    exec(sphinx_conf.write(ROOT, tmp_path).read_text(encoding="utf-8"), names)
    assert names["html_title"] == "MusicLIME"
    assert "reading_order" in names["extensions"]
    assert all(Path(folder).is_absolute() for folder in names["html_static_path"])


def test_a_player_becomes_a_sentence_its_sounds_and_its_largest_weights():
    rows = "".join(f"<tr><td></td><td>vocals{i}</td></tr>" for i in range(40))
    page = (
        '<div class="ml-player">'
        '<noscript><p>the song <audio controls src="../assets/x.mp3"></audio></p></noscript>'
        '<details class="ml-table"><summary>all weights</summary>'
        f"<table><tbody>{rows}</tbody></table></details>"
        '<script type="application/json">{}</script></div>'
    )
    made = on_paper.for_paper(page, "https://a.org/")
    assert '<a href="https://a.org/assets/x.mp3">listen on the site</a>' in made
    assert "vocals7" in made and "vocals8" not in made
    assert "mute" in made
    assert not re.search("<script|<noscript|<details|<audio", made)


def test_a_heading_that_only_the_site_fills_is_left_out():
    section = '<section id="next">\n<h2>Next<a class="headerlink" href="#next">#</a></h2>\n{}</section>'
    assert on_paper.for_paper(section.format(""), "https://a.org/") == ""
    written = section.format("<p>Explain asks why.</p>")
    assert on_paper.for_paper(written, "https://a.org/") == written


def test_folded_code_is_left_out_and_a_solution_is_shown():
    opening = '<details class="admonition hide above-input"><summary a="b">'
    fold = opening + '<p class="c">{}</p></summary>{}</details>'
    page = fold.format("Show code cell source", "plot") + fold.format("Show code cell content", "solution")
    assert on_paper.for_paper(page, "https://a.org/") == "solution"


def test_an_epub_s_page_is_well_formed_and_has_no_style_in_its_text():
    page = '<div hidden>a &nbsp;<br><style scoped>td {}</style><pre>x\n  y</pre><link href="a.css"></div>'
    made = on_paper.well_formed(page)
    assert made == '<div hidden="">a \xa0<br/><pre>x\n  y</pre></div>'


def test_no_link_leads_to_the_machine_that_built_the_book():
    picture = '<img alt="a" src="_images/a.svg"/>'
    page = f'<a class="reference internal image-reference" href="_images/a.svg">{picture}</a>'
    assert on_paper.for_paper(page, "https://a.org/") == picture
    made = on_paper.for_paper('<a href="../_static/study.html#one">x</a>', "https://a.org/")
    assert made == '<a href="https://a.org/_static/study.html#one">x</a>'


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_small_site_becomes_a_pdf_and_an_epub(small_site, tmp_path):
    source = small_site.parents[1]
    command = [sys.executable, ROOT / "tools/make_pdf_epub.py", source, tmp_path]
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "musiclime-book.pdf").read_bytes().startswith(b"%PDF")
    with zipfile.ZipFile(tmp_path / "musiclime-book.epub") as book:
        pages = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xhtml")}
        packed = {Path(name).name for name in book.namelist()}
    assert {"index.xhtml", "runs/tiny-genre.xhtml"} <= set(pages)
    assert "listen on the site" in pages["runs/tiny-genre.xhtml"]
    # Readers of EPUB show no page that is not well-formed; these raise where one is not.
    trees = {name: ElementTree.fromstring(page) for name, page in pages.items()}
    assert "tiny-genre.xhtml" in pages["nav.xhtml"]
    styles = {
        link.get("href").rsplit("/", 1)[-1]
        for tree in trees.values()
        for link in tree.iter("{http://www.w3.org/1999/xhtml}link")
    }
    assert styles and styles <= packed
    assert [name for name, page in pages.items() if re.search("<audio|<script|<noscript", page)] == []
    single = (tmp_path / "single" / "index.html").read_text(encoding="utf-8")
    assert single.count("listen on the site") >= 4
    # The theme keeps a style for readers without JavaScript in the head; the pages are in the body.
    body = single[single.index("<body") :]
    assert re.search("<audio|<noscript", body) is None


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sphinx_build_alone_makes_the_same_site(small_site, tmp_path):
    source = small_site.parents[1]
    conf = sphinx_conf.write(source, tmp_path / "conf")
    out = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-c", str(conf.parent), str(source), str(out)]
    done = subprocess.run(command, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-4000:]
    pages = [page.relative_to(small_site) for page in small_site.rglob("*.html")]
    assert len(pages) > 5
    for page in pages:
        # An unchanged page keeps the commit that it was built from; a style built before, its stamp.
        both = [(site / page).read_text("utf-8") for site in (out, small_site)]
        one, other = [re.sub(r"commit \w+ of [\d-]+|\?v=\w+", "", text) for text in both]
        assert one == other, page
