"""How good a model is: measures with intervals, and what is left when the planted evidence is gone."""

from itertools import islice

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from tqdm.auto import tqdm

from ..data.song import Corpus
from .classifier import Model
from .preprocessing import batches, clip, each

CASES = {"as it is": (0, 0), "words replaced": (0, 1), "cells replaced": (1, 0), "both replaced": (1, 1)}


def labels_of(table: pd.DataFrame, task: str, classes: list[str], multilabel: bool = False) -> np.ndarray:
    """Class indices, or for several labels a song (parted by ;) rows of zeros and ones."""
    if not multilabel:
        return np.array([classes.index(label) for label in table[task]])
    return np.array([[float(c in label.split(";")) for c in classes] for label in table[task]], np.float32)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over classes of confusion matrices (..., truth, guess); a class never met counts as zero."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return (2 * hits / np.maximum(confusion.sum(-1) + confusion.sum(-2), 1)).mean(-1)


def _pair(corpus, position, rate):
    song = corpus[position]
    other = song.neutral() if song.evidence else song
    return clip(song, rate), clip(other, rate), song.lyrics, other.lyrics


def answers(models: list[Model], corpus: Corpus, progress=True) -> list[dict]:
    """For each model its probabilities by case: evidence as it is, and words, cells or both replaced."""
    songs, step = each(_pair, corpus, models[0].sample_rate), 27
    kept = [{case: [] for case in CASES} for _ in models]
    parts = tqdm(list(batches(len(corpus), step)), "evaluating", disable=not progress)
    for some in parts:
        *clips, text, text_else = zip(*islice(songs, some.stop - some.start))
        for model, answer in zip(models, kept):
            a = [[model.encode_audio(np.stack(x))] if model.network.audio else [] for x in clips]
            t = [[model.encode_lyrics(x)] if model.network.lyrics else [] for x in (text, text_else)]
            for case, (i, j) in CASES.items():
                answer[case].append(model.classify(*a[i], *t[j]))
    return [{case: np.concatenate(parts) for case, parts in answer.items()} for answer in kept]


def evaluate(models, corpus: Corpus, rounds: int = 2000, seed: int = 0, progress=True):
    """Measures of a model, or of each in a list, on all songs of a corpus (chapter *Train*).

    accuracy, macro_f1 and their 95 % bootstrap intervals; report and confusion (truth x guess) as tables;
    replaced: the accuracy as it is, and with the planted genre evidence replaced in words, cells, both.
    """
    if isinstance(models, Model):
        return evaluate([models], corpus, rounds, seed, progress)[0]
    out = []
    for model, answer in zip(models, answers(models, corpus, progress)):
        count, truth = len(model.classes), labels_of(corpus.table, model.card["task"], model.classes)
        guess = answer["as it is"].argmax(1)
        confusion = confusion_matrix(truth, guess, labels=range(count))
        # Drawing songs with replacement is drawing the cells of this table.
        draws = np.random.default_rng(seed).multinomial(len(truth), confusion.ravel() / len(truth), rounds)
        draws = draws.reshape(rounds, count, count)
        report = precision_recall_fscore_support(truth, guess, labels=range(count), zero_division=0)
        report = dict(zip(("precision", "recall", "f1", "support"), report))
        interval = lambda values: np.quantile(values, [0.025, 0.975])  # noqa: E731
        out.append(
            {
                "accuracy": (truth == guess).mean(),
                "accuracy_interval": interval(np.trace(draws, axis1=1, axis2=2) / len(truth)),
                "macro_f1": macro_f1(confusion),
                "macro_f1_interval": interval(macro_f1(draws)),
                "report": pd.DataFrame(report, index=model.classes),
                "confusion": pd.DataFrame(confusion, model.classes, model.classes),
                "replaced": {case: (p.argmax(1) == truth).mean() for case, p in answer.items()},
                "probabilities": answer["as it is"],
            }
        )
    return out
