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
# # Prototypes
#
# What does a model hear in *typical* folk? Section 5.3.3 of the thesis listens to one song of each genre, its
# **prototype**: of the songs that the model got right, the one whose probabilities lie nearest to their mean. This page
# does the same with the model that only hears.
#
# **What you will learn:** how a prototype is chosen; what is left when only the cells that spoke most for it are played.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
task: str = "genre"
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
samples: int = 400
among: int = 270
cells: int = 4
longest: float = 10.24

# %% [markdown]
# `among` is the number of test songs that the model judges, `cells` the number of cells that you hear alone. Of a song
# longer than `longest` seconds we take a part.

# %% tags=["hide-input"]
import numpy as np
import pandas as pd

from musiclime.explain.corpus_jobs import explain_songs

data = ml.load_corpus(corpus, root or None)
model = ml.load_model(task, "audio", data, preset, weights=weights, root=root or None, progress=False)
test = data if preset == "real" else data.kept_aside()  # the real models were trained on none of these songs
test = test.where(np.arange(len(test)) < among)


def song_at(place):
    """A test song; of a longer one, a part from its middle."""
    one = test[place]
    return one if one.seconds <= longest else one.excerpt(one.seconds / 3, longest)


# %% [markdown]
# ## Which song is typical?
#
# The model answers each song with a probability for every class. The songs of one class that it got right have a mean
# answer; the prototype is the song with the answer nearest to it. Where no song's own label is known, the model's
# answer stands in for the label.

# %%
whole = [
    ml.LyricsLIME(model).prepare(song_at(place)) for place in range(len(test))
]  # as the model hears them, not in stems
answers = np.concatenate([model.predict(song.audio[None], [song.lyrics]) for song in whole])
guess = np.array(model.classes)[answers.argmax(axis=1)]
labels = test.table[task].to_numpy()
labels = np.where(labels == "", guess, labels)

prototypes = {}
for name in model.classes:
    right = np.flatnonzero((labels == name) & (guess == name))
    if len(right):
        distance = ((answers[right] - answers[right].mean(axis=0)) ** 2).sum(axis=1)
        prototypes[name] = int(right[distance.argmin()])

# %%
explainer = ml.AudioLIME(model, samples=samples)
explained = dict(zip(prototypes, explain_songs(explainer, [song_at(place) for place in prototypes.values()])))

# %% [markdown]
# ## What spoke for each

# %% tags=["hide-input"]
rows = []
for name, explanation in explained.items():
    heard = ", ".join(feature.name for feature in explanation.top(cells, name))
    place = prototypes[name]
    probability = answers[place, model.classes.index(name)]
    rows.append((name, test.table["title"].iloc[place], probability, heard))
columns = [task, "prototype", "probability", "cells that speak most for it"]
pd.DataFrame(rows, columns=columns).style.hide(axis="index").format(precision=2)

# %% [markdown]
# ## Listen
#
# You hear each song as the model hears it, and then only the cells that speak most for its class, at their places.
# All else is silent.

# %% tags=["hide-input"]
tracks = {}
for name, explanation in explained.items():
    ready = explainer.prepare(song_at(prototypes[name]))
    kept = explanation.top(cells, name)
    tracks[name] = ready.audio
    tracks[f"{name}: its {len(kept)} cells alone"] = explanation.listen(kept, ready)
chapter.sounds(tracks, model.sample_rate)

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** A prototype is chosen by a rule, not by the person who tells the story.
# - **Limit.** It is one song. Only {doc}`Aggregate </runs/aggregate-genre-multimodal>` says what it shares with its class.
# - **Limit.** Typical means typical *for the model*: its answer to the song is close to its average answer.
# - **What this cannot tell you.** What is typical for the genre.
#
# ## Exercises
#
# **1.** Which class has the prototype nearest to its mean, and which the farthest?

# %% tags=["hide-cell", "solution"]
spread = {}
for name, place in prototypes.items():
    right = (labels == name) & (guess == name)
    spread[name] = np.abs(answers[place] - answers[right].mean(axis=0)).sum()
pd.Series(spread, name="distance from the mean").sort_values().round(3).to_frame()

# %% [markdown]
# **2.** Which song is the *least* typical of those that the model got right?

# %% tags=["hide-cell", "solution"]
right = np.flatnonzero(labels == guess)
nearness = [answers[place, model.classes.index(guess[place])] for place in right]
odd = right[int(np.argmin(nearness))]
print(f"{test.table['title'].iloc[odd]}: {guess[odd]} with a probability of {min(nearness):.2f}")

# %% [markdown]
# **3.** Of all the weight that speaks for the class, how much do the heard cells carry?

# %% tags=["hide-cell", "solution"]
for name, explanation in explained.items():
    weight = np.sort(explanation.weights[explanation.row(name)].clip(min=0))[::-1]
    print(f"{name}: {weight[:cells].sum() / max(weight.sum(), 1e-9):.0%}")

# %% [markdown]
# ## Summary
#
# One song for each class, chosen by its answer, and the few moments that spoke for it. Listen before you believe.
#
# ## Next
