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
# # Separation
#
# An explanation that says "drums, second 3" needs drums that can be switched off. A recording offers none:
# it is one mix. So MusicLIME first *separates* it, with Open-Unmix {cite}`stoter2019openunmix`, and explains the mix
# in terms of what the separator found. The explanation inherits every mistake of the
# separator. This chapter lets you hear the mistakes, measures them, and follows them into an explanation.
#
# **What you will learn:** how a separator works in a few lines; how to score one; what *bleed* does to an
# explanation.
#
# **What you need:** {doc}`The demo songs </runs/demo-songs>` and {doc}`/book/how-to-read`.
#
# **How long, on what:** {glue:text}`took`. The small separator comes with the package.
#
# The songs are composed, so their true stems are known and mistakes can be measured. What is found here is about
# the method, not about real music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 6
samples: int = 1000
preset: str = "demo"

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from musiclime.data.song import STEMS
from musiclime.models.separation import separate, separator
from musiclime.show.figures import DIVERGING, INK

corpus = ml.load_corpus("demo").split("test")
song = corpus[4]

# %% [markdown]
# ## Listen first
#
# `separate` takes a mix and returns four sounds of the same length. The separator never saw this song.

# %%
found = separate(song.audio, song.sample_rate, preset)
chapter.sounds({"the mix": song.audio}, song.sample_rate)

# %% [markdown]
# Play each pair: what the composer wrote, and what the separator made of it. Listen for a voice that
# shimmers, for drums inside the bass, and for what is missing.

# %%
pairs = {}
for stem in STEMS:
    pairs |= {f"{stem}, composed": song.stems[stem], f"{stem}, separated": found[stem]}
chapter.sounds(pairs, song.sample_rate)

# %% [markdown]
# Whatever vocals, drums and bass do not claim is given to "other". So the four always sum to the mix, and an
# explanation with every cell switched on explains exactly the song that you hear:

# %%
rest = np.abs(sum(found.values()) - song.audio).max()
chapter.glue("rest", float(rest))

# %% [markdown]
# The largest difference is {glue:text}`rest:.1e`, which is rounding.
#
# ## How it works
#
# For each stem a small recurrent network looks at the spectrogram of the mix and guesses the spectrogram of
# the stem. In each moment and each frequency, a Wiener filter then shares the mix out in proportion to the
# squared guesses. A separated sound is the mix, turned down in some places and left alone in others.
# So a loud snare that covers the voice cannot be removed.

# %%
from musiclime.models.separation import load_separator

network, weights = load_separator(preset)
sizes = {stem: sum(p.numel() for p in part.parameters()) for stem, part in network.target_models.items()}
pd.Series(sizes, name="parameters").to_frame()

# %% [markdown]
# ## Score it
#
# The **signal-to-distortion ratio** compares the energy of the true stem with the energy of the error, in
# decibels. Zero means that the error is as loud as the stem; ten, that it has a tenth of the energy.


# %%
def sdr(true, guess):
    return 10 * np.log10((true**2).sum() / ((true - guess) ** 2).sum())


# %% [markdown]
# A score needs something to compare it with. The laziest separator returns the mix for every stem.

# %%
rows = []
for one in (corpus[i] for i in range(songs)):
    parts = separate(one.audio, one.sample_rate, preset)
    for stem, true in one.stems.items():
        rows.append((one.id, one.genre, stem, sdr(true, parts[stem]), sdr(true, one.audio)))
scores = pd.DataFrame(rows, columns=["song", "genre", "stem", "separated", "mix instead"])
medians = scores.groupby("stem", sort=False)[["separated", "mix instead"]].median()
medians.round(1)

# %%
gain = medians["separated"] - medians["mix instead"]
chapter.glue("gain_least", float(gain.min()))
chapter.glue("gain_most", float(gain.max()))
chapter.glue("best", medians["separated"].idxmax())
chapter.glue("worst", medians["separated"].idxmin())
chapter.glue("worst_db", float(medians["separated"].min()))

# %% [markdown]
# The separator gains between {glue:text}`gain_least:.1f` and {glue:text}`gain_most:.1f` dB over the lazy
# one. It is best at *{glue:text}`best`* and worst at *{glue:text}`worst`* ({glue:text}`worst_db:.1f` dB in
# the median song). A small network, trained for a minute on sixty composed songs, is no rival to the
# published ones on real music; it is here so that every page can be run without a download.

# %% tags=["hide-input"]
fig, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for place, stem in enumerate(STEMS):
    values = scores.loc[scores["stem"] == stem, "separated"]
    axis.scatter(values, np.full(len(values), place) + np.linspace(-0.2, 0.2, len(values)), s=18)
    axis.plot(medians.loc[stem, "mix instead"], place, "|", color=INK, ms=18, mew=2)
axis.set_yticks(range(len(STEMS)), STEMS)
axis.set(xlabel="SDR in dB; a dot is a song, a bar is the unseparated mix")
chapter.figure(
    fig,
    alt="Signal-to-distortion ratio, one dot for each song and stem, and a bar for the mix itself.",
    caption="How near each separated stem is to the true one, song by song.",
    name="fig-sdr",
)

# %% [markdown]
# ## Where the energy goes
#
# *Bleed* is the part of one stem that ends up in another. Least squares finds it: write each separated stem
# as a sum of the four true ones and look at the factors. A perfect separator has ones on the diagonal and
# zeros elsewhere.


# %%
def bleed(one):
    true = np.stack([one.stems[stem] for stem in STEMS], axis=1)
    parts = separate(one.audio, one.sample_rate, preset)
    return np.linalg.lstsq(true, np.stack([parts[stem] for stem in STEMS], axis=1), rcond=None)[0]


kept = np.mean([bleed(corpus[i]) for i in range(songs)], axis=0)
pd.DataFrame(kept, index=[f"{s} goes to" for s in STEMS], columns=STEMS).round(2)

# %%
chapter.glue("stays_least", float(kept.diagonal().min()))
chapter.glue("stays_stem", STEMS[int(kept.diagonal().argmin())])

# %% [markdown]
# Every row sums to one, because nothing is lost: what leaves a stem arrives in another.
# *{glue:text}`stays_stem`* keeps the smallest part of itself, {glue:text}`stays_least:.2f`.
#
# ## What bleed does to an explanation
#
# Now the question that matters here. We explain the same predictions of the same model twice: once with the
# composed stems, once with the separated ones. Each demo song knows which (stem, segment) cells carry its
# genre, so we can see whether the weight is where the evidence is.

# %%
model = ml.load_model("genre", "audio")
with_true = ml.AudioLIME(model, samples=samples)
with_found = ml.AudioLIME(model, samples=samples, separate=separator(preset))

# %% [markdown]
# To ask about stems alone we take segments that hold exactly one planted cell: the right stem is then
# known, and the three others in that moment are wrong. A song counts if replacing its planted cells costs
# the model at least 0.2 of probability: only then is there something for the explanation to find.


# %%
def matters(one):
    neutral = one.neutral(words=False)
    p = model.predict(np.stack([one.audio, neutral.audio]), [one.lyrics, neutral.lyrics])
    as_composed, replaced = p[:, model.classes.index(one.genre)]
    return as_composed - replaced >= 0.2


chosen = [one for one in (corpus[i] for i in range(4 * songs)) if matters(one)][:songs]
chapter.glue("chosen", len(chosen))


# %%
def cells(explanation, one):
    """Weights for the true genre, segments x stems, and where evidence was planted."""
    weights = explanation.weights[explanation.row(one.genre)].reshape(-1, len(STEMS))
    planted = np.zeros_like(weights, dtype=bool)
    for stem, segment in one.evidence["genre"]["cells"]:
        planted[segment, STEMS.index(stem)] = True
    return weights, planted


# %%
maps = {"composed stems": [], "separated stems": []}
for one in chosen:
    for kept_maps, explainer in zip(maps.values(), (with_true, with_found)):
        kept_maps.append(cells(explainer.explain(one), one))

# %% [markdown]
# A row is the stem that truly carries the evidence. Along it stands the mean weight that the explanation gives to each
# of the four stems in that moment:


# %%
def moved(kept_maps):
    out = np.full((len(STEMS), len(STEMS)), np.nan)
    for k in range(len(STEMS)):
        hits = [w[(p.sum(1) == 1) & p[:, k]] for w, p in kept_maps]
        if sum(map(len, hits)):
            out[k] = np.concatenate(hits).mean(0)
    return out


matrices = {name: moved(kept_maps) for name, kept_maps in maps.items()}

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
reach = max(np.nanmax(np.abs(m)) for m in matrices.values())
for axis, (name, matrix) in zip(axes, matrices.items()):
    image = axis.imshow(matrix, cmap=DIVERGING, vmin=-reach, vmax=reach)
    axis.set_xticks(range(len(STEMS)), STEMS)
    axis.set_yticks(range(len(STEMS)), STEMS)
    axis.set(title=name, xlabel="weight given to")
axes[0].set_ylabel("evidence planted in")
fig.colorbar(image, ax=axes, label="mean weight")
chapter.figure(
    fig,
    alt="Two maps of mean weight: planted stem down, explained stem across; composed and separated stems.",
    caption="On the diagonal, weight is on the correct stem. In the second map, weight off the diagonal has leaked.",
    name="fig-moved",
)


# %%
def on_target(kept_maps):
    """The share of positive weight on the planted cell, where a moment has one; the AUC of all cells."""
    from sklearn.metrics import roc_auc_score

    single = [(np.maximum(w, 0)[p.sum(1) == 1], p[p.sum(1) == 1]) for w, p in kept_maps]
    share = sum(w[p].sum() for w, p in single) / sum(w.sum() for w, _ in single)
    return share, np.mean([roc_auc_score(p.ravel(), w.ravel()) for w, p in kept_maps])


rows = ["share on the right stem", "AUC of cells"]
marks = pd.DataFrame({name: on_target(m) for name, m in maps.items()}, index=rows)
marks.round(2)

# %%
for name, key in (("composed stems", "true"), ("separated stems", "found")):
    chapter.glue(f"share_{key}", float(marks.loc["share on the right stem", name]))
    chapter.glue(f"auc_{key}", float(marks.loc["AUC of cells", name]))

# %% [markdown]
# Over {glue:text}`chosen` songs, {glue:text}`share_true:.0%` of the positive weight lies on the right stem
# when the stems are the composed ones, and {glue:text}`share_found:.0%` when they are separated (a blind
# guess among four stems gives 25 %). Marked over all cells, the AUC goes from {glue:text}`auc_true:.2f` to
# {glue:text}`auc_found:.2f`. The model is the same, and so are the songs: the difference is the
# separator's.
#
# ## The published separators, and one without weights
#
# `separator("umxhq")` and `separator("umxl")` download the networks that Open-Unmix published, at 44.1 kHz
# and in stereo; our mono sound is resampled and doubled on the way in, and brought back on the way out.
# *umxhq*, trained on MUSDB18-HQ, may be used freely (MIT). *umxl*, trained on much more music and the
# default in the published MusicLIME code, is licensed **CC BY-NC-SA 4.0: not for commercial use**. Either
# is handed to an explainer in the same way:
#
# ```python
# from musiclime.models.separation import separator
# ml.MusicLIME(model, separate=separator("umxl")).explain(song)
# ```
#
# Where no weights can be fetched, `separator("hpss")` splits any sound into what lasts (*harmonic*) and what strikes
# (*percussive*), by two medians over the spectrogram. The parts add up to the mix. `separator("best")` takes umxhq
# where its weights can be had, else hpss. {doc}`Real songs </runs/real-songs>` uses hpss.
#
# A song is separated once. The result is kept on disk, and all tasks and modalities share it.

# %% [markdown]
# ## Strengths
#
# - The stems sum to the mix, so the explanation is about the song itself and not about a reconstruction of
#   it.
# - Each song is separated only once, however many perturbations follow.
#
# ## Limits
#
# - "Drums" in an explanation means "what the separator called drums". When a weight surprises you, listen
#   to that cell.
# - Our separator knows nothing but the demo songs: what it does to other music is not measured here.
#
# ## What this cannot tell you
#
# How large the bleed is on *your* music: that needs the true stems of your music, which you do not have.
# How far weights moved here is a result for this small separator and these songs.

# %% [markdown]
# ## Exercises
#
# **1.** A separator that does not separate returns a quarter of the mix as every stem. What will the share
# on the right stem be? Check it.

# %% tags=["hide-cell", "solution"]
quarter = ml.AudioLIME(model, samples=samples, separate=lambda audio, rate: dict.fromkeys(STEMS, audio / 4))
share = on_target([cells(quarter.explain(one), one) for one in chosen[:4]])[0]
print(f"{share:.2f} of the weight lies on the right stem")

# %% [markdown]
# **2.** Is a song with a low SDR also a song whose stem names are unreliable? Plot one against the other,
# or correlate them.

# %% tags=["hide-cell", "solution"]
parts = [(o.stems, separate(o.audio, o.sample_rate, preset)) for o in chosen]
quality = [np.median([sdr(true[stem], guess[stem]) for stem in STEMS]) for true, guess in parts]
named = [on_target([one])[1] for one in maps["separated stems"]]
print(f"correlation {np.corrcoef(quality, named)[0, 1]:.2f} over {len(chosen)} songs")

# %% [markdown]
# **3.** Separate a separated stem: what does the separator find in the drums it has just found? Does
# a second separation change anything?

# %% tags=["hide-cell", "solution"]
twice = separate(found["drums"], song.sample_rate, preset)
energy = {stem: (part**2).sum() / (found["drums"] ** 2).sum() for stem, part in twice.items()}
pd.Series(energy, name="share of the drums' energy").to_frame().round(3)

# %% [markdown]
# ## Summary
#
# A separator shares the mix out among four stems, by guessing how loud each is in every moment and
# frequency. Its mistakes are audible, measurable (SDR, bleed), and they travel: weight that belongs to one
# stem turns up on another. Read the stem in an explanation as *what the separator calls it*, and listen
# before you believe.
#
# ## Next
#
# {doc}`Explain </runs/explain-genre-multimodal>` asks a model why; {doc}`Four explainers </runs/four-explainers>` looks at what else decides the answer: the unit, the off-value, the
# sampling.
