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
# # Data and model cards
#
# **What you will learn.** What the corpus and the six classifiers of this book are, what they are made for, and what they are not made for. Every number is computed when this page is built.
#
# **What you need.** {doc}`The demo songs </runs/demo-songs>` for the corpus, {doc}`Train </runs/train-genre-multimodal>` for the models.
#
# **How long, on what.** {glue:text}`took`.

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.models.evaluation import evaluate
from musiclime.models.training import RECIPES
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
asked: int = 270

# %% [markdown]
# `asked` is the number of test songs that each model is asked about.

# %%
songs = ml.load_corpus(corpus, root or None)
test = songs if preset == "real" else songs.kept_aside()
test = test.where(np.arange(len(test)) < asked)
tasks = ["genre"] if preset == "real" else ["genre", "emotion"]  # the real models tell no emotion of the nine
tasks = [task for task in tasks if (~songs.table[task].isin(["", "other"])).any()]

# %%
models, measures = {}, {}
for task in tasks:
    for modality in ("multimodal", "audio", "lyrics"):
        options = {"weights": weights, "root": root or None, "progress": False}
        model = ml.load_model(task, modality, songs, preset, **options)
        labelled = test.where(test.table[task].isin(model.classes))
        models[task, modality] = model
        measures[task, modality] = evaluate(model, labelled, progress=False)


# %% tags=["hide-input"]
def show(rows):
    """A card: what is said on the left, what is true on the right."""
    table = pd.DataFrame(list(rows.items()), columns=["what", "value"])
    style = table.style.hide(axis="index")
    display(style.set_properties(**{"text-align": "left", "white-space": "normal"}))


def listed(values):
    return ", ".join(f"{name} {value}" for name, value in values.items())


# %% [markdown]
# ## The corpus

# %% tags=["hide-input"]
counts = songs.table["split"].value_counts()
card = {
    "name": f"{songs.name}, fingerprint {songs.fingerprint}",
    "size": f"{len(songs):,} songs",
    "splits": f"{listed(counts)}; no artist is in two of them",
    "labels": ", ".join(tasks),
}
if songs.name.startswith("demo"):
    card |= {
        "what it is": "composed songs with four true stems, lyrics of which a passage is sung, and labels",
        "evidence": "known song by song: the words and the stem x segment cells that carry the genre",
        "made for": "marking explanations right or wrong, because we know where a label comes from",
        "not made for": "training or judging a model of real music; any statement about a genre or its listeners",
        "known limits": "simple patterns, few words, English except for one song in a hundred, ten seconds; "
        "we chose what carries a genre",
        "licence": "the code that composes it MIT, its text and sound CC BY 4.0; it holds nobody's music",
    }
show(card)

# %% [markdown]
# How many songs of each class are in it:

# %% tags=["hide-input"]
for task in tasks:
    table = pd.crosstab(songs.table[task], songs.table["split"]).reset_index()
    display(table.rename_axis(columns=None).style.hide(axis="index"))


# %% tags=["hide-input"]
def architecture(model):
    """The encoders and the head of a network, in words."""
    network = getattr(model, "network", None)
    if network is None:
        return type(model).__name__
    told = []
    for name, tower in (("hears", network.audio), ("reads", network.lyrics)):
        if tower is not None:
            shape = f"{tower.config.num_hidden_layers} x {tower.config.hidden_size}"
            told.append(f"{name}: {type(tower).__name__}, {shape}")
    size = sum(p.numel() for p in network.parameters())
    return "; ".join([*told, f"{size:,} numbers to learn"])


def most_frequent_mistake(confusion):
    """The pair of classes that is confused most often, in words."""
    pairs = confusion.stack()
    wrong = pairs[[truth != guess for truth, guess in pairs.index]]
    if not wrong.any():
        return "none"
    truth, guess = wrong.idxmax()
    return f"{truth} taken for {guess} ({wrong.max()} songs)"


# %% tags=["hide-input"]
def model_card(task, modality):
    """Show the card of one model; a sentence where the corpus has no such label."""
    if (task, modality) not in models:
        display(Markdown(f"The songs of corpus {songs.name} have no {task}."))
        return
    model, found = models[task, modality], measures[task, modality]
    low, high = found["accuracy_interval"]
    rows = {
        "name": model.name,
        "network": architecture(model),
        "learned from": f"{counts.get('train', 0)} songs of {songs.name}",
        "recipe": listed(model.card.get("recipe", {})) or "not trained here",
        "accuracy": f"{found['accuracy']:.3f} (95 % interval {low:.3f} to {high:.3f})",
        "macro F1": f"{found['macro_f1']:.3f}",
    }
    if not test[0].evidence:
        rows["accuracy without its evidence"] = "not known: the songs have no planted evidence"
    else:
        for case, accuracy in found["replaced"].items():
            if case != "as it is":
                rows[f"accuracy, {case}"] = f"{accuracy:.3f}"
    rows |= {
        "most frequent mistake": most_frequent_mistake(found["confusion"]),
        "versions": listed(model.card.get("versions", {})),
        "made for": "showing, questioning and marking explanations",
        "not made for": "labelling anybody's music",
    }
    show(rows)


# %% [markdown]
# ## Genre
#
# Rows that say *replaced* give the accuracy when the planted genre {term}`evidence` is exchanged for neutral material: in the words, in the sound, or in both.
#
# ### Sound and lyrics

# %% tags=["hide-input"]
model_card("genre", "multimodal")

# %% [markdown]
# ### Sound only

# %% tags=["hide-input"]
model_card("genre", "audio")

# %% [markdown]
# ### Lyrics only

# %% tags=["hide-input"]
model_card("genre", "lyrics")

# %% [markdown]
# ## Emotion
#
# For an emotion model, replacing the genre evidence is a control: nothing should change.
#
# ### Sound and lyrics

# %% tags=["hide-input"]
model_card("emotion", "multimodal")

# %% [markdown]
# ### Sound only

# %% tags=["hide-input"]
model_card("emotion", "audio")

# %% [markdown]
# ### Lyrics only

# %% tags=["hide-input"]
model_card("emotion", "lyrics")

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Each card describes the very model that the other chapters explain.
# - **Limit.** Each model was trained once. Another seed gives other weights and a slightly different accuracy.
# - **Limit.** The data sets of the paper have their cards in {doc}`Curation </runs/curation>`. Cards of the paper's own models are for their authors to write.
# - **What this cannot tell you.** How a model of composed songs does on real music: it has heard none.
#
# ## Exercises
#
# **1.** Which of the models is most confident when it is wrong?

# %% tags=["hide-cell", "solution"]
for (task, modality), found in measures.items():
    model = models[task, modality]
    truth = test.table[task][test.table[task].isin(model.classes)].to_numpy()
    answers = found["probabilities"]
    guesses = np.array(model.classes)[answers.argmax(axis=1)]
    wrong = guesses != truth
    print(
        f"{task}, {modality}: mean probability of its wrong answers {answers.max(axis=1)[wrong].mean():.2f}"
    )

# %% [markdown]
# **2.** Is any artist in two splits?

# %% tags=["hide-cell", "solution"]
splits_of_artist = songs.table.groupby("artist")["split"].nunique()
print((splits_of_artist > 1).sum(), "artists are in more than one split")

# %% [markdown]
# **3.** What would change in a card of the paper's preset? Begin with the recipe.

# %% tags=["hide-cell", "solution"]
pd.DataFrame({kind: RECIPES["paper", kind] for kind in ("multimodal", "audio", "lyrics")})

# %% tags=["remove-cell"]
best = max(measures, key=lambda pair: measures[pair]["accuracy"])
chapter.glue("best", " ".join(best))
chapter.glue("best-accuracy", measures[best]["accuracy"])

# %% [markdown]
# ## Summary
#
# One corpus, one card for each model. The model with the highest accuracy is {glue:text}`best`: {glue:text}`best-accuracy:.2f` on the test songs.
#
# ## Next
