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
# away; how to check that nothing else gives the genre away; what a real tagger hears in these songs.
#
# **What you need:** nothing but curiosity; ears help.
#
# **How long, on what:** {glue:text}`took`, for {glue:text}`songs` songs before two simple classifiers,
# {glue:text}`tested` before the demo models and {glue:text}`tagged` before a real tagger.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 180
tested: int = 90
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
chapter.glue("songs", songs)
chapter.glue("tested", tested)
chapter.glue("tagged", tagged)

# %% [markdown]
# ## Nine styles, heard
#
# A style is four short lists: how the voice sings, what the drums play, which line the bass plays, and which
# riff everybody else plays. Here are the nine, each with every cell in style. Tempo, key, chords and words are
# the same in all of them. What you hear differ is the style alone.

# %%
chapter.sounds({genre: in_style(genre, seed=3).audio for genre in ml.GENRES}, 16000)

# %%
pd.DataFrame({genre: STYLES[genre] for genre in ["neutral", *ml.GENRES]}).T.map(", ".join).style

# %% [markdown]
# Some recipes stand in two rows: rock and alternative rock share a drum beat. A model that confuses these two
# is wrong, but musically so. Here is a bar of rock, sixteen steps long:

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
# In a song of the corpus, only some cells are in style. A cell is one stem in one of ten segments of 1.024
# seconds. Pulses fit a segment a whole number of times, and no sound crosses the border of its cell.

# %%
corpus = ml.load_corpus("demo")
position = 27
song = corpus[position]
while song.genre != "rhythm music" or len(song.evidence["genre"]["words"]) < 4:
    position += 1
    song = corpus[position]
chapter.sounds({song.title: song.audio, **song.stems}, song.sample_rate)

# %% tags=["hide-input"]
fig, axes = plt.subplots(len(STEMS), 1, figsize=(11, 5), sharex=True, sharey=True, layout="constrained")
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
    axes[0].text(begin, 0.27, word, rotation=55, fontsize=7)
axes[-1].set_xlabel("seconds")
chapter.figure(
    fig,
    alt="Waveforms of vocals, drums, bass and other over ten segments; coloured cells hold the evidence",
    caption="One song. Coloured cells are in style, all others neutral; above, the words that are sung.",
    name="fig-song-map",
)

# %% [markdown]
# The same in words: each genre has a list of words. A few of them are planted in the lyrics (marked below);
# all other words come from lists that the genres share. The clip sings a part of the lyrics without any planted
# word, so that the voice does not give the genre away.

# %%
planted = "|".join(map(re.escape, song.evidence["genre"]["words"]))
marked = re.sub(rf"(?i)\b({planted})\b", r"<mark>\1</mark>", html.escape(song.lyrics, quote=False))
HTML(f'<div style="white-space: pre-line">{marked}</div>')

# %% [markdown]
# Its emotion has nothing to do with its genre. Tempo, mode, loudness and a few words of mood follow two numbers,
# valence and energy, and colour the whole song.
#
# ## Take the evidence away
#
# `song.neutral()` puts neutral material in the place of every planted cell and word. It is still a song.
# Silence would not do: a model would learn that silence is where the evidence was.

# %%
chapter.sounds({"as composed": song.audio, "evidence replaced": song.neutral().audio}, song.sample_rate)

# %% [markdown]
# Genres differ in where they show. Hip hop shows mostly in its words, punk mostly in its sound, and some songs
# have no evidence at all in one of the two. That is planted too:

# %%
columns = ["songs with none in the sound", "cells, mean", "songs with none in the words", "words, mean"]
pd.DataFrame.from_dict(SHARES, orient="index", columns=columns)

# %% [markdown]
# ## Does anything else give the genre away?
#
# Ask classifiers that know nothing of the recipes: logistic regression on how loud 32 bands of frequency are
# (mean, spread and attack), and on which words occur. Train them twice: on the songs, and on the same songs
# with their evidence replaced. The second time they must do no better than a guess that always names the most
# frequent genre.

# %%
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def bands(audio):
    frames = np.abs(np.fft.rfft(audio.reshape(-1, 1024) * np.hanning(1024))) ** 2
    edges = np.geomspace(4, 512, 33).astype(int)
    level = np.log(np.add.reduceat(frames, edges[:-1], axis=1) + 1e-8)
    attack = np.diff(level, axis=0).clip(0)
    return np.concatenate([level.mean(0), level.std(0), attack.mean(0)])


# %%
def accuracies(some_songs, table):
    """Test accuracy of a classifier that hears and of one that reads."""
    sounds, texts = [], []
    for one in some_songs:
        sounds.append(bands(one.audio))
        texts.append(one.lyrics)
    sounds, texts = np.stack(sounds), np.array(texts, dtype=object)
    test, genre = (table["split"] == "test").to_numpy(), table["genre"].to_numpy()
    hears = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    reads = make_pipeline(CountVectorizer(binary=True), LogisticRegression(max_iter=300))
    return {
        "sound": hears.fit(sounds[~test], genre[~test]).score(sounds[test], genre[test]),
        "words": reads.fit(texts[~test], genre[~test]).score(texts[test], genre[test]),
    }


def chance_of(table):
    """How accurate a guess is that always names the most frequent genre, and two of its standard errors."""
    test = table.loc[table["split"] == "test", "genre"]
    rate = test.value_counts(normalize=True).max()
    return rate, 2 * np.sqrt(rate * (1 - rate) / len(test))


# %%
some = ml.load_corpus("demo", size=songs)
rate, margin = chance_of(some.table)
plain = pd.DataFrame(
    {
        "as composed": accuracies(some, some.table),
        "evidence replaced": accuracies((one.neutral() for one in some), some.table),
    }
)
plain["most frequent genre"] = rate
plain["no better without evidence"] = plain["evidence replaced"] <= rate + margin
plain.rename_axis("classifier by").round(2)

# %% [markdown]
# The last column says whether the accuracy without evidence is within two standard errors of that guess.
#
# ## And the trained models?
#
# The demo models are not trained again here. They meet some test songs three times: as composed; with the
# evidence replaced; and, as a control, with the evidence left in place and as much *neutral* material exchanged
# for other neutral material. The first change must cost them nearly everything, the second next to nothing.

# %%
from musiclime.models.evaluation import answers

test = corpus.split("test")
test = test.where(np.arange(len(test)) < tested)


def exchanged(row):
    return corpus.read(row).counterpart(words=True, cells=True, exchange=True)


control = ml.Corpus(f"{corpus.name}-exchanged", test.table, exchanged)

# %%
names = ("lyrics", "audio", "multimodal")
models = [ml.load_model("genre", modality) for modality in names]
guesses = {}
for name, model, own, other in zip(
    names, models, answers(models, test, progress=False), answers(models, control, progress=False)
):
    classes = np.array(model.classes)
    guesses[name] = {
        "as composed": classes[own["as it is"].argmax(1)],
        "evidence replaced": classes[own["both replaced"].argmax(1)],
        "neutral exchanged": classes[other["as it is"].argmax(1)],
    }
truth = test.table["genre"].to_numpy()
right = {
    name: {case: (said == truth).mean() for case, said in cases.items()} for name, cases in guesses.items()
}
table = pd.DataFrame(right).T.rename_axis("model")
table.round(2)

# %%
rate, margin = chance_of(test.table)
rows = []
for name in names:
    before = guesses[name]["as composed"] == truth
    after = guesses[name]["neutral exchanged"] == truth
    # Of the same songs, only those whose answer turned from right to wrong or back can move the accuracy.
    error = np.sqrt((before != after).sum()) / len(truth)
    moved = after.mean() - before.mean()
    falls = table.loc[name, "evidence replaced"] <= rate + margin
    rows.append((name, falls, round(moved, 2), round(2 * error, 2), abs(moved) <= 2 * error))
columns = [
    "without evidence it falls to the most frequent genre",
    "the control moves it by",
    "two standard errors",
]
pd.DataFrame(rows, columns=["model", *columns, "could be zero"]).set_index("model")

# %% [markdown]
# ### Are the mistakes musical?
#
# Some pairs of genres are relatives: they have words in common, rock and alternative rock a drum beat as well.
# If mistakes were blind, the share of them that goes to a relative would be the share of relatives among all
# pairs. The table has both.

# %%
from musiclime.data.composer.words import SHARED_WORDS

blind = len(SHARED_WORDS) / (9 * 8 / 2)
rows = []
for name in names:
    said = guesses[name]["as composed"]
    mistakes = [tuple(sorted(pair)) for pair in zip(truth, said) if pair[0] != pair[1]]
    to_relative = sum(pair in SHARED_WORDS for pair in mistakes)
    share = to_relative / len(mistakes) if mistakes else float("nan")
    rows.append((name, len(mistakes), to_relative, share, blind))
columns = ["model", "mistakes", "to a relative", "share", "share if blind"]
pd.DataFrame(rows, columns=columns).set_index("model").round(2)

# %% [markdown]
# ## What a real tagger hears
#
# These songs are no music that anybody would release, and a model trained on real music says so. The next cell
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
    print(f"the first tag is of the genre that was composed for {sum(own)} of {len(own)} songs")
    print(
        f"the commonest first tag, {first.mode()[0]!r}, comes first for {(first == first.mode()[0]).mean():.0%}"
    )

# %% [markdown]
# Most cells of a song come from one neutral pool, by design, and to ears trained on real music that pool is
# nearly one genre. So nothing that is found on the demo songs is a finding about real hip hop or real punk. They
# are a laboratory: what they are good for is that the right answer is known.
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
model = models[names.index("multimodal")]
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
# **3.** In `ml.load_corpus("demo", evidence="joint")` a song is "b" when its sound and its words disagree.
# How far does either plain classifier get there?

# %% tags=["hide-cell", "solution"]
joint = ml.load_corpus("demo", size=songs // 2, evidence="joint")
pd.Series(accuracies(joint, joint.table), name="accuracy on the test songs").to_frame().round(2)

# %% [markdown]
# ## Summary
#
# A demo song is neutral material with evidence planted in some words and some (stem, segment) cells. The
# record of where it is planted is what later chapters mark explanations by. Replacing the evidence is how every
# accuracy on these songs is checked.
#
# ## Next
#
# {doc}`Curation </runs/curation>` shows how a corpus of real songs gets its genres and moods.
