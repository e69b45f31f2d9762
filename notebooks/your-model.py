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
# # Your model
#
# **What you will learn.** How to explain a model that is not ours: a scikit-learn pipeline in ten lines, a torch network in ten lines, a regressor, and a late-fusion model that gets the fast path.
#
# **What you need.** A function from sound and lyrics to numbers.
#
# **How long, on what.** {glue:text}`took`.
#
# The songs are composed by our code with planted evidence: what is shown is that the method works with any model, nothing about real music.

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
size: int = 500
samples: int = 2000

# %% [markdown]
# ## The contract
#
# `predict(audio, lyrics)` takes an array of clips `(n, t)` at `sample_rate` and a list of `n` texts, and returns an array `(n, outputs)` of real numbers. That is all. It will be called in batches.
#
# `sample_rate` is 16,000, unless you say another, `ml.MusicLIME(predict, sample_rate=22050)`, or the function has an attribute of that name. A song is handed over whole. A model that hears only its beginning says so, `predict.seconds = 10.24`, or the cells beyond would be noise; one that reads only so many words has a method `truncate(text)`.
#
# ## scikit-learn, in ten lines
#
# Mean spectrum beside TF-IDF, and a logistic regression on both.


# %%
def spectrum(audio):
    frames = np.asarray(audio)[:, : 160 * 1024].reshape(len(audio), 160, 1024)
    return np.log1p(np.abs(np.fft.rfft(frames * np.hanning(1024)))[..., :256]).mean(1)


songs = ml.load_corpus("demo", size=size, seed=3)
train, test = songs.split("train"), songs.split("test")
heard = [(spectrum(song.audio[None])[0], song.lyrics, song.genre) for song in train]

# %%
sound_part = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
words_part = make_pipeline(TfidfVectorizer(), LogisticRegression(C=30, max_iter=500))
spectra, texts, genres = (np.array(column) for column in zip(*heard))
sound_part.fit(spectra, genres)
words_part.fit(texts, genres)


def predict(audio, lyrics):
    return (sound_part.predict_proba(spectrum(audio)) + words_part.predict_proba(lyrics)) / 2


# %% [markdown]
# And the explanation, of a song with evidence of both kinds and nothing in its text that a lyrics site left there. A plain function has no classes, so we say them.

# %%
clean = (song for song in test if song.lyrics == ml.clean_lyrics(song.lyrics))
song = next(song for song in clean if song.evidence["genre"]["words"] and song.evidence["genre"]["cells"])
explanation = ml.MusicLIME(
    predict, classes=list(sound_part.classes_), samples=samples, name="spectrum + tf-idf"
).explain(song)
chapter.player(explanation, song, predict)


# %%
def accuracy(variant):
    answers = [predict(s.audio[None], [s.lyrics]).argmax() for s in map(variant, test)]
    return np.mean(sound_part.classes_[answers] == test.table["genre"])


chapter.glue("accuracy", accuracy(lambda s: s))
chapter.glue("replaced", accuracy(lambda s: s.neutral()))
chapter.glue("r2", explanation.score[explanation.row(explanation.label)])

# %% [markdown]
# This model gets {glue:text}`accuracy:.2f` of the test songs right, and {glue:text}`replaced:.2f` with the planted evidence replaced by neutral material. The sum accounts for {glue:text}`r2:.2f` of its behaviour around this song.
#
# ## torch, in ten lines
#
# Any module will do. Wrap it so that numpy goes in and comes out.


# %%
class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(256, 32), torch.nn.ReLU(), torch.nn.Linear(32, len(ml.GENRES))
        )

    def forward(self, x):
        return self.net((x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)).softmax(1)


net = Tiny()


def torch_predict(audio, lyrics):
    with torch.inference_mode():
        return net(torch.tensor(spectrum(audio), dtype=torch.float32)).numpy()


# %%
optimizer = torch.optim.Adam(net.parameters(), 1e-2)
x, y = torch.tensor(spectra, dtype=torch.float32), torch.tensor([ml.GENRES.index(g) for g in genres])
for _ in range(150):
    loss = torch.nn.functional.nll_loss(net(x).log(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
ml.AudioLIME(torch_predict, classes=ml.GENRES, samples=samples).explain(song).table().head(5).round(3)

# %% [markdown]
# ## Not only probabilities
#
# Valence and energy are numbers, not classes. The weights then have the unit of the output.

# %%
mood = make_pipeline(StandardScaler(), Ridge(100)).fit(spectra, train.table[["valence", "energy"]])
felt = lambda audio, lyrics: mood.predict(spectrum(audio))
ml.AudioLIME(felt, classes=["valence", "energy"], samples=samples).explain(song).table("energy").head(
    5
).round(3)

# %% [markdown]
# ## Late fusion, the fast path
#
# A model whose two halves meet late can say so by three methods. Then every perturbed sound is combined with every perturbed text for the price of encoding each once, and `design="auto"` takes the crossed design.


# %%
class Late:
    name, classes, sample_rate = "late", list(sound_part.classes_), 16000

    def encode_audio(self, audio):
        return sound_part.predict_log_proba(spectrum(audio))

    def encode_lyrics(self, lyrics):
        return words_part.predict_log_proba(lyrics)

    def fuse(self, a, t):
        p = np.exp(a + t)
        return p / p.sum(1, keepdims=True)

    def predict(self, audio, lyrics):
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))


crossed = ml.MusicLIME(Late(), samples=600).explain(song)
joint = ml.MusicLIME(Late(), samples=600, design="joint").explain(song)
errors = {e.design: np.median(e.errors[e.row(song.genre)]) for e in (crossed, joint)}
pd.Series(errors).to_frame("median error, 600 masks a modality").round(4)

# %% tags=["remove-cell"]
chapter.glue("ratio", errors["joint"] / errors["crossed"])

# %% [markdown]
# With as many masks the crossed errors are {glue:text}`ratio:.1f` times smaller.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** A function is enough; nothing is assumed about what is inside.
# - **Limit.** If `predict` is random (dropout left on, sampling), its noise ends in the errors.
# - **Limit.** A function has no name that survives a restart: give `name=` if results are to be stored.
# - **What this cannot tell you.** Whether your model is good. Look at its accuracy first.
#
# ## Exercises
#
# **1.** What does a `predict` that returns one column too few cause?

# %% tags=["hide-cell", "solution"]
try:
    ml.MusicLIME(lambda a, t: predict(a, t)[:, :-1], classes=ml.GENRES, samples=100).explain(song)
except ValueError as error:
    print(error)

# %% [markdown]
# **2.** Explain the difference between two classes rather than one of them.

# %% tags=["hide-cell", "solution"]
contrast = lambda a, t: predict(a, t)[:, [0]] - predict(a, t)[:, [1]]
print(ml.MusicLIME(contrast, classes=["first minus second"], samples=1000).explain(song).table().head(3))

# %% [markdown]
# **3.** Let `predict` fail once, and see that nothing computed is lost.

# %% tags=["hide-cell", "solution"]
calls = []


def moody(audio, lyrics):
    calls.append(len(audio))
    if len(calls) == 5:
        raise RuntimeError("the server hung up")
    return predict(audio, lyrics)


patient = ml.MusicLIME(moody, classes=ml.GENRES, samples=500)
try:
    patient.explain(song)
except ValueError as error:
    print(error)
patient.explain(song)
print(sum(calls), "inputs asked for in all")

# %% [markdown]
# ## Summary
#
# Two arguments in, numbers out. Late fusion says so with three methods, and a grid of masks is open to it.
#
# **Next.** {doc}`Your corpus </runs/your-corpus>`.
