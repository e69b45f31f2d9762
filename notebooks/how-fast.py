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
# **What you need.** {doc}`Explain </runs/explain-genre-multimodal>`. The yardsticks are those of `benchmarks/`, which `make bench` runs for hours; here they run for minutes.
#
# **How long, on what.** {glue:text}`took`, with few songs and small counts, declared below.
#
# The songs are composed by our code. What is measured here is a procedure's time and error; neither depends on whether the music is real, but how many perturbations a *model* needs does depend on the model.

# %% tags=["remove-cell"]
import importlib.util
import subprocess
import sys

if not importlib.util.find_spec("captum"):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "captum"], check=True)

# %% tags=["remove-cell"]
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

import musiclime as ml

# %% tags=["remove-cell"]
from benchmarks import bench, precision
from musiclime.show import chapter

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
chapter.glue("outside", parts["everything else"] / whole)
chapter.glue("features", len(joint.features))
chapter.glue("samples", samples)

# %% [markdown]
# Of the time of {glue:text}`samples` perturbations of {glue:text}`features` features, {glue:text}`outside:.0%` is spent outside the towers in this run. A segment of four stems has only sixteen states: their filterbanks are computed once and looked up,
# borders included, so that the sound of a mask is never mixed at all. Noise or neutral music where a cell is off goes by the same table: it is one stem more, always on.
#
# ## Against the published procedure
#
# The yardstick follows the description of the published code: batches of ten, forty components as long as the song added in Python, the feature extractor clip by clip, every text padded to 256 tokens, two ridge fits for one class. Both explain
# the same song with the same masks, by turns. The *ceiling* is how much faster we could be if nothing but the bare forward passes took time.

# %%
pairs = pd.DataFrame(bench.pairs("demo", model, song, 400, 40, 3))
same = pd.DataFrame(bench.pairs("demo, all masks", model, song, 100, 100, 1))
speed = bench.summary(pairs).loc["demo"]
speed.drop("difference").to_frame().T.round(3)

# %% tags=["remove-cell"]
chapter.glue("faster", speed["times faster"])
chapter.glue("ceiling", speed["ceiling"])
chapter.glue("share", speed["share of ceiling"])
chapter.glue("difference", same["difference"].max())
chapter.glue("pairs", len(pairs))
chapter.glue("about", bench.about().splitlines()[0][2:])

# %% [markdown]
# On {glue:text}`about`, torchaudio absent: {glue:text}`faster:.1f` times as fast as the published procedure, of a ceiling of {glue:text}`ceiling:.1f`, which is {glue:text}`share:.0%` of it (medians of {glue:text}`pairs` pairs; the published procedure is timed on a tenth of
# the masks). On the same masks the weights differ by {glue:text}`difference:.0e` at most.
#
# Where torchaudio works, the published procedure has a faster filterbank and there is less to gain. That, 5,000 masks, a model of which nothing is known but `predict`, and the paper's own sizes with random weights are too dear for a page that is
# made anew each week: `make bench` recorded them once.

# %%
measured = Path("data/measured")
recorded = bench.summary(pd.read_csv(measured / "speed.csv", comment="#"))
recorded.drop(columns="difference").round(2)

# %%
scaling = pd.read_csv(measured / "scaling.csv", comment="#")
scaling.round(1)

# %% tags=["remove-cell"]
situations = recorded.loc["demo"]
chapter.glue("absent", situations.loc["absent", "times faster"])
chapter.glue("absent-share", situations.loc["absent", "share of ceiling"])
chapter.glue("working", situations.loc["working", "times faster"])
chapter.glue("working-share", situations.loc["working", "share of ceiling"])
chapter.glue("paper", recorded.loc[("paper", "absent"), "times faster"])
chapter.glue("paper-share", recorded.loc[("paper", "absent"), "share of ceiling"])
chapter.glue("free", recorded.loc[("demo as a free predict", "working"), "times faster"])
first, last = scaling.iloc[0], scaling.iloc[-1]
chapter.glue("more-masks", last["masks"] / first["masks"])
chapter.glue("more-seconds", last["seconds"] / first["seconds"])
chapter.glue("more-memory", last["peak MB"] / first["peak MB"] - 1)
chapter.glue("kept-difference", recorded["difference"].max())
chapter.glue("about-speed", (measured / "speed.csv").read_text().splitlines()[0][2:])

# %% [markdown]
# Recorded on {glue:text}`about-speed`: {glue:text}`absent:.1f` times as fast without torchaudio ({glue:text}`absent-share:.0%` of the ceiling) and {glue:text}`working:.1f` times with it ({glue:text}`working-share:.0%`). "Working" is torchaudio
# without its compiled libraries, which do not load beside this torch; the filterbank for which it is needed is written in Python. On the same masks the weights
# differ by {glue:text}`kept-difference:.0e` at most. With a free `predict`, where only batching and mixing can be saved, it is {glue:text}`free:.1f` times. With the paper's sizes on a CPU nearly
# all the time is the towers' own ({glue:text}`paper-share:.1%`), so that no more than a factor of {glue:text}`paper:.2f` can be had from anything but fewer encodings. {glue:text}`more-masks:.0f` times the masks took {glue:text}`more-seconds:.1f` times the
# seconds and {glue:text}`more-memory:.1%` more memory. No GPU could be had: what the paper's sizes take on one is not measured.
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
kinds = errors["design"].isin(["joint", "crossed", "KernelSHAP"])

# %% [markdown]
# The reference is not the truth: it has an error of its own, which stands in every distance to it, and is taken off.


# %%
def sharpened(errors):
    blur = errors["reference squared, all classes"]
    squared = errors["error"] ** 2 - errors["reference error"] ** 2 * blur.notna()
    relative = np.sqrt(squared.clip(lower=0)) / errors["spread"]
    return errors.assign(squared=errors["error squared, all classes"] - blur, relative=relative)


errors = sharpened(errors)


# %% tags=["hide-input"]
def lines(table, **options):
    fig, ax = plt.subplots(figsize=(7, 3.5))
    sns.lineplot(table, markers=True, palette="colorblind", ax=ax, **options)
    ax.set(xscale="log", yscale="log")
    return fig, ax


# %% tags=["hide-input"]
middle = {"estimator": "median", "errorbar": ("pi", 50)}
fig, ax = lines(errors[kinds], x="encodings", y="relative", hue="design", style="design", **middle)
ax.set(xlabel="encodings (sounds + texts)", ylabel="error / spread of the weights")

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="Error against the number of encodings, both axes logarithmic, one line each for the joint and the crossed design and a point for KernelSHAP.",
    caption="Error of a weight relative to the spread of the weights, the reference's own error taken off, against encodings paid; medians and middle halves over songs. KernelSHAP estimates other values and is held against itself. Composed songs.",
    name="fig-error",
)

# %% [markdown]
# The variance of a joint weight falls like one over the number of its encodings, so their product is one number a song, and what the joint design would need for the error of the crossed one follows.


# %%
def ratios(errors):
    joint = errors[errors["design"] == "joint"]
    product = (joint["squared"] * joint["encodings"]).groupby(joint["song"]).mean()
    crossed = errors[errors["design"] == "crossed, default"]
    paid = crossed.groupby("song")[["encodings", "squared"]].mean()
    return (paid["encodings"] * paid["squared"] / product).rename("encodings, crossed over joint")


# %%
table = sharpened(pd.read_csv(measured / "errors.csv", comment="#"))
pd.DataFrame({"live": ratios(errors).describe(), "recorded": ratios(table).describe()}).round(3)

# %% tags=["remove-cell"]
chapter.glue("live", ratios(errors).median())
chapter.glue("live-songs", len(ratios(errors)))
chapter.glue("kept", ratios(table).median())
chapter.glue("kept-songs", len(ratios(table)))
chapter.glue("kept-masks", f"{table['reference'].max():,}")
chapter.glue("kept-about", (measured / "errors.csv").read_text().splitlines()[0][2:])

# %% [markdown]
# Live, on the median of {glue:text}`live-songs` songs, the crossed design pays {glue:text}`live:.2f` of the encodings that the joint one needs for the same error. Recorded on {glue:text}`kept-songs` songs, each against {glue:text}`kept-masks` perturbations: {glue:text}`kept:.2f` on the median ({glue:text}`kept-about`).
#
# ### Are its intervals honest?
#
# Pairs that share a sound or a text are not independent. Errors that take them as such are far too small; ours are clustered both ways.

# %%
intervals = table.groupby("design")[["intervals", "covered", "covered naive"]].sum(min_count=1)
coverage = intervals[["covered", "covered naive"]].div(intervals["intervals"], axis=0)
coverage.loc[["joint", "crossed", "crossed, default"]].round(3)

# %% tags=["remove-cell"]
chapter.glue("covered", coverage.loc["crossed", "covered"])
chapter.glue("naive", coverage.loc["crossed", "covered naive"])
chapter.glue("intervals", int(intervals.loc["crossed", "intervals"]))

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

# %% tags=["hide-input"]
fig, ax = lines(live, x="perturbations", y="error", hue="cut", style="cut", errorbar=None)
ax.set(ylabel="mean error of a weight")

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="The mean error of a weight against the number of perturbations, both axes logarithmic, one line for each of four ways of cutting the song into features.",
    caption="Error against the number of perturbations for few and for many features. Composed songs.",
    name="fig-many",
)

# %%
most = live[live["perturbations"] == samples].groupby("cut")[["features", "error", "spread"]].mean()
most["error / spread"] = most["error"] / most["spread"]
most.sort_values("features").round(4)

# %% tags=["remove-cell"]
ends = most.sort_values("features")
chapter.glue("few", ends["features"].iloc[0])
chapter.glue("many", ends["features"].iloc[-1])
chapter.glue("feature-times", ends["features"].iloc[-1] / ends["features"].iloc[0])
chapter.glue("error-ratio", ends["error"].iloc[-1] / ends["error"].iloc[0])
relative = ends["error / spread"].iloc[-1] / ends["error / spread"].iloc[0]
chapter.glue("relative-ratio", relative)
chapter.glue("relative-times", relative**2)

# %% [markdown]
# From {glue:text}`few:.1f` to {glue:text}`many:.1f` features the error of a weight changes by a factor of {glue:text}`error-ratio:.2f`, and relative to the spread of the weights, which has to be told apart, by
# {glue:text}`relative-ratio:.2f`. For weights as clear as before, the finest cut therefore needs {glue:text}`relative-times:.2f` times the perturbations of the coarsest; its features are {glue:text}`feature-times:.1f` times as many.
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
# - Even the recorded reference is an estimate: its own error is part of every interval.
# - Seconds belong to this machine; ratios carry over better.
# - A grid needs a late-fusion model. For any other function the design is joint.
#
# ## What this cannot tell you
#
# - What the paper's models cost on your GPU. `make bench` measures it where there is one.
#
# ## Exercises
#
# **1.** Half the error: how many times the perturbations? Check with the live table.

# %% tags=["hide-cell", "solution"]
means = live.groupby("perturbations")["error"].mean()
print((means.iloc[0] / means.iloc[-1]).round(2), "times the error at a quarter of the perturbations")

# %% [markdown]
# **2.** Do the weights of the joint explanation above and those of the one with *enough* masks agree within their errors?

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
# {doc}`Your song </runs/your-song>`, on a song of your own. {doc}`A corpus of explanations </runs/corpus-of-explanations>` does it for every song.
