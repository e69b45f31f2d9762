"""The scoreboard on real music: python -m benchmarks.splices, into data/measured/splices.csv.

Splices of the thirteen real songs (musiclime/judge/splices.py): musicnn's taggers by segments and by harmonic
and percussive parts, MiniLM by lines, and both fused. Every row has its model, explainer and pair of songs.
"""

import argparse
import warnings
from copy import deepcopy

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import median_filter
from scipy.signal import istft, stft

import musiclime as ml
from musiclime.judge.exact_values import model_values
from musiclime.judge.planted_evidence import compare, evidence_costs, marks
from musiclime.judge.splices import splices
from musiclime.models.pretrained import load_tagger

from . import peers
from .bench import OUT, write
from .exam import with_weights
from .peers import Question

METHODS = {
    "lime: LimeTextExplainer": (peers.lime_text, "lime"),
    "captum: KernelShap": (peers.captum_kernel_shap, "shapley"),
    "captum: FeatureAblation": (peers.captum_ablation, "leave one out"),
    "shap: KernelExplainer": (peers.shap_kernel, "shapley"),
    "shapiq: KernelSHAP": (peers.shapiq_kernel, "shapley"),
    "shapiq: SVARM": (peers.shapiq_svarm, "shapley"),
    "random forest": (peers.forest, ""),
}
NOTE = "a row a splice, model, explainer and modality; cost: what replacing the first song's part costs"


def harmonic_percussive(audio, rate: int) -> dict[str, np.ndarray]:
    """Harmonic and percussive parts that sum to the mix, by median filters over the spectrogram."""
    spectrum = stft(audio, rate, nperseg=1024)[2]
    power = np.abs(spectrum) ** 2
    along_time = median_filter(power, (1, 17))
    along_frequency = median_filter(power, (17, 1))
    share = along_time / np.maximum(along_time + along_frequency, 1e-12)
    harmonic = istft(spectrum * share, rate, nperseg=1024)[1][: len(audio)].astype(np.float32)
    return {"harmonic": harmonic, "percussive": (audio - harmonic).astype(np.float32)}


def randomised(tagger, seed: int):
    """The tagger with its last layer made random, as wide as it was."""
    twin = deepcopy(tagger)
    torch.manual_seed(seed)
    last = twin.network.output
    weight = torch.randn_like(last.weight) * last.weight.std()
    last.weight = torch.nn.Parameter(weight, requires_grad=False)
    return twin


def rows_of(name: str, explainer, songs, methods, calls: int, values: bool = True):
    """Marks of MusicLIME and of other methods on splices, beside the model's own values."""
    for number, song in enumerate(songs):
        label = song.genre
        common = {"model": name, "song": song.id, "pair": song.artist, "label": label}
        costs = evidence_costs(explainer, song, label)
        found = explainer.explain(song)
        kept = {"MusicLIME": (found, "banzhaf")}
        for method, (weigh, estimand) in methods.items():
            weights = weigh(Question(explainer, song, label, calls, seed=number))
            kept[method] = (with_weights(found, label, weights), estimand)
        chance = np.random.default_rng(number).normal(size=len(found.features))
        kept["random"] = (with_weights(found, label, chance), "")
        truths = {}
        if values:
            for estimand in {estimand for _, estimand in kept.values() if estimand}:
                truths[estimand] = model_values(explainer, song, estimand)
        for method, (explanation, estimand) in kept.items():
            for mark in marks(explanation, song, label):
                row = common | {"method": method, "estimand": estimand, **mark}
                row["cost"] = costs[mark["modality"]]
                if estimand in truths:
                    row |= compare(explanation, truths[estimand], label, mark["modality"])
                yield row
        if "banzhaf" in truths:
            own = with_weights(found, label, truths["banzhaf"].values[found.row(label)])
            for mark in marks(own, song, label):
                yield common | {
                    "method": "the model's own values: banzhaf",
                    **mark,
                    "cost": costs[mark["modality"]],
                }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=78, help="splices a model")
    parser.add_argument("--calls", type=int, default=120)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    songs = list(ml.load_corpus("real"))
    settings = {"samples": options.calls, "progress": False}
    rows = []

    def record(name, explainer, spliced, methods=(), values=True):
        rows.extend(rows_of(name, explainer, spliced, dict(methods), options.calls, values))
        table = write("splices", rows, NOTE)
        mine = table[(table["model"] == name) & (table["method"] == "MusicLIME")]
        print(
            name,
            len(spliced),
            mine.groupby("modality")[["auc", "pointing", "cost"]].mean().round(3),
            flush=True,
        )

    for tagger in ("MTT_musicnn", "MSD_musicnn"):
        model = load_tagger(tagger)
        spliced = splices(model, songs, options.count)
        record(f"{tagger}, segments", ml.AudioLIME(model, **settings), spliced, METHODS.items())
        broken = ml.AudioLIME(randomised(model, 0), **settings)
        record(f"{tagger}, segments, last layer at random", broken, spliced, values=False)
        parts = splices(model, songs, options.count, separate=harmonic_percussive)
        record(f"{tagger}, harmonic and percussive", ml.AudioLIME(model, **settings), parts)

    thresholds = {"present": 0.3, "absent": 0.15}
    for modality, explainer in (("lyrics", ml.LyricsLIME), ("multimodal", ml.MusicLIME)):
        model = ml.load_model("mood", modality, preset="real")
        spliced = splices(model, songs, options.count, **thresholds)
        asked = explainer(model, unit="line", **settings)
        record(f"mood by {modality}, lines" if modality == "lyrics" else "mood by both", asked, spliced)
    print(pd.DataFrame(rows).groupby(["model", "method"])["auc"].mean().round(3), OUT)


if __name__ == "__main__":
    main()
