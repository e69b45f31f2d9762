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
# # Can you trust it?
#
# **What you will learn.** Five questions to ask of any explanation. Does the model use the evidence at all? Does the
# explanation find it (*right*)? Does the model behave as the explanation says (*faithful*)? Would another run say
# the same (*stable*)? Would a broken model be explained differently (*sane*)?
#
# **What you need.** {doc}`Explain </runs/explain-genre-multimodal>` and {doc}`/book/background/lime-and-its-family`.
#
# **How long, on what.** {glue:text}`took`, with the counts below; more with more songs.
#
# The paper lacks a criterion for judging explanations, and calls this its main limitation {cite}`sotirou2024musiclime`.
# Here the songs are composed with planted evidence, so that *right* has a meaning.
# {doc}`The exam on real songs </runs/exam-on-real-songs>` repeats the question with splices of real songs.

# %% tags=["remove-cell"]
from copy import deepcopy

import matplotlib.pyplot as plt
import seaborn as sns
import torch

import musiclime.show.figures as plots
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
songs: int = 12
samples: int = 300
asked: int = 24
seeds: int = 3
random_orders: int = 6

# %% [markdown]
# The first two questions need songs with planted evidence, so they are always asked of the composed songs and the
# demo's model. The other three are asked of `corpus` and `preset`.

# %%
import numpy as np
import pandas as pd

import musiclime as ml

model = ml.load_model("genre", "multimodal")
test = ml.load_corpus("demo").split("test")
heard = [test[position] for position in range(asked)]

# %% [markdown]
# ## First: does the model use the planted evidence?
#
# An explanation cannot find evidence that the model ignores. So before any explanation we replace the planted
# words, the planted cells, or both by neutral material, and ask the model again. We replace them and do not silence
# them, because the model also reacts to silence.

# %%
versions = {
    "as composed": heard,
    "words replaced": [song.neutral(cells=False) for song in heard],
    "cells replaced": [song.neutral(words=False) for song in heard],
    "both replaced": [song.neutral() for song in heard],
}
truth = np.array([model.classes.index(song.genre) for song in heard])
own = {}
for name, changed in versions.items():
    answers = model.predict(np.stack([song.audio for song in changed]), [song.lyrics for song in changed])
    own[name] = answers[np.arange(len(changed)), truth]
    right = np.mean(answers.argmax(1) == truth)
    print(f"{name:15} accuracy {right:.2f}, mean probability of the true genre {own[name].mean():.2f}")

# %% [markdown]
# With both replaced, little is left of the accuracy: the model uses both kinds of evidence and hardly anything else.
#
# ## Right: does the explanation find it?
#
# Take one song, an easy one: of all the test songs it loses most when its cells are replaced. Each feature has a
# weight, and we know which features were planted. The **AUC** is the chance that a planted feature gets a larger weight
# than one that was not planted; 0.5 is guessing.

# %%
chosen = int(np.argmax(own["as composed"] - own["cells replaced"]))
song = heard[chosen]
explainer = ml.MusicLIME(model, samples=samples)
explanation = explainer.explain(song)
weight = explanation.weights[explanation.row(song.genre)]
names = [feature.name for feature in explanation.features]

evidence = song.evidence["genre"]
planted_names = {f"{stem}{segment}" for stem, segment in evidence["cells"]} | set(evidence["words"])
planted = np.array([name in planted_names for name in names])
larger = np.greater.outer(weight[planted], weight[~planted])
print(f"{planted.sum()} of {len(planted)} features are planted; AUC {larger.mean():.2f}")

# %% [markdown]
# `ml.mark` does this for many songs, for words and cells apart. A song counts for a modality only if replacing its
# evidence there costs the model at least 0.2 of probability: no method can find what does nothing.

# %%
marks = ml.mark(explainer, heard[:songs])
counted = marks[marks["counts"]]
summary = counted.groupby("modality")[["auc", "precision", "pointing", "share"]].mean()
summary.assign(songs=counted.groupby("modality").size()).round(2)

# %% [markdown]
# *Precision*: take as many top features as were planted; it is the share of them that was planted. *Pointing*: how
# often the strongest feature was planted. *Share*: the part of all positive weight that lies on planted features.
# Ties are drawn by lot.

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 2.4))
sns.stripplot(counted, x="auc", y="modality", hue="modality", palette=plots.COLOURS, ax=ax, legend=False)
ax.axvline(0.5, color=plots.INK, ls=":")
ax.set(xlabel="AUC on planted evidence (0.5 is chance)", ylabel="")
chapter.figure(
    fig,
    alt="Dots for words and for cells, one a song, along an axis of AUC; a dotted line marks chance.",
    caption="How well explanations find planted evidence, one dot a song.",
    name="fig-right",
)

# %% [markdown]
# The cells are found less well than the words. That is mostly the model's doing: it does not use every planted cell.
# {doc}`The exam </runs/exam>` shows it, by comparing with the model's own exact values.

# %% tags=["hide-input"]
if (corpus, preset) != ("demo", "demo"):
    data = ml.load_corpus(corpus, root or None)
    print(f"From here on we ask about the corpus {data.name}, and the preset {preset} answers.")
    if not data[0].evidence:
        print("Its songs have no planted evidence: nobody knows what the right answer would be.")
    model = ml.load_model("genre", "multimodal", data, preset, weights=weights, root=root or None)
    explainer = ml.MusicLIME(model, samples=samples)
    song = explainer.prepare(data[0])
    explanation = explainer.explain(song)
    song.genre = explanation.label
    weight = explanation.weights[explanation.row(song.genre)]
    names = [feature.name for feature in explanation.features]
    planted = np.zeros(len(names), dtype=bool)

# %% [markdown]
# ## Faithful: does the model do what the explanation says?
#
# Remove the strongest features one after another and ask the model each time. If the order is good, the probability
# falls early. Random orders are the control.

# %%
space = explainer.space(song)
column = explanation.row(song.genre)


def probability(masks):
    return explainer.outputs(space, masks)[:, column]


def deletion(order):
    """The probability while the features of an order are removed one after another."""
    masks = np.ones((len(order) + 1, len(order)), dtype=bool)
    for count in range(len(order) + 1):
        masks[count, order[:count]] = False
    return probability(masks)


rng = np.random.default_rng(0)
without_one = ~np.eye(len(names), dtype=bool)
orders = {"MusicLIME": np.argsort(-weight), "leave one out": np.argsort(probability(without_one))}
if planted.any():
    orders["planted first"] = np.argsort(-(planted + 0.001 * rng.random(len(names))))
curves = {name: deletion(order) for name, order in orders.items()}
chance = [deletion(rng.permutation(len(names))) for _ in range(random_orders)]

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for line in chance:
    ax.plot(line, color=plots.FAINT, alpha=0.6, lw=0.8)
for name, line in curves.items():
    ax.plot(line, label=name, lw=2)
ax.set(xlabel="features removed", ylabel=f"probability of {song.genre}")
fig.legend(loc="outside upper center", ncols=3)
chapter.figure(
    fig,
    alt="The probability of the genre against the number of removed features: three orders in colour, random ones in grey.",
    caption="Deletion curves of one song. Grey: random orders.",
    name="fig-curves",
)

# %%
areas = {name: line.mean() for name, line in curves.items()} | {"random": np.mean(chance)}
pd.Series(areas).to_frame("mean probability along the curve (small is good)").round(2)

# %% [markdown]
# Removing the planted evidence first is not always the best order. A faithful explanation describes the model, which
# may have learned something else.
#
# ### The curve can be heard

# %%
cells = explanation.top(len(names), song.genre, "audio")
tracks = {}
for count in (0, 2, 5, 10):
    gone = {cell.name for cell in cells[:count]}
    mask = np.array([[name not in gone for name in names]])
    kept = [f for f in explanation.features if f.modality == "audio" and f.name not in gone]
    label = f"without the top {count} cells: {song.genre} at {probability(mask)[0]:.2f}"
    tracks[label] = explanation.listen(kept, space.song)
chapter.sounds(tracks, space.song.sample_rate)

# %% [markdown]
# ## Stable: would another run say the same?
#
# The same song, other random masks. **VSI** is the share of the top five that two runs have in common; *Kendall* is
# the agreement of the whole order, from -1 to 1. *Scatter over error* asks whether the printed errors foretell how much
# runs differ: at 1 they do, above 1 they are too small.

# %%
from musiclime.judge.faithfulness import stable

rows = {}
for count in (samples, 3 * samples):
    runs = [
        ml.MusicLIME(model, samples=count, seed=seed, design="joint").explain(song) for seed in range(seeds)
    ]
    rows[count] = stable(runs, song.genre)
stability = pd.DataFrame(rows).T.rename_axis("masks")
stability[["VSI", "kendall", "scatter over error"]].round(2)

# %% [markdown]
# ## Sane: would a broken model be explained differently?
#
# Replace the model's head by random numbers {cite}`adebayo2018sanity`. If the explanation stayed the same, it would
# never have been about the model. (The head is the model's last layer. The models of the preset *real* have none: there
# we mix their answers at random.)


# %% tags=["hide-input"]
def with_random_head(seed):
    if not hasattr(model, "network"):
        mixture = np.random.default_rng(seed).dirichlet(np.ones(len(model.classes)), len(model.classes))
        return lambda audio, lyrics: model.predict(audio, lyrics) @ mixture
    twin = type(model)(deepcopy(model.network), model.tokenizer, model.card, model.device)
    torch.manual_seed(seed)
    layer = twin.network.head.classifier
    torch.nn.init.normal_(layer.weight, std=layer.weight.std().item())
    return twin


# %%
def agreement(other):
    again = ml.MusicLIME(other, model.classes, samples=samples, seed=1).explain(song)
    return pd.Series(weight).corr(pd.Series(again.weights[column]), method="spearman")


sane = {"the model itself, other masks": agreement(model)}
sane["its head at random"] = np.mean([agreement(with_random_head(seed)) for seed in range(seeds)])
pd.Series(sane).to_frame("rank correlation").round(2)

# %% [markdown]
# The first number is the most that two runs with so few masks can agree; the second should be near 0.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** The truth comes first: a method is judged on evidence that is known, where the model uses it.
# - **Limit.** The planted evidence is local and adds up, by design. Methods that do well here may fail elsewhere.
# - **Limit.** We made the demo's songs, test songs included, and the training recipe with this exam in view.
# - **Limit.** Few songs, so that the page builds quickly. The recorded scoreboard has more:
#   {doc}`The exam </runs/exam>`.
# - **What this cannot tell you.** Whether the explanation of a song without known evidence is right. There you can
#   only check that it is faithful, stable and sane, and a wrong explanation can be all three.
#
# ## Exercises
#
# **1.** Is loud the same as important? Rank the cells of the song by loudness and compute the AUC.

# %% tags=["hide-cell", "solution"]
from musiclime.judge.scores import score

loudness, is_planted = [], []
for cell, known in zip(explanation.features, planted):
    if cell.modality == "audio":
        begin, end = (round(time * space.song.sample_rate) for time in (cell.start, cell.end))
        loudness.append(np.std(space.song.stems[cell.stem][begin:end]))
        is_planted.append(known)
if any(is_planted):
    print(f"AUC of loudness: {score(np.array(loudness), np.array(is_planted))['auc']:.2f}")

# %% [markdown]
# **2.** The curve of *leave one out* starts with the feature whose removal costs most. Why may this order not be the
# best later on?

# %% tags=["hide-cell", "solution"]
print(
    "Evidence that is there twice costs nothing while one copy is left; leave one out ranks both copies low."
)

# %% [markdown]
# **3.** Silence the planted cells instead of replacing them. Does the model lose more?

# %% tags=["hide-cell", "solution"]
keep = np.array([[not (known and f.modality == "audio") for f, known in zip(explanation.features, planted)]])
if planted.any():
    print(f"silenced {probability(keep)[0]:.2f}, replaced {own['cells replaced'][chosen]:.2f}")

# %% [markdown]
# ## Summary
#
# Before an explanation is judged, ask whether the model uses the evidence. Then ask whether the explanation is right,
# faithful, stable and sane. Each answer is a number with a control beside it.
#
# ## Next
#
# {doc}`The exam </runs/exam>`: the same questions for other people's explainers, on composed and on real songs.
