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
# # The published explanations, re-read
#
# The authors of MusicLIME published what their explanations add up to: for each class the summed weight of every word
# and of every stem and segment, and how often each was counted. These come from the real models, on real music. Here
# we read them again and ask how far each number can be trusted.
#
# **What you will learn**
#
# - how to check a published aggregate with nothing but its own tables;
# - how a ranking changes when words of a single song are left out, and what noise and the homogeneity factor do to it;
# - how an explanation showed a bug in its data, which paper and thesis do not mention.
#
# **What you need**: {doc}`Aggregate </runs/aggregate-genre-multimodal>`, for the three importances.
#
# **How long, on what**: {glue:text}`took`. Nothing is trained or explained here.

# %%
import re

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.data import authors_tables as published
from musiclime.judge.global_importance import grid, homogeneity, words
from musiclime.show import chapter, figures

# %% [markdown]
# `download` fetches the tables (4 MB) from a pinned commit of the authors' repository, unless `MUSICLIME_REFERENCE`
# names a folder that holds them.

# %% tags=["parameters"]
download: bool = True

# %% [markdown]
# The files are Python pickles, which can run any code when they are opened. Our reader admits dictionaries, text and
# numbers, and refuses a file that names anything else.

# %% tags=["hide-input"]
tables = {}
try:
    tables = {name: published.load(name, download) for name in published.TABLES}
except OSError as reason:
    display(Markdown(f"> **The authors' tables are not here, so this page shows no result.** {reason}"))

# %% tags=["remove-cell"]
# Every number that the text names; without the tables none of them is known.
NUMBERS = """tens tens_of same_words same_sd same_median top_singles top_all audio_low audio_high zero_cells
factor_audio factor_words factor_single injected_weight injected_count same_within"""
if not tables:
    for number in NUMBERS.split():
        chapter.glue(number, float("nan"))

# %% [markdown]
# ## Eleven tables

# %%
rows = {}
for name, (sums, counts) in tables.items():
    rows[name] = {
        "classes": len(sums),
        "features": sums.shape[1],
        "class-feature pairs": int((counts > 0).sum().sum()),
        "of these in one song": f"{(counts == 1).sum().sum() / (counts > 0).sum().sum():.0%}",
        "negative sums": int((sums < 0).sum().sum()),
    }
pd.DataFrame(rows).T

# %% [markdown]
# No table holds a negative number. Every song has all forty cells, yet within a class the cells have different
# counts. So cells of negative weight were not counted. The authors' code leaves them out, too, although the thesis's
# formula sums magnitudes, $|W|$. The lyric tables are less clear. In those for genres, {glue:text}`tens` of
# {glue:text}`tens_of` classes have counts that add up to a multiple of ten, so each song entered with **ten words**.
# If the ten largest $|W|$ had been taken and the negative
# ones dropped, the totals would hardly be such multiples. Either the authors summed magnitudes, or they took the ten
# most positive words: the tables do not tell which.

# %% tags=["remove-cell"]
if tables:
    totals = pd.concat([tables[name][1].sum(axis=1) for name in ("genre lyrics", "audioset lyrics")])
    chapter.glue("tens", int((totals % 10 == 0).sum()))
    chapter.glue("tens_of", len(totals))

# %% [markdown]
# Two of the eleven are further runs of the multimodal genre model: one explained other songs, the other explained both
# sets again. The second table of emotions from lyrics is an earlier state of the first.
#
# ## Their heatmaps, recomputed
#
# Figures 5.3.9 to 5.3.17 of the thesis show each genre twice: by average importance, and weighted by homogeneity.

# %% tags=["hide-input"]
if tables:
    average = ml.importance(*tables["genre audio"], "average")
    fig = figures.heatmaps({genre: grid(average.loc[genre]) for genre in average.index}, "average importance")
    chapter.figure(
        fig,
        alt="Nine heatmaps of four stems by ten segments, one for each genre, on one scale; vocals lead for hip hop "
        "and pop in all segments, bass is weak everywhere, the other genres are mixed",
        caption="Average importance of stems and segments, audio model, nine genres on one scale.",
        name="fig-published-heatmaps",
    )

# %% tags=["hide-input"]
if tables:
    weighted = ml.importance(*tables["genre audio"], "homogeneity")
    fig = figures.heatmaps(
        {genre: grid(weighted.loc[genre]) for genre in weighted.index}, "homogeneity-weighted"
    )
    chapter.figure(
        fig,
        alt="Nine heatmaps of the same table weighted by homogeneity; the cell drums4 is zero in all of them",
        caption="The same table, weighted by homogeneity.",
        name="fig-published-homogeneity",
    )

# %% [markdown]
# And the nine moods, which the thesis describes in words (section 5.3.4):

# %% tags=["hide-input"]
if tables:
    moods = ml.importance(*tables["emotion audio"], "average")
    fig = figures.heatmaps({mood: grid(moods.loc[mood]) for mood in moods.index}, "average importance")
    chapter.figure(
        fig,
        alt="Nine heatmaps of four stems by ten segments, one for each mood; drums lead for happy and excited, other "
        "leads for angry and relaxed",
        caption="Average importance of stems and segments, audio model, nine moods on one scale.",
        name="fig-published-moods",
    )

# %% [markdown]
# The homogeneity factor falls as the entropy of a feature's importance over the classes rises. Every cell occurs in
# every class, so all cells have nearly the same entropy: between {glue:text}`audio_low:.3f` and
# {glue:text}`audio_high:.3f` bits, where nine equal shares have 3.170. The formula stretches this small difference to
# the whole range from 0 to 1. So one cell, here
# {glue:text}`zero_cells`, must get exactly 0 in all nine genres. Where words stand in the same table, cells lose: the
# mean factor is {glue:text}`factor_audio:.3f` for cells and {glue:text}`factor_words:.3f` for words, of which
# {glue:text}`factor_single:.0f` % have the full factor 1 because they were met in one class only.

# %% tags=["remove-cell"]
if tables:
    parts = np.sqrt(tables["genre audio"][0])
    parts = parts / parts.sum()
    entropy = -(parts * np.log2(parts)).sum()
    factor = homogeneity(tables["genre multimodal"][0])
    of_words = words(factor)
    chapter.glue("audio_low", entropy.min())
    chapter.glue("audio_high", entropy.max())
    chapter.glue("zero_cells", ", ".join(weighted.columns[(weighted == 0).all()]))
    chapter.glue("factor_audio", factor.drop(of_words.index).mean())
    chapter.glue("factor_words", of_words.mean())
    chapter.glue("factor_single", 100 * (of_words == 1).mean())

# %% [markdown]
# ## How many songs does an important word rest on?
#
# We take the ten words of largest average importance in each genre; the table shows five of them. Beside them stand the
# leading words with a *minimum support*: those that were counted in five songs or more.

# %% tags=["hide-input"]
if tables:
    sums, counts = tables["genre lyrics"]
    average = ml.importance(sums, counts, "average")
    supported = average.where(counts >= 5, 0.0)
    rows, songs = {}, []
    for genre in average.index:
        first = words(average.loc[genre]).index[:10]
        songs += counts.loc[genre, first].tolist()
        enough = words(supported.loc[genre])
        enough = enough[enough > 0].index[:5]
        rows[genre] = {
            "as published": ", ".join(published.mask(word) for word in first[:5]),
            "in five songs or more": ", ".join(published.mask(word) for word in enough),
        }
    chapter.glue("top_singles", songs.count(1))
    chapter.glue("top_all", len(songs))
    display(pd.DataFrame(rows).T)

# %% [markdown]
# {glue:text}`top_singles` of the {glue:text}`top_all` leading words were counted in **one** song. A mean over one song
# is that song's explanation.
#
# ## The same songs explained twice
#
# The larger multimodal run explained the songs of the first one again, with other perturbations. We take the words
# that both runs counted in one song. They show how far two runs of one song are apart.

# %% tags=["hide-input"]
if tables:
    (sums, counts), (sums_again, counts_again) = (
        tables["genre multimodal"],
        tables["genre multimodal, larger run"],
    )
    shared = words(sums.iloc[0]).index.intersection(sums_again.columns)
    once = (counts[shared] == 1) & (counts_again[shared] == 1)
    pair = pd.DataFrame(
        {"first": sums[shared].where(once).stack(), "again": sums_again[shared].where(once).stack()}
    )
    pair = pair.dropna()
    fig, axes = figures.panels(1, width=4.2, height=3.4)
    axes[0].plot(pair["first"], pair["again"], ".", color=figures.COLOURS["lyrics"], markersize=3)
    axes[0].axline((0, 0), slope=1, color=figures.INK, linestyle=":")
    axes[0].set(xlabel="weight in the first run", ylabel="weight in the larger run")
    chapter.figure(
        fig,
        alt="A scatter plot of word weights in two runs: a cloud around the diagonal, wide near zero",
        caption="Words that were counted in one song, in two runs of that song.",
        name="fig-published-runs",
    )
    chapter.glue("same_words", len(pair))
    chapter.glue("same_sd", (pair["first"] - pair["again"]).std() / np.sqrt(2))
    chapter.glue("same_median", pair["first"].median())
    two_errors = 2 * (pair["first"] - pair["again"]).std() / np.sqrt(2)
    chapter.glue("same_within", 100 * (pair["first"] < two_errors).mean())

# %% [markdown]
# Judged by the differences of {glue:text}`same_words` words, a weight scatters from run to run with a standard
# deviation of {glue:text}`same_sd:.4f`. The median weight is {glue:text}`same_median:.4f`.
# {glue:text}`same_within:.0f` % of these words are within two such deviations of zero, so they could be zero. The few
# large weights agree well.
#
# ## An explanation that showed a bug
#
# The second data set, AudioSet, took its lyrics from a site that inserts *You might also like* between two lines, glued
# to the next word.

# %% tags=["hide-input"]
if tables:
    sums, counts = tables["audioset lyrics"]
    top = sums.loc[["folk", "rhythm music"]].T.nlargest(6, "folk").rename(index=published.mask)
    display(top.rename_axis(index="word", columns="summed weight").round(3))
    glued = re.compile(r"like[A-Z]|.*[^A-Z]You$|.*[A-Z]{2}You$")
    injected = [word for word in sums if word in ("also", "might") or glued.match(word)]
    chapter.glue("injected_weight", 100 * sums[injected].to_numpy().sum() / sums.to_numpy().sum())
    chapter.glue("injected_count", 100 * counts[injected].to_numpy().sum() / counts.to_numpy().sum())

# %% [markdown]
# *also* and *might* lead folk and rhythm music. With the tokens that can only come from the glue (*likeBring*,
# *likeBeautiful*) they make up {glue:text}`injected_weight:.1f` % of all importance in this table and
# {glue:text}`injected_count:.1f` % of its counts. A plain count of words would have shown it too.
#
# ## The words themselves
#
# {doc}`The published words </runs/published-words>` shows the leading words of every class, asks whether their themes
# lie apart, and lays words beside stems as figure 2 of the paper does.
#
# ## Strengths
#
# The authors published their tables, which few do, and everything on this page follows from that.
#
# ## Limits
#
# We have sums and counts, not songs: no errors, and no negative weights. We infer from the totals of the lyric tables
# that each song gave them ten words. A word counted once in each of two runs may come from two songs. The injected
# tokens are recognised by their spelling; a few may be innocent and some are missed.
#
# ## What this cannot tell you
#
# Whether any of these words *cause* a prediction, or what the models would do with clean AudioSet lyrics: for that the
# models must be asked again. Nor does a weak aggregate make a single song's explanation wrong.
#
# ## Exercises
#
# **1.** The authors did not fold case. How many features of the multimodal table differ from another in case only?

# %% tags=["hide-cell", "solution"]
if tables:
    features = tables["genre multimodal"][0].columns
    print(len(features) - features.str.casefold().nunique())

# %% [markdown]
# **2.** Require five songs for each word and class, and recompute the homogeneity factor in the multimodal table. How
# many words are left, and what is their mean factor?

# %% tags=["hide-cell", "solution"]
if tables:
    sums, counts = tables["genre multimodal"]
    kept = sums.where(counts >= 5, 0.0).loc[:, (counts >= 5).any()]
    left = words(homogeneity(kept))
    print(f"{len(left)} words, mean factor {left.mean():.3f}")

# %% [markdown]
# **3.** Which cell matters most in the mean over the nine genres of the audio table, and does it beat the second by much?
# (The index of a segment has no meaning across songs: what would you expect?)

# %% tags=["hide-cell", "solution"]
if tables:
    print(ml.importance(*tables["genre audio"], "average").mean().nlargest(4).round(4))

# %% [markdown]
# ## Summary
#
# - {glue:text}`top_singles` of {glue:text}`top_all` leading words rest on one song; a minimum support changes who leads.
# - {glue:text}`same_within:.0f` % of the words that rest on one song could be zero, judged by how far two runs of one
#   song differ. Errors should be published with weights.
# - Where words and cells share a table, the homogeneity factor nearly removes the cells (mean
#   {glue:text}`factor_audio:.3f`) and hardly touches rare words ({glue:text}`factor_words:.3f`).
# - {glue:text}`injected_weight:.0f` % of one table's importance is a lyrics site's advertisement.
#
# ## Next
#
# {doc}`The claim ledger </runs/claims>` checks with these tables what paper and thesis say.
