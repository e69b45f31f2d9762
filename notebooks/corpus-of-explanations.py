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
# # A corpus of explanations
#
# **What you will learn.** How to explain thousands of songs without losing any; what happens when a worker dies; what it costs, up to a million songs.
#
# **What you need.** {doc}`Explain </runs/explain-genre-multimodal>`; dask and distributed (`pip install dask distributed`).
#
# **How long, on what.** {glue:text}`took`.
#
# The songs are composed by our code with planted evidence. What is shown is a way of computing, nothing about real music.

# %% tags=["remove-cell"]
import importlib.util
import subprocess
import sys

if not importlib.util.find_spec("distributed"):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "dask", "distributed"], check=True)

# %% tags=["remove-cell"]
import json
import shutil
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import musiclime as ml
from musiclime.explain import corpus_jobs as fleet
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 40
samples: int = 400

# %%
model = ml.load_model("genre", "multimodal")
test = ml.load_corpus("demo").split("test")
corpus = test.where(np.arange(len(test)) < songs)
explainer = ml.MusicLIME(model, samples=samples)
out = Path("runs/corpus-of-explanations")
shutil.rmtree(out, ignore_errors=True)

# %% [markdown]
# ## One line
#
# Each song becomes a small file, written whole or not at all; full shards are folded into one Parquet file. A manifest holds the hash of the corpus and every setting of the explainer, so a folder never mixes two experiments.

# %%
half, few = (corpus.where(np.arange(len(corpus)) < count) for count in (songs // 2, 4))


def timed(some, folder, client=None):
    start = time.perf_counter()
    shards = ml.explain_corpus(some, explainer, out / folder, client=client)
    return shards, time.perf_counter() - start


# %%
timed(few, "warm")
alone, took = timed(half, "alone")
one_worker = took / len(half)

# %%
print(json.dumps(json.loads((out / "alone" / "manifest.json").read_text())["corpus"], indent=1))

# %% [markdown]
# ## Two workers on this machine, the same bytes
#
# A `dask.distributed` client is all it takes to move from a laptop to a cluster. Here it is a cluster of two processes.

# %%
from distributed import Client, LocalCluster

with (
    LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    Client(cluster) as client,
):
    (_, cold), (_, warm) = timed(few, "cold", client), timed(few, "again", client)
    pair, took = timed(half, "pair", client)
    two_workers = (took - warm) / (len(half) - len(few))

# %%
chapter.glue("faster", one_worker / two_workers)
chapter.glue("begin", max(cold - warm, 0))
chapter.glue("half", len(half))
chapter.glue(
    "same", "the same, byte for byte" if alone[0].read_bytes() == pair[0].read_bytes() else "not the same"
)

# %% [markdown]
# For each song more, two workers were {glue:text}`faster:.2f` times as fast as one, and the shards are {glue:text}`same` ({glue:text}`half` songs). Their first run took {glue:text}`begin:.0f` s longer than the same again, for workers have to start: for a handful of songs a cluster does not pay.
#
# ## Interrupted, then resumed
#
# A song that cannot be read is listed and tried again by the next run. Everything else is kept.

# %%
broken = ml.Corpus(corpus.name, corpus.table, corpus.read)


def unplugged(row):
    if row["id"] == corpus.table["id"][3]:
        raise FileNotFoundError("the disk with this song is unplugged")
    return corpus.read(row)


broken.read = unplugged
first = broken.where(np.arange(songs) < 8)
ml.explain_corpus(first, explainer, out / "resumed")
json.loads((out / "resumed" / "failed.json").read_text())

# %%
first.read = corpus.read
start = time.perf_counter()
ml.explain_corpus(first, explainer, out / "resumed")
chapter.glue("again", (time.perf_counter() - start) / one_worker)
chapter.glue("left", len(json.loads((out / "resumed" / "failed.json").read_text())))

# %% [markdown]
# The second run took as long as {glue:text}`again:.1f` songs, and {glue:text}`left` are left. The tests kill workers and driver at twenty random moments; the final table is the same each time.
#
# ## Aggregated as a stream
#
# Explanations are read one by one, so that a million of them need no more memory than ten.

# %%
ml.aggregate(fleet.stored(out / "alone", light=True)).T.head(5).round(3)

# %% [markdown]
# ## On a cluster, on Kaggle
#
# SLURM, one worker a GPU (`pip install dask-jobqueue`):
#
# ```python
# from dask.distributed import Client
# from dask_jobqueue import SLURMCluster
# cluster = SLURMCluster(cores=8, memory="32GB", processes=1, job_extra_directives=["--gres=gpu:1"])
# cluster.scale(jobs=16)
# ml.explain_corpus(corpus, explainer, "/shared/explanations", client=Client(cluster))
# ```
#
# Kaggle's two T4 cards, one worker each:
#
# ```python
# import os
# from dask.distributed import Client
# client = Client(n_workers=2, threads_per_worker=1)
# client.run(lambda dask_worker: os.environ.update(CUDA_VISIBLE_DEVICES=str(dask_worker.name)))
# ml.explain_corpus(corpus, explainer, "/kaggle/working/explanations", client=client)
# ```
#
# ## What a million songs cost
#
# Time is songs x perturbations x seconds an encoding, and a fixed part a song. Both are measured here, on this machine, with the demo's model.


# %%
def seconds(count):
    start = time.perf_counter()
    ml.MusicLIME(model, samples=count).explain(song)
    return time.perf_counter() - start


song = corpus[0]
counts = np.array([200, 400, 800, 1600])
took = np.array([min(seconds(count) for _ in range(2)) for count in counts])
per_mask, fixed = np.polyfit(counts, took, 1)
fixed = max(fixed, 0)

# %%
scale = pd.DataFrame(
    {
        n: {f"{s:,} songs": s * (fixed + n * per_mask) / 3600 for s in (1000, 60_000, 1_000_000)}
        for n in (400, 2000, 5000)
    }
)
scale.columns = [f"{n:,} masks a modality" for n in scale.columns]
scale.round(1).rename_axis("hours on one such core")

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.5, 3))
ax.plot(counts, took, "o", label="measured")
ax.plot(counts, fixed + per_mask * counts, label="fixed + masks")
ax.set(xlabel="masks a modality", ylabel="seconds a song")
ax.legend(frameon=False)
chapter.figure(
    fig,
    alt="Seconds a song against the number of masks: four measured points and a fitted line.",
    caption="Where the time goes: a fixed part, and a part for each mask. Demo model.",
    name="fig-cost",
)

# %% tags=["remove-cell"]
chapter.glue("fixed", fixed)
chapter.glue("per-thousand", 1000 * per_mask)

# %% [markdown]
# A thousand masks cost {glue:text}`per-thousand:.2f` s, and a song {glue:text}`fixed:.2f` s before the first mask (a fit to four counts: below a tenth of a second it says nothing). With larger models what a mask costs grows and the fixed part hardly does: money goes into encodings, so spend them where they count. The chapter {doc}`Aggregate </runs/aggregate-genre-multimodal>` plans songs against perturbations from measured variances.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Nothing computed is lost or done twice, and the result does not depend on who computed it.
# - **Limit.** One thread a song, so that sums come out the same: a single song is slower than in a notebook.
# - **Limit.** All workers must see the folder.
# - **What this cannot tell you.** The price of your cloud.
#
# ## Exercises
#
# **1.** Try to write into the same folder with another seed.

# %% tags=["hide-cell", "solution"]
try:
    ml.explain_corpus(half, ml.MusicLIME(model, samples=samples, seed=1), out / "alone")
except ValueError as error:
    print(error)

# %% [markdown]
# **2.** How large is a stored explanation?

# %% tags=["hide-cell", "solution"]
print(round(alone[0].stat().st_size / len(half) / 1000, 1), "kB")

# %% [markdown]
# **3.** How many of the stored explanations are of right answers?

# %% tags=["hide-cell", "solution"]
right = [e.label == genre for e, genre in zip(fleet.stored(out / "alone"), half.table["genre"])]
print(sum(right), "of", len(right))

# %% [markdown]
# ## Summary
#
# One line explains a corpus, here or on a cluster; a second run does what is missing.
#
# **Next.** {doc}`The claim ledger </runs/claims>`: what of paper and thesis stands.
