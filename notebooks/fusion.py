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
# # Four ways to join, and several labels
#
# The paper's network puts the vector of the sound and the vector of the words side by side. The thesis ends with what
# one could do instead: other ways to join them, several labels for a song, and encoders that have learned from music.
# This page does all three on a small scale.
#
# **What you will learn**
#
# - what sum, product and cross-attention do with two vectors, and whether it matters for accuracy;
# - whether the way of joining changes the explanation;
# - how to train, judge and explain a model that gives a song several labels;
# - what to write to use an encoder that was trained on music.
#
# **What you need**: {doc}`Train </runs/train-genre-multimodal>` and {doc}`Do they interact? </runs/interaction>`.
#
# **How long, on what**: {glue:text}`took`, for {glue:text}`composed` composed songs.

# %% tags=["hide-input"]
import copy
from dataclasses import replace
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.data.song import COLUMNS
from musiclime.judge.scores import score
from musiclime.models.classifier import LateFusion
from musiclime.models.encoders import Head
from musiclime.models.evaluation import evaluate
from musiclime.models.preprocessing import clip
from musiclime.show import chapter
from musiclime.show.figures import COLOURS

# %% tags=["parameters"]
learned: int = 200
tested: int = 60
seeds: int = 5
explained: int = 2
samples: int = 250
epochs: int = 20

# %% [markdown]
# ## Four heads
#
# Call the vector of the sound $s$ and that of the words $w$. All four heads end in the same two steps, LayerNorm and one
# linear layer. Before that they make one vector of two:
#
# | head | the joined vector | what a word can do |
# |---|---|---|
# | `"concat"` (the paper) | $[s, w]$ | add its own share |
# | `"sum"` | $s + Aw$ | add its share to the numbers of the sound |
# | `"product"` | $s \odot Aw$ | make a part of the sound count more, less or in reverse |
# | `"cross-attention"` | $[Aw, \mathrm{attend}(Aw, s)]$ | choose which parts of the sound count |
#
# $A$ brings the words to the size of the sound. For cross-attention both vectors are cut into four parts; each part of
# the words is a question, and the answer is a mean of the four parts of the sound, weighted by how well they fit.
#
# LayerNorm divides by the spread of the joined vector. So with any of these heads a word may also change how much the
# sound counts; {doc}`Do they interact? </runs/interaction>` shows it.
#
# These heads join *codes*, the vectors that the encoders give. One could let every word attend to every moment instead.
# Then sound and words would meet inside the network, each combination would need a pass of its own, and the design that
# makes our explanations cheap ({doc}`How fast, how many </runs/how-fast>`) would be lost.
#
# ## Trained live, on the same encoders
#
# We take the two encoders of the book's own model, keep them as they are, and train only the heads on their codes.

# %% tags=["hide-input"]
model = ml.load_model("genre", "multimodal")
demo = ml.load_corpus("demo")


def first(split, count):
    return demo.where((demo.table["split"] == split) & (demo.table.groupby("split").cumcount() < count))


train = [replace(song, stems=None) for song in first("train", learned)]
val = [replace(song, stems=None) for song in first("val", tested // 2)]
test = list(first("test", tested))
neutral = [song.neutral() for song in test]


def codes(songs):
    """The two codes of each song."""
    heard = model.encode_audio(np.stack([clip(song, model.sample_rate) for song in songs]))
    return torch.tensor(heard), torch.tensor(model.encode_lyrics([song.lyrics for song in songs]))


def classes_of(songs):
    return torch.tensor([model.classes.index(song.genre) for song in songs])


# %%
def train_head(fusion, seed, steps=150):
    """A new head, trained on all songs at once; it has the songs' codes and nothing else."""
    torch.manual_seed(seed)
    sound, words = train_codes
    head = Head([sound.shape[1], words.shape[1]], len(model.classes), fusion)
    optimiser = torch.optim.AdamW(head.parameters(), 1e-2)
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(head(sound, words), classes_of(train))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return head.eval()


def share_right(head, two_codes):
    with torch.inference_mode():
        return float((head(*two_codes).argmax(1) == classes_of(test)).double().mean())


train_codes, test_codes, neutral_codes = codes(train), codes(test), codes(neutral)
heads = {(fusion, seed): train_head(fusion, seed) for fusion in Head.FUSIONS for seed in range(seeds)}
live = [
    {
        "head": fusion,
        "accuracy": share_right(head, test_codes),
        "evidence replaced": share_right(head, neutral_codes),
    }
    for (fusion, _), head in heads.items()
]
live = pd.DataFrame(live).groupby("head", sort=False).agg(["mean", "min", "max"]).round(2)
live

# %% tags=["remove-cell"]
composed = learned + tested // 2 + 2 * tested
chapter.glue("composed", composed)
chapter.glue("tested", tested)
chapter.glue("seeds", seeds)
middle = live[("accuracy", "mean")].mean()
chapter.glue("noise", float(np.sqrt(middle * (1 - middle) / tested)))
chapter.glue("concat", live.loc["concat", ("accuracy", "mean")])
chapter.glue("cross", live.loc["cross-attention", ("accuracy", "mean")])

# %% [markdown]
# The table gives the mean over {glue:text}`seeds` seeds, the smallest and the largest, on {glue:text}`tested` songs.
# The standard error of one accuracy is about {glue:text}`noise:.2f`, so differences of that size mean nothing. The
# encoders were trained for concatenation, which is an advantage for it. And in these songs a genre never *needs* both
# sides at once. Where it does, the heads differ much more: see the exclusive or in
# {doc}`Do they interact? </runs/interaction>`.
#
# ## Trained whole
#
# `ml.load_model("genre", "multimodal", songs, fusion="cross-attention")` trains encoders and head together. That takes
# minutes a network, so this table is a record:

# %% tags=["hide-input"]
columns = ["accuracy", "evidence replaced", "AUC of cells", "AUC of words"]
file = chapter.data_folder() / "measured" / "fusion.csv"
if file.is_file():
    print(file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "))
    record = pd.read_csv(file, comment="#").groupby("fusion", sort=False)
    whole = record[columns].mean()
    whole.insert(0, "networks", record.size())
    display(whole.rename_axis("head").reset_index().style.hide().format(precision=2))
else:
    display(Markdown("> This record has not been made yet: `python -m benchmarks.fusion` makes it."))

# %% [markdown]
# *AUC* says how well an explanation of that network finds the planted evidence ({doc}`Can you trust it? </runs/trust>`).
# With two networks for each head, differences of a few hundredths mean nothing. Only the product stands out: with this recipe
# it learns less than the others.
#
# ## Does the head change the explanation?
#
# All four models fuse late, so all four can be explained by the crossed design: each sound is encoded once, each text
# once, and the head combines them.


# %% tags=["hide-input"]
def with_head(fusion):
    """The book's model with another head."""
    network = copy.deepcopy(model.network)
    network.head = heads[fusion, 0]
    architecture = {**model.card["architecture"], "fusion": fusion}
    return LateFusion(network, model.tokenizer, {**model.card, "name": fusion, "architecture": architecture})


weights = {}
for fusion in Head.FUSIONS:
    explainer = ml.MusicLIME(with_head(fusion), samples=samples, design="crossed", progress=False)
    found = [explainer.explain(song) for song in test[:explained]]
    weights[fusion] = np.concatenate([one.weights[one.row(song.genre)] for one, song in zip(found, test)])

# %% tags=["hide-input"]
same = pd.DataFrame(weights).corr()
fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
for ax, fusion in zip(axes, Head.FUSIONS[1:]):
    ax.scatter(weights["concat"], weights[fusion], s=9, color=COLOURS["audio"])
    ax.axline((0, 0), slope=1, color="grey", linewidth=1)
    ax.set(xlabel="weight with concat", title=fusion)
axes[0].set(ylabel="weight with the other head")
chapter.figure(
    fig,
    alt="Three scatter plots: each feature's weight with concatenation against its weight with sum, product and "
    "cross-attention; the points lie around the diagonal",
    caption="The same features of the same songs, explained with four heads on the same encoders.",
    name="fig-heads",
)
chapter.glue("alike", same.min(axis=None))
same.round(2)

# %% [markdown]
# The correlations say how alike the explanations are: the lowest is {glue:text}`alike:.2f`. A low one with equal accuracies
# would mean two models that are right equally often for different reasons. An explanation explains a model, not a song.
#
# ## Several labels a song
#
# Labels are joined by semicolons, and `multilabel=True` gives each label a probability of its own. We need songs with two
# genres. So we make medleys: the lyrics of two songs of different genres, line by line in turn.


# %%
def medley(id, one, other):
    """Two songs' lyrics as one song of two genres; it has no sound."""
    lines = [part.lyrics.splitlines() for part in (one, other)]
    text = "\n".join(line for pair in zip_longest(*lines, fillvalue="") for line in pair)
    return ml.Song(np.zeros(0, np.float32), 16000, text, id=id, genre=f"{one.genre};{other.genre}")


def medleys(name, counts):
    """A corpus of medleys; `counts` says how many, of which songs, for each split."""
    rng, held = np.random.default_rng(0), {}
    for split, (songs, count) in counts.items():
        while sum(key.startswith(split) for key in held) < count:
            one, other = rng.choice(len(songs), 2, replace=False)
            if songs[one].genre != songs[other].genre:
                id = f"{split}{len(held)}"
                held[id] = medley(id, songs[one], songs[other])
                if split == "test":
                    parts[id] = one, other
    rows = [[id, "", "", song.genre, "", None, None, id.rstrip("0123456789")] for id, song in held.items()]
    return ml.Corpus(name, pd.DataFrame(rows, columns=COLUMNS), lambda row: held[row["id"]])


parts = {}
learn = medleys("medleys", {"train": (train, 2 * learned), "val": (val, 60)})
exam = medleys("medleys for the test", {"test": (test, tested)})
judge = ml.load_model(
    "genre", "lyrics", learn, multilabel=True, epochs=epochs, batch=8, augment=False, progress=False
)
measures = evaluate(judge, exam, progress=False)

# %%
without = [medley(id, neutral[one], neutral[other]).lyrics for id, (one, other) in parts.items()]
given = judge.predict(None, without) > 0.5
wanted = np.array([[label in row.split(";") for label in judge.classes] for row in exam.table["genre"]])

# %% tags=["hide-input"]
low, high = measures["accuracy_interval"]
print(f"both labels right and no other: {measures['accuracy']:.2f} of the medleys ({low:.2f} to {high:.2f})")
print(f"the same with the planted words replaced: {(given == wanted).all(1).mean():.2f}")
print(
    f"right decisions, label by label: {measures['label_accuracy']:.2f}; macro F1 {measures['macro_f1']:.2f}"
)
pd.concat([measures["confusion"], measures["report"][["precision", "recall", "f1"]].round(2)], axis=1)

# %% [markdown]
# We print three numbers, because one alone misleads. Two of nine labels are right. So a model that never gives a
# label is right in seven of nine decisions, but in no medley. The first number is the strict one, and F1 counts only
# labels given or missed. Look at the misses: after few medleys, as in a quick run, the model leaves most labels out.
#
# Each label is explained by itself, and its words should be those planted in the song that brought it:

# %%
rows = []
for song in [exam[place] for place in range(2 * explained)]:
    explanation = ml.LyricsLIME(judge, samples=2 * samples, progress=False).explain(song)
    names = [feature.name for feature in explanation.features]
    for part in parts[song.id]:
        label, planted = test[part].genre, test[part].evidence["genre"]["words"]
        weights_of = explanation.weights[explanation.row(label)]
        is_planted = np.isin(names, planted)
        if is_planted.any():
            auc = score(weights_of, is_planted)["auc"]
            leading = ", ".join(np.array(names)[np.argsort(-weights_of)[:4]])
            rows.append({"medley": song.genre, "explained": label, "leading words": leading, "AUC": auc})
pd.DataFrame(rows).style.hide().format({"AUC": "{:.2f}"})

# %% [markdown]
# ## Encoders that have heard music
#
# Any checkpoint of a kind that `transformers` has can take the place of AST or RoBERTa, by its name:
#
# ```python
# model = ml.load_model(
#     "genre", "multimodal", "folder", root="songs", preset="paper",
#     audio_backbone="m-a-p/music2vec-v1", sample_rate=16000,   # hears the waveform itself
#     lyrics_backbone="xlm-roberta-base",                       # reads a hundred languages
# )
# ```
#
# `sample_rate` must be the one that the checkpoint was trained at. music2vec was trained on a thousand hours of music at
# 16 kHz. MERT, from the same authors, hears 24 kHz and does better, but brings code of its own with its weights; the
# book does not run code from a hub and says so. If you trust it, load it as its page says and wrap it in five lines
# ({doc}`Your model </runs/your-model>`). No hub was in reach where this page was made; a test loads a small network of
# the same kind from a folder by the same code.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Four heads, one interface: training, evaluation and every explainer work with any `fusion`.
# - **Limit.** The codes are single vectors. Attention over words and moments could find more, but costs more.
# - **Limit.** Few songs, composed ones, in which the sides do not need each other.
# - **What this cannot tell you**: which head is best for the paper's models. Nobody has trained the other three.
#
# ## Exercises
#
# **1.** How many numbers does each head learn?

# %% tags=["hide-cell", "solution"]
pd.Series(
    {fusion: sum(p.numel() for p in heads[fusion, 0].parameters()) for fusion in Head.FUSIONS}, name="numbers"
)

# %% [markdown]
# **2.** Give every head the wrong words: the lyrics of another song. Which loses most?

# %% tags=["hide-cell", "solution"]
sound, read = test_codes
wrong = (sound, read.roll(1, 0))
pd.Series({fusion: share_right(heads[fusion, 0], wrong) for fusion in Head.FUSIONS}, name="accuracy").round(2)

# %% [markdown]
# **3.** A label is given if its probability is above 0.5. Which other threshold gives the best macro F1 on the test
# songs, and why must you not report that F1?

# %% tags=["hide-cell", "solution"]
from sklearn.metrics import f1_score

said = measures["probabilities"]
borders = (0.1, 0.2, 0.3, 0.5)
print({b: round(f1_score(wanted, said > b, average="macro", zero_division=0), 2) for b in borders})
print("The threshold was chosen on the songs that it is judged on: choose it on the validation songs.")

# %% [markdown]
# ## Summary
#
# Concatenation, sum, product and cross-attention differ in one argument, and the crossed design can explain all of
# them. On these songs concatenation reached {glue:text}`concat:.2f` and cross-attention {glue:text}`cross:.2f`, each
# with a standard error of {glue:text}`noise:.2f`. Several labels are trained, judged and explained label by label.
# Other encoders are loaded by name.
#
# ## Next
