# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Regression: how pleasant, how energetic?
#
# **What you will learn.** The eight regressors that led the thesis to AST and RoBERTa (its table 5.1). We build each as its source describes it, in small, and train it. What differs from the thesis is said with each.
#
# **What you need.** {doc}`/book/background/two-ways-of-hearing` and {doc}`/book/background/genre-and-emotion`.
#
# **How long, on what.** {glue:text}`took`.
#
# In the {term}`demo corpus`, valence and energy decide a song's tempo, mode and loudness, and some of its words. So the comparison shows which regressor can find that. It does not show which is best on real music.

# %% tags=["remove-cell"]
import importlib.util
import subprocess
import sys

import musiclime as ml
from musiclime.data.song import SPOTIFY
from musiclime.models.encoders import ENCODERS, encoder
from musiclime.models.filterbank import filterbank
from musiclime.models.preprocessing import clip
from musiclime.show import chapter

# %% tags=["remove-cell"]
if not importlib.util.find_spec("vaderSentiment"):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "vaderSentiment"], check=True)

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import RidgeCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from transformers import AutoTokenizer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
size: int = 300
effort: float = 0.5
xlnet: str = ""
ast: str = ""
roberta: str = ""

# %% [markdown]
# `size` is the number of composed songs, `effort` multiplies the number of epochs. With another `corpus` and its folder, `root`, the page runs on your songs; their table needs the columns `valence` and `energy`, from 0 to 1. Three names make the transformers pretrained ones, as in the thesis: `xlnet="xlnet-base-cased"`, `ast="MIT/ast-finetuned-audioset-10-10-0.4593"`, `roberta="roberta-base"`, or folders that hold such a model. That needs the Hugging Face hub and, to be quick, a GPU.

# %%
songs = ml.load_corpus("demo", size=size) if corpus == "demo" else ml.load_corpus(corpus, root or None)
table = songs.table.reset_index(drop=True)
if not {"valence", "energy"} <= set(table):
    raise ValueError(f"corpus {songs.name!r} has no columns valence and energy: add them to its table")
targets = np.array(table[["valence", "energy"]], np.float32)
train = np.flatnonzero(table["split"] != "test")
test = np.flatnonzero(table["split"] == "test")
device = "cuda" if torch.cuda.is_available() else "cpu"

# %% [markdown]
# The sound becomes the picture that the AST sees: 1,024 frames of 128 mel bands. Each word of the lyrics becomes a number. We keep the 2,000 most frequent words, and at most the first 140 of a song. That is enough for the composed songs; the thesis takes 500 words for its LSTM and 640 tokens for XLNet.

# %% tags=["hide-input"]
lyrics, pictures = [], []
for song in songs:
    lyrics.append(song.lyrics)
    pictures.append(filterbank(torch.from_numpy(clip(song))[None])[0].half().numpy())
mels = np.stack(pictures)


def spectrogram(rows):
    return torch.from_numpy(mels[rows].astype(np.float32)).to(device)


# %% tags=["hide-input"]
words = CountVectorizer(max_features=2000, token_pattern=r"\w+").fit([lyrics[row] for row in train])
split_words = words.build_analyzer()


def numbered(lyric, length=140):
    known = [words.vocabulary_[word] + 1 for word in split_words(lyric) if word in words.vocabulary_]
    return (known + [0] * length)[:length]


numbers = torch.tensor([numbered(lyric) for lyric in lyrics])


def tokens(rows):
    return numbers[rows].to(device)


def reader(checkpoint, length):
    """The input of a pretrained model: rows to the token numbers of its own tokenizer, and the filler's."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    how = {"truncation": True, "max_length": length, "padding": True, "return_tensors": "pt"}
    ids = tokenizer(lyrics, **how)["input_ids"]
    return lambda rows: ids[rows].to(device), tokenizer.pad_token_id


# %% [markdown]
# All networks but the perceptron and MuLan are trained by this loop: mean absolute error, Adam, shuffled batches.


# %%
def fitted(network, inputs, epochs, rate=2e-3, batch=48):
    torch.manual_seed(0)
    network.to(device)
    network(*(make(train[:2]) for make in inputs))  # lazy layers take their size from a first answer
    optimizer = torch.optim.Adam(network.parameters(), rate)
    goal = torch.from_numpy(targets).to(device)
    for epoch in range(max(1, round(epochs * effort))):
        network.train()
        order = np.random.default_rng(epoch).permutation(train)
        for rows in np.array_split(order, max(1, len(train) // batch)):
            loss = (network(*(make(rows) for make in inputs)) - goal[rows]).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
    return network


# %% [markdown]
# All are judged by the same number: the mean absolute error on the test songs. Beside it stands the error with *shuffled inputs*: the mean error over all pairs of a prediction and a true value.

# %% tags=["hide-input"]
results = {}


def judge(name, predicted):
    error = np.abs(predicted - targets[test]).mean(axis=0)
    shuffled = np.abs(predicted[:, None] - targets[test]).mean()
    results[name] = {
        "valence": error[0],
        "energy": error[1],
        "average": error.mean(),
        "inputs shuffled": shuffled,
    }


def judge_network(name, network, inputs):
    answers = []
    with torch.inference_mode():
        for rows in np.array_split(test, 1 + len(test) // 64):
            answers.append(network(*(make(rows) for make in inputs)).cpu().numpy())
    judge(name, np.vstack(answers))


# %% [markdown]
# ## Two that know nothing
#
# *Dummy* guesses at random within the range. *Mean* always says the mean of the training songs. A model that cannot beat *Mean* has learned nothing. A model that learned from its inputs must do worse than *Mean* when the inputs are shuffled.

# %%
rng = np.random.default_rng(0)
dummy = rng.uniform(targets[train].min(0), targets[train].max(0), (len(test), 2))
mean = np.tile(targets[train].mean(0), (len(test), 1))
judge("Dummy", dummy)
judge("Mean", mean)


# %% [markdown]
# ## LSTM on lyrics
#
# The creators of Music4All {cite}`santana2020music4all` use two networks, one for valence and one for energy. Each has an embedding of 200 dimensions, an LSTM of 128 units and a dense layer with a sigmoid. They trained for 100 epochs; we train for {glue:text}`lstm-epochs`.


# %%
class LSTM(nn.Module):
    def __init__(self, vocabulary=2001):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 200, padding_idx=0)
        self.lstm = nn.LSTM(200, 128, batch_first=True)
        self.dense = nn.Linear(128, 1)

    def forward(self, ids):
        states, _ = self.lstm(self.embedding(ids))
        last = (ids != 0).sum(1).clamp(min=1) - 1
        return self.dense(states[torch.arange(len(ids)), last]).sigmoid()


# %% tags=["hide-input"]
class Two(nn.Module):
    """One network for valence, one for energy."""

    def __init__(self, make):
        super().__init__()
        self.each = nn.ModuleList([make(), make()])

    def forward(self, *inputs):
        return torch.cat([network(*inputs) for network in self.each], 1)


# %%
judge_network("Music4All LSTM", fitted(Two(LSTM), [tokens], 5), [tokens])


# %% [markdown]
# ## XLNet on lyrics
#
# {cite:t}`agrawal2021xlnet` read lyrics with XLNet, a transformer trained on permuted orders of words. The thesis took `xlnet-base-cased`, trained it for 10 epochs on a part of its songs, and for valence alone. Ours answers both. Without a checkpoint we take XLNet from the library transformers, with two layers, and train it from nothing.


# %%
class XLNet(nn.Module):
    def __init__(self, checkpoint="", filler=0, vocabulary=2001):
        super().__init__()
        small = {"model_type": "xlnet", "d_model": 64, "n_layer": 2, "n_head": 4, "d_inner": 128}
        self.xlnet = encoder(checkpoint or {**small, "vocab_size": vocabulary})
        self.filler = filler
        self.dense = nn.Linear(self.xlnet.config.d_model, 2)

    def forward(self, ids):
        kept = (ids != self.filler).float()
        states = self.xlnet(ids, attention_mask=kept).last_hidden_state
        mean = (states * kept.unsqueeze(-1)).sum(1) / kept.sum(1, keepdim=True).clamp(min=1)
        return self.dense(mean).sigmoid()


# %%
words_of_xlnet, filler = reader(xlnet, 640) if xlnet else (tokens, 0)
rate = 2e-5 if xlnet else 2e-3  # a pretrained network must not be shaken
judge_network("XLNet", fitted(XLNet(xlnet, filler), [words_of_xlnet], 4, rate), [words_of_xlnet])


# %% [markdown]
# ## A convolutional network on both
#
# {cite:t}`delbouys2018mood` join two networks. One has two convolutions over 40 mel bands and 1,024 frames. The other has a convolution and an LSTM over word2vec embeddings, learned from 1.6 million lyrics. We learn the embeddings from this corpus: counts of neighbouring words as positive mutual information, reduced by SVD. That is a close relative of word2vec.


# %% tags=["hide-input"]
def word_vectors(rows, size=50, window=4):
    ids = tokens(rows).numpy()
    n = 2001
    counts = np.zeros((n, n), np.float32)
    for step in range(1, window + 1):
        np.add.at(counts, (ids[:, :-step], ids[:, step:]), 1)
    counts[0] = 0  # the filler that short lyrics end with
    counts[:, 0] = 0
    counts += counts.T
    chance = np.outer(counts.sum(0), counts.sum(0)) / counts.sum()
    ppmi = np.log(np.maximum(counts, 1e-9) / np.maximum(chance, 1e-9)).clip(0)
    return TruncatedSVD(size, random_state=0).fit_transform(ppmi).astype(np.float32)


# %%
def convolution(inputs, outputs, width, step):
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, width, step), nn.BatchNorm1d(outputs), nn.ReLU(), nn.MaxPool1d(4)
    )


class ConvNet(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.sound = nn.Sequential(convolution(40, 32, 8, 2), convolution(32, 16, 8, 1))
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(vectors), freeze=True, padding_idx=0)
        self.text = nn.Sequential(nn.Conv1d(vectors.shape[1], 32, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2))
        self.lstm = nn.LSTM(32, 32, batch_first=True)
        self.dense = nn.Sequential(nn.Dropout(0.2), nn.LazyLinear(32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, mel, ids):
        forty = nn.functional.adaptive_avg_pool1d(mel, 40).transpose(1, 2)
        heard = self.sound(forty).flatten(1)
        read, _ = self.lstm(self.text(self.embedding(ids).transpose(1, 2)).transpose(1, 2))
        return self.dense(torch.cat([heard, read.mean(1)], 1)).sigmoid()


# %%
both = [spectrogram, tokens]
judge_network("Conv. Net.", fitted(ConvNet(word_vectors(train)), both, 8), both)


# %% [markdown]
# ## A perceptron on named features
#
# Its inputs are high-level features of the sound: loudness, brightness, how busy it is, and twelve pitch classes. (The thesis takes Spotify's. Where a corpus has Spotify's columns, they are added.) Beside them stand VADER's sentiment of the lyrics {cite}`hutto2014vader` and TF-IDF reduced by SVD. The perceptron has three hidden layers of 128, 64 and 32 units.


# %% tags=["hide-input"]
def high_level(rows):
    mel = mels[rows].astype(np.float32)
    loud = mel.mean((1, 2))
    rise = np.diff(mel.mean(2), axis=1).clip(0)
    bands = mel.reshape(len(rows), 1024, 16, 8).mean((1, 3))
    pulse = np.abs(np.fft.rfft(mel.mean(2) - mel.mean((1, 2))[:, None], axis=1))[:, 5:70]
    strongest = pulse.reshape(len(rows), 13, 5).max(2)
    known = table[[name for name in SPOTIFY if name in table]]
    theirs = known.fillna(known.mean()).loc[rows].to_numpy(np.float32)
    return np.column_stack([loud, mel.std((1, 2)), rise.mean(1), rise.std(1), bands, strongest, theirs])


# %% tags=["hide-input"]
def chroma(rows):
    steps = np.linspace(*1127 * np.log1p(np.array([20, 8000]) / 700), 130)[1:-1]
    hertz = 700 * np.expm1(steps / 1127)
    heard = (hertz > 250) & (hertz < 2000)
    pitch = np.round(12 * np.log2(hertz[heard] / 440)).astype(int) % 12
    power = np.exp(9.14 * mels[rows][:, :, heard].astype(np.float32)).mean(1)
    profile = np.array([np.bincount(pitch, song, 12) for song in power])
    shares = profile / profile.sum(1, keepdims=True)
    return np.array([np.roll(share, -share.argmax()) for share in shares])


# %% tags=["hide-input"]
vader = SentimentIntensityAnalyzer()


def sentiment(rows):
    return np.array([list(vader.polarity_scores(lyrics[row]).values()) for row in rows])


learned_from = [lyrics[row] for row in train]
count = min(60, len(TfidfVectorizer().fit(learned_from).vocabulary_) - 1)
topics = make_pipeline(TfidfVectorizer(), TruncatedSVD(count, random_state=0)).fit(learned_from)
print(f"{len(topics[0].vocabulary_):,} words become {count} topics")


# %%
def named(rows):
    about = topics.transform([lyrics[row] for row in rows])
    return np.hstack([high_level(rows), chroma(rows), sentiment(rows), about])


# %%
perceptron = make_pipeline(
    StandardScaler(),
    MLPRegressor(hidden_layer_sizes=(128, 64, 32), alpha=1.0, early_stopping=True, random_state=0),
)
perceptron.fit(named(train), targets[train])
described = named(test)
judge("MLP", perceptron.predict(described))


# %% [markdown]
# ## Two towers, trained to find each other
#
# MuLan {cite}`huang2022mulan` trains a network for sound and one for text so that the two vectors of one song lie closer than those of different songs. The thesis gave it lyrics, trained for 70,000 steps on half of its songs, and fitted a regression on the joined vectors. So do we, for {glue:text}`mulan-epochs` epochs.


# %%
class Towers(nn.Module):
    def __init__(self, vocabulary=2001, size=64):
        super().__init__()
        self.audio = nn.Sequential(nn.Conv1d(128, 64, 8, 4), nn.ReLU(), nn.Conv1d(64, 64, 8, 4), nn.ReLU())
        self.text = nn.EmbeddingBag(vocabulary, 64, padding_idx=0)
        self.project = nn.ModuleDict({"audio": nn.Linear(128, size), "text": nn.Linear(64, size)})
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, mel, ids):
        frames = self.audio(mel.transpose(1, 2))
        heard = self.project["audio"](torch.cat([frames.mean(2), frames.amax(2)], 1))
        read = self.project["text"](self.text(ids))
        return nn.functional.normalize(heard, dim=1), nn.functional.normalize(read, dim=1)

    def contrast(self, mel, ids):
        heard, read = self(mel, ids)
        scores = self.scale.exp() * heard @ read.T
        right = torch.arange(len(mel), device=mel.device)
        return nn.functional.cross_entropy(scores, right) + nn.functional.cross_entropy(scores.T, right)


# %% tags=["hide-input"]
def contrasted(towers, epochs):
    towers.to(device)
    optimizer = torch.optim.Adam(towers.parameters(), 1e-3)
    for epoch in range(max(1, round(epochs * effort))):
        order = np.random.default_rng(epoch).permutation(train)
        for rows in np.array_split(order, max(1, len(train) // 64)):
            loss = towers.contrast(spectrogram(rows), tokens(rows))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return towers


# %%
towers = contrasted(Towers(), 6)


def joined(rows):
    with torch.inference_mode():
        return torch.cat(towers(spectrogram(rows), tokens(rows)), 1).cpu().numpy()


regression = RidgeCV(np.logspace(-3, 3, 7)).fit(joined(train), targets[train])
judge("MuLan", regression.predict(joined(test)))


# %% [markdown]
# ## AST and RoBERTa
#
# The thesis's own model: the mean of the AST's last hidden states beside the vector of RoBERTa's first token, then dropout, one linear layer and a sigmoid. The thesis took the pretrained AST and `roberta-base`; ours are small and start from nothing unless `ast` and `roberta` name pretrained ones.


# %%
class Transformers(nn.Module):
    def __init__(self, ast="", roberta="", filler=0, vocabulary=2001):
        super().__init__()
        small = {**ENCODERS["demo"]["lyrics"], "vocab_size": vocabulary, "pad_token_id": 0}
        self.ast = encoder(ast or ENCODERS["demo"]["audio"])
        self.roberta = encoder(roberta or small)
        self.filler = filler
        width = self.ast.config.hidden_size + self.roberta.config.hidden_size
        self.dropout, self.linear = nn.Dropout(0.1), nn.Linear(width, 2)

    def forward(self, mel, ids):
        heard = self.ast(mel).last_hidden_state.mean(1)
        read = self.roberta(ids, attention_mask=(ids != self.filler).long()).last_hidden_state[:, 0]
        return self.linear(self.dropout(torch.cat([heard, read], 1))).sigmoid()


# %%
words_of_roberta, filler = reader(roberta, 512) if roberta else (tokens, 0)
rate = 2e-5 if ast or roberta else 1e-3
heard_and_read = [spectrogram, words_of_roberta]
final = fitted(Transformers(ast, roberta, filler), heard_and_read, 6, rate)
judge_network("AST + RoBERTa", final, heard_and_read)

# %% [markdown]
# ## Side by side
#
# The mean absolute error on the test songs. Beside ours stand the thesis's three columns, on Music4All: compare the order, not the numbers. The average that the thesis prints for the convolutional network is not the mean of the two numbers beside it.

# %% tags=["hide-input"]
board = pd.DataFrame(results).T
published = pd.read_csv(chapter.data_folder() / "published_regression.csv").set_index("model")
published = published.rename({"MuLaN": "MuLan"})
theirs = published[["valence", "energy", "average"]].add_prefix("thesis: ")
shown = board.join(theirs).rename_axis("regressor").reset_index()
shown.style.hide(axis="index").format(precision=3, na_rep="not given")

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
board[["average", "inputs shuffled"]].plot.barh(ax=ax, color=["#0072B2", "#BBBBBB"])
ax.axvline(board.loc["Mean", "average"], color="#D55E00", ls="--", label="always the mean")
ax.invert_yaxis()
ax.set(xlabel="mean absolute error, smaller is better", ylabel="")
ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
chapter.figure(
    fig,
    alt="Horizontal bars of the mean absolute error of eight regressors, each with a grey bar for shuffled "
    "inputs. A dashed line marks the error of always saying the mean.",
    caption="Eight regressors. Grey: the same model with its inputs shuffled among the songs.",
    name="fig-regression",
)

# %% tags=["remove-cell"]
order = board["average"].sort_values()
chapter.glue("best", order.index[0])
chapter.glue("best-error", order.iloc[0])
chapter.glue("mean-error", board.loc["Mean", "average"])
beaten = [name for name in board.index if board.loc[name, "average"] < board.loc["Mean", "average"] - 0.005]
chapter.glue("beaten", ", ".join(beaten) or "none")
chapter.glue("songs", len(train))
chapter.glue("lstm-epochs", max(1, round(5 * effort)))
chapter.glue("mulan-epochs", max(1, round(6 * effort)))

# %% [markdown]
# {glue:text}`best` has the smallest error: {glue:text}`best-error:.3f`, against {glue:text}`mean-error:.3f` for always saying the mean. Better than the mean by more than 0.005: {glue:text}`beaten`. The others have not shown that they learned anything. There is one seed and one split, so differences of a few thousandths mean nothing. All learn from {glue:text}`songs` songs, which is little for a transformer. Compare the ridge regressions of exercise 1: on so few songs one of them may do better than all eight. A full run of this page has more songs than a quick one.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** One split and one measure for all, and one loop for most.
# - **Limit.** Unless you name checkpoints, these are small networks that start from nothing: what pretraining gives XLNet, AST and RoBERTa is missing, and MuLan always starts from nothing.
# - **Limit.** The thesis trained XLNet, the convolutional network and MuLan on a part of its data, and longer than we do.
# - **Limit.** Spotify's features have been closed to new users since 2024; ours are simpler.
# - **What this cannot tell you.** Which architecture is best on real music.
#
# ## Exercises
#
# **1.** Which of three groups of the perceptron's inputs says most by itself?

# %% tags=["hide-cell", "solution"]
groups = {"sound": high_level, "pitch classes": chroma, "sentiment": sentiment}
for name, make in groups.items():
    only = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 7))).fit(make(train), targets[train])
    valence, energy = np.abs(only.predict(make(test)) - targets[test]).mean(0)
    print(f"{name}: valence {valence:.3f}, energy {energy:.3f}")

# %% [markdown]
# **2.** On the training songs the best constant answer for the mean absolute error is the median, not the mean. Is it better on the test songs too?

# %% tags=["hide-cell", "solution"]
print(np.abs(np.median(targets[train], 0) - targets[test]).mean().round(4), "for the median")
print(board.loc["Mean", "average"].round(4), "for the mean")

# %% [markdown]
# **3.** Turn the perceptron's answers into emotions. How often are they right?

# %% tags=["hide-cell", "solution"]
guess = [ml.emotion_of(*np.clip(pair, 0, 1)) for pair in perceptron.predict(described)]
print(f"right for {np.mean(np.array(guess) == table['emotion'].to_numpy()[test]):.0%} of the songs")

# %% [markdown]
# ## Summary
#
# Eight regressors, one table. A model has learned from its inputs if it beats the mean, and does worse than the mean when its inputs are shuffled. Otherwise it has not.
#
# ## Next
