"""What tests share: a small site of their own, a server for it, and a browser to look at it."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis.configuration import set_hypothesis_home_dir

# What hypothesis remembers names the machine it ran on: no file of the project.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "musiclime-hypothesis")
ROOT = Path(__file__).resolve().parents[1]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    """Fast tests first: a mistake shows within seconds."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


def chromium() -> str:
    """The path of a Chromium; where there is none the test skips and says how to get one, in CI it fails."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, filter(None, names))), None)
    if found is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("no chromium: `apt-get install chromium`, or name one in the variable CHROMIUM")
    return found


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play, play.chromium.launch(executable_path=path, args=FLAGS) as found:
        yield found


@pytest.fixture
def page_of(browser):
    """page_of(url, **options) opens a page; .problems: its scripts' errors, .outside: foreign urls."""
    opened = []

    def open_page(url: str, **options):
        context = browser.new_context(**options)
        opened.append(context)
        page = context.new_page()
        page.problems, page.outside = [], []
        page.on("pageerror", lambda error: page.problems.append(str(error)))

        def watch(request):
            if not request.url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1")):
                page.outside.append(request.url)

        page.on("request", watch)
        page.goto(url, wait_until="load")
        return page

    yield open_page
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def serve():
    """serve(folder) -> the url of a server of that folder on this machine."""
    servers = []

    def start(folder: Path) -> str:
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        handler = functools.partial(Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()


def build(folder: Path, toc: Path, matrix: Path, *options: str) -> subprocess.CompletedProcess:
    """Runs and pages of a site in a folder, by the same two commands as the book's own."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "book", folder / "book", dirs_exist_ok=True)
    # A small site lacks most of the pages that its first page links to.
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    quiet = config.replace("  config:\n", "  config:\n    suppress_warnings: [ref.doc]\n")
    (folder / "_config.yml").write_text(quiet, encoding="utf-8")
    shutil.copy(toc, folder / "_toc.yml")
    runs = [
        sys.executable,
        ROOT / "tools/execute_chapters.py",
        "--matrix",
        matrix,
        "--out",
        folder / "runs",
        *options,
    ]
    pages = [Path(sys.executable).with_name("jupyter-book"), "build", folder, "--path-output", folder]
    for command in (runs, [*pages, "-W", "-n", "--keep-going"]):
        done = subprocess.run(
            list(map(str, command)), cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            break
    return done


@pytest.fixture(scope="session")
def small_site() -> Path:
    """The built pages of the small site; kept in _build/small, so that an unchanged one is quick."""
    folder = ROOT / "_build" / "small"
    source = ROOT / "tests" / "book" / "small_site"
    folder.mkdir(parents=True, exist_ok=True)
    # Several processes may test at once: the first one builds, and for the others all is fresh.
    with FileLock(folder.with_suffix(".lock")):
        done = build(folder, source / "_toc.yml", source / "runs.yml", "--patience", "4")
    assert done.returncode == 0, done.stdout[-8000:]
    return folder / "_build" / "html"


SITES = ["small"]
if os.environ.get("MUSICLIME_SITE"):
    SITES.append(pytest.param("full", marks=pytest.mark.slow))


@pytest.fixture(scope="session", params=SITES)
def site(request) -> Path:
    """The built pages of the small site and, where MUSICLIME_SITE names it, of the whole book."""
    if request.param == "small":
        return request.getfixturevalue("small_site")
    return Path(os.environ["MUSICLIME_SITE"]).resolve()
