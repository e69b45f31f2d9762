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
# # The demo songs
#
# Nobody can say which second of a real song makes it punk. So no explanation of a real song can be marked.
# This book therefore composes songs of its own, and writes down, song by song, which words and which pieces
# of sound carry the genre. Everything else in them is drawn from one neutral pool that all genres share.
#
# **What you will learn:** how such a song is put together; what its *evidence* is and how to take it away;
# how to check that nothing else gives the genre away.
#
# **What you need:** nothing but curiosity; ears help.
#
# **How long, on what:** {glue:text}`took`, the demo models being there.
#
# The songs are **composed, with planted evidence**. What is found on them is a claim about the method, never
# about real music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 360

# %%
import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML

from musiclime.data.composer.songs import in_style
from musiclime.data.composer.styles import BASSES, GROOVES, RIFFS, SHARES, STYLES
from musiclime.data.song import STEMS
from musiclime.show.figures import COLOURS

# %% [markdown]
# ## Nine styles, heard
#
# A style is four short lists: how the voice delivers, what the drums beat, which line the bass plays, which
# riff everybody else. Here are the nine, each with every cell in style. Tempo, key, chords and words are the
# same in all of them: what you hear differ is the style alone.

# %%
chapter.sounds({genre: in_style(genre, seed=3).audio for genre in ml.GENRES}, 16000)

# %%
pd.DataFrame({genre: STYLES[genre] for genre in ["neutral", *ml.GENRES]}).T.map(", ".join).style

# %% [markdown]
# What stands in two rows is shared: rock and alternative rock drive alike. A model that confuses them
# is wrong, but musically so. On paper, a bar of rock is sixteen steps:

# %%
rock = {**GROOVES["backbeat"], "bass": BASSES["riff"][1], "other": RIFFS["crunch"][1]}
rock

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
for row, (player, line) in enumerate(rock.items()):
    colour = COLOURS["multimodal" if player in STEMS else "audio"]
    for step in (step for step, mark in enumerate(line) if mark != "."):
        ax.barh(row, 0.9, left=step, height=0.7, color=colour, alpha=0.5 if line[step] == "o" else 1)
        ax.text(step + 0.45, row, line[step] * line[step].isdigit(), ha="center", va="center", color="white")
ax.set(yticks=range(len(rock)), yticklabels=rock, xticks=range(0, 17, 4), xlabel="step of the bar")
ax.invert_yaxis()
chapter.figure(
    fig,
    alt="A grid of sixteen steps: kick, snare and hi-hat of the backbeat, the bass line and the riff as digits",
    caption="A bar of rock. Digits are steps of the scale above the chord's root; pale hits are soft.",
    name="fig-score",
)

# %% [markdown]
# ## One song
#
# In a song of the corpus, only some cells are in style. A cell is one stem in one of ten segments of 1.024
# seconds; pulses fit a segment a whole number of times, and no sound crosses its border.

# %%
corpus = ml.load_corpus("demo")
song = next(s for s in corpus if s.genre == "rhythm music" and len(s.evidence["genre"]["words"]) > 3)
chapter.sounds({song.title: song.audio, **song.stems}, song.sample_rate)

# %% tags=["hide-input"]
fig, axes = plt.subplots(len(STEMS), 1, figsize=(11, 5), sharex=True, sharey=True, layout="constrained")
times, borders = np.arange(len(song.audio)) / song.sample_rate, np.linspace(0, song.seconds, 11)
rows = dict(zip(STEMS, axes))
for stem, ax in rows.items():
    ax.plot(times[::8], song.stems[stem][::8], color="0.35", linewidth=0.4)
    ax.set(ylabel=stem, yticks=[], xticks=borders, xticklabels=borders.round(1), xlim=(0, song.seconds))
    ax.grid(axis="x", linewidth=0.5)
for stem, segment in song.evidence["genre"]["cells"]:
    rows[stem].axvspan(*borders[segment : segment + 2], color=COLOURS["audio"], alpha=0.3, linewidth=0)
for word, begin, _ in song.onsets:
    axes[0].text(begin, 0.27, word, rotation=55, fontsize=7)
axes[-1].set_xlabel("seconds")
chapter.figure(
    fig,
    alt="Waveforms of vocals, drums, bass and other over ten segments; coloured cells hold the evidence",
    caption="One song. Coloured cells are in style, all others neutral; above, the words that are sung.",
    name="fig-song-map",
)

# %% [markdown]
# The same in words: a lexicon per genre, a few words of it planted (marked), the rest shared by all. The
# clip sings a passage of the lyrics that holds no marked word, so that the voice gives nothing away.

# %%
planted = "|".join(map(re.escape, song.evidence["genre"]["words"]))
marked = re.sub(rf"(?i)\b({planted})\b", r"<mark>\1</mark>", html.escape(song.lyrics, quote=False))
HTML(f'<div style="white-space: pre-line">{marked}</div>')

# %% tags=["remove-cell"]
chapter.glue("cells", len(song.evidence["genre"]["cells"]))
chapter.glue("words", ", ".join(song.evidence["genre"]["words"]))
chapter.glue("emotion", song.emotion)

# %% [markdown]
# This song holds {glue:text}`cells` evidence cells of 40, and the evidence words {glue:text}`words`. Its
# emotion, {glue:text}`emotion`, has nothing to do with its genre: tempo, mode, loudness and a few words of
# mood follow two numbers, valence and energy, and mark whole stems.
#
# ## Take the evidence away
#
# `song.neutral()` puts the neutral counterpart in place of every evidence cell and word. It is still a song.
# Silence would not do: a model would learn that silence is where the evidence was.

# %%
chapter.sounds({"as composed": song.audio, "evidence replaced": song.neutral().audio}, song.sample_rate)

# %% [markdown]
# Genres differ in where they show. Hip hop speaks mostly through its words, punk mostly through its sound,
# and some songs say nothing at all in one of the two. That is planted as well:

# %%
columns = ["songs with none in the sound", "cells, mean", "songs with none in the words", "words, mean"]
pd.DataFrame.from_dict(SHARES, orient="index", columns=columns)

# %% [markdown]
# ## Does anything else give the genre away?
#
# Ask classifiers that know nothing of the recipes: logistic regression on how loud 32 bands of frequency are
# (mean, spread and attack), and on which words occur. Train them twice: on the songs, and on the same songs
# with their evidence replaced. The second pair must do no better than saying one class always.

# %%
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def bands(audio):
    frames = np.abs(np.fft.rfft(audio.reshape(-1, 1024) * np.hanning(1024))) ** 2
    edges = np.geomspace(4, 512, 33).astype(int)
    level = np.log(np.add.reduceat(frames, edges[:-1], axis=1) + 1e-8)
    return np.concatenate([level.mean(0), level.std(0), np.diff(level, axis=0).clip(0).mean(0)])


# %%
some = ml.load_corpus("demo", size=songs)
train, labels = some.table.split != "test", some.table.genre
kinds = {
    "audio": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)),
    "lyrics": make_pipeline(CountVectorizer(binary=True), LogisticRegression(max_iter=300)),
}


def accuracies(collection):
    known = {"audio": [], "lyrics": []}
    for one in collection:
        known["audio"].append(bands(one.audio))
        known["lyrics"].append(one.lyrics)
    known = {modality: pd.Series(values) for modality, values in known.items()}
    part = lambda values, keep: list(values[keep])
    return {
        m: kinds[m].fit(part(known[m], train), labels[train]).score(part(known[m], ~train), labels[~train])
        for m in kinds
    }


# %%
rate = labels[~train].value_counts(normalize=True).max()
margin = 2 * np.sqrt(rate * (1 - rate) / (~train).sum())
plain = pd.DataFrame(
    {"as composed": accuracies(some), "evidence replaced": accuracies(one.neutral() for one in some)}
)
plain

# %% tags=["remove-cell"]
chapter.glue("rate", rate)
chapter.glue("margin", margin)
chapter.glue("test_songs", int((~train).sum()))
for modality in plain.index:
    chapter.glue(f"plain_{modality}", plain["as composed"][modality])
    chapter.glue(f"bare_{modality}", plain["evidence replaced"][modality])

# %% [markdown]
# By ear {glue:text}`plain_audio:.2f`, with the evidence replaced {glue:text}`bare_audio:.2f`; by words
# {glue:text}`plain_lyrics:.2f`, replaced {glue:text}`bare_lyrics:.2f`. Always saying the most frequent
# class is right in {glue:text}`rate:.2f` of the {glue:text}`test_songs` test songs, give or take
# {glue:text}`margin:.2f`.
#
# ## And the trained models?
#
# The demo models are not retrained here. The same test songs are put before them three times: as composed,
# with the evidence replaced, and, as a control, with the evidence left in place and as much *neutral* material
# exchanged for other neutral material. The first change must cost them everything, the second next to nothing.

# %%
models = {modality: ml.load_model("genre", modality) for modality in ("lyrics", "audio", "multimodal")}
changes = {
    "as composed": lambda one: one,
    "evidence replaced": lambda one: one.neutral(),
    "neutral exchanged": lambda one: one.counterpart(True, True, True),
}


# %%
def said(model, one):
    return model.classes[model.predict(one.audio[None], [one.lyrics]).argmax()]


answers = [
    (modality, change, one.genre, said(model, version))
    for one in corpus.split("test")
    for change, version in ((name, make(one)) for name, make in changes.items())
    for modality, model in models.items()
]
answers = pd.DataFrame(answers, columns=["model", "songs", "genre", "said"])
answers["right"] = answers["genre"] == answers["said"]
table = answers.pivot_table("right", "model", "songs")
table = table.loc[list(models), list(changes)]
table

# %%
test = corpus.split("test").table.genre
rate = test.value_counts(normalize=True).max()
limit = rate + 2 * np.sqrt(rate * (1 - rate) / len(test))
pd.DataFrame(
    {
        "falls to the majority rate": table["evidence replaced"] <= limit,
        "control within five points": (table["neutral exchanged"] - table["as composed"]).abs() <= 0.05,
    }
)

# %% tags=["remove-cell"]
chapter.glue("limit", limit)
for modality in table.index:
    chapter.glue(f"model_{modality}", table["as composed"][modality])
    chapter.glue(f"model_bare_{modality}", table["evidence replaced"][modality])

# %% [markdown]
# With its evidence the multimodal model is right in {glue:text}`model_multimodal:.2f` of the songs, without it
# in {glue:text}`model_bare_multimodal:.2f`; audio alone {glue:text}`model_audio:.2f` and
# {glue:text}`model_bare_audio:.2f`, lyrics alone {glue:text}`model_lyrics:.2f` and
# {glue:text}`model_bare_lyrics:.2f`. Two standard errors above the majority rate lies {glue:text}`limit:.2f`.
#
# ### Are the mistakes musical?
#
# {glue:text}`relatives` pairs of genres are relatives: they have words in common, rock and alternative rock a beat as well. If mistakes fell blindly, the
# share of them that goes to a relative would be the share of relatives among all pairs.

# %%
from musiclime.data.composer.words import SHARED_WORDS

wrong = answers[(answers["songs"] == "as composed") & ~answers["right"]]
relative = wrong.apply(lambda row: tuple(sorted((row["genre"], row["said"]))) in SHARED_WORDS, axis=1)
musical = relative.groupby(wrong["model"]).agg(["sum", "count", "mean"]).loc[list(models)]
musical.set_axis(["to a relative", "mistakes", "share"], axis=1).round(2)

# %% tags=["remove-cell"]
chapter.glue("relatives", len(SHARED_WORDS))
chapter.glue("blind", len(SHARED_WORDS) / (9 * 8 / 2))
for modality in models:
    chapter.glue(f"musical_{modality}", musical["mean"][modality])

# %% [markdown]
# Blindly it would be {glue:text}`blind:.2f`; the lyrics model has {glue:text}`musical_lyrics:.2f`, the audio model {glue:text}`musical_audio:.2f`,
# the multimodal one {glue:text}`musical_multimodal:.2f`.
#
# ## Strengths
#
# - The evidence is known, local and removable, so that an explanation can be right or wrong.
# - Same seed, same bytes: everybody who runs this page hears the same songs.
#
# ## Limits
#
# - These songs are simple: thirty instruments, some thirty patterns, a few hundred words.
# - What carries a genre here is what we decided. A listener may hear more in a cell than we planted.
#
# ## What this cannot tell you
#
# - Anything about real hip hop, real punk, or the models that listen to them.
#
# ## Exercises
#
# **1.** Compose a style of your own: pick what each player plays, from any row of the table above, and
# listen to it in a glad, fast song.

# %% tags=["hide-cell", "solution"]
STYLES["mine"] = {"vocals": ["soul"], "drums": ["broken"], "bass": ["glide"], "other": ["fiddle"]}
mine = in_style("mine", valence=0.9, energy=0.8)
chapter.sounds({"my style": mine.audio}, mine.sample_rate)

# %% [markdown]
# **2.** Replace only the words of a hip hop song, then only the cells. Which of the two does the multimodal
# model miss more?

# %% tags=["hide-cell", "solution"]
model = models["multimodal"]
one = next(s for s in corpus.split("test") if s.genre == "hip hop" and all(s.evidence["genre"].values()))
versions = {"as composed": one, "words": one.neutral(cells=False), "cells": one.neutral(words=False)}
row = model.classes.index("hip hop")
hip = {name: model.predict(v.audio[None], [v.lyrics])[0, row] for name, v in versions.items()}
pd.Series(hip, name="probability of hip hop").to_frame().round(3)

# %% [markdown]
# **3.** In `ml.load_corpus("demo", evidence="joint")` a song is "b" when its sound and its words disagree.
# How far does either plain classifier get there?

# %% tags=["hide-cell", "solution"]
some = ml.load_corpus("demo", size=songs // 2, evidence="joint")
train, labels = some.table.split != "test", some.table.genre
pd.Series(accuracies(some), name="accuracy on the test songs").to_frame().round(2)

# %% [markdown]
# ## Summary
#
# A demo song is neutral material with evidence planted in some words and some (stem, segment) cells. The
# record of where is what later chapters mark explanations by; replacing the evidence is how every accuracy
# in this book is checked.
#
# ## Next
#
# {doc}`Curation </runs/curation>` shows how a corpus of real songs comes to its genres and moods.
