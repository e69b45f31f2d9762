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
# A model gave a song a label. Which words, and which stem in which tenth of the clip, moved it? First we make
# one explanation by hand. Then the module explains songs as section 5.3 of the thesis does: those the
# model got right, labelled wrongly, or missed.
#
# **What you will learn:** how an explanation is made; how to read its weights, errors and R²; how to hear it.
#
# **What you need:** {doc}`How to read an explanation </book/how-to-read>`.
#
# **How long, on what:** {glue:text}`took`, with {glue:text}`samples` masks for each explanation. Few masks
# make wide intervals.

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
among: int = 270
longest: float = 10.24

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import f1_score

from musiclime.data.lyrics import words as words_of
from musiclime.explain.corpus_jobs import explain_songs
from musiclime.explain.masks import coins
from musiclime.models.training_data import read_lyrics
from musiclime.show import figures as plots

chapter.glue("samples", samples)

# %% tags=["remove-input"]
corpus, preset = chapter.available(corpus, root, preset)

# %%
data = ml.load_corpus(corpus, root or None)
model = ml.load_model(task, modality, data, preset=preset, weights=weights, root=root or None)

# %% tags=["remove-cell"]
test = data if preset == "real" else data.kept_aside()  # the real models were trained on none of these songs
test = test.where(np.arange(len(test)) < among)
if modality == "lyrics":
    test = test.where([bool(words_of(text)) for text in read_lyrics(test, progress=False)])
explainer = {"lyrics": ml.LyricsLIME, "audio": ml.AudioLIME, "multimodal": ml.MusicLIME}[modality]


def song_at(place):
    """A test song; of a longer one, a part from its middle."""
    one = test[place]
    return one if one.seconds <= longest else one.excerpt(one.seconds / 3, longest)


# %% [markdown]
# ## The method, by hand
#
# Take one song. Its sound is four stems (vocals, drums, bass, other) cut into tenths: forty **cells**. Its lyrics are
# **words**. Each cell and each word is a feature that can be on or muted. The method: mute features at random many
# times, ask the model each time, and fit one sum of weights to all its answers.

# %%
song = ml.MusicLIME(model).prepare(song_at(0))  # what the model hears and reads of it, in stems

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
# `ml.MusicLIME` does the same and adds what is needed in practice. It asks about the masks in an order that costs
# little and never asks twice. It gives every weight an error, and warns where masks are too few. On these masks it
# gives the same weights (a test checks this).

# %%
explained_song = ml.MusicLIME(model, samples=by_hand, design="joint").explain(song_at(0))
explained_song.table().head(5).style.hide(axis="index").format(precision=3)

# %% [markdown]
# ## Four songs for a class
#
# Now the model judges songs that it was not trained on.

# %%
whole = [
    ml.LyricsLIME(model).prepare(song_at(i)) for i in range(len(test))
]  # as the model hears and reads them
answers = np.concatenate([model.predict(one.audio[None], [one.lyrics]) for one in whole])
truth = test.table[task].astype(str).to_numpy() if task in test.table else np.full(len(test), "")
guess = np.array(model.classes)[answers.argmax(axis=1)]

# %% [markdown]
# `classes` names those to show: by default the five genres of the thesis (figures 5.3.1 to 5.3.5), else the classes that
# the model knows best and least by F1. For each we look for four songs: the one labelled most surely and rightly (**true
# positive**), most surely and wrongly (**false positive**), missed by the widest margin (**false negative**), and the
# **prototype**: of the songs it got right, the one whose probabilities lie nearest to their mean.

# %% tags=["hide-input"]
unknown = sorted(set(classes) - set(model.classes))
if unknown:
    raise ValueError(f"the model has no class {', '.join(unknown)}: it has {', '.join(model.classes)}")
of_the_thesis = ["hip hop", "heavy music", "rhythm music", "pop", "folk"]
met = [label for label in model.classes if label in set(truth) | set(guess)]
scores = f1_score(truth, guess, labels=met, average=None, zero_division=0)
ranked = [met[i] for i in np.argsort(-scores, kind="stable")]
chosen = list(classes) or [label for label in of_the_thesis if label in met]
chosen = chosen or list(dict.fromkeys([ranked[0], ranked[-1]]))


# %% tags=["hide-input"]
def cases(label):
    """The song of each case, as its place among the test songs."""
    p = answers[:, model.classes.index(label)]
    right = (truth == label) & (guess == label)
    centre = answers[right].mean(axis=0) if right.any() else answers.mean(axis=0)
    rank = {
        "true positive": (right, -p),
        "false positive": ((truth != label) & (truth != "") & (guess == label), -p),
        "false negative": ((truth == label) & (guess != label), p),
        "prototype": (right, ((answers - centre) ** 2).sum(axis=1)),
    }
    found = {
        case: int(np.where(mask, cost, np.inf).argmin()) for case, (mask, cost) in rank.items() if mask.any()
    }
    return found or {"surest": int(p.argmax())}


found_cases = {label: cases(label) for label in chosen}
titles = test.table["title"].to_numpy()
table = pd.DataFrame({label: {case: titles[i] for case, i in found_cases[label].items()} for label in chosen})
in_order = ["true positive", "false positive", "false negative", "prototype", "surest"]
table = table.T[[case for case in in_order if case in table.index]].fillna("none")
table.style.set_properties(**{"font-size": "0.8rem"})

# %% [markdown]
# *None*: there is no such song. Where no song's label is known, the table has the song of which the model is *surest*.
# {doc}`Prototypes </runs/prototypes>` lets you hear one song of each genre.

# %%
ask = explainer(model, samples=samples)
places = sorted({i for label in chosen for i in found_cases[label].values()})
explanation_of = dict(zip(places, explain_songs(ask, [song_at(i) for i in places])))
explained = {label: {case: explanation_of[i] for case, i in found_cases[label].items()} for label in chosen}

# %% tags=["hide-input"]
chapter.figure(
    plots.strongest(explained),
    alt="Bars of the five strongest features of each song, one row of panels for each class, with 95 % intervals",
    caption="The strongest features of each song for its class, with 95 % intervals. Bars to the right speak for the "
    "class, to the left against it; the colour tells sound from words.",
    name="fig-bars",
)

# %% [markdown]
# ## One explanation, read closely
#
# This is the first song of the table. The **error** of a weight says by how much it would differ with other masks: a
# weight smaller than two errors could be zero. **R²** is the share of the answers' variation that the sum explains; where
# it is low, a sum says little about the model.

# %% tags=["hide-input"]
first = next(iter(explained[chosen[0]].values()))
row = first.row(chosen[0])
told = np.abs(first.weights[row]) > 1.96 * first.errors[row]
facts = {
    "R²": f"{first.score[row]:.2f}",
    "median error of a weight": f"{np.median(first.errors[row]):.4f}",
    "weights that are clearly not zero": f"{told.mean():.0%}",
    "of its five strongest, another run would name": f"{first.steady(5, chosen[0]):.0%}",
}
pd.DataFrame(facts.items(), columns=[f"this explanation of {chosen[0]}", ""]).style.hide(axis="index")

# %% tags=["hide-input", "not-audio"]
if modality != "audio":
    chapter.show_html(f'<div class="ml-lit">{plots.lit(first, chosen[0])}</div>')

# %% tags=["hide-input", "not-lyrics"]
if modality != "lyrics":
    chapter.figure(
        plots.cells({chosen[0]: first}, chosen[0]),
        alt=f"A stem by segment grid of the weights for {chosen[0]}",
        caption=f"Weights of the cells for *{chosen[0]}*. Stems from top to bottom, tenths of the clip from left to right.",
        name="fig-cells",
    )

# %% [markdown]
# ## Listen
#
# Mute what the explanation names. You see the model's answer and, beside it, the sum of the remaining weights. Of the
# songs that the model got right, if any, this is the one whose sound weighs most.


# %% tags=["hide-input"]
def sound(label, case):
    explanation = explained[label][case]
    pairs = zip(explanation.features, explanation.weights[explanation.row(label)])
    return sum(abs(weight) for feature, weight in pairs if feature.modality == "audio")


right = [(label, case) for label in chosen for case in explained[label] if not case.startswith("false")]
label, case = max(right or [(chosen[0], next(iter(explained[chosen[0]])))], key=lambda one: sound(*one))
chapter.player(explained[label][case], song_at(found_cases[label][case]), model)

# %% [markdown]
# ## Ask the model yourself
#
# In a live notebook `explore` opens a panel with a switch for every cell and word; press one, and the model answers
# anew. This is a picture of it, with the two strongest features muted.

# %% tags=["explore"]
panel = explained[label][case].explore(model, song_at(found_cases[label][case]))
for feature in explained[label][case].top(2, label):
    panel.switch(feature.name, on=False)
chapter.panel(panel)

# %% [markdown]
# ## Strengths
#
# - Words and sound carry weights on one scale, in one model, with intervals.
# - Any function that returns numbers can be explained; nothing is read from the model's inside.
#
# ## Limits
#
# - Weights add up. An effect that a word has only together with a sound is in the part that R² leaves unexplained.
# - A muted cell is a sound the model may never have met; another sound in its place can give other weights (exercise 2).
#
# ## What this cannot tell you
#
# Whether the model is right about music, or what a listener heard. An explanation tells what moved this model on this
# song. {doc}`Can you trust it? </runs/trust>` marks explanations of songs whose evidence is known.
#
# ## Exercises
#
# **1.** How far do the weights move with another seed? Compare with what the errors promise.

# %% tags=["hide-cell", "solution"]
example = song_at(next(iter(found_cases[chosen[0]].values())))
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
# **4.** Why this class *and not that one*? Ask for the difference of the two weights. It has an error of its own, from
# the same masks. Take the class that the model finds second most likely.

# %% tags=["hide-cell", "solution"]
likeliest = [model.classes[i] for i in np.argsort(-first.probabilities)]
other = next(label for label in likeliest if label != chosen[0])
first.table(chosen[0], against=other).head(5).style.hide(axis="index").format(precision=3)

# %% [markdown]
# ## Summary
#
# An explanation is a list of features with weights, errors and an R². Read the R² first, the error before the weight,
# and listen before you believe.
#
# ## Next
#
# {doc}`Four explainers </runs/four-explainers>`: what is sampled, what is fitted, and what the numbers estimate.
