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
# **What you will learn.** How to explain a model that is not ours: a scikit-learn pipeline, a torch network, a tagger that others trained on real music, a regressor, and a {term}`late fusion` model, which needs fewer questions.
#
# **What you need.** A function from sound and lyrics to numbers.
#
# **How long, on what.** {glue:text}`took`.

# %% tags=["hide-input"]
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
size: int = 300
samples: int = 800

# %% [markdown]
# ## What an explainer needs
#
# A function `predict(audio, lyrics)`. It gets an array of `n` clips, `(n, t)`, and a list of `n` texts. It returns an array `(n, outputs)` of real numbers. It will be called with many songs at a time.
#
# - The clips come at 16,000 samples a second. For another rate say so: `ml.MusicLIME(predict, sample_rate=22050)`, or give the function an attribute `sample_rate`.
# - A song comes whole. If the model hears only the beginning, say so with an attribute `seconds`; otherwise the weights of the later cells would be only noise.
# - If the model reads only the first words, give it a method `truncate(text)` that returns these.
#
# ## scikit-learn
#
# Two logistic regressions: one on the mean spectrum of a song, one on its word counts (TF-IDF). The answer is the mean of the two.


# %%
def spectrum(audio):
    # The first 10.24 seconds; take fewer frames for shorter clips.
    frames = np.asarray(audio)[:, : 160 * 1024].reshape(len(audio), 160, 1024)
    power = np.abs(np.fft.rfft(frames * np.hanning(1024)))[..., :256]
    return np.log1p(power).mean(axis=1)


songs = ml.load_corpus("demo", size=size, seed=3)
train, test = songs.split("train"), songs.split("test")

# %%
spectra, texts, genres = [], [], []
for song in train:
    spectra.append(spectrum(song.audio[None])[0])
    texts.append(song.lyrics)
    genres.append(song.genre)
spectra = np.array(spectra)

sound_model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
words_model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=30, max_iter=500))
sound_model.fit(spectra, genres)
words_model.fit(texts, genres)


def predict(audio, lyrics):
    return (sound_model.predict_proba(spectrum(audio)) + words_model.predict_proba(lyrics)) / 2


# %% [markdown]
# Before we explain it: how good is it, and how good is it without the planted evidence?


# %%
def accuracy(songs_to_ask, genres_to_expect):
    answers = [predict(song.audio[None], [song.lyrics]).argmax() for song in songs_to_ask]
    return np.mean(sound_model.classes_[answers] == genres_to_expect)


truth = test.table["genre"].to_numpy()
without = [song.neutral() for song in test]
pd.DataFrame(
    {
        "songs": ["as they are", "evidence replaced"],
        "accuracy": [accuracy(test, truth), accuracy(without, truth)],
    }
).style.hide(axis="index").format({"accuracy": "{:.2f}"})

# %% [markdown]
# Now the explanation, of a test song with evidence in its words and in its sound. A plain function does not know the names of its classes, so we give them.

# %% tags=["hide-input"]
for song in test:
    evidence = song.evidence["genre"]
    if evidence["words"] and evidence["cells"] and song.lyrics == ml.clean_lyrics(song.lyrics):
        break

# %%
classes = list(sound_model.classes_)
explainer = ml.MusicLIME(predict, classes=classes, samples=samples, name="spectrum + tf-idf")
explanation = explainer.explain(song)
chapter.player(explanation, song, predict)

# %% [markdown]
# ## torch
#
# Any network will do. Wrap it so that numpy goes in and numpy comes out. Take care of two things: `eval()`, or dropout makes every answer random; and `inference_mode()`, or memory fills up.

# %%
network = torch.nn.Sequential(
    torch.nn.LayerNorm(256), torch.nn.Linear(256, 32), torch.nn.ReLU(), torch.nn.Linear(32, len(classes))
)


def torch_predict(audio, lyrics):
    with torch.inference_mode():
        inputs = torch.tensor(spectrum(audio), dtype=torch.float32)
        return network(inputs).softmax(1).numpy()


# %% tags=["hide-input"]
optimizer = torch.optim.Adam(network.parameters(), 1e-2)
inputs = torch.tensor(spectra, dtype=torch.float32)
labels = torch.tensor([classes.index(genre) for genre in genres])
for _ in range(150):
    loss = torch.nn.functional.cross_entropy(network(inputs), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
network = network.eval()

# %%
by_sound = ml.AudioLIME(torch_predict, classes=classes, samples=samples).explain(song)
by_sound.table().head(5).style.hide(axis="index").format(precision=3)

# %% [markdown]
# ## A tagger trained on real music
#
# `musicnn` is a network that Jordi Pons trained on the Million Song Dataset {cite}`pons2019musicnn`. It gives a song fifty tags, such as *rock* or *female vocalist*. It is a model like the others: sound in, numbers out.

# %%
try:
    tagger = ml.load_tagger("MSD_musicnn")
    tags = ml.AudioLIME(tagger, samples=100).explain(song)
    print("strongest tag:", tags.label)
    print(tags.table().head(5).round(3).to_string(index=False))
except FileNotFoundError as reason:
    print(reason)

# %% [markdown]
# It was trained on recordings and hears a composed song here, so do not read too much into its answer. {term}`Real songs <real corpus>` have a page of their own.
#
# ## Not only probabilities
#
# Valence and energy are numbers, not classes. Each weight then has the unit of the output.

# %%
mood_model = make_pipeline(StandardScaler(), Ridge(100)).fit(spectra, train.table[["valence", "energy"]])


def mood(audio, lyrics):
    return mood_model.predict(spectrum(audio))


felt = ml.AudioLIME(mood, classes=["valence", "energy"], samples=samples).explain(song)
felt.table("energy").head(5).style.hide(axis="index").format(precision=3)

# %% [markdown]
# ## Late fusion: fewer questions
#
# Some models encode sound and words apart and join the two codes at the end. Such a model can say so with three methods: `encode_audio`, `encode_lyrics` and `fuse`. The explainer then encodes every muted version of the sound once, every version of the lyrics once, and joins all pairs. This is the {term}`crossed design`.


# %%
class LateFusion:
    name = "late fusion"
    classes = classes
    sample_rate = 16000

    def encode_audio(self, audio):
        return sound_model.predict_log_proba(spectrum(audio))

    def encode_lyrics(self, lyrics):
        return words_model.predict_log_proba(lyrics)

    def fuse(self, sound_codes, word_codes):
        product = np.exp(sound_codes + word_codes)
        return product / product.sum(axis=1, keepdims=True)

    def predict(self, audio, lyrics):
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))


# %%
rows = []
for design in ("joint", "crossed"):
    found = ml.MusicLIME(LateFusion(), samples=600, design=design).explain(song)
    errors = found.errors[found.row(song.genre)]
    rows.append({"design": design, "masks a modality": 600, "median standard error": np.median(errors)})
pd.DataFrame(rows).style.hide(axis="index").format({"median standard error": "{:.4f}"})

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** A function is enough. Nothing is assumed about what is inside.
# - **Limit.** If `predict` is random (dropout left on, sampling), its noise makes the errors larger.
# - **Limit.** A function has no name that survives a restart. Give `name=` if you store explanations.
# - **What this cannot tell you.** Whether your model is good. Look at its accuracy first.
#
# ## Exercises
#
# **1.** What happens when `predict` returns one column too few?


# %% tags=["hide-cell", "solution"]
def one_column_too_few(audio, lyrics):
    return predict(audio, lyrics)[:, :-1]


try:
    ml.MusicLIME(one_column_too_few, classes=classes, samples=100).explain(song)
except ValueError as error:
    print(error)

# %% [markdown]
# **2.** Explain the difference between two classes instead of one of them.


# %% tags=["hide-cell", "solution"]
def first_minus_second(audio, lyrics):
    probabilities = predict(audio, lyrics)
    return probabilities[:, [0]] - probabilities[:, [1]]


difference = f"{classes[0]} minus {classes[1]}"
# Without asking the model again: explanation.table(classes[0], against=classes[1])
contrast = ml.MusicLIME(first_minus_second, classes=[difference], samples=600).explain(song)
print(contrast.table().head(3).round(3).to_string(index=False))

# %% [markdown]
# **3.** Let `predict` fail once, and check that nothing already computed is lost.

# %% tags=["hide-cell", "solution"]
calls = []


def fails_once(audio, lyrics):
    calls.append(len(audio))
    if len(calls) == 5:
        raise RuntimeError("the server hung up")
    return predict(audio, lyrics)


patient = ml.MusicLIME(fails_once, classes=classes, samples=500)
try:
    patient.explain(song)
except ValueError as error:
    print(error)
patient.explain(song)
print(sum(calls), "inputs asked for in all,", calls[4], "of them in the batch that failed")

# %% [markdown]
# ## Summary
#
# Sound and lyrics in, numbers out: any such function can be explained. A late fusion model says so with three methods; with the same number of masks its errors are smaller.
#
# ## Next
