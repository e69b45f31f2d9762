"""Does a second-order control pay? python -m benchmarks.adjusted, into data/measured/adjusted.csv.

Regression-adjusted values (Witter 2025): boosted trees guess the outputs from the masks, trained on the other
four fifths each time. A ridge fits what they leave. The trees' own Banzhaf values, which cost no question,
are added again. Compared with masks in pairs at equal numbers of questions, for joint masks and for a grid.
"""

import argparse

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from tqdm import tqdm

import musiclime as ml
from musiclime.explain.ask_model import Answers
from musiclime.explain.masks import coins
from musiclime.explain.surrogate import fit
from musiclime.judge.exact_values import model_values

from .bench import write

FOLDS, ASKED_OF_TREES = 5, 8000
NOTE = "mean squared error of the explained class's weights, that of the reference taken off; equal questions"


def plain(masks, outputs, pairs: bool) -> np.ndarray:
    return fit(masks, outputs[:, None], pairs=pairs).weights[0]


def adjusted(masks, outputs, pairs: bool) -> np.ndarray:
    """The ridge of what trees of the other folds leave, and the trees' own values."""
    fold = np.arange(len(masks)) // 2 % FOLDS  # the two masks of a pair stay together
    left, values = np.zeros(len(masks)), []
    fresh = coins(ASKED_OF_TREES, masks.shape[1], seed=9)
    for number in range(FOLDS):
        here = fold == number
        trees = HistGradientBoostingRegressor(max_iter=40, max_leaf_nodes=8, random_state=0)
        trees.fit(masks[~here], outputs[~here])
        left[here] = outputs[here] - trees.predict(masks[here])
        values.append(plain(fresh, trees.predict(fresh), False))
    return plain(masks, left, pairs) + np.mean(values, axis=0)


def song_rows(model, song, run: int, joint: int, side: int, truth):
    """The error of every way on one song, for masks of this run."""
    explainer = ml.MusicLIME(model, progress=False)
    space = explainer.space(song)
    sides = len(space.audio), len(space.lyrics)
    own = explainer.outputs(space, np.ones((1, sum(sides)), dtype=bool))[0].argmax()
    answers = Answers(model, space, explainer.batch, {})
    for pairs in (False, True):
        masks = coins(joint, sum(sides), seed=[run, pairs], pairs=pairs)
        outputs = explainer.outputs(space, masks)[:, own]
        audio, words = (coins(side, count, [run, 2, count, pairs], pairs) for count in sides)
        grid = np.concatenate([block[..., own] for block in answers.grid(audio, words)])
        for way, weigh in (("plain", plain), ("adjusted", adjusted)):
            by_design = {
                "joint": weigh(masks, outputs, pairs),
                "crossed": np.concatenate(
                    [weigh(audio, grid.mean(1), pairs), weigh(words, grid.mean(0), pairs)]
                ),
            }
            for design, weights in by_design.items():
                squared = np.mean((weights - truth.values[own]) ** 2) - truth.error[own] ** 2
                yield {"song": song.id, "run": run, "design": design, "pairs": pairs, "fit": way} | {
                    "squared error": squared
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
            rows += song_rows(model, song, run, options.joint, options.side, truth)
        table = write("adjusted", rows, NOTE)
    by_way = table.groupby(["song", "design", "pairs", "fit"])["squared error"].mean().unstack("song")
    print((by_way / by_way.loc[("joint", False, "plain")]).round(3).to_string())


if __name__ == "__main__":
    main()
