"""Whatever a reader's files hold: a result, or one sentence; never a traceback, a hang or a stray file."""

import contextlib
import io
import json
import os
import struct
import sys
import time

# Imported before a fence is up: matplotlib makes its folder of settings once.
import matplotlib.pyplot as plt  # noqa: F401
import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import musiclime as ml
from musiclime.__main__ import main
from musiclime.data.corpora.music4all import TABLES
from musiclime.explain.corpus_jobs import stored

pytestmark = pytest.mark.slow
BATCH = 10
EXAMPLES = {"sound": 20, "lyrics": 12, "music4all": 60, "songs.csv": 50, "explanation": 80}
EXAMPLES |= {"audioset": 60, "merge": 60, "ultrastar": 100}  # 730 inputs
WORDS = "I walk along the river and I wonder where you are tonight\n"
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
watching = []


def _watch(event, arguments):
    written = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if watching and (written or event in ("os.mkdir", "os.rename", "os.remove", "os.symlink")):
        paths = arguments[: 2 if event == "os.rename" else 1]
        watching[0].update(
            os.path.realpath(os.fsdecode(p)) for p in paths if isinstance(p, str | bytes | os.PathLike)
        )


sys.addaudithook(_watch)


@contextlib.contextmanager
def fenced(folder):
    """Nothing is written, made, moved or removed outside the folder, and all of it takes less than 30 s."""
    # What is computed goes into a cache of its own inside the fence.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSICLIME_CACHE", str(folder / "cache"))
        watching.append(set())
        start = time.perf_counter()
        try:
            yield
        finally:
            touched = watching.pop()
    assert time.perf_counter() - start < 30
    fence = os.path.realpath(folder)
    assert [p for p in touched if os.path.commonpath([p, fence]) != fence and not p.startswith("/dev/")] == []


def outcome(door, *arguments, **options):
    """What a door gives, or None where it refuses in one sentence."""
    try:
        return door(*arguments, **options)
    except (ValueError, FileNotFoundError) as error:
        assert 10 < len(str(error)) < 1000 and "\n" not in str(error).strip(), repr(error)


def loudness(audio, lyrics):
    loud = np.tanh(np.abs(audio).mean(1, dtype=float))
    return np.column_stack([loud, 1 - loud, [len(text) % 97 / 97 for text in lyrics]])


loudness.sample_rate = 8000


def halves(audio, rate):
    return {"vocals": audio / 2, "other": audio / 2}


def explainer():
    return ml.MusicLIME(loudness, ["x", "y", "z"], 8000, halves, segments=2, samples=12, progress=False)


def fuzz(kind):
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=EXAMPLES[kind], deadline=None, suppress_health_check=checks, derandomize=True
    )


def wav(samples=b"\0\0" * 12000, rate=8000, channels=1, bits=16, kind=1, frames=None):
    """A wav file with any header, right or wrong."""
    size = len(samples) if frames is None else frames * channels * bits // 8
    width = channels * bits // 8
    head = (
        b"RIFF",
        36 + size & 0xFFFFFFFF,
        b"WAVE",
        b"fmt ",
        16,
        kind,
        channels,
        rate,
        rate * width & 0xFFFFFFFF,
    )
    return HEADER.pack(*head, width & 0xFFFF, bits, b"data", size & 0xFFFFFFFF) + samples


def encoded(format, subtype, samples, rate):
    file = io.BytesIO()
    sf.write(file, samples, rate, format=format, subtype=subtype)
    return file.getvalue()


def floats(*values):
    return np.resize(np.array(values, "<f4"), 12000).tobytes()


NASTY = {
    "empty.mp3": b"",
    "text.mp3": b"no sound at all " * 500,
    "picture.mp3": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9,
    "truncated.wav": wav(frames=10**6),
    "header.wav": wav(b""),
    "half a header.wav": wav()[:30],
    "one.wav": wav(b"\1\0"),
    "seven.wav": wav(b"\1\0" * 7),
    "rate0.wav": wav(rate=0),
    "rate1.wav": wav(rate=1),
    "fast.wav": wav(rate=2**31 - 1),
    "prime.wav": wav(b"\1\0" * 400_000, rate=191_999),
    "channels0.wav": wav(channels=0),
    "channels8.wav": wav(b"\1\0" * 96000, channels=8),
    "channels1024.wav": wav(b"\0\0" * 102400, channels=1024),
    "24.wav": wav(b"\1\2\3" * 12000, bits=24),
    "nan.wav": wav(floats(0, np.nan), bits=32, kind=3),
    "inf.wav": wav(floats(0, np.inf, -np.inf), bits=32, kind=3),
    "huge.wav": wav(floats(3e38, -3e38, 3e38), bits=32, kind=3),
    "loud.wav": wav(floats(3e38, 3e38), bits=32, kind=3),
    "silent.wav": wav(),
}


def test_nasty_sounds(tmp_path):
    corpus = through_all_doors([(name, sound, WORDS.encode()) for name, sound in NASTY.items()], tmp_path)
    assert set(corpus.table["id"]) >= {"24", "channels8", "nan", "inf", "loud"}
    failed = {row["id"]: row["reason"] for row in json.loads((tmp_path / "out" / "failed.json").read_text())}
    assert {"nan", "inf"} <= set(failed) and not {"24", "channels8", "loud", "silent", "prime"} & set(failed)


def through_all_doors(songs, folder):
    """read_song one by one; all as a folder; that as a corpus of explanations. songs: name, bytes, lyrics."""
    for name, sound, lyrics in songs:
        if sound is not None:
            (folder / name).write_bytes(sound)
        (folder / name).with_suffix(".txt").write_bytes(lyrics)
    with fenced(folder):
        for name, _, lyrics in songs:
            for words in (lyrics.decode(errors="replace"), (folder / name).with_suffix(".txt")):
                song = outcome(ml.read_song, folder / name, words)
                if song is not None:
                    assert song.audio.ndim == 1 and song.audio.dtype == np.float32
                    assert np.isfinite(song.audio).all() and not set(song.lyrics) & {"\0", "\ufeff"}
        corpus = outcome(ml.load_corpus, "folder", root=folder)
        assert len(corpus) + len(corpus.dropped) == len(songs)
        explained(corpus, folder / "out")
    return corpus


def explained(corpus, out):
    ml.explain_corpus(corpus, explainer(), out)
    failed = json.loads((out / "failed.json").read_text())
    assert len(list(stored(out))) + len(failed) == len(corpus)
    assert all(row["reason"].startswith(("ValueError: ", "FileNotFoundError: ")) for row in failed), failed
    assert not list(out.rglob("*.part"))


def test_two_hours_are_refused_before_they_are_read(tmp_path):
    """A sparse file: two hours by its header and its size, of which the disk holds a page."""
    sound = tmp_path / "long.wav"
    sound.write_bytes(wav(b"", rate=48000, channels=2, frames=7200 * 48000))
    os.truncate(sound, sound.stat().st_size + 7200 * 48000 * 4)
    with pytest.raises(ValueError, match="lasts 120 minutes"):
        ml.read_song(sound, WORDS)
    corpus = through_all_doors([("long.wav", None, WORDS.encode())], tmp_path)
    assert corpus.dropped["reason"][0].startswith("sound lasts 120 minutes")


@st.composite
def sounds(draw):
    """The bytes of a sound in one of seven ways to write it, and then what copying and editors do to it."""
    rate, channels = draw(st.sampled_from([8000, 11025, 16000, 44100])), draw(st.integers(1, 8))
    length = draw(st.sampled_from([0, 1, 2, 500, int(1.2 * rate), int(1.2 * rate)]))
    samples = np.random.default_rng(draw(st.integers(0, 9))).normal(0, 0.1, (length, channels))
    kinds = [
        "WAV/PCM_16",
        "WAV/PCM_24",
        "WAV/FLOAT",
        "FLAC/PCM_16",
        "OGG/VORBIS",
        "MP3/MPEG_LAYER_III",
        "AIFF/PCM_U8",
    ]
    kind = draw(st.sampled_from(kinds))
    if kind == "WAV/FLOAT" and length:
        samples[draw(st.integers(0, length - 1))] = draw(st.sampled_from([np.nan, np.inf, 1e300, 0]))
    if kind.startswith("MP3"):
        samples, rate = samples[:, :2], max(rate, 11025)
    with np.errstate(over="ignore"):
        data = bytearray(encoded(*kind.split("/"), samples.astype(np.float32), rate))
    for _ in range(draw(st.integers(0, 3))):
        where = draw(st.integers(0, max(len(data) - 1, 0)))
        damage = draw(st.sampled_from(["cut", "flip", "header", "insert", "none"]))
        if damage == "cut":
            data = data[:where]
        elif damage in ("flip", "header") and data:
            data[where if damage == "flip" else where % min(len(data), 60)] = draw(st.integers(0, 255))
        elif damage == "insert":
            data[where:where] = draw(st.binary(max_size=40))
    suffix = draw(st.sampled_from([".wav", ".mp3", ".flac", ".ogg", ".aiff", ".opus"]))
    return bytes(data), suffix


def fresh(tmp_path):
    """A folder for each example: the fixture has one for the test."""
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    return folder


@fuzz("sound")
@given(st.lists(sounds(), min_size=BATCH, max_size=BATCH))
def test_fuzzed_sounds(tmp_path, batch):
    songs = [(f"song{i}{suffix}", data, WORDS.encode()) for i, (data, suffix) in enumerate(batch)]
    through_all_doors(songs, fresh(tmp_path))


@pytest.fixture(scope="module")
def clip():
    return wav(np.random.default_rng(0).integers(-3000, 3000, 12000).astype("<i2").tobytes())


TEXTS = {
    "empty": b"",
    "5 MB": WORDS.encode() * 87_000,
    "5 MB of spaces": b" " * 5_000_000,
    "not UTF-8": b"caf\xe9 \xff\xfe\x80 in the rain\n" + WORDS.encode(),
    "BOM": "\ufeffsing it\n".encode() + WORDS.encode(),
    "UTF-16": WORDS.encode("utf-16"),
    "NUL": b"\0" * 100 + WORDS.encode() + b"\0",
    "only NUL": b"\0" * 3000,
    "binary": bytes(range(256)) * 9,
    **{f"100,000 of {x!r}": (x * 100_000)[:99_990].encode() for x in (" ", "\t", "[", "1", "\n", "a 1Embed")},
    **{
        f"90,000 of {x!r}": (x * 90_000)[:90_000].encode()
        for x in ("You might also like ", "[Verse] ", "Verse 1")
    },
    "joiners": ("\u0915" + "\u200d" * 30_000 + "\u0915").encode(),
}


def test_nasty_lyrics(tmp_path, clip):
    songs = [(f"{i}.wav", clip, text) for i, text in enumerate(TEXTS.values())]
    corpus = through_all_doors(songs, tmp_path)
    too_long = corpus.dropped["id"][corpus.dropped["reason"].str.startswith("lyrics too long")]
    assert sorted(too_long, key=int) == [str(i) for i, name in enumerate(TEXTS) if name.startswith("5 MB")]


scraps = st.sampled_from(
    [b"[Verse 1]", b"You might also like", b"12Embed", b"\0", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\n", b"'",
     b" " * 999, "\u200d".encode(), "नमस्ते".encode(), b"\xed\xa0\x80", b"<script>", b"../../x", b"line 1",
     WORDS.encode()]
)  # fmt: skip
texts = st.lists(scraps | st.binary(max_size=30), max_size=12).map(b"".join)


@fuzz("lyrics")
@given(st.lists(texts, min_size=BATCH, max_size=BATCH))
def test_fuzzed_lyrics(tmp_path, clip, batch):
    through_all_doors([(f"song{i}.wav", clip, text) for i, text in enumerate(batch)], fresh(tmp_path))


IDS = [
    "a",
    "b",
    "a",
    "../../x",
    "..",
    "/etc/passwd",
    "C:\\x",
    "",
    " ",
    "a/b",
    "a\0b",
    "x" * 300,
    "NA",
    "-",
    "ü",
    '"',
    "a,b",
]
cells = st.sampled_from(
    [*IDS, "0.9", "nan", "1e999", "-1", "rock,pop", "en", "hip hop", "train", "inf", "\xa0"]
)
tables = st.lists(st.lists(cells, max_size=5).map(lambda row: row or [""]), max_size=6)
headers = st.lists(
    st.sampled_from(
        ["id", "ID", "artist", "song", "valence", "energy", "genres", "lang", "split", "genre", "", "title"]
    ),
    max_size=6,
)


def write_table(path, header, rows, separator, damage):
    lines = [separator.join(row) for row in [*([header] if header else []), *rows]]
    path.write_bytes("\n".join(lines).encode() + damage)


damages = st.sampled_from(
    [b"", b"\n", b"\xff\xfe", b"\0", b'"', b'"unclosed\n', b"\xef\xbb\xbf", b'\n"' + b"x" * 200_000]
)


@fuzz("music4all")
@given(st.data())
def test_fuzzed_tables_of_music4all(tmp_path, clip, data):
    root = fresh(tmp_path) / "root"
    for folder, content, suffix in (("audios", clip, "mp3"), ("lyrics", WORDS.encode() * 9, "txt")):
        (root / folder).mkdir(parents=True)
        (root / folder / f"a.{suffix}").write_bytes(content)
    for name, columns in TABLES.items():
        header = data.draw(st.sampled_from([columns, columns, columns, []]) | headers)
        good = {
            "id": "a",
            "artist": "A",
            "song": "S",
            "valence": "0.9",
            "energy": "0.5",
            "genres": "rock",
            "lang": "en",
        }
        rows = [[good.get(column, "1") for column in header or columns], *data.draw(tables)]
        write_table(root / name, header, rows, "\t", data.draw(damages))
    (tmp_path / "x.mp3").write_bytes(clip)
    with fenced(tmp_path):
        corpus = outcome(ml.load_corpus, "music4all", root=root)
        if corpus is not None:
            assert set(corpus.table["id"]) <= {"a"} and corpus.table["id"].is_unique
            explained(corpus, root / "out")


@fuzz("songs.csv")
@given(headers.map(lambda names: ["id", *names]) | headers, tables, damages)
def test_fuzzed_songs_csv(tmp_path, clip, header, rows, damage):
    root = fresh(tmp_path)
    for name in ("a", "b", "A - \udcff", "ü", "<b>"):
        (root / f"{name}.wav").write_bytes(clip)
        (root / f"{name}.txt").write_text(WORDS)
    write_table(root / "songs.csv", header, rows, ",", damage)
    with fenced(tmp_path):
        corpus = outcome(ml.load_corpus, "folder", root=root)
        if corpus is not None:
            assert set(corpus.table["id"]) <= {"a", "b", "A - ?", "ü", "<b>"} and corpus.table["id"].is_unique
            explained(corpus, root / "out")


nothings = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
trees = st.recursive(
    nothings, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3)
)


LABELS = ["/m/04rlf", "/m/0glt670", "/m/pop", "/m/pop,/m/04rlf", "/m/nowhere", ""]
TITLES = ["A - B", "A - B (Official Video)", "Nothing", "A - B remix", " - ", "[" * 3000, "A - " * 500]
ONTOLOGY = [
    {"id": "/m/04rlf", "name": "Music", "child_ids": ["/m/0glt670"]},
    {"id": "/m/0glt670", "name": "Music genre", "child_ids": ["/m/pop", "/m/04rlf"]},
    {"id": "/m/pop", "name": "Pop music", "child_ids": []},
]


def lay(root, clip, places=("",)):
    """A sound and its lyrics, named a, in each of these places."""
    for place in places:
        for folder, content, suffix in (("audio", clip, "wav"), ("lyrics", WORDS.encode() * 9, "txt")):
            (root / folder / place).mkdir(parents=True)
            (root / folder / place / f"a.{suffix}").write_bytes(content)


@fuzz("audioset")
@given(st.data())
def test_fuzzed_audioset(tmp_path, clip, data):
    """Its segments, titles and ontology, each damaged in turn; the ontology has a circle from the start."""
    root = fresh(tmp_path) / "root"
    lay(root, clip)
    one = st.tuples(
        st.sampled_from(IDS), st.sampled_from(LABELS), st.sampled_from(TITLES) | st.text(max_size=9)
    )
    songs = [("a", "/m/pop", "A - B"), *data.draw(st.lists(one, max_size=5))]
    rows = [[id, "0.000", "10.000", f'"{labels}"'] for id, labels, _ in songs]
    write_table(root / "eval_segments.csv", ["# YTID"], rows, ", ", data.draw(damages))
    named = [[id, f'"{title}"'] for id, _, title in songs]
    header = data.draw(st.sampled_from([["id", "title"]] * 3) | headers)
    write_table(root / "titles.csv", header, named, ",", data.draw(damages))
    ontology = json.loads(json.dumps(ONTOLOGY))
    if data.draw(st.booleans()):
        ontology[data.draw(st.integers(0, 2))][data.draw(st.sampled_from(["id", "child_ids"]))] = data.draw(
            trees
        )
    (root / "ontology.json").write_bytes(json.dumps(ontology).encode() + data.draw(damages))
    with fenced(tmp_path):
        corpus = outcome(ml.load_corpus, "audioset", root=root, lyrics=lambda artist, song: WORDS * 9)
        if corpus is not None:
            assert set(corpus.table["id"]) <= {"a"} and corpus.table["id"].is_unique
            explained(corpus, root / "out")


@fuzz("merge")
@given(st.data())
def test_fuzzed_merge(tmp_path, clip, data):
    root = fresh(tmp_path) / "root"
    lay(root, clip, ("Q1", "Q2", "Q3", "Q4"))
    good = {
        "Audio_Song": "a",
        "Lyric_Song": "a",
        "Quadrant": "Q1",
        "Artist": "A",
        "Arousal": "0.9",
        "Valence": "0.8",
    }
    tables = {
        "metadata": ["Audio_Song", "Lyric_Song", "Quadrant", "Artist", "Title", "Genres"],
        "av_values": ["Audio_Song", "Lyric_Song", "Arousal", "Valence"],
    }
    for name, columns in tables.items():
        header = data.draw(st.sampled_from([columns, columns, columns, []]) | headers)
        rows = [[good.get(column, "x") for column in header or columns]]
        rows += data.draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), max_size=5))
        write_table(root / f"merge_bimodal_complete_{name}.csv", header, rows, ",", data.draw(damages))
    by = data.draw(st.sampled_from(["values", "quadrants"]))
    with fenced(tmp_path):
        corpus = outcome(ml.load_corpus, "merge", root=root, by=by)
        if corpus is not None:
            assert set(corpus.table["id"]) <= {"a"} and corpus.table["id"].is_unique
            explained(corpus, root / "out")


ultrastar_lines = st.one_of(
    st.sampled_from(
        ["#BPM:300", "#BPM:297,5", "#BPM:", "#BPM:-1", "#BPM:1e309", "#GAP:-4000", "#GAP:x", "#RELATIVE:yes"]
    ),
    st.sampled_from(
        ["#MP3:a.ogg", "#MP3:../a.ogg", "#AUDIO:/etc/passwd", "#MP3:\0", "P1", "P 2", "B 3 120", "E", "- 3 4"]
    ),
    st.builds(
        "{} {} {} 0 {}".format,
        st.sampled_from(":*FRG-"),
        st.integers(-(10**12), 10**12) | st.integers(0, 99),
        st.integers(-2, 10**12) | st.integers(0, 9),
        st.text(max_size=6) | st.sampled_from([" la", "~", "ly ", "\x85", "'", "<b>"]),
    ),
    st.text(max_size=20),
)


@fuzz("ultrastar")
@given(
    st.lists(ultrastar_lines, max_size=40),
    st.sampled_from(["utf-8", "cp1252", "utf-16"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_fuzzed_ultrastar(tmp_path, clip, lines, encoding, newline):
    root = fresh(tmp_path)
    text = newline.join(["#TITLE:x", *lines])
    (root / "song.txt").write_bytes(text.encode(encoding, errors="replace"))
    (root / "a.mp3").write_bytes(clip)
    with fenced(root):
        corpus = outcome(ml.load_corpus, "ultrastar", root)
        for song in corpus:
            assert song.lyrics.strip() and all(0 <= start < end for _, start, end in song.onsets)
            assert [start for _, start, _ in song.onsets] == sorted(start for _, start, _ in song.onsets)
            outcome(song.excerpt, 0.2, 0.5)
    assert len(corpus) + len(corpus.dropped) <= 1


@pytest.mark.parametrize("missing", ["id", "song", "artist", "valence", "energy", "genres", "lang"])
def test_a_missing_column_is_named(tmp_path, missing):
    for name, columns in TABLES.items():
        kept = [column for column in columns if column != missing]
        (tmp_path / name).write_text("\t".join(["id", *kept[1:]] if missing != "id" else kept) + "\n")
    if missing == "id":
        (tmp_path / "songs.csv").write_text("artist\nA\n")
    with pytest.raises(ValueError, match=f"has not one column {missing}"):
        ml.load_corpus("folder" if missing == "id" else "music4all", root=tmp_path)


@pytest.mark.parametrize("id", ["../../x", "/x/y", "..", "a/b", "\0", "", "x" * 5000, "\udcff", "<script>"])
def test_ids_never_become_paths(tmp_path, id):
    """An id goes into tables and pages; every file is named by a number or by letters of the id."""
    inside = tmp_path / "in" / "side"
    inside.mkdir(parents=True)
    song = ml.Song(np.random.default_rng(0).normal(0, 0.1, 8000).astype("f4"), 8000, WORDS, id=id)
    table = pd.DataFrame({"id": [id], "split": ["test"]}, dtype=object)
    with fenced(inside):
        outcome(ml.explain_corpus, ml.Corpus("mine", table, lambda row: song), explainer(), inside / "out")
        explanation = explainer().explain(song)
        outcome(ml.player, explanation, explainer().prepare(song), assets=inside / "assets")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.fixture(scope="module")
def saved(clip, tmp_path_factory):
    file = tmp_path_factory.mktemp("saved") / "song.wav"
    file.write_bytes(clip)
    return explainer().explain(ml.read_song(file, WORDS)).save(file.with_suffix(".json")).read_text()


@fuzz("explanation")
@given(st.data())
def test_fuzzed_explanations(tmp_path, saved, data):
    """A saved explanation with one of its parts gone, replaced or renamed, or its text damaged."""
    told, path = json.loads(saved), tmp_path / "song.json"
    part = data.draw(st.sampled_from([None, *told, "features.0", "song.lyrics", "features.0.positions"]))
    *way, last = (part or "schema").split(".")
    place = told
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    match part and data.draw(st.sampled_from(["replaced", "gone", "extra"])):
        case "replaced":
            place[int(last) if last.isdigit() else last] = data.draw(trees)
        case "gone":
            del place[int(last) if last.isdigit() else last]
        case "extra" if isinstance(place, dict):
            place["extra"] = 1
    text = json.dumps(told)
    if part is None:
        where = data.draw(st.integers(0, len(text)))
        text = text[:where] + data.draw(st.sampled_from(["", "[" * 100_000, "NaN", "\ud800", "1e999", "}"]))
    path.write_text(text, errors="surrogatepass")
    with fenced(tmp_path):
        loaded = outcome(ml.Explanation.load, path)
        if loaded is not None:
            loaded.table()
            outcome(ml.aggregate, [loaded])
            outcome(loaded.save, tmp_path / "again.json")


@pytest.mark.parametrize(
    "sound", ["empty.mp3", "text.mp3", "nan.wav", "one.wav", "fast.wav", "24.wav", "silent.wav"]
)
@pytest.mark.parametrize("words", ["empty", "5 MB", "not UTF-8", "NUL", "BOM"])
def test_the_command_says_one_sentence(tmp_path, monkeypatch, capsys, sound, words):
    """python -m musiclime explain, its model a function: 0 and a page, or 2 and one line."""
    monkeypatch.setattr(ml, "load_model", lambda *_, **__: loudness)
    whole = ml.MusicLIME
    halves = {"separate": lambda audio, rate: {"vocals": audio}, "segments": 2, "progress": False}
    monkeypatch.setattr(ml, "MusicLIME", lambda predict, **options: whole(predict, **{**options, **halves}))
    (tmp_path / sound).write_bytes(NASTY[sound])
    (tmp_path / "words.txt").write_bytes(TEXTS[words])
    out = tmp_path / "page.html"
    with fenced(tmp_path):
        code = main(
            [
                "explain",
                f"{tmp_path / sound}",
                "--lyrics",
                f"{tmp_path / 'words.txt'}",
                "--samples",
                "12",
                "--out",
                f"{out}",
            ]
        )
    told = capsys.readouterr()
    assert (code, out.is_file()) in [(0, True), (2, False)]
    assert code == 0 or (told.err.startswith("musiclime: ") and told.err.count("\n") == 1)
