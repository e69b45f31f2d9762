"""The exam: does an explanation find the evidence that was planted, or spliced, into a song?"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

from ..data.song import Song
from ..explain.explanation import Explanation
from .exact_values import ModelValues, model_values
from .scores import outranks, score
from .white_boxes import GAMES, game

if TYPE_CHECKING:
    from ..explain.explainers import MusicLIME
    from ..explain.explanation import Feature

SETS = ("audio", "lyrics", "redundant", "joint", "both")
TAGGERS = ("MTT_musicnn", "MSD_musicnn")


def mark(
    explainer: "MusicLIME | Callable[[Any], MusicLIME]",
    songs: Iterable[Song] | None = None,
    needed: float | None = None,
    sets: Iterable[str] | None = None,
    on: str = "demo",
    values: str | None = None,
) -> pd.DataFrame:
    """Mark an explainer by the exam: does it find the evidence in songs whose evidence is known?

    Args:
        explainer: anything with `explain(song)`, `space(song)` and `outputs(space, masks)`; or a function
            from a model to such an explainer, for the whole exam (several models, two-class sets and white
            boxes).
        songs: the songs of the exam; by default 30 demo songs, or 60 splices of real songs.
        needed: a song counts when replacing its evidence costs the model at least this much probability;
            by default 0.2 on the demo's songs and 0.1 on splices.
        sets: which two-class sets the whole exam includes, of `SETS`.
        on: "demo" (composed songs, planted evidence) or "real" (splices of real songs).
        values: "banzhaf", "shapley", "lime" or "leave one out": compare also with the model's own values.

    Returns:
        A row for each song and modality: `auc`, `precision`, `pointing`, `share` on the evidence; `cost` of
        replacing it and whether the song `counts`; with `values` also `rank`, `rmse` and `coverage`.

    Example:
        >>> import musiclime as ml
        >>> songs = [ml.load_corpus("demo", size=1)[0]]
        >>> guess = ml.MusicLIME(lambda audio, lyrics: [[0.5]] * len(audio), [songs[0].genre], samples=300)
        >>> float(mark(guess, songs)["auc"].iloc[0])
        0.5

    (chapter *Can you trust it?*)
    """
    if on not in ("demo", "real"):
        raise ValueError(f'on is "demo" or "real", not {on!r}')
    if needed is None:
        needed = 0.2 if on == "demo" else 0.1
    if not callable(explainer):
        if sets is not None:
            raise ValueError("sets belong to the whole exam: give a function from a model to an explainer")
        if songs is None:
            songs = _exam_songs(explainer, on)
        return _mark_songs(explainer, songs, needed, values, on)

    if songs is not None:
        told = "a function from a model to an explainer is marked on the exam's own songs"
        raise ValueError(f"{told}: leave songs out, or give the explainer itself")
    if on == "real":
        if sets is not None:
            raise ValueError('on="real" has no two-class sets: leave sets out')
        return _whole_real_exam(explainer, needed, values)
    return _whole_exam(explainer, needed, SETS if sets is None else sets, values)


def _exam_songs(explainer: "MusicLIME", on: str) -> Iterable[Song]:
    if on == "real":
        from .splices import splices

        return splices(explainer.predict)
    from ..data.corpora import load_corpus

    test = load_corpus("demo").split("test")
    return (test[position] for position in range(30))


def _mark_songs(
    explainer: "MusicLIME", songs: Any, needed: float, values: str | None, on: str
) -> pd.DataFrame:
    rows = []
    for song in songs:
        explanation = explainer.explain(song)
        label = song.genre if song.genre in explanation.classes else song.emotion
        costs = {}
        if label == song.genre and song.counterpart is not None:
            costs = evidence_costs(explainer, song, label)
        truth = None if values is None else model_values(explainer, song, values)
        for row in marks(explanation, song, label):
            row["cost"] = costs.get(row["modality"], np.nan)
            if truth is not None:
                row |= compare(explanation, truth, label, row["modality"])
            rows.append({"set": on, "song": song.id, "label": label, **row})
    if not rows:
        raise ValueError(
            "no song of the exam has planted evidence: give songs of the demo corpus, or splices"
        )
    table = pd.DataFrame(rows)
    return table.assign(counts=table["cost"] >= needed)


def _whole_exam(make: Callable, needed: float, sets: Iterable[str], values: str | None) -> pd.DataFrame:
    from ..data.corpora import load_corpus
    from ..models.training import load_model

    parts = [mark(make(load_model()), needed=needed, values=values)]
    for name in sets:
        corpus = load_corpus("demo", evidence=name, size=600)
        test = corpus.split("test")
        songs = [test[position] for position in range(10)]
        explainer = make(load_model(corpus=corpus))
        parts.append(mark(explainer, songs, needed, values=values).assign(set=name))
    parts.append(_mark_games(make))
    return pd.concat(parts, ignore_index=True)


def _mark_games(make: Callable) -> pd.DataFrame:
    """White boxes: the error of the weights against exact Banzhaf values."""
    rows = []
    for kind in GAMES:
        song, predict, exact = game(kind)
        explanation = make(predict).explain(song)
        names = [feature.name for feature in explanation.features]
        wrong = explanation.weights[0] - np.array([exact[name] for name in names])
        rmse = float(np.sqrt(np.mean(wrong**2)))
        rows.append({"set": "game", "song": kind, "modality": "both", "rmse": rmse, "counts": True})
    return pd.DataFrame(rows)


def _whole_real_exam(make: Callable, needed: float, values: str | None) -> pd.DataFrame:
    from ..models.pretrained import load_tagger

    parts = []
    for name in TAGGERS:
        table = mark(make(load_tagger(name)), needed=needed, on="real", values=values)
        parts.append(table.assign(model=name))
    return pd.concat(parts, ignore_index=True)


def evidence_costs(explainer: "MusicLIME", song: Song, label: str) -> dict[str, float]:
    """How much probability the label loses when the evidence of one modality, or of both, is replaced.

    Args:
        explainer: it prepares the song and asks the model.
        song: a song whose evidence can be replaced (`song.neutral`).
        label: the class.

    Returns:
        `audio`, `lyrics` and `both`.

    (chapter *Can you trust it?*)
    """
    versions = {
        "own": song,
        "audio": song.neutral(words=False),
        "lyrics": song.neutral(cells=False),
        "both": song.neutral(),
    }
    answers = {}
    for name, version in versions.items():
        space = explainer.space(version)
        all_on = np.ones((1, len(space.audio) + len(space.lyrics)), dtype=bool)
        answers[name] = explainer.outputs(space, all_on)[0]
    column = _column(explainer, label, len(answers["own"]))
    own = float(answers.pop("own")[column])
    return {name: own - float(answer[column]) for name, answer in answers.items()}


def _column(explainer: "MusicLIME", label: str, outputs: int) -> int:
    classes = getattr(explainer, "classes", None) or getattr(explainer.predict, "classes", None)
    classes = list(classes or [f"output {number}" for number in range(outputs)])
    return classes.index(label)


def marks(explanation: Explanation, song: Song, label: str) -> list[dict]:
    """Mark one explanation on the evidence of its song, one row a modality.

    A cell of which less than half is evidence (evidence across a border) is left out of the marks. Where
    such cells rank among the cells without evidence is reported as `touched`, 0.5 by chance.

    Args:
        explanation: the explanation.
        song: the song, with its record of evidence.
        label: the class whose evidence it is.

    Returns:
        One dict for each modality that has evidence and something that is none.

    (chapter *Can you trust it?*)
    """
    evidence = (song.evidence or {}).get("genre" if label == song.genre else "emotion")
    if not evidence:
        return []
    weights = explanation.weights[explanation.row(label)]
    overlap = np.array([_overlap(feature, evidence, song) for feature in explanation.features])
    modalities = np.array([feature.modality for feature in explanation.features])
    rows = []
    for modality in ("audio", "lyrics"):
        here = modalities == modality
        weight, true = weights[here], overlap[here] >= 0.5
        # Borders counted in seconds leave overlaps of rounding size, which do not count as touching.
        touched = ~true & (overlap[here] > 1e-6)
        clean = ~true & ~touched
        if not true.any() or not clean.any():
            continue
        row = {"modality": modality, **score(weight[~touched], true[~touched]), "touched": np.nan}
        if touched.any():
            row["touched"] = outranks(weight[touched], weight[clean])
        rows.append(row)
    return rows


def _overlap(feature: "Feature", evidence: dict, song: Song) -> float:
    """The share of a feature that is evidence."""
    if feature.modality == "lyrics":
        return float(feature.name in evidence["words"])
    segments = np.array([segment for stem, segment in evidence["cells"] if stem == feature.stem])
    unit = song.seconds / 10
    begin = np.maximum(feature.start, segments * unit)
    end = np.minimum(feature.end, (segments + 1) * unit)
    return float((end - begin).clip(0).sum()) / (feature.end - feature.start)


def compare(explanation: Explanation, truth: ModelValues, label: str, modality: str) -> dict[str, float]:
    """Compare weights with the model's own values: order, error and coverage.

    Args:
        explanation: the explanation.
        truth: the model's own values from `model_values`, of the same features and classes.
        label: the class whose weights are compared.
        modality: "audio" or "lyrics": which features are compared.

    Returns:
        rank: Spearman's correlation, NaN where all weights or all values are equal.
        rmse: the root mean square of weight minus value. The sampling error that `truth` itself has is
        subtracted, as a square.
        spread: the standard deviation of the values: what `rmse` would be if every weight were their mean.
        coverage: the share of 95 % intervals that hold the value; top coverage: the same for the ten largest
        values. Both are NaN where the explanation has no standard errors.

    (chapter *The exam*)
    """
    row = explanation.row(label)
    here = np.array([feature.modality == modality for feature in explanation.features])
    found, value = explanation.weights[row][here], truth.values[row][here]
    wrong = found - value
    truth_error = truth.error[row]  # one number a class: its features have the same
    result = {
        "rank": np.nan
        if np.ptp(found) == 0 or np.ptp(value) == 0
        else float(spearmanr(found, value).statistic),
        "rmse": float(np.sqrt(max(np.mean(wrong**2) - truth_error**2, 0.0))),
        "spread": float(value.std()),
        "coverage": np.nan,
        "top coverage": np.nan,
    }
    errors = explanation.errors[row][here]
    if errors.any():
        inside = np.abs(wrong) <= norm.ppf(0.975) * np.hypot(errors, truth_error)
        top = np.argsort(-np.abs(value), kind="stable")[:10]
        result["coverage"] = float(inside.mean())
        result["top coverage"] = float(inside[top].mean())
    return result
