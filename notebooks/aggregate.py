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
# One explanation is about one song. What does the model listen for in *all* the songs that it calls hip
# hop? The thesis adds explanations up (its sections 4.3.4 and 5.3). So does this page, and then asks which
# of the sums survive a second look: how large is the error, what would noise alone have given, on how many
# songs does a word rest?
#
# **What you will learn**: the three global importances and when each misleads; where the errors of an
# aggregate come from; how to take the noise out of a magnitude; how to share a budget between songs and
# perturbations.
#
# **What you need**: {doc}`Explain </runs/explain-genre-multimodal>`; of statistics, standard errors and the idea of a false-discovery rate.
#
# **How long, on what**: {glue:text}`took`, most of it explaining the songs.
#
# The songs are composed, with planted evidence: what follows is a claim about the method, never about real
# music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
task: str = "genre"
modality: str = "multimodal"
songs: int = 135
masks: int = 240
support: int = 3
separated: int = 27
texts: int = 300
glove: str = ""

# %%
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from scipy import stats

# %%
from musiclime.judge.global_importance import (
    grid,
    homogeneity,
    plan,
    shares,
    summary,
    sums_and_counts,
    tally,
    words,
)
from musiclime.show.figures import of_corpora as plots

sound, lyrics, late = modality != "lyrics", modality != "audio", modality == "multimodal"

# %% [markdown]
# The page is made six times, for two tasks and three modalities; a model that only reads or only hears leaves
# out the parts about the other, and about both. The first `songs` of the test split, in which the genres
# take turns, are explained with `masks` perturbations of each modality. `support` is the least number of songs behind a feature that is tested,
# `separated` the number of songs that are explained again with separated stems, `texts` the number whose
# words word vectors are learned from.

# %%
corpus = ml.load_corpus("demo")
model = ml.load_model(task, modality, corpus)
test = corpus.split("test")
chosen = test.where(np.arange(len(test)) < songs)

# %%
explainers = {"multimodal": ml.MusicLIME, "audio": ml.AudioLIME, "lyrics": ml.LyricsLIME}
explainer = explainers[modality](model, samples=masks)
listened = list(chosen)
explained = [explainer.explain(song) for song in listened]

# %% [markdown]
# Before asking *why*, ask *how well*: the accuracy on these songs, and the accuracy once their genre
# evidence gives way to neutral material. (The mood of a song is in all of it and cannot be replaced, so
# it is the genre that should fall.)


# %%
def ask(songs):
    return model.predict(np.stack([song.audio for song in songs]), [song.lyrics for song in songs])


truth = chosen.table[task].to_numpy()
correct = np.array(model.classes)[ask(listened).argmax(1)] == truth
without = np.array(model.classes)[ask([song.neutral() for song in listened]).argmax(1)] == truth
chapter.glue("accuracy", correct.mean())

# %%
chapter.glue("accuracy_without", without.mean())
chapter.glue("explained", len(explained))

# %% [markdown]
# Of {glue:text}`explained:.0f` songs the model has {glue:text}`accuracy:.2f` right, and
# {glue:text}`accuracy_without:.2f` when the evidence of genre is replaced.
#
# ## Three importances
#
# $S_c$ are the songs that the model *classifies* as $c$, rightly or not: we explain the model. With
# $W_{ij}$ the weight of feature $j$ for class $c$ in song $i$, the thesis prints
#
# $$I_{cj}^{LIME} = \sqrt{\sum_{i \in S_c} |W_{ij}|} \qquad
# I_{cj}^{AVG} = \frac{\sum_{i \in S_c} |W_{ij}|}{\sum_{i \in S_c : W_{ij} \neq 0} 1}$$
#
# and, with $H_j$ the entropy of $I_{cj}^{LIME}$ shared out over the classes,
#
# $$I_{cj}^{H} = \left( 1 - \frac{H_j - H_{min}}{H_{max} - H_{min}} \right) I_{cj}^{LIME}$$
#
# The first favours what is frequent, the second what was strong once, the third what is strong in few
# classes. All three in one call each:

# %%
importances = {how: ml.aggregate(explained, how=how) for how in ("lime", "average", "homogeneity")}
label = max(model.classes, key=[explanation.label for explanation in explained].count)
chapter.glue("label", label)
pd.DataFrame({how: table.loc[label].nlargest(8).index for how, table in importances.items()})

# %% [markdown]
# These are the leading features of {glue:text}`label`, the class that most of the songs were given. The
# authors' code differs from the formulas in one point: only positive weights enter sum and count.
# `sign="positive"` does that, `sign="signed"` lets evidence for and against cancel. Where a formula divides
# nothing by nothing, we define: what no song of a class holds is 0 there; where all entropies are equal the
# factor is 1; a feature of one class has entropy 0.

# %%
pd.DataFrame(
    {
        sign: ml.aggregate(explained, sign=sign).loc[label].nlargest(8).index
        for sign in ("absolute", "positive", "signed")
    }
)

# %% [markdown]
# ## Two sources of error
#
# A class's mean weight wavers for two reasons: *within* a song, because perturbations are drawn; *between*
# songs, because songs differ. `tally` adds up in one pass what both need, `summary` computes them. The
# observed spread over songs holds both sources; what is left of it after the squared standard errors is the
# songs' own.

# %%
table = summary(tally(explained), support)
solid = table[table["songs"] >= support]
chapter.glue("support", support)
chapter.glue("within", solid["within"].median())
chapter.glue("between", solid["between"].median())
chapter.glue("cells_all", len(table))

# %%
chapter.glue("cells_one", 100 * (table["songs"] == 1).mean())
chapter.glue("cells_solid", len(solid))
columns = ["feature", "songs", "mean", "error", "within", "between", "q"]
solid.astype({"songs": int}).nlargest(10, "mean").set_index("class")[columns].round(3)

# %% [markdown]
# Of {glue:text}`cells_all:.0f` pairs of class and feature, {glue:text}`cells_one:.0f` % rest on one song;
# only {glue:text}`cells_solid:.0f` have the {glue:text}`support:.0f` that we ask for. Over these the median
# standard deviation within a song is {glue:text}`within:.4f`, between songs {glue:text}`between:.4f`.
#
# ## What noise alone would give
#
# The mean of magnitudes cannot be 0: of a feature that does nothing it is 0.80 standard errors. The mean of
# $W^2 - SE^2$ can, and its interval says whether it does. The figure shows both for every feature with
# support.

# %%
magnitude, floor = solid["absolute"] / solid["songs"], np.sqrt(2 / np.pi) * solid["within"]
nothing = solid["low"] <= 0
chapter.glue("nothing", 100 * nothing.mean())
chapter.glue("found", (solid["q"] < 0.05).sum())
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")

# %% tags=["hide-input"]
for ax, value, title in zip(axes, (magnitude, solid["power"]), ("mean |W|", "mean W² - SE²")):
    ax.plot(floor[nothing], value[nothing], ".", color="0.6", label="may do nothing")
    ax.plot(floor[~nothing], value[~nothing], ".", color=plots.COLOURS["audio"], label="does something")
    ax.set(xlabel="mean |W| of noise alone", title=title)
    ax.locator_params(axis="x", nbins=5)
axes[0].axline((0, 0), slope=1, color="black", linestyle=":", label="noise alone")
axes[1].set_yscale("symlog", linthresh=float(solid["power"].abs().median()))

# %% tags=["hide-input"]
axes[0].legend(fontsize=8)

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="Two scatter plots of importance over the noise floor, as mean magnitudes on the left and debiased on the "
    "right; features whose interval holds zero are grey",
    caption="Importance of the features with support, as a mean magnitude and debiased.",
    name="fig-aggregate-floor",
)

# %% [markdown]
# {glue:text}`nothing:.0f` % of these features have an interval that holds 0. And {glue:text}`found:.0f`
# push their class in one direction reliably: their false-discovery rate `q` (Benjamini and Hochberg, over
# all of them) is below 5 %. Only those should be read as findings.

# %% [markdown] tags=["not-audio"]
# ## The leading words
#
# With intervals, in songs enough, inflected forms taken together (*love, loves, loving*), by mean weight
# towards the class.

# %% tags=["not-audio"]
pooled = summary(tally(explained, pool=True), support)
pooled = pooled[(pooled["modality"] == "lyrics") & (pooled["songs"] >= support) & (pooled["mean"] > 0)]

# %% tags=["hide-input", "not-audio"]
if lyrics and len(pooled):
    groups = [(c, g.nlargest(10, "mean")) for c, g in pooled.groupby("class")]
    fig, axes = plots.panels(len(groups), height=2.5)
    for ax, (c, top) in zip(axes, groups):
        sure = [plots.COLOURS["lyrics"] if q < 0.05 else "0.7" for q in top["q"]]
        plots.bars(ax, top.set_index("feature")["mean"], 1.96 * top["error"], c, "mean weight", sure)
        ax.tick_params(axis="y", labelsize=7)
    chapter.figure(
        fig,
        alt="A bar chart of words with intervals for each class; coloured bars are reliable, grey ones are not",
        caption="Words with support that push towards each class. Grey: not reliable at 5 % false discoveries.",
        name="fig-aggregate-words",
    )

# %% [markdown] tags=["not-audio", "only-genre"]
# The demo's words were planted, so we can count: of a genre's ten leading words in two songs or more, how
# many belong to its lexicon?

# %% tags=["not-audio"]
leading = tally(explained).assign(mean=lambda t: t["signed"] / t["songs"])
leading = leading[(leading["modality"] == "lyrics") & (leading["songs"] >= 2)]

# %% tags=["not-audio", "only-genre"]
if lyrics and task == "genre":
    from musiclime.data.composer.words import genre_lexicon
    from musiclime.judge.global_importance import base_form

    planted = {
        genre: {base_form(w) for part in genre_lexicon(genre) for kind in part.values() for w in kind}
        for genre in ml.GENRES
    }
    hits = {}
    for c, group in leading.groupby("class"):
        first = group.nlargest(10, "mean")["feature"]
        hits[c] = {"planted": sum(base_form(w) in planted[c] for w in first), "of the first": len(first)}
    display(pd.DataFrame(hits).T)

# %% tags=["not-audio", "only-genre"]
if lyrics and task == "genre":
    plants = pd.read_csv(chapter.data_folder() / "demo_evidence.csv", index_col="genre")
    heavy = plants.index[plants["mean_words"] > plants["mean_cells"]]
    told = "; ".join(f"{c}: {hits[c]['planted']} of {hits[c]['of the first']}" for c in heavy if c in hits)
    display(Markdown(f"Of the genres planted with more words than cells: {told}."))

# %% [markdown] tags=["not-lyrics"]
# ## Stems and segments
#
# Average and homogeneity side by side, as figures 5.3.9 to 5.3.17 of the thesis have them; the sums by stem
# beside. A segment's number means nothing across songs, which begin where they begin; a stem's name does.

# %% tags=["hide-input", "not-lyrics"]
if sound:
    rows = [c for c in model.classes if importances["average"].loc[c].any()]
    fig, axes = plots.panels(2 * len(rows), width=5.2, height=2.1, columns=2)
    for left, right, c in zip(axes[::2], axes[1::2], rows):
        plots.heatmap(left, grid(importances["average"].loc[c]), f"{c}: average")
        plots.heatmap(right, grid(importances["homogeneity"].loc[c]), f"{c}: homogeneity", digits=2)
    chapter.figure(
        fig,
        alt="For each class two heatmaps of four stems by ten segments, average importance and homogeneity-weighted",
        caption="Global importance of stems and segments.",
        name="fig-aggregate-heatmaps",
    )

# %% tags=["hide-input", "not-lyrics"]
if sound:
    by_stem = pd.DataFrame({c: grid(importances["average"].loc[c]).sum(axis=1) for c in rows}).T
    display(
        by_stem.style.format("{:.3f}").background_gradient(
            axis=1, cmap="Blues", vmax=2 * by_stem.to_numpy().max()
        )
    )

# %% [markdown] tags=["only-multimodal"]
# ## Words beside stems
#
# The picture of the paper's figure 2, for three genres: a heatmap and the leading words on one scale of
# weights.

# %% tags=["hide-input", "only-multimodal"]
if late:
    counts = sums_and_counts(tally(explained))[1]
    three = [c for c in ("hip hop", "punk", "pop") if c in rows] or rows[:3]
    fig, axes = plots.panels(2 * len(three), width=5.2, height=2.8, columns=2)
    for left, right, c in zip(axes[::2], axes[1::2], three):
        average = importances["average"].loc[c].where(counts.loc[c] >= 3, 0.0)
        plots.heatmap(left, grid(average), c)
        plots.bars(right, words(average)[:12])
        right.tick_params(axis="y", labelsize=7)
    chapter.figure(
        fig,
        alt="For three classes a heatmap of stems by segments and bars of the twelve leading words",
        caption="Average importance of stems and words, in three songs or more (compare figure 2 of the paper).",
        name="fig-aggregate-both",
    )

# %% [markdown] tags=["not-audio"]
# ## Themes
#
# The thesis lays the leading words on a plane, by t-SNE of their GloVe vectors, and groups them by k-means.
# `glove` may name a file of such vectors. Without it we learn vectors from the corpus itself: which words
# share a line more often than chance (positive pointwise mutual information), compressed by a singular
# value decomposition.


# %% tags=["not-audio"]
def learned(lines, size=30):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(token_pattern=r"[^\W_]+(?:['’][^\W_]+)*", binary=True, min_df=3)
    together = counter.fit_transform(lines)
    pairs = (together.T @ together).toarray().astype(float)
    np.fill_diagonal(pairs, 0)
    expected = np.outer(pairs.sum(1), pairs.sum(0)) / pairs.sum()
    ppmi = np.log(np.divide(pairs, expected, out=np.ones_like(pairs), where=pairs > 0)).clip(min=0)
    return dict(zip(counter.get_feature_names_out(), TruncatedSVD(size, random_state=0).fit_transform(ppmi)))


# %% tags=["not-audio"]
if lyrics:
    if glove:
        with Path(glove).open(encoding="utf-8") as file:
            lines = (line.rstrip().split(" ") for line in file)
            vectors = {line[0]: np.array(line[1:], float) for line in lines}
    else:
        train = corpus.split("train")
        sung = [train[i].lyrics.lower() for i in range(min(texts, len(train)))]
        vectors = learned([line for text in sung for line in text.split("\n")])
    source = f"the file {Path(glove).name}" if glove else f"the lyrics of {len(sung)} training songs"
    display(Markdown(f"Vectors from {source}."))

# %% tags=["hide-input", "not-audio"]
if lyrics:
    from sklearn.cluster import KMeans
    from sklearn.manifold import TSNE

    tops = {c: g.nlargest(8, "mean")["feature"] for c, g in leading.groupby("class")}
    placed = [(w, c) for c, top in tops.items() for w in top if w in vectors]
    space = np.array([vectors[w] / (np.linalg.norm(vectors[w]) or 1) for w, _ in placed])
    points = TSNE(perplexity=min(10, len(space) / 4), init="random", random_state=0).fit_transform(space)
    themes = KMeans(min(6, len(space)), n_init=10, random_state=0).fit_predict(space)
    fig, ax = plt.subplots(figsize=(9, 6), layout="constrained")
    plots.themes(ax, points, *zip(*placed), themes)
    chapter.figure(
        fig,
        alt="A plane of the leading words of each class with the number of their k-means theme",
        caption="Leading words by t-SNE of their vectors; the number is the k-means theme.",
        name="fig-aggregate-themes",
    )

# %% [markdown] tags=["only-multimodal"]
# ## How much is sound, how much is words?
#
# The share of the lyrics in what speaks for a class, with an interval by bootstrap over songs. Plain sums
# count *features*: forty cells and as many words that do nothing have a share, too. So weights within two
# of their errors count as nothing here.

# %% [markdown] tags=["only-multimodal", "only-genre"]
# Beside the share stand what was planted (words among the planted
# features of these songs), and what the model itself uses: its game of two players, in which a player who
# is off is replaced by neutral material, with both orders averaged (Shapley values).


# %% tags=["only-multimodal", "only-genre"]
def game(song):
    """What words and sound are worth to the predicted class: Shapley values of two players."""
    off = [song, song.neutral(cells=False), song.neutral(words=False), song.neutral()]
    both, cells, said, none = ask(off)[:, ask([song])[0].argmax()]
    return (both - cells + said - none) / 2, (both - said + cells - none) / 2


# %% tags=["only-multimodal", "only-genre"]
if late and task == "genre":
    labels = [explanation.label for explanation in explained]
    played = pd.DataFrame([game(song) for song in listened], columns=["words", "cells"])
    marked = [song.evidence["genre"] for song in listened]
    marked = pd.DataFrame([(len(e["words"]), len(e["cells"])) for e in marked], columns=["words", "cells"])
    totals = [table.groupby(labels).sum().clip(lower=0) for table in (played, marked)]
    used, planted_share = (total["words"] / total.sum(axis=1) for total in totals)

# %% [markdown] tags=["only-multimodal", "only-genre"]
# That game replaces by neutral material, and our explanations by silence. So explain the songs once more,
# meaning the same by *off* as the game does.

# %% tags=["only-multimodal", "only-genre"]
if late and task == "genre":
    like_the_game = ml.MusicLIME(model, samples=masks, off="neutral")
    offs = {"silence": explained, "neutral": [like_the_game.explain(song) for song in listened]}

# %% tags=["hide-input", "only-multimodal"]
if late:
    share = shares(explained)
    marks = {"the model's own": used, "planted": planted_share} if task == "genre" else {}
    if task == "genre":
        marks["explained with neutral music"] = shares(offs["neutral"])["share"]
    fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    plots.bars(ax, share["share"], [share["share"] - share["low"], share["high"] - share["share"]])
    for marker, (name, values) in zip("DoX", marks.items()):
        ax.scatter(
            values.reindex(share.index),
            range(len(share)),
            s=25,
            c="black",
            marker=marker,
            label=name,
            clip_on=False,
        )
    ax.set(xlim=(0, 1), xlabel="share of the lyrics")
    if marks:
        ax.legend(fontsize=8)
    chapter.figure(
        fig,
        alt="Bars of the lyrics' share for each class with intervals and, for genres, marks of the model's own use and "
        "of what was planted",
        caption="Share of the lyrics in the weight that speaks for each class.",
        name="fig-aggregate-shares",
    )

# %% tags=["only-multimodal", "only-genre"]
if late and task == "genre":
    ways = {"positive, beyond two errors": (), "positive": ("positive", 0), "magnitudes": ("absolute", 0)}
    others = {"the model's own use": used, "what was planted": planted_share}
    agree = {}
    for (off, made), (name, way) in product(offs.items(), ways.items()):
        found = shares(made, *way)["share"]
        agree[off, name] = {
            k: stats.spearmanr(found, v.reindex(found.index), nan_policy="omit").statistic
            for k, v in others.items()
        }
    display(pd.DataFrame(agree).T.rename_axis(["off is", "weights"]).round(2))

# %% tags=["only-multimodal", "only-genre"]
if late and task == "genre":
    silent, neutral = (agree[off, "positive, beyond two errors"]["the model's own use"] for off in offs)
    verdict = "better" if neutral > silent else "no better"
    display(
        Markdown(
            f"Over {len(used)} classes, the shares beyond two errors and the model's own use agree in rank at "
            f"{silent:.2f} where a cell that is off is silent, and at {neutral:.2f} where it plays neutral music. "
            f"Where explanation and ablation mean the same by *off*, they agree {verdict}."
        )
    )

# %% [markdown] tags=["only-multimodal", "only-genre"]
# Real songs come without stems. Separated by Open-Unmix, trained on composed songs, evidence bleeds from
# stem to stem. Does the share of the lyrics feel it? The same songs, once with true stems and once without:

# %% tags=["only-multimodal", "only-genre"]
if late and task == "genre" and separated:
    from dataclasses import replace

    step = max(1, len(listened) // separated)
    blind = [explainer.explain(replace(song, stems=None)) for song in listened[::step]]
    ways = {", true stems": explained[::step], ", Open-Unmix": blind}
    both = pd.concat([shares(way).add_suffix(name) for name, way in ways.items()], axis=1)
    display(both.round(2))
    moved = (both["share, true stems"] - both["share, Open-Unmix"]).abs().mean()
    display(Markdown(f"The share moves by {moved:.2f} on average over the classes."))

# %% [markdown] tags=["only-multimodal"]
# ## Why homogeneity fails where features are mixed
#
# Every cell occurs in every class; most words occur in few. The entropy sees this, not the music:

# %% tags=["only-multimodal"]
if late:
    sums, counts = sums_and_counts(tally(explained))
    factor, frequent = homogeneity(sums), counts.sum() >= 20
    cell = ~factor.index.isin(words(factor).index)
    result = {
        "stem cells": factor[cell],
        "all words": factor[~cell],
        "words in 20 songs or more": factor[~cell & frequent],
    }
    display(
        pd.DataFrame({k: {"mean factor": v.mean(), "features": len(v)} for k, v in result.items()}).T.round(3)
    )

# %% [markdown] tags=["only-multimodal"]
# The factor of a word is large because the word is rare, and falls when the word is frequent. So $I^H$
# ranks by rarity first, and the thesis is right to leave it aside for multimodal models.

# %% [markdown] tags=["only-multimodal"]
# ## Two earlier attempts
#
# The thesis mentions two. The first reads the classification layer: the weights that each class gives to
# the sound's and to the lyrics' half of the joint vector.

# %% tags=["only-multimodal"]
if late:
    head = model.network.head
    weight = (head.classifier.weight * head.norm.weight).abs().detach().numpy()
    split = model.network.audio.config.hidden_size
    layer = pd.Series(weight[:, split:].sum(1) / weight.sum(1), index=model.classes).reindex(share.index)
    spread = f"between {layer.min():.2f} and {layer.max():.2f}"
    display(Markdown(f"The lyrics' part of the weights lies {spread} over the classes."))

# %% tags=["only-multimodal", "only-genre"]
if late and task == "genre":
    rank = stats.spearmanr(layer, used.reindex(share.index), nan_policy="omit").statistic
    display(Markdown(f"Its ranks agree with the model's own use at {rank:.2f}."))

# %% [markdown] tags=["only-multimodal"]
# A weight says how a number would be used, not how often it comes. The second attempt holds one modality
# fixed and perturbs the other. It explains one modality *given the other in full*, where both together are
# perturbed against halves of each other.

# %% tags=["only-multimodal"]
if late:
    step = max(1, len(listened) // 12)
    few, joint = listened[::step], explained[::step]
    fixed = [ml.LyricsLIME(model, samples=masks).explain(song) for song in few]
    pairs = [(f.table(j.label), j.table(j.label)) for f, j in zip(fixed, joint)]
    merged = pd.concat(
        [f.merge(j, on=["feature", "modality"], suffixes=(" fixed", " joint")) for f, j in pairs]
    )
    ratio = merged["weight fixed"].abs().sum() / merged["weight joint"].abs().sum()
    display(
        Markdown(
            f"In {len(few)} songs the words' weights with the sound held fixed correlate at "
            f"{merged['weight fixed'].corr(merged['weight joint']):.2f} with those of the joint explanation, and are "
            f"{ratio:.2f} times as large in sum. What a word is worth depends on what else is there; only the joint "
            "explanation has both modalities on one scale."
        )
    )

# %% [markdown]
# ## How many songs, how many perturbations?
#
# With $\tau^2$ between songs and $s^2$ for one perturbation, the squared error of a class mean from $m$ songs with
# $n$ perturbations each is $\tau^2 / m + s^2 / (m n)$. If a song costs $C_0$ before its first perturbation,
# the best $n$ is $\sqrt{C_0\, s^2 / \tau^2}$. Both variances are measured above; take $C_0$ as a hundred
# perturbations, about what composing or separating a song costs here.

# %%
tau, s = solid["between"].median(), solid["within"].median() * np.sqrt(masks)
spent = plan(max(tau, 1e-6), s, budget=100_000, overhead=100, least=200)
best = spent.loc[spent["error"].idxmin()]
chapter.glue("best_masks", best["perturbations"])
chapter.glue("best_songs", best["songs"])
chapter.glue("best_error", best["error"])
chapter.glue("tau", tau**2)

# %%
chapter.glue("error_5000", spent.loc[(spent["perturbations"] - 5000).abs().idxmin(), "error"])

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.loglog(spent["perturbations"], spent["error"], color=plots.COLOURS["audio"])
ax.plot(best["perturbations"], best["error"], "o", color="black", label="best")
ax.set(xlabel="perturbations a song", ylabel="standard error of a class mean")
ax.legend()

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="A curve of the standard error over the number of perturbations a song, for a fixed budget, with its minimum",
    caption="The error of a typical class mean for one budget of 100,000, spent in different ways.",
    name="fig-aggregate-plan",
)

# %% [markdown]
# For this budget the best is {glue:text}`best_songs:.0f` songs with {glue:text}`best_masks:.0f`
# perturbations (error {glue:text}`best_error:.4f`); 5,000 a song, as the thesis had, gives
# {glue:text}`error_5000:.4f`. The more songs differ, the more of the budget belongs to further songs; where $\tau^2$ is estimated as
# nothing (here it is {glue:text}`tau:.1e`), as may happen with few songs, the formula puts everything into one song and should not be believed.
#
# ## Strengths
#
# One pass over any number of explanations, in bounded memory; every number has an error, and
# {glue:text}`nothing:.0f` % of the features are said to be indistinguishable from nothing, instead of being ranked.
#
# ## Limits
#
# The interval of $W^2 - SE^2$ takes the songs' true weights as about normal. Where a feature matters much
# in few songs and not at all in the others, the interval is too short. Pooling by endings joins some words
# that should stay apart.
#
# ## What this cannot tell you
#
# An aggregate says what moved the model over these songs, with these stems and this kind of *off*. It does
# not say what makes music hip hop, and a class that the model never gives has no aggregate at all.
#
# ## Exercises
#
# **1.** Aggregate only the songs that the model classifies rightly. Do the leading features change?

# %% tags=["hide-cell", "solution"]
rightly = [explanation for explanation, ok in zip(explained, correct) if ok]
tops = [t.loc[label].nlargest(8).index for t in (ml.aggregate(rightly), importances["average"])]
print(len(set(tops[0]) & set(tops[1])), "of eight stay:", ", ".join(sorted(set(tops[0]) & set(tops[1]))))

# %% [markdown]
# **2.** Split the songs in two halves. How well do the mean weights of the halves agree, for all features
# and for those with support?

# %% tags=["hide-cell", "solution"]
halves = [summary(tally(explained[k::2])).set_index(["class", "feature"]) for k in (0, 1)]
pair = halves[0].add_suffix(" a").join(halves[1].add_suffix(" b"), how="inner")
enough = pair[(pair["songs a"] >= support) & (pair["songs b"] >= support)]
for which, some in {"all features": pair, "those with support": enough}.items():
    print(f"{which}: correlation {some['mean a'].corr(some['mean b']):.2f} over {len(some)}")

# %% [markdown]
# **3.** How does the best number of perturbations change when a song costs ten times as much to prepare?

# %% tags=["hide-cell", "solution"]
dear = plan(max(tau, 1e-6), s, budget=100_000, overhead=1000, least=200)
dear.nsmallest(1, "error")

# %% [markdown]
# ## Summary
#
# - Average importance is what the thesis recommends for mixed features; without support and errors its top
#   may be chance.
# - {glue:text}`nothing:.0f` % of the features with support cannot be told from doing nothing.
# - A share of a modality depends on how it is counted: with the noise in or out, signed or not. Say which.
# - How a budget is split between songs and perturbations follows from two measured variances.
#
# ## Next
#
# {doc}`The published explanations, re-read </runs/published>` looks at the authors' own aggregates with these tools.
