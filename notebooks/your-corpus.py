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
# **What you will learn.** How a folder of songs becomes a corpus; what happens to songs that cannot be read; how to look at the corpus with a model that is already trained; how to train a model on it.
#
# **What you need.** Songs of your own: `name.mp3` beside `name.txt`, or any folder of UltraStar songs. To train on them, a table `songs.csv` with a label for each.
#
# **How long, on what.** {glue:text}`took`. Without a folder of yours, the chapter composes {glue:text}`size` songs and writes them to disk as if they were yours. Then nothing here is a finding about real music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% [markdown]
# ## The one cell to change
#
# `corpus` is `"folder"` or `"ultrastar"`, `root` is your folder. `preset` is the model of the first look: `"real"` was trained on real music, `"demo"` on composed songs only. With `epochs` above 0, a small model is trained on your labels too.

# %% tags=["parameters", "shown"]
corpus: str = "folder"
root: str = ""
task: str = "genre"
preset: str = "real"
weights: str = ""
size: int = 60
epochs: int = 2
samples: int = 400

# %% tags=["hide-input"]
from pathlib import Path

import pandas as pd
from IPython.display import display

from musiclime.data import audio as sound
from musiclime.models.evaluation import evaluate

# %% tags=["hide-input"]
composed = None if root else ml.load_corpus("demo", size=size, seed=21)
place = Path(root or "runs/your-corpus/songs")


def write_folder(songs, place):
    """A folder as yours may look: a table, pairs of files, and one file that is no music."""
    for song in songs:
        sound.save(place / f"{song.id}.mp3", song.audio, song.sample_rate)
        (place / f"{song.id}.txt").write_text(song.lyrics, encoding="utf-8")
    songs.table.drop(columns="split").to_csv(place / "songs.csv", index=False)
    (place / "broken.mp3").write_text("this is no music")
    (place / "broken.txt").write_text("but it has words")


def ultrastar_text(song, beats_a_minute=300):
    """The words of a song and their times in the UltraStar format."""
    beat = 60 / beats_a_minute / 4
    lines = [
        f"#TITLE:{song.title}",
        f"#ARTIST:{song.artist}",
        "#MP3:sound.mp3",
        f"#BPM:{beats_a_minute}",
        "#GAP:0",
    ]
    for word, start, end in song.onsets:
        first, length = round(start / beat), max(1, round((end - start) / beat))
        lines.append(f": {first} {length} 0  {word}")
    return "\n".join([*lines, "E"])


if composed is not None and corpus == "folder":
    write_folder(composed, place)
if composed is not None and corpus == "ultrastar":
    place = place.with_name("ultrastar")
    for song in composed.where(composed.table.index < 9):
        (place / song.id).mkdir(parents=True, exist_ok=True)
        sound.save(place / song.id / "sound.mp3", song.audio, song.sample_rate)
        (place / song.id / "song.txt").write_text(ultrastar_text(song), encoding="utf-8")

# %% [markdown]
# ## Two kinds of folder
#
# **A plain folder** holds pairs of files with one name. `songs.csv`, where there is one, has a column `id`, a file's name without its ending, and any of `artist, title, genre, emotion, valence, energy, split`. What it does not give stays empty. Without a column `split`, we divide the artists, so that none is in two splits; where no artist is named, we divide the songs.
#
# **UltraStar** is a format for karaoke, and thousands of songs have it: beside the sound lies a text file with a line for each syllable. So the time of every word is known, and the player can light words as they are sung. Here are the first lines of such a file:

# %%
example = (composed if composed is not None else ml.load_corpus("demo"))[0]
print("\n".join(ultrastar_text(example).splitlines()[:9]))

# %%
songs = ml.load_corpus(corpus, place)
songs.table["split"].value_counts().to_frame("songs").T

# %% [markdown]
# ## Nothing disappears silently
#
# What cannot be read is listed with its reason.

# %%
print(len(songs), "songs can be used,", len(songs.dropped), "cannot")
songs.dropped.head(10).style.hide()

# %% [markdown]
# ## A first look
#
# For a first look you train nothing. The next cells ask a trained model about one song. They also say which model answers and what it was trained on: trust it only on songs like those.


# %%
def first_look():
    """The model that `preset` names; where it is not installed, the demo's, with a warning."""
    if preset != "demo":
        try:
            options = {"weights": weights} if weights else {}
            return ml.load_model(task, "multimodal", preset=preset, **options)
        except (FileNotFoundError, ImportError, KeyError, ValueError) as why:
            print(f"The preset {preset!r} is not there ({why}).")
    print(
        "The demo's model answers. It was trained on composed songs: of real music its answer means nothing."
    )
    return ml.load_model("emotion" if task == "emotion" else "genre", "multimodal")


model = first_look()
song = songs[0]
if song.seconds > 12:
    song = song.excerpt(min(30.0, song.seconds / 3), 10.24)
explainer = ml.MusicLIME(model, samples=samples, progress=False)
ready = explainer.prepare(song)
explanation = explainer.explain(ready)

# %%
card = getattr(model, "card", {})
made_of = "; and ".join(card.get("trained_on", ["a network trained on composed songs"]))
print(f"{card.get('name', preset)} answers: {made_of}.")
answer = pd.Series(explanation.probabilities, index=explanation.classes).sort_values(ascending=False)
answer.head(3).round(2).rename("answer").to_frame().rename_axis("label")

# %%
chapter.player(explanation, ready, model)

# %% [markdown]
# ## Train on it
#
# `ml.load_model` trains a model if you give it your corpus. It leaves out songs without a label and songs labelled *other*. For real music and a GPU there is `preset="paper"`. The few epochs of this page only show that it runs.

# %%
labelled = (
    songs.table[task].fillna("").ne("") if task in songs.table else pd.Series(False, index=songs.table.index)
)
kinds = songs.table.loc[labelled & songs.table["split"].eq("train"), task].nunique() if labelled.any() else 0
trained = None
if epochs and kinds > 1:
    trained = ml.load_model(task, "multimodal", songs, "demo", epochs=epochs)
else:
    print(
        f"nothing is trained: the training songs have {kinds} different labels in the column {task!r}, epochs={epochs}"
    )

# %% [markdown]
# Before you believe any weight: how accurate is the model on songs that it was not trained on? How accurate would a guess be that always names the most frequent label? For composed songs, the planted evidence can also be replaced.

# %%
if trained is not None:
    tested = songs.where(songs.table[task].isin(trained.classes)).split("test")
    right = {"as they are": evaluate(trained, tested, progress=False)["accuracy"]}
    right["always the most frequent label"] = tested.table[task].value_counts(normalize=True).max()
    if composed is not None and task == "genre":
        same_songs = composed.where(composed.table["id"].isin(tested.table["id"]))
        right["evidence replaced"] = evaluate(trained, same_songs, progress=False)["replaced"][
            "both replaced"
        ]
    print(f"{len(tested)} test songs, {epochs} epochs of training")
    display(pd.Series(right, name="accuracy").round(2).to_frame().rename_axis("songs or guess"))

# %% tags=["remove-cell"]
chapter.glue("size", size)

# %% [markdown]
# If the first number is not clearly above the second, the model has learned nothing. The explainer still works, but there is nothing to explain.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** A corpus is a table, so it may be large: a song's sound is read only when it is needed. If a file changes, the corpus's fingerprint changes too, and old results are not used again.
# - **Limit.** The part of a song that the model hears is separated into stems once. The stems stay on disk, at twelve bytes a sample.
# - **What this cannot tell you.** Whether your labels are right. First look at the songs on which model and label disagree.
#
# ## Exercises
#
# **1.** Which artists are in the test split, and are they anywhere else?

# %% tags=["hide-cell", "solution"]
test_artists = set(songs.split("test").table["artist"])
elsewhere = set(songs.table.loc[songs.table["split"] != "test", "artist"])
print(", ".join(sorted(test_artists)) or "no song is in the test split")
print(len(test_artists & elsewhere), "of them in another split")

# %% [markdown]
# **2.** Keep only two genres.

# %% tags=["hide-cell", "solution"]
two = songs.where(songs.table["genre"].isin(["folk", "hip hop"]))
two.table["genre"].value_counts().to_frame("songs")

# %% [markdown]
# **3.** Clean the lyrics of a song that was copied from a lyrics site.

# %% tags=["hide-cell", "solution"]
print(ml.clean_lyrics("[Chorus]\nWe walk along the river\nYou might also likeAnd never look behind12Embed"))

# %% [markdown]
# ## Summary
#
# `ml.load_corpus` makes a corpus from a folder and lists what it cannot read. A trained model gives a first look. The other chapters take this corpus too.
#
# **Next.** {doc}`A corpus of explanations </runs/corpus-of-explanations>`.
