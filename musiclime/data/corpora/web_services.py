"""Questions to public services, asked only when you ask: slowly, by name, and once."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ...files import write
from .curation import artist_key
from .source_files import bar

MUSICBRAINZ = "https://musicbrainz.org/ws/2/artist"
MAY_PASS = {403, 429, 500, 502, 503, 504}  # refusals after which it is worth asking again
LONGEST_WAIT = 120.0  # seconds, whatever a server asks for


class PoliteRetry(Retry):
    """urllib3's retries, but never sooner than after a pause, and never later than LONGEST_WAIT."""

    pause = 1.0

    def new(self, **changes: Any) -> "PoliteRetry":
        retry = super().new(**changes)
        retry.pause = self.pause
        return retry

    def get_backoff_time(self) -> float:
        return max(self.pause, super().get_backoff_time())

    def get_retry_after(self, response: Any) -> float | None:
        wanted = super().get_retry_after(response)
        return None if wanted is None else max(self.pause, min(wanted, LONGEST_WAIT))


class Client:
    """Gets JSON over HTTP: one request a pause at most; an answer once had is kept.

    Args:
        contact: an address at which the service can reach you; MusicBrainz blocks those who give none.
        cache: the folder of the answers.
        pause: the least seconds between two requests.
        tries: how often to ask before giving up.

    (chapter *Curation*)
    """

    def __init__(self, contact: str, cache: str | Path, pause: float = 1.0, tries: int = 4) -> None:
        if not contact.strip():
            raise ValueError("give a contact, an address or a page of yours: the service asks who is calling")
        self.cache, self.pause = Path(cache), pause
        retry = PoliteRetry(
            total=tries - 1, backoff_factor=pause, status_forcelist=MAY_PASS, allowed_methods=["GET"]
        )
        retry.pause = pause
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"musiclime/0.2 ({contact})"
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def get(self, url: str, **query: Any) -> Any:
        """Return the answer to a question, from the cache if it was asked before.

        Args:
            url: the address.
            query: what is asked.

        Returns:
            What the server sent as JSON; a ConnectionError in one sentence if it would not.
        """
        key = url + "?" + json.dumps(query, sort_keys=True)

        def ask() -> str:
            response = self._session.get(url, params=sorted(query.items()), timeout=30)
            response.raise_for_status()
            return json.dumps(response.json())

        return json.loads(_kept(self.cache, key, ask, self.pause))


def _kept(cache: Path, key: str, ask: Callable[[], str], pause: float) -> str:
    """Return the kept answer to a key, or ask, keep the answer and pause."""
    path = cache / f"{hashlib.sha256(key.encode()).hexdigest()}.txt"
    if not path.is_file():
        try:
            text = ask()
        except Exception as error:  # scrapers fail in ways of their own
            raise ConnectionError(f"{key}: {error}: ask again later") from error
        write(path, text)
        time.sleep(pause)
    return path.read_text("utf-8")


def kept(search: Callable[[str, str], str | None], cache: str | Path, pause: float = 1.0) -> Callable:
    """Return a search that never asks twice, and pauses after each time it asks.

    Args:
        search: a function from artist and song to a text, or None.
        cache: the folder of the answers; that there is none is an answer too.
        pause: seconds to wait after asking.

    Returns:
        A function from artist and song to a text, or None.

    (chapter *Curation*)
    """

    def ask(artist: str, song: str) -> str | None:
        key = f"{artist_key(artist)}/{artist_key(song)}"
        return _kept(Path(cache), key, lambda: search(artist, song) or "", pause) or None

    return ask


def artist_genres(artists: Iterable[str], client: Client, url: str = MUSICBRAINZ) -> pd.DataFrame:
    """Ask MusicBrainz what its listeners call each artist.

    Args:
        artists: names.
        client: who asks.
        url: the service's address.

    Returns:
        A table of artist and genres (comma-joined), for load_corpus("music4all", artist_genres=...).

    (chapter *Curation*)
    """
    rows = []
    for artist in bar(sorted(set(artists)), "MusicBrainz"):
        name = artist.replace("\\", " ").replace('"', " ")
        answer = client.get(url, query=f'artist:"{name}"', fmt="json", limit=5)
        hits = answer.get("artists", []) if isinstance(answer, dict) else []
        same = [hit for hit in hits if artist_key(hit.get("name", "")) == artist_key(artist)]
        tags = same[0].get("tags", []) if same else []
        used = sorted((tag for tag in tags if tag["count"] > 0), key=_count_of, reverse=True)
        rows.append((artist, ", ".join(tag["name"] for tag in used)))
    return pd.DataFrame(rows, columns=["artist", "genres"])


def _count_of(tag: dict) -> int:
    return tag["count"]


def genius(token: str, cache: str | Path) -> Callable:
    """Return a search for lyrics through the optional package lyricsgenius.

    Args:
        token: yours, from genius.com.
        cache: the folder of the answers.

    Returns:
        A function for load_corpus("audioset", lyrics=...).

    (chapter *Curation*)
    """
    try:
        import lyricsgenius
    except ImportError as error:
        raise ValueError("lyricsgenius is not installed: pip install musiclime[curation]") from error
    site = lyricsgenius.Genius(token, verbose=False, retries=3, sleep_time=1.0)

    def search(artist: str, song: str) -> str | None:
        return getattr(site.search_song(song, artist), "lyrics", None)

    return kept(search, cache)
