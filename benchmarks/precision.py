"""How exact weights are, by design and by encodings paid, and how steady: errors.csv and steady.csv.

A song's sounds and texts are encoded once, many of them, and every design is tried on those codes.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

JOINT, GRIDS = (500, 1000, 2500), (300, 600)
STEADY = (250, 1000, 4000)
SEEDS = {"pairs": 77, "truth": 78, "fresh": 79}
COUNTS = {"pairs": 3000, "truth": 2000, "fresh": 8000}


@dataclass
class Encoded:
    """Masks and codes of one song: masks in pairs, others for the reference, and fair coins one by one."""

    song: str
    own: int
    masks: dict
    codes: dict

    def sides(self) -> tuple[int, int]:
        return tuple(self.masks["fresh"][side].shape[1] for side in (0, 1))

    def fit(self, model, part, sizes, pairs=(False, False), starts=(0, 0), outputs=slice(None)):
        """The crossed fit of the first masks of a part; of pairs only one half where they are not wanted."""
        from musiclime.explain.crossed_design import fit_crossed

        chosen = []
        for side, (size, paired, start) in enumerate(zip(sizes, pairs, starts)):
            rows = slice(start, start + size)
            if part != "fresh" and not paired:
                rows = slice(start, start + 2 * size, 2)
            chosen.append((self.masks[part][side][rows], self.codes[part][side][rows]))
        (audio, a), (lyrics, t) = chosen
        grid = (model.fuse_grid(a[start : start + 64], t)[..., outputs] for start in range(0, len(a), 64))
        return fit_crossed(audio, lyrics, grid, pairs=pairs)

    def joint(self, model, rows):
        """The joint fit of fair coins, sound and text of the same row together."""
        from musiclime.explain.surrogate import fit

        masks = np.hstack([self.masks["fresh"][side][rows] for side in (0, 1)])
        return fit(masks, model.fuse(*(self.codes["fresh"][side][rows] for side in (0, 1))))


def encode(model, song, counts=COUNTS) -> Encoded:
    """Ask the model for all the codes that the comparisons need."""
    import musiclime as ml
    from musiclime.explain.ask_model import Answers
    from musiclime.explain.masks import coins

    space = ml.MusicLIME(model).space(song)
    answers = Answers(model, space, 256, {})
    masks, codes = {}, {}
    for part, count in counts.items():
        masks[part], codes[part] = [], []
        for side, features in (("audio", space.audio), ("lyrics", space.lyrics)):
            seed = [SEEDS[part], len(codes[part])]
            drawn = coins(count, len(features), seed, pairs=part != "fresh")
            masks[part].append(drawn)
            codes[part].append(answers.encode(side, drawn))
    return Encoded(song.id, int(answers.own().argmax()), masks, codes)


def error_rows(model, encoded: Encoded, joint=JOINT, grids=GRIDS):
    """Errors and coverage of every design, against a grid of very many masks in pairs."""
    sides = encoded.sides()
    most = [len(codes) for codes in encoded.codes["truth"]]
    truth = encoded.fit(model, "truth", most, (True, True))
    own = encoded.own
    common = {"song": encoded.song, "features": sum(sides), "spread": truth.weights[own].std()}
    common["reference error"] = np.sqrt((truth.errors[own] ** 2).mean())

    def row(design, pairs, sizes, fit, naive=None):
        # The reference is not the truth either: its own error is part of every interval.
        far = np.abs(fit.weights - truth.weights)
        inside = far <= 1.96 * np.hypot(fit.errors, truth.errors)
        largest = np.argsort(-np.abs(truth.weights[own]))[:10]
        found = {"design": design, "pairs audio": pairs[0], "pairs lyrics": pairs[1]}
        found |= {"audio": sizes[0], "lyrics": sizes[1], "encodings": sum(sizes)}
        found["error"] = np.sqrt((far[own] ** 2).mean())
        found["foretold"] = np.sqrt((fit.errors[own] ** 2).mean())
        found |= {"intervals": far.size, "covered": inside.sum()}
        found |= {"largest": len(largest), "largest covered": inside[own, largest].sum()}
        if naive is not None:
            found["covered naive"] = (far <= 1.96 * np.hypot(naive, truth.errors)).sum()
        return common | found

    none, both = (False, False), (True, True)
    for count in joint:
        yield row("joint", none, (count, count), encoded.joint(model, slice(0, count)))
    for count in grids:
        fit = encoded.fit(model, "fresh", (count, count), none)
        naive = 2 * np.sqrt(fit.noise / count**2)[:, None]
        yield row("crossed", none, (count, count), fit, naive)
        yield row("crossed, pairs", both, (count, count), encoded.fit(model, "pairs", (count, count), both))
    for pairs, sizes, design in chosen_grids(model, encoded):
        yield row(design, pairs, sizes, encoded.fit(model, "pairs", sizes, pairs))


def chosen_grids(model, encoded: Encoded):
    """What a pilot chooses, with pairs left to it and without any, as `MusicLIME` does by default."""
    from musiclime.explain.crossed_design import allocate, choose_pairs, fit_crossed

    sides = encoded.sides()
    start = tuple(4 * (count + 1) for count in sides)
    audio, lyrics = (masks[:count] for masks, count in zip(encoded.masks["pairs"], start))
    a, t = (codes[:count] for codes, count in zip(encoded.codes["pairs"], start))
    grid = [model.fuse_grid(a, t)]
    choices = [(True, True), (True, False), (False, True), (False, False)]
    pilots = {pairs: fit_crossed(audio, lyrics, grid, pairs=pairs) for pairs in choices}
    costs = getattr(model, "costs", (1.0, 1.0))
    chosen = choose_pairs(pilots, start, sides, 5000, costs)
    for pairs, design in ((chosen, "crossed, default"), ((False, False), "crossed, no pairs, by the pilot")):
        sizes = allocate(pilots[pairs], start, sides, 5000, costs, pairs)
        there = [len(encoded.codes["pairs"][side]) // (1 if pairs[side] else 2) for side in (0, 1)]
        yield pairs, tuple(int(min(size, most)) for size, most in zip(sizes, there)), design


def steady_rows(model, encoded: Encoded, counts=STEADY, k=5, most=8):
    """The foretold share of the top five that another run names too, and the share that runs do name.

    A song gives several runs that share no mask; every two of them are compared.
    """
    from musiclime.explain.explanation import steadiness

    kinds = np.repeat(["audio", "lyrics"], encoded.sides())
    there = len(encoded.masks["fresh"][0])
    for count in counts:
        starts = [run * count for run in range(min(most, there // count))]
        runs = {"joint": [encoded.joint(model, slice(start, start + count)) for start in starts]}
        own = slice(encoded.own, encoded.own + 1)  # a large grid of all classes takes long
        runs["crossed"] = [
            encoded.fit(model, "fresh", (count, count), starts=(start, start), outputs=own)
            for start in starts
        ]
        for design, fits in runs.items():
            row = encoded.own if design == "joint" else 0
            weights = [fit.weights[row] for fit in fits]
            errors = [fit.errors[row] for fit in fits]
            foretold = [steadiness(w, e, k, kinds) for w, e in zip(weights, errors)]
            tops = [np.argsort(-w)[:k] for w in weights]
            shared = [np.isin(one, other).mean() for one, other in combinations(tops, 2)]
            common = {"song": encoded.song, "features": len(kinds), "design": design, "masks": count}
            common |= {"runs": len(fits)}
            yield common | {"foretold": np.mean(foretold), "seen": np.mean(shared)}


def errors(options):
    """One song after the other into errors.csv and steady.csv, as many test songs as are asked for."""
    import musiclime as ml

    from .bench import OUT, write

    model, test = ml.load_model("genre", "multimodal"), ml.load_corpus("demo").split("test")
    tables = {"errors": [], "steady": []}
    for name, rows in tables.items():
        file = OUT / f"{name}.csv"
        if file.exists() and model.name in file.read_text().splitlines()[1]:
            rows += pd.read_csv(file, comment="#").to_dict("records")
    done = {row["song"] for row in tables["errors"]}
    for position in range(options.songs):
        song = test[position * (len(test) // options.songs)]
        if song.id in done:
            continue
        encoded = encode(model, song)
        tables["errors"] += error_rows(model, encoded)
        tables["steady"] += steady_rows(model, encoded)
        write("errors", tables["errors"], f"{model.name}; error: root mean square, the model's class")
        write("steady", tables["steady"], f"{model.name}; top five of the model's class, of two runs")
        print(f"{song.id} done", flush=True)
