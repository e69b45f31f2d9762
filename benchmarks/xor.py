"""Which head can learn an exclusive or of sound and words, and how reliably? python -m benchmarks.xor

Writes data/measured/xor.csv. Two small towers (two layers each, on mel means and word counts) make many seeds
affordable. Training goes on until the validation songs are right or nothing more can be expected.
"""

import argparse
import time

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

from .bench import write

HEADS = Head.FUSIONS
WIDTH = 32
EPOCHS, BATCH, RATE = 400, 32, 3e-3
SOLVED, STEADY = 0.97, 10  # stop after ten epochs in a row with so many validation songs right


class Features:
    """What the small towers get: how loud 128 bands are over 40 moments, and which words occur."""

    def __init__(self, corpus):
        heard, texts = [], []
        for song in tqdm(corpus, "songs"):
            heard.append(self.moments(song.audio, song.sample_rate))
            texts.append(self.text(song.lyrics))
        raw = torch.stack(heard)
        self.vectoriser = CountVectorizer(token_pattern=r"\S+", min_df=2).fit(texts)
        self.mean, self.spread = raw.mean(0), raw.std(0).clamp(min=1e-3)  # some bands are empty
        self.mels = (raw - self.mean) / self.spread
        self.counts = self.occur(texts)
        self.label = torch.tensor((corpus.table["genre"] == "b").to_numpy().astype(int))
        self.split = corpus.table["split"].to_numpy()

    @staticmethod
    def moments(audio, rate: int) -> torch.Tensor:
        """Mean, spread and maximum of each mel band."""
        bank = filterbank(torch.as_tensor(audio)[None], rate)[0]
        parts = torch.stack([part.mean(0) for part in bank.tensor_split(40)])
        return torch.cat([parts.mean(0), parts.std(0), parts.amax(0)])

    @staticmethod
    def text(lyrics: str) -> str:
        return " ".join(name for name, _, _ in words(lyrics))

    def occur(self, texts) -> torch.Tensor:
        counts = self.vectoriser.transform(texts).toarray()
        return torch.tensor(counts, dtype=torch.float32).clamp(max=1)


class SmallFusion:
    """A trained small network as a model that explainers can ask: sound and words apart, then the head."""

    classes, sample_rate, seconds = ["a", "b"], 16000, 10.24

    def __init__(self, network, data: Features):
        self.network, self.data = network.eval(), data

    def encode_audio(self, audio) -> np.ndarray:
        raw = torch.stack([self.data.moments(clip, self.sample_rate) for clip in np.asarray(audio)])
        with torch.inference_mode():
            return self.network.hear((raw - self.data.mean) / self.data.spread).numpy()

    def encode_lyrics(self, lyrics) -> np.ndarray:
        counts = self.data.occur([self.data.text(text) for text in lyrics])
        with torch.inference_mode():
            return self.network.read(counts).numpy()

    def fuse(self, audio, lyrics) -> np.ndarray:
        with torch.inference_mode():
            logits = self.network.head(torch.as_tensor(audio), torch.as_tensor(lyrics))
            return logits.double().softmax(-1).numpy()

    def predict(self, audio, lyrics) -> np.ndarray:
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))


def tower(size: int) -> nn.Module:
    return nn.Sequential(
        nn.Dropout(0.5), nn.Linear(size, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh()
    )


class Small(nn.Module):
    """Two small towers and a head."""

    def __init__(self, audio: int, lyrics: int, head: str):
        super().__init__()
        self.hear, self.read = tower(audio), tower(lyrics)
        self.head = Head([WIDTH, WIDTH], 2, head)

    def forward(self, mels, counts):
        return self.head(self.hear(mels), self.read(counts))


def train_small(data: Features, head: str, seed: int, epochs: int = EPOCHS):
    """Train one network to its best epoch on the validation songs; returns it and the epochs it took."""
    mels, counts, label = data.mels, data.counts, data.label
    train, val = (np.flatnonzero(data.split == name) for name in ("train", "val"))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Small(mels.shape[1], counts.shape[1], head)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.05)
    best, kept, steady, taken = -1.0, None, 0, 0
    while taken < epochs and steady < STEADY:
        network.train()
        for rows in np.array_split(rng.permutation(train), len(train) // BATCH):
            loss = nn.functional.cross_entropy(network(mels[rows], counts[rows]), label[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        right = accuracy(network, data, val)
        if right >= best:
            best, kept = right, {name: value.clone() for name, value in network.state_dict().items()}
        steady = steady + 1 if right >= SOLVED else 0
        taken += 1
    network.load_state_dict(kept)
    return network, taken


def small(data: Features, head: str, seed: int, epochs: int = EPOCHS) -> dict[str, float]:
    """Accuracy on the test songs, and the share of interaction over their sounds x their words."""
    network, taken = train_small(data, head, seed, epochs)
    test = np.flatnonzero(data.split == "test")
    share = interaction(network, data, test)
    return {"accuracy": accuracy(network, data, test), "share": share, "epochs": taken}


def accuracy(network, data, rows) -> float:
    mels, counts, label = data.mels, data.counts, data.label
    network.eval()
    with torch.inference_mode():
        return (network(mels[rows], counts[rows]).argmax(1) == label[rows]).double().mean().item()


def interaction(network, data, rows) -> float:
    """The share on a grid: the sound of one song in each row, the words of another in each column."""
    mels, counts = data.mels, data.counts
    with torch.inference_mode():
        audio, lyrics = network.hear(mels[rows]), network.read(counts[rows])
        grid = torch.stack([network.head(row.expand(len(lyrics), -1), lyrics).softmax(-1) for row in audio])
    return sobol_share(centred_log(grid.numpy())[..., 1])["share"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--size", type=int, default=900, help="songs")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    corpus = ml.load_corpus("demo", evidence="joint", size=options.size)
    data, rows = Features(corpus), []
    for seed in range(options.seeds):
        for head in HEADS:
            began = time.perf_counter()
            row = {"head": head, "seed": seed, **small(data, head, seed, options.epochs)}
            rows.append(row | {"seconds": time.perf_counter() - began})
            print(rows[-1], flush=True)
        note = f"corpus {corpus.name}, {options.size} songs, at most {options.epochs} epochs"
        write("xor", rows, note)
    print(pd.DataFrame(rows).groupby("head")[["accuracy", "share"]].describe().round(3))


if __name__ == "__main__":
    main()
