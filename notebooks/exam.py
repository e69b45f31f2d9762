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
# # The exam
#
# **What you will learn.** How to compare explainers fairly: on the same songs, with the same number of questions to
# the model, against two truths. How well the best-known methods do, by their own code. How your own method can enter.
#
# **What you need.** {doc}`Can you trust it? </runs/trust>`.
#
# **How long, on what.** {glue:text}`took`; the two large tables were recorded by benchmarks and are only read here.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
masks: int = 600
samples: int = 300
packed: int = 2

# %% tags=["remove-cell"]
import json
import shutil
import tempfile
from pathlib import Path

# %%
import numpy as np
import pandas as pd
from IPython.display import display

from musiclime.judge.exact_values import model_values
from musiclime.judge.scores import clustered_mean, score
from musiclime.judge.splices import splices
from musiclime.judge.white_boxes import small_game

# %% [markdown]
# ## Two truths
#
# The first truth is the **planted evidence**. It marks the model as much as the explainer: if the model does not use a
# planted cell, no explanation of this model can find it.
#
# So there is a second truth: the **model's own values**. Every explainer estimates some average over masks, its
# {term}`estimand`. With very many masks that average can be computed nearly exactly:
#
# - **Banzhaf values**: what a feature adds on average, while every other one is on or off by a fair coin;
# - **Shapley values**: the same, on average over all orders in which features can come in;
# - **LIME's**: the weights that LIME's sampling and kernel converge to;
# - **leave one out**: what is lost when one feature goes and all others stay.
#
# For a model that hears and reads apart, all pairs of many audio masks and many lyric masks can be asked. With 14
# features or fewer all masks are asked, and the values are exact.

# %%
small, game_song = small_game(audio=7, words=7)
exact = model_values(small, game_song)
drawn = model_values(small, game_song, masks=6000, enumerated=0)
print(f"all 16,384 masks against 6,000 drawn ones: {np.abs(exact.values - drawn.values).max():.5f} at most")

# %% [markdown]
# Now a song of the demo. Its cells are marked twice, once by an explanation with few masks and once by the model's own
# values.

# %%
model = ml.load_model("genre", "multimodal")
test = ml.load_corpus("demo").split("test")
song = next(one for one in test if len(one.evidence["genre"]["cells"]) > 4)
explainer = ml.MusicLIME(model, samples=samples)
explanation = explainer.explain(song)
values = model_values(explainer, song, masks=masks)

row = explanation.row(song.genre)
cells = np.array([feature.modality == "audio" for feature in explanation.features])
planted = [(f.stem, f.segment) in song.evidence["genre"]["cells"] for f in explanation.features]
planted = np.array(planted)[cells]
pd.DataFrame(
    {
        "an explanation": score(explanation.weights[row][cells], planted),
        "the model's own values": score(values.values[row][cells], planted),
    }
).T.round(2)

# %% [markdown]
# More masks would bring the first row to the second, not to 1.
#
# ## The scoreboard on composed songs
#
# Every method got the same songs and the same number of questions, by its own code (`benchmarks/peers.py`). The
# record tells how many songs there are for each row; a song counts for a modality if replacing its evidence costs the
# model at least 0.2.

# %%
recorded = pd.read_csv(chapter.data_folder() / "measured" / "exam.csv", comment="#")
counted = recorded[recorded["cost"] >= 0.2]
base = counted[counted["method"] == "MusicLIME, joint"].set_index(["song", "modality"])


def board(table, base, cluster):
    """A row a method: mean marks, and the difference in AUC from the base method with its 95 % interval."""
    lines = []
    for method, part in table.groupby("method", sort=False):
        paired = part.set_index([cluster[0], "modality"])["auc"]
        difference = (paired - base["auc"]).dropna()
        change = clustered_mean(difference, base.loc[difference.index, cluster[1]])
        lines.append(
            {
                "method": method,
                "songs": len(part),
                "AUC": part["auc"].mean(),
                "pointing": part["pointing"].mean(),
                "AUC against MusicLIME": f"{change['mean']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})",
                "error": (part["rmse"] / part["spread"]).median(),
                "intervals that hold": part["coverage"].mean(),
                "calls": part["calls"].median() if "calls" in part else np.nan,
            }
        )
    return pd.DataFrame(lines).set_index("method")


counted = counted.assign(cluster=counted["song"])
base = base.assign(cluster=base.index.get_level_values("song"))
songs_recorded = recorded["song"].nunique()
chapter.glue("songs", songs_recorded)
print(f"{songs_recorded} songs recorded")

# %% [markdown]
# **Words.** The interval is clustered by song. *Error* is the distance from the method's own near-exact values,
# divided by their spread: 1 is as bad as saying nothing. It is empty where a method names no estimand.

# %%
board(counted[counted["modality"] == "lyrics"], base, ("song", "cluster")).round(3)

# %% [markdown]
# **Cells.**

# %%
board(counted[counted["modality"] == "audio"], base, ("song", "cluster")).round(3)

# %% [markdown]
# The rows *the model's own values* say what a method without any sampling error would reach on this model. An interval
# that includes 0 means that this record cannot tell the method from MusicLIME with joint masks.
#
# ## Which faithfulness score would have told?
#
# Without a truth one can only compute scores such as the area under the deletion curve. Would they have ranked the
# methods rightly? For each score, Kendall's rank correlation over methods with the AUC on planted evidence (1: the same
# ranking, 0: none, below 0: the reverse).

# %%
by_method = counted[counted["deletion"].notna()].groupby(["modality", "method"])
means = by_method[["auc", "deletion", "insertion", "comprehensiveness", "sufficiency"]].mean()
means[["deletion", "sufficiency"]] *= -1  # small is good
told = {}
for modality, part in means.groupby("modality"):
    told[modality] = part.corr(method="kendall")["auc"].drop("auc")
pd.DataFrame(told).rename(columns={"audio": "cells", "lyrics": "words"}).round(2)

# %% [markdown]
# ## The scoreboard on real songs
#
# Real songs have no planted evidence, but they can be **spliced**: take a tag that a real tagger gives to one song (0.2
# or more) and not to another (0.05 or less), and put together five segments of the first and five of the second, equally
# loud, at random places. Whatever explains that tag must point at the first song's segments.

# %%
file = chapter.data_folder() / "measured" / "splices.csv"
if file.exists():
    spliced = pd.read_csv(file, comment="#")
    lines = []
    for (name, modality), part in spliced[spliced["method"] == "MusicLIME"].groupby(["model", "modality"]):
        auc, pointing = (clustered_mean(part[mark], part["pair"]) for mark in ("auc", "pointing"))
        lines.append(
            {
                "model": name,
                "evidence": {"audio": "segments or cells", "lyrics": "lines"}[modality],
                "splices": len(part),
                "pairs of songs": auc["clusters"],
                "AUC": f"{auc['mean']:.2f} ({auc['low']:.2f} to {auc['high']:.2f})",
                "pointing": f"{pointing['mean']:.2f} ({pointing['low']:.2f} to {pointing['high']:.2f})",
                "intervals that hold": part["coverage"].mean(),
            }
        )
    display(pd.DataFrame(lines).set_index("model").round(2))
else:
    print("The splices were not recorded here: python -m benchmarks.splices")

# %% [markdown]
# The row with the last layer at random is the control: its interval should include 0.5. Lines were spliced in the same
# way, for classes with 0.3 or more in one text and 0.15 or less in the other. And the methods beside each other, on the
# segments of the taggers:

# %%
if file.exists():
    taggers = spliced[spliced["model"].isin(["MTT_musicnn, segments", "MSD_musicnn, segments"])]
    taggers = taggers.assign(song=taggers["model"] + taggers["song"])
    first = taggers[taggers["method"] == "MusicLIME"].set_index(["song", "modality"])
    display(board(taggers, first, ("song", "pair")).drop(columns="calls").round(3))

# %% [markdown]
# Where nearly every method is right, a board cannot rank them: ten segments are an easy question, a hundred cells and
# words a hard one. A method that is good on one board need not be good on the other.
#
# ### One splice, live
#
# Where the real songs and the tagger are at hand, this cell splices two of them and marks an explanation.

# %%
try:
    tagger = ml.load_tagger("MTT_musicnn")
    few = splices(tagger, list(ml.load_corpus("real"))[:4], count=2)
    live = ml.mark(ml.AudioLIME(tagger, samples=100), few, on="real")
    display(live[["song", "auc", "pointing", "cost"]].round(2))
except (AttributeError, ValueError, OSError, ImportError) as missing:
    print(f"No live splice on this machine: {missing}")

# %% [markdown]
# ## Enter your own
#
# **In Python.** Anything with `explain(song)` that returns an `ml.Explanation`, and with `space` and `outputs` to ask
# the model, is marked by `ml.mark(mine)`. Subclass `ml.MusicLIME` and override `explain`. A function from a model to
# an explainer sits the whole exam: `ml.mark(lambda model: Mine(model))`.
#
# **By files, in any language.** `ml.exam_pack(folder)` writes the songs as sound and text, and the questions as JSON. The
# truth goes into a second file. You answer with one weight a feature:

# %%
place = Path(tempfile.mkdtemp())
pack = ml.exam_pack(place / "pack", songs=[test[k] for k in range(packed)])
questions = json.loads((pack / "exam.json").read_text(encoding="utf-8"))
print(questions["task"])

# %%
answers = {}
for question in questions["songs"]:
    # A method that only counts letters: long words matter.
    answers[question["id"]] = {word: len(word) for word in question["words"]}
(place / "answers.json").write_text(json.dumps({"name": "long words", "answers": answers}))

# %%
from musiclime.judge.exam_pack import board as graded_board
from musiclime.judge.exam_pack import grade

graded_board(grade(place / "answers.json", place / "pack-truth.json")).round(2)

# %% [markdown]
# From a shell, the same two steps:
#
# ```sh
# python -m musiclime.judge.exam_pack write pack
# python -m musiclime.judge.exam_pack grade answers.json --truth pack-truth.json
# ```

# %% tags=["remove-cell"]
shutil.rmtree(place)

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Two truths: what was planted, and what the model itself does. They separate the explainer's error from
#   the model's.
# - **Strength.** Other people's own code, at one budget, with intervals over songs.
# - **Limit.** One demo model. Its training mutes cells with silence, which suits explainers that do the same.
# - **Limit.** A splice is cut with a knife: real evidence is rarely confined to whole segments.
# - **What this cannot tell you.** Which explainer people understand best.
#
# ## Exercises
#
# **1.** Which method's values are the nearest to what it says it estimates, for cells?

# %% tags=["hide-cell", "solution"]
cells_only = counted[counted["modality"] == "audio"]
error = (cells_only["rmse"] / cells_only["spread"]).groupby(cells_only["method"]).median()
error.drop("captum: FeatureAblation", errors="ignore").sort_values().head(3).round(2)

# %% [markdown]
# **2.** Why is captum's FeatureAblation left out of that answer?

# %% tags=["hide-cell", "solution"]
print(
    "It computes leave one out exactly, with one question a feature. The question is whether one wants to know it."
)

# %% [markdown]
# **3.** Do Banzhaf and Shapley values of the song above rank its features alike?

# %% tags=["hide-cell", "solution"]
shapley = model_values(explainer, song, "shapley", masks=masks)
print(f"{pd.Series(values.values[row]).corr(pd.Series(shapley.values[row]), method='spearman'):.2f}")

# %% [markdown]
# ## Summary
#
# An exam needs a truth. Planted evidence is one, the model's own values are another, splices bring the first to real
# songs. A fair board asks the same number of questions of every method and shows how sure each difference is.
#
# ## Next
#
# {doc}`When it fails </runs/when-it-fails>`: the same questions where the answer is no.
