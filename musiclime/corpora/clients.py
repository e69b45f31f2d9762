"""Questions to public services, asked only when you ask: slowly, by name, and once."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pandas as pd

from ..cache import whole
from .curate import artist_key
from .files import bar

MUSICBRAINZ = "https://musicbrainz.org/ws/2/artist"
AGAIN = {403, 429, 500, 502, 503, 504}


def patiently(ask: Callable, what: str, pause: float, tries: int):
    """An answer, asked for again after refusals that may pass, ever more slowly."""
    for attempt in range(tries):
        try:
            return ask()
        except Exception as error:  # Scrapers fail in ways of their own; the last one is told.
            if getattr(error, "code", 503) not in AGAIN or attempt + 1 == tries:
                tried = f"{error} after {attempt + 1} of {tries} tries"
                raise ConnectionError(f"{what}: {tried}: ask again later") from error
            after = (getattr(error, "headers", None) or {}).get("Retry-After", "")
            time.sleep(max(pause * 2**attempt, min(int(after), 120) if after.isdigit() else 0))


def kept(search: Callable, cache, pause: float = 1.0, tries: int = 4) -> Callable:
    """A search (artist, song) -> text or None that asks slowly, again after an error, and never twice."""

    def ask(artist: str, song: str) -> str | None:
        path = _place(cache, f"{artist_key(artist)}/{artist_key(song)}", ".txt")
        if not path.is_file():
            with whole(path) as draft:
                text = patiently(lambda: search(artist, song), f"{artist} - {song}", pause, tries)
                draft.write_text(text or "", "utf-8")
            time.sleep(pause)
        return path.read_text("utf-8") or None

    return ask


def _place(cache, key: str, suffix: str) -> Path:
    return Path(cache) / (hashlib.sha256(key.encode()).hexdigest() + suffix)


class Client:
    """Gets JSON over HTTP: one request a pause at most, an answer once had is kept (chapter *Curation*).

    contact: an address at which the service can reach you; MusicBrainz blocks those who give none
    """

    def __init__(self, contact: str, cache, pause: float = 1.0, tries: int = 4):
        if not contact.strip():
            raise ValueError("give a contact, an address or a page of yours: the service asks who is calling")
        self.agent, self.cache, self.pause, self.tries = f"musiclime/0.1 ({contact})", cache, pause, tries
        self._next = 0.0

    def get(self, url: str, **query):
        """The answer to a question, from the cache if it was asked before."""
        url = f"{url}?{urlencode(sorted(query.items()))}" if query else url
        path = _place(self.cache, url, ".json")
        if not path.is_file():
            answer = patiently(lambda: self._once(url), url, self.pause, self.tries)
            with whole(path) as draft:
                draft.write_text(json.dumps(answer), "utf-8")
        return json.loads(path.read_text("utf-8"))

    def _once(self, url: str):
        time.sleep(max(0.0, self._next - time.monotonic()))
        try:
            with urlopen(Request(url, headers={"User-Agent": self.agent}), timeout=30) as response:
                return json.loads(response.read())
        finally:
            self._next = time.monotonic() + self.pause


def artist_genres(artists, client: Client, url: str = MUSICBRAINZ) -> pd.DataFrame:
    """What MusicBrainz's listeners call each artist, for artist_genres= (chapter *Curation*)."""
    rows = []
    for artist in bar(sorted(set(artists)), "MusicBrainz"):
        name = artist.replace("\\", " ").replace('"', " ")
        answer = client.get(url, query=f'artist:"{name}"', fmt="json", limit=5)
        hits = answer.get("artists", []) if isinstance(answer, dict) else []
        same = [hit for hit in hits if artist_key(hit.get("name", "")) == artist_key(artist)]
        tags = sorted(same[0].get("tags", []), key=lambda tag: -tag["count"]) if same else []
        rows.append((artist, ", ".join(tag["name"] for tag in tags if tag["count"] > 0)))
    return pd.DataFrame(rows, columns=["artist", "genres"])


def genius(token: str, cache) -> Callable:
    """Lyrics through the optional package lyricsgenius, for load_corpus("audioset", lyrics=...)."""
    try:
        import lyricsgenius
    except ImportError as error:
        raise ValueError("lyricsgenius is not installed: pip install musiclime[curation]") from error
    site = lyricsgenius.Genius(token, verbose=False)
    return kept(lambda artist, song: getattr(site.search_song(song, artist), "lyrics", None), cache)
