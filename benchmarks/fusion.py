"""Four ways to join sound and words, each trained whole: python -m benchmarks.fusion

Writes data/measured/fusion.csv: accuracy on new artists, the same with the planted evidence replaced, and how
well MusicLIME finds that evidence.
"""

import argparse
import time

import pandas as pd

import musiclime as ml
from musiclime.models.encoders import Head
from musiclime.models.evaluation import evaluate

from .bench import write


def trained(corpus, fusion: str, seed: int, options) -> dict:
    """Train one network from nothing, and measure what it does and how well it can be explained."""
    began = time.perf_counter()
    how = {"seed": seed, "retrain": True, "progress": False}
    if options.epochs:
        how["epochs"] = options.epochs
    model = ml.load_model("genre", "multimodal", corpus, fusion=fusion, **how)
    seconds = time.perf_counter() - began
    test = corpus.split("test")
    measures = evaluate(model, test, progress=False)
    songs = [test[place] for place in range(options.marked)]
    marks = ml.mark(ml.MusicLIME(model, samples=options.samples, progress=False), songs)
    auc = marks[marks["counts"]].groupby("modality")["auc"].mean()
    return {
        "fusion": fusion,
        "seed": seed,
        "accuracy": measures["accuracy"],
        "evidence replaced": measures["replaced"]["both replaced"],
        "AUC of cells": auc.get("audio"),
        "AUC of words": auc.get("lyrics"),
        "marked": int(marks["counts"].sum()),
        "seconds": seconds,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--size", type=int, default=1350, help="songs; 1350 is what the shipped models learn from"
    )
    parser.add_argument("--epochs", type=int, help="in place of the recipe's")
    parser.add_argument("--marked", type=int, default=18, help="songs whose explanations are marked")
    parser.add_argument("--samples", type=int, default=400)
    options = parser.parse_args()
    corpus, rows = ml.load_corpus("demo", size=options.size), []
    for seed in range(options.seeds):
        for fusion in Head.FUSIONS:
            row = trained(corpus, fusion, seed, options)
            rows.append(row)
            print(row, flush=True)
            epochs = f"{options.epochs} epochs" if options.epochs else "the recipe's epochs"
            about = f"{options.size} songs, {epochs}, {options.marked} songs marked"
            note = f"corpus {corpus.name}, {about}"
            write("fusion", rows, note)
    print(pd.DataFrame(rows).groupby("fusion").mean().round(3))


if __name__ == "__main__":
    main()
