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
# # Press play, then silence what the model heard
#
# A computer model has listened to a song and given it a label. The colours show which pieces moved it: orange speaks for
# the label, blue against it. Press play, then click a coloured cell to mute it: you hear the change, and the model answers
# again.
#
# The colours come from **MusicLIME**. It mutes random pieces of a song, asks the model about each of these versions, and
# works out how much each piece adds to the answer.

# %% tags=["remove-cell"]
import numpy as np
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.models.separation import harmonic_and_percussive
from musiclime.show import chapter

# %% tags=["parameters", "remove-cell"]
song_name: str = "On the run"
start: float = 56
segments: int = 12
corpus: str = "demo"
songs: int = 1350
candidates: int = 8
samples: int = 600
masks: int = 300


# %% tags=["remove-cell"]
def real_song():
    """The real song, the real tagger and its explanation, or why they cannot be had here."""
    try:
        found = ml.load_corpus("real")
        tagger = ml.load_tagger("MSD_musicnn")
        names = list(found.table["title"].str.lower())
        whole = found[names.index(song_name.lower())]
    except (ValueError, OSError, AttributeError) as reason:
        return None, None, None, str(reason)
    clip = whole.excerpt(start, segments)
    explainer = ml.AudioLIME(tagger, segments=segments, separate=harmonic_and_percussive, samples=samples)
    # The words are shown and lit as they are sung; the tagger does not read them.
    explanation = explainer.explain(clip)
    return clip, tagger, explanation, ""


clip, tagger, heard, reason = real_song()

# %% tags=["remove-cell"]
# The laboratory's song: of the first candidates of the test split, the one that most needs both its sound and its words,
# among those that a sum describes well (R2 above 0.7) and whose sum is no more than 1.
model = ml.load_model("genre", "multimodal")
test = ml.load_corpus(corpus, size=songs).split("test")
explainer = ml.MusicLIME(model, samples=masks)


def needs_both(song):
    """How far the probability of the true genre falls without the evidence in its sound, or in its words."""
    row = model.classes.index(song.genre)
    versions = [song, song.neutral(words=False), song.neutral(cells=False)]
    answers = model.predict(np.stack([one.audio for one in versions]), [one.lyrics for one in versions])[
        :, row
    ]
    return answers[0] - answers[1:].max()


first = [test[place] for place in range(candidates)]
ranked = sorted(first, key=needs_both, reverse=True)
laboratory, explanation = ranked[0], explainer.explain(ranked[0])
for song in ranked:
    one = explainer.explain(song)
    row = one.row(one.label)
    estimate = one.intercept[row] + one.weights[row].sum()
    if one.label == song.genre and one.score[row] > 0.7 and estimate <= 1:
        laboratory, explanation = song, one
        break

# %% tags=["remove-input"]
if heard is None:
    chapter.player(explanation, laboratory, model)
else:
    chapter.player(heard, clip, tagger)

# %% tags=["remove-input"]
if heard is None:
    text = f"""
This is the **laboratory**: *{laboratory.title}* was composed by the code of this book, and the model is our own.
It runs in your browser. The real song of this page could not be had where the page was made: {reason}."""
else:
    row = heard.row(heard.label)
    percent, share = round(100 * heard.probabilities[row]), round(100 * heard.score[row])
    text = f"""
*{clip.title}* is by {clip.artist} ({clip.licence}). The model is MSD_musicnn: others trained it to give a song the tags
that listeners of Last.fm give. It hears the sound and does not read the words. Its first tag here is *{heard.label}*, with
{percent} %. Mute pieces and that number changes; the sum of the weights accounts for {share} % of such changes. The page
holds the model's answers to all mixes, so every mix you make is answered exactly.

## The laboratory

Was the explanation right? For a real song nobody knows. So this book also composes songs, plants evidence for their
genre, writes down where it is, and trains a small model of sound and words on them. The model runs in your browser.
Try the same with *{laboratory.title}*: mute a cell, take a word out, or press *explain again*. The piece that speaks
most for the genre is *{explanation.top(1)[0].name}*."""
display(Markdown(text))

# %% tags=["remove-input"]
if heard is not None:
    chapter.player(explanation, laboratory, model)

# %% [markdown]
# The bar of a label is what the **model** says about the song as you have left it. The thin mark is what the explanation
# expects: the sum of the **weights** that are still on. Where the two differ, a sum is not enough: the
# effect of one piece depends on others.
#
# ## Three ways on
#
# - **You listen to music.** {doc}`Plant the evidence yourself </runs/plant-it-yourself>` and see whether the explanation finds
#   it, then learn {doc}`how to read an explanation </book/how-to-read>`. Nothing to install, nothing is loaded from elsewhere.
# - **You do research.** Every page that computes has *Run in Colab* and *Run in Kaggle*, which open its notebook.
#   Begin with {doc}`Explain </runs/explain-genre-multimodal>`, the method in a few lines, and
#   {doc}`Can you trust it? </runs/trust>`. {doc}`The claim ledger </runs/claims>` says which findings of the paper hold.
# - **You have songs of your own.** Open {doc}`Your song </runs/your-song>` in Colab and edit one cell of code; the same for
#   {doc}`Your model </runs/your-model>` and {doc}`Your corpus </runs/your-corpus>`. In a terminal, with the package
#   installed: `musiclime explain song.mp3 --lyrics song.txt --out song.html`.
#
# The method is that of [*MusicLIME: Explainable Multimodal Music Understanding*](https://arxiv.org/abs/2409.10496) by
# Sotirou, Lyberatos, Menis Mastromichalakis and Stamou; this book rebuilds it, measures it and goes on from there.
