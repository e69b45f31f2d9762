"""Nothing lost, nothing twice, and the same bytes, whoever is killed when."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import musiclime as ml
from musiclime import MusicLIME, load_corpus
from musiclime.explain.corpus_jobs import explain_corpus, explain_songs, stored

try:
    import resource
except ImportError:  # Windows
    resource = None

ROOT = Path(__file__).resolve().parents[2]


def loudness(audio, lyrics):
    """A plain function as a model: how loud, how long a text, how many a's."""
    loud = np.sqrt((np.asarray(audio) ** 2).mean(1))
    long = np.array([len(text.split()) for text in lyrics]) / 100
    score = np.column_stack([loud, long, [text.count("a") / 100 for text in lyrics]])
    return score / (score.sum(1, keepdims=True) + 1e-9)


def explainer(predict=loudness, **options):
    return MusicLIME(predict, classes=["x", "y", "z"], samples=200, segments=4, name="loudness", **options)


def songs(count=10):
    return load_corpus("demo", size=200, seed=5).where(np.arange(200) < count)


def contents(folder):
    """The bytes of every song's file, by name."""
    return {path.name: path.read_bytes() for path in sorted((Path(folder) / "songs").iterdir())}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm")
    explain_corpus(songs(), explainer(), folder)
    return folder


def test_a_second_run_computes_nothing_and_changes_no_byte(undisturbed):
    before = {path: path.stat().st_mtime_ns for path in (undisturbed / "songs").iterdir()}
    assert explain_corpus(songs(), explainer(), undisturbed) == sorted(before)
    assert before == {path: path.stat().st_mtime_ns for path in (undisturbed / "songs").iterdir()}


def test_stored_explanations_are_what_explain_gives(undisturbed):
    song = songs()[3]
    fresh, kept = explainer().explain(song), list(stored(undisturbed))[3]
    assert kept.features == fresh.features and kept.song == fresh.song and kept.design == fresh.design
    np.testing.assert_allclose(kept.weights, fresh.weights, atol=1e-12)
    light = list(stored(undisturbed, light=True))[3]
    assert [f.name for f in light.features] == [f.name for f in fresh.features]
    assert light.weights.tobytes() == kept.weights.tobytes()
    assert [one.song["id"] for one in stored(undisturbed)] == list(songs().table["id"])


def test_other_settings_are_refused_by_name(undisturbed):
    with pytest.raises(ValueError, match="seed = 0, now 1"):
        explain_corpus(songs(), explainer(seed=1), undisturbed)
    with pytest.raises(ValueError, match="songs = 10, now 11"):
        explain_corpus(songs(11), explainer(), undisturbed)


def test_a_bad_song_is_listed_and_a_second_run_completes_it(tmp_path, undisturbed):
    corpus = songs()
    read = corpus.read

    def broken(row):
        if row["id"] == corpus.table["id"][4]:
            raise FileNotFoundError("the disk with this song is away")
        return read(row)

    corpus.read = broken
    explain_corpus(corpus, explainer(), tmp_path)
    failed = json.loads((tmp_path / "failed.json").read_text())
    assert [row["id"] for row in failed] == [corpus.table["id"][4]] and "away" in failed[0]["reason"]
    assert len(list(stored(tmp_path))) == 9
    corpus.read = read
    explain_corpus(corpus, explainer(), tmp_path)
    assert json.loads((tmp_path / "failed.json").read_text()) == []
    assert contents(tmp_path) == contents(undisturbed)


def test_a_damaged_file_is_noticed_and_done_again(tmp_path, undisturbed, capsys):
    explain_corpus(songs(3), explainer(), tmp_path)
    file = tmp_path / "songs" / "00000001.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(ValueError, match="damaged file.*run explain_corpus on it again"):
        list(stored(tmp_path))
    explain_corpus(songs(3), explainer(), tmp_path)
    assert "00000001.parquet is damaged" in capsys.readouterr().out
    assert contents(tmp_path).items() <= contents(undisturbed).items()


@pytest.mark.skipif(resource is None, reason="the system sets no limit to the size of a file")
def test_a_full_disk_stops_the_run_with_a_sentence(tmp_path, undisturbed):
    """A limit on the size of a file stands for the full disk: the system refuses to write on."""
    explain_corpus(songs(3), explainer(), tmp_path / "whole")
    (tmp_path / "full").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        with pytest.raises(ValueError, match="could not be written.*make room and run again"):
            explain_corpus(songs(3), explainer(), tmp_path / "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "full" / "songs").glob("0*[0-9].parquet"))
    explain_corpus(songs(3), explainer(), tmp_path / "full")
    assert contents(tmp_path / "full") == contents(tmp_path / "whole")


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    from filelock import FileLock

    with FileLock(tmp_path / "lock"), pytest.raises(ValueError, match="another run"):
        explain_corpus(songs(2), explainer(), tmp_path)


DRIVER = """
import sys
sys.path.insert(0, {tests!r})
from test_corpus_jobs import explain_corpus, explainer, songs
explain_corpus(songs(), explainer(), {out!r})
"""


@pytest.mark.slow
def test_a_driver_that_is_killed_four_times_loses_nothing(tmp_path, undisturbed):
    """Each time it is killed once it has written one song more, wherever it is by then."""
    out = tmp_path / "killed"
    (out / "songs").mkdir(parents=True)
    code = DRIVER.format(tests=str(Path(__file__).parent), out=str(out))
    for written in (1, 3, 5, 8):
        driver = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, cwd=ROOT)
        while len(list((out / "songs").glob("0*[0-9].parquet"))) < written and driver.poll() is None:
            time.sleep(0.005)
        assert driver.poll() is None, "it was over before the kill"
        driver.kill()
        driver.wait()
    kept = contents(out)
    explain_corpus(songs(), explainer(), out)
    assert contents(out) == contents(undisturbed) and not list(out.rglob("*.part*"))
    assert len(kept) >= 8


@pytest.fixture(scope="session")
def cluster():
    from distributed import Client, LocalCluster

    options = {"threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(n_workers=2, **options) as workers, Client(workers) as client:
        yield client


def name_mark(mark):
    """Tell a worker where `deadly` leaves its mark."""
    os.environ["MUSICLIME_TEST_MARK"] = mark


def deadly(audio, lyrics):
    """A model that kills the process that asks it, the first time in a folder, as a lack of memory would."""
    mark = Path(os.environ["MUSICLIME_TEST_MARK"])
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return loudness(audio, lyrics)


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes(tmp_path, undisturbed, cluster):
    explain_corpus(songs(), explainer(), tmp_path / "all", client=cluster)
    assert contents(tmp_path / "all") == contents(undisturbed)


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_its_songs_are_done(tmp_path, undisturbed, cluster):
    mark = str(tmp_path / "died")
    cluster.run(name_mark, mark)
    corpus, slow_model = songs(4), explainer(deadly)
    os.environ["MUSICLIME_TEST_MARK"] = mark
    # The new worker that takes the dead one's place has the variable of this process.
    explain_corpus(corpus, slow_model, tmp_path / "out", client=cluster)
    assert Path(mark).exists()
    weights = [one.weights.tobytes() for one in stored(tmp_path / "out")]
    assert weights == [one.weights.tobytes() for one in stored(undisturbed)][:4]


def faults():
    """Page faults while arrays of four megabytes come and go: few, unless each is fetched anew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(500_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own setting")
def test_a_worker_keeps_its_memory(tmp_path, cluster):
    """Dask trims its workers' memory at once, and each array would be fetched anew, page by page."""
    explain_corpus(songs(4), explainer(), tmp_path, client=cluster)
    assert min(cluster.run(faults).values()) < 10_000  # of 49,000 pages


def test_songs_are_explained_once_and_read_from_the_cache_after(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path))
    asked = []

    class Counting:
        name, classes, digest = "counting", ["x", "y", "z"], "first"

        def predict(self, audio, lyrics):
            asked.append(len(lyrics))
            return loudness(audio, lyrics)

    model = Counting()
    options = {"samples": 200, "segments": 4}
    two = list(songs(2))
    first = explain_songs(MusicLIME(model, **options), two)
    calls = len(asked)
    again = explain_songs(MusicLIME(model, **options), two)
    assert len(asked) == calls
    assert [one.weights.tobytes() for one in first] == [one.weights.tobytes() for one in again]
    assert again[0].features == first[0].features and again[0].song == first[0].song
    # Another seed, other words, another model: each is asked.
    explain_songs(MusicLIME(model, seed=1, **options), two[:1])
    other = ml.Song(two[0].audio, two[0].sample_rate, "other words", id=two[0].id, stems=two[0].stems)
    counts = [len(asked)]
    explain_songs(MusicLIME(model, **options), [other])
    counts.append(len(asked))
    model.digest = "second"
    explain_songs(MusicLIME(model, **options), two[:1])
    counts.append(len(asked))
    assert calls < counts[0] < counts[1] < counts[2]
    # A function has no weights to tell it from another of the same name.
    assert len(explain_songs(explainer(), two[:1])) == 1
    assert len(list((tmp_path / "explanations").iterdir())) == 5


MANY = """
import os, sys, time
from pathlib import Path
import numpy as np
from musiclime import Explanation, Feature, aggregate
from musiclime.explain.corpus_jobs import stored
from musiclime.explain.stored_explanations import save, song_file

rng, out, counts = np.random.default_rng(0), Path(sys.argv[1]), list(map(int, sys.argv[2:]))
cells = [Feature(f"{stem}{i}", "audio") for i in range(10) for stem in ("vocals", "drums", "bass", "other")]
classes, zeros = [f"c{i}" for i in range(9)], np.zeros(9)
(out / "songs").mkdir()
done = 0
for count in counts:
    for position in range(done, count):
        if position < 500:
            words = [Feature(f"word{i}", "lyrics") for i in rng.choice(20000, 110, replace=False)]
            weights, own = rng.normal(size=(9, 150)), rng.dirichlet(np.ones(9))
            one = Explanation(classes, cells + words, weights, abs(weights), zeros, zeros, own, 1, 0, "joint")
            save(song_file(out, position), position, one)
        else:  # the same bytes under another name: no more disk, all of the reading
            os.link(song_file(out, position % 500), song_file(out, position))
    done = count
    start = time.process_time()
    table = aggregate(stored(out, light=True))
    seconds = time.process_time() - start
    assert table.shape[0] == 9 and table.shape[1] > 10_000
    # What getrusage calls the peak begins with that of the process that started this one.
    [peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(count, seconds, int(peak) / 1e6)
"""


@pytest.mark.slow
def test_many_explanations_need_no_more_memory_than_a_few(tmp_path):
    """By default some thousands, and how time and memory grow; MUSICLIME_MANY=100000 takes more."""
    counts = ["1000", os.environ.get("MUSICLIME_MANY", "4000")]
    told = subprocess.run(
        [sys.executable, "-c", MANY, tmp_path, *counts], capture_output=True, text=True, cwd=ROOT
    )
    assert told.returncode == 0, told.stderr
    (few, fast, small), (many, slow, large) = (map(float, line.split()) for line in told.stdout.splitlines())
    print(f"{many:.0f} explanations: {slow:.0f} s of one core, {large:.2f} GB")
    assert slow / many < 1.5 * fast / few, "the time grows faster than the number"
    assert large < 2 and large - small < 0.2
