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
# # What would change its mind?
#
# Weights answer "how much does each part matter?". Often we ask something simpler: *what must we take away so that
# the model says something else?* The answer, a **counterfactual** explanation, is a short list of words and moments,
# which you can check by ear.
#
# **What you will learn:** to find such a list; to be sure that it is right and that every item is needed.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`, with the counts below.

# %%
import numpy as np
import pandas as pd

import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
songs: int = 3
samples: int = 300
drawn: int = 60

# %% tags=["hide-input"]
data = ml.load_corpus(corpus, root or None)
model = ml.load_model("genre", "multimodal", data, preset, weights=weights, root=root or None, progress=False)
test = data.kept_aside()
prepare = ml.MusicLIME(model).prepare  # as the model hears and reads a song, in stems

# %%
first = [prepare(test[position]) for position in range(min(24, len(test)))]
guess = [model.predict(one.audio[None], [one.lyrics])[0] for one in first]
said = [model.classes[p.argmax()] for p in guess]
right = [one for one, label in zip(first, said) if label == (one.genre or label)]

# %% [markdown]
# ## The idea in a few lines
#
# The weights say which feature speaks most for the label. Take it away, ask the model, and go on until the label flips.

# %%
song = right[0]
explainer = ml.MusicLIME(model, samples=samples)
explanation, space = explainer.explain(song), explainer.space(song)
weight = explanation.weights[explanation.row(explanation.label)]

mask = np.ones((1, len(weight)), dtype=bool)
label, removed = explanation.label, []
for feature in np.argsort(-weight)[:20]:
    mask[0, feature] = False
    removed.append(explanation.features[feature].name)
    label = model.classes[explainer.outputs(space, mask)[0].argmax()]
    if label != explanation.label:
        break
print(f"{explanation.label} -> {label} without {', '.join(removed)}")

# %% [markdown]
# Some of these may not be needed. So `ml.counterfactual` puts back what is not needed, and then tries every smaller set
# of the twelve strongest candidates, the smallest first.

# %%
asked = [(one, ml.counterfactual(one, model, samples=samples)) for one in right[:songs]]
by_sound = [pair for pair in asked if any(f.modality == "audio" for f in pair[1].removed)]
song, found = (by_sound or asked)[0]
print(found)

# %% [markdown]
# Listen to what the model heard before and after. You may hear little difference.

# %%
chapter.sounds(
    {f"{found.explanation.label}: before": song.audio, f"{found.label}: after": found.song.audio},
    song.sample_rate,
)

# %%
change = {"before": found.explanation.probabilities, "after": found.probabilities}
change = pd.DataFrame(change, model.classes).rename_axis("class")
change.sort_values("before", ascending=False).head(4).round(3)

# %% [markdown]
# ## Check it by hand
#
# The weights only say where to look; the model decides. We take the features out of the raw song ourselves: all of them,
# then all but one. If every feature is needed, the new label is gone as soon as one is put back.


# %%
def without(one, removed):
    """The raw song without some features: cells silent, words gone."""
    audio, text = sum(one.stems.values()), one.lyrics
    for feature in removed:
        if feature.modality == "audio":
            cut = slice(round(feature.start * one.sample_rate), round(feature.end * one.sample_rate))
            audio[cut] -= one.stems[feature.stem][cut]
    spans = [span for feature in removed for span in feature.positions]
    for begin, end in sorted(spans, reverse=True):
        text = text[:begin] + text[end:]
    return audio, text


def label_without(removed):
    audio, text = without(song, removed)
    return model.classes[model.predict(audio[None], [text])[0].argmax()]


labels = {"nothing": label_without(found.removed)}
for feature in found.removed:
    labels[feature.name] = label_without([other for other in found.removed if other is not feature])
pd.Series(labels).to_frame("the model says").rename_axis("put back")

# %% [markdown]
# ## Several songs
#
# How long is the list? For a composed song we also know what was planted. The last two columns are the planted
# share of the list, and of all features.


# %% tags=["hide-input"]
def planted_shares(one, result):
    """How much of the list was planted as evidence, and how much of the whole song."""
    if not one.evidence:
        return {}
    cells = {tuple(cell) for cell in one.evidence["genre"]["cells"]}
    words = set(one.evidence["genre"]["words"])
    hits = [(f.stem, f.segment) in cells or f.name in words for f in result.removed]
    of_all = (len(cells) + len(words)) / len(result.explanation.features)
    return {"planted among them": np.mean(hits) if hits else np.nan, "planted among all": of_all}


if not song.evidence:
    print("These songs have no planted evidence, so nobody knows what the list should hold.")

# %%
rows = []
for one, result in asked:
    row = {
        "said": result.explanation.label,
        "becomes": result.label if result.found else "none found",
        "cells": sum(f.modality == "audio" for f in result.removed),
        "words": sum(f.modality == "lyrics" for f in result.removed),
    }
    rows.append(row | planted_shares(one, result))
pd.DataFrame(rows).set_index("said").round(2)

# %% [markdown]
# ## To one label
#
# With `target`, the list must lead to that label. "None found" is an answer too: whatever the search took away, the
# model did not give the target.

# %%
nearest = [model.classes[k] for k in np.argsort(-found.explanation.probabilities)[1:4]]
targets = {}
for target in nearest:
    result = ml.counterfactual(song, model, target=target, samples=samples, candidates=8)
    targets[target] = ", ".join(f.name for f in result.removed) if result.found else "none found"
pd.Series(targets, name=f"from {found.explanation.label}, without").to_frame().rename_axis("to")

# %% [markdown]
# ## Lines
#
# Listeners remember lines, not words. `unit="line"` makes each line of the lyrics one feature.

# %%
by_words = [one for one, result in asked if any(f.modality == "lyrics" for f in result.removed)]
read = (by_words or [song])[0]
by_line = ml.counterfactual(read, model, unit="line", samples=samples)
print(by_line)
pd.DataFrame([(f.name, f.text) for f in by_line.removed], columns=["removed", "its text"]).set_index(
    "removed"
)

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Anyone can check a counterfactual with one prediction. It cannot be half right.
# - **Limit.** Every item is needed, but the list need not be the shortest.
# - **Limit.** The list is not unique: another one, as short, may hold quite different features.
# - **Limit.** It takes away and never adds. The silence in place of a cell is also a sound that the model reacts to.
# - **What this cannot tell you.** What would change *your* mind about the song.
#
# ## Exercises
#
# **1.** Take a song that the model gets wrong, and ask for its true genre as the target.

# %% tags=["hide-cell", "solution"]
wrong = [one for one, label in zip(first, said) if one.genre in model.classes and label != one.genre]
for one in wrong[:1]:
    print(ml.counterfactual(one, model, target=one.genre, samples=samples))

# %% [markdown]
# **2.** Use noise in place of silence (`off="noise"`). Does the list change?

# %% tags=["hide-cell", "solution"]
noisy = ml.counterfactual(song, model, off="noise", samples=samples)
print(f"noise: {noisy}\nsilence: {found}")

# %% [markdown]
# **3.** Remove as many features as the counterfactual did, but draw them at random. How often does the label flip?

# %% tags=["hide-cell", "solution"]
rng, space = np.random.default_rng(0), explainer.space(song)
masks = np.ones((drawn, len(space.audio) + len(space.lyrics)), dtype=bool)
for mask in masks:
    mask[rng.choice(masks.shape[1], len(found.removed), replace=False)] = False
labels = np.array(model.classes)[explainer.outputs(space, masks).argmax(1)]
print(f"{np.mean(labels != found.explanation.label):.0%} of the draws flip the label")

# %% [markdown]
# ## Summary
#
# A counterfactual is a short list of words and cells without which the model says something else. The weights propose
# it, the model confirms it, and what is not needed is put back. If none is found, that is worth saying too.
#
# ## Next
#
# {doc}`How fast, how many </runs/how-fast>` asks what explanations cost, and how many masks are enough.
