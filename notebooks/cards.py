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
# **What you will learn.** What the book's corpus and its six classifiers are, what they are for, and what they are not for, a card each. Every number is computed when the book is built.
#
# **What you need.** {doc}`The demo songs </runs/demo-songs>` for the corpus, {doc}`Train </runs/train-genre-multimodal>` for the models.
#
# **How long, on what.** {glue:text}`took`, once the six models are in the cache.
#
# All songs here are composed by our code: what these models can do, they can do on such songs, and nothing follows for real music.

# %% tags=["remove-cell"]
import pandas as pd

import musiclime as ml
from musiclime.data.composer.styles import SHARES
from musiclime.models.evaluation import evaluate
from musiclime.models.training import RECIPES
from musiclime.show import chapter

# %% tags=["remove-cell"]
corpus = ml.load_corpus("demo")
test, splits = corpus.split("test"), ["train", "val", "test"]
pairs = [(task, kind) for task in ("genre", "emotion") for kind in ("multimodal", "audio", "lyrics")]
models = {pair: ml.load_model(*pair, progress=False) for pair in pairs}

# %% tags=["remove-cell"]
left = {"text-align": "left", "white-space": "normal"}
show = lambda rows: pd.Series(rows, name="").to_frame().style.set_properties(**left)

# %% [markdown]
# ## The demo corpus

# %% tags=["hide-input"]
by = corpus.table["split"].value_counts()
show(
    {
        "name": f"{corpus.name}, table {corpus.fingerprint}",
        "what it is": "composed songs with four true stems, lyrics of which a passage is sung, and labels",
        "size": f"{len(corpus):,} songs of {test[0].seconds:.2f} s at {test[0].sample_rate:,} Hz",
        "splits": ", ".join(f"{by[name]} {name}" for name in splits) + "; no artist is in two of them",
        "labels": f"{len(ml.GENRES)} genres, {len(ml.EMOTIONS)} emotions, valence, energy",
        "evidence": "recorded song by song: the words and the stem x segment cells that bear the genre",
        "made for": "marking explanations: where a label comes from is known",
        "not made for": "training or judging a model of real music; any statement about a genre or its listeners",
        "known limits": "simple patterns, a small lexicon, English but for a song in a hundred, ten seconds; what bears a genre is our choice",
        "licence": "the code that composes it MIT, its text and sound CC BY 4.0; nobody's music is in it",
    }
)

# %% [markdown]
# Songs by genre, and the evidence as planned: the share of songs without any, and how many pieces the others hold on average. Emotion is drawn apart from genre.

# %%
planned = ["no evidence cell", "mean cells", "no evidence word", "mean words"]
songs = pd.crosstab(corpus.table["genre"], corpus.table["split"])[splits]
songs.join(pd.DataFrame.from_dict(SHARES, orient="index", columns=planned))

# %%
pd.crosstab(corpus.table["emotion"], corpus.table["split"])[splits]

# %% tags=["remove-cell"]
measures = dict(zip(pairs, evaluate(list(models.values()), test, progress=False)))


def parts(model):
    towers = {"hears": model.network.audio, "reads": model.network.lyrics}
    told = [
        f"{name}: {type(tower).__name__}, {tower.config.num_hidden_layers} x {tower.config.hidden_size}"
        for name, tower in towers.items()
        if tower is not None
    ]
    return "; ".join([*told, f"head: {type(model.network.head).__name__}"])


# %% tags=["remove-cell"]
def scores(found):
    replaced = found["replaced"]
    return {
        "accuracy": f"{found['accuracy']:.3f} on {len(test)} test songs, 95 % interval "
        f"{found['accuracy_interval'][0]:.3f} to {found['accuracy_interval'][1]:.3f}; "
        f"macro-F1 {found['macro_f1']:.3f}",
        "genre evidence replaced": ", ".join(
            f"{case.split()[0]} {value:.3f}" for case, value in replaced.items() if case != "as it is"
        ),
    }


# %% tags=["remove-cell"]
def mistake(found):
    pairs_of = found["confusion"].stack()
    wrong = pairs_of[[truth != guess for truth, guess in pairs_of.index]]
    return f"{wrong.idxmax()[0]} taken for {wrong.idxmax()[1]} ({wrong.max()} of {len(test)})"


# %% tags=["remove-cell"]
def card(task, modality):
    model, told = models[task, modality], models[task, modality].card
    hears = {"audio": f"{model.seconds} s at {model.sample_rate:,} Hz", "lyrics": "the first 256 tokens"}
    named = lambda values: ", ".join(f"{key} {value}" for key, value in values.items())
    return show(
        {
            "name": model.name,
            "task, modality": f"{task}, {modality}",
            "architecture": parts(model),
            "parameters": f"{sum(p.numel() for p in model.network.parameters()):,}",
            "input": "; ".join(hears[kind] for kind in model.card["configurations"]),
            "learned from": f"{by['train']} songs of {told['corpus']['name']} (composed)",
            "recipe": named(told["recipe"]) + f"; kept epoch {told['metrics']['epoch']}",
            **scores(measures[task, modality]),
            "versions": named(told["versions"]),
            "made for": "showing, questioning and marking explanations",
            "not made for": "labelling anybody's music",
            "most frequent mistake": mistake(measures[task, modality]),
        }
    )


# %% [markdown]
# ## Genre, multimodal
#
# In the cards below, *genre evidence replaced* gives the accuracy when the planted words, the planted cells, or both are exchanged for neutral material. A genre model should fall to chance; for an emotion model the exchange is a control.

# %% tags=["hide-input"]
card("genre", "multimodal")

# %% [markdown]
# ## Genre, audio

# %% tags=["hide-input"]
card("genre", "audio")

# %% [markdown]
# ## Genre, lyrics

# %% tags=["hide-input"]
card("genre", "lyrics")

# %% [markdown]
# ## Emotion, multimodal

# %% tags=["hide-input"]
card("emotion", "multimodal")

# %% [markdown]
# ## Emotion, audio

# %% tags=["hide-input"]
card("emotion", "audio")

# %% [markdown]
# ## Emotion, lyrics

# %% tags=["hide-input"]
card("emotion", "lyrics")

# %% tags=["remove-cell"]
best = max(pairs, key=lambda pair: measures[pair]["accuracy"])
chapter.glue("best", " ".join(best))
chapter.glue("best-accuracy", measures[best]["accuracy"])
chapter.glue("best-replaced", measures[best]["replaced"]["both replaced"])
chapter.glue("songs", len(corpus))

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** A card is made from the model that the other chapters explain, by the code that builds them.
# - **Limit.** One training a model. Another seed gives other weights, and a somewhat other accuracy.
# - **Limit.** The data sets of the paper have their cards in {doc}`Curation </runs/curation>`; the paper's models, theirs with their authors.
# - **What this cannot tell you.** How any of these models would do on real music: none has heard any.
#
# ## Exercises
#
# **1.** Which of the six is surest of itself when it is wrong?

# %% tags=["hide-cell", "solution"]
for pair, found in measures.items():
    answer = found["probabilities"]
    truth = test.table[pair[0]].map(models[pair].classes.index).to_numpy()
    print(*pair, "is sure at", answer.max(1)[answer.argmax(1) != truth].mean().round(2), "when wrong")

# %% [markdown]
# **2.** Is any artist in two splits?

# %% tags=["hide-cell", "solution"]
print((corpus.table.groupby("artist")["split"].nunique() > 1).sum(), "artists are in more than one split")

# %% [markdown]
# **3.** What would change in a card of the paper's own preset? Begin with the recipe.

# %% tags=["hide-cell", "solution"]
pd.DataFrame({kind: RECIPES["paper", kind] for kind in ("multimodal", "audio", "lyrics")})

# %% [markdown]
# ## Summary
#
# {glue:text}`songs:,d` composed songs, six models. The best on the test songs is {glue:text}`best` with {glue:text}`best-accuracy:.2f`; with the genre evidence replaced it keeps {glue:text}`best-replaced:.2f`.
#
# **Next.** {doc}`Ethics </book/reference/ethics>`: what cards do not settle.
