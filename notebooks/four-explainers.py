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
# The thesis tried four ways to ask a music model *why*: lime on the lyrics, lime on the spectrogram, audioLIME on stems,
# and finally MusicLIME on both modalities at once. Here all four explain one song, beside the code of the Python
# package `lime` where it has any. For each you see what is muted, how masks are weighed, and what the weights
# estimate.
#
# **What you will learn:** what each explainer mutes; that the drawing of masks, not the kernel, decides what is
# estimated; how the sound of a muted cell changes an answer; why the thesis gave up on spectrograms.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`, with {glue:text}`samples` masks for each explanation.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
samples: int = 400
patch_samples: int = 100
looked_at: int = 12
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from lime.lime_base import LimeBase
from lime.lime_text import LimeTextExplainer
from skimage.segmentation import find_boundaries

from musiclime.explain.masks import coins, draw, kernel
from musiclime.explain.surrogate import fit
from musiclime.show.figures import COLOURS, INK, SMALLEST_TYPE

chapter.glue("samples", samples)

# %%
data = ml.load_corpus(corpus, root or None)
model = ml.load_model("genre", "multimodal", data, preset=preset, weights=weights, root=root or None)

# %% [markdown]
# We want a song of which the model uses both the sound and the words. For a few songs we measure how much probability
# is lost without any sound, and without any words. We take the song whose smaller loss is largest.


# %% tags=["hide-input"]
def probability(song, audio=True, lyrics=True):
    """What the model gives the class of the whole song, with a modality there or not."""
    ready = ml.MusicLIME(model).prepare(song)
    sound = ready.audio if audio else 0 * ready.audio
    whole = model.predict(ready.audio[None], [ready.lyrics])[0]
    return model.predict(sound[None], [ready.lyrics if lyrics else ""])[0][whole.argmax()]


some = [data[position] for position in np.linspace(0, len(data) - 1, min(looked_at, len(data))).astype(int)]
costs = pd.DataFrame(
    {
        "song": one.title,
        "whole": probability(one),
        "without sound": probability(one, audio=False),
        "without words": probability(one, lyrics=False),
    }
    for one in some
)
smaller = costs["whole"] - costs[["without sound", "without words"]].max(axis=1)
song = some[int(smaller.argmax())]
costs.loc[[smaller.idxmax()]].style.hide(axis="index").format(precision=2)

# %%
chapter.sounds({song.title: song.audio}, song.sample_rate)

# %% [markdown]
# ## LyricsLIME, beside lime
#
# The sound is kept as it is, so it is encoded once; only the text changes.

# %%
ready = ml.LyricsLIME(model).prepare(song)
heard = model.encode_audio(ready.audio[None])


def read(texts):
    return model.fuse(np.repeat(heard, len(texts), axis=0), model.encode_lyrics(texts))


label = model.classes[int(read([ready.lyrics]).argmax())]
row = model.classes.index(label)
lime = LimeTextExplainer(class_names=model.classes, random_state=0)
theirs = lime.explain_instance(ready.lyrics, read, labels=[row], num_features=1000, num_samples=samples)

# %%
ours = ml.LyricsLIME(model, samples=samples, sampling="lime").explain(song)
tossed = ml.LyricsLIME(model, samples=samples).explain(song)
redrawn = ml.LyricsLIME(model, samples=samples, sampling="lime", seed=1).explain(song)

# %% [markdown]
# lime splits words at every character that is not a letter or a digit, and *The* is not *the* to it. We ignore case and
# keep contractions whole. To compare, we add up lime's weights over the pieces of each of our words.

# %% tags=["hide-input"]
split = {}
for token, weight in theirs.as_list(row):
    split.setdefault(token.lower(), []).append(weight)
table = pd.DataFrame(
    {
        "lime": [sum(split.get(feature.name, [np.nan])) for feature in ours.features],
        "ours, sampled as lime does": ours.weights[row],
        "the same, another seed": redrawn.weights[row],
        "ours, fair coins": tossed.weights[row],
        "error of the last": tossed.errors[row],
    },
    index=pd.Index([feature.name for feature in ours.features], name=f"for {label}"),
)
table.reindex(table["ours, fair coins"].abs().sort_values(ascending=False).index).head(5).style.format(
    precision=4
)

# %% tags=["hide-input"]
correlations = (
    table.dropna().iloc[:, :4].corr()["ours, sampled as lime does"].drop("ours, sampled as lime does")
)
correlations.to_frame("correlation with ours, sampled as lime does").style.format(precision=2)

# %% [markdown]
# The correlations are below 1 mostly because the masks are random: two runs of *our own* code, with different seeds,
# correlate no better. Most words weigh nothing, and their noise is different each time. On the *same* masks and
# answers nothing differs:

# %%
masks = draw(400, 20, "lime", seed=1)
outputs = np.tanh(masks @ np.random.default_rng(0).normal(size=(20, 2)))
fitted = fit(masks, outputs, kernel(masks, 0.25))
base = LimeBase(lambda distance: np.sqrt(np.exp(-(distance**2) / 25**2)))
distances = 100 * (1 - np.sqrt(masks.mean(axis=1)))
found = base.explain_instance_with_data(masks.astype(float), outputs, distances, 0, 20, "none")[1]
print("largest difference:", max(abs(weight - fitted.weights[0, i]) for i, weight in found))

# %% [markdown]
# ## What is being estimated
#
# LIME gives a mask more weight if it is near the song: $w = \sqrt{\exp(-d^2/\sigma^2)}$, with $d$ the cosine
# distance. lime multiplies $d$ by 100 and takes $\sigma = 25$. The published MusicLIME took 25 **without** the 100, and
# so gives every mask the same weight. Does it matter? We compare both kernels with no kernel at all.

# %%
narrow = ml.LyricsLIME(model, samples=samples, kernel_width=0.25).explain(song)
wide = ml.LyricsLIME(model, samples=samples, kernel_width=25.0).explain(song)
compared = {
    "fair coins, no kernel": tossed,
    "width 25": wide,
    "width 0.25": narrow,
    "lime's sampling, width 0.25": ours,
}
pd.Series(
    {name: np.corrcoef(tossed.weights[row], one.weights[row])[0, 1] for name, one in compared.items()}
).to_frame("correlation with fair coins, no kernel").style.format(precision=4)

# %% tags=["hide-input"]
many = coins(5000, len(tossed.features))
fig, axes = plt.subplots(1, 2, figsize=(8, 2.7), layout="constrained")
for name, width in {"lime (0.25)": 0.25, "as published (25)": 25}.items():
    axes[0].scatter(many.mean(axis=1), kernel(many, width), s=12, label=name)
axes[0].set(xlabel="share of the features that is on", ylabel="weight of the mask", ylim=(0, 1.05))
axes[0].legend(frameon=False)
for name, sampling in {"fair coins": "half", "lime's sampling": "lime"}.items():
    drawn = draw(5000, len(tossed.features), sampling).mean(axis=1)
    axes[1].hist(drawn, bins=25, alpha=0.6, label=name)
axes[1].set(xlabel="share of the features that is on", ylabel="masks")
axes[1].legend(frameon=False, fontsize=SMALLEST_TYPE)
chapter.figure(
    fig,
    alt="Left: the published kernel is flat at 1, lime's rises with the share that is on. Right: fair coins keep about "
    "half of the features, lime's sampling any share.",
    caption="Left, the weight that the two kernels give to fair-coin masks. Right, how much of a song the two ways to "
    "draw masks keep.",
    name="fig-kernels",
)

# %% [markdown]
# The published kernel does nothing. But with fair coins lime's own kernel hardly changes the weights either: most masks
# keep about half of the features, so they are about equally far from the song. **The sampling decides what is
# estimated**, not the kernel. With fair coins the least-squares weight of feature $j$ is
#
# $$\beta_j = E[f \mid z_j = 1] - E[f \mid z_j = 0],$$
#
# its **Banzhaf value**: the average change in the answer when the feature joins, over all subsets of the others. With few
# features we can compute it exactly. We take the song's first lines as features and ask about all subsets.

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
table.set_index(pd.Index([f.name for f in space.lyrics], name="line")).style.format(precision=5)

# %% [markdown]
# ## AudioLIME, and what a muted cell plays
#
# A muted cell must sound like something. The authors took silence. Noise of the same level keeps the loudness.
# *Neutral* plays what the composer would have written without any genre (composed songs only). The table shows
# how the weights correlate.

# %%
sounds = ["silence", "noise", *(["neutral"] if song.evidence else [])]
if not song.evidence:
    print("This song has no planted evidence, so nobody knows what it would be without its genre.")
offs = {off: ml.AudioLIME(model, samples=samples, off=off).explain(song) for off in sounds}
cells = pd.DataFrame({off: found.weights[row] for off, found in offs.items()})
cells.index = [feature.name for feature in offs["silence"].features]
cells.corr().style.format(precision=2)

# %% tags=["hide-input"]
planted = {f"{stem}{segment}" for stem, segment in (song.evidence or {}).get("genre", {}).get("cells", [])}
best = {off: list(cells[off].nlargest(5).index) for off in cells}
top = pd.DataFrame(best, index=pd.Index(range(1, 6), name="strongest cells")).astype(object)
if planted:
    top.loc["how many planted"] = [sum(name in planted for name in best[off]) for off in cells]
top

# %% [markdown]
# An explanation always depends on what a muted cell plays; {doc}`When it fails </runs/when-it-fails>` shows how much.
#
# ## SpectrogramLIME: what the thesis gave up
#
# A mel spectrogram is a picture, and lime explains pictures: it mutes superpixels, regions that scikit-image finds.

# %%
pictures = ml.SpectrogramLIME(model, samples=patch_samples)
seen = pictures.explain(song)
decibels, patches = pictures.picture(song)
strongest = seen.top(4, label)

# %% tags=["hide-input"]
numbers = [int(feature.name.split()[1]) for feature in strongest]
kept = np.isin(patches, numbers)
fig, axes = plt.subplots(1, 2, figsize=(8, 2.5), sharey=True, layout="constrained")
axes[0].imshow(decibels, origin="lower", aspect="auto")
axes[0].contour(find_boundaries(patches), levels=[0.5], colors="white", linewidths=0.5)
axes[1].imshow(np.where(kept, decibels, np.nan), origin="lower", aspect="auto")
for axis, title in zip(axes, ("the song, cut into patches", f"what spoke most for {label}")):
    axis.set(title=title, xlabel="frame")
axes[0].set_ylabel("mel band")
chapter.figure(
    fig,
    alt="A mel spectrogram cut into patches, and the same with only the strongest patches kept",
    caption="Left, the spectrogram and its patches. Right, the four strongest, as in figure 4.3.2 of the thesis.",
    name="fig-patches",
)

# %% [markdown]
# The thesis made the kept patches audible in two ways. It turned them back into sound, with the phase of the mix, or it
# filtered the song. Below are both, and the strongest cells of AudioLIME.

# %% tags=["hide-input"]
quiet = offs["silence"]
on = np.array([[feature in quiet.top(4, label) for feature in quiet.features]])
chapter.sounds(
    {
        "the song": song.audio,
        "patches, inverse transform": pictures.listen(seen, strongest, song, "inverse"),
        "patches, the song filtered": pictures.listen(seen, strongest, song, "filter"),
        "AudioLIME, four strongest cells": quiet.space.mix(on)[0],
    },
    model.sample_rate,
)

# %% [markdown]
# A patch has no name: it holds a bit of everything that sounds there. How pure is it? We measure the share of its
# energy that comes from its loudest stem:

# %% tags=["hide-input"]
regions = pictures.space(song)
alone = np.eye(len(regions.audio), dtype=bool)
energy = []
for sound in quiet.space.song.stems.values():
    regions.song.audio = sound
    energy.append(np.square(regions.mix(alone)).sum(axis=1))
purity = np.max(energy, axis=0) / np.sum(energy, axis=0)
print(f"in the median patch the loudest stem has {np.median(purity):.0%} of the energy")

# %% [markdown]
# A cell of AudioLIME holds one stem only, and has a name. One can hear that, so the thesis turned to stems.
#
# ## MusicLIME: one vector, one sum
#
# Words and cells are muted together. The model offers its two encoders and its fusion, so every audio mask meets every
# lyric mask ({doc}`How fast, how many </runs/how-fast>`).

# %%
both = ml.MusicLIME(model, samples=samples).explain(song)
one_by_one = np.concatenate([offs["silence"].weights[row], tossed.weights[row]])
both.table(label).head(6).style.hide(axis="index").format(precision=4)

# %% tags=["hide-input"]
fig, axis = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
for modality in ("audio", "lyrics"):
    mine = [feature.modality == modality for feature in both.features]
    axis.scatter(one_by_one[mine], both.weights[row][mine], color=COLOURS[modality], label=modality, s=18)
axis.axline((0, 0), slope=1, color=INK, lw=0.8)
axis.set(xlabel="weight, one modality alone", ylabel="weight in MusicLIME")
axis.locator_params(axis="x", nbins=5)
axis.legend(frameon=False)
chapter.figure(
    fig,
    alt="Weights of MusicLIME against those of AudioLIME and LyricsLIME for the same features",
    caption=f"The same features, explained alone (the other modality whole) and together. Correlation "
    f"{np.corrcoef(both.weights[row], one_by_one)[0, 1]:.2f}.",
    name="fig-alone-together",
)

# %% [markdown]
# Explained alone, a word is judged beside the whole sound. Explained together, half of the sound is muted too. Only
# together may you say that a word weighs more than a cell.
#
# ## Strengths
#
# - What is estimated has a name and is checked. On the same masks our weights are lime's.
# - Words and cells are the same features alone and together, so you can compare three of the four explainers.
#
# ## Limits
#
# - With fair coins half of each song is missing. A model that never met such songs may answer oddly.
# - Silence, noise and neutral material give different answers, and none of them is *the* right one.
#
# ## What this cannot tell you
#
# Which of the four is true to the model. For that you must know the evidence: {doc}`Can you trust it? </runs/trust>`.
#
# ## Exercises
#
# **1.** A kernel makes some masks count less. Of 5,000 fair-coin masks, how many count in effect,
# $(\sum w)^2 / \sum w^2$? Try the widths 25, 0.25 and 0.05.

# %% tags=["hide-cell", "solution"]
for width in (25, 0.25, 0.05):
    weight = kernel(many, width)
    print(f"width {width}: {weight.sum() ** 2 / (weight**2).sum():.0f} masks")

# %% [markdown]
# **2.** Let each position of a word be its own feature. Do the occurrences of a repeated word share its weight?

# %% tags=["hide-cell", "solution"]
places = ml.LyricsLIME(model, samples=samples, positions=True).explain(song)
repeated = max(tossed.features, key=lambda feature: len(feature.positions))
parts = [w for f, w in zip(places.features, places.weights[row]) if f.name.split(" #")[0] == repeated.name]
whole = tossed.weights[row][tossed.features.index(repeated)]
print(
    f"{repeated.name!r}: as one feature {whole:+.4f}; its {len(parts)} positions add up to {sum(parts):+.4f}"
)

# %% [markdown]
# **3.** Any function can be explained. Explain the loudness of a song's third second. First say which features must win.


# %% tags=["hide-cell", "solution"]
def loudness(audio, lyrics):
    rate = song.sample_rate
    return np.sqrt(np.square(audio[:, 2 * rate : 3 * rate]).mean(axis=1))


quietly = ml.AudioLIME(loudness, classes=["loudness"], sample_rate=song.sample_rate, samples=300).explain(
    song
)
print(quietly.table("loudness").head(4))

# %% [markdown]
# ## Summary
#
# Mute, ask, fit. What is muted decides what can be said; how masks are drawn decides what is estimated: with fair coins,
# Banzhaf values.
#
# ## Next
#
# {doc}`Aggregate </runs/aggregate-genre-multimodal>` adds explanations up. {doc}`Can you trust it? </runs/trust>` asks whether they are right,
# {doc}`How fast, how many </runs/how-fast>` makes them cheap.
