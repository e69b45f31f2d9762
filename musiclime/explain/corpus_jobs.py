"""Explaining a corpus, here, in a pool or on a cluster; a second run does only what is missing."""

import ctypes
import json
import os
import sys
import threading
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path

from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from ..files import versions
from .stored_explanations import SHARD, fold, positions, save, stored, to_row, whole_files, write

__all__ = ["explain_corpus", "stored"]


def explain_corpus(corpus, explainer, out, client=None, workers: int = 1) -> list[Path]:
    """Explain every song into Parquet shards under `out`; resumes (chapter *A corpus of explanations*).

    Songs that failed are listed with their reasons in failed.json and tried again by the next run.

    client: a dask.distributed Client on any cluster that sees `out`; without one, `workers` local processes.
    """
    out = Path(out)
    try:
        (out / "songs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{out} cannot be a folder of explanations ({error.strerror}): name another"
        ) from error
    lock = FileLock(out / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"another run is writing to {out}: wait for it, or choose another folder") from None
    try:
        _claim(out, corpus, explainer)
        done = {position for path in whole_files(out) for position in positions(path)}
        missing = [position for position in range(len(corpus)) if position not in done]
        failed, waiting = {}, Counter(position // SHARD for position in missing)
        if missing:
            run = _on_dask if client is not None else _in_pool if workers > 1 else _here
            bar = tqdm(total=len(corpus), initial=len(done), desc="explaining", disable=len(missing) < 3)
            for position, reason in run(missing, (corpus, explainer, str(out)), client or workers):
                bar.update()
                waiting[position // SHARD] -= 1
                if not waiting[position // SHARD]:
                    fold(out, position // SHARD * SHARD)
                if reason:
                    failed[position] = {"id": str(corpus.table["id"].iloc[position]), "reason": reason}
            bar.close()
        write(out / "failed.json", json.dumps([failed[p] for p in sorted(failed)], indent=1).encode())
        return [fold(out, first) for first in range(0, len(corpus), SHARD)]
    finally:
        lock.release()


def _claim(out: Path, corpus, explainer) -> None:
    """Write the manifest of a new folder; refuse a folder made with other settings, and say which."""
    mine = {
        "corpus": {"name": corpus.name, "songs": len(corpus), "fingerprint": corpus.fingerprint},
        "explainer": explainer.settings,
        "versions": versions(),
    }
    mine = json.loads(json.dumps(mine, allow_nan=False))
    path = out / "manifest.json"
    if not path.is_file():
        return write(path, json.dumps(mine, indent=1, sort_keys=True).encode())
    try:
        theirs = json.loads(path.read_bytes())
        changes = [
            f"{part} {name} = {theirs[part].get(name)!r}, now {values.get(name)!r}"
            for part, values in mine.items()
            for name in sorted(values.keys() | theirs[part].keys())
            if theirs[part].get(name) != values.get(name)
        ]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged, nobody knows what made the rest: choose another folder"
        ) from error
    if changes:
        raise ValueError(f"{out} was made with {'; '.join(changes)}: choose another folder")


def _one(position: int, state) -> tuple[int, str]:
    """Explain one song and write it; a song's own fault becomes a reason, a full disk stops the run."""
    corpus, explainer, out = state
    try:
        row = to_row(position, explainer.explain(corpus[position]))
    except Exception as error:  # noqa: BLE001 - whatever a reader's predict function raises is this song's reason
        return position, f"{type(error).__name__}: {error}"
    save(Path(out) / "songs" / f"{position:08d}.parquet", [row])
    return position, ""


def _here(missing, state, _):
    with _one_thread():
        yield from (_one(position, state) for position in missing)


def _in_pool(missing, state, workers: int):
    """A process pool that is built anew when a worker dies; a song that kills three workers is given up."""
    left, deaths = dict.fromkeys(missing), {}
    while left:
        context = get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(state,))
        queue, running = iter(list(left)), {}
        try:
            while True:
                for position in islice(queue, 2 * workers - len(running)):
                    running[pool.submit(_in_worker, position)] = position
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    left.pop(running.pop(future))
                    yield result
        except BrokenProcessPool:
            for position in list(running.values())[:workers]:
                deaths[position] = deaths.get(position, 0) + 1
                if deaths[position] == 3:
                    left.pop(position, None)
                    yield position, "the worker process died three times on this song: out of memory?"
            for path in Path(state[2], "songs").glob("*.parquet"):
                if int(path.stem) in left:
                    left.pop(int(path.stem))
                    yield int(path.stem), ""
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_state = None


def _begin(state) -> None:
    global _state
    _state = state
    # A driver that is killed cannot tell its workers: they watch it and go with it.
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def _in_worker(position: int):
    return _alone(position, _state)


def _on_dask(missing, state, client):
    """Songs go to the cluster a few per worker at a time: a million at once would crowd the scheduler."""
    from distributed import KilledWorker, as_completed

    # Under a key of its own: by its hash, a second run would meet what the first one is still giving up.
    shared = client.scatter(state, broadcast=True, hash=False)
    queue, songs = iter(missing), {}

    def submit(position):
        future = client.submit(_alone, position, shared, pure=False)
        songs[future.key] = position
        return future

    ahead = 4 * max(1, sum(client.nthreads().values()))
    running = as_completed([submit(position) for position in islice(queue, ahead)])
    for future in running:
        try:
            yield future.result()
        except KilledWorker:
            yield songs[future.key], "the workers died on this song again and again: out of memory?"
        for position in islice(queue, 1):
            running.add(submit(position))


@cache
def _keep_memory() -> None:
    """Dask has its workers hand memory back at once, which halves their speed: let the process keep some."""
    with suppress(AttributeError, OSError, TypeError):  # glibc's own call: nothing to do elsewhere
        for parameter in (-1, -3):  # when to trim the heap, and from what size on to leave it
            ctypes.CDLL(None).mallopt(parameter, 1 << 25)


def _alone(position: int, state):
    _keep_memory()
    with _one_thread():
        return _one(position, state)


@contextmanager
def _one_thread():
    """One thread a song: the same sums in the same order, whoever computes them."""
    torch = sys.modules.get("torch")
    before = torch and torch.get_num_threads()
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
