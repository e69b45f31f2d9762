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
# # Plant it yourself
#
# **What you will learn.** How this book marks an explanation right or wrong: somebody plants the evidence, so somebody knows
# where it is. Here that is you.
# **What you need.** Your ears. Everything happens in this page. **How long.** One minute for a round.

# %% tags=["remove-cell"]
import numpy as np

import musiclime as ml
from musiclime.data.composer.score import CELLS, perform, rng_for, score_of
from musiclime.data.composer.styles import STYLES
from musiclime.data.composer.words import choose, genre_lexicon, sing, write
from musiclime.data.song import Song
from musiclime.show import chapter
from musiclime.show.player.plant import plant

# %% tags=["parameters", "remove-cell"]
genres: str = "punk, folk, electronic, hip hop"
words: int = 6
seed: int = 12

# %% [markdown]
# ## The round
#
# 1. Pick a genre. At first nothing is planted: the whole song is neutral music and neutral words.
# 2. Click cells and boxed words to plant evidence of the genre, or let *plant some* do it. Press play: you hear it change.
# 3. Watch the model's answer. It listens and reads in your browser.
# 4. Press *explain and mark*. MusicLIME draws new masks, mutes cells and removes words, and asks the model every time. It does
#    not know what you planted. Then its weights are compared with what you know.


# %% tags=["remove-cell"]
def two_versions(genre: str) -> tuple[Song, Song]:
    """A song with evidence of a genre in every cell and in some words, and the same song without any."""
    key = (seed, 8_000_000)
    rng = rng_for(*key, ml.GENRES.index(genre))
    own_words, _ = genre_lexicon(genre)
    score = score_of(rng_for(*key, 1), 0.5, 0.5)
    text = write(rng, choose(rng, own_words, words), [], [4] * 10, 60)
    score |= {"sung": sing(text["sung"])}
    everywhere = {cell: STYLES[genre][cell[0]] for cell in CELLS}
    versions = []
    for plan, swaps in ((everywhere, {}), ({}, text["neutral"])):
        audio, stems, onsets = perform(key, score, plan)
        parts = [
            [" ".join(swaps.get(w, w) for w in line).capitalize() for line in part] for part in text["parts"]
        ]
        lyrics = "\n\n".join("\n".join(part) for part in parts)
        name = f"{genre}-{'planted' if plan else 'neutral'}"
        versions.append(Song(audio, 16000, lyrics, id=name, genre=genre, stems=stems, onsets=onsets))
    return tuple(versions)


# %% tags=["remove-cell"]
model = ml.load_model("genre", "multimodal")
pairs = [two_versions(genre.strip()) for genre in genres.split(",")]

# %% tags=["remove-input"]
chapter.show_html(plant(pairs, model, assets=chapter.assets()))

# %% [markdown]
# A filled circle is evidence that you planted. The colours are the explanation's: orange speaks for the genre, blue against it.
# **Right** means that the strongest piece is one you planted. The **AUC** is the share of pairs (one planted piece, one
# other) in which the planted piece has the larger weight: 1 is perfect, 0.5 is guessing.
#
# Things to try:
#
# - Plant one cell only. Is it found? A single cell may hardly move the model, and what does not move it has no weight.
# - Plant every cell. Then nothing in the sound is left to compare with, and each cell matters little: the others say the same.
# - Plant words only. The sound's weights should now be small, and many cells pale.

# %% [markdown]
# ## Does the model hear what is planted?
#
# If not, no round can work. The table shows the model's probability for the genre when nothing is planted and when
# everything is. Where the first number is large, neutral material already passes for the genre.

# %% tags=["hide-input"]
import pandas as pd

rows = []
for song, neutral in pairs:
    row = model.classes.index(song.genre)
    answers = model.predict(np.stack([neutral.audio, song.audio]), [neutral.lyrics, song.lyrics])[:, row]
    rows.append({"genre": song.genre, "nothing planted": answers[0], "everything planted": answers[1]})
pd.DataFrame(rows).style.format(precision=2).hide(axis="index")

# %% [markdown]
# **Strengths.** The truth is known, because you made it. **Limits.** The explanation describes the model. If the model does
# not use what you planted, a correct explanation does not point at it, and is marked wrong here. **What this cannot tell
# you.** Nothing about real music: song and evidence are composed by the code of this book.
#
# ## Exercises
#
# 1. Plant five cells and explain three times. Does the AUC change? Why?

# %% [markdown] tags=["hide-cell", "solution"]
# A little: each explanation draws other masks, so the weights differ by about their errors. Cells whose weights lie
# far from zero keep their order, and the AUC moves only as far as the cells near zero change places.

# %% [markdown]
# 2. Plant cells and words of *folk* so that the model says folk, then unplant the words. Which weighs more for this model?

# %% [markdown] tags=["hide-cell", "solution"]
# Look at the answer before and after. In most rounds removing the words costs more than removing as many cells, because
# a planted word occurs several times in the lyrics and no other piece says the same.

# %% [markdown]
# 3. Find a round in which the explanation is marked wrong, and say whether the explainer or the model is to blame.

# %% [markdown] tags=["hide-cell", "solution"]
# Plant one or two cells. If the model's answer hardly moves when you plant them, the model does not hear them, and the
# explanation is right about the model although it is marked wrong. If the answer does move, more masks would help.

# %% [markdown]
# ## Summary
#
# Evidence that somebody planted turns an explanation into an answer that can be marked. The book's
# {doc}`exam </runs/exam>` does the same a hundred times, without a reader.
#
# **Next:** {doc}`how to read an explanation </book/how-to-read>`.
