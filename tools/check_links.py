"""The site's external links into data/links.csv, each with the date on which it last answered.

python tools/check_links.py [_build/html]    run it where there is a network; elsewhere the dates stay
"""

import csv
import sys
import urllib.request
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "data" / "links.csv"
sys.path.insert(0, str(ROOT / "tests" / "book"))


def answers(url: str) -> bool:
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (link check of a book)"})
    try:
        with urllib.request.urlopen(request, timeout=15) as reply:
            return reply.status < 400
    except OSError:
        return False


def main(site: Path) -> None:
    import site_checks

    seen = site_checks.listed_links(LIST)
    found = {
        url: str(date.today()) if answers(url) else seen.get(url, "") for url in site_checks.outward(site)
    }
    with LIST.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("url", "seen"), *sorted(found.items())])
    lost = [url for url, day in found.items() if day != str(date.today())]
    print(f"{len(found)} links, {len(lost)} without an answer today", *lost, sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "_build/html"))
