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
# A model gave a song a label. Which words, and which stem in which tenth of the clip, moved it? This chapter
# answers for a few songs, as section 5.3 of the thesis does: a song the model got right, one it gave the label
# wrongly, one it missed, and a prototype.
#
# **What you will learn:** to make an explanation, to read its bars, intervals and R², and to hear it.
#
# **What you need:** {doc}`How to read an explanation </book/how-to-read>`.
#
# **How long, on what:** {glue:text}`took`. The number of masks is small so that the page builds quickly;
# its price is printed as the width of every interval.
#
# The songs are **composed, with planted evidence**: what you see is a claim about the method, never about real
# music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
task: str = "genre"
modality: str = "multimodal"
samples: int = 600
shown: int = 2
songs: int = 1350
training: dict = {}

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from IPython.display import HTML, display
from sklearn.metrics import f1_score

from musiclime.show import figures as plots

# %%
corpus = ml.load_corpus("demo", size=songs)
model = ml.load_model(task, modality, corpus, **training)
test = corpus.split("test")

# %% [markdown]
# ## Four songs for a class
#
# First the model judges every song kept aside for testing.

# %%
answers = np.concatenate([model.predict(song.audio[None], [song.lyrics]) for song in test])
truth = test.table[task].to_numpy()
guess = np.array(model.classes)[answers.argmax(axis=1)]

# %% [markdown]
# Two classes are enough for a page: the one the model knows best and the one it knows least, by F1.

# %%
scores = f1_score(truth, guess, labels=model.classes, average=None, zero_division=0)
ranked = [model.classes[i] for i in np.argsort(-scores, kind="stable")]
chosen = [ranked[0], *ranked[-1:]][:shown]
for place, label in zip(("best", "least"), chosen):
    chapter.glue(place, label)
chapter.glue("task", task)

# %% [markdown]
# In this run these are *{glue:text}`best`* and *{glue:text}`least`*. For each we take the true positive and the
# false positive of which the model is surest, the false negative it believed least, and the **prototype**: of the
# songs it got right, the one whose probabilities lie nearest to their mean.


# %%
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
    return {case: np.where(mask, cost, np.inf).argmin() for case, (mask, cost) in rank.items() if mask.any()}


found = {label: cases(label) for label in chosen}
rows = [
    (label, case, *test.table.loc[i, ["title", task]]) for label in found for case, i in found[label].items()
]
pd.DataFrame(rows, columns=["class", "case", "title", f"true {task}"])

# %% [markdown]
# A case is missing where the model made no such mistake. A song whose words are German is no accident: the corpus
# holds some in other languages, for {doc}`Curation </runs/curation>` to find.
#
# ## Explaining them
#
# One line makes the explainer, one explains a song. It switches words and cells (a stem in a tenth of the clip) off
# at random, asks the model each time, and fits one additive model to all the answers, for all classes at once.

# %%
explainers = {"lyrics": ml.LyricsLIME, "audio": ml.AudioLIME, "multimodal": ml.MusicLIME}
explainer = explainers[modality](model, samples=samples)
explained = {
    label: {case: explainer.explain(test[i]) for case, i in found[label].items()} for label in chosen
}
first = explained[chosen[0]]["true positive"]

# %%
first.table(chosen[0]).head(8)

# %% [markdown]
# A **weight** is how much the probability of the class changes, on average, when that feature is on rather than
# off, all others being tossed like coins. The **error** is the weight's standard error: the weight would differ by
# about that much had other masks been drawn. A weight smaller than two errors is not told from zero.

# %% tags=["hide-input"]
row = first.row(chosen[0])
chapter.glue("r2", first.score[row])
chapter.glue("error", float(np.median(first.errors[row])))
chapter.glue("told", float(np.mean(np.abs(first.weights[row]) > 1.96 * first.errors[row])))
chapter.glue("masks", samples)
chapter.glue("design", first.design)

# %% [markdown]
# This explanation took {glue:text}`masks` masks a modality ({glue:text}`design` design). Its R² is
# {glue:text}`r2:.2f`: that share of what the model did over the masks is additive, the rest is not in these bars.
# The median error is {glue:text}`error:.4f`, and {glue:text}`told:.0%` of the features are told from zero.
#
# ## Bars, with intervals

# %% tags=["hide-input"]
for label in chosen:
    chapter.figure(
        plots.strongest(explained[label], label),
        alt=f"Bars of the ten strongest features for {label} in each case, with 95 % intervals",
        caption=f"The ten strongest features for *{label}*, with 95 % intervals. Here colours tell where a feature "
        "comes from (blue: sound, orange: words); bars to the right speak for the class, to the left against it.",
        name=f"fig-bars-{chapter.slug(label)}",
    )

# %% [markdown]
# ## Where in the song
#
# The songs of the first class once more, laid out as they are read and heard.

# %% [markdown] tags=["not-audio"]
# Words are shaded by weight: orange and a single underline for the class, blue and a double one against it.

# %% tags=["hide-input", "not-audio"]
if modality != "audio":
    for case, explanation in explained[chosen[0]].items():
        display(HTML(f"<p><strong>{case}, {chosen[0]}</strong></p>{plots.lit(explanation, chosen[0])}"))

# %% [markdown] tags=["not-lyrics"]
# Cells are a grid of stems and tenths of the clip, read from left to right.

# %% tags=["hide-input", "not-lyrics"]
if modality != "lyrics":
    chapter.figure(
        plots.cells(explained[chosen[0]], chosen[0]),
        alt=f"Stem by segment grids of the weights for {chosen[0]}, one for each case",
        caption=f"Weights of the cells for *{chosen[0]}*, orange for it, blue against it, all on one scale: a pale map is "
        "that of a song whose sound weighs little.",
        name="fig-cells",
    )

# %% [markdown]
# ## Listen
#
# Mute what the explanation names, and see what the surrogate expects; the model's own answers stand beside it. Of the
# songs above that it got right we take the one whose sound weighs most; where the model only reads, the first.


# %%
def sound(label, case):
    explanation = explained[label][case]
    weights = zip(explanation.features, explanation.weights[explanation.row(label)])
    return sum(abs(weight) for feature, weight in weights if feature.modality == "audio")


right = [(label, case) for label in chosen for case in ("true positive", "prototype") if case in found[label]]
label, case = max(right, key=lambda one: sound(*one))
chapter.glue("heard", f"{case}, {label}")

# %% [markdown]
# This is the song called *{glue:text}`heard`* above.

# %% tags=["hide-input"]
chapter.player(explained[label][case], test[found[label][case]], model)

# %% [markdown]
# ## Were they right?
#
# Composed songs know their evidence. Of the five features that speak most for the song's own class, how many were
# planted? The neighbouring column says how many a random choice would hit.


# %%
def hits(explanation, song):
    planted = song.evidence[task]
    names = {*planted["words"], *(f"{stem}{segment}" for stem, segment in planted["cells"])}
    truly = [feature.name in names for feature in explanation.features]
    top = [feature.name in names for feature in explanation.top(5, song_class(song))]
    return sum(top), 5 * np.mean(truly)


def song_class(song):
    return getattr(song, task)


rows = []
for label in chosen:
    for case, i in found[label].items():
        rows.append((label, case, *hits(explained[label][case], test[i])))
marks = pd.DataFrame(rows, columns=["class", "case", "planted among five", "by chance"])
chapter.glue("hit", marks["planted among five"].mean())
chapter.glue("chance", marks["by chance"].mean())
much = "Here nearly every feature is planted, for the class lies in whole stems: the mark tells nothing."
few = "So few songs prove nothing; they only illustrate."
chapter.glue("worth", much if marks["by chance"].mean() > 4 else few)
marks.round(1)

# %% [markdown]
# On average {glue:text}`hit:.1f` of five, against {glue:text}`chance:.1f` by chance. {glue:text}`worth`
# {doc}`Can you trust it? </runs/trust>` marks many.
#
# ## Strengths
#
# - Words and sound carry weights on one scale, in one model, with intervals.
# - Any function that returns numbers can be explained; nothing is read from the model's inside.
#
# ## Limits
#
# - The bars add up. What a word means only together with a sound is in the missing part of R².
# - A muted cell is a sound the model may never have met; another "off" can give other weights (exercise 2).
#
# ## What this cannot tell you
#
# Whether the model is right about music, or what a listener heard. It tells what moved this model on this song.
#
# ## Exercises
#
# **1.** How far do the weights move with another seed? Compare with what the errors promise.

# %% tags=["hide-cell", "solution"]
again = explainers[modality](model, samples=samples, seed=1).explain(test[found[chosen[0]]["true positive"]])
moved = (again.weights - first.weights) / np.hypot(again.errors, first.errors)
print(f"standardised differences have standard deviation {moved.std():.2f}; the errors promise 1")

# %% [markdown]
# **2.** Let the song's muted cells be noise of the same level instead of silence (for a lyrics model: let a mask
# token stand for removed words). Which of the top ten stay?

# %% tags=["hide-cell", "solution"]
other = {"mask_token": "unk"} if modality == "lyrics" else {"off": "noise"}
changed = explainers[modality](model, samples=samples, **other).explain(
    test[found[chosen[0]]["true positive"]]
)
stay = {feature.name for feature in first.top(10, chosen[0])} & {
    feature.name for feature in changed.top(10, chosen[0])
}
print(f"{len(stay)} of ten stay: {', '.join(sorted(stay))}")

# %% [markdown]
# **3.** Explain a whole line, or a longer stretch of sound, at a time. Is more of the model additive then?

# %% tags=["hide-cell", "solution"]
coarse = explainers[modality](model, samples=samples, unit="line", segments=5).explain(
    test[found[chosen[0]]["true positive"]]
)
print(f"{len(coarse.features)} features instead of {len(first.features)}")
print(f"R2 {coarse.score[coarse.row(chosen[0])]:.2f} instead of {first.score[row]:.2f}")

# %% [markdown]
# ## Summary
#
# An explanation is a list of features with weights, errors and an R². Read the error before the weight, the R²
# before both, and listen before you believe.
#
# ## Next
#
# {doc}`Four explainers </runs/four-explainers>` opens the box: what is sampled, what is fitted, and what the numbers estimate. {doc}`Aggregate </runs/aggregate-genre-multimodal>`
# puts many explanations together.
