"""How good a model is: measures with intervals, and what is left when the planted evidence is replaced."""

import hashlib
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support
from tqdm.auto import tqdm

from ..data.song import Corpus, Song
from ..files import root as cache_root
from ..files import whole
from .classifier import Model
from .preprocessing import batches, clip
from .training_data import for_each_song

# What a model is asked about each song: which of (words, cells) have their planted evidence replaced.
CASES = {
    "as it is": {"words": False, "cells": False},
    "words replaced": {"words": True, "cells": False},
    "cells replaced": {"words": False, "cells": True},
    "both replaced": {"words": True, "cells": True},
}
SONGS_AT_ONCE = 27


def labels_of(table: pd.DataFrame, task: str, classes: list[str], multilabel: bool = False) -> np.ndarray:
    """The labels of a table of songs as numbers.

    Args:
        table: songs, a label each in the column `task`; several labels are separated by semicolons.
        task: which column.
        classes: the names of the labels, in the order of the numbers.
        multilabel: whether a song may have several labels.

    Returns:
        Class indices (songs,), or for several labels a song rows of zeros and ones (songs, classes).

    Example:
        >>> labels_of(pd.DataFrame({"genre": ["pop", "folk"]}), "genre", ["folk", "pop"]).tolist()
        [1, 0]
    """
    named = {label for labels in table[task] for label in (labels.split(";") if multilabel else [labels])}
    strange = sorted(named - set(classes))
    if strange:
        told = ", ".join(map(repr, strange[:3]))
        raise ValueError(f"the model knows no {task} {told}: leave these songs out, or train on them")
    if not multilabel:
        return np.array([classes.index(label) for label in table[task]])
    rows = []
    for labels in table[task]:
        own = labels.split(";")
        rows.append([float(label in own) for label in classes])
    return np.array(rows, np.float32)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """The mean F1 over classes.

    Args:
        confusion: counts (..., truth, guess).

    Returns:
        (...); a class that is neither met nor guessed counts as zero.

    Example:
        >>> float(macro_f1(np.array([[2, 0], [0, 3]])))
        1.0
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    truths_and_guesses = confusion.sum(-1) + confusion.sum(-2)
    return (2 * hits / np.maximum(truths_and_guesses, 1)).mean(-1)


def answers(models: list[Model], corpus: Corpus, progress: bool = True) -> list[dict]:
    """What models say of a corpus, with its planted evidence and without; kept in the cache.

    Args:
        models: models that hear the same sample rate.
        corpus: songs; without planted evidence all four cases are alike.
        progress: whether to show a progress bar.

    Returns:
        For each model its probabilities (songs, classes) by case, see `CASES`.

    (chapter *Train*)
    """
    files = [_file_of_answers(model, corpus) for model in models]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    # Songs are composed or read by one process at a time: the others wait, and may find their answers there.
    with FileLock(files[0].parent / f"{corpus.fingerprint}.lock"):
        missing = [number for number, file in enumerate(files) if not file.is_file()]
        if missing:
            asked = _ask([models[number] for number in missing], corpus, progress)
            for number, answer in zip(missing, asked):
                with whole(files[number]) as draft:
                    np.savez(draft, **answer)
    found = []
    for file in files:
        with np.load(file) as kept:
            found.append({case: kept[case] for case in CASES})
    return found


def _file_of_answers(model: Model, corpus: Corpus) -> Any:
    """Where the answers of a model to a corpus are kept: under what decides them."""
    wish = f"{model.digest} {corpus.name} {corpus.fingerprint} {model.sample_rate}"
    name = hashlib.sha256(wish.encode()).hexdigest()[:16]
    return cache_root() / "answers" / f"{name}.npz"


def _ask(models: list[Model], corpus: Corpus, progress: bool) -> list[dict]:
    """The answers of several models, every song composed or read only once."""
    is_heard = any(model.network.audio is not None for model in models)
    arguments = (corpus, models[0].sample_rate, is_heard)
    if len(corpus[0].audio):
        songs: Any = for_each_song(_with_and_without_evidence, *arguments)
    else:
        # Without sound a song is read at once, and a corpus that holds all its texts is heavy to send around.
        songs = (_with_and_without_evidence(corpus, place, *arguments[1:]) for place in range(len(corpus)))
    parts: list[dict[str, list]] = [{case: [] for case in CASES} for _ in models]
    some_songs = tqdm(list(batches(len(corpus), SONGS_AT_ONCE)), "evaluating", disable=not progress)
    for rows in some_songs:
        pairs = list(islice(songs, rows.stop - rows.start))
        for model, answer in zip(models, parts):
            codes = {False: _codes(model, [plain for plain, _ in pairs])}
            codes[True] = codes[False]
            if any(replaced is not plain for plain, replaced in pairs):
                codes[True] = _codes(model, [replaced for _, replaced in pairs])
            for case, replaced in CASES.items():
                by_kind = {"audio": replaced["cells"], "lyrics": replaced["words"]}
                embeddings = [codes[by_kind[kind]][kind] for kind in codes[False]]
                answer[case].append(model.classify(*embeddings))
    return [{case: np.concatenate(found) for case, found in answer.items()} for answer in parts]


def _codes(model: Model, songs: list[dict]) -> dict[str, np.ndarray]:
    """The embeddings of songs, by each encoder that the model has."""
    found = {}
    if model.network.audio is not None:
        heard = [song["heard"] for song in songs]
        if heard[0].ndim == 2:
            found["audio"] = model.encode_features(heard)
        else:
            found["audio"] = model.encode_audio(np.stack(heard))
    if model.network.lyrics is not None:
        tokens = [song["tokens"] for song in songs]
        if model.card.get("reads_published_tokens") and all(one is not None for one in tokens):
            found["lyrics"] = model.encode_tokens(tokens)
        else:
            found["lyrics"] = model.encode_lyrics([song["lyrics"] for song in songs])
    return found


def _with_and_without_evidence(corpus: Corpus, position: int, sample_rate: int, is_heard: bool) -> Any:
    """What is asked about a song as it is, and about its neutral counterpart; without evidence the same."""
    song = corpus[position]
    plain = _what_is_asked(song, sample_rate, is_heard)
    if not song.evidence:
        return plain, plain
    return plain, _what_is_asked(song.neutral(), sample_rate, is_heard)


def _what_is_asked(song: Song, sample_rate: int, is_heard: bool) -> dict:
    """A song's sound (or the features that its owners published), lyrics and tokens."""
    heard = None
    if is_heard and not len(song.audio):
        if song.features is None:
            raise ValueError(
                f"song {song.id!r} has neither sound nor features: leave it out, or give its file"
            )
        heard = song.features
    elif is_heard:
        heard = clip(song, sample_rate)
    return {"heard": heard, "lyrics": song.lyrics, "tokens": song.tokens}


def _ask_one_by_one(models: list, corpus: Corpus, progress: bool) -> list[dict]:
    """The answers of models that are no networks of ours, such as those of preset "real"."""
    parts: list[dict[str, list]] = [{case: [] for case in CASES} for _ in models]
    for song in tqdm(corpus, "evaluating", disable=not progress):
        replaced = song.neutral() if song.evidence else song
        for model, answer in zip(models, parts):
            seconds = min(getattr(model, "seconds", song.seconds), song.seconds)
            for case, changed in CASES.items():
                heard = clip(replaced if changed["cells"] else song, model.sample_rate, seconds)
                words = replaced.lyrics if changed["words"] else song.lyrics
                if case == "as it is" or song.evidence:
                    said = model.predict(heard[None], [words])[0]
                answer[case].append(said)
    return [{case: np.stack(found) for case, found in answer.items()} for answer in parts]


def evaluate(
    models: Any, corpus: Corpus, rounds: int = 2000, seed: int = 0, progress: bool = True
) -> dict | list[dict]:
    """Measures of a model, or of each in a list, on all songs of a corpus.

    Args:
        models: a Model, or several in a list; those of preset "real" are asked song by song.
        corpus: songs with labels that the models know.
        rounds: bootstrap draws of the intervals.
        seed: of the bootstrap.
        progress: whether to show a progress bar.

    Returns:
        A dict, or one for each model: accuracy, macro_f1 and their 95 % intervals; report and confusion
        (truth x guess) as tables; replaced: the accuracy by case of `CASES`; probabilities.

        Where a song may have several labels, a label is given if its probability is over one half. Then
        accuracy is the share of songs all of whose labels are right, label_accuracy the share of right
        decisions, and confusion a table of label x (hits, false alarms, misses, rightly left out).

    (chapter *Train*)
    """
    if not isinstance(models, list):
        return evaluate([models], corpus, rounds, seed, progress)[0]
    if all(isinstance(model, Model) for model in models):
        asked = answers(models, corpus, progress)
    else:
        asked = _ask_one_by_one(models, corpus, progress)
    found = []
    for model, answer in zip(models, asked):
        multilabel = model.card.get("architecture", {}).get("multilabel", False)
        truth = labels_of(corpus.table, model.card["task"], model.classes, multilabel)
        measures = _measures_of_several_labels if multilabel else _measures
        found.append(measures(answer, truth, model.classes, rounds, seed))
    return found


def _measures(answer: dict, truth: np.ndarray, classes: list[str], rounds: int, seed: int) -> dict:
    count = len(classes)
    guess = answer["as it is"].argmax(1)
    confusion = confusion_matrix(truth, guess, labels=range(count))
    # Drawing songs with replacement is drawing the cells of this table.
    chances = confusion.ravel() / len(truth)
    draws = np.random.default_rng(seed).multinomial(len(truth), chances, rounds)
    draws = draws.reshape(rounds, count, count)
    drawn_accuracy = np.trace(draws, axis1=1, axis2=2) / len(truth)
    columns = precision_recall_fscore_support(truth, guess, labels=range(count), zero_division=0)
    report = dict(zip(("precision", "recall", "f1", "support"), columns))
    return {
        "accuracy": (truth == guess).mean(),
        "accuracy_interval": np.quantile(drawn_accuracy, [0.025, 0.975]),
        "macro_f1": macro_f1(confusion),
        "macro_f1_interval": np.quantile(macro_f1(draws), [0.025, 0.975]),
        "report": pd.DataFrame(report, index=classes),
        "confusion": pd.DataFrame(confusion, classes, classes),
        "replaced": {case: (p.argmax(1) == truth).mean() for case, p in answer.items()},
        "probabilities": answer["as it is"],
    }


def _measures_of_several_labels(
    answer: dict, truth: np.ndarray, classes: list[str], rounds: int, seed: int
) -> dict:
    truth, guess = truth.astype(bool), answer["as it is"] > 0.5
    right = (truth == guess).all(1)
    # One row a song: for each label whether it is a hit, a false alarm, a miss.
    outcomes = np.stack([truth & guess, ~truth & guess, truth & ~guess]).astype(float)
    times_drawn = np.random.default_rng(seed).multinomial(
        len(truth), np.full(len(truth), 1 / len(truth)), rounds
    )
    hits, false_alarms, misses = np.einsum("rs,osl->orl", times_drawn, outcomes, optimize=True)
    columns = precision_recall_fscore_support(truth, guess, zero_division=0)
    report = dict(zip(("precision", "recall", "f1", "support"), columns))
    counts = dict(zip(("hits", "false alarms", "misses"), outcomes.sum(1).astype(int)))
    counts["rightly left out"] = (~truth & ~guess).sum(0)
    return {
        "accuracy": right.mean(),
        "accuracy_interval": np.quantile(times_drawn @ right / len(truth), [0.025, 0.975]),
        "label_accuracy": (truth == guess).mean(),
        "macro_f1": f1_score(truth, guess, average="macro", zero_division=0),
        "macro_f1_interval": np.quantile(
            (2 * hits / np.maximum(2 * hits + false_alarms + misses, 1)).mean(1), [0.025, 0.975]
        ),
        "report": pd.DataFrame(report, index=classes),
        "confusion": pd.DataFrame(counts, index=classes),
        "replaced": {case: ((p > 0.5) == truth).all(1).mean() for case, p in answer.items()},
        "probabilities": answer["as it is"],
    }
