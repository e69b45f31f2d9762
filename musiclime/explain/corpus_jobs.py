"""Explaining many songs: a corpus, here or on a cluster, resumable; or a few, cached by content."""

import ctypes
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from ..data.song import Corpus, Song
from ..files import root, versions, whole
from .explainers import MusicLIME
from .explanation import Explanation
from .stored_explanations import save, song_file, song_files, stored, sweep

__all__ = ["explain_corpus", "explain_songs", "stored"]


def explain_corpus(corpus: Corpus, explainer: MusicLIME, out: str | Path, client: Any = None) -> list[Path]:
    """Explain every song of a corpus and keep the results in a folder (chapter *A corpus of explanations*).

    A second run explains only what is missing. A song that fails is listed with its reason in failed.json and
    tried again by the next run.

    Args:
        corpus: the songs.
        explainer: how to explain them.
        out: the folder: manifest.json says what made it, songs/ holds one Parquet file a song.
        client: a dask.distributed Client of any cluster that sees `out`; None: this process does it all.

    Returns:
        The files, in the corpus's order; `explain.corpus_jobs.stored(out)` reads them.

    Example:
        >>> import tempfile
        >>> import musiclime as ml
        >>> loudness = lambda audio, lyrics: audio.std(axis=1, keepdims=True)
        >>> explainer = ml.AudioLIME(loudness, samples=50, progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(ml.explain_corpus(ml.load_corpus("demo", size=2), explainer, folder))
        2
    """
    out = Path(out)
    try:
        (out / "songs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror
        raise ValueError(f"{out} cannot be a folder of explanations ({why}): name another") from error
    lock = FileLock(out / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"another run is writing to {out}: wait for it, or choose another folder") from None
    try:
        _claim(out, corpus, explainer)
        done = sweep(out)
        missing = [position for position in range(len(corpus)) if position not in done]
        failed = _explain_missing(missing, corpus, explainer, out, client)
        with whole(out / "failed.json") as draft:
            draft.write_text(json.dumps(failed, indent=1), encoding="utf-8")
    except OSError as error:
        raise ValueError(str(error)) from error
    finally:
        lock.release()
    return song_files(out)


def _explain_missing(
    missing: list[int], corpus: Corpus, explainer: MusicLIME, out: Path, client: Any
) -> list[dict]:
    """Explain the songs at these positions, and list those that failed."""
    state = (corpus, explainer, str(out))
    done = _on_dask(missing, state, client) if client is not None and missing else _here(missing, state)
    reasons = {}
    with tqdm(total=len(corpus), initial=len(corpus) - len(missing), disable=len(missing) < 3) as bar:
        for position, reason in done:
            bar.update()
            if reason:
                reasons[position] = reason
    ids = corpus.table["id"]
    return [{"id": str(ids.iloc[place]), "reason": reasons[place]} for place in sorted(reasons)]


def _claim(out: Path, corpus: Corpus, explainer: MusicLIME) -> None:
    """Write the manifest of a new folder; refuse a folder made with other settings, and say which."""
    mine = {
        "corpus": {"name": corpus.name, "songs": len(corpus), "fingerprint": corpus.fingerprint},
        "explainer": explainer.settings,
        "versions": versions(),
    }
    mine = json.loads(json.dumps(mine, allow_nan=False))
    path = out / "manifest.json"
    if not path.is_file():
        with whole(path) as draft:
            draft.write_text(json.dumps(mine, indent=1, sort_keys=True), encoding="utf-8")
        return
    try:
        theirs = json.loads(path.read_bytes())
        changes = _changes(mine, theirs)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        told = f"{path} is damaged, nobody knows what made the rest: choose another folder"
        raise ValueError(told) from error
    if changes:
        raise ValueError(f"{out} was made with {'; '.join(changes)}: choose another folder")


def _changes(mine: dict, theirs: dict) -> list[str]:
    found = []
    for part, values in mine.items():
        for name in sorted(values.keys() | theirs[part].keys()):
            then, now = theirs[part].get(name), values.get(name)
            if then != now:
                found.append(f"{part} {name} = {then!r}, now {now!r}")
    return found


def _one(position: int, state: Any) -> tuple[int, str]:
    """Explain one song and write it; a song's own fault becomes a reason, a full disk stops the run."""
    corpus, explainer, out = state
    try:
        explanation = explainer.explain(corpus[position])
        explanation.space = None
        save(song_file(Path(out), position), position, explanation)
    except OSError as error:
        if "make room" in str(error):
            raise
        return position, f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - whatever a reader's predict function raises is this song's reason
        return position, f"{type(error).__name__}: {error}"
    return position, ""


def _here(missing: list[int], state: Any) -> Iterator[tuple[int, str]]:
    with _one_thread():
        for position in missing:
            yield _one(position, state)


def _on_dask(missing: list[int], state: Any, client: Any) -> Iterator[tuple[int, str]]:
    """Songs go to the cluster a few per worker at a time: a million at once would crowd the scheduler."""
    from distributed import KilledWorker, as_completed

    # Under a key of its own: by its hash, a second run would meet what the first one is still giving up.
    shared = client.scatter(state, broadcast=True, hash=False)
    queue, songs = iter(missing), {}

    def submit(position: int) -> Any:
        future = client.submit(_on_worker, position, shared, pure=False)
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


def _on_worker(position: int, state: Any) -> tuple[int, str]:
    _keep_memory()
    with _one_thread():
        return _one(position, state)


@cache
def _keep_memory() -> None:
    """Dask has its workers hand memory back at once, which halves their speed: let the process keep some."""
    with suppress(AttributeError, OSError, TypeError):  # glibc's own call: nothing to do elsewhere
        for parameter in (-1, -3):  # when to trim the heap, and from what size on to leave it
            ctypes.CDLL(None).mallopt(parameter, 1 << 25)


@contextmanager
def _one_thread() -> Iterator[Any]:
    """One thread a song: the same sums in the same order, whoever computes them."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def explain_songs(explainer: MusicLIME, songs: Iterable[Song], progress: bool = False) -> list[Explanation]:
    """Explain songs, or read what an earlier chapter found for the same songs (chapter *Explain*).

    What was computed lies in the cache folder under a key made of the explainer's settings, the model's
    weights and the song's sound and words. A model whose weights cannot be read is always asked.

    Args:
        explainer: how to explain.
        songs: a list of songs, or a corpus.
        progress: show a progress bar.

    Returns:
        One `Explanation` a song; without its sound (`space` is None), which `ml.player` takes from the song.
    """
    weights = _weights_digest(explainer.predict)
    found = []
    for song in tqdm(songs, disable=not progress, desc="explaining"):
        file = None
        if weights is not None:
            file = root() / "explanations" / f"{_key(explainer, weights, song)}.json"
        if file is not None and file.is_file():
            with suppress(ValueError):  # damaged: explain it again
                found.append(Explanation.load(file))
                continue
        explanation = explainer.explain(song)
        if file is not None:
            explanation = Explanation.load(explanation.save(file))
        explanation.space = None
        found.append(explanation)
    return found


def _weights_digest(model: Any) -> str | None:
    """What tells a model's weights from any other's: its own digest, or that of its torch network."""
    if hasattr(model, "digest"):
        return str(model.digest)
    network = getattr(model, "network", model)
    if not hasattr(network, "state_dict"):
        return None
    digest = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(values.detach().cpu().float().numpy()).data)
    return digest.hexdigest()


def _key(explainer: MusicLIME, weights: str, song: Song) -> str:
    """The content that decides a song's explanation, as a name of a file."""
    known = [explainer.settings, weights, versions(), song.sample_rate, song.lyrics, song.id, song.title]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(song.audio).data)
    for name, sound in (song.stems or {}).items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(sound).data)
    return digest.hexdigest()[:24]
