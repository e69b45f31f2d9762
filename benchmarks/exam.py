"""The recorded scoreboard: python -m benchmarks.exam, into data/measured/exam.csv, song by song.

Every explainer answers about the same songs with the same number of model calls. Each is marked on the
planted evidence and on the model's own near-exact values of what it says it estimates. A stopped run goes on.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from tqdm import tqdm

import musiclime as ml
from musiclime.judge.exact_values import ESTIMANDS, model_values
from musiclime.judge.planted_evidence import compare, evidence_costs, marks

from . import peers
from .bench import OUT, write
from .peers import Question

NOTE = "demo models; a row a model, song, method and modality; calls: masks asked; seconds of one core"
STEPS = np.linspace(0, 1, 9)
NEEDED = 0.2  # a song sits the exam if replacing its cells, or its words, costs the model so much
CHEAP = ("lime: LimeTextExplainer", "captum: KernelShap", "random forest")  # for the second model


class Remembered:
    """A late-fusion model that encodes no mask of a song twice: it makes the record cheaper, no method."""

    def __init__(self, model):
        self.model, self.known, self.stems = model, {}, None
        for name in ("classes", "sample_rate", "seconds", "truncate", "network", "name", "costs"):
            setattr(self, name, getattr(model, name))
        for name in ("predict", "encode_audio", "encode_lyrics", "fuse", "fuse_grid"):
            setattr(self, name, getattr(model, name))

    def encode_cells(self, stems, masks):
        key = sum(float(np.abs(stem).sum()) for stem in stems.values())
        if self.stems != key:
            self.stems, self.known = key, {}
        rows = [mask.tobytes() for mask in np.asarray(masks, dtype=bool)]
        new = {row: place for place, row in enumerate(rows) if row not in self.known}
        if new:
            codes = self.model.encode_cells(stems, np.asarray(masks)[list(new.values())])
            self.known.update(zip(new, codes))
        return np.stack([self.known[row] for row in rows])

    def forget(self) -> None:
        """Encode again from here on, so that the next method pays for its own questions."""
        self.known = {}


def explanations(explainer, song, label, calls: int, seed: int, methods):
    """(method, estimand, explanation, calls, seconds) of every method that sits the exam."""
    options = {"samples": calls, "seed": seed, "progress": False}
    ours = {
        "MusicLIME, joint": (ml.MusicLIME(explainer.predict, design="joint", **options), "banzhaf"),
        "MusicLIME, crossed": (ml.MusicLIME(explainer.predict, design="crossed", **options), "banzhaf"),
        "MusicLIME, LIME's sampling": (
            ml.MusicLIME(explainer.predict, design="joint", sampling="lime", **options),
            "lime",
        ),
    }
    for method, (method_explainer, estimand) in ours.items():
        explainer.predict.forget()
        began = time.process_time()
        explanation = method_explainer.explain(song)
        yield method, estimand, explanation, calls, time.process_time() - began

    yield from peers.answered(explainer, explanation, song, label, calls, seed, methods)


def faithfulness(question: Question, weights) -> dict[str, float]:
    """Scores that need no truth, from masks that the explanation chooses.

    Areas of the deletion and insertion curves, comprehensiveness and sufficiency, at nine steps. And what
    L-MAC reports (Paissan 2024), with the features of a weight above 0 kept and all others muted, p before
    and q after: *increase* 1 if q > p, *drop* max(0, p - q) / p, *gain* max(0, q - p) / (1 - p).
    """
    order = np.argsort(-weights, kind="stable")
    counts = np.round(STEPS * len(order)).astype(int)
    removed = np.ones((len(counts), len(order)), dtype=bool)
    for mask, count in zip(removed, counts):
        mask[order[:count]] = False
    answers = question.answer(np.vstack([removed, ~removed, weights > 0]))
    out, into, kept = answers[: len(counts)], answers[len(counts) : -1], answers[-1]
    half = STEPS <= 0.5
    whole = out[0]
    return {
        "deletion": float(np.trapezoid(out, STEPS)),
        "insertion": float(np.trapezoid(into, STEPS)),
        "comprehensiveness": float(np.mean(whole - out[half])),
        "sufficiency": float(np.mean(whole - into[half])),
        "increase": float(kept > whole),
        "drop": float(max(0.0, whole - kept) / whole),
        "gain": float(max(0.0, kept - whole) / (1 - whole)),
    }


def song_rows(explainer, song, calls: int, reference: int, methods=tuple(peers.PEERS), seed: int = 0):
    """The marks of every method on one song, a row a method and modality."""
    label = song.genre
    costs = evidence_costs(explainer, song, label)
    explainer.predict.forget()
    own = {name: model_values(explainer, song, name, reference, seed=1000) for name in ESTIMANDS}
    question = Question(explainer, song, label, calls, seed)
    for method, estimand, explanation, asked, seconds in explanations(
        explainer, song, label, calls, seed, methods
    ):
        sound_only = method in peers.SOUND_ONLY
        scores = {}
        if not sound_only:  # the scores ask about words too
            scores = faithfulness(question, explanation.weights[explanation.row(label)])
        for mark in marks(explanation, song, label):
            if sound_only and mark["modality"] == "lyrics":
                continue
            row = {"song": song.id, "method": method, "estimand": estimand, **mark}
            row |= {"cost": costs[mark["modality"]], "calls": asked, "seconds": seconds}
            # A method that names no estimand has no error, only an order to compare.
            against = compare(explanation, own[estimand or "banzhaf"], label, mark["modality"])
            against["own error"] = own[estimand or "banzhaf"].error[explanation.row(label)]
            if not estimand:
                against["rmse"] = np.nan
            yield row | against | scores

    # How well the model's own values find what was planted: a method without any sampling error.
    for estimand in ("banzhaf", "shapley", "lime"):
        values = own[estimand].values[explanation.row(label)]
        for mark in marks(peers.with_weights(explanation, label, values), song, label):
            row = {"song": song.id, "method": f"the model's own values: {estimand}", "estimand": estimand}
            yield row | mark | {"cost": costs[mark["modality"]], "calls": 6 * reference}


def examine(name: str, model, songs: int, options, rows: list, methods=tuple(peers.PEERS)) -> None:
    """Add the rows of so many test songs whose evidence matters to this model, song by song."""
    mine = [row for row in rows if row["model"] == name]
    done = {row["song"] for row in mine}
    explainer = ml.MusicLIME(Remembered(model), progress=False)
    test = ml.load_corpus("demo").split("test")
    taken = 0
    for position in tqdm(range(len(test)), name):
        if taken == songs:
            break
        song = test[position]
        if song.id not in done:
            costs = evidence_costs(explainer, song, song.genre)
            if max(costs["audio"], costs["lyrics"]) < NEEDED:
                continue
            found = song_rows(explainer, song, options.calls, options.reference, methods)
            rows += [{"model": name, **row} for row in found]
            write("exam", rows, NOTE)
        taken += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--songs", type=int, default=100, help="for the default model")
    parser.add_argument("--plain", type=int, default=40, help="songs for the model trained without muting")
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument(
        "--reference", type=int, default=1200, help="masks of each modality for the own values"
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore")

    file = OUT / "exam.csv"
    rows = pd.read_csv(file, comment="#").to_dict("records") if file.exists() else []
    examine("default", ml.load_model(), options.songs, options, rows)
    examine("plain", ml.load_model(augment=False), options.plain, options, rows, CHEAP)


if __name__ == "__main__":
    main()
