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
# # Aggregate: from local to global
#
# One explanation is about one song. What does the model listen for in *all* the songs that it calls hip hop? The
# thesis adds explanations up (its sections 4.3.4 and 5.3). So does this page. Then it asks how much of such a sum
# can be believed.
#
# **What you will learn**
#
# - three ways to add explanations up, and what each favours;
# - two questions that a mean weight can answer, each with an error of its own;
# - how to take the noise out of an average magnitude;
# - how to share a budget between songs and perturbations.
#
# **What you need**: {doc}`Explain </runs/explain-genre-multimodal>`; of statistics, standard errors and the idea of a
# false-discovery rate.
#
# **How long, on what**: {glue:text}`took`, for {glue:text}`count` songs with {glue:text}`masks` perturbations of each
# modality.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.explain.corpus_jobs import explain_songs
from musiclime.judge.global_importance import grid, plan, shares, summary, tally
from musiclime.show import chapter, figures

# %% tags=["parameters"]
task: str = "genre"
modality: str = "multimodal"
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
songs: int = 54
masks: int = 150
support: int = 3
longest: float = 10.24

# %% [markdown]
# With `corpus`, `root`, `preset` and `weights` the same page is made from other songs and models. A feature is tested
# only if at least `support` songs have it. Of a song longer than `longest` seconds only a part is used.

# %% tags=["hide-input"]
corpus, preset = chapter.available(corpus, root, preset)
everything = ml.load_corpus(corpus, root or None)
options = {"weights": weights, "root": root or None, "progress": False}
model = ml.load_model(task, modality, everything, preset, **options)
kept_aside = everything if preset == "real" else everything.kept_aside()  # it was trained on none of them
chosen = kept_aside.where(np.arange(len(kept_aside)) < songs)
listened = [one if one.seconds <= longest else one.excerpt(one.seconds / 3, longest) for one in chosen]

# %%
explainers = {"multimodal": ml.MusicLIME, "audio": ml.AudioLIME, "lyrics": ml.LyricsLIME}
explainer = explainers[modality](model, samples=masks, progress=False)
explained = explain_songs(explainer, listened)

# %% tags=["remove-cell"]
labels = [explanation.label for explanation in explained]
label = max(model.classes, key=labels.count)
hears, reads = modality != "lyrics", modality != "audio"
both = hears and reads
planted = task == "genre" and all(song.evidence for song in listened)
chapter.glue("count", len(explained))
chapter.glue("masks", masks)
chapter.glue("label", label)
chapter.glue("of-label", labels.count(label))

# %% [markdown]
# ## An importance by hand
#
# Take the songs that the model *gives* a class, rightly or not: we explain the model. Add up the size of each
# feature's weight for that class, count the songs that have the feature, and divide.

# %%
sums, counts = {}, {}
for explanation in explained:
    if explanation.label != label:
        continue
    for feature, weight in zip(explanation.features, explanation.weights[explanation.row(label)]):
        if weight != 0:
            sums[feature.name] = sums.get(feature.name, 0.0) + abs(weight)
            counts[feature.name] = counts.get(feature.name, 0) + 1
by_hand = pd.Series(sums) / pd.Series(counts)
by_hand.nlargest(5).round(4).to_frame(label)

# %% [markdown]
# This is the thesis's *average importance*. `ml.aggregate` computes it for all classes:

# %%
average = ml.aggregate(explained, how="average")
print("largest difference:", (average.loc[label, by_hand.index] - by_hand).abs().max().round(12))

# %% [markdown]
# Let $S_c$ be the songs of class $c$ and $W_{ij}$ the weight of feature $j$ in song $i$. The thesis defines three
# importances:
#
# $$I_{cj}^{AVG} = \frac{\sum_{i \in S_c} |W_{ij}|}{\sum_{i \in S_c : W_{ij} \neq 0} 1} \qquad
# I_{cj}^{LIME} = \sqrt{\sum_{i \in S_c} |W_{ij}|} \qquad
# I_{cj}^{H} = \left( 1 - \frac{H_j - H_{min}}{H_{max} - H_{min}} \right) I_{cj}^{LIME}$$
#
# $H_j$ is the entropy of $I_{cj}^{LIME}$ shared out over the classes. The first favours what was strong once, the
# second what is frequent, the third what is strong in few classes. Here are the leading features of
# *{glue:text}`label`*, the class that most songs were given ({glue:text}`of-label` of them):

# %%
leading = {}
for how in ("average", "lime", "homogeneity"):
    leading[how] = ml.aggregate(explained, how=how).loc[label].nlargest(4).index
pd.DataFrame(leading).style.hide(axis="index")

# %% [markdown]
# Signs are lost in all three. `sign="positive"` counts only what speaks for the class, as the authors' code does;
# `sign="signed"` lets weights for and against cancel.
#
# ## Two questions, two errors
#
# A mean weight can answer two questions.
#
# - **In songs like these**, does the feature move the model? The songs are a sample, and songs differ. The error
#   comes from the spread over songs.
# - **In these songs**, did it move the model? The songs are given. The error comes only from the perturbations.
#
# Three songs tell little about the spread. With two degrees of freedom, Student's t asks a mean to lie 4.3 errors
# above zero if one feature is tested, and more than a hundred errors if a thousand features are. So the spread of
# each feature is *moderated*: pulled towards what all features of its modality show, as is usual for genes
# {cite}`smyth2004limma`. How strongly it is pulled is estimated from the data.

# %%
table = summary(tally(explained), support)
tested = table[table["songs"] >= min(support, table["songs"].max())]
columns = ["feature", "songs", "mean", "error", "q", "error here", "q here"]
strongest = tested.nlargest(5, "mean").set_index("class")[columns]
strongest.astype({"songs": int}).round(3)

# %% tags=["hide-input"]
if tested["songs"].max() < support:
    told = (
        f"**No class was given to {support} songs or more,** so nothing can be tested about songs like these"
    )
    display(Markdown(f"{told}, and every `q` is missing. What follows is about these songs alone."))

# %% [markdown]
# `q` is the false-discovery rate (Benjamini and Hochberg): of the features with a `q` below 0.05, at most one in
# twenty is expected to do nothing. The columns `error` and `q` answer the first question, those that end in *here*
# the second.

# %% tags=["hide-input"]
rows = {}
for question, end in (("in songs like these", ""), ("in these songs", " here")):
    rows[question] = {
        "features tested": len(tested),
        "found": int((tested["q" + end] < 0.05).sum()),
        "median error": tested["error" + end].median(),
        "mean weight found with 80 % chance": tested["detectable" + end].median(),
    }
pd.DataFrame(rows).T.style.format("{:.0f}", subset=["features tested", "found"]).format(
    "{:.4f}", subset=["median error", "mean weight found with 80 % chance"]
)

# %% [markdown]
# The last column says what such a test can find: a feature needs a mean weight of that size to be found in four of five
# such studies. What is much smaller will mostly be missed, however real it is.

# %% [markdown] tags=["only-genre", "only-multimodal", "not-real"]
# ### The same with hundreds of songs
#
# A page has time for few songs. A benchmark explained many, and noted for each word whether it was planted as
# evidence in a song of the class. A found word that was not planted need not be false: the model may use it all the
# same. So the last column is an upper bound, not the false-discovery rate.

# %% tags=["hide-input", "only-genre", "only-multimodal", "not-real"]
record = chapter.data_folder() / "measured" / "aggregate_1000.csv"
if not (both and planted):
    pass
elif not record.is_file():
    display(Markdown("Not recorded yet: `python -m benchmarks.aggregate` does it."))
else:
    about = record.read_text(encoding="utf-8").splitlines()[1].strip("# ")
    many = pd.read_csv(record, comment="#")
    read = many[many["modality"] == "lyrics"]
    is_planted = read["planted"] > 0
    rows = {}
    for question, end in (("in songs like these", ""), ("in these songs", " here")):
        found = read["q" + end] < 0.05
        rows[question] = {
            "planted words found": f"{(found & is_planted).sum()} of {is_planted.sum()}",
            "other words found": f"{(found & ~is_planted).sum()} of {(~is_planted).sum()}",
            "found that were not planted": f"{(found & ~is_planted).sum() / max(found.sum(), 1):.0%}",
        }
    display(Markdown(f"Recorded: {about}, words in five songs or more."), pd.DataFrame(rows).T)

# %% [markdown]
# ## What noise alone would give
#
# A feature without any effect still has an average magnitude of 0.80 standard errors, because magnitudes are never
# negative. For such a feature the mean of $W^2 - SE^2$ is 0. Where the interval of this mean contains 0, a feature
# could be without any effect.

# %% tags=["hide-input"]
floor = np.sqrt(2 / np.pi) * tested["within"]
nothing = tested["low"] <= 0
fig, axes = figures.panels(2, width=4.5, height=3.2)
pictures = {"average |W|": tested["absolute"] / tested["songs"], "mean of W² - SE²": tested["debiased"]}
for ax, (title, values) in zip(axes, pictures.items()):
    ax.plot(floor[nothing], values[nothing], ".", color=figures.FAINT, label="could be zero")
    ax.plot(floor[~nothing], values[~nothing], ".", color=figures.COLOURS["for"], label="is not zero")
    ax.set(xlabel="average |W| of noise alone", title=title)
    ax.locator_params(axis="x", nbins=5)
axes[0].axline((0, 0), slope=1, color=figures.INK, linestyle=":", label="noise alone")
axes[1].set_yscale("symlog", linthresh=float(tested["debiased"].abs().median()) or 1e-9)
axes[0].legend(fontsize=figures.SMALLEST_TYPE)
chapter.figure(
    fig,
    alt="Two scatter plots of importance over the noise floor, as average magnitudes on the left and debiased on the "
    "right; features whose interval holds zero are grey",
    caption="Importance of the tested features, as an average magnitude and debiased.",
    name="fig-aggregate-floor",
)
chapter.glue("nothing", 100 * nothing.mean())

# %% [markdown]
# {glue:text}`nothing:.0f` % of the tested features could be zero. Their average importance is above zero all the same, as
# that of noise would be.

# %% [markdown] tags=["not-audio"]
# ## The leading words
#
# Inflected forms count as one (*love, loves, loving*). The bars are 95 % intervals for songs like these, by quantiles
# of Student's t. Grey words are not findings.

# %% tags=["hide-input", "not-audio"]
pooled = summary(tally(explained, pool=True), support)
pooled = pooled[(pooled["modality"] == "lyrics") & (pooled["songs"] >= support) & (pooled["mean"] > 0)]
if len(pooled):
    groups = list(pooled.groupby("class"))
    fig, axes = figures.panels(len(groups), width=2.35, height=1.55)
    for ax, (name, group) in zip(axes, groups):
        top = group.nlargest(5, "mean")
        colours = [figures.COLOURS["lyrics"] if q < 0.05 else figures.FAINT for q in top["q"]]
        figures.bars(ax, top.set_index("feature")["mean"], top["bar"], name, "", colours)
        ax.locator_params(axis="x", nbins=3)
    fig.supxlabel("mean weight", fontsize=figures.SMALLEST_TYPE)
    chapter.figure(
        fig,
        alt="A bar chart of words with intervals for each class; coloured bars are findings, grey ones are not",
        caption="Words that speak for each class. Grey: not a finding at a false-discovery rate of 5 %.",
        name="fig-aggregate-words",
    )

# %% [markdown] tags=["not-lyrics"]
# ## Stems and segments
#
# The number of a segment means nothing across songs: the fifth tenth is a verse in one and a chorus in another. The name of
# a stem means the same in all.

# %% tags=["hide-input", "not-lyrics"]
if hears:
    given = [name for name in model.classes if average.loc[name].any()]
    fig = figures.heatmaps({name: grid(average.loc[name]) for name in given}, "average importance")
    chapter.figure(
        fig,
        alt="For each class a heatmap of four stems by ten segments, all on one colour scale",
        caption="Average importance of stems and segments, on one scale (compare the heatmaps of chapter 5.3 of the thesis).",
        name="fig-aggregate-heatmaps",
    )

# %% [markdown] tags=["only-multimodal"]
# ## How much is sound, how much is words?
#
# We take the words' share of the weight that speaks for a class. A plain sum also counts features without any effect:
# their noisy weights add up to a share, too. So a weight within two of its errors counts as 0 here. The intervals are
# by bootstrap over songs.

# %% [markdown] tags=["only-multimodal", "only-genre", "not-real"]
# On composed songs we know more. The diamonds are what the model itself uses: words and sound are each replaced by neutral
# material, in both orders, and what the answer loses is averaged (Shapley values of two players). Where a diamond lies
# outside the interval, the share of the weights does not say what the model uses.

# %% tags=["hide-input", "only-multimodal"]
own_use = None
if both and not listened[0].evidence:
    display(Markdown("**These songs have no planted evidence:** what the model itself uses is not known."))
if both and planted:
    worth = []
    for song in listened:
        without = [song, song.neutral(cells=False), song.neutral(words=False), song.neutral()]
        sound, lyrics = np.stack([one.audio for one in without]), [one.lyrics for one in without]
        asked = model.predict(sound, lyrics)
        all_in, no_words, no_cells, none = asked[:, asked[0].argmax()]
        of_words = (all_in - no_words + no_cells - none) / 2
        of_cells = (all_in - no_cells + no_words - none) / 2
        worth.append({"class": model.classes[asked[0].argmax()], "words": of_words, "cells": of_cells})
    worth = pd.DataFrame(worth).groupby("class").sum().clip(lower=0)
    own_use = worth["words"] / worth.sum(axis=1)

# %% tags=["hide-input", "only-multimodal"]
if both:
    share = shares(explained).dropna()
    fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
    reach = [share["share"] - share["low"], share["high"] - share["share"]]
    figures.bars(ax, share["share"], reach)
    if own_use is not None:
        place = range(len(share))
        own = own_use.reindex(share.index)
        ax.plot(own, place, "D", color="C2", label="the model's own use", clip_on=False)
        ax.legend(fontsize=figures.SMALLEST_TYPE)
    ax.set(xlim=(0, 1), xlabel="the words' share")
    chapter.figure(
        fig,
        alt="Bars of the words' share for each class with intervals and, on composed songs, diamonds of the model's "
        "own use",
        caption="The words' share of the weight that speaks for each class.",
        name="fig-aggregate-shares",
    )

# %% [markdown]
# ## How many songs, how many perturbations?
#
# With variance $\tau^2$ between songs and $s^2$ for one perturbation, the squared error of a class mean from $m$ songs
# with $n$ perturbations each is $\tau^2 / m + s^2 / (m n)$. If a song costs $C_0$ before its first perturbation, the best
# $n$ is $\sqrt{C_0\, s^2 / \tau^2}$. Both variances were measured above. We take $C_0$ as a hundred perturbations, about
# what composing a song costs here, and a budget of 100,000.

# %%
between, within = tested["between"].median(), tested["within"].median() * np.sqrt(masks)
ways = plan(np.fmax(between, 1e-6), within, budget=100_000, overhead=100, least=200)
thesis = (ways["perturbations"] - 5000).abs().idxmin()
ways.loc[[ways["error"].idxmin(), thesis]].set_axis(["best", "as the thesis"]).round({"error": 5})

# %% [markdown]
# The more songs differ, the more of the budget belongs to further songs. With few songs the spread between songs may
# be estimated as zero. The formula then puts the whole budget into one song and should not be believed.
#
# ## Strengths
#
# One pass over any number of explanations, in bounded memory; every number has an error, and features that could be
# zero are marked instead of being ranked.
#
# ## Limits
#
# The moderated error assumes that the features of a modality are alike: a few very uneven features widen the bars of
# all. The interval of $W^2 - SE^2$ assumes that the songs' true weights are about normal. Pooling by endings joins some
# words that should stay apart.
#
# ## What this cannot tell you
#
# An aggregate says what moved the model in these songs, with these stems and this way of muting. It does not say what
# makes music hip hop. A class that the model never gives has no aggregate at all.
#
# ## Exercises
#
# **1.** Aggregate only the songs that the model classifies rightly. How many of the eight leading features stay?

# %% tags=["hide-cell", "solution"]
truth = chosen.table[task].astype(str).tolist()
rightly = [explanation for explanation, right in zip(explained, truth) if explanation.label == right]
if rightly:
    first, second = (t.loc[label].nlargest(8).index for t in (ml.aggregate(rightly), average))
    print(len(first.intersection(second)), "of eight stay:", ", ".join(first.intersection(second)))

# %% [markdown]
# **2.** Split the songs in two halves. How well do the mean weights of the halves agree, for all features and for those
# with support?

# %% tags=["hide-cell", "solution"]
halves = [summary(tally(explained[k::2])).set_index(["class", "feature"]) for k in (0, 1)]
pair = halves[0].add_suffix(" a").join(halves[1].add_suffix(" b"), how="inner")
enough = pair[(pair["songs a"] >= support) & (pair["songs b"] >= support)]
for which, some in {"all features": pair, "those with support": enough}.items():
    print(f"{which}: correlation {some['mean a'].corr(some['mean b']):.2f} over {len(some)}")

# %% [markdown]
# **3.** Count only weights that speak for the class. Which feature of *{glue:text}`label`* gains most places?

# %% tags=["hide-cell", "solution"]
positive = ml.aggregate(explained, sign="positive").loc[label].rank(ascending=False)
gained = average.loc[label].rank(ascending=False) - positive
print(gained.idxmax(), "gains", int(gained.max()), "places")

# %% [markdown]
# ## Summary
#
# - Average importance is what the thesis recommends for mixed features; without support and errors its top may be
#   chance.
# - *In songs like these* and *in these songs* are two questions. Say which one your findings answer, and how large an
#   effect you could have found.
# - {glue:text}`nothing:.0f` % of the tested features could be zero.
#
# ## Next
#
# {doc}`Can you trust it? </runs/trust>` asks whether a single explanation is right.
