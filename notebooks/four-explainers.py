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
# # Four explainers
#
# The thesis tried four ways to ask a music model *why*: lime on the lyrics, lime on the spectrogram, audioLIME on
# stems, and finally MusicLIME on both modalities at once. Here all four explain one song, beside lime's own code
# where lime has any, and the box is opened: what is sampled, what is weighted, what is estimated.
#
# **What you will learn:** what each explainer switches off; that the kernel of the published code does nothing, and
# what it therefore estimates; how the off-value changes an answer; why the thesis gave up on spectrograms.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`, with fewer masks than the thesis took.
#
# The song is **composed, with planted evidence**: what you see is a claim about the method, never about real music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
samples: int = 1000
patch_samples: int = 300
songs: int = 1350
training: dict = {}

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lime.lime_base import LimeBase
from lime.lime_text import LimeTextExplainer
from skimage.segmentation import find_boundaries

from musiclime.data.song import STEMS
from musiclime.explain import surrogate
from musiclime.models.evaluation import answers
from musiclime.show.figures import COLOURS

# %%
corpus = ml.load_corpus("demo", size=songs)
model = ml.load_model("genre", "multimodal", corpus, **training)
test = corpus.split("test")
some = test.where(np.arange(len(test)) < 45)

# %% [markdown]
# A good example is a song that is both read and heard: replacing the evidence in its words must cost the model
# much, and so must replacing the evidence in its cells. Of 45 songs we take the one whose smaller cost is largest.

# %%
said = answers([model], some, progress=False)[0]
truth = [model.classes.index(genre) for genre in some.table["genre"]]
p = pd.DataFrame({case: rows[np.arange(len(truth)), truth] for case, rows in said.items()})
cost = np.minimum(p["as it is"] - p["words replaced"], p["as it is"] - p["cells replaced"])
song = some[int(cost.argmax())]

# %% tags=["hide-input"]
for case, value in p.loc[cost.idxmax()].items():
    chapter.glue(case.replace(" ", "-"), value)
chapter.glue("title", song.title)
chapter.glue("genre", song.genre)

# %% [markdown]
# The song is *{glue:text}`title`*, {glue:text}`genre`. The model gives its genre a probability of {glue:text}`as-it-is:.2f`;
# {glue:text}`words-replaced:.2f` with its evidence words replaced, {glue:text}`cells-replaced:.2f` with its cells,
# {glue:text}`both-replaced:.2f` with both.

# %%
chapter.sounds({song.title: song.audio}, song.sample_rate)

# %% [markdown]

# %% [markdown]
# ## LyricsLIME, beside lime
#
# The sound is kept as it is, so it is encoded once; only the text changes.

# %%
heard = model.encode_audio(song.audio[None])


def read(texts):
    return model.fuse(np.repeat(heard, len(texts), axis=0), model.encode_lyrics(texts))


# %%
text = model.truncate(song.lyrics)
label = model.classes[int(read([text]).argmax())]
row = model.classes.index(label)
lime = LimeTextExplainer(class_names=model.classes, random_state=0)
theirs = lime.explain_instance(text, read, labels=[row], num_features=1000, num_samples=samples)

# %%
ours = ml.LyricsLIME(model, samples=samples, sampling="lime").explain(song)
coins = ml.LyricsLIME(model, samples=samples).explain(song)
redrawn = ml.LyricsLIME(model, samples=samples, sampling="lime", seed=1).explain(song)

# %% [markdown]
# lime splits at every character that is no letter or digit and minds the case; we fold the case and keep
# contractions whole. To compare, lime's weights are added up over the pieces of each of our words.

# %% tags=["hide-input"]
weights = pd.DataFrame({f.name: [f.text] for f in ours.features}, index=["text"]).T
split = {}
for token, weight in theirs.as_list(row):
    split.setdefault(token.lower(), []).append(weight)
weights["lime"] = [sum(split.get(name, [np.nan])) for name in weights.index]
weights["ours, sampled as lime does"] = ours.weights[row]
weights["ours, fair coins"] = coins.weights[row]
weights["error"] = coins.errors[row]
weights = weights.drop(columns="text")
same = weights.dropna()
chapter.glue("label", label)
chapter.glue("tokens", len(theirs.as_list(row)))
chapter.glue("words", len(ours.features))
chapter.glue("like-lime", same["lime"].corr(same["ours, sampled as lime does"]))
chapter.glue("like-itself", float(np.corrcoef(ours.weights[row], redrawn.weights[row])[0, 1]))
chapter.glue("unlike-lime", same["lime"].corr(same["ours, fair coins"]))
weights.reindex(weights["ours, fair coins"].abs().sort_values(ascending=False).index).head(10).round(4)

# %% [markdown]
# For *{glue:text}`label`*, lime found {glue:text}`tokens` tokens where we find {glue:text}`words` words. Sampled as
# lime samples, our weights correlate with lime's at {glue:text}`like-lime:.2f`; sampled with fair coins, as the authors of
# MusicLIME did, at {glue:text}`unlike-lime:.2f`. Most of what is missing to 1 is the draw: sampled as lime samples, but with
# another seed, our weights correlate with *themselves* at {glue:text}`like-itself:.2f`, for most words weigh nothing and their
# noise does not repeat. On the *same* masks and answers nothing differs at all:

# %%
masks = surrogate.draw(400, 20, "lime", seed=1)
outputs = np.tanh(masks @ np.random.default_rng(0).normal(size=(20, 2)))
fitted = surrogate.fit(masks, outputs, surrogate.kernel(masks, 0.25))
base = LimeBase(lambda distance: np.sqrt(np.exp(-(distance**2) / 25**2)))
distances = 100 * (1 - np.sqrt(masks.mean(axis=1)))
found = base.explain_instance_with_data(masks.astype(float), outputs, distances, 0, 20, "none")[1]
chapter.glue("gap", max(abs(weight - fitted.weights[0, i]) for i, weight in found))

# %% [markdown]
# The largest difference between a weight of lime's own `LimeBase` and ours is {glue:text}`gap:.0e`.
#
# ## What is being estimated
#
# LIME weighs a mask by its nearness to the song: $w = \sqrt{\exp(-d^2/\sigma^2)}$, $d$ the cosine distance. lime
# multiplies $d$ by 100 and takes $\sigma = 25$. The published MusicLIME took 25 **without** the 100.

# %%
masks = surrogate.draw(5000, len(coins.features))
widths = {"lime (0.25)": 0.25, "as published (25)": 25}
kernels = {name: surrogate.kernel(masks, width) for name, width in widths.items()}
chapter.glue("flat", kernels["as published (25)"].min())
chapter.glue("steep", kernels["lime (0.25)"][1:].max())

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for name, weight in kernels.items():
    axes[0].scatter(masks.mean(axis=1), weight, s=6, label=name)
axes[0].set(xlabel="share of the features that is on", ylabel="weight of the mask", ylim=(0, 1.05))
axes[0].legend(frameon=False)
for sampling in surrogate.SAMPLING:
    drawn = surrogate.draw(5000, len(coins.features), sampling).mean(axis=1)
    axes[1].hist(drawn, bins=25, alpha=0.6, label=sampling)
axes[1].set(xlabel="share of the features that is on", ylabel="masks")
axes[1].legend(frameon=False)
chapter.figure(
    fig,
    alt="Left: the published kernel is flat at 1, lime's falls steeply. Right: fair coins keep about half.",
    caption="Left, what the two kernels make of fair-coin masks. Right, how much of a song the two samplings keep.",
    name="fig-kernels",
)

# %% [markdown]
# No mask's published weight is below {glue:text}`flat:.4f`: the kernel does nothing. What is left is ridge
# regression on fair coins, and that has a name. With every feature on or off by a fair coin, the least-squares weight
# of feature $j$ is
#
# $$\beta_j = E[f \mid z_j = 1] - E[f \mid z_j = 0],$$
#
# its **Banzhaf value**: the average change in the probability when the feature joins, over all subsets of the others.
# With few features it can be computed exactly. Take the song's first lines as features and ask about all subsets.

# %%
short = ml.Song(song.audio, song.sample_rate, "\n".join(song.lyrics.splitlines()[:6]), stems=song.stems)
lines = ml.LyricsLIME(model, unit="line", samples=samples)
space = lines.space(short)
count = len(space.lyrics)
every = (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1
told = lines.outputs(space, every)[:, row]
exact = [told[every[:, j]].mean() - told[~every[:, j]].mean() for j in range(count)]

# %%
estimate = lines.explain(short)
table = pd.DataFrame({"exact": exact, "estimate": estimate.weights[row], "error": estimate.errors[row]})
chapter.glue("banzhaf", float(np.max(np.abs(table.exact - table.estimate) / table.error.clip(lower=1e-9))))
table.set_index(pd.Index([f.name for f in space.lyrics], name="line")).round(5)

# %% [markdown]
# The farthest estimate lies {glue:text}`banzhaf:.1f` of its standard errors from the exact value.
#
# ## AudioLIME, and what "off" sounds like
#
# A cell that is off must sound like something. Silence is what the authors took; noise of the same level keeps the
# loudness; *neutral* puts in what the composer would have written without any genre.

# %%
offs = {
    off: ml.AudioLIME(model, samples=samples, off=off).explain(song)
    for off in ("silence", "noise", "neutral")
}
cells = pd.DataFrame({off: found.weights[row] for off, found in offs.items()})
cells.index = [f.name for f in offs["silence"].features]
planted = [f"{stem}{segment}" for stem, segment in song.evidence["genre"]["cells"]]

# %%
chapter.glue("off-noise", cells["silence"].corr(cells["noise"]))
chapter.glue("off-neutral", cells["silence"].corr(cells["neutral"]))
best = {off: cells[off].nlargest(5).index for off in cells}
pd.DataFrame(
    {off: [*best[off], sum(name in planted for name in best[off])] for off in cells},
    index=[*range(1, 6), "planted"],
)

# %% [markdown]
# Weights with silence and with noise correlate at {glue:text}`off-noise:.2f`, with silence and with neutral material
# at {glue:text}`off-neutral:.2f`. An explanation is always relative to an off-value; {doc}`When it fails </runs/when-it-fails>` shows how much
# may hang on it.
#
# ## SpectrogramLIME: what the thesis gave up
#
# A mel spectrogram is a picture, and lime explains pictures: superpixels, found by scikit-image, are switched off.

# %%
pictures = ml.SpectrogramLIME(model, samples=patch_samples)
seen = pictures.explain(song)
decibels, patches = pictures.picture(song)
strongest = seen.top(4, label)

# %% tags=["hide-input"]
numbers = [int(feature.name.split()[1]) for feature in strongest]
kept = np.isin(patches, numbers)
fig, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True, layout="constrained")
axes[0].imshow(decibels, origin="lower", aspect="auto")
axes[0].contour(find_boundaries(patches), levels=[0.5], colors="white", linewidths=0.5)
axes[1].imshow(np.where(kept, decibels, np.nan), origin="lower", aspect="auto")
for axis, title in zip(axes, ("the song, cut into patches", f"what spoke most for {label}")):
    axis.set(title=title, xlabel="frame")
axes[0].set_ylabel("mel band")
chapter.figure(
    fig,
    alt="A mel spectrogram cut into patches, and the same with only the strongest patches kept",
    caption="The mask picture, as in figure 4.3.2 of the thesis.",
    name="fig-patches",
)

# %% [markdown]
# The thesis made it audible in two ways: by the inverse transform of the picture's kept region, with the phase of
# the mix, and by filtering the original. Beside them, the strongest cells of AudioLIME.

# %% tags=["hide-input"]
chapter.sounds(
    {
        "the song": song.audio,
        "patches, inverse transform": pictures.listen(seen, strongest, song, "inverse"),
        "patches, the song filtered": pictures.listen(seen, strongest, song, "filter"),
        "AudioLIME, four strongest cells": offs["silence"].listen(offs["silence"].top(4, label), song),
    },
    song.sample_rate,
)

# %% [markdown]
# A patch has no name: it holds a bit of everything that sounds there. How pure is one? The share of its energy that
# comes from its loudest stem:

# %%
regions = pictures.space(song)
on = np.eye(len(regions.audio), dtype=bool)
ready = ml.AudioLIME(model).prepare(song)
energy = []
for stem in STEMS:
    alone = pictures.space(ml.Song(ready.stems[stem], ready.sample_rate, song.lyrics))
    alone.map, alone.audio = regions.map, regions.audio
    energy.append(np.square(alone.mix(on)).sum(axis=1))
purity = np.max(energy, axis=0) / np.sum(energy, axis=0)
chapter.glue("purity", float(np.median(purity)))
chapter.glue("patches", len(purity))

# %% [markdown]
# In a typical patch (the median of {glue:text}`patches`) the loudest stem has {glue:text}`purity:.0%` of the energy; in a cell
# of AudioLIME it has all of it, and a name. That is what one can hear, and why the thesis turned to stems.
#
# ## MusicLIME: one vector, one surrogate
#
# Words and cells side by side, tossed at once. The model offers its two encoders and its fusion, so every audio mask
# meets every lyric mask ({doc}`How fast, how many </runs/how-fast>`).

# %%
both = ml.MusicLIME(model, samples=samples).explain(song)
alone = np.concatenate([offs["silence"].weights[row], coins.weights[row]])
chapter.glue("alone", float(np.corrcoef(both.weights[row], alone)[0, 1]))
chapter.glue("shrink", float(np.abs(both.weights[row]).sum() / np.abs(alone).sum()))
both.table(label).head(8).round(4)

# %% tags=["hide-input"]
fig, axis = plt.subplots(figsize=(4.6, 4), layout="constrained")
for modality in ("audio", "lyrics"):
    mine = [feature.modality == modality for feature in both.features]
    axis.scatter(alone[mine], both.weights[row][mine], color=COLOURS[modality], label=modality, s=18)
axis.axline((0, 0), slope=1, color="grey", lw=0.8)
axis.set(xlabel="one modality explained alone", ylabel="MusicLIME")
axis.legend(frameon=False)
chapter.figure(
    fig,
    alt="Weights of MusicLIME against those of AudioLIME and LyricsLIME for the same features",
    caption="The same features, explained alone (the other modality whole) and together.",
    name="fig-alone-together",
)

# %% [markdown]
# The features are the same, and the weights correlate at {glue:text}`alone:.2f`; added up in size they are
# {glue:text}`shrink:.2f` times what they were alone. Alone, a word is judged beside the whole song; together, beside a
# song half of which is missing as well. Only together may one say that a word weighs more than a sound.
#
# ## Strengths
#
# - One estimand, named and checked; lime's arithmetic where lime is meant.
# - Words and cells are the same features alone and together, so that three of the four can be compared.
#
# ## Limits
#
# - Fair coins ask about songs half of which is missing. A model that never met such a song may answer oddly.
# - Silence, noise and neutral material give different answers, and none is *the* right one.
#
# ## What this cannot tell you
#
# Which of the four is true to the model. That needs evidence that is known: {doc}`Can you trust it? </runs/trust>`.
#
# ## Exercises
#
# **1.** A kernel that does something costs something. How many of 5,000 fair-coin masks does lime's width leave,
# counted as $(\sum w)^2 / \sum w^2$? And a width of 0.05?

# %% tags=["hide-cell", "solution"]
for width in (25, 0.25, 0.05):
    weight = surrogate.kernel(masks, width)
    print(f"width {width}: {weight.sum() ** 2 / (weight**2).sum():.0f} masks")

# %% [markdown]
# **2.** Let each position of a word be its own feature. Do the occurrences of a repeated word share its weight?

# %% tags=["hide-cell", "solution"]
places = ml.LyricsLIME(model, samples=samples, positions=True).explain(song)
repeated = max(coins.features, key=lambda feature: len(feature.positions))
parts = [w for f, w in zip(places.features, places.weights[row]) if f.name.split(" #")[0] == repeated.name]
whole = coins.weights[row][coins.features.index(repeated)]
print(
    f"{repeated.name!r}: as one feature {whole:+.4f}; its {len(parts)} positions add up to {sum(parts):+.4f}"
)

# %% [markdown]
# **3.** Any function can be explained. Explain the loudness of a song's third second, and say beforehand which
# features must win.

# %% tags=["hide-cell", "solution"]


def loudness(audio, lyrics):
    rate = song.sample_rate
    return np.sqrt(np.square(audio[:, 2 * rate : 3 * rate]).mean(axis=1))


quiet = ml.AudioLIME(loudness, classes=["loudness"], samples=300).explain(song)
print(quiet.table("loudness").head(4))

# %% [markdown]
# ## Summary
#
# Switch off, ask, fit. What is switched off decides what can be said; how it is sampled decides what is estimated:
# with fair coins and a kernel that is flat, Banzhaf values.
#
# ## Next
#
# {doc}`Aggregate </runs/aggregate-genre-multimodal>` adds explanations up. {doc}`Can you trust it? </runs/trust>` asks whether they are right,
# {doc}`How fast, how many </runs/how-fast>` makes them cheap.
