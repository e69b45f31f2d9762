"""The built site: it plays, from disk and from a server, with the network off; no page is broken."""

import json

import pytest
import site_checks as checks
from axe_playwright_python.sync_playwright import Axe

SLOW = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(1500)]


@pytest.fixture(params=["disk", "server"])
def first_page(request, site, serve):
    """The url of the first page, as a file and as served."""
    return (site / "index.html").as_uri() if request.param == "disk" else serve(site) + "index.html"


class TestChecks:
    """The checks themselves can fail."""

    def write(self, folder, **files):
        for name, text in files.items():
            (folder / f"{name}.html").write_text(text)
        return folder

    def test_a_planted_broken_link_and_a_lost_anchor_are_found(self, tmp_path):
        good = (
            '<a href="b.html#there">x</a><a href="https://elsewhere.org">y</a><a href="#here" id="here">z</a>'
        )
        self.write(tmp_path, a=good, b='<h2 id="there">T</h2>')
        assert checks.broken_links(tmp_path) == []
        self.write(
            tmp_path, c='<a href="gone.html">x</a><a href="b.html#gone">y</a><img src="no.png" alt="x">'
        )
        found = checks.broken_links(tmp_path)
        assert found == ["c.html -> b.html#gone", "c.html -> gone.html", "c.html -> no.png"]

    def test_what_comes_from_elsewhere_is_found(self, tmp_path):
        self.write(tmp_path, a='<script src="x.js"></script><a href="https://fine.org">x</a>')
        (tmp_path / "a.css").write_text("p { background: url(data:image/png;base64,//x) }")
        assert checks.foreign_loads(tmp_path) == []
        self.write(
            tmp_path, b='<script src="https://cdn.org/x.js"></script><link rel="stylesheet" href="//y">'
        )
        (tmp_path / "b.css").write_text('@import "https://fonts.org/z.css";')
        assert len(checks.foreign_loads(tmp_path)) == 3

    def test_images_without_a_description_are_found(self, tmp_path):
        self.write(tmp_path, a='<img src="x/fig.png" alt="Three rising points">')
        assert checks.undescribed_images(tmp_path) == []
        self.write(
            tmp_path, b='<img src="fig.png"><img src="fig.png" alt="fig.png"><img src="f.png" alt="f">'
        )
        assert len(checks.undescribed_images(tmp_path)) == 3

    def test_a_traceback_and_a_heavy_page_are_found(self, tmp_path):
        self.write(tmp_path, a="<pre>Traceback (most recent call last): x</pre>", b="x" * 1_100_000)
        assert checks.tracebacks(tmp_path) == ["a.html"]
        assert checks.weights(tmp_path)["b.html"] > checks.LIMIT > checks.weights(tmp_path)["a.html"]


@pytest.mark.slow
@pytest.mark.timeout(1500)
class TestPages:
    def test_links_and_anchors_lead_somewhere(self, site):
        assert checks.broken_links(site) == []

    def test_nothing_is_loaded_from_elsewhere(self, site):
        assert checks.foreign_loads(site) == []

    def test_every_image_is_described(self, site):
        assert checks.undescribed_images(site) == []

    def test_no_page_shows_a_traceback(self, site):
        assert checks.tracebacks(site) == []

    def test_no_page_weighs_over_a_megabyte(self, site):
        weights = checks.weights(site)
        assert {name: size for name, size in weights.items() if size > checks.LIMIT} == {}

    def test_every_computing_page_offers_its_own_notebook(self, site):
        runs = [page for page in checks.pages(site) if "This run:" in page.text]
        assert runs
        for page in runs:
            name = page.file.stem
            notebook = json.loads((site / "launch" / f"{name}.ipynb").read_text())
            assert f"gh-pages/launch/{name}.ipynb" in page.text
            assert page.text.count(f"launch/{name}.ipynb") == 3, "Colab, Kaggle and the file"
            assert not any(cell.get("outputs") for cell in notebook["cells"])
            assert "git" in "".join(notebook["cells"][0]["source"])


class TestInTheBrowser:
    pytestmark = SLOW

    def test_the_first_page_plays(self, first_page, page_of):
        page = page_of(first_page)
        page.get_by_role("button", name="Play", exact=True).first.click()
        moved = "document.querySelector('.ml-player').textContent.includes('0:01')"
        page.wait_for_function(
            f"{moved} || [...document.querySelectorAll('audio')].some(a => a.currentTime > .5)"
        )
        assert page.problems == [] and page.outside == []

    def test_without_scripts_the_first_page_still_has_sound_and_all_weights(self, site, page_of):
        page = page_of((site / "index.html").as_uri(), java_script_enabled=False)
        assert page.locator("audio[controls]").count() >= 2
        assert page.locator(".ml-player tr").count() > 40

    def test_a_native_sound_plays(self, small_site, serve, page_of):
        for url in (
            (small_site / "runs/tiny-genre.html").as_uri(),
            serve(small_site) + "runs/tiny-genre.html",
        ):
            page = page_of(url)
            audio = page.locator(".ml-sound audio").first
            audio.evaluate("a => a.play()")
            page.wait_for_function("a => a.currentTime > .3", arg=audio.element_handle())
            assert page.problems == []

    def test_every_page_is_sound_readable_and_narrow_enough(self, small_site, browser):
        """No failing script, nothing foreign, nothing for axe in light and dark, no panning on a phone."""
        axe, wrong = Axe(), []
        files = [found.file for found in checks.pages(small_site)]
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "request", lambda request: wrong.append(request.url) if "http" in request.url[:5] else None
            )
            for file in files:
                page.set_viewport_size({"width": 1200, "height": 800})
                page.goto(file.as_uri())
                for found in axe.run(page).response["violations"]:
                    wrong.append((file.name, scheme, found["id"], found["nodes"][0]["html"][:200]))
                page.set_viewport_size({"width": 375, "height": 800})
                width = page.evaluate("document.documentElement.scrollWidth")
                if width > 375:
                    wrong.append((file.name, "is wider than a phone", width))
            page.close()
        assert wrong == []

    def test_formulas_are_drawn(self, small_site, page_of):
        page = page_of((small_site / "runs/tiny-genre.html").as_uri())
        box = page.locator(".ml-equation math").first.bounding_box()
        assert box["height"] > 30 and page.locator("math").count() >= 2
