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
# # Train: a small network of the paper's shape
#
# Before we can explain a model, a model must have learned something. The paper fine-tunes two large transformers:
# one that hears and one that reads. This page trains the same architecture in small, on composed songs, from
# nothing. Change one word, `preset`, and it is the paper's recipe.
#
# **What you will learn**
#
# - what the network is made of;
# - how to read its learning curves, its confusion matrix and its intervals;
# - why you should always ask for a second accuracy: the one that is left when the evidence is gone;
# - how the demo's recipe differs from the paper's.
#
# **What you need.** {doc}`/book/background/two-ways-of-hearing`. To train the paper's models: a GPU, `preset` set to
# `"paper"`, and a corpus of your own in the folder `root`.
#
# **How long, on what.** {glue:text}`took`.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
task: str = "genre"
modality: str = "multimodal"
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
epochs: int = 3
trained_songs: int = 180

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown, display

from musiclime.models.evaluation import evaluate
from musiclime.models.training import RECIPES
from musiclime.show.figures import COLOURS

if preset == "real":
    raise ValueError('the models of preset "real" were trained by others: take preset "demo" or "paper"')

# %% [markdown]
# ## Train one now
#
# We train a network on a few songs for a few {term}`epochs <epoch>`. Every epoch shows the network all training songs once.

# %%
few = ml.load_corpus("demo", size=trained_songs)
small = ml.load_model(task, modality, few, epochs=epochs, progress=False)
small.name

# %% [markdown]
# That network has seen little. The one that this book explains was trained in the same way, on more songs and for
# longer. Its weights are part of the package, so it answers at once.

# %%
songs = ml.load_corpus(corpus, root or None)
model = ml.load_model(task, modality, songs, preset, weights=weights, root=root or None)
model.name

# %% tags=["hide-input"]
curves = {"trained here": small.card.get("history"), "used in this book": model.card.get("history")}
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
for (name, history), line in zip(curves.items(), ("o-", "--")):
    if not history:
        continue
    table = pd.DataFrame(history)
    left.plot(table.epoch, table.loss, line, color=COLOURS["audio"], label=f"{name}: training")
    left.plot(table.epoch, table.val_loss, line, color=COLOURS["lyrics"], label=f"{name}: validation")
    right.plot(table.epoch, table.val_accuracy, line, color=COLOURS["lyrics"], label=name)
left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
right.set(xlabel="epoch", ylabel="accuracy on validation songs", ylim=(0, 1))
left.legend(frameon=False, fontsize=9)
right.legend(frameon=False, fontsize=9)
chapter.figure(
    fig,
    alt="Two line charts by epoch, for the network trained here and the one used in this book: losses on the left, "
    "accuracy on validation songs on the right",
    caption="Learning curves. Solid: the network trained on this page. Dashed: the one used in this book.",
    name="fig-curves",
)

# %% tags=["remove-cell"]
chapter.glue("epochs", epochs)
chapter.glue("trained-songs", len(few.split("train")))
chapter.glue("live-accuracy", max(row["val_accuracy"] for row in small.card["history"]))

# %% [markdown]
# After {glue:text}`epochs` epochs on {glue:text}`trained-songs` songs the network of this page reaches a validation accuracy of {glue:text}`live-accuracy:.2f`. Each
# network keeps the weights of its best epoch on the validation songs, as in the thesis.
#
# The training loss can be higher than the validation loss. The reason: the demo's networks are trained on songs in which
# some cells are **muted** and some words are dropped. An explainer will ask them about such songs later, and they should
# know such songs. The validation songs are complete. {doc}`When it fails </runs/when-it-fails>` shows what happens without muting.

# %% [markdown]
# ## What it is made of
#
# The lyrics go through a RoBERTa network, and the vector of its first token stands for the text. The sound becomes a
# picture of 1,024 frames by 128 mel bands; an audio spectrogram transformer (AST) cuts it into patches and summarises
# them in one vector. Where both are there, the two vectors are put side by side, one layer normalises them, and one linear
# layer decides {cite}`sotirou2024musiclime`. The two parts meet nowhere else.

# %% tags=["hide-input"]
rows = []
for name, part in model.network.named_children():
    numbers = sum(p.numel() for p in part.parameters())
    rows.append({"part": name, "class": type(part).__name__, "numbers to learn": numbers})
pd.DataFrame(rows).style.hide(axis="index").format({"numbers to learn": "{:,}"})

# %% [markdown]
# The paper's network has about 440 million numbers to learn, and it does not start from nothing: it starts from what
# RoBERTa and AST have learned elsewhere.

# %% [markdown]
# ## What it can do, and with what
#
# The test songs come from artists that the model never met.

# %%
test = songs.kept_aside()
measures = evaluate(model, test, progress=False)

# %% tags=["hide-input"]
low, high = measures["accuracy_interval"]
chapter.glue("songs", len(test))
chapter.glue("accuracy", measures["accuracy"])
chapter.glue("low", low)
chapter.glue("high", high)
chapter.glue("chance", test.table[task].value_counts(normalize=True).max())
replaced = pd.Series(measures["replaced"], name="accuracy").rename_axis("planted genre evidence")
if test[0].evidence:
    display(replaced.to_frame().reset_index().style.hide(axis="index").format({"accuracy": "{:.3f}"}))
else:
    display(Markdown("This corpus has no planted evidence, so no accuracy without it can be given."))

# %% [markdown]
# On {glue:text}`songs` songs the accuracy is **{glue:text}`accuracy:.2f`** (95 % of {term}`bootstrap <bootstrap interval>` draws lie between {glue:text}`low:.2f` and {glue:text}`high:.2f`).
# A guess that always names the most frequent label would have an accuracy of {glue:text}`chance:.2f`.
#
# The table says what is left when the {term}`evidence` that we planted is replaced by neutral material.

# %% [markdown] tags=["only-genre"]
# For a genre model the last number should be no better than a guess. Then the model knows what we planted and
# nothing else, and an explanation that points elsewhere is wrong.

# %% [markdown] tags=["only-emotion"]
# For an emotion model nothing should change. Emotion lies in tempo, mode and loudness, and these stay. Replacing the genre
# evidence is a control here.

# %% [markdown]
# ### Class by class

# %% tags=["hide-input"]
report = measures["report"].rename_axis(task).reset_index()
report.style.hide(axis="index").format("{:.2f}", subset=["precision", "recall", "f1"]).format(
    "{:.0f}", subset="support"
)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 5.6), layout="constrained")
sns.heatmap(measures["confusion"], annot=True, fmt="d", cmap="cividis", cbar_kws={"label": "songs"}, ax=ax)
ax.set(xlabel="the model says", ylabel="the song is")
chapter.figure(
    fig,
    alt="Heat map of true classes by predicted classes, counts of test songs",
    caption="Confusion matrix: test songs by their own label and by the label that the model gives. "
    "Correct answers lie on the diagonal.",
    name="fig-confusion",
)

# %% [markdown]
# ## From the demo to the paper
#
# `preset="paper"` takes `roberta-large` and `MIT/ast-finetuned-audioset-10-10-0.4593` and the recipe of section 4.2.2 of
# the thesis. The code that runs is the same. The thesis names no batch size; the authors' notebooks load 10 songs at once
# for lyrics and 8 for audio, and so do we. The paper's recipe has **no augmentation**: no cell is muted and no word is
# dropped. Whoever trains in order to explain should take `preset="paper-muted"`, which does both: an explainer asks about
# just such songs. For the multimodal model the thesis's text says six epochs and its table five.

# %%
pd.DataFrame({" ".join(name): recipe for name, recipe in RECIPES.items()}).T

# %% [markdown]
# Other choices are one argument away: `lyrics_backbone="xlm-roberta-base"` for lyrics in other languages,
# another audio encoder, another way to join the two vectors, several labels a song:
# {doc}`Four ways to join </runs/fusion>` tries them. We had no GPU when this page was made, so it shows no times of the large
# models.
#
# The authors published their trained weights, and {doc}`Reproduce on Kaggle </runs/reproduce-on-kaggle>` reads them. They heard sound at 44.1 kHz through a filterbank made for 16 kHz. We train
# at 16 kHz, as the author of AST advises.

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** One path leads from a network that trains while you wait to the paper's.
# - **Strength.** Every accuracy stands beside what is left of it without the evidence.
# - **Limit.** There are few validation songs, so "the best epoch" is partly luck.
# - **Limit.** The intervals tell how much the choice of songs matters. They do not tell how much the seed of the training matters.
# - **What this cannot tell you.** How good such a network is on real music. Its songs were composed so that it could learn.
#
# ## Exercises
#
# **1.** How much does the seed matter? Train the lyrics model of this task with two seeds.

# %% tags=["hide-cell", "solution"]
for seed in (0, 1):
    again = ml.load_model(task, "lyrics", few, seed=seed, epochs=6, progress=False)
    print(f"seed {seed}: {max(row['val_accuracy'] for row in again.card['history']):.2f}")

# %% [markdown]
# **2.** What does the model answer to silence without words? Is it the most frequent class?

# %% tags=["hide-cell", "solution"]
silence = np.zeros((1, round(model.seconds * model.sample_rate)), np.float32)
nothing = model.predict(silence, [""])[0]
pd.Series(nothing, model.classes, name="probability").sort_values(ascending=False).to_frame().round(2)

# %% [markdown]
# **3.** Is the model as accurate as it is confident? Compare the mean probability of its answers with their accuracy.

# %% tags=["hide-cell", "solution"]
confidence = measures["probabilities"].max(axis=1).mean()
print(f"mean probability of its answers {confidence:.2f}, accuracy {measures['accuracy']:.2f}")

# %% [markdown]
# ## Summary
#
# You trained a network of the paper's shape, and met the one that this book explains: it reaches an accuracy of
# {glue:text}`accuracy:.2f` on new artists. {doc}`Data and model cards </runs/cards>` has the numbers of all six.
#
# ## Next
