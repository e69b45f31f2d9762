"""Aggregate over a thousand songs, for the chapter of that name: python -m benchmarks.aggregate.

Writes data/measured/aggregate_1000.csv: for each class and feature in five songs or more, what
`global_importance.summary` says, and in how many of these songs the feature was planted as evidence.
"""

import argparse
import time

import numpy as np
import pandas as pd
from tqdm import tqdm

import musiclime as ml
from musiclime.judge.global_importance import summary, tally

from .bench import OUT, about

SEED = 3  # a corpus of its own, which no model was trained or chosen on
COLUMNS = [
    *("class", "feature", "modality", "songs", "planted", "mean", "between", "within"),
    *("error", "freedom", "bar", "q", "detectable", "error here", "q here", "detectable here"),
    *("debiased", "low", "high"),
]


def explained(songs: int, masks: int, minutes: float):
    """Yield explanations of fresh songs and the songs' evidence, until the time is over."""
    model = ml.load_model("genre", "multimodal")
    corpus = ml.load_corpus("demo", size=songs, seed=SEED)
    explainer = ml.MusicLIME(model, samples=masks, progress=False)
    began = time.monotonic()
    for position in tqdm(range(songs)):
        if time.monotonic() - began > 60 * minutes:
            return
        song = corpus[position]
        yield explainer.explain(song), song.evidence["genre"]


def planted_in(explanations, evidence) -> pd.Series:
    """In how many songs of a class each feature was planted."""
    counts = {}
    for explanation, marked in zip(explanations, evidence):
        planted = {word.casefold() for word in marked["words"]}
        planted |= {f"{stem}{segment}" for stem, segment in marked["cells"]}
        for feature in explanation.features:
            if feature.name.casefold() in planted:
                key = (explanation.label, feature.name)
                counts[key] = counts.get(key, 0) + 1
    return pd.Series(counts, dtype=float)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--songs", type=int, default=1000)
    parser.add_argument("--masks", type=int, default=250)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()

    explanations, evidence = [], []
    for explanation, marked in explained(options.songs, options.masks, options.minutes):
        explanations.append(explanation)
        evidence.append(marked)

    table = summary(tally(explanations), support=5)
    planted = planted_in(explanations, evidence)
    keys = pd.MultiIndex.from_frame(table[["class", "feature"]])
    table["planted"] = planted.reindex(keys).fillna(0).to_numpy()
    table = table[np.isfinite(table["q"])]
    note = f"{len(explanations)} composed songs of seed {SEED}, {options.masks} masks of each modality"
    lines = table[COLUMNS].to_csv(index=False, float_format="%.4g")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "aggregate_1000.csv").write_text(about(note) + lines, encoding="utf-8")
    print(note)
    print(
        (table[["q", "q here"]] < 0.05)
        .groupby([table["modality"], table["planted"] > 0])
        .agg(["sum", "count"])
    )


if __name__ == "__main__":
    main()
