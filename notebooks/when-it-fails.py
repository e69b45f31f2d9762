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
# # When it fails
#
# **What you will learn.** Seven ways in which an explanation can mislead, each measured, and a way to notice each of
# them without knowing the truth.
#
# **What you need.** {doc}`Can you trust it? </runs/trust>`
#
# **How long, on what.** {glue:text}`took`, with few songs: the numbers below are rough.

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt

import musiclime.show.figures as plots
from musiclime.data.song import STEMS
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
samples: int = 300
songs: int = 4
rare: int = 45

# %%
import numpy as np
import pandas as pd

import musiclime as ml
from musiclime.judge.planted_evidence import marks
from musiclime.models import separation

data = ml.load_corpus(corpus, root or None)
options = {"preset": preset, "weights": weights, "root": root or None, "progress": False}
model = ml.load_model("genre", "multimodal", data, **options)

# %% [markdown]
# The songs of this page are the first test songs with six planted cells or more. If songs have no planted evidence,
# we take the first ones. No model had a say in the choice, so models can be compared on them.

# %% tags=["hide-input"]
test = data.kept_aside()
heard = []
for one in test:
    if not one.evidence or len(one.evidence["genre"]["cells"]) >= 6:
        heard.append(one)
    if len(heard) == songs:
        break
for one in heard:
    if one.genre not in model.classes:  # a song without a label is explained for what the model says of it
        ready = ml.LyricsLIME(model).prepare(one)
        one.genre = model.classes[int(model.predict(ready.audio[None], [ready.lyrics])[0].argmax())]
song = heard[0]
if not song.evidence:
    print("These songs have no planted evidence: each AUC of this page is missing (nan).")
chapter.sounds({f"the first song: {song.genre}": song.audio}, song.sample_rate)


# %%
def explain(song, **options):
    return ml.MusicLIME(model, samples=samples, **options).explain(song)


def cell_auc(explanation, song):
    """How often a planted cell outranks another."""
    for row in marks(explanation, song, song.genre):
        if row["modality"] == "audio":
            return row["auc"]
    return np.nan


# %% [markdown]
# ## One: bleed taken for evidence
#
# A separator leaks: a part of what one stem played ends up in another, and its weight with it. The same model explains
# the same songs with their true stems, and with stems from the small separator of this book. The rows are each stem's
# share of the weight. (Of songs without true stems only the second column is shown.)

# %%
ways = {"true stems": {}} if song.stems is not None else {}
ways["separated"] = {"separate": separation.separator("demo")}
by_way = {name: [explain(one, **options) for one in heard] for name, options in ways.items()}


def share_by_stem(explanations):
    weight = dict.fromkeys(STEMS, 0.0)
    for one, explained in zip(heard, explanations):
        row = explained.weights[explained.row(one.genre)]
        for feature, w in zip(explained.features, row):
            if feature.modality == "audio":
                weight[feature.stem] += abs(w)
    return pd.Series(weight) / sum(weight.values())


bleed = pd.DataFrame({name: share_by_stem(explained) for name, explained in by_way.items()})
bleed.loc["AUC of planted cells"] = [
    np.mean([cell_auc(e, s) for e, s in zip(explained, heard)]) for explained in by_way.values()
]
bleed.round(2)

# %%
parts = separation.separate(song.audio, song.sample_rate)
stem = sorted(song.evidence["genre"]["cells"])[0][0] if song.evidence else "drums"
known = {f"{stem}, true": song.stems[stem]} if song.stems is not None else {}
chapter.sounds(known | {f"{stem}, separated": parts[stem]}, song.sample_rate)

# %% [markdown]
# **How to notice:** listen to single cells. If *drums3* alone has a voice in it, its weight is not the drums' alone.
#
# ## Two: evidence that is there twice is shared out
#
# Imagine a model that is sure as soon as it hears the drums *or* reads the word "amber". Each alone is enough.

# %%
from musiclime.judge.white_boxes import game

doubled, _, _ = game("sum")  # a song of two tones and six words
drum_tone = doubled.stems["drums"][:1600]


def either(audio, lyrics):
    drums = np.abs(np.asarray(audio)[:, :1600] @ drum_tone) > 1
    word = np.array(["amber" in text for text in lyrics])
    sure = np.where(drums | word, 0.9, 0.1)
    return np.column_stack([sure, 1 - sure])


twice = ml.MusicLIME(either, ["yes", "no"], samples=2000).explain(doubled)
twice.table("yes").head(3).round(2)

# %% [markdown]
# Taking away either one costs nothing, taking away both costs 0.8. The explanation gives each about 0.4: a sum cannot say
# "one of the two". **How to notice:** the probability stays when the top feature goes, and R² is well below 1.
# {doc}`Do they interact? </runs/interaction>` measures what a sum has no term for.

# %%
print(f"R² {twice.score[0]:.2f}")

# %% [markdown]
# ## Three: evidence across a segment border
#
# In these songs evidence is planted in tenths of the clip. With seven segments a piece of evidence may lie across two
# cells.

# %%
borders = {}
for count in (10, 7):
    rows = [row for one in heard for row in marks(explain(one, segments=count), one, one.genre)]
    audio = pd.DataFrame(rows, columns=["modality", "auc", "touched"]).query("modality == 'audio'")
    borders[count] = audio[["auc", "touched"]].mean()
pd.DataFrame(borders).T.rename_axis("segments").round(2)

# %% [markdown]
# *Touched* is how often a cell of which some part, but less than half, is evidence outranks a cell without any. Above
# 0.5, which is chance, such cells get a part of the weight. **How to notice:** explain again with another number of
# segments. Weight that belongs to a moment stays at that moment in seconds.
#
# ## Four: words that the model never read
#
# The model reads 256 tokens. Put 230 words in front of a text, and its end is cut off. An explainer that perturbs the
# whole text, as the published code does, then sees something strange: removing a word pulls later words into view.

# %%
front = " ".join(f"la{number}" for number in range(230))
long = ml.Song(**{**vars(song), "lyrics": front + "\n" + song.lyrics})


def untruncated(audio, lyrics):
    return model.predict(audio, lyrics)


careful = ml.LyricsLIME(model, samples=2 * samples).explain(long)
careless = ml.LyricsLIME(untruncated, classes=model.classes, samples=3 * samples).explain(long)
read = {feature.name for feature in careful.features}
unread = [feature.name not in read for feature in careless.features]
weight = np.abs(careless.weights[careless.row(song.genre)])
print(
    f"{sum(unread)} of {len(unread)} words, which the model never read, get "
    f"{weight[unread].sum() / weight.sum():.0%} of the weight"
)

# %% [markdown]
# **How to notice:** ask the model without the last word. If nothing changes, to the last digit, that word was never
# read. If a model says where it stops reading (`truncate`), our explainers cut the text there first.
#
# ## Five: perturbations that the model never met
#
# The demo's models were trained with random cells muted and words dropped. A second model was trained without.

# %% tags=["hide-input"]
trained = {"trained with muting": model}
if preset == "real":
    trained = {"trained by others, without muting": model}
else:
    trained["trained without"] = ml.load_model("genre", "multimodal", data, augment=False, **options)


# %%
def right_with_half_gone(asked):
    right = []
    for one in heard:
        explainer = ml.MusicLIME(asked)
        space = explainer.space(one)
        coins = np.random.default_rng(0).random((40, len(space.audio) + len(space.lyrics))) < 0.5
        right.append(explainer.outputs(space, coins).argmax(1) == asked.classes.index(one.genre))
    return np.mean(right)


strange = {}
for name, asked in trained.items():
    explained = [ml.MusicLIME(asked, samples=samples).explain(one) for one in heard]
    strange[name] = {
        "right with half of the song gone": right_with_half_gone(asked),
        "AUC of planted cells": np.mean([cell_auc(e, s) for e, s in zip(explained, heard)]),
    }
pd.DataFrame(strange).T.round(2)

# %% [markdown]
# **How to notice:** ask the model about random halves of songs. If most answers are one class, the model reacts to the
# silence itself, not to what was silenced.
#
# ## Six: a class that is hardly ever predicted
#
# *Relaxed* is rare. An average over the songs that are *classified* as Relaxed is an average over next to nothing.

# %% tags=["hide-input"]
with_emotion = data.where(data.table["emotion"] != "")
moods = model  # of songs without emotions the genres are counted
if preset == "real":
    moods = ml.load_model("mood", "multimodal", preset="real")
elif len(with_emotion):
    moods = ml.load_model("emotion", "multimodal", with_emotion, **options)

# %%
some = [ml.LyricsLIME(moods).prepare(test[position]) for position in range(min(rare, len(test)))]
predicted = [moods.predict(one.audio[None], [one.lyrics])[0].argmax() for one in some]
counts = pd.Series(np.array(moods.classes)[predicted]).value_counts().reindex(moods.classes, fill_value=0)
counts.to_frame(f"of {len(some)} songs classified so").T

# %% [markdown]
# **How to notice:** print the number of songs beside every claim about a class. The thesis prints it for *Relaxed*.
#
# ## Seven: *muted* can mean many things
#
# A muted cell has to play something: silence, noise of the same level, or neutral music. First hear what the model
# hears when half of the cells are muted.

# %%
stages = {"silence": {}, "noise": {"off": "noise"}}
if song.evidence:  # only the composer knows what a song would be without its genre
    stages["neutral"] = {"off": "neutral"}
half = np.random.default_rng(3).random((1, 40)) < 0.5
mixes = {}
for name, options in stages.items():
    mixes[f"half of the cells muted: {name}"] = ml.AudioLIME(model, **options).space(song).mix(half)[0]
chapter.sounds(mixes, song.sample_rate)

# %%
acts = {name: [explain(one, **options) for one in heard] for name, options in stages.items()}
cells = {name: explained[0].weights[explained[0].row(song.genre)][:40] for name, explained in acts.items()}
agreement = pd.DataFrame(cells).corr(method="spearman")
agreement["AUC of planted cells"] = [
    np.mean([cell_auc(e, s) for e, s in zip(explained, heard)]) for explained in acts.values()
]
agreement.round(2)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, len(stages), figsize=(3 * len(stages), 2.4), sharey=True)
limit = max(np.abs(w).max() for w in cells.values())
for ax, (name, w) in zip(axes, cells.items()):
    ax.imshow(w.reshape(10, 4).T, cmap=plots.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    ax.set(title=name, xlabel="segment", xticks=range(0, 10, 3), yticks=range(4), yticklabels=STEMS)
chapter.figure(
    fig,
    alt="Grids of stems by segments, one for each meaning of muted, on one colour scale.",
    caption="One song, one model, several meanings of *muted*. Orange speaks for the label, blue against it.",
    name="fig-theatre",
)

# %% [markdown]
# The training of this model mutes cells with silence, so a comparison of the three by AUC favours silence. **How to
# notice:** explain with two meanings. Say beside every explanation what *muted* means in it.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Each failure is looked for where it should show. Where it did little harm, the number says so.
# - **Limit.** Few songs and one seed: differences of a few hundredths mean nothing here.
# - **What this cannot tell you.** Which of the seven is at work in your own explanation. The seven ways to notice are a
#   start.
#
# ## Exercises
#
# **1.** Does a mask token in place of a deleted word change which words matter?

# %% tags=["hide-cell", "solution"]
token = ml.LyricsLIME(model, samples=2 * samples, mask_token="<unk>").explain(song)
deleted = ml.LyricsLIME(model, samples=2 * samples).explain(song)
row = token.row(song.genre)
print(
    f"rank correlation {pd.Series(token.weights[row]).corr(pd.Series(deleted.weights[row]), method='spearman'):.2f}"
)

# %% [markdown]
# **2.** Write a meaning of *muted* of your own: the same stem in the segment before.

# %% tags=["hide-cell", "solution"]
ready = ml.MusicLIME(model).prepare(song)
size = len(ready.audio) // 10


def previous(stem, segment):
    start = ((segment - 1) % 10) * size
    return ready.stems[stem][start : start + size]


explain(ready, off=previous).table(song.genre).query("modality == 'audio'").head(3)

# %% [markdown]
# **3.** In part two, make the model need *both* the drums and the word. What are the weights now?

# %% tags=["hide-cell", "solution"]


def both(audio, lyrics):
    drums = np.abs(np.asarray(audio)[:, :1600] @ drum_tone) > 1
    word = np.array(["amber" in text for text in lyrics])
    sure = np.where(drums & word, 0.9, 0.1)
    return np.column_stack([sure, 1 - sure])


ml.MusicLIME(both, ["yes", "no"], samples=2000).explain(doubled).table("yes").head(2).round(2)

# %% [markdown]
# The weights are the same: "or" and "and" look alike to a sum.
#
# ## Summary
#
# Bleed moves weight, evidence that is there twice shares it, segment borders can split it. Words that the model never
# reads get weight, the model reacts to silence that it never met, means over rare classes rest on next to nothing,
# and *muted* can mean many things. All of it can be measured.
#
# ## Next
#
# {doc}`Do they interact? </runs/interaction>`: the term that a sum does not have.
