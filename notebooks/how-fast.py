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
# An explanation asks a model thousands of questions. This chapter shows where the time goes, how a grid of masks uses
# each encoding many times, and how many masks are enough: the question that the thesis leaves open.
#
# **What you will learn:** what a grid of masks saves; when masks in pairs help; how many masks how many features need.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`; songs: {glue:text}`songs`, masks: up to {glue:text}`samples`. What needs
# more is read from `data/measured/`, which `make bench` records.
#
# The songs are composed by our code. Time and error of a procedure do not depend on whether music is real; how many
# masks a *model* needs does depend on the model.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
samples: int = 800
songs: int = 1
timed: int = 150
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"

# %% tags=["hide-input"]
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import LogLocator

from benchmarks import bench, precision
from musiclime.explain.crossed_design import fit_crossed
from musiclime.explain.masks import coins

measured = chapter.data_folder() / "measured"
chapter.glue("samples", samples)
chapter.glue("songs", songs)

# %%
data = ml.load_corpus(corpus, root or None)
model = ml.load_model("genre", "multimodal", data, preset=preset, weights=weights, root=root or None)
song = data[0]

# %% [markdown]
# ## Where the time goes
#
# A late-fusion model has two encoders and a small head. What is not spent inside the encoders is overhead: mixing,
# filterbanks, tokens, the fit. We time the encoders from inside.

# %% tags=["hide-input"]
spent = {"audio encoder": 0.0, "lyrics encoder": 0.0}
watched = ml.load_model("genre", "multimodal", data, preset=preset, weights=weights, root=root or None)
parts = getattr(watched, "network", None)
began = {}


def watch(encoder, name):
    def start(*_):
        began[name] = time.perf_counter()

    def stop(*_):
        spent[name] += time.perf_counter() - began[name]

    encoder.register_forward_pre_hook(start)
    encoder.register_forward_hook(stop)


if parts is not None:
    watch(parts.audio, "audio encoder")
    watch(parts.lyrics, "lyrics encoder")

# %%
start = time.perf_counter()
joint = ml.MusicLIME(watched, samples=samples, design="joint").explain(song)
whole = time.perf_counter() - start
shares = pd.Series({**spent, "everything else": whole - sum(spent.values())}) / whole
shares.to_frame("share of the time").style.format("{:.0%}")

# %% [markdown]
# With four stems, a tenth of the clip has only sixteen possible mixes. Their filterbanks are computed once and looked
# up, so a whole masked clip is never mixed.
#
# ## Against the published procedure
#
# For comparison we wrote a procedure from the description of the published code: batches of ten, forty components
# added in Python, the filterbank clip by clip, every text padded to 256 tokens. This procedure and our code explain
# the same song with the same masks, by turns. Rows differ in their masks, so compare within a row; the column
# *torchaudio* says whether that package's quick filterbank could be loaded. The *ceiling* is how much faster one
# could be if nothing but the encoders' forward passes took time.

# %% tags=["hide-input"]
recorded = bench.summary(pd.read_csv(measured / "speed.csv", comment="#"))
chapter.glue("difference", recorded["difference"].max())
recorded = recorded.drop(columns="difference")
names = ["model", "torchaudio", "ours, s", "published, s", "times faster", "ceiling", "share of the ceiling"]
table = recorded.reset_index().set_axis(names, axis=1)
if preset == "demo":
    live = bench.summary(
        pd.DataFrame(bench.pairs("here, live", model, ml.load_corpus("demo")[0], timed, 20, 1))
    )
    live = live.drop(columns="difference").reset_index()
    live.insert(1, "torchaudio", "as installed")
    table = pd.concat([live.set_axis(names, axis=1), table])
table.style.hide(axis="index").format(precision=2)

# %% [markdown]
# The first row was measured for this page, the others were recorded once. With the paper's model sizes on a processor
# nearly all the time is the encoders' own, so only fewer encodings can help. (We had no GPU: what the paper's sizes take
# on one is not measured.)
#
# ## A grid of masks
#
# A late-fusion model encodes sound and words apart. So $A$ sounds and $T$ texts, encoded once each, give $A \times T$
# answers: the pairs cost next to nothing. The additive fit to such a grid is two small regressions, of the rows' means
# on the audio masks and of the columns' means on the lyric masks.

# %%
explainer = ml.MusicLIME(model)
space = explainer.space(song)
audio = coins(300, len(space.audio), seed=[0, 0])
lyrics = coins(300, len(space.lyrics), seed=[0, 1])
a = model.encode_audio(space.mix(audio))
t = model.encode_lyrics(space.texts(lyrics))
grid = np.stack([model.fuse(np.repeat(row[None], len(t), axis=0), t) for row in a])
grid.shape

# %%
with_constant = np.hstack([audio, np.ones((len(audio), 1))])
by_rows = np.linalg.lstsq(with_constant, grid.mean(axis=1), rcond=None)[0][:-1].T
module = fit_crossed(audio, lyrics, [grid], alpha=1e-9)
print("largest difference from the module:", np.abs(by_rows - module.weights[:, : len(space.audio)]).max())

# %% [markdown]
# ## Masks in pairs
#
# Draw a mask $z$ and ask about its mirror image $1-z$ too. A weight depends only on the **odd** part of the answers,
# $(f(z) - f(1-z))/2$. The **even** part, $(f(z) + f(1-z))/2$, is noise to it, and in a pair it cancels. The price:
# two questions give one difference. So pairs pay where the even part is larger than what the sum leaves unexplained
# of the odd part.

# %%
mirrored = coins(200, len(space.audio), seed=3, pairs=True)
answers = model.fuse(model.encode_audio(space.mix(mirrored)), np.repeat(t[:1], 200, axis=0))
label = (
    int(model.predict(song.audio[None], [song.lyrics])[0].argmax())
    if song.sample_rate == model.sample_rate
    else 0
)
first, second = answers[0::2, label], answers[1::2, label]
pd.Series({"odd part": ((first - second) / 2).std(), "even part": ((first + second) / 2).std()}).round(4)

# %% [markdown]
# By default `MusicLIME` draws its first masks in pairs and measures their odd and even parts, for sound and for words
# apart. So it decides for either whether to go on in pairs. Where the number of masks is given, pairs are taken only
# with `pairs=True`.
#
# Errors can become smaller still. With `control="trees"` boosted trees guess the answers, the ridge fits only what
# the trees miss, and the trees' own weights, known exactly, are added again: a **second-order control**
# {cite}`witter2025regression`. Where trees would not make the errors smaller, the plain fit stays. The table records
# ten songs, with 500 joint masks or a grid of 400 x 400:

# %% tags=["hide-input"]
controlled = pd.read_csv(measured / "adjusted.csv", comment="#").rename(columns={"pairs": "in pairs"})
controlled["in pairs"] = controlled["in pairs"].map({False: "no", True: "yes"})
ways = controlled.groupby(["design", "in pairs", "fit"])
told = ways["squared error"].mean().to_frame("squared error")
told /= told.loc[("joint", "no", "plain")]
told["intervals that hold"] = ways["covered"].sum() / ways["intervals"].sum()
told["seconds of a core"] = ways["seconds"].mean()
told.style.format("{:.2f}").format("{:.1%}", subset="intervals that hold")

# %% [markdown]
# The control asks the model nothing more, so it pays where an answer is expensive: with the paper's models a second
# is little.
#
# ## What each design saves
#
# How many encodings does a design need for the same error? For independent masks the squared error falls like one
# over the number of encodings, so their product is one number for each song. The table divides a design's product by
# that of the joint design: 0.5 means half the encodings. *By the pilot*: first answers decide how many sounds and how
# many texts are encoded; *default* lets them decide about pairs too.


# %% tags=["hide-input"]
def products(table):
    squared = (table["error"] ** 2 - table["reference error"] ** 2).clip(lower=0)
    return squared * table["encodings"]


def against_joint(table):
    table = table.assign(product=products(table))
    joint = table[table["design"] == "joint"].groupby("song")["product"].mean()
    means = table[table["design"] != "joint"].groupby(["design", "song"])["product"].mean()
    ratios = means / means.index.get_level_values("song").map(joint)
    return ratios.groupby("design").describe()[["count", "25%", "50%", "75%", "max"]]


recorded = pd.read_csv(measured / "errors.csv", comment="#")
against = against_joint(recorded).rename_axis("design")
against.columns = ["songs", "a quarter below", "median", "a quarter above", "largest"]
against.style.format(precision=2).format("{:.0f}", subset="songs")

# %% tags=["hide-input"]
kinds = recorded[recorded["design"].isin(["joint", "crossed", "crossed, pairs"])]
kinds = kinds.assign(relative=kinds["error"] / kinds["spread"])
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
middle = {"estimator": "median", "errorbar": ("pi", 50), "markers": True, "palette": "colorblind"}
sns.lineplot(kinds, x="encodings", y="relative", hue="design", style="design", ax=ax, **middle)
ax.set(
    xscale="log", yscale="log", xlabel="encodings (sounds + texts)", ylabel="error / spread of the weights"
)
for axis in (ax.xaxis, ax.yaxis):
    axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axis.set_major_formatter("{x:g}")
ax.minorticks_off()
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
chapter.figure(
    fig,
    alt="Error against the number of encodings, both axes logarithmic, one line for each design.",
    caption=f"Error of a weight for the model's class against encodings; the median and the middle half of "
    f"{recorded['song'].nunique()} composed songs (recorded).",
    name="fig-error",
)

# %% [markdown]
# And live, on the songs of this page. With so few songs and masks these numbers are rough:

# %%
small = {"pairs": samples, "truth": samples, "fresh": samples}
heard = [data[position] for position in np.linspace(0, len(data) - 1, songs).astype(int)]
rows = []
for one in heard:
    encoded = precision.encode(model, one, small)
    rows += precision.error_rows(
        model, encoded, joint=(samples // 2, samples), grids=(samples // 4, samples // 2)
    )
against_joint(pd.DataFrame(rows))[["50%"]].set_axis(["encodings, over joint"], axis=1).round(2)

# %% [markdown]
# ### Are its intervals honest?
#
# Answers in the grid that share a sound or a text are not independent, nor are the masks of a pair. Our errors are
# clustered accordingly; *naive* errors treat every answer as independent.

# %% tags=["hide-input"]
columns = ["intervals", "covered", "covered naive", "largest", "largest covered"]
counts = recorded.reindex(columns=["design", *columns]).groupby("design")[columns].sum(min_count=1)
pd.DataFrame(
    {
        "intervals": counts["intervals"],
        "of nominal 95 % cover": counts["covered"] / counts["intervals"],
        "naive ones": counts["covered naive"] / counts["intervals"],
        "of the ten largest weights": counts["largest covered"] / counts["largest"],
    }
).style.format("{:.1%}", na_rep="").format("{:,.0f}", subset="intervals")

# %% [markdown]
# ## How many masks for how many features?
#
# For fair coins the error of a weight is about $2\sigma/\sqrt{n}$, where $\sigma$ is what the additive model leaves
# unexplained. The number of features $p$ enters only through $\sigma$ and through $n > p$. Here the same song is cut
# coarse and fine.


# %%
def errors_of(one, segments, unit):
    made = ml.MusicLIME(model, samples=samples, segments=segments, unit=unit, design="joint").explain(one)
    row = made.row(made.label)
    cut = {"segments": segments, "words": f"{unit}s", "features": len(made.features)}
    return cut | {"error": made.errors[row].mean(), "spread of the weights": made.weights[row].std()}


cuts = [(5, "line"), (10, "line"), (10, "word"), (20, "word")]
table = pd.DataFrame([errors_of(song, *cut) for cut in cuts])
table["error / spread"] = table["error"] / table["spread of the weights"]
table.sort_values("features").style.hide(axis="index").format(precision=4)

# %% [markdown]
# The number of features alone does not set the error: it follows $\sigma$, which differs from cut to cut. What counts is
# *error / spread*, since the weights have to be told apart: to halve it, take four times the masks.
#
# ## Enough
#
# So you need not guess the number. `samples="enough"` looks at the errors and doubles the masks. It stops when the
# errors are small against the spread and the leading features are either told apart or tied. It also stops when it
# has looked as often as it may (*looks used up*).

# %%
enough = ml.MusicLIME(model, samples="enough", segments=5, unit="line").explain(song)
pd.Series({**enough.provenance["masks"], "why": enough.provenance["masks chosen"]}).to_frame("enough")

# %% [markdown]
# ## Strengths
#
# - The same masks give the same weights as the published procedure (recorded difference: {glue:text}`difference:.0e` at
#   most): nothing was traded for speed.
# - Errors come with every weight, so *how many* has an answer for each song.
#
# ## Limits
#
# - The recorded errors are distances from a reference that is an estimate, too: its own error is part of every
#   interval.
# - Seconds belong to this machine; ratios carry over better.
# - A grid needs a late-fusion model. For any other function the design is joint.
#
# ## What this cannot tell you
#
# What the paper's models cost on your GPU. `make bench` measures it where there is one.
#
# ## Exercises
#
# **1.** Half the error: how many times the masks? Check with two explanations.

# %% tags=["hide-cell", "solution"]
few, many = (ml.MusicLIME(model, samples=n, design="joint").explain(song) for n in (samples // 4, samples))
print((few.errors.mean() / many.errors.mean()).round(2), "times the error at a quarter of the masks")
print("With many more masks than features it is 2: half the error costs four times the masks.")

# %% [markdown]
# **2.** Do the weights of the joint and of the crossed design agree within their errors?

# %% tags=["hide-cell", "solution"]
crossed = ml.MusicLIME(model, samples=300, design="crossed").explain(song)
z = (joint.weights - crossed.weights) / np.hypot(joint.errors, crossed.errors)
print(f"{np.mean(np.abs(z) < 1.96):.0%} of the differences lie within 1.96 of their standard errors")

# %% [markdown]
# **3.** Give `MusicLIME` only the function `model.predict`. What does the explanation lose, and what does it keep?

# %% tags=["hide-cell", "solution"]
free = ml.MusicLIME(model.predict, classes=model.classes, sample_rate=model.sample_rate, samples=300).explain(
    song
)
print(free.design, free.score.max().round(2))

# %% [markdown]
# ## Summary
#
# Time goes into the encoders. A grid of masks makes each encoding count many times, pairs cancel the even part of the
# answers, and errors tell when to stop.
#
# ## Next
#
# {doc}`Your song </runs/your-song>` explains a song of your own.
# {doc}`A corpus of explanations </runs/corpus-of-explanations>` explains every song of a folder.
