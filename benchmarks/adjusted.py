"""Does a second-order control pay? python -m benchmarks.adjusted, into data/measured/adjusted.csv.

`control="trees"` of the explainers (regression-adjusted values, Witter 2025) beside the plain fit, with and
without masks in pairs, at equal numbers of questions, for joint masks and a grid: errors and coverage.
"""

import argparse
import time

import numpy as np
import pandas as pd
from tqdm import tqdm

import musiclime as ml
from musiclime.judge.exact_values import model_values

from .bench import write

NOTE = (
    "squared error: mean over the explained class's weights, that of the reference taken off; equal questions"
)


def song_rows(model, song, run: int, options, truth):
    """The error of every way on one song, for masks of this run."""
    for design, masks in (("joint", options.joint), ("crossed", options.side)):
        for pairs in (False, True):
            for control in (None, "trees"):
                settings = {"design": design, "samples": masks, "pairs": pairs, "control": control}
                explainer = ml.MusicLIME(model, seed=run, progress=False, **settings)
                began = time.process_time()
                found = explainer.explain(song)
                seconds = time.process_time() - began
                own = found.row(found.label)
                far = found.weights - truth.values
                reach = 1.96 * np.hypot(found.errors, truth.error[:, None])
                yield {
                    "song": song.id,
                    "run": run,
                    "design": design,
                    "pairs": pairs,
                    "fit": "plain" if control is None else control,
                    "squared error": np.mean(far[own] ** 2) - truth.error[own] ** 2,
                    "foretold": np.mean(found.errors[own] ** 2),
                    "intervals": far.size,
                    "covered": int((np.abs(far) <= reach).sum()),
                    "trees used": "guessed" in found.provenance.get("control", ""),
                    "seconds": seconds,
                }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--songs", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--joint", type=int, default=500)
    parser.add_argument("--side", type=int, default=400, help="masks of each modality of the grid")
    parser.add_argument("--reference", type=int, default=2400)
    options = parser.parse_args()
    model, test, rows = ml.load_model(), ml.load_corpus("demo").split("test"), []
    for number in tqdm(range(options.songs)):
        song = test[number * len(test) // options.songs]
        truth = model_values(ml.MusicLIME(model), song, "banzhaf", options.reference, seed=1000)
        for run in range(options.runs):
            rows += song_rows(model, song, run, options, truth)
        table = write("adjusted", rows, NOTE)
    ways = table.groupby(["design", "pairs", "fit"])
    mean = ways["squared error"].mean()
    coverage = ways["covered"].sum() / ways["intervals"].sum()
    told = {
        "error": mean / mean[("joint", False, "plain")],
        "covered": coverage,
        "seconds": ways["seconds"].mean(),
    }
    print(pd.DataFrame(told).round(3).to_string())


if __name__ == "__main__":
    main()
