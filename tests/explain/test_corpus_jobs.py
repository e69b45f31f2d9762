"""Nothing lost, nothing twice, and the same bytes, whoever is killed when."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from musiclime import MusicLIME, load_corpus
from musiclime.explain.corpus_jobs import explain_corpus, stored

ROOT = Path(__file__).resolve().parents[2]


def loudness(audio, lyrics):
    """A plain function as a model: how loud, how long a text, how many a's."""
    loud = np.sqrt((np.asarray(audio) ** 2).mean(1))
    long = np.array([len(text.split()) for text in lyrics]) / 100
    score = np.column_stack([loud, long, [text.count("a") / 100 for text in lyrics]])
    return score / (score.sum(1, keepdims=True) + 1e-9)


def picky(audio, lyrics):
    if any("INSTRUMENTAL" in text for text in lyrics):
        raise RuntimeError("no words")
    return loudness(audio, lyrics)


def explainer(predict=loudness, **options):
    return MusicLIME(predict, classes=["x", "y", "z"], samples=60, segments=4, name="loudness", **options)


def songs(count=10):
    return load_corpus("demo", size=200, seed=5).where(np.arange(200) < count)


def table(folder):
    return [(e.song["id"], e.weights.tobytes(), e.errors.tobytes()) for e in stored(folder)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm")
    explain_corpus(songs(), explainer(), folder)
    return folder


def shard(folder):
    return next(Path(folder).glob("shard-*.parquet"))


def test_a_second_run_computes_nothing_and_changes_no_byte(undisturbed):
    before = shard(undisturbed).read_bytes(), shard(undisturbed).stat().st_mtime_ns
    assert explain_corpus(songs(), explainer(), undisturbed) == [shard(undisturbed)]
    assert before == (shard(undisturbed).read_bytes(), shard(undisturbed).stat().st_mtime_ns)


def test_stored_explanations_are_what_explain_gives(undisturbed):
    song = songs()[3]
    fresh, kept = explainer().explain(song), list(stored(undisturbed))[3]
    assert kept.features == fresh.features and kept.song == fresh.song and kept.design == fresh.design
    np.testing.assert_allclose(kept.weights, fresh.weights, atol=1e-12)
    light = list(stored(undisturbed, light=True))[3]
    assert [f.name for f in light.features] == [f.name for f in fresh.features]
    assert light.weights.tobytes() == kept.weights.tobytes()


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
    assert shard(tmp_path).read_bytes() == shard(undisturbed).read_bytes()


def test_a_damaged_shard_is_noticed_and_done_again(tmp_path, undisturbed, capsys):
    explain_corpus(songs(), explainer(), tmp_path)
    data = bytearray(shard(tmp_path).read_bytes())
    data[len(data) // 2] ^= 0xFF
    shard(tmp_path).write_bytes(data)
    explain_corpus(songs(), explainer(), tmp_path)
    assert "damaged" in capsys.readouterr().out
    assert shard(tmp_path).read_bytes() == shard(undisturbed).read_bytes()


def test_a_full_disk_stops_the_run_with_a_sentence(tmp_path, undisturbed, monkeypatch):
    import errno

    replace = Path.replace
    budget = iter([True] * 4)

    def full(self, target):
        if str(target).endswith(".parquet") and not next(budget, False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ValueError, match="No space left.*make room"):
        explain_corpus(songs(), explainer(), tmp_path)
    monkeypatch.undo()
    assert len(list((tmp_path / "songs").glob("*.parquet"))) == 4 and not list(tmp_path.rglob("*.part"))
    explain_corpus(songs(), explainer(), tmp_path)
    assert shard(tmp_path).read_bytes() == shard(undisturbed).read_bytes()


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    from filelock import FileLock

    with FileLock(tmp_path / "lock"), pytest.raises(ValueError, match="another run"):
        explain_corpus(songs(2), explainer(), tmp_path)


DRIVER = """
import sys; sys.path.insert(0, {tests!r})
from test_corpus_jobs import *
explain_corpus(songs({count}), explainer(), {out!r}, workers=2)
"""


def drive(out, count=10):
    code = "if __name__ == '__main__':\n" + "".join(
        f"    {line}\n"
        for line in DRIVER.format(tests=str(Path(__file__).parent), count=count, out=str(out)).split("\n")
    )
    file = Path(out).parent / f"drive-{Path(out).name}.py"
    file.write_text(code)
    return subprocess.Popen([sys.executable, file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def children(pid):
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_kill_9_of_workers_and_driver_at_random_moments(tmp_path, undisturbed):
    """The driver is killed at 20 moments, a worker at each of them first; then the run is left alone."""
    rng = random.Random(0)
    out = tmp_path / "killed"
    out.mkdir()
    for _ in range(20):
        driver = drive(out)
        time.sleep(rng.uniform(1, 5))
        for worker in children(driver.pid)[1:2]:
            os.kill(worker, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.5))
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        if driver.returncode == 0:
            break
    assert drive(out).wait(120) == 0
    ids = [e.song["id"] for e in stored(out)]
    assert ids == list(songs().table["id"]) and not list(out.rglob("*.part"))
    assert shard(out).read_bytes() == shard(undisturbed).read_bytes()


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes(tmp_path, undisturbed):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        explain_corpus(songs(), explainer(), tmp_path / "all", client=client)
    assert shard(tmp_path / "all").read_bytes() == shard(undisturbed).read_bytes()


def faults():
    """Page faults while arrays of four megabytes come and go: few, unless each is fetched anew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(500_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.slow
def test_a_worker_keeps_its_memory_and_each_run_has_keys_of_its_own(tmp_path, monkeypatch):
    """Dask trims its workers' memory at once; and a key that one run gives up, the next must not ask for."""
    from distributed import Client, LocalCluster

    keys = []
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        scatter = client.scatter

        def watched(*state, **how):
            sent = scatter(*state, **how)
            keys.append({future.key for future in sent})
            return sent

        monkeypatch.setattr(client, "scatter", watched)
        for run in range(2):
            explain_corpus(songs(2), explainer(), tmp_path / str(run), client=client)
        [found] = client.run(faults).values()
    assert not keys[0] & keys[1]
    if sys.platform == "linux":
        assert found < 10_000  # of 49,000 pages


def patient(audio, lyrics):
    """A model that waits for its card: the cores of a busy machine do not decide how long."""
    time.sleep(0.01 * len(lyrics))
    return loudness(audio, lyrics)


@pytest.mark.slow
def test_two_workers_are_nearly_twice_as_fast_as_one(tmp_path):
    from distributed import Client, LocalCluster

    took, options = {}, {"threads_per_worker": 1, "dashboard_address": None}
    for workers in (1, 2):
        with LocalCluster(n_workers=workers, **options) as cluster, Client(cluster) as client:
            explain_corpus(
                songs(2 * workers), explainer(patient), tmp_path / f"warm {workers}", client=client
            )
            start = time.perf_counter()
            explain_corpus(songs(12), explainer(patient), tmp_path / f"timed {workers}", client=client)
            took[workers] = time.perf_counter() - start
    print(f"two workers are {took[1] / took[2]:.2f} times as fast as one")
    assert took[1] / took[2] >= 1.6
    assert shard(tmp_path / "timed 1").read_bytes() == shard(tmp_path / "timed 2").read_bytes()


MANY = """
import os, sys, time
from pathlib import Path
import numpy as np
from musiclime import Explanation, Feature, aggregate
from musiclime.explain.corpus_jobs import stored
from musiclime.explain.stored_explanations import SHARD, save, to_row

rng, out, counts = np.random.default_rng(0), Path(sys.argv[1]), list(map(int, sys.argv[2:]))
cells = [Feature(f"{stem}{i}", "audio") for i in range(10) for stem in ("vocals", "drums", "bass", "other")]
classes, zeros = [f"c{i}" for i in range(9)], np.zeros(9)
for first in range(0, max(counts), SHARD):
    shard = out / f"shard-{first:08d}.parquet"
    if first < 8 * SHARD:
        rows = []
        for _ in range(SHARD):
            words = [Feature(f"word{i}", "lyrics") for i in rng.choice(20000, 110, replace=False)]
            weights, own = rng.normal(size=(9, 150)), rng.dirichlet(np.ones(9))
            one = Explanation(classes, cells + words, weights, abs(weights), zeros, zeros, own, 1, 0, "joint")
            rows.append(to_row(first + len(rows), one))
        save(shard, rows)
    else:  # the same bytes under another name: no more disk, all of the reading
        os.link(out / f"shard-{first // SHARD % 8 * SHARD:08d}.parquet", shard)
for count in counts:
    for path in sorted(out.glob("shard-*.parquet"))[count // SHARD:]:
        path.rename(path.with_suffix(".later"))
    start = time.process_time()
    table = aggregate(stored(out, light=True))
    seconds = time.process_time() - start
    assert table.shape[0] == 9 and table.shape[1] > 10_000
    for path in out.glob("*.later"):
        path.rename(path.with_suffix(".parquet"))
    # What getrusage calls the peak begins with that of the process that started this one.
    [peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(count, seconds, int(peak) / 1e6)
"""


@pytest.mark.slow
def test_a_hundred_thousand_explanations_need_no_more_memory_than_a_few(tmp_path):
    """By default a part of them, and how time and memory grow; MUSICLIME_MANY=100032 takes all."""
    counts = ["3200", os.environ.get("MUSICLIME_MANY", "12800")]
    told = subprocess.run(
        [sys.executable, "-c", MANY, tmp_path, *counts], capture_output=True, text=True, cwd=ROOT
    )
    assert told.returncode == 0, told.stderr
    (few, fast, small), (many, slow, large) = (map(float, line.split()) for line in told.stdout.splitlines())
    print(f"{many:.0f} explanations: {slow:.0f} s of one core, {large:.2f} GB")
    assert slow / many < 1.5 * fast / few, "the time grows faster than the number"
    assert large < 2 and large - small < 0.2
