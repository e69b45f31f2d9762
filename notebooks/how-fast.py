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
# # How fast, how many
#
# **What you will learn.** Where the time of an explanation goes, what a grid of masks saves, and how many perturbations are enough for how many features: the question the thesis leaves open.
#
# **What you need.** *Explain*. The yardsticks are those of `benchmarks/`, which `make bench` runs for hours; here they run for minutes.
#
# **How long, on what.** Four minutes on two CPU cores, with few songs and small counts, declared below.
#
# The songs are composed by our code. What is measured here is a procedure's time and error; neither depends on whether the music is real, but how many perturbations a *model* needs does depend on the model.

# %% tags=["remove-cell"]
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

import musiclime as ml

# %% tags=["remove-cell"]
from benchmarks import bench, precision
from musiclime import page

# %% tags=["parameters"]
samples: int = 2000
songs: int = 3
reference: int = 4000

# %%
model = ml.load_model("genre", "multimodal")
test = ml.load_corpus("demo").split("test")
song = test[0]

# %% [markdown]
# ## Where the time goes
#
# An explanation asks the model thousands of questions. What is not spent inside its two towers is overhead: mixing, filterbanks, tokens, the fit. Hooks on the towers tell the two apart.

# %%
spent, began = {"audio tower": 0.0, "lyrics tower": 0.0}, {}


def watch(tower, name):
    def stop(*_):
        spent[name] += time.perf_counter() - began[name]

    tower.register_forward_pre_hook(lambda *_: began.update({name: time.perf_counter()}))
    tower.register_forward_hook(stop)


# %%
watched = ml.load_model("genre", "multimodal")
watch(watched.network.audio, "audio tower")
watch(watched.network.lyrics, "lyrics tower")
start = time.perf_counter()
joint = ml.MusicLIME(watched, samples=samples, design="joint").explain(song)
whole = time.perf_counter() - start

# %%
parts = {**spent, "everything else": whole - sum(spent.values())}
pd.Series(parts, name="share of the time").div(whole).to_frame().round(3)

# %% tags=["remove-cell"]
page.glue("outside", parts["everything else"] / whole)
page.glue("features", len(joint.features))
page.glue("samples", samples)

# %% [markdown]
# Of the time of {glue:text}`samples` perturbations of {glue:text}`features` features, {glue:text}`outside:.0%` is spent outside the towers in this run. A segment of four stems has only sixteen states: their filterbanks are computed once and looked up,
# borders included, so that the sound of a mask is never mixed at all.
#
# ## Against the published procedure
#
# The yardstick follows the description of the published code: batches of ten, forty components as long as the song added in Python, the feature extractor clip by clip, every text padded to 256 tokens, two ridge fits for one class. Both explain
# the same song with the same masks, by turns. The *ceiling* is how much faster we could be if nothing but the bare forward passes took time.

# %%
pairs = pd.DataFrame(bench.pairs("demo", model, song, 400, 40, 3))
same = pd.DataFrame(bench.pairs("demo, all masks", model, song, 100, 100, 1))
speed = bench.summary(pairs).loc["demo"]
speed.to_frame().T.round(3)

# %% tags=["remove-cell"]
page.glue("faster", speed["times faster"])
page.glue("ceiling", speed["ceiling"])
page.glue("share", speed["share of ceiling"])
page.glue("difference", same["difference"].max())
page.glue("pairs", len(pairs))
page.glue("about", bench.about().splitlines()[0][2:])

# %% [markdown]
# On {glue:text}`about`, torchaudio absent: {glue:text}`faster:.1f` times as fast as the published procedure, of a ceiling of {glue:text}`ceiling:.1f`, which is {glue:text}`share:.0%` of it (medians of {glue:text}`pairs` pairs; the published procedure is timed on a tenth of
# the masks). On the same masks the weights differ by {glue:text}`difference:.0e` at most. Where torchaudio works, the published procedure's filterbank is faster and the ratio smaller; `make bench` measures both. No GPU could be had: what the
# paper's sizes take on one is not measured here.
#
# ## A grid of masks
#
# A late-fusion model encodes sound and words apart. So $A$ sounds and $T$ texts, encoded once each, give $A \times T$ answers: pairs cost next to nothing, encodings cost everything. How far from a reference of very many perturbations is each
# design, by encodings paid?

# %%
small = {"counts": (500, 1000), "grids": (300, 600), "shap": (600,)}
heard = [test[position] for position in np.linspace(0, len(test) - 1, songs).astype(int)]
rows = [row for one in heard for row in precision.song_rows(model, one, reference, **small)]
errors = pd.DataFrame(rows)
errors["relative"] = errors["error"] / errors["spread"]
kinds = errors[errors["design"].isin(["joint", "crossed", "KernelSHAP"])]

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
sns.lineplot(
    kinds,
    x="encodings",
    y="relative",
    hue="design",
    style="design",
    markers=True,
    estimator="median",
    errorbar=("pi", 50),
    palette="colorblind",
    ax=ax,
)
ax.set(
    xscale="log", yscale="log", xlabel="encodings (sounds + texts)", ylabel="error / spread of the weights"
)

# %%
page.figure(
    fig,
    alt="Error falls with the number of encodings along straight lines; the line of the crossed design lies below that of the joint one at every number of encodings.",
    caption="Error of a weight relative to the spread of the weights, against encodings paid; medians and middle halves over songs. KernelSHAP estimates other values and is held against itself. Composed songs.",
    name="fig-error",
)


# %% [markdown]
# The lines fall like one over the root of the number, so the encodings that a design needs for a given error follow from any point of its line.

# %%
joint_ones = errors[errors["design"] == "joint"]
scale = (joint_ones["relative"] ** 2 * joint_ones["encodings"]).groupby(joint_ones["song"]).median()
paid = errors[errors["design"] == "crossed, default"].groupby("song")[["encodings", "relative"]].median()
needed = scale / paid["relative"] ** 2
ratio = (paid["encodings"] / needed).rename("encodings, crossed over joint, at equal error")
ratio.describe().to_frame().T.round(3)

# %% tags=["remove-cell"]
page.glue("ratio", ratio.median())
page.glue("ratio-low", ratio.quantile(0.25))
page.glue("ratio-high", ratio.quantile(0.75))
page.glue("ratio-songs", len(ratio))

# %% [markdown]
# On the median of {glue:text}`ratio-songs` songs the crossed design pays {glue:text}`ratio:.2f` of the encodings that the joint one needs for the same error (middle half {glue:text}`ratio-low:.2f` to {glue:text}`ratio-high:.2f`).
#
# ### Are its intervals honest?
#
# Pairs that share a sound or a text are not independent. Errors that take them as such are far too small; ours are clustered both ways.

# %%
intervals = errors.groupby("design")[["intervals", "covered", "covered naive"]].sum(min_count=1)
coverage = intervals[["covered", "covered naive"]].div(intervals["intervals"], axis=0)
coverage.loc[["joint", "crossed", "crossed, default"]].round(3)

# %% tags=["remove-cell"]
page.glue("covered", coverage.loc["crossed", "covered"])
page.glue("naive", coverage.loc["crossed", "covered naive"])
page.glue("intervals", int(intervals.loc["crossed", "intervals"]))

# %% [markdown]
# Of {glue:text}`intervals` intervals of nominal 95 % the clustered ones cover {glue:text}`covered:.1%`, the naive ones {glue:text}`naive:.1%`.
#
# ## How many perturbations for how many features?
#
# The thesis asks and leaves it open. For fair coins the error of a weight is about $2\sigma/\sqrt{n}$, where $\sigma$ is what the additive model leaves unexplained: the number of features enters only through $n > p$ and through $\sigma$. See it live: the
# same songs with their features cut coarse and fine.


# %%
def errors_of(one, count, segments, unit):
    made = ml.MusicLIME(model, samples=count, segments=segments, unit=unit, design="joint").explain(one)
    row = made.row(made.label)
    return {
        "features": len(made.features),
        "perturbations": count,
        "cut": f"{segments} segments, {unit}s",
        "error": made.errors[row].mean(),
        "spread": made.weights[row].std(),
    }


# %%
cuts = [(5, "line"), (10, "line"), (10, "word"), (20, "word")]
counts = (samples // 4, samples // 2, samples)
live = pd.DataFrame([errors_of(test[i], n, *cut) for i in range(songs) for cut in cuts for n in counts])

# %%
fig, ax = plt.subplots(figsize=(7, 3.4))
sns.lineplot(
    live,
    x="perturbations",
    y="error",
    hue="cut",
    style="cut",
    markers=True,
    palette="colorblind",
    ax=ax,
    errorbar=None,
)
ax.set(xscale="log", yscale="log", ylabel="mean error of a weight")

# %%
page.figure(
    fig,
    alt="Four nearly parallel falling lines, one for each way of cutting the song into features, close to each other.",
    caption="Error against the number of perturbations for few and for many features. Composed songs.",
    name="fig-many",
)

# %%
most = live[live["perturbations"] == samples].groupby("cut")[["features", "error", "spread"]].mean()
most["error / spread"] = most["error"] / most["spread"]
most.sort_values("features").round(4)

# %% tags=["remove-cell"]
ends = most.sort_values("features")
page.glue("few", ends["features"].iloc[0])
page.glue("many", ends["features"].iloc[-1])
page.glue("error-ratio", ends["error"].iloc[-1] / ends["error"].iloc[0])
page.glue("relative-ratio", ends["error / spread"].iloc[-1] / ends["error / spread"].iloc[0])

# %% [markdown]
# From {glue:text}`few:.0f` to {glue:text}`many:.0f` features the error of a weight changes by a factor of {glue:text}`error-ratio:.2f`, but the weights themselves get smaller: relative to their spread it is a factor of {glue:text}`relative-ratio:.2f`. More
# features do not blur each weight, they leave less to see.
#
# ## Enough
#
# So the number need not be guessed. `samples="enough"` looks, doubles, and stops when the errors are small against the spread and the leading features are told apart, or declares them tied.

# %%
enough = [ml.MusicLIME(model, samples="enough").explain(test[i]) for i in range(songs)]
pd.DataFrame(
    [
        {"song": e.provenance["song"], **e.provenance["masks"], "why": e.provenance["masks chosen"]}
        for e in enough
    ]
)

# %% [markdown]
# ## Strengths
#
# - The same masks give the same weights as the published procedure: nothing was traded for speed.
# - Errors come with every weight, so *how many* has an answer for each song.
#
# ## Limits
#
# - Few songs, and a reference that is itself only a few thousand perturbations: its own error is part of every interval.
# - Seconds belong to this machine; ratios carry over better.
# - A grid needs a late-fusion model. For any other function the design is joint.
#
# ## What this cannot tell you
#
# - What the paper's models cost on your GPU, or how memory grows. `make bench` measures both.
#
# ## Exercises
#
# **1.** Half the error: how many times the perturbations? Check with the live table.

# %% tags=["hide-cell", "solution"]
means = live.groupby("perturbations")["error"].mean()
print((means.iloc[0] / means.iloc[-1]).round(2), "times the error at a quarter of the perturbations")

# %% [markdown]
# **2.** Explain one song joint and crossed with their defaults. Do the weights agree within their errors?

# %% tags=["hide-cell", "solution"]
crossed = enough[0]
label = joint.label
z = (joint.weights[joint.row(label)] - crossed.weights[crossed.row(label)]) / np.hypot(
    joint.errors[joint.row(label)], crossed.errors[crossed.row(label)]
)
print(f"{np.mean(np.abs(z) < 1.96):.2f} of the differences lie within 1.96 of their standard errors")

# %% [markdown]
# **3.** Give `MusicLIME` only the function `model.predict`. What does the explanation lose, and what does it keep?

# %% tags=["hide-cell", "solution"]
free = ml.MusicLIME(model.predict, classes=model.classes, samples=200).explain(song)
print(free.design, free.score.max().round(2))

# %% [markdown]
# ## Summary
#
# Time goes into the towers; a grid of masks makes each encoding count many times; errors tell when to stop.
#
# ## Next
#
# *A corpus of explanations* does this for every song.
