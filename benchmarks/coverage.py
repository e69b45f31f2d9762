"""Do the intervals hold? python -m benchmarks.coverage, into data/measured/coverage.csv.

Many explanations of the same songs, with and without masks in pairs, by joint and by crossed masks, each
weight's 95 % interval against the model's own value: near-exact for models that fuse sound and words, exact
for a real tagger, which offers the table of all its answers.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from tqdm import tqdm

import musiclime as ml
from musiclime.judge.exact_values import model_values
from musiclime.judge.splices import splices
from musiclime.models.pretrained import load_tagger
from musiclime.models.separation import separator

from .bench import OUT, write

NOTE = "95 % intervals of the weights of all classes; largest: the ten largest values of the explained class"


def counted(explanation, truth) -> dict[str, int]:
    """How many intervals hold the model's own value: of all classes, and of the ten largest of one class."""
    reach = 1.96 * np.hypot(explanation.errors, truth.error[:, None])
    inside = np.abs(explanation.weights - truth.values) <= reach
    own = explanation.row(explanation.label)
    largest = np.argsort(-np.abs(truth.values[own]), kind="stable")[:10]
    found = {"intervals": inside.size, "covered": int(inside.sum())}
    return found | {"largest": len(largest), "largest covered": int(inside[own, largest].sum())}


def rows_of(name: str, make, songs, designs, masks: int, runs: int, reference: int):
    """A row for each song, design, and masks in pairs or not, over so many runs that share no masks."""
    for song in songs:
        truth = model_values(make(), song, "banzhaf", reference, seed=1000)
        for design in designs:
            for pairs in (False, True):
                options = {"samples": masks, "design": design, "pairs": pairs}
                each = [counted(make(seed=seed, **options).explain(song), truth) for seed in range(runs)]
                row = {"model": name, "song": song.id, "features": len(truth.features), "design": design}
                row |= {"pairs": pairs, "masks": masks, "runs": runs}
                yield row | pd.DataFrame(each).sum().to_dict()


def demo(options):
    model, test = ml.load_model(), ml.load_corpus("demo").split("test")
    songs = [test[number * len(test) // options.songs] for number in range(options.songs)]

    def make(**settings):
        return ml.MusicLIME(model, progress=False, **settings)

    both = ("joint", "crossed")
    return rows_of("demo", make, songs, both, options.masks, options.runs, options.reference)


def tagger(options, masks: int):
    heard = load_tagger("MTT_musicnn")
    songs = splices(heard, list(ml.load_corpus("real")), options.songs)

    def make(**settings):
        settings.pop("design", None)
        return ml.AudioLIME(heard, progress=False, **settings)

    return rows_of("MTT_musicnn", make, songs, ("joint",), masks, options.runs, options.reference)


def few(options):
    return tagger(options, options.masks)


def many(options):
    return tagger(options, options.many)


def fused(options):
    """The real mood model by cells and lines of an excerpt: its sound and words are asked apart."""
    model = ml.load_model("mood", "multimodal", preset="real")
    songs = [song.excerpt(40, 20) for song in ml.load_corpus("real") if song.lyrics]
    songs = [song for song in songs if len(song.lyrics.splitlines()) >= 4][: options.songs]

    def make(**settings):
        return ml.MusicLIME(model, unit="line", separate=separator("hpss"), progress=False, **settings)

    both = ("joint", "crossed")
    return rows_of("mood, real", make, songs, both, options.masks, options.runs, options.reference // 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--songs", type=int, default=5)
    parser.add_argument("--masks", type=int, default=300)
    parser.add_argument("--many", type=int, default=1000, help="masks of the tagger's second round")
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--reference", type=int, default=2400, help="masks of each modality")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    file = OUT / "coverage.csv"
    rows = pd.read_csv(file, comment="#").to_dict("records") if file.exists() else []
    done = {(row["model"], row["masks"]) for row in rows}
    parts = [
        ("demo", options.masks, demo),
        ("MTT_musicnn", options.masks, few),
        ("MTT_musicnn", options.many, many),
        ("mood, real", options.masks, fused),
    ]
    for name, masks, part in parts:
        if (name, masks) not in done:
            rows += list(tqdm(part(options), name, disable=None))
            table = write("coverage", rows, NOTE)
            sums = table.groupby(["model", "masks", "design", "pairs"])[
                ["intervals", "covered", "largest", "largest covered"]
            ].sum()
            print(sums.assign(share=sums["covered"] / sums["intervals"]).to_string(), flush=True)


if __name__ == "__main__":
    main()
