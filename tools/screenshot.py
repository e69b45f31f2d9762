"""The README's picture: the player of a composed song on the built site's first page.

Of a real song, whose lyrics are others', no picture is committed.

python tools/screenshot.py [_build/html] [book/_static/player.png]
"""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

LIMIT = 200_000  # bytes: the first screen of a README should not wait for its picture


def shoot(site: Path, target: Path) -> int:
    """Write the picture of the first composed song's player as the page opens; answers its bytes."""
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    with sync_playwright() as play, play.chromium.launch(executable_path=chromium) as browser:
        page = browser.new_page(viewport={"width": 1900, "height": 1400}, device_scale_factor=1.5)
        page.goto((site.resolve() / "index.html").as_uri())
        player = page.locator(".ml-player", has=page.get_by_text("composed song")).first
        player.locator(".ml-gridcell").first.wait_for()
        png = player.screenshot(animations="disabled")
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 64, 16):
        picture.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size < LIMIT:
            return target.stat().st_size
    raise ValueError(f"{target} has {target.stat().st_size:,} bytes: make the window in this script smaller")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    site, target = Path(given.get(1, "_build/html")), Path(given.get(2, "book/_static/player.png"))
    print(f"{target}: {shoot(site, target):,} bytes")
