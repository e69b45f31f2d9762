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
from musiclime.judge.planted_evidence import compare, marks
from musiclime.judge.splices import splices
from musiclime.models.pretrained import load_tagger

from .bench import OUT, write
from .peers import answered, with_weights

METHODS = (
    "lime: LimeTextExplainer",
    "captum: KernelShap",
    "captum: FeatureAblation",
    "shap: KernelExplainer",
    "shapiq: KernelSHAP",
    "shapiq: SVARM",
    "random forest",
)
NOTE = "a row a splice, model, explainer and modality"


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
        found = explainer.explain(song)
        kept = {"MusicLIME": (found, "banzhaf")}
        peers = answered(explainer, found, song, label, calls, number, methods)
        kept |= {method: (explanation, estimand) for method, estimand, explanation, *_ in peers}
        truths = {}
        if values:
            for estimand in {estimand for _, estimand in kept.values() if estimand}:
                truths[estimand] = model_values(explainer, song, estimand)
            own = truths["banzhaf"].values[found.row(label)]
            kept["the model's own values: banzhaf"] = (with_weights(found, label, own), "")
        for method, (explanation, estimand) in kept.items():
            for mark in marks(explanation, song, label):
                row = common | {"method": method, "estimand": estimand, **mark}
                if estimand in truths:
                    row |= compare(explanation, truths[estimand], label, mark["modality"])
                yield row


class Record:
    """The rows so far, written after every ten splices; a model that the file has is not asked again."""

    def __init__(self, calls: int):
        file = OUT / "splices.csv"
        self.calls = calls
        self.rows = pd.read_csv(file, comment="#").to_dict("records") if file.exists() else []

    def add(self, name: str, explainer, spliced, methods=(), values: bool = True) -> None:
        if name in {row["model"] for row in self.rows}:
            return
        mine = []
        for row in rows_of(name, explainer, spliced, methods, self.calls, values):
            mine.append(row)
            if len({one["song"] for one in mine}) % 10 == 0:
                write("splices", self.rows + mine, NOTE)
        self.rows += mine
        table = write("splices", self.rows, NOTE)
        ours = table[(table["model"] == name) & (table["method"] == "MusicLIME")]
        print(name, ours.groupby("modality")[["auc", "pointing"]].agg(["mean", "size"]).round(3), flush=True)

    def add_control(self, name: str, tagger, spliced, count: int, settings: dict) -> None:
        """A tagger whose last layer is random, each time another one: its explanations must be at chance."""
        if name in {row["model"] for row in self.rows}:
            return
        for number, song in enumerate(spliced[:count]):
            broken = ml.AudioLIME(randomised(tagger, number), **settings)
            self.rows += list(rows_of(name, broken, [song], (), self.calls, values=False))
            write("splices", self.rows, NOTE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=60, help="splices of segments and of lines")
    parser.add_argument("--few", type=int, default=15, help="splices for what costs more")
    parser.add_argument("--calls", type=int, default=120)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    songs, record = list(ml.load_corpus("real")), Record(options.calls)
    settings = {"samples": options.calls, "progress": False}
    taggers = {name: load_tagger(name) for name in ("MTT_musicnn", "MSD_musicnn")}

    spliced = splices(taggers["MTT_musicnn"], songs, options.count)
    record.add("MTT_musicnn, segments", ml.AudioLIME(taggers["MTT_musicnn"], **settings), spliced, METHODS)
    softer = {"present": 0.3, "absent": 0.15}
    reader = ml.load_model("mood", "lyrics", preset="real")
    spliced_lines = splices(reader, songs, options.count, **softer)
    record.add(
        "mood by MiniLM, lines", ml.LyricsLIME(reader, unit="line", **settings), spliced_lines, values=False
    )
    record.add_control(
        "MTT_musicnn, last layer at random", taggers["MTT_musicnn"], spliced, options.few, settings
    )
    both = ml.load_model("mood", "multimodal", preset="real")
    spliced = splices(both, songs, options.few, **softer)
    asked = ml.MusicLIME(both, unit="line", **settings)
    record.add("mood by musicnn and MiniLM, segments and lines", asked, spliced, values=False)
    spliced = splices(taggers["MSD_musicnn"], songs, options.count)
    record.add("MSD_musicnn, segments", ml.AudioLIME(taggers["MSD_musicnn"], **settings), spliced, METHODS)
    parts = splices(taggers["MTT_musicnn"], songs, options.few, separate=harmonic_percussive)
    asked = ml.AudioLIME(taggers["MTT_musicnn"], **settings)
    record.add("MTT_musicnn, harmonic and percussive", asked, parts, values=False)


if __name__ == "__main__":
    main()
