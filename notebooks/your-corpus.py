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
# # Your corpus
#
# **What you will learn.** How a folder of songs becomes a corpus; what happens to the ones that cannot be read; how to train on it and explain it.
#
# **What you need.** A folder with `name.mp3` beside `name.txt`, and to train on it a table, `songs.csv`, with a row for each song.
#
# **How long, on what.** {glue:text}`took`. Without a folder of yours the chapter makes one, of composed songs: nothing here is a finding about real music.

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd

import musiclime as ml
from musiclime.data import audio as sound
from musiclime.models.evaluation import evaluate
from musiclime.models.training import RECIPES
from musiclime.show import chapter

# %% [markdown]
# `root` is your folder. Without one, `size` songs are composed and written to disk as if they were yours.

# %% tags=["parameters"]
root: str = ""
task: str = "genre"
preset: str = "demo"
size: int = 150
epochs: int = 5

# %%
made = [] if root else ml.load_corpus("demo", size=size, seed=21)
root = Path(root or "runs/your-corpus/songs")
for song in made:
    sound.save(root / f"{song.id}.mp3", song.audio, song.sample_rate)
    (root / f"{song.id}.txt").write_text(song.lyrics, encoding="utf-8")

# %%
if made:
    made.table.drop(columns="split").to_csv(root / "songs.csv", index=False)
    (root / "broken.mp3").write_text("this is no music")
    (root / "broken.txt").write_text("but it has words")

# %% [markdown]
# ## The table
#
# A file `songs.csv` in the folder has a column `id`, a file's name without its ending, and for training `genre` or `emotion`; `artist, title, valence, energy, split` may be there. The folder made above has one, and a file that is no music. What a table does not give stays empty; without a split, artists (or songs, where no artist is named) are divided so that none is on both sides. Songs without a label, or labelled *other*, are not trained on.

# %%
corpus = ml.load_corpus("folder", root)
corpus.table["split"].value_counts().to_frame("songs").T

# %% [markdown]
# ## Nothing disappears silently

# %%
corpus.dropped

# %%
chapter.glue("songs", len(corpus))
chapter.glue("lost", len(corpus.dropped))

# %% [markdown]
# {glue:text}`songs` songs came in, {glue:text}`lost` did not, each with its reason.
#
# ## Train on it, explain it
#
# The same two lines as everywhere. With real music and a GPU, `preset="paper"`; `task` may be `"emotion"`. `epochs` is for a first look: the demo's own recipe takes {glue:text}`recipe`.

# %%
model = ml.load_model(task, "multimodal", corpus, preset, epochs=epochs)
song = corpus.split("test")[0]
explainer = ml.MusicLIME(model, samples=800)
ready = explainer.prepare(song)
chapter.player(explainer.explain(ready), ready, model)

# %% [markdown]
# Before any weight is believed: how often is the model right, on songs it was not trained on, and how often
# would be right who always names the most frequent label? Where the songs are composed, their evidence can be
# replaced as well.

# %%
tested = corpus.where(corpus.table[task].isin(model.classes)).split("test")
right = {"as it is": evaluate(model, tested, progress=False)["accuracy"]}
right["always the most frequent label"] = tested.table[task].value_counts(normalize=True).max()

# %%
if made and task == "genre":
    as_composed = made.where(made.table["id"].isin(tested.table["id"]))
    right["evidence replaced"] = evaluate(model, as_composed, progress=False)["replaced"]["both replaced"]
pd.Series(right, name="accuracy").to_frame().round(2)

# %% tags=["remove-cell"]
chapter.glue("epochs", epochs)
chapter.glue("recipe", RECIPES[preset, "multimodal"]["epochs"])
chapter.glue("tested", len(tested))

# %% [markdown]
# Over {glue:text}`tested` test songs, after {glue:text}`epochs` epochs on so few. Where the first number is not
# clearly above the others, the picture above explains a model that has learnt nothing: the explainer works, and
# there is nothing to explain.

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Sound is read when it is asked for: a corpus is a table, however large.
# - **Limit.** Stems are separated once a song, as much of it as the model hears, and kept on disk at twelve bytes a sample.
# - **What this cannot tell you.** Whether your labels are right. Look at the false positives first.
#
# ## Exercises
#
# **1.** Which artists are in the test split, and are they anywhere else?

# %% tags=["hide-cell", "solution"]
by = corpus.table.groupby("split")["artist"].agg(set)
print(", ".join(sorted(by["test"])))
print(len(by["test"] & (by["train"] | by.get("val", set()))), "of them in another split")

# %% [markdown]
# **2.** Keep only two genres.

# %% tags=["hide-cell", "solution"]
two = corpus.where(corpus.table["genre"].isin(["folk", "hip hop"]))
two.table["genre"].value_counts().to_frame("songs")

# %% [markdown]
# **3.** Clean the lyrics of a song that was copied from a lyrics site.

# %% tags=["hide-cell", "solution"]
print(ml.clean_lyrics("[Chorus]\nWe walk along the river\nYou might also likeAnd never look behind12Embed"))

# %% [markdown]
# ## Summary
#
# A folder and a table make a corpus; what cannot be read is listed; everything else in this book works on it.
#
# **Next.** {doc}`A corpus of explanations </runs/corpus-of-explanations>`.
