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
# Nobody can say which second of a real song makes it punk. So an explanation of a real song is hard to mark.
# This book therefore composes songs of its own. For each it writes down which words and which pieces of sound
# carry the genre. Everything else in them comes from one neutral pool that all genres share.
#
# **What you will learn:** how such a song is put together; what its *planted evidence* is and how to take it
# away; what a real tagger hears in these songs.
#
# **What you need:** nothing but curiosity; ears help.
#
# **How long, on what:** {glue:text}`took`; a real tagger hears {glue:text}`tagged` songs.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
tagged: int = 27

# %% tags=["hide-input"]
import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, display

from musiclime.data.audio import segment_borders
from musiclime.data.composer.songs import in_style
from musiclime.data.composer.styles import BASSES, GROOVES, RIFFS, SHARES, STYLES
from musiclime.data.song import STEMS
from musiclime.show.figures import COLOURS

# %% tags=["remove-cell"]
chapter.glue("tagged", tagged)

# %% [markdown]
# ## Nine styles, heard
#
# A style is four short lists: how the voice sings, what the drums play, which line the bass plays, and which
# riff everybody else plays. Here are the nine, each with its style throughout. Tempo, key, chords and words are
# the same in all of them: only the style differs.

# %%
chapter.sounds({genre: in_style(genre, seed=3).audio for genre in ml.GENRES}, 16000)

# %%
pd.DataFrame({genre: STYLES[genre] for genre in ["neutral", *ml.GENRES]}).T.map(", ".join).style

# %% [markdown]
# Some patterns stand in two rows: rock and alternative rock share a drum beat. A model that confuses these two
# is wrong, but the mistake makes musical sense. Here is a bar of rock, sixteen steps long:

# %%
rock = {**GROOVES["backbeat"], "bass": BASSES["riff"][1], "other": RIFFS["crunch"][1]}
rock

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
for row, (player, line) in enumerate(rock.items()):
    colour = COLOURS["multimodal" if player in STEMS else "audio"]
    for step, mark in enumerate(line):
        if mark == ".":
            continue
        ax.barh(row, 0.9, left=step, height=0.7, color=colour, alpha=0.5 if mark == "o" else 1)
        if mark.isdigit():
            ax.text(step + 0.45, row, mark, ha="center", va="center", color="white")
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
# In a song of the corpus, only some cells are in the style of its genre. A cell is one stem in one of ten segments of 1.024
# seconds. Each segment holds a whole number of pulses (ticks of the rhythm), and no sound crosses the border of its
# cell.

# %%
corpus = ml.load_corpus("demo")
position = 27
song = corpus[position]
while song.genre != "rhythm music" or len(song.evidence["genre"]["words"]) < 4:
    position += 1
    song = corpus[position]
chapter.sounds({song.title: song.audio, **song.stems}, song.sample_rate)

# %% tags=["hide-input"]
fig, axes = plt.subplots(len(STEMS), 1, figsize=(8, 4.4), sharex=True, sharey=True, layout="constrained")
times = np.arange(len(song.audio)) / song.sample_rate
borders = segment_borders(len(song.audio), 10) / song.sample_rate
rows = dict(zip(STEMS, axes))
for stem, ax in rows.items():
    ax.plot(times[::8], song.stems[stem][::8], color="0.35", linewidth=0.4)
    ax.set(ylabel=stem, yticks=[], xticks=borders, xticklabels=borders.round(1), xlim=(0, song.seconds))
    ax.grid(axis="x", linewidth=0.5)
for stem, segment in song.evidence["genre"]["cells"]:
    rows[stem].axvspan(*borders[segment : segment + 2], color=COLOURS["audio"], alpha=0.3, linewidth=0)
for word, begin, _ in song.onsets:
    axes[0].text(begin, 0.27, word, rotation=60, fontsize=9)
axes[-1].set_xlabel("seconds")
chapter.figure(
    fig,
    alt="Waveforms of vocals, drums, bass and other over ten segments; coloured cells hold the evidence",
    caption="One song. Coloured cells are in the style of its genre, all others neutral; above, the words that are sung.",
    name="fig-song-map",
)

# %% [markdown]
# Words are planted in the same way: each genre has a list of words. A few of them are planted in the lyrics (marked
# below); all other words come from lists that the genres share. The clip sings a part of the lyrics without any
# planted word, so that the voice does not give the genre away.

# %%
planted = "|".join(map(re.escape, song.evidence["genre"]["words"]))
marked = re.sub(rf"(?i)\b({planted})\b", r"<mark>\1</mark>", html.escape(song.lyrics, quote=False))
HTML(f'<div style="white-space: pre-line">{marked}</div>')

# %% [markdown]
# A song's emotion has nothing to do with its genre. Tempo, mode, loudness and a few words of mood follow two numbers,
# valence and energy, and colour the whole song.
#
# ## Take the evidence away
#
# `song.neutral()` puts neutral material in the place of every planted cell and word. It is still a song.
# Silence would not do: it would show where the evidence was.

# %%
chapter.sounds({"as composed": song.audio, "evidence replaced": song.neutral().audio}, song.sample_rate)

# %% [markdown]
# Genres differ in where they show. Hip hop shows mostly in its words, punk mostly in its sound, and some songs
# have no evidence at all in one of the two. We chose these shares:

# %%
columns = ["songs with none in the sound", "cells, mean", "songs with none in the words", "words, mean"]
pd.DataFrame.from_dict(SHARES, orient="index", columns=columns)

# %% [markdown]
# ## Does anything else give the genre away?
#
# It must not, or an explanation could be right without finding what we planted.
# {doc}`Does anything else give the genre away? </runs/demo-songs-checked>` trains two simple classifiers on the
# songs with and without their evidence, and asks the demo models too.

# %% [markdown]
# ## What a real tagger hears
#
# Nobody would release these songs, and a model trained on real music hears that. The next cell
# asks MSD_musicnn, a tagger trained on some two hundred thousand real songs {cite}`pons2019musicnn`, about composed
# songs of every genre, and counts which of its fifty tags comes first.

# %%
try:
    tagger = ml.load_tagger("MSD_musicnn")
except (AttributeError, ImportError, FileNotFoundError, ValueError) as why:
    tagger = None
    print(f"No real tagger is installed here, so this part is left out: {why}")

# %%
if tagger is not None:
    from musiclime.data.audio import resample

    some = corpus.where(corpus.table.index < tagged)
    heard = [resample(one.audio, one.sample_rate, tagger.sample_rate) for one in some]
    tags = tagger.predict(np.stack(heard), None)
    first = pd.Series(np.array(tagger.classes)[tags.argmax(1)], name="first tag")
    counts = pd.crosstab(some.table["genre"], first)
    display(counts[counts.sum().sort_values(ascending=False).index])
    mean = pd.Series(tags.mean(0), index=tagger.classes).sort_values(ascending=False)
    display(mean.head(5).round(2).rename("mean answer").to_frame().rename_axis("tag"))

# %%
if tagger is not None:
    own = [name == genre for name, genre in zip(first.map(ml.genre_of), some.table["genre"])]
    print(f"for {sum(own)} of {len(own)} songs the first tag belongs to the genre that was composed")
    print(
        f"the commonest first tag, {first.mode()[0]!r}, comes first for {(first == first.mode()[0]).mean():.0%}"
    )

# %% [markdown]
# Most cells of a song come from one neutral pool, by design. To a model trained on real music that pool is nearly
# one genre. So nothing that is found on the demo songs is a finding about real hip hop or real punk. They
# are a laboratory: their use is that the right answer is known.
# {doc}`Real songs </runs/real-songs>` leaves the laboratory.
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
model = ml.load_model("genre", "multimodal")
hip_hop = corpus.where(corpus.table["genre"] == "hip hop").split("test")
one = next(one for one in hip_hop if all(one.evidence["genre"].values()))
versions = {
    "as composed": one,
    "words replaced": one.neutral(cells=False),
    "cells replaced": one.neutral(words=False),
}
column = model.classes.index("hip hop")
found = {name: model.predict(v.audio[None], [v.lyrics])[0, column] for name, v in versions.items()}
pd.Series(found, name="probability of hip hop").to_frame().round(3)

# %% [markdown]
# **3.** Where in the clip is the evidence? Count, over the training songs of punk, how often each stem and each
# segment was planted.

# %% tags=["hide-cell", "solution"]
punk = corpus.where(corpus.table["genre"] == "punk").split("train")
planted_cells = [cell for one in punk for cell in one.evidence["genre"]["cells"]]
counted = pd.DataFrame(planted_cells, columns=["stem", "segment"])
pd.crosstab(counted["stem"], counted["segment"])

# %% [markdown]
# ## Summary
#
# A demo song is neutral material with evidence planted in some words and some cells. Later chapters mark
# explanations by the record of where it is planted, and check every accuracy on these songs by replacing the
# evidence.
#
# ## Next
#
# {doc}`Curation </runs/curation>` shows how a corpus of real songs gets its genres and moods.
