"""The book on paper and without jupyter-book: sounds become links, sphinx-build alone makes the same site."""

import re
import subprocess
import sys
from pathlib import Path

import make_pdf_epub
import pytest
import sphinx_conf

ROOT = Path(__file__).resolve().parents[2]


def test_a_sound_becomes_a_link_to_the_site():
    page = '<p><audio controls preload="none" src="../assets/x/song.mp3"></audio></p>'
    made = make_pdf_epub.linked_sounds(page, "https://a.org/b/")
    assert made == '<p><a href="https://a.org/b/assets/x/song.mp3">listen on the site</a></p>'


def test_paper_has_no_scripts_and_a_style_of_its_own():
    page = "<head></head><body><script>alert(1)</script><p>x</p></body>"
    made = make_pdf_epub.printable(page, "https://a.org/")
    assert "<script" not in made
    assert made.index("@page") < made.index("</head>")


def test_the_address_of_the_site_follows_from_the_repository(tmp_path):
    (tmp_path / "_config.yml").write_text("repository: {url: https://github.com/someone/a-book}")
    assert make_pdf_epub.site_address(tmp_path) == "https://someone.github.io/a-book/"


def test_the_settings_for_sphinx_are_those_of_the_book(tmp_path):
    names = {}
    exec(sphinx_conf.write(ROOT, tmp_path).read_text(encoding="utf-8"), names)
    assert names["html_title"] == "MusicLIME"
    assert "reading_order" in names["extensions"]
    assert all(Path(folder).is_absolute() for folder in names["html_static_path"])


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
        # An unchanged page keeps the commit that it was built from.
        both = [(site / page).read_text("utf-8") for site in (out, small_site)]
        one, other = [re.sub(r"commit \w+ of [\d-]+", "", text) for text in both]
        assert one == other, page
