"""Can concatenation + LayerNorm + linear learn an exclusive or of sound and words, and how reliably?

Writes data/measured/xor.csv. The head is the module's own; "small" towers (two layers each, on mel means and
word counts) make many seeds affordable; --demo N adds N seeds of the demo transformers.
"""

import argparse
import datetime
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import CountVectorizer
from torch import nn
from tqdm import tqdm

import musiclime as ml
from musiclime.data.lyrics import words
from musiclime.judge.interactions import centred_log, sobol_share
from musiclime.models.encoders import Head
from musiclime.models.filterbank import filterbank

FUSIONS = ("concat", "sum", "product")


def features(corpus):
    """Mean, spread and maximum of each mel band over 40 moments; word counts, labels and splits."""
    mels, texts = [], []
    for song in tqdm(corpus, "songs"):
        bank = filterbank(torch.from_numpy(song.audio)[None], song.sample_rate)[0]
        parts = torch.stack([part.mean(0) for part in bank.tensor_split(40)])
        mels.append(torch.cat([parts.mean(0), parts.std(0), parts.amax(0)]))
        texts.append(" ".join(name for name, _, _ in words(song.lyrics)))
    counts = CountVectorizer(token_pattern=r"\S+", min_df=2).fit_transform(texts).toarray()
    mels = torch.stack(mels)
    mels = (mels - mels.mean(0)) / mels.std(0).clamp(min=1e-3)  # some bands are empty
    label = torch.tensor((corpus.table["genre"] == "b").to_numpy().astype(int))
    return (
        mels,
        torch.tensor(counts, dtype=torch.float32).clamp(max=1),
        label,
        corpus.table["split"].to_numpy(),
    )


def small(data, fusion, seed, epochs=60, width=32):
    """Accuracy on the test songs, and the share of interaction over their sounds x their words."""
    mels, counts, label, split = data
    torch.manual_seed(seed)
    tower = lambda size: nn.Sequential(  # noqa: E731
        nn.Dropout(0.5), nn.Linear(size, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
    )
    hear, read, head = tower(mels.shape[1]), tower(counts.shape[1]), Head([width, width], 2, fusion)
    parts = nn.ModuleList([hear, read, head])
    optimiser = torch.optim.AdamW(parts.parameters(), 3e-3, weight_decay=0.05)
    train, test = (np.flatnonzero(split == name) for name in ("train", "test"))
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(train), len(train) // 32):
            loss = nn.functional.cross_entropy(head(hear(mels[rows]), read(counts[rows])), label[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    parts.eval()
    with torch.inference_mode():
        a, t = hear(mels[test]), read(counts[test])
        right = (head(a, t).argmax(1) == label[test]).double().mean().item()
        grid = torch.stack([head(row.expand(len(t), -1), t).softmax(-1) for row in a])
    return right, sobol_share(centred_log(grid.numpy())[..., 1])["share"]


def demo(corpus, fusion, seed):
    model = ml.load_model("genre", corpus=corpus, fusion=fusion, seed=seed)
    songs = list(corpus.split("test"))
    a = model.encode_audio(np.stack([song.audio for song in songs]))
    t = model.encode_lyrics([song.lyrics for song in songs])
    right = np.mean(np.array(model.classes)[model.fuse(a, t).argmax(1)] == [song.genre for song in songs])
    return right, sobol_share(centred_log(model.fuse_grid(a, t))[..., 1])["share"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--demo", type=int, default=0)
    parser.add_argument("--size", type=int, default=900)
    options = parser.parse_args()
    corpus = ml.load_corpus("demo", evidence="joint", size=options.size)
    data, rows = features(corpus), []
    jobs = [("small", fusion, seed) for fusion in FUSIONS for seed in range(options.seeds)]
    jobs += [("demo", fusion, seed) for fusion in FUSIONS for seed in range(options.demo)]
    for towers, fusion, seed in tqdm(jobs, "seeds"):
        started = time.perf_counter()
        right, share = small(data, fusion, seed) if towers == "small" else demo(corpus, fusion, seed)
        rows.append((towers, fusion, seed, right, share, time.perf_counter() - started))
    table = pd.DataFrame(rows, columns=["towers", "fusion", "seed", "accuracy", "share", "seconds"])
    file = Path(__file__).parents[1] / "data" / "measured" / "xor.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    about = f"{datetime.date.today()}, {platform.machine()}, torch {torch.__version__}, corpus {corpus.name}"
    file.write_text(
        f"# {about}, {options.size} songs\n{table.round(4).to_csv(index=False)}", encoding="utf-8"
    )
    print(
        table.groupby(["towers", "fusion"])[["accuracy", "share"]]
        .agg(["count", "median", "min", "max"])
        .round(3)
    )


if __name__ == "__main__":
    main()
