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

# %% tags=["remove-cell"]
import musiclime as ml
from musiclime import page

# %% tags=["parameters", "remove-cell"]
genre: str = "alternative rock"
songs: int = 1350
samples: int = 5000
training: dict = {}

# %% tags=["remove-cell"]
corpus = ml.load_corpus("demo", size=songs)
model = ml.load_model("genre", "multimodal", corpus, **training)
row = model.classes.index(genre)


# %% tags=["remove-cell"]
def missed(song):
    versions = song, song.neutral(words=False), song.neutral(cells=False)
    own, *others = (model.predict(one.audio[None], [one.lyrics])[0, row] for one in versions)
    return own - max(others)


# %% tags=["remove-cell"]
test = corpus.split("test")
song = max(test.where(test.table["genre"] == genre), key=missed)
explanation = ml.MusicLIME(model, samples=samples).explain(song)

# %% tags=["remove-input"]
page.player(explanation, song, model)

# %% tags=["remove-cell"]
best = explanation.table(genre).query("weight > 0")
page.glue("title", song.title)
page.glue("genre", genre)
page.glue("probability", explanation.probabilities[explanation.row(genre)])
page.glue("word", best[best.modality == "lyrics"].feature.iloc[0])
page.glue("cell", best[best.modality == "audio"].feature.iloc[0])
page.glue("masks", samples)

# %% [markdown]
# A model listened to *{glue:text}`title`* and read its lyrics, and gave {glue:text}`genre` a probability of
# {glue:text}`probability:.2f`: of the {glue:text}`genre` songs kept aside for testing, it is the one that needs both most,
# what it plays and what it says. MusicLIME let it hear {glue:text}`masks:,d` versions of the song with vocals, drums, bass or other
# instruments silent in some tenths of the clip, and read as many with words missing, every sound with every text. What you
# see above is the sum of the answers: the word that spoke most for {glue:text}`genre` was *{glue:text}`word`*, and the
# sound that spoke most for it was {glue:text}`cell` (the stem, and the segment counted from 0). A bar is that sum, the
# *surrogate*, and may pass 1; the mark on it is the *model's* own answer.
#
# The song is composed by the code of this book, and the evidence for its genre was planted, so that an
# explanation can be marked right or wrong. What holds here is a claim about the method, never about real music.
#
# ## Three ways on
#
# - **Read and listen.** Go on with the menu at the side: how to read an explanation, what it leaves out, and how
#   to tell whether to trust it. Nothing to install, and nothing is loaded from elsewhere.
# - **Run it again.** Every page that computes has *Run in Colab* and *Run in Kaggle*: the notebook behind it, with
#   this page's own parameters, on their machine.
# - **Use your own.** One cell to edit in *Your song*, *Your model* and *Your corpus*.
#
# The method is that of [*MusicLIME: Explainable Multimodal Music Understanding*](https://arxiv.org/abs/2409.10496) by
# Sotirou, Lyberatos, Menis Mastromichalakis and Stamou; this book rebuilds it, measures it and goes on from there.
