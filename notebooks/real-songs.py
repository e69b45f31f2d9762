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
# # Real songs
#
# Most pages of this book explain small models on composed songs, whose evidence is known. This page explains a
# published model on published music: what does it hear in a real song, and is the explanation right?
#
# **What you will learn**
#
# - what a real tagger says of real songs, right and wrong;
# - how to explain it by sound, by words and by both;
# - how to compute the exact values that an explanation estimates, and check its intervals.
#
# **What you need**: {doc}`/book/how-to-read`.
#
# **How long, on what**: {glue:text}`took`, without a GPU. The songs and the models' weights are fetched once.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from scipy.stats import t as student

import musiclime as ml
from musiclime.explain.masks import coins
from musiclime.explain.surrogate import fit
from musiclime.models.separation import separator
from musiclime.show import chapter

# %% tags=["parameters"]
root: str = ""
tagger_name: str = "MSD_musicnn"
other_tagger: str = "MTT_musicnn"
how_many: int = 6
start: float = 40.0
seconds: int = 12
both: int = 1
seeds: int = 4
samples: int = 1000
checked: int = 40

# %% [markdown]
# ## The songs and the model
#
# The songs come from two open collections, with the time of every word: karaoke files in the UltraStar format, and
# JamendoLyrics. They carry Creative Commons licences, which each player below names. We take twelve seconds of each.
#
# The model is the {term}`tagger` **musicnn**, by Jordi Pons: a network trained on the Million Song Dataset. It gives each
# of fifty tags of Last.fm's listeners a probability. It hears three seconds at a time and averages its answers.

# %%
TITLES = ["On the run", "Fantasma", "Code Monkey", "Miedo", "Séculaire feat. Nÿme", "Northern Star"]
try:
    corpus = ml.load_corpus("real", root or None)
    tagger, second = ml.load_tagger(tagger_name), ml.load_tagger(other_tagger)
    chosen = corpus.where(corpus.table["title"].isin(TITLES[:how_many]))
    songs = [song.excerpt(start, seconds) for song in chosen]
    songs.sort(key=lambda song: TITLES.index(song.title))
except (ValueError, FileNotFoundError) as missing:
    songs = []
    display(Markdown(f"**This page is empty here:** {missing}."))

# %% [markdown]
# ## What the tagger says
#
# The table shows the three strongest tags and, where the collection names one, the genre. For *Miedo*, a reggae song,
# the model has no tag that fits.

# %%
explainer_of = {"separate": separator("hpss"), "segments": seconds, "samples": samples, "progress": False}
ready = [ml.AudioLIME(tagger, **explainer_of).prepare(song) for song in songs]
rows = []
for song in ready:
    answer = tagger.predict(song.audio[None])[0]
    best = ", ".join(f"{tagger.classes[i]} {answer[i]:.2f}" for i in np.argsort(-answer)[:3])
    rows.append({"song": song.title, "collection says": song.genre or "-", "the tagger says": best})
display(pd.DataFrame(rows).style.hide())

# %% [markdown]
# ## Explained by sound
#
# A median filter, which needs no training, splits the sound into what lasts (*harmonic*) and what strikes
# (*percussive*). The two parts add up to the song. With twelve segments of a second there are 24 cells to mute.
# AudioLIME, the method for sound alone, mutes random halves of them, asks the tagger, and fits a sum. Press play, mute a
# cell, and the tagger's own answer changes: the page holds its answer to every mix.

# %%
explanations = [ml.AudioLIME(tagger, **explainer_of).explain(song) for song in ready]
if songs:
    # Another number shows another song.
    chapter.player(explanations[0], ready[0], tagger)

# %% [markdown]
# How much of the tagger's answer does a sum of weights explain? *R²* says it for all mixes that were drawn. The last
# column is a check: how far the answer that the explainer recorded for the whole song is from the tagger's own.

# %% tags=["hide-input"]
rows = []
for song, explanation in zip(ready, explanations):
    row = explanation.row(explanation.label)
    apart = np.abs(explanation.probabilities - tagger.predict(song.audio[None])[0]).max()
    rows.append(
        {
            "song": song.title,
            "tag": explanation.label,
            "R²": f"{explanation.score[row]:.2f}",
            "median error of a weight": f"{np.median(explanation.errors[row]):.4f}",
            "difference from the tagger": f"{apart:.0e}",
        }
    )
display(pd.DataFrame(rows).style.hide())

# %% [markdown]
# ## Exact values
#
# The tagger hears four patches of three seconds. One meets three segments of two parts: 64 states. The others meet
# four: 256 states. So 64 + 3 · 256 = 832 questions about patches give its answer to all 16.8 million mixes of 24 cells. From them follow the **exact**
# {term}`Banzhaf values <Banzhaf value>`, the numbers that AudioLIME estimates from random masks.

# %%
tables = [tagger.table(ml.AudioLIME(tagger, **explainer_of).space(song)) for song in ready]
exact = [table.banzhaf() for table in tables]

# %% [markdown]
# Does this table answer as the model does? We ask both about `checked` random mixes of each song. And do nineteen of twenty
# 95 % intervals cover the exact value? We estimate the weights from random masks with several seeds, and count
# over all cells and tags. The table answers in the tagger's place, which saves time.


# %%
def estimate(table, seed):
    """AudioLIME's weights and errors from masks of a seed, the table's answers in place of the tagger's."""
    masks = coins(samples, table.features, seed)
    return fit(masks, table.predict(masks))


apart, covered = [], []
for song, table, values in zip(ready, tables, exact):
    masks = np.random.default_rng(0).random((checked, values.shape[1])) < 0.5
    space = ml.AudioLIME(tagger, **explainer_of).space(song)
    apart.append(np.abs(table.predict(masks) - tagger.predict(space.mix(masks))).max())
    for seed in range(seeds):
        again = estimate(table, seed)
        covered.append(np.abs(again.weights - values) < 1.96 * again.errors)

# %% tags=["hide-input"]
if songs:
    count = sum(map(np.size, covered))
    share = np.mean([inside.mean() for inside in covered])
    low, high = np.min([x.mean() for x in covered]), np.max([x.mean() for x in covered])
    display(
        Markdown(
            f"Table and model differ by at most {max(apart):.0e}. Of {count:,} intervals, **{share:.1%}** cover the "
            f"exact value; the worst single explanation covers {low:.1%}, the best {high:.1%}."
        )
    )

# %% [markdown]
# How much does it matter which masks are drawn? Each dot is a cell of the first song. The exact value is on the
# horizontal axis, the estimate on the vertical one; each seed has a colour.

# %% tags=["hide-input"]
if songs:
    label = explanations[0].row(explanations[0].label)
    fig, axis = plt.subplots(figsize=(5, 4), layout="constrained")
    for seed in range(seeds):
        again = estimate(tables[0], seed)
        axis.errorbar(exact[0][label], again.weights[label], 1.96 * again.errors[label], fmt=".", alpha=0.6)
    axis.axline((0, 0), slope=1, color="grey", lw=1)
    axis.set(xlabel="exact value", ylabel="AudioLIME's weight, 95 % interval")
    chapter.figure(
        fig,
        alt="Weights of all cells against their exact values, for several seeds, scattered about the diagonal.",
        caption=f"Estimates of several seeds against the exact values, tag {explanations[0].label}.",
        name="fig-real-seeds",
    )

# %% [markdown]
# ## Muting in the order of the explanation
#
# If the weights are right, muting the cells of largest weight first (*deletion*) must lower the answer faster than
# muting cells at random. Switching them on first (*insertion*) must raise it faster.


# %% tags=["hide-input"]
def curve(table, label, order, insert):
    """The answer after 0, 1, 2 ... cells of an order were muted, or were switched on."""
    masks = np.array([np.isin(np.arange(len(order)), order[:k]) == insert for k in range(len(order) + 1)])
    return table.predict(masks)[:, label].mean()


# %% tags=["hide-input"]
rng = np.random.default_rng(0)
gaps = []
for table, explanation in zip(tables, explanations):
    label = explanation.row(explanation.label)
    order = np.argsort(-explanation.weights[label])
    for insert in (False, True):
        chance = [curve(table, label, rng.permutation(order), insert) for _ in range(50)]
        gaps.append((insert, curve(table, label, order, insert), np.mean(chance)))
gaps = pd.DataFrame(gaps, columns=["insert", "by weight", "at random"])

# %% tags=["hide-input"]
rows = []
for insert, name in ((False, "deletion"), (True, "insertion")):
    part = gaps[gaps["insert"] == insert]
    gain = part["by weight"] - part["at random"]
    error = gain.sem() * student.isf(0.025, len(gain) - 1)
    rows.append(
        {
            "curve": name,
            "mean answer, by weight": part["by weight"].mean(),
            "in random order": part["at random"].mean(),
            "difference": gain.mean(),
            "95 % interval, over songs": f"{gain.mean() - error:+.3f} to {gain.mean() + error:+.3f}",
        }
    )
if songs:
    display(pd.DataFrame(rows).style.hide().format(precision=3))

# %% [markdown]
# ## Another tagger, the same song
#
# MTT_musicnn is the same network, trained on MagnaTagATune, whose tags name instruments and voices. Where the two
# have a tag in common, do they hear it in the same cells? In the table 1 means yes, 0 no.

# %% tags=["hide-input"]
rows = []
for song, values in list(zip(ready, exact))[:2]:
    theirs = second.table(ml.AudioLIME(second, **explainer_of).space(song)).banzhaf()
    for tag in ("rock", "guitar", "electronic"):
        pair = values[tagger.classes.index(tag)], theirs[second.classes.index(tag)]
        rows.append(
            {"song": song.title, "tag": tag, "correlation of the cells' values": np.corrcoef(*pair)[0, 1]}
        )
display(pd.DataFrame(rows).style.hide().format(precision=2))

# %% [markdown]
# ## Explained by words, and by both
#
# For words we need a model that reads. MiniLM turns a text into a direction, and we ask how near it lies to the
# direction of a prompt such as "the lyrics of a song about being sad and lonely". MiniLM was never trained on lyrics.
# It can tell moods apart passably, but hardly genres. So the task is **mood**, for which the tagger has tags. Where
# both answer, their probabilities are fused: $p \propto p_\text{sound}^{w}\, p_\text{words}^{1-w}$, with $w = 0.5$.
# The table shows the strongest words of one song for its likeliest mood.

# %% tags=["hide-input"]
if songs:
    model = ml.load_model("mood", "multimodal", preset="real")
    english = [song for song in ready if song.title in ("On the run", "Code Monkey", "Northern Star")]
    by_words = ml.LyricsLIME(ml.load_model("mood", "lyrics", preset="real"), samples=400, progress=False)
    told = by_words.explain(english[-1])
    display(told.table().head(6).style.hide().format(precision=3))

# %% [markdown]
# MusicLIME explains words and cells together. In the player the words light up as they are sung.

# %%
for song in english[:both] if songs else []:
    explainer = ml.MusicLIME(model, **{**explainer_of, "samples": None})
    chapter.player(explainer.explain(song), song, model)

# %% [markdown]
# ## Strengths
#
# - A published model, published music, and exact values to hold the explanation against.
# - Nothing is trained: every number follows from weights that anyone can fetch.
#
# ## Limits
#
# - The collections have thirteen songs with word times, eight of them by one artist: too few to generalise from.
# - *Harmonic* and *percussive* are no instruments; a separator that knows instruments makes better cells.
# - The tagger was trained on songs without muted seconds. A muted cell is a sound that it has hardly met.
#
# ## What this cannot tell you
#
# Whether the tagger is right about a song: an explanation says only what moved its answer.
#
# ## Exercises
#
# **1.** Which cells speak against the strongest tag? Look at the most negative exact values.

# %% tags=["hide-cell", "solution"]
if songs:
    label = explanations[0].row(explanations[0].label)
    for cell in np.argsort(exact[0][label])[:3]:
        print(explanations[0].features[cell].name, exact[0][label, cell].round(4))

# %% [markdown]
# **2.** Shapley values weigh small and large mixes more than Banzhaf values do. How alike are the two?

# %% tags=["hide-cell", "solution"]
for table, values, song in zip(tables, exact, ready):
    print(song.title, np.corrcoef(table.shapley().ravel(), values.ravel())[0, 1].round(3))

# %% [markdown]
# **3.** How many of AudioLIME's five strongest cells are those of the exact values, with 60, 240 and 960 masks?

# %% tags=["hide-cell", "solution"]
for few in (60, 240, 960) if songs else ():
    again = ml.AudioLIME(tagger, **{**explainer_of, "samples": few}).explain(ready[0])
    top = [set(np.argsort(-w[label])[:5]) for w in (again.weights, exact[0])]
    print(few, "masks:", len(top[0] & top[1]), "of five")

# %% [markdown]
# ## Summary
#
# A real tagger can be explained on real songs, and because it averages short patches the explanation can be checked
# against exact values. A sum of cells accounts for part of its answers only.
#
# ## Next
#
# {doc}`Explain </runs/explain-genre-multimodal>` builds the method step by step.
