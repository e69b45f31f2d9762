"""Which head can learn that sound and words interact, how strongly, and is it seen? python -m benchmarks.xor

Writes data/measured/xor.csv and xor_pairs.csv. Two small towers (two layers each, on mel means and word
counts) make many seeds affordable. At strength q a song counts as class b with the probability
q (sound xor words) + (1 - q) (sound + words) / 2, where each is 1 if it says b. At 0 the two add up, at 1 it
is an exclusive or, and what they do only together is always -2 q. Training goes on until the validation
songs are near that probability, or nothing more can be expected.
"""

import argparse
import time
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import CountVectorizer
from torch import nn
from tqdm import tqdm

import musiclime as ml
from musiclime.data.lyrics import words
from musiclime.explain.masks import draw
from musiclime.judge.interactions import additive_part, centred_log, sobol_share
from musiclime.judge.scores import score
from musiclime.models.encoders import Head
from musiclime.models.filterbank import filterbank

from .bench import write

HEADS = Head.FUSIONS
WIDTH = 32
EPOCHS, BATCH, RATE = 400, 32, 3e-3
SOLVED, STEADY = 0.05, 10  # stop after ten epochs in a row as near to the probability of the validation songs
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWN, TIMES, DETECTED = 40, 50, 0.05  # grids of so many sounds and words; a share above .05 is interaction


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
        differ = (corpus.table["genre"] == "b").to_numpy().astype(int)
        # The set "audio" has the same songs, and as label what their sound says.
        twin = ml.load_corpus("demo", evidence="audio", size=len(corpus))
        self.sound = (twin.table["genre"] == "b").to_numpy().astype(int)
        self.words = self.sound ^ differ
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

    def wanted(self, strength: float = 1.0) -> torch.Tensor:
        """The planted probability of the two classes for every song."""
        either = self.sound ^ self.words
        b = strength * either + (1 - strength) * (self.sound + self.words) / 2
        return torch.tensor(np.column_stack([1 - b, b]), dtype=torch.float32)

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


def train_small(data: Features, head: str, seed: int, epochs: int = EPOCHS, strength: float = 1.0):
    """Train one network to its best epoch on the validation songs; returns it and the epochs it took."""
    mels, counts, wanted = data.mels, data.counts, data.wanted(strength)
    train, val = (np.flatnonzero(data.split == name) for name in ("train", "val"))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Small(mels.shape[1], counts.shape[1], head)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.05)
    best, kept, steady, taken = np.inf, None, 0, 0
    while taken < epochs and steady < STEADY:
        network.train()
        for rows in np.array_split(rng.permutation(train), len(train) // BATCH):
            loss = nn.functional.cross_entropy(network(mels[rows], counts[rows]), wanted[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        far = float((answers(network, data, val) - wanted[val]).abs().mean())
        if far <= best:
            best, kept = far, {name: value.clone() for name, value in network.state_dict().items()}
        steady = steady + 1 if far <= SOLVED else 0
        taken += 1
    network.load_state_dict(kept)
    return network, taken


def answers(network, data: Features, rows) -> torch.Tensor:
    """The probabilities of both classes for some songs."""
    network.eval()
    with torch.inference_mode():
        return network(data.mels[rows], data.counts[rows]).softmax(-1)


def accuracy(network, data: Features, rows, strength: float = 1.0) -> float:
    """The share of songs whose likelier class is named, of those that have one."""
    wanted = data.wanted(strength)[rows]
    clear = (wanted[:, 0] - 0.5).abs() > 1e-6
    right = answers(network, data, rows).argmax(1) == wanted.argmax(1)
    return right[clear].double().mean().item()


def song_grid(network, data: Features, rows) -> np.ndarray:
    """Probabilities for the sound of one song in each row, with the words of another in each column."""
    with torch.inference_mode():
        audio, lyrics = network.hear(data.mels[rows]), network.read(data.counts[rows])
        grid = [network.head(row.expand(len(lyrics), -1), lyrics).softmax(-1) for row in audio]
    return torch.stack(grid).double().numpy()


def interaction(network, data: Features, rows) -> float:
    """The share of interaction over songs, in centred log p."""
    return sobol_share(centred_log(song_grid(network, data, rows))[..., 1])["share"]


def planted_share(strength: float) -> float:
    """The share of interaction in the planted probability, over sounds and words that are 0 or 1 by lot."""
    return strength**2 / (strength**2 + (1 - strength) ** 2 / 2)


def strength_row(data: Features, head: str, seed: int, strength: float, epochs: int = EPOCHS) -> dict:
    """Train one network; is its interaction what was planted, do intervals hold, is it detected?

    The truth is the whole grid of the test songs' sounds x words. From it smaller grids are drawn, with
    replacement, and each has an interval.
    """
    network, taken = train_small(data, head, seed, epochs, strength)
    test = np.flatnonzero(data.split == "test")
    grid = song_grid(network, data, test)
    row = {"accuracy": accuracy(network, data, test, strength), "share": interaction(network, data, test)}
    row |= {"planted share": planted_share(strength), "epochs": taken}
    rng = np.random.default_rng(seed)
    for scale, values in (("probability", grid[..., 1]), ("logit", centred_log(grid)[..., 1])):
        true = whole_share(values)
        row[f"true {scale}"], inside, seen = true, [], []
        for _ in range(TIMES):
            sounds, words = (rng.integers(0, len(test), DRAWN) for _ in range(2))
            found = sobol_share(values[np.ix_(sounds, words)])
            inside.append(found["low"] <= true <= found["high"])
            seen.append(found["low"] > DETECTED)
        row |= {f"coverage {scale}": np.mean(inside), f"detected {scale}": np.mean(seen)}
    return row


def whole_share(values: np.ndarray) -> float:
    """The share of interaction in a grid that is all there is, so that nothing is taken off for noise."""
    return float(((values - additive_part(values)) ** 2).sum() / ((values - values.mean()) ** 2).sum())


def joint_pairs(audio, words, outputs) -> np.ndarray:
    """Pairs of a cell and a word from masks of both at once: the least-norm fit of all pairs of features."""
    signs = np.hstack([audio, words]) - 0.5
    places = list(combinations(range(signs.shape[1]), 2))
    products = np.column_stack([signs[:, i] * signs[:, j] for i, j in places])
    terms = np.hstack([signs, products])
    fit = np.linalg.lstsq(terms - terms.mean(0), outputs - outputs.mean(), rcond=None)[0][signs.shape[1] :]
    cells = audio.shape[1]
    weights = np.zeros((cells, words.shape[1]))
    for (i, j), weight in zip(places, fit):
        if i < cells <= j:
            weights[i, j - cells] = weight
    return weights


def pair_rows(song, model: SmallFusion, calls: int, reference: int):
    """The pair exam on one song: the crossed grid, and masks of both at once, against planted pairs and a
    reference with many masks."""
    label, evidence = song.genre, song.evidence["genre"]
    most = ml.interaction(song, model, label, masks=(reference, reference), seed=1000)
    ours = ml.interaction(song, model, label, masks=(calls, calls))
    cells = [(f.stem, f.segment) in {tuple(cell) for cell in evidence["cells"]} for f in ours.cells]
    planted = np.outer(cells, [f.name in evidence["words"] for f in ours.words])

    space = ml.MusicLIME(model).space(song)
    masks = draw(calls, planted.shape[0] + planted.shape[1], seed=1)
    audio, words = np.split(masks, [planted.shape[0]], axis=1)
    probability = model.predict(space.mix(audio), space.texts(words))
    logit = centred_log(probability)[:, model.classes.index(label)]
    chance = np.random.default_rng(0).normal(size=planted.shape)
    methods = {
        "crossed grid (FIxLIP's pairs)": ours.matrix,
        "masks of both": joint_pairs(audio, words, logit),
    }
    for method, weights in (methods | {"random": chance}).items():
        row = {"song": song.id, "method": method, "calls": calls, "pairs": planted.size}
        row |= score(np.abs(weights).ravel(), planted.ravel())
        row["rank"] = spearmanr(weights.ravel(), most.matrix.ravel()).statistic
        row["rmse"] = np.sqrt(np.mean((weights - most.matrix) ** 2)) if method != "random" else np.nan
        row["spread"] = most.matrix.std()
        if weights is ours.matrix:
            inside = np.abs(weights - most.matrix) <= 1.96 * np.hypot(ours.errors, most.errors)
            row |= {
                "intervals": planted.size,
                "covered": inside.sum(),
                "covered planted": inside[planted].sum(),
            }
            row |= {"planted": planted.sum(), "marked": ours.stands_out.sum()}
            row["planted marked"] = planted[ours.stands_out].sum()
        yield row


def pair_exam(corpus, data: Features, songs: int, calls: int, reference: int):
    """The pair exam on test songs that a network with a product answers rightly: there pairs interact."""
    model = SmallFusion(train_small(data, "product", seed=0)[0], data)
    taken, rows = 0, []
    for song in corpus.split("test"):
        evidence = song.evidence["genre"]
        says = model.predict(song.audio[None], [song.lyrics])[0]
        if taken == songs or not (evidence["cells"] and evidence["words"]):
            continue
        if model.classes[says.argmax()] == song.genre:
            rows += pair_rows(song, model, calls, reference)
            taken += 1
            write("xor_pairs", rows, f"corpus {corpus.name}; pairs of a cell and a word, centred log p")
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=8, help="at strength 1; half as many below")
    parser.add_argument("--size", type=int, default=900, help="songs")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--songs", type=int, default=12, help="for the pair exam")
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--reference", type=int, default=1500)
    options = parser.parse_args()
    corpus = ml.load_corpus("demo", evidence="joint", size=options.size)
    data, rows = Features(corpus), []
    note = f"corpus {corpus.name}, {options.size} songs, at most {options.epochs} epochs"
    for seed in range(options.seeds):
        for strength in STRENGTHS:
            if strength < 1 and seed >= options.seeds / 2:
                continue
            for head in HEADS:
                began = time.process_time()
                row = {"head": head, "seed": seed, "strength": strength}
                row |= strength_row(data, head, seed, strength, options.epochs)
                rows.append(row | {"seconds": time.process_time() - began})
                print(rows[-1], flush=True)
        write("xor", rows, note)
    pairs = pair_exam(corpus, data, options.songs, options.calls, options.reference)
    print(pd.DataFrame(rows).groupby(["strength", "head"]).mean().round(3).to_string())
    print(pairs.groupby("method").mean(numeric_only=True).round(3).to_string())


if __name__ == "__main__":
    main()
