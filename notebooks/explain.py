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
# # Explain
#
# A model gave a song a label. Which words, and which stem in which tenth of the clip, moved it? This chapter first
# makes one explanation by hand, in a few lines, so that you see what MusicLIME is. Then the module explains a few
# songs as section 5.3 of the thesis does: songs the model got right, gave a label wrongly, or missed.
#
# **What you will learn:** how an explanation is made; how to read its weights, errors and R²; how to hear it.
#
# **What you need:** {doc}`How to read an explanation </book/how-to-read>`.
#
# **How long, on what:** {glue:text}`took`, with {glue:text}`samples` masks for each explanation. Few masks keep the
# page quick; the price is the width of every interval.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
task: str = "genre"
modality: str = "multimodal"
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
classes: list = []
samples: int = 400
by_hand: int = 300

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from IPython.display import HTML, display
from sklearn.linear_model import Ridge
from sklearn.metrics import f1_score

from musiclime.data.lyrics import words as words_of
from musiclime.explain.corpus_jobs import explain_songs
from musiclime.explain.masks import coins
from musiclime.show import figures as plots

chapter.glue("samples", samples)

# %%
data = ml.load_corpus(corpus, root or None)
model = ml.load_model(task, modality, data, preset=preset, weights=weights, root=root or None)

# %% tags=["remove-cell"]
kept_aside = (data.table["split"] == "test").to_numpy()
test = data.where(kept_aside) if kept_aside.any() else data
explainer = {"lyrics": ml.LyricsLIME, "audio": ml.AudioLIME, "multimodal": ml.MusicLIME}[modality]

# %% [markdown]
# ## The method, by hand
#
# Take one song. Its sound is four stems (vocals, drums, bass, other) cut into tenths: forty **cells**. Its lyrics are
# **words**. Each cell and each word is a feature that can be on or muted. The method: mute features at random many
# times, ask the model each time, and fit one sum of weights to all its answers.

# %%
song = ml.MusicLIME(model).prepare(test[0])  # what the model hears and reads of it, in stems

# %% tags=["by-hand"]
tracks = np.stack(list(song.stems.values()))
borders = np.linspace(0, tracks.shape[1], 11).round().astype(int)
words = words_of(song.lyrics)
names = list(dict.fromkeys(word for word, start, end in words))
cells = 10 * len(tracks)


def mix(on):
    """The sum of the stems, each silent in the tenths where it is muted."""
    switches = np.repeat(on.reshape(10, len(tracks)), np.diff(borders), axis=0)
    return (switches.T * tracks).sum(axis=0)


def keep(on):
    """The lyrics without the words that are muted."""
    ends = [start for word, start, end in words[1:]] + [len(song.lyrics)]
    pieces = [song.lyrics[: words[0][1]] if words else song.lyrics]
    for (word, start, end), stop in zip(words, ends):
        after = song.lyrics[end:stop]
        pieces.append(song.lyrics[start:stop] if on[names.index(word)] else after.lstrip(" \t"))
    return "".join(pieces)


masks = coins(by_hand, cells + len(names), seed=0)  # a fair coin for every feature
said = [model.predict(mix(mask[:cells])[None], [keep(mask[cells:])])[0] for mask in masks]
sum_of_weights = Ridge(alpha=1.0).fit(masks, said)
found = sum_of_weights.coef_  # one row a class, one column a feature

# %% [markdown]
# That is all of MusicLIME. `found` holds a weight for every feature and every class: how much the model's answer
# changes, on average, when the feature is on rather than muted. The five that speak most for what the model says of
# this song:

# %% tags=["hide-input"]
own = model.predict(song.audio[None], [song.lyrics])[0]
said_label = model.classes[int(own.argmax())]
features = [f"{stem} in tenth {tenth + 1}" for tenth in range(10) for stem in song.stems] + names
strongest = np.argsort(-found[own.argmax()])[:5]
pd.DataFrame(
    {f"feature, for {said_label}": [features[i] for i in strongest], "weight": found[own.argmax()][strongest]}
).round(3).style.hide(axis="index").format(precision=3)

# %% [markdown]
# `ml.MusicLIME` does the same and adds what is needed in practice: the masks in an order that costs little, nothing
# asked twice, an error for every weight, and a warning where masks are too few. On these masks it gives the same
# weights (a test holds the two equal).

# %%
explained_song = ml.MusicLIME(model, samples=by_hand, design="joint").explain(test[0])
explained_song.table().head(5).round(3)

# %% [markdown]
# ## Four songs for a class
#
# Now the model judges every song kept aside for testing.

# %%
answers = np.concatenate(
    [model.predict(one.audio[None], [one.lyrics]) for one in map(explainer(model).prepare, test)]
)
truth = test.table[task].astype(str).to_numpy()
guess = np.array(model.classes)[answers.argmax(axis=1)]

# %% [markdown]
# `classes` names those to show. Without a choice we take two: the one the model knows best and the one it knows least,
# by F1. For each we look for four songs: the **true positive** and the **false positive** of which the model is surest, the
# **false negative** it believed least, and the **prototype**: of the songs it got right, the one whose probabilities lie
# nearest to their mean.

# %%
scores = f1_score(truth, guess, labels=model.classes, average=None, zero_division=0)
ranked = [model.classes[i] for i in np.argsort(-scores, kind="stable")]
chosen = list(classes) or [ranked[0], ranked[-1]]


def cases(label):
    p = answers[:, model.classes.index(label)]
    right = (truth == label) & (guess == label)
    centre = answers[right].mean(axis=0) if right.any() else answers.mean(axis=0)
    rank = {
        "true positive": (right, -p),
        "false positive": ((truth != label) & (guess == label), -p),
        "false negative": ((truth == label) & (guess != label), p),
        "prototype": (right, ((answers - centre) ** 2).sum(axis=1)),
    }
    found = {
        case: int(np.where(mask, cost, np.inf).argmin()) for case, (mask, cost) in rank.items() if mask.any()
    }
    return found or {"surest": int(p.argmax())}


found_cases = {label: cases(label) for label in chosen}
rows = [
    (label, case, *test.table.loc[i, ["title", task]])
    for label in chosen
    for case, i in found_cases[label].items()
]
pd.DataFrame(rows, columns=["class", "case", "title", f"true {task}"]).style.hide(axis="index")

# %% [markdown]
# A case is missing where the model made no such mistake.
#
# ## Explaining them
#
# One line makes the explainer, one explains the songs. What another chapter already explained in the same way is read
# from the cache.

# %%
ask = explainer(model, samples=samples)
explained = {
    label: dict(zip(found_cases[label], explain_songs(ask, [test[i] for i in found_cases[label].values()])))
    for label in chosen
}
first = next(iter(explained[chosen[0]].values()))

# %%
first.table(chosen[0]).head(8).style.hide(axis="index").format(precision=3)

# %% [markdown]
# The **error** is the weight's standard error: with other masks the weight would differ by about that much. A weight
# smaller than two errors could be zero.

# %% tags=["hide-input"]
row = first.row(chosen[0])
told = np.abs(first.weights[row]) > 1.96 * first.errors[row]
facts = {
    "masks": " and ".join(f"{count} {side}" for side, count in first.provenance["masks"].items()),
    "R²: the share of the answers' variation that the sum explains": f"{first.score[row]:.2f}",
    "median error of a weight": f"{np.median(first.errors[row]):.4f}",
    "weights that are clearly not zero": f"{told.mean():.0%}",
    "of the five strongest, another run would name": f"{first.steady(5, chosen[0]):.0%}",
    "the weights estimate": first.provenance["estimates"],
}
pd.DataFrame(facts.items(), columns=["this explanation", ""]).style.hide(axis="index")

# %% [markdown]
# ## Why this class and not that one?
#
# A word can speak for two classes at once. Asked *why this rather than that*, we want the difference of the two weights.
# It has an error of its own, from the same masks.

# %%
second = model.classes[int(np.argsort(-first.probabilities)[1])]
other = second if second != chosen[0] else first.label
other = other if other != chosen[0] else next(label for label in model.classes if label != chosen[0])
first.table(chosen[0], against=other).head(5).style.hide(axis="index").format(precision=3)

# %% [markdown]
# ## Bars, with intervals

# %% tags=["hide-input"]
for label in chosen:
    chapter.figure(
        plots.strongest(explained[label], label),
        alt=f"Bars of the ten strongest features for {label} in each case, with 95 % intervals",
        caption=f"The ten strongest features for *{label}*, with 95 % intervals. Bars to the right speak for the class, "
        "to the left against it; the colour tells sound from words.",
        name=f"fig-bars-{chapter.slug(label)}",
    )

# %% [markdown]
# ## Where in the song
#
# The songs of the first class once more, as they are read and heard.

# %% tags=["hide-input", "not-audio"]
if modality != "audio":
    for case, explanation in explained[chosen[0]].items():
        display(HTML(f"<p><strong>{case}, {chosen[0]}</strong></p>{plots.lit(explanation, chosen[0])}"))

# %% tags=["hide-input", "not-lyrics"]
if modality != "lyrics":
    chapter.figure(
        plots.cells(explained[chosen[0]], chosen[0]),
        alt=f"Stem by segment grids of the weights for {chosen[0]}, one for each case",
        caption=f"Weights of the cells for *{chosen[0]}*, on one scale: a pale map is that of a song whose sound "
        "weighs little. Stems from top to bottom, tenths of the clip from left to right.",
        name="fig-cells",
    )

# %% [markdown]
# ## Listen
#
# Mute what the explanation names and see what the sum of the remaining weights expects; the model's own answer stands
# beside it. This is the song whose sound weighs most, of those above that the model got right.


# %% tags=["hide-input"]
def sound(label, case):
    explanation = explained[label][case]
    pairs = zip(explanation.features, explanation.weights[explanation.row(label)])
    return sum(abs(weight) for feature, weight in pairs if feature.modality == "audio")


right = [(label, case) for label in chosen for case in explained[label] if not case.startswith("false")]
label, case = max(right or [(chosen[0], next(iter(explained[chosen[0]])))], key=lambda one: sound(*one))
chapter.player(explained[label][case], test[found_cases[label][case]], model)

# %% [markdown]
# In a live notebook the model itself can be asked: `explore` opens a panel with a switch for every feature.

# %%
panel = explained[label][case].explore(model, test[found_cases[label][case]])

# %% [markdown]
# ## Were they right?
#
# A composed song knows its evidence: the words and cells that were planted for its class. Of the five features that
# speak most for the song's own class, how many were planted? The last column says how many a random choice would hit.


# %% tags=["hide-input"]
def hits(explanation, song):
    planted = song.evidence[task]
    planted_names = {*planted["words"], *(f"{stem}{segment}" for stem, segment in planted["cells"])}
    truly = [feature.name in planted_names for feature in explanation.features]
    top = [feature.name in planted_names for feature in explanation.top(5, getattr(song, task))]
    return sum(top), 5 * np.mean(truly)


marks = [
    (label, case, *hits(explained[label][case], test[i]))
    for label in chosen
    for case, i in found_cases[label].items()
    if test[i].evidence and task in test[i].evidence
]
if marks:
    columns = ["class", "case", "planted among the five", "by chance"]
    display(pd.DataFrame(marks, columns=columns).style.hide(axis="index").format(precision=1))
else:
    print("These songs have no planted evidence: nobody knows what the right answer would be.")

# %% [markdown]
# So few songs prove nothing. {doc}`Can you trust it? </runs/trust>` marks many.
#
# ## Strengths
#
# - Words and sound carry weights on one scale, in one model, with intervals.
# - Any function that returns numbers can be explained; nothing is read from the model's inside.
#
# ## Limits
#
# - Weights add up. What a word means only together with a sound is in the missing part of R².
# - A muted cell is a sound the model may never have met; another sound in its place can give other weights (exercise 2).
#
# ## What this cannot tell you
#
# Whether the model is right about music, or what a listener heard. An explanation tells what moved this model on this
# song.
#
# ## Exercises
#
# **1.** How far do the weights move with another seed? Compare with what the errors promise.

# %% tags=["hide-cell", "solution"]
example = test[next(iter(found_cases[chosen[0]].values()))]
again = explainer(model, samples=samples, seed=1).explain(example)
moved = (again.weights - first.weights) / np.hypot(again.errors, first.errors)
print(f"standardised differences have standard deviation {moved.std():.2f}; the errors promise 1")

# %% [markdown]
# **2.** Let muted cells play noise of the same level instead of silence (for a model that only reads: let a mask
# token stand for removed words). Which of the top ten stay?

# %% tags=["hide-cell", "solution"]
instead = {"mask_token": "unk"} if modality == "lyrics" else {"off": "noise"}
changed = explainer(model, samples=samples, **instead).explain(example)
before, after = ({feature.name for feature in one.top(10, chosen[0])} for one in (first, changed))
print(f"{len(before & after)} of ten stay: {', '.join(sorted(before & after))}")

# %% [markdown]
# **3.** Make the features coarser: whole lines instead of words, fifths of the clip instead of tenths. Is more of the
# model additive then?

# %% tags=["hide-cell", "solution"]
coarser = {
    "lyrics": {"unit": "line"},
    "audio": {"segments": 5},
    "multimodal": {"unit": "line", "segments": 5},
}
coarse = explainer(model, samples=samples, **coarser[modality]).explain(example)
print(f"{len(coarse.features)} features instead of {len(first.features)}")
print(f"R2 {coarse.score[coarse.row(chosen[0])]:.2f} instead of {first.score[row]:.2f}")

# %% [markdown]
# ## Summary
#
# An explanation is a list of features with weights, errors and an R². Read the R² first, the error before the weight,
# and listen before you believe.
#
# ## Next
#
# {doc}`Four explainers </runs/four-explainers>`: what is sampled, what is fitted, and what the numbers estimate.
