"""Real songs: hostile files become a song or one sentence; words have times; nothing is fetched twice."""

import csv
import hashlib
import http.server
import os
import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import musiclime as ml
from musiclime.data.corpora import real_songs
from musiclime.data.corpora.ultrastar import parse
from musiclime.data.lyrics import words

HEADERS = "#TITLE:One\n#ARTIST:Two\n#GENRE:Hip-Hop\n#MP3:a.ogg\n#BPM:60\n#GAP:1000\n"
GOOD = HEADERS + ": 0 4 0 Hel\n: 4 4 0 lo\n: 8 4 0  you\nE\n"


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "a.ogg"
    sf.write(path, np.random.default_rng(0).normal(0, 0.1, 48000).astype("f4"), 16000)
    return path.read_bytes()


def lay(root: Path, name: str, text: str | bytes, sound: bytes | None) -> None:
    """A folder of a song."""
    (root / name).mkdir(parents=True)
    raw = text if isinstance(text, bytes) else text.encode()
    (root / name / "song.txt").write_bytes(raw)
    if sound is not None:
        (root / name / "a.ogg").write_bytes(sound)


def test_a_beat_is_a_quarter_of_the_tempos_and_blanks_begin_words():
    song = parse(GOOD)
    assert song.text == "Hello you"
    assert song.onsets == [("Hello", 1.0, 3.0), ("you", 3.0, 4.0)]


def test_blanks_after_a_syllable_tildes_lines_and_golden_notes():
    text = "#BPM:15\n: 0 1 0 so \n* 1 1 0 far\n: 2 1 0 ~\n- 4\nF 5 1 0 a\nR 6 1 0 way,\n: 7 1 0  home"
    song = parse(text)
    assert song.text == "so far\naway, home"
    assert song.onsets == [("so", 0, 1), ("far", 1, 3), ("away,", 5, 7), ("home", 7, 8)]


def test_relative_beats_and_two_singers():
    relative = parse("#BPM:15\n#RELATIVE:yes\n: 0 1 0 one\n- 2 3\n: 0 1 0 two\n- 1 2\n: 1 1 0 three")
    assert relative.onsets == [("one", 0, 1), ("two", 3, 4), ("three", 6, 7)]
    duet = parse("#BPM:15\nP1\n: 0 1 0 mine\n- 1\n: 4 1 0 ours\nP2\n: 2 1 0 yours\n- 3\n: 4 1 0 ours")
    assert duet.text == "mine\nyours\nours"


def test_hostile_files_become_a_song_or_one_sentence(tmp_path, sound):
    many = "".join(f": {2 * n} 1 0  la{n}\n" for n in range(10_000))
    files = {
        "commas": GOOD.replace("#BPM:60", "#BPM:60,0").replace("1000", "1000,5"),
        "cp1252": GOOD.replace("lo\n", "l\xf6\n").encode("cp1252"),
        "bom": b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(),
        "ten thousand": "#BPM:300\n#GAP:0\n" + many,
        "negative gap": GOOD.replace("1000", "-2500"),
        "other name": GOOD.replace("a.ogg", "lost.mp3"),
        "no tempo": GOOD.replace("#BPM:60\n", ""),
        "bad tempo": GOOD.replace("#BPM:60", "#BPM:fast"),
        "zero tempo": GOOD.replace("#BPM:60", "#BPM:0"),
        "up": GOOD.replace("a.ogg", "../../../etc/passwd"),
        "absolute": GOOD.replace("a.ogg", "/etc/passwd"),
        "wordless": "#BPM:60\n: 0 4 0 ~\n: 4 4 0 -\n",
        "changing tempo": GOOD.replace(": 4", "B 3 120\n: 4"),
        "headers only": "#TITLE:x\n#BPM:60\n",
        "too many": "#BPM:300\n" + ": 0 1 0 la\n" * 20_001,
    }
    for name, text in files.items():
        lay(tmp_path, name, text, sound)
    lay(tmp_path, "no sound", GOOD, None)
    lay(tmp_path, "a list", "what I sang\nyesterday\n", sound)  # no song file: nothing to say of it
    corpus = ml.load_corpus("ultrastar", root=tmp_path)
    assert corpus.dropped.set_index("id")["reason"].str.split(":").str[0].to_dict() == {
        "no tempo": "no tempo",
        "bad tempo": "no tempo",
        "zero tempo": "no tempo",
        "up": "unsafe sound",
        "absolute": "unsafe sound",
        "wordless": "no words",
        "changing tempo": "tempo changes",
        "headers only": "no words",
        "too many": "too many notes",
        "no sound": "no sound file",
    }
    songs = {song.id: song for song in corpus}
    assert set(songs) == {"commas", "cp1252", "bom", "ten thousand", "negative gap", "other name"}
    assert songs["cp1252"].lyrics == "Hellö you" and songs["bom"].lyrics == "Hello you"
    assert len(songs["ten thousand"].onsets) == 10_000
    assert songs["negative gap"].onsets == [("you", 0.0, 0.5)] and songs["negative gap"].lyrics == "Hello you"
    assert songs["commas"].genre == "hip hop" and songs["commas"].artist == "Two"
    assert len(songs["ten thousand"].excerpt(0, 2).onsets) > 0


def test_a_folder_of_ultrastar_songs_must_exist(tmp_path):
    with pytest.raises(ValueError, match="give root"):
        ml.load_corpus("ultrastar")
    with pytest.raises(FileNotFoundError, match="no folder"):
        ml.load_corpus("ultrastar", root=tmp_path / "nowhere")
    assert len(ml.load_corpus("ultrastar", root=tmp_path)) == 0


@pytest.fixture
def jamendo(tmp_path, sound):
    for folder in ("lyrics", "mp3", "annotations/words"):
        (tmp_path / folder).mkdir(parents=True)
    names = ["URL", "Filepath", "Artist", "Title", "Genre", "LicenseType", "Language"]
    rows = [
        ["https://www.jamendo.com/track/1/x/lyrics", "x.mp3", "Ann", "X", "Reggae", "CC  BY-SA", "Spanish"],
        ["https://www.jamendo.com/track/2/y", "y.mp3", "Ben", "Y", "", "BY-ND", "French"],
        ["https://www.jamendo.com/track/3/z", "../../z.mp3", "Cat", "Z", "Pop", "CC BY", "French"],
    ]
    with (tmp_path / "JamendoLyrics.csv").open("w") as file:
        csv.writer(file).writerows([names, *rows])
    for id in ("x", "y"):
        (tmp_path / "mp3" / f"{id}.ogg").write_bytes(sound)
        (tmp_path / "lyrics" / f"{id}.txt").write_text("soy un\nfantasma")
        (tmp_path / "lyrics" / f"{id}.words.txt").write_text("soy\nun\nfantasma\n")
    times = "word_start,word_end,line_end\n0.5,0.75,nan\n0.75,1.0,1.0\n1.5,2.25,2.25\n"
    (tmp_path / "annotations/words/x.csv").write_text(times)
    (tmp_path / "annotations/words/y.csv").write_text(times.rsplit("1.5", 1)[0])  # a word is missing
    return tmp_path


def test_jamendolyrics_has_word_times_and_rights(jamendo):
    corpus = ml.load_corpus("jamendolyrics", root=jamendo)
    one, two = corpus
    assert one.onsets == [("soy", 0.5, 0.75), ("un", 0.75, 1.0), ("fantasma", 1.5, 2.25)]
    assert two.onsets == [] and two.lyrics == "soy un\nfantasma"
    assert corpus.table[["genre", "licence", "attribution", "source"]].values.tolist() == [
        ["rhythm music", "CC BY-SA", "Ann: X", "https://www.jamendo.com/track/1/x"],
        ["", "CC BY-ND", "Ben: Y", "https://www.jamendo.com/track/2/y"],
    ]
    assert (one.licence, one.attribution) == ("CC BY-SA", "Ann: X")
    assert corpus.dropped.values.tolist() == [["z", "no lyrics file"]]


def test_an_excerpt_has_the_words_that_are_sung_in_it():
    lyrics = "Intro line.\nOne, two (three)!\nfour five"
    times = [("one", 1, 2), ("two", 2, 3), ("three", 3, 4), ("four", 6, 7), ("five", 7, 8)]
    stems = {"vocals": np.arange(100, dtype=np.float32), "other": np.zeros(100, np.float32)}
    song = ml.Song(sum(stems.values()), 10, lyrics, onsets=times, stems=stems, licence="CC BY")
    part = song.excerpt(2.5, 4.0)
    assert part.lyrics == "two (three)!\nfour" and part.licence == "CC BY"
    assert part.onsets == [("two", 0.0, 0.5), ("three", 0.5, 1.5), ("four", 3.5, 4.0)]
    np.testing.assert_array_equal(part.audio, song.audio[25:65])
    np.testing.assert_array_equal(part.stems["vocals"], part.audio)
    assert song.excerpt(4.5, 1).lyrics == "" and song.excerpt(9, 5).seconds == 1.0
    assert ml.Song(np.zeros(100), 10, lyrics).excerpt(1, 2).lyrics == lyrics
    for start, seconds, name in (
        (-1, 1, "start"),
        (10, 1, "start"),
        (float("nan"), 1, "start"),
        (0, 0, "seconds"),
    ):
        with pytest.raises(ValueError, match=f"{name} is"):
            song.excerpt(start, seconds)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_a_part_of_a_file_is_what_the_whole_holds_there(tmp_path, ending):
    noise = np.random.default_rng(0).normal(0, 0.1, (80_000, 2)).astype("f4")
    sf.write(tmp_path / f"a.{ending}", noise, 16000)
    whole = ml.read_song(tmp_path / f"a.{ending}", "la la")
    part = ml.read_song(tmp_path / f"a.{ending}", "la la", start=2.25, seconds=1.5)
    assert len(part.audio) == 24_000
    np.testing.assert_allclose(part.audio, whole.audio[36_000:60_000], atol=1e-6)
    rest = ml.read_song(tmp_path / f"a.{ending}", "la la", start=4.0, seconds=99)
    np.testing.assert_allclose(rest.audio, whole.audio[64_000:], atol=1e-6)
    with pytest.raises(ValueError, match="behind its end"):
        ml.read_song(tmp_path / f"a.{ending}", "la la", start=60)


def test_what_a_song_is_made_of_decides_the_fingerprint(tmp_path, sound, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "songs"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.ogg").write_bytes(sound)
        (folder / f"{name}.txt").write_text("la la")
    before = ml.load_corpus("folder", root=folder).fingerprint
    assert ml.load_corpus("folder", root=folder).fingerprint == before
    (folder / "a.txt").write_text("la lo")  # as long as it was
    changed = ml.load_corpus("folder", root=folder).fingerprint
    louder = bytearray(sound)
    louder[len(sound) // 2] ^= 1
    (folder / "b.ogg").write_bytes(louder)
    corpus = ml.load_corpus("folder", root=folder, check="files")
    assert len({before, changed, corpus.fingerprint}) == 3
    only_a = corpus.where(corpus.table["id"] == "a").fingerprint
    (folder / "b.ogg").write_bytes(sound)
    assert corpus.where(corpus.table["id"] == "a").fingerprint == only_a
    assert corpus.fingerprint == changed


# The pinned songs: read where they lie, else fetched from a server of our own that speaks https.


def test_the_pinned_table_names_thirteen_songs_and_what_may_be_done_with_them():
    table = real_songs.pinned_files()
    sound = table[table["kind"] == "sound"]
    assert len(sound) == 13 and table["file"].is_unique
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert table["commit"].str.fullmatch("[0-9a-f]{40}").all()
    assert sound["licence"].str.startswith("CC BY").all() and (sound["attribution"] != "").all()
    assert not table["file"].str.contains(r"\.\.|^/|\\", regex=True).any()


@pytest.fixture
def pinned(tmp_path, jamendo, sound, monkeypatch):
    """A server's folder in the layout of the pinned addresses, and a table that names its files."""
    served = tmp_path / "served" / "owner" / "songs" / ("c" * 40)
    lay(served, "Café, one", GOOD, sound)
    rows = []
    for path in sorted(served.rglob("*")):
        if path.is_file():
            rows.append([f"ultrastar/{path.relative_to(served)}", path.relative_to(served), path])
    for path in sorted(jamendo.rglob("*")):
        if path.is_file() and "served" not in path.parts:
            target = served / path.relative_to(jamendo)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            rows.append([f"jamendolyrics/{path.relative_to(jamendo)}", path.relative_to(jamendo), target])
    table = [
        [
            file,
            "owner/songs",
            "c" * 40,
            str(path),
            hashlib.sha256(source.read_bytes()).hexdigest(),
            "CC BY",
            "Two: One",
            "sound" if source.suffix == ".ogg" else "text",
        ]
        for file, path, source in rows
    ]
    with (tmp_path / "pinned.csv").open("w", newline="") as out:
        csv.writer(out).writerows([real_songs.COLUMNS, *table])
    monkeypatch.setattr(real_songs, "TABLE", tmp_path / "pinned.csv")
    monkeypatch.delenv("MUSICLIME_REFERENCE", raising=False)
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "served"


@pytest.fixture
def https(pinned, tmp_path, monkeypatch):
    """The address of a server that speaks https, with a certificate that requests is told to trust."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *names], check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(pinned))

        def log_message(self, *_):
            self.server.asked += 1

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"https://localhost:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def test_missing_songs_are_fetched_once_and_whole(https, tmp_path):
    corpus = ml.load_corpus("real", address=https.url)
    assert sorted(corpus.table["id"]) == ["Café, one", "x", "y"] and set(corpus.table["split"]) == {"test"}
    assert corpus[0].licence == "CC BY" and corpus.table["source"].str.startswith("https://").all()
    asked = https.asked
    assert ml.load_corpus("real", address=https.url).fingerprint == corpus.fingerprint
    assert https.asked == asked, "what is there is not fetched again"


def test_another_file_than_the_pinned_one_is_refused(https, pinned, tmp_path):
    song = next(pinned.rglob("song.txt"))
    song.write_text(song.read_text() + "\n")
    with pytest.raises(ValueError, match="another file than the pinned one"):
        ml.load_corpus("real", address=https.url)
    assert not list((tmp_path / "cache").rglob("song.*")), "nothing of it is kept"


def test_without_a_network_one_sentence_says_what_to_do(pinned, tmp_path):
    with pytest.raises(FileNotFoundError, match="go online once, or name a folder"):
        ml.load_corpus("real", address="https://localhost:1")
    with pytest.raises(ValueError, match="https only"):
        ml.load_corpus("real", address="http://localhost:1")
    with pytest.raises(FileNotFoundError, match="leave root out"):
        ml.load_corpus("real", root=tmp_path / "nowhere")


@pytest.mark.skipif(
    "MUSICLIME_REFERENCE" not in os.environ, reason="MUSICLIME_REFERENCE names no folder of songs"
)
def test_the_thirteen_songs_themselves():
    corpus = ml.load_corpus("real")
    assert len(corpus) == 13
    genres = corpus.table.set_index("title")["genre"]
    assert genres[["Fantasma", "Séculaire feat. Nÿme", "Northern Star"]].tolist() == [
        "folk",
        "hip hop",
        "pop",
    ]
    start = time.process_time()
    song = corpus[corpus.table["title"].tolist().index("On the run")]
    part = song.excerpt(40, 12)
    assert time.process_time() - start < 3, "nearly five minutes, read and cut"
    assert 280 < song.seconds < 295 and part.seconds == 12
    assert len(song.onsets) == len(words(song.lyrics))
    assert part.lyrics in song.lyrics and 5 < len(part.onsets) < 40
    assert all(0 <= start < end <= 12 for _, start, end in part.onsets)
