"""Questions to public services, asked only when you ask: slowly, by name, and once."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pandas as pd

from ...files import whole
from .curation import artist_key
from .source_files import bar

MUSICBRAINZ = "https://musicbrainz.org/ws/2/artist"
AGAIN = {403, 429, 500, 502, 503, 504}


def _kept(cache, key: str, ask: Callable, pause: float, tries: int) -> str:
    """What a key was once answered; else asked for, after refusals that may pass again, ever more slowly."""
    path, attempt = Path(cache) / f"{hashlib.sha256(key.encode()).hexdigest()}.txt", 0
    while not path.is_file():
        try:
            text = ask()
        except Exception as error:  # Scrapers fail in ways of their own; the last one is told.
            attempt += 1
            if getattr(error, "code", 503) not in AGAIN or attempt == tries:
                tried = f"{error} after {attempt} of {tries} tries"
                raise ConnectionError(f"{key}: {tried}: ask again later") from error
            after = (getattr(error, "headers", None) or {}).get("Retry-After", "")
            time.sleep(max(pause * 2 ** (attempt - 1), min(int(after), 120) if after.isdigit() else 0))
        else:
            with whole(path) as draft:
                draft.write_text(text, "utf-8")
            time.sleep(pause)
    return path.read_text("utf-8")


def kept(search: Callable, cache, pause: float = 1.0, tries: int = 4) -> Callable:
    """A search (artist, song) -> text or None that asks slowly, again after an error, and never twice."""

    def ask(artist: str, song: str) -> str | None:
        key = f"{artist_key(artist)}/{artist_key(song)}"
        return _kept(cache, key, lambda: search(artist, song) or "", pause, tries) or None

    return ask


class Client:
    """Gets JSON over HTTP: one request a pause at most, an answer once had is kept (chapter *Curation*).

    contact: an address at which the service can reach you; MusicBrainz blocks those who give none
    """

    def __init__(self, contact: str, cache, pause: float = 1.0, tries: int = 4):
        if not contact.strip():
            raise ValueError("give a contact, an address or a page of yours: the service asks who is calling")
        self.agent, self.cache, self.pause, self.tries = f"musiclime/0.1 ({contact})", cache, pause, tries

    def get(self, url: str, **query):
        """The answer to a question, from the cache if it was asked before."""
        url = f"{url}?{urlencode(sorted(query.items()))}" if query else url

        def ask() -> str:
            with urlopen(Request(url, headers={"User-Agent": self.agent}), timeout=30) as response:
                return json.dumps(json.load(response))

        return json.loads(_kept(self.cache, url, ask, self.pause, self.tries))


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
