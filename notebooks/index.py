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
from musiclime.show import chapter

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
chapter.player(explanation, song, model)

# %% tags=["remove-cell"]
best = explanation.table(genre).query("weight > 0")
chapter.glue("title", song.title)
chapter.glue("genre", genre)
chapter.glue("probability", explanation.probabilities[explanation.row(genre)])
chapter.glue("word", best[best.modality == "lyrics"].feature.iloc[0])
chapter.glue("cell", best[best.modality == "audio"].feature.iloc[0])
chapter.glue("masks", samples)

# %% [markdown]
# A model listened to *{glue:text}`title`* and read its lyrics, and gave {glue:text}`genre` a probability of
# {glue:text}`probability:.2f`. We chose it because the model needs both its sound and its words: without the evidence in either the
# probability falls far. MusicLIME let it hear {glue:text}`masks:,d` versions of the song with vocals, drums, bass or other
# instruments silent in some tenths of the clip, and read as many with words missing, every sound with every text. From all
# the answers it worked out one number for every word and every piece of sound, its **weight**: what it adds to the
# probability on average. The word that spoke most for {glue:text}`genre` was *{glue:text}`word`*, the sound that spoke most
# for it {glue:text}`cell` (the stem, and the segment counted from 0). The weights of what is left, added up, are the bar, the
# *surrogate*, which may pass 1; the upright mark is what the *model* itself says.
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
# - **Use your own.** One cell to edit in {doc}`Your song </runs/your-song>`, {doc}`Your model </runs/your-model>` and {doc}`Your corpus </runs/your-corpus>`.
#
# The method is that of [*MusicLIME: Explainable Multimodal Music Understanding*](https://arxiv.org/abs/2409.10496) by
# Sotirou, Lyberatos, Menis Mastromichalakis and Stamou; this book rebuilds it, measures it and goes on from there.
