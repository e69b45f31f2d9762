"""How far weights are from a reference of very many perturbations, by design and by encodings paid."""

import time

import numpy as np
import pandas as pd

JOINT, GRIDS, SEEDS = (500, 1000, 2500, 5000), (300, 600, 1200, 2500), (1, 2)


def kernel_shap(answers, sides, count, seed, label):
    """Captum's KernelSHAP, for one class as it works: Shapley values, not Banzhaf's."""
    import torch
    from captum.attr import KernelShap

    def ask(masks):
        on = masks.numpy() > 0.5
        return torch.from_numpy(answers().joint(on[:, : sides[0]], on[:, sides[0] :])[:, label])

    torch.manual_seed(seed)
    whole = torch.ones(1, sum(sides))
    return KernelShap(ask).attribute(whole, n_samples=count, perturbations_per_eval=512).numpy()[0]


def song_rows(model, song, reference, counts=JOINT, grids=GRIDS, shap=(1000, 2500)):
    """Errors and coverage of every design; smaller counts are the beginning of larger ones."""
    import musiclime as ml
    from musiclime.explain import surrogate
    from musiclime.explain.ask_model import Answers

    space = ml.MusicLIME(model).space(song)
    sides = len(space.audio), len(space.lyrics)

    def answers():
        return Answers(model, space, 256, {})

    def joint(count, seed):
        masks = surrogate.draw(count, sum(sides), seed=seed)
        return masks, answers().joint(masks[:, : sides[0]], masks[:, sides[0] :])

    began = time.perf_counter()
    truth = surrogate.fit(*joint(reference, 1000))
    own = int(answers().own().argmax())
    common = {"song": song.id, "features": sum(sides), "spread": truth.weights[own].std()}
    common |= {"reference": reference, "reference error": np.sqrt((truth.errors[own] ** 2).mean())}
    common["seconds an encoding"] = (time.perf_counter() - began) / (2 * reference)

    def row(design, seed, fit, sizes, naive=None):
        # The reference is not the truth either: its own error is part of every interval.
        far = np.abs(fit.weights - truth.weights)
        inside, wrong = far <= 1.96 * np.hypot(fit.errors, truth.errors), np.nan
        if naive is not None:
            wrong = (far <= 1.96 * np.hypot(naive, truth.errors)).sum()
        found = {"design": design, "seed": seed, "audio": sizes[0], "lyrics": sizes[-1]}
        found |= {"encodings": sizes[0] + sizes[-1], "error": np.sqrt((far[own] ** 2).mean())}
        found["error squared, all classes"] = (far**2).mean()
        found["reference squared, all classes"] = (truth.errors**2).mean()
        return common | found | {"intervals": far.size, "covered": inside.sum(), "covered naive": wrong}

    for seed in SEEDS:
        masks, outputs = joint(max(counts), seed)
        for count in counts:
            yield row("joint", seed, surrogate.fit(masks[:count], outputs[:count]), (count, count))
        chosen = ml.MusicLIME(model, seed=seed, design="crossed", progress=False).explain(song)
        chosen = chosen.provenance["masks"]["audio"], chosen.provenance["masks"]["lyrics"]
        most = [max(*grids, size) for size in chosen]
        a, t = (surrogate.draw(n + 1, p, seed=[seed, k])[1:] for k, (n, p) in enumerate(zip(most, sides)))
        codes = answers().encode("audio", a), answers().encode("lyrics", t)
        for sizes in [*((n, n) for n in grids), chosen]:
            (A, T), step = sizes, 64
            grid = (model.fuse_grid(codes[0][i : min(i + step, A)], codes[1][:T]) for i in range(0, A, step))
            fit = surrogate.fit_crossed(a[:A], t[:T], grid)
            naive = 2 * np.sqrt(fit.noise / (A * T))[:, None]
            yield row("crossed" if sizes != chosen else "crossed, default", seed, fit, sizes, naive)
    for count in shap:
        one, two = (kernel_shap(answers, sides, count, seed, own) for seed in SEEDS)
        found = {"design": "KernelSHAP", "seed": 0, "audio": count, "lyrics": count, "encodings": 2 * count}
        # It estimates Shapley values, so it is held against a second run of its own.
        found["error"] = np.sqrt(((one - two) ** 2).mean() / 2)
        yield common | found | {"spread": ((one + two) / 2).std()}


def errors(options):
    """One song after the other into errors.csv, as many test songs as are asked for."""
    import musiclime as ml

    from .bench import OUT, write

    file, corpus = OUT / "errors.csv", ml.load_corpus("demo")
    model, test = ml.load_model("genre", "multimodal", corpus), corpus.split("test")
    rows = pd.read_csv(file, comment="#").to_dict("records") if file.exists() else []
    done = {row["song"] for row in rows if row["reference"] == options.reference}
    rows = [row for row in rows if row["reference"] == options.reference]
    for position in range(options.songs):
        song = test[position * (len(test) // options.songs)]
        if song.id in done:
            continue
        rows += song_rows(model, song, options.reference)
        write("errors", rows, f"{model.name}; error: root mean square over the features of the model's class")
        print(f"{song.id} done: {len({row['song'] for row in rows})} of {options.songs} songs", flush=True)
