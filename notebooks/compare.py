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
# # Compare: two tasks, three modalities, and the paper beside them
#
# The paper trains six classifiers: genre and emotion, each from lyrics, from sound, and from both. It finds that two
# modalities beat one for genre, and that emotion is almost wholly in the sound.

# %% [markdown] tags=["not-real"]
# Here six small models answer about composed songs, in which we decided where the evidence is. Do they show the same?

# %% [markdown] tags=["only-real"]
# This page asks models that others trained on real music: musicnn hears, MiniLM reads
# ({doc}`Real songs </runs/real-songs>`). They were not trained on these songs. Of the two tasks they know only genre.

# %% [markdown]
# **What you will learn**
#
# - what each modality adds, with intervals, class by class;
# - which classes a model confuses;
# - how to check that a model uses the evidence, and in which modality (composed songs only);
# - which of our numbers may be compared with the paper's (few).
#
# **What you need**: {doc}`The demo songs </runs/demo-songs>`. {doc}`Train </runs/train-genre-multimodal>` shows the
# training.
#
# **How long, on what**: {glue:text}`took`, on {glue:text}`count` songs.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.models.evaluation import answers, evaluate
from musiclime.show import chapter, figures

MODALITIES = ["lyrics", "audio", "multimodal"]

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
fresh: int = 108
seed: int = 1
longest: float = 60.0

# %% [markdown]
# ## All models on the same songs
#
# We compose new demo songs from another `seed`: no model saw any of them, not even to choose its best epoch. From
# another corpus we take the test split. With the preset *real* we take all songs, because its models saw none of
# them. A song counts if it has a label that the model knows.

# %% tags=["hide-input"]
corpus, preset = chapter.available(corpus, root, preset)
everything = ml.load_corpus(corpus, root or None)
composed = corpus == "demo"
songs = everything
if composed:
    songs = ml.load_corpus("demo", size=fresh, seed=seed)
elif preset != "real":
    songs = everything.kept_aside()
tasks = ["genre"] if preset == "real" else ["genre", "emotion"]  # the real models tell no emotion of the nine
tasks = [task for task in tasks if (~songs.table[task].isin(["", "other"])).any()]
pairs = [(task, modality) for task in tasks for modality in MODALITIES]
if not pairs:
    raise ValueError(f"no song of corpus {songs.name!r} has a genre or an emotion: give one in its table")

# %%
options = {"weights": weights, "root": root or None, "progress": False}
models = {pair: ml.load_model(*pair, everything, preset, **options) for pair in pairs}
named, measures = {}, {}
if composed:
    # Composing a song takes longer than judging it, so all six models are asked together.
    answers(list(models.values()), songs, progress=False)
for task in tasks:
    asked = [models[task, modality] for modality in MODALITIES]
    named[task] = songs.where(songs.table[task].isin(asked[0].classes))
    for modality, found in zip(MODALITIES, evaluate(asked, named[task], progress=False)):
        measures[task, modality] = found

# %% tags=["hide-input"]
rows = {}
for pair, found in measures.items():
    low, high = found["accuracy_interval"]
    rows[pair] = {"accuracy": found["accuracy"], "from": low, "to": high, "macro F1": found["macro_f1"]}
    rows[pair]["songs"] = len(named[pair[0]])
    if composed:
        rows[pair] |= {case: value for case, value in found["replaced"].items() if case != "as it is"}
table = pd.DataFrame(rows).T.rename_axis(["task", "modality"])
table.style.format("{:.2f}").format("{:.0f}", subset="songs")

# %% tags=["remove-cell"]
chapter.glue("count", len(songs))

# %% [markdown]
# *From* and *to* are the ends of a 95 % {term}`bootstrap interval` over songs. With a handful of songs it says little. If all
# answers are right, or all wrong, it is too narrow.

# %% [markdown] tags=["not-real"]
# The last three columns are the accuracy with the planted evidence of genre replaced by neutral material, in one
# modality or in both. For emotion this is a control: little should be lost. Where the accuracy rises, the planted
# cells may have misled the model.

# %% tags=["hide-input"]
fig, axes = figures.panels(len(tasks), width=4.5, height=3.2, columns=2)
for ax, task in zip(axes, tasks):
    rows = table.loc[task]
    reach = [rows["accuracy"] - rows["from"], rows["to"] - rows["accuracy"]]
    colours = [figures.COLOURS[modality] for modality in rows.index]
    ax.bar(rows.index, rows["accuracy"], yerr=reach, capsize=5, color=colours, alpha=0.5, ecolor=figures.INK)
    if composed:
        ax.plot(
            rows.index, rows["both replaced"], "D", color=figures.COLOURS["for"], label="evidence replaced"
        )
    ax.set(title=task, ylim=(0, 1))
axes[0].set_ylabel("accuracy")
caption = "Accuracy with 95 % bootstrap intervals."
if composed:
    axes[-1].legend(fontsize=figures.SMALLEST_TYPE)
    caption = "Accuracy with 95 % bootstrap intervals; diamonds: with the planted genre evidence replaced."
chapter.figure(
    fig,
    alt="Bars of accuracy for lyrics, audio and multimodal models, with intervals, one panel for each task"
    + ("; diamonds mark the accuracy with the genre evidence replaced" if composed else ""),
    caption=caption,
    name="fig-six",
)

# %% [markdown] tags=["not-real"]
# ## Where a model keeps its evidence
#
# If we replace the evidence in one modality only, a model that uses both must rely on the other one. The accuracy
# that it loses says what it used. {doc}`Can you trust it? </runs/trust>` checks explanations against this.

# %% tags=["hide-input", "not-real"]
if composed:
    lost = {}
    for case in ("words replaced", "cells replaced", "both replaced"):
        lost[case] = table["accuracy"] - table[case]
    display(pd.DataFrame(lost).loc[["genre"]].style.format("{:.2f}"))
else:
    display(Markdown("**This corpus has no planted evidence,** so nothing can be replaced."))

# %% [markdown] tags=["not-real"]
# This is the accuracy that the genre models lose. If the last number is larger than the sum of the other two, each
# modality made up for some of the other's loss.

# %% [markdown]
# ## What is taken for what
#
# The confusion matrices of all models. Rows are the true classes, columns what the model said; each row adds up to 1
# (figures 5.2.1 and 5.2.2 of the thesis).

# %% tags=["hide-input"]
fig, axes = figures.panels(len(pairs), width=3.0, height=3.0)
for number, (ax, pair) in enumerate(zip(axes, pairs)):
    confusion = measures[pair]["confusion"]
    rates = confusion.div(confusion.sum(axis=1).where(lambda total: total > 0, 1), axis=0)
    image = figures.heatmap(ax, rates, " ".join(pair), limit=1.0)
    ax.set_xticks([])
    if number % 3:
        ax.set_yticks([])
fig.colorbar(image, ax=axes, label="share of the true class", shrink=0.5)
chapter.figure(
    fig,
    alt="Confusion matrices for lyrics, audio and both, one row per task; bright diagonals where a model is right",
    caption="Confusion matrices of the models; the columns are in the order of the rows.",
    name="fig-confusion",
)

# %% [markdown] tags=["only-real"]
# ## Song by song
#
# Most of these songs have no label. We can still compare the models' answers. Each model hears `longest` seconds of a
# song and reads all its lyrics.

# %% tags=["hide-input", "only-real"]
if preset == "real":
    reader = ml.LyricsLIME(models["genre", "multimodal"])
    asked = []
    for song in songs:
        begin = max(0, min(30, song.seconds - longest))
        asked.append((reader.prepare(song.excerpt(begin, longest)).audio[None], [song.lyrics]))
    said = {"song": songs.table["title"].tolist(), "its label": songs.table["genre"].tolist()}
    for modality in MODALITIES:
        model = models["genre", modality]
        found = np.concatenate([model.predict(audio, lyrics) for audio, lyrics in asked])
        best = found.argmax(axis=1)
        said[modality] = [f"{model.classes[k]} {p[k]:.2f}" for k, p in zip(best, found)]
    display(pd.DataFrame(said).style.hide(axis="index"))

# %% [markdown]
# ## Class by class


# %% tags=["hide-input"]
def per_class(scores, label):
    """A mark for each modality on one line a class; the marks stand a little apart, so that ties can be seen."""
    fig, ax = plt.subplots(figsize=(7, 0.36 * len(scores) + 1.6), layout="constrained")
    line = np.arange(len(scores))
    ax.hlines(line, scores.min(axis=1), scores.max(axis=1), color=figures.FAINT, zorder=0)
    for mark, shift, modality in zip("os^", (-0.2, 0, 0.2), scores):
        style = {"color": figures.COLOURS[modality], "markersize": 7, "clip_on": False}
        ax.plot(scores[modality], line + shift, mark, label=modality, **style)
    ax.set(xlabel=label, xlim=(0, 1))
    ax.set_yticks(line, scores.index)
    ax.invert_yaxis()
    fig.legend(loc="outside upper center", ncols=3)
    return fig


# %% tags=["hide-input"]
if "genre" in tasks:
    found = {modality: measures["genre", modality]["report"] for modality in MODALITIES}
    f1 = pd.DataFrame({modality: report["f1"] for modality, report in found.items()})
    f1 = f1[found["multimodal"]["support"] > 0]
    chapter.figure(
        per_class(f1, "F1"),
        alt="F1 of every genre for lyrics, audio and multimodal models as three marks on a line",
        caption="F1 by genre and modality.",
        name="fig-per-class",
    )

# %% [markdown]
# ## The paper's own numbers
#
# Table 1 of the paper {cite}`sotirou2024musiclime`, with the validation accuracies and epochs of table 5.2 of the thesis.
# **Theirs are on 6,550 songs that people made. The columns do not measure the same thing, so a larger
# number means nothing.** What may be compared is the pattern.

# %%
paper = pd.read_csv(chapter.data_folder() / "published_models.csv").set_index(["task", "modality"])
beside = table[["accuracy"]].mul(100).rename(columns={"accuracy": "ours"})
beside["paper, test"] = paper["test_accuracy"]
beside["paper, validation"] = paper["valid_accuracy"]
beside["best epoch"] = paper["best_epoch"].astype(str) + " of " + paper["epochs"].astype(str)
beside.style.format("{:.1f}", subset=["ours", "paper, test", "paper, validation"])

# %% [markdown]
# Precision and recall of the multimodal models, ours beside tables 5.3 and 5.4 of the thesis. An empty cell: no song
# of the class.

# %% tags=["hide-input"]
reports = pd.read_csv(chapter.data_folder() / "published_reports.csv")
theirs = reports[reports["modality"] == "multimodal"].set_index(["task", "class"])
ours = pd.concat({task: measures[task, "multimodal"]["report"] for task in tasks}, names=["task", "class"])
columns = {}
for measure in ("precision", "recall"):
    columns[f"{measure}, ours"] = ours[measure].where(ours["support"] > 0)
    columns[f"{measure}, thesis"] = theirs[measure].reindex(ours.index)
columns["songs, ours"] = ours["support"]
columns["songs, thesis"] = theirs["support"].reindex(ours.index)
shown = pd.DataFrame(columns).style.format("{:.2f}", na_rep="")
shown.format("{:.0f}", subset=["songs, ours", "songs, thesis"], na_rep="")

# %% tags=["hide-input"]
scores = reports[reports["task"] == "genre"].pivot(index="class", columns="modality", values="f1")[MODALITIES]
chapter.figure(
    per_class(scores, "F1 in the thesis"),
    alt="The thesis's F1 of every genre for its lyrics, audio and multimodal models",
    caption="F1 by genre and modality in the thesis (table 5.4), on Music4All.",
    name="fig-thesis",
)

# %% [markdown]
# In the thesis lyrics beat audio for hip hop only, and alternative rock is a tie. {doc}`Claims </runs/claims>` says how
# sure these differences are.
#
# ## Strengths
#
# All models answer about the same songs. For composed songs, replacing the evidence shows what
# each of them uses.
#
# ## Limits
#
# Each model was trained once: the intervals say how much the choice of songs matters, not how much another training
# would. Where evidence is replaced, that alone may move a model a little.
#
# ## What this cannot tell you
#
# Whether two modalities beat one on *your* songs.
#
# ## Exercises
#
# **1.** Do the lyrics model and the audio model of genre fail on the same songs? Compare the share of songs that both get
# wrong with the product of their error rates.

# %% tags=["hide-cell", "solution"]
if "genre" in tasks:
    classes = models["genre", "lyrics"].classes
    truth = named["genre"].table["genre"].map(classes.index).to_numpy()
    wrong = {}
    for modality in ("lyrics", "audio"):
        wrong[modality] = measures["genre", modality]["probabilities"].argmax(axis=1) != truth
    together = (wrong["lyrics"] & wrong["audio"]).mean()
    independent = wrong["lyrics"].mean() * wrong["audio"].mean()
    print(f"both wrong: {together:.2f}; if the two were independent: {independent:.2f}")

# %% [markdown]
# **2.** Multiply the probabilities of these two models. Is that late fusion as good as the trained one?

# %% tags=["hide-cell", "solution"]
if "genre" in tasks:
    product = measures["genre", "lyrics"]["probabilities"] * measures["genre", "audio"]["probabilities"]
    trained = measures["genre", "multimodal"]["accuracy"]
    print(f"product {(product.argmax(axis=1) == truth).mean():.2f}, trained together {trained:.2f}")

# %% [markdown]
# **3.** Which two genres does the multimodal model confuse most often?

# %% tags=["hide-cell", "solution"]
if "genre" in tasks:
    confusion = measures["genre", "multimodal"]["confusion"]
    mixed = np.triu((confusion + confusion.T).to_numpy(), k=1)
    one, other = np.unravel_index(mixed.argmax(), mixed.shape)
    print(f"{confusion.index[one]} and {confusion.index[other]}: {mixed.max()} times")

# %% tags=["remove-cell"]
gain = float("nan")
if "genre" in tasks:
    accuracy = table.loc["genre", "accuracy"]
    gain = 100 * (accuracy["multimodal"] - accuracy[["lyrics", "audio"]].max())
chapter.glue("gain", gain)

# %% [markdown]
# ## Summary
#
# For genre, the accuracy of the model with both modalities minus that of the better single one is {glue:text}`gain:+.1f` points here and
# +3.6 in the paper. Which single modality is better depends on where the evidence is, and on who trained the model.
#
# ## Next
#
# {doc}`Regression </runs/regression>` asks these and other encoders for valence and energy.
