"""The recorded scoreboard: python -m benchmarks.exam, into data/measured/exam.csv, song by song.

Every explainer answers about the same songs with the same number of model calls. Each is marked on the
planted evidence and on the model's own near-exact values of what it says it estimates. A stopped run goes on.
"""

import argparse
import time
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from tqdm import tqdm

import musiclime as ml
from musiclime.judge.exact_values import ModelValues, model_values
from musiclime.judge.planted_evidence import compare, evidence_costs, marks

from . import peers
from .bench import OUT, write
from .peers import Question

NOTE = "musiclime demo model; one row a song, method and modality; calls: masks asked, seconds on one core"
STEPS = np.linspace(0, 1, 9)


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


# Which average over masks each method says that it estimates; "" where it names none.
PEERS = {
    "published procedure (lime's LimeBase)": (peers.published, "banzhaf"),
    "lime: LimeTextExplainer": (peers.lime_text, "lime"),
    "captum: Lime": (peers.captum_lime, "banzhaf"),
    "captum: KernelShap": (peers.captum_kernel_shap, "shapley"),
    "captum: FeatureAblation": (peers.captum_ablation, "leave one out"),
    "captum: integrated gradients": (peers.integrated_gradients, ""),
    "shap: KernelExplainer": (peers.shap_kernel, "shapley"),
    "shapiq: KernelSHAP": (peers.shapiq_kernel, "shapley"),
    "shapiq: SVARM": (peers.shapiq_svarm, "shapley"),
    "shapiq: ProxySPEX": (peers.shapiq_proxy, "banzhaf"),
    "random forest": (peers.forest, ""),
}

SOUND_ONLY = ("captum: integrated gradients",)  # says nothing of words


def explanations(explainer, song, label, calls: int, seed: int):
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
        began = time.process_time()
        explanation = method_explainer.explain(song)
        yield method, estimand, explanation, calls, time.process_time() - began

    frame = explanation
    for method, (weigh, estimand) in PEERS.items():
        question = Question(explainer, song, label, calls, seed)
        began = time.process_time()
        try:
            weights = weigh(question)
        except ImportError as error:
            tqdm.write(f"{method} is left out: {error}")
            continue
        seconds = time.process_time() - began
        yield method, estimand, with_weights(frame, label, weights), question.asked, seconds

    chance = np.random.default_rng([seed, 5]).normal(size=len(frame.features))
    yield "random", "", with_weights(frame, label, chance), 0, 0.0


def with_weights(frame, label, weights):
    """An explanation that holds these weights for one class, and no errors."""
    every = np.zeros_like(frame.weights)
    every[frame.row(label)] = weights
    return replace(frame, weights=every, errors=np.zeros_like(every))


def curves(question: Question, weights) -> dict[str, float]:
    """Areas of the deletion and insertion curves, comprehensiveness and sufficiency, at nine steps."""
    order = np.argsort(-weights, kind="stable")
    counts = np.round(STEPS * len(order)).astype(int)
    removed = np.ones((len(counts), len(order)), dtype=bool)
    for mask, count in zip(removed, counts):
        mask[order[:count]] = False
    out, into = np.split(question.answer(np.vstack([removed, ~removed])), 2)
    half = STEPS <= 0.5
    return {
        "deletion": float(np.trapezoid(out, STEPS)),
        "insertion": float(np.trapezoid(into, STEPS)),
        "comprehensiveness": float(np.mean(out[0] - out[half])),
        "sufficiency": float(np.mean(out[0] - into[half])),
    }


def song_rows(explainer, song, calls: int, reference: int, seed: int = 0):
    label = song.genre
    costs = evidence_costs(explainer, song, label)
    truths: dict[str, ModelValues] = {}
    for estimand in ("banzhaf", "shapley", "lime", "leave one out"):
        truths[estimand] = model_values(explainer, song, estimand, reference, seed=1000)
    question = Question(explainer, song, label, calls, seed)
    for method, estimand, explanation, asked, seconds in explanations(explainer, song, label, calls, seed):
        faithful = curves(question, explanation.weights[explanation.row(label)])
        known = {feature.name for feature in explanation.features}
        if {feature.name for feature in question.space.audio + question.space.lyrics} != known:
            raise ValueError(f"{method} explained other features of song {song.id!r} than were asked about")
        for mark in marks(explanation, song, label):
            if method in SOUND_ONLY and mark["modality"] == "lyrics":
                continue
            row = {"song": song.id, "method": method, "estimand": estimand, **mark}
            row |= {"cost": costs[mark["modality"]], "calls": asked, "seconds": seconds}
            # A method that names no estimand has no error, only an order to compare.
            against = compare(explanation, truths[estimand or "banzhaf"], label, mark["modality"])
            if not estimand:
                against["rmse"] = np.nan
            yield row | against | faithful


def oracles(explainer, song, reference: int):
    """How well the model's own values, with no sampling error, find what was planted."""
    label = song.genre
    frame = ml.MusicLIME(explainer.predict, samples=300, design="joint", progress=False).explain(song)
    for estimand in ("banzhaf", "shapley", "lime"):
        values = model_values(explainer, song, estimand, reference, seed=1000).values[frame.row(label)]
        for mark in marks(with_weights(frame, label, values), song, label):
            yield {
                "song": song.id,
                "method": f"the model's own values: {estimand}",
                "estimand": estimand,
                **mark,
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--songs", type=int, default=110)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument(
        "--reference", type=int, default=800, help="masks of each modality for the own values"
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore")

    file = OUT / "exam.csv"
    rows = pd.read_csv(file, comment="#").to_dict("records") if file.exists() else []
    done = {row["song"] for row in rows}
    explainer = ml.MusicLIME(Remembered(ml.load_model()), progress=False)
    test = ml.load_corpus("demo").split("test")
    for position in tqdm(range(options.songs)):
        song = test[position]
        if song.id in done:
            continue
        found = list(song_rows(explainer, song, options.calls, options.reference))
        costs = {row["modality"]: row["cost"] for row in found}
        for row in oracles(explainer, song, options.reference):
            found.append(row | {"cost": costs[row["modality"]], "calls": 6 * options.reference})
        rows += found
        write("exam", rows, NOTE)


if __name__ == "__main__":
    main()
