"""Clients of public services, against a server of our own that misbehaves; nothing leaves this computer."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

import musiclime as ml
from musiclime.data.corpora import web_services as clients


@pytest.fixture
def server():
    """Answers with the next (status, headers, body) of its script, then with the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append((time.monotonic(), self.path, self.headers["User-Agent"]))
            script = self.server.script
            status, headers, body = script.pop(0) if len(script) > 1 else script[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.url = [], f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def artist(name, **tags):
    return {
        "name": name,
        "score": 100,
        "tags": [{"name": tag, "count": count} for tag, count in tags.items()],
    }


def test_it_retries_what_may_pass_and_keeps_the_answer(server, tmp_path):
    bad = [(403, {}, "no"), (429, {"Retry-After": "0"}, "slow"), (503, {}, "busy")]
    server.script = [*bad, (200, {}, {"fine": True})]
    client = clients.Client("reader@example.org", tmp_path, pause=0.02, tries=6)
    assert client.get(server.url, b=1, a="x y") == {"fine": True}
    assert len(server.asked) == 4
    assert parse_qs(urlparse(server.asked[0][1]).query) == {"a": ["x y"], "b": ["1"]}
    assert "musiclime" in server.asked[0][2] and "reader@example.org" in server.asked[0][2]
    assert clients.Client("reader@example.org", tmp_path).get(server.url, a="x y", b=1) == {"fine": True}
    assert len(server.asked) == 4, "an answer that is kept is not asked for again"


def test_it_never_asks_faster_than_its_pause(server, tmp_path):
    server.script = [(200, {}, {}), (503, {}, ""), (200, {}, {})]
    client = clients.Client("reader@example.org", tmp_path, pause=0.15)
    for number in range(4):
        client.get(server.url, number=number)
    times = [when for when, _, _ in server.asked]
    assert len(times) == 5
    assert min(b - a for a, b in zip(times, times[1:], strict=False)) >= 0.14


def test_it_waits_as_long_as_it_is_told(server, tmp_path):
    server.script = [(429, {"Retry-After": "1"}, ""), (200, {}, {})]
    clients.Client("reader@example.org", tmp_path, pause=0.01).get(server.url)
    assert server.asked[1][0] - server.asked[0][0] >= 0.95


@pytest.mark.parametrize(
    "answer, tries", [((404, {}, ""), 1), ((503, {}, ""), 3), ((200, {}, b"\xff\x00not json"), 1)]
)
def test_it_gives_up_with_a_sentence_and_keeps_nothing(server, tmp_path, answer, tries):
    server.script = [answer]
    client = clients.Client("reader@example.org", tmp_path, pause=0.01, tries=3)
    with pytest.raises(ConnectionError, match="ask again later"):
        client.get(server.url)
    assert len(server.asked) == tries and not list(tmp_path.iterdir())


def test_who_asks_must_say_so(tmp_path):
    with pytest.raises(ValueError, match="contact"):
        clients.Client(" ", tmp_path)


def test_artist_genres_come_ready_for_the_reader(server, tmp_path):
    server.script = [
        (200, {}, {"artists": [artist("Other"), artist("the  BAND", soul=2, pop=9, seen=0)]}),
        (200, {}, {"artists": [artist("Somebody else", rock=5)]}),
        (200, {}, ["not what was promised"]),
    ]
    client = clients.Client("reader@example.org", tmp_path / "cache", pause=0.01)
    table = clients.artist_genres(["The Band", "Unknown", 'Zed "Z"', "The Band"], client, url=server.url)
    assert table.values.tolist() == [["The Band", "pop, soul"], ["Unknown", ""], ['Zed "Z"', ""]]
    assert parse_qs(urlparse(server.asked[0][1]).query)["query"] == ['artist:"The Band"']
    table.to_csv(tmp_path / "genres.csv", index=False)
    from musiclime.data.corpora.curation import read_artist_genres

    assert read_artist_genres(tmp_path / "genres.csv")["the band"] == ["pop", "soul"]


def test_a_search_is_made_once_and_an_error_is_told_and_not_kept(tmp_path):
    asked = []

    def search(artist, song):
        asked.append((artist, song))
        return "la la" if song == "Known" else None

    ask = clients.kept(search, tmp_path, pause=0.001)
    assert ask("A  Band", "Known") == "la la" and len(asked) == 1
    assert ask("a band", "known") == "la la" and len(asked) == 1
    assert ask("A Band", "../../etc/passwd") is None and ask("A Band", "../../etc/passwd") is None
    assert len(asked) == 2
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*.txt"))

    def broken(artist, song):
        raise OSError("403: Forbidden")

    with pytest.raises(ConnectionError, match="403: Forbidden: ask again later"):
        clients.kept(broken, tmp_path, pause=0.001)("B", "S")


def test_genius_is_optional_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lyricsgenius", None)
    with pytest.raises(ValueError, match="pip install"):
        clients.genius("token", tmp_path)


def test_reading_a_corpus_asks_nobody(monkeypatch, tmp_path):
    def forbidden(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    monkeypatch.setattr("socket.create_connection", forbidden)
    (tmp_path / "song.txt").write_text("la la")
    corpus = ml.load_corpus("folder", root=tmp_path)
    assert corpus.dropped.values.tolist() == [["song", "no sound file"]]
