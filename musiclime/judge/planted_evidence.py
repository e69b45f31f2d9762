"""Is an explanation right, faithful, stable, sane? The exam that any explainer can sit."""

from collections.abc import Callable, Iterable
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, norm
from sklearn.metrics import roc_auc_score

from ..data.song import Song
from ..explain.explanation import Explanation

SETS = ("audio", "lyrics", "redundant", "joint", "both")
STEPS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.5)


def mark(explainer, songs: Iterable[Song] | None = None, needed: float = 0.2, sets=SETS) -> pd.DataFrame:
    """The exam: a row for each song and modality, marked on planted evidence (chapter *Can you trust it?*).

    explainer: anything with explain(song), marked on `songs` (else 30 of the demo's test split); or a
    function from a model to such a thing, for the whole exam: demo songs, two-class `sets`, white-box games.
    needed: a song counts when replacing its evidence costs the model at least this much probability.
    """
    if not hasattr(explainer, "explain"):
        return _whole_exam(explainer, needed, sets)
    if songs is None:
        from ..data.corpora import load_corpus

        test = load_corpus("demo").split("test")
        songs = (test[position] for position in range(30))
    rows = []
    for song in songs:
        explanation = explainer.explain(song)
        label = song.genre if song.genre in explanation.classes else song.emotion
        costs = _costs(explainer, song, explanation.classes.index(label)) if label == song.genre else {}
        for row in marks(explanation, song, label):
            cost = costs.get(row["modality"], np.nan)
            rows.append({"set": "demo", "song": song.id, "label": label, **row, "cost": cost})
    if not rows:
        raise ValueError("no song of the exam has planted evidence: give songs of the demo corpus")
    table = pd.DataFrame(rows)
    return table.assign(counts=table["cost"] >= needed)


def _whole_exam(make, needed, sets) -> pd.DataFrame:
    from ..data.corpora import load_corpus
    from ..models.training import load_model

    parts = [mark(make(load_model()), needed=needed)]
    for name in sets:
        corpus = load_corpus("demo", evidence=name, size=600)
        test = corpus.split("test")
        songs = [test[position] for position in range(10)]
        parts.append(mark(make(load_model(corpus=corpus)), songs, needed).assign(set=name))
    for kind in GAMES:
        song, play, exact = game(kind)
        explanation = make(play).explain(song)
        found = dict(zip([feature.name for feature in explanation.features], explanation.weights[0]))
        error = np.sqrt(np.mean([(found[name] - value) ** 2 for name, value in exact.items()]))
        row = {"set": "game", "song": kind, "modality": "both", "rmse": float(error), "counts": True}
        parts.append(pd.DataFrame([row]))
    return pd.concat(parts, ignore_index=True)


def _costs(explainer, song: Song, row: int) -> dict[str, float]:
    """What replacing the evidence of one modality takes from the class's probability."""
    answers = []
    for version in (song, song.neutral(words=False), song.neutral(cells=False)):
        space = explainer.space(version)
        all_on = np.ones((1, len(space.audio) + len(space.lyrics)), dtype=bool)
        answers.append(explainer.outputs(space, all_on)[0][row])
    own, audio, lyrics = answers
    return {"audio": own - audio, "lyrics": own - lyrics}


def marks(explanation: Explanation, song: Song, label: str) -> list[dict]:
    """How well an explanation of planted evidence finds it, one row a modality (chapter *Can you trust it?*).

    A cell that overlaps evidence by less than half (evidence across a border) is left out of the marks and
    reported as `touched`: where it ranks among the cells without evidence, 0.5 by chance.
    """
    evidence = (song.evidence or {}).get("genre" if label == song.genre else "emotion")
    if not evidence:
        return []
    weights = explanation.weights[explanation.row(label)]
    truth = np.array([_overlap(feature, evidence, song) for feature in explanation.features])
    modality = np.array([feature.modality for feature in explanation.features])
    rows = []
    for name in ("audio", "lyrics"):
        here = modality == name
        true, w = truth[here] >= 0.5, weights[here]
        touched = ~true & (truth[here] > 1e-6)  # not the dust of borders counted in seconds
        if true[~touched].any() and not true[~touched].all():
            border = ranked(w[touched], w[~true & ~touched]) if touched.any() else np.nan
            rows.append({"modality": name, **score(w[~touched], true[~touched]), "touched": border})
    return rows


def _overlap(feature, evidence: dict, song: Song) -> float:
    """The share of a feature that is evidence."""
    if feature.modality == "lyrics":
        return float(feature.name in evidence["words"])
    planted = np.array([segment for stem, segment in evidence["cells"] if stem == feature.stem])
    unit = song.seconds / 10
    shared = np.minimum(feature.end, (planted + 1) * unit) - np.maximum(feature.start, planted * unit)
    return float(shared.clip(0).sum()) / (feature.end - feature.start)


def score(weights: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """AUC, precision at the number of true features, pointing game, share of positive weight that is true."""
    order, positive = np.argsort(-weights, kind="stable"), np.clip(weights, 0, None)
    return {
        "auc": float(roc_auc_score(true, weights)),
        "precision": float(true[order[: true.sum()]].mean()),
        "pointing": float(true[order[0]]),
        "share": float(positive[true].sum() / positive.sum()) if positive.any() else 0.0,
    }


def ranked(some: np.ndarray, others: np.ndarray) -> float:
    """The chance that one of `some` is larger than one of `others`."""
    return float((np.greater.outer(some, others) + 0.5 * np.equal.outer(some, others)).mean())


def curve(answer: Callable, order, features: int, insert: bool = False) -> np.ndarray:
    """Outputs as the features of `order` are removed (or inserted) one after another (*Can you trust it?*).

    answer: function from boolean masks (n, features) to outputs (n,); features outside `order` stay on.
    """
    masks = np.ones((len(order) + 1, features), dtype=bool)
    for count, mask in enumerate(masks):
        mask[order] = not insert
        mask[order[:count]] = insert
    return answer(masks)


def faithful(answer: Callable, weights: np.ndarray) -> dict[str, float]:
    """Comprehensiveness, sufficiency and areas of the curves, most relevant first (*Can you trust it?*)."""
    order = np.argsort(-np.asarray(weights), kind="stable")
    out, into = (curve(answer, order, len(order), insert) for insert in (False, True))
    at = np.round(np.multiply(STEPS, len(order))).astype(int)
    return {
        "comprehensiveness": float(np.mean(out[0] - out[at])),
        "sufficiency": float(np.mean(out[0] - into[at])),
        "deletion": float(np.trapezoid(out, dx=1 / len(order))),
        "insertion": float(np.trapezoid(into, dx=1 / len(order))),
    }


def stable(explanations: list[Explanation], label: str, k: int = 5) -> dict[str, float]:
    """Agreement of runs that differ in the seed alone: top k, order, intervals (*Can you trust it?*)."""
    rows = [(e.weights[e.row(label)], e.errors[e.row(label)]) for e in explanations]
    pairs = list(combinations(rows, 2))
    if not pairs:
        raise ValueError("stability needs at least two explanations of the same song")
    top = lambda w: set(np.argsort(-w, kind="stable")[:k])  # noqa: E731
    shared = np.array([len(top(a) & top(b)) for (a, _), (b, _) in pairs])
    overlap = [np.abs(a - b) <= norm.ppf(0.975) * (s + t) for (a, s), (b, t) in pairs]
    z = [(a - b) / np.hypot(s, t) for (a, s), (b, t) in pairs]
    return {
        "jaccard": float(np.mean(shared / (2 * k - shared))),
        "kendall": float(np.mean([kendalltau(a, b).statistic for (a, _), (b, _) in pairs])),
        "VSI": float(shared.mean() / k),
        "CSI": float(np.mean(overlap)),
        "scatter over error": float(np.sqrt(np.mean(np.square(z)))),
    }


GAMES = ("sum", "and", "xor", "threshold")
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord")


def game(kind: str, seed: int = 0) -> tuple[Song, Callable, dict[str, float]]:
    """A white box of six words and six of twenty cells: song, predict, exact values (*Can you trust it?*)."""
    if kind not in GAMES:
        raise ValueError(f"a game is one of {', '.join(GAMES)}, not {kind!r}")
    segments, length, stems = 10, 1600, ("vocals", "drums")
    time = np.arange(segments * length) / length
    tones = {s: np.sin(2 * np.pi * 40 * (n + 1) * time).astype(np.float32) / 4 for n, s in enumerate(stems)}
    rng = np.random.default_rng(seed)
    w, played = rng.normal(size=12).round(2), np.sort(rng.choice(20, 6, replace=False))

    def value(z):
        audio, words = z[:, :6], z[:, 6:]
        if kind == "sum":
            return z @ w / 10
        if kind == "and":
            return (audio * words) @ np.abs(w[:6]) / 5
        if kind == "xor":
            return np.logical_xor(audio[:, 0], words[:, 0]) * 0.6 + audio[:, 1] * 0.2
        return 1 / (1 + np.exp(-(z @ w)))

    def predict(audio, lyrics):
        basis = np.stack(list(tones.values()))[:, :length]
        power = np.asarray(audio).reshape(len(audio), segments, length) @ basis.T
        heard = (power > 0.5 * (basis**2).sum(-1).min()).reshape(len(audio), -1)[:, played]
        read = np.array([[word in text.split() for word in WORDS] for text in lyrics])
        p = value(np.hstack([heard, read]).astype(float))
        return np.column_stack([p, 1 - p])

    every = np.array(list(product((0.0, 1.0), repeat=12)))
    names = [f"{stem}{segment}" for segment in range(segments) for stem in stems]
    exact = dict.fromkeys(names, 0.0)
    for j, name in enumerate([*(names[cell] for cell in played), *WORDS]):
        exact[name] = value(every)[every[:, j] == 1].mean() - value(every)[every[:, j] == 0].mean()
    song = Song(sum(tones.values()), 16000, " ".join(WORDS), id=f"game-{kind}", stems=tones)
    return song, predict, exact
