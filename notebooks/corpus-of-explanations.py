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
# One line explains a whole corpus, here or on a cluster. If a run is interrupted, nothing that was computed is lost: a
# second run does only what is missing.
#
# **What you will learn:** to explain thousands of songs; what happens when one cannot be read or a machine dies; what a
# million songs would cost.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`, for {glue:text}`songs` songs with {glue:text}`samples` masks each.

# %% tags=["remove-cell"]
import importlib.util
import subprocess
import sys

if not importlib.util.find_spec("distributed"):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "dask", "distributed"], check=True)

# %% tags=["hide-input"]
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd

import musiclime as ml
from musiclime.explain.corpus_jobs import stored
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 8
samples: int = 250
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"

# %%
data = ml.load_corpus(corpus, root or None)
model = ml.load_model("genre", "multimodal", data, preset=preset, weights=weights, root=root or None)
some = data.where(np.arange(len(data)) < songs)
explainer = ml.MusicLIME(model, samples=samples)

# %% tags=["remove-cell"]
out = Path("runs/corpus-of-explanations")
shutil.rmtree(out, ignore_errors=True)
chapter.glue("songs", len(some))
chapter.glue("samples", samples)

# %% [markdown]
# ## One line

# %%
start = time.perf_counter()
files = ml.explain_corpus(some, explainer, out / "alone")
one_process = time.perf_counter() - start
[file.name for file in files[:3]]

# %% [markdown]
# Each song becomes one small Parquet file, written whole or not at all. A manifest keeps the hash of the corpus and every
# setting of the explainer, so that a folder never mixes two experiments:

# %%
print(json.dumps(json.loads((out / "alone" / "manifest.json").read_text())["corpus"], indent=1))

# %% [markdown]
# ## Several workers, the same bytes
#
# A `dask.distributed` client is all it takes to move from a laptop to a cluster. Here it is a cluster of two processes on
# this machine.

# %%
from distributed import Client, LocalCluster

with (
    LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    Client(cluster) as client,
):
    together = ml.explain_corpus(some, explainer, out / "together", client=client)

same = all(one.read_bytes() == two.read_bytes() for one, two in zip(files, together))
print("the files are the same, byte for byte" if same else "the files differ")

# %% [markdown]
# For a handful of songs a cluster is slower, because its workers must first start and load the model.
#
# ## Interrupted, then resumed
#
# A song that cannot be read is listed with its reason and tried again by the next run. Everything else is kept.

# %%
broken = data.where(np.arange(len(data)) < min(4, songs))


def unplugged(row):
    if row["id"] == some.table["id"].iloc[-1 if songs < 4 else 3]:
        raise FileNotFoundError("the disk with this song is unplugged")
    return data.read(row)


broken.read = unplugged
ml.explain_corpus(broken, explainer, out / "resumed")
json.loads((out / "resumed" / "failed.json").read_text())

# %% [markdown]
# The disk is plugged in again. The second run explains one song, not four:

# %%
broken.read = data.read
start = time.perf_counter()
ml.explain_corpus(broken, explainer, out / "resumed")
again = time.perf_counter() - start
left = json.loads((out / "resumed" / "failed.json").read_text())
print(f"{again:.1f} s; above, a song took {one_process / len(some):.1f} s; songs left: {len(left)}")

# %% [markdown]
# The book's tests kill the process at four moments, and a worker of the cluster. The files are the same each time.
#
# ## Aggregated as a stream
#
# `ml.aggregate` reads the explanations one by one, so a million of them need no more memory than ten.

# %%
ml.aggregate(stored(out / "alone", light=True)).T.head(5).round(3)

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
# The time of a song is a fixed part and a part for each mask. We measure both with two numbers of masks.


# %%
def seconds(count):
    began = time.perf_counter()
    ml.MusicLIME(model, samples=count).explain(song)
    return time.perf_counter() - began


song = some[0]
few, many = samples, 4 * samples
took = [min(seconds(count) for _ in range(2)) for count in (few, many)]
per_mask = (took[1] - took[0]) / (many - few)
fixed = max(took[0] - few * per_mask, 0)

# %% tags=["hide-input"]
scale = pd.DataFrame(
    {
        f"{masks:,} masks a modality": {
            f"{count:,} songs": count * (fixed + masks * per_mask) / 3600
            for count in (1000, 60_000, 1_000_000)
        }
        for masks in (400, 2000, 5000)
    }
).rename_axis("hours on one core like this")
scale.style.format("{:,.1f}")

# %% [markdown]
# That is the book's small model. The real genre model ({doc}`Real songs </runs/real-songs>`) hears with musicnn and
# reads with MiniLM. We recorded its times on twelve seconds of each of three songs. The stems were made by *hpss*;
# each word was a feature.

# %% tags=["hide-input"]
recorded = pd.read_csv(chapter.data_folder() / "measured" / "tagger.csv", comment="#")
seconds_of_song = (recorded["stems"] + recorded["explain"]).groupby(recorded["masks"]).mean()
real = pd.DataFrame(
    {
        f"{masks:,} masks a modality": {f"{count:,} songs": count * cost / 3600 for count in (1000, 60_000)}
        for masks, cost in seconds_of_song.items()
    }
).rename_axis("hours on one core, real model")
real.style.format("{:,.0f}")

# %% [markdown]
# With larger models a mask costs more and the fixed part hardly changes, so use no more masks than you need. Are more
# songs or more masks better? {doc}`Aggregate </runs/aggregate-genre-multimodal>` answers from measured variances.
#
# ## Strengths
#
# - Nothing is lost or computed twice, and the result does not depend on which machine computed it.
#
# ## Limits
#
# - Each song is explained in one thread, so that sums come out the same. So one song takes longer than in a notebook.
# - All workers must be able to write to the folder.
#
# ## What this cannot tell you
#
# The price of your cloud.
#
# ## Exercises
#
# **1.** What happens if you explain into the same folder with another seed?

# %% tags=["hide-cell", "solution"]
try:
    ml.explain_corpus(some, ml.MusicLIME(model, samples=samples, seed=1), out / "alone")
except ValueError as error:
    print(error)

# %% [markdown]
# **2.** How large is a stored explanation?

# %% tags=["hide-cell", "solution"]
print(round(np.mean([file.stat().st_size for file in files]) / 1000, 1), "kB")

# %% [markdown]
# **3.** How many of the stored explanations are of right answers?

# %% tags=["hide-cell", "solution"]
right = [one.label == genre for one, genre in zip(stored(out / "alone"), some.table["genre"])]
print(sum(right), "of", len(right))

# %% [markdown]
# ## Summary
#
# One line explains a corpus, here or on a cluster; a second run does what is missing.
#
# ## Next
