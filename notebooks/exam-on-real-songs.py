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
# # The exam on real songs
#
# Two real songs are spliced, so we know which segments carry a tag. Do explanations of real taggers find them?
#
# **What you will learn**
#
# - how two real songs become one whose evidence is known;
# - how well explanations of real models find that evidence, and how the best-known methods compare;
# - why a control with a broken model belongs beside every such number.
#
# **What you need**: {doc}`The exam </runs/exam>`.
#
# **How long, on what**: {glue:text}`took`; the tables were recorded by a benchmark and are only read here.

# %%
import numpy as np
import pandas as pd
from IPython.display import display

import musiclime as ml
from musiclime.judge.scores import clustered_mean
from musiclime.judge.splices import splices
from musiclime.show import chapter

# %% tags=["parameters"]
live_splices: int = 2
samples: int = 100

# %% [markdown]
# ## Splices
#
# Nobody planted evidence in a real song, but two songs can be **spliced**. Take a tag that a real tagger gives to one song
# (0.2 or more) and not to another (0.05 or less). Put together five segments of each, equally loud, at random places, faded
# at the borders. Whatever explains that tag must point at the first song's segments.
#
# Where the real songs and the tagger are at hand, this cell splices a few and marks their explanations:

# %%
try:
    tagger = ml.load_tagger("MTT_musicnn")
    few = splices(tagger, list(ml.load_corpus("real"))[:4], count=live_splices)
    live = ml.mark(ml.AudioLIME(tagger, samples=samples), few, on="real")
    display(live[["song", "auc", "pointing", "cost"]].round(2))
except (AttributeError, ValueError, OSError, ImportError) as missing:
    print(f"No live splice on this machine: {missing}")

# %% [markdown]
# `auc` is the chance that a segment of the first song gets a larger weight than one of the second. `pointing`, below called
# *the first is right*, says whether the largest weight is on the first song. `cost` is what the tag loses when the first
# song's segments are taken away.
#
# ## The record
#
# A benchmark did this for many splices, and in the same way for lines of lyrics (0.3 or more in one text, 0.15 or less in
# the other), for sound and lines at once, and for harmonic and percussive parts of each segment. *Intervals that hold* is
# the share of 95 % intervals that contain the model's own value.

# %%
spliced = pd.read_csv(chapter.data_folder() / "measured" / "splices.csv", comment="#")


def with_error(part, column):
    """A mean with its 95 % interval; splices of one pair of songs are not independent, so pairs are drawn."""
    found = clustered_mean(part[column], part["pair"])
    return f"{found['mean']:.2f} ± {found['high'] - found['mean']:.2f}"


# %% tags=["hide-input"]
lines = []
for (name, modality), part in spliced[spliced["method"] == "MusicLIME"].groupby(["model", "modality"]):
    lines.append(
        {
            "model": name,
            "evidence": {"audio": "segments or cells", "lyrics": "lines"}[modality],
            "splices": len(part),
            "pairs of songs": part["pair"].nunique(),
            "AUC": with_error(part, "auc"),
            "the first is right": with_error(part, "pointing"),
            "intervals that hold": part["coverage"].mean(),
        }
    )
record = pd.DataFrame(lines).set_index("model")
record.round(2).astype(object).fillna("")

# %% [markdown]
# The row with the last layer at random is the **control**: its interval should include 0.5. If it did not, the splices
# would give themselves away, by a seam or by loudness, and the other rows would mean nothing.
#
# ## The methods beside each other
#
# Here are the methods on the segments of both taggers. Each asked the model the same number of questions:

# %% tags=["hide-input"]
taggers = spliced[spliced["model"].isin(["MTT_musicnn, segments", "MSD_musicnn, segments"])]
rows = {}
for method, part in taggers.groupby("method"):
    rows[method] = {"AUC": with_error(part, "auc"), "the first is right": with_error(part, "pointing")}
means = taggers.groupby("method")["auc"].mean().sort_values(ascending=False)
pd.DataFrame(rows).T.loc[means.index]

# %% [markdown]
# Where nearly every method is right, a board cannot rank them: ten segments are an easy question, forty cells and a
# hundred words a hard one. The model's own values show what a method without sampling error would reach.
#
# ## Strengths
#
# Real songs and real models, with a truth that nobody had to label.
#
# ## Limits
#
# In a splice the evidence begins and ends with a segment; real evidence rarely does. There are only thirteen songs,
# so pairs share songs. The intervals treat pairs as independent, so they are a little too narrow.
#
# ## What this cannot tell you
#
# Whether the tag is right, and whether a person would point at the same seconds.
#
# ## Exercises
#
# **1.** Which pair of songs do both taggers find hardest?

# %% tags=["hide-cell", "solution"]
ours = taggers[taggers["method"] == "MusicLIME"]
ours.groupby("pair")["auc"].mean().nsmallest(3).round(2)

# %% [markdown]
# **2.** Is the control's AUC further from 0.5 than noise allows?

# %% tags=["hide-cell", "solution"]
control = spliced[spliced["model"].str.contains("random") & (spliced["method"] == "MusicLIME")]
found = clustered_mean(control["auc"], control["pair"])
print(f"{found['mean']:.2f}, from {found['low']:.2f} to {found['high']:.2f}")

# %% [markdown]
# **3.** By how much do the model's own values beat MusicLIME's estimate of them, splice by splice?

# %% tags=["hide-cell", "solution"]
auc = taggers.pivot_table(index=["model", "song"], columns="method", values="auc")
gap = auc["the model's own values: banzhaf"] - auc["MusicLIME"]
print(f"{gap.mean():.3f} ± {2 * gap.std() / np.sqrt(len(gap)):.3f}")

# %% [markdown]
# ## Summary
#
# - Spliced songs give real music a truth, and a broken model gives that truth a control.
# - Explanations of real taggers find the right segments nearly always.
# - An easy question does not rank methods.
#
# ## Next
