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
# # Do they interact?
#
# MusicLIME gives sound and words weights on one scale, so it can say which of them matters more. It is a
# sum, so it cannot say whether they *interact*: whether a distorted guitar means something else under
# tender words. This chapter asks that question directly, and takes care to ask it on a scale on which the
# answer means something.
#
# **What you will learn:** how to measure interaction in one song; why probabilities seem to interact when
# nothing does; what the paper's head can and cannot combine; which cell and which word belong together.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>` and {doc}`Four explainers </runs/four-explainers>`.
#
# **How long, on what:** {glue:text}`took`; training the small models, once, takes longest.
#
# Everything here runs on **composed songs with planted evidence**: the figures say something about the
# method, nothing about real music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 6
seeds: int = 3
size: int = 900
taught: int = 600

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from benchmarks import xor
from musiclime.judge.interactions import additive_part, centred_log, sobol_share, two_players
from musiclime.show.figures import COLOURS, DIVERGING

# %% [markdown]
# ## Two players
#
# The smallest version of the question has two players, the sound and the words, each present or absent.
# That makes four predictions. If the sound does the same whether or not the words are there, then
#
# $$ I = v(\text{both}) - v(\text{sound}) - v(\text{words}) + v(\text{neither}) $$
#
# is zero. For "a door opens if you have the key *and* the code" it is one:

# %%
two_players([[1, 0], [0, 0]])

# %% [markdown]
# ## A grid
#
# Two players are a coarse game: all of the sound or none of it. So we draw many audio masks and many lyric
# masks, by fair coins, and ask the model about every combination. The result is a grid, with one row for
# each audio mask and one column for each lyric mask. Some of its variance belongs to the rows, some to the
# columns, and what is left is interaction. The best sum of a row effect and a column effect is what Hessel
# and Lee call EMAP. Here is their own example:

# %%
example = np.array([[-1.3, 0.3, -0.2], [0.8, 3.0, 1.1], [1.1, -0.1, 0.7]])
additive_part(example).diagonal()

# %% [markdown]
# The **share of interaction** is the variance of what EMAP leaves over, divided by all of the variance: a
# Sobol index. Means over finitely many masks carry some interaction too, so that part is subtracted, and
# the masks are left out in groups to see how far the share moves: its interval.
#
# ## The scale decides
#
# Now a trap. Take a model that *cannot* interact: its logits are a sum of something heard and something
# read.

# %%
rng = np.random.default_rng(0)
heard, read = rng.normal(0, 1, (300, 1, 3)), rng.normal(0, 1, (1, 300, 3))
logits = heard + read
probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


# %%
def both_scales(probabilities, label=0):
    scales = {"probability": probabilities, "logit": centred_log(probabilities)}
    return pd.DataFrame({scale: sobol_share(grid[..., label]) for scale, grid in scales.items()}).T


additive = both_scales(probabilities)
additive.round(3)

# %%
chapter.glue("bent", float(additive.loc["probability", "share"]))
chapter.glue("straight", float(additive.loc["logit", "share"]))

# %% [markdown]
# In probability, {glue:text}`bent:.0%` of the variance looks like interaction. It is the bend of the
# softmax: near certainty, nothing moves the answer any more. In logits the share is
# {glue:text}`straight:.0e`, which is zero. By *logit* we mean the **centred log probability**, $\log p_c$
# minus its mean over the classes: on that scale a sum of logits stays a sum, which is not so for $\log p_c$
# alone or for log-odds.
#
# And a model that does nothing but interact, an exclusive or:

# %%
bits = rng.integers(0, 2, 300) * 2 - 1
either = np.stack([np.outer(bits, bits), -np.outer(bits, bits)], axis=-1)
pure = both_scales(np.exp(either) / np.exp(either).sum(-1, keepdims=True))
chapter.glue("pure", float(pure.loc["logit", "share"]))
pure.round(3)

# %% [markdown]
# ## One song
#
# Our model fuses late: the sound has its code, the words have theirs, and a head joins the two. So 400
# audio masks and 400 lyric masks cost 800 encodings and answer 160,000 questions.

# %%
corpus = ml.load_corpus("demo").split("test")
model = ml.load_model("genre", "multimodal")
song = corpus[4]
found = ml.interaction(song, model)

# %%
found.players.round(3)

# %%
found.shares.round(3)

# %% [markdown]
# And {glue:text}`songs` songs side by side. The black line is the 95 % interval of *together*.

# %%
chapter.glue("songs", songs)
results = {one.title: ml.interaction(one, model) for one in (corpus[k] for k in range(songs))}

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 0.9 + 0.5 * songs), sharey=True, layout="constrained")
for ax, scale in zip(axes, ("probability", "logit")):
    table = pd.DataFrame({name: one.shares.loc[scale] for name, one in results.items()}).T
    bars = table[["audio", "lyrics", "share"]].rename(columns={"share": "multimodal"})
    bars.plot.barh(stacked=True, ax=ax, color=COLOURS, legend=False)
    # The interval of "together" counts from the right, where that part of the bar ends.
    ax.hlines(range(songs), 1 - table["high"], 1 - table["low"], color="black", lw=1.5)
    ax.set(title=scale, xlim=(0, 1), xlabel="share of the variance over masks")
axes[0].invert_yaxis()
fig.legend(axes[0].patches[::songs], ["audio", "lyrics", "together"], loc="outside upper right", ncols=3)
chapter.figure(
    fig,
    alt="Bars for each song: the shares of audio, lyrics and both together, in probability and in logit.",
    caption="The same predictions on two scales: what seems to be interaction in probability is mostly softmax.",
    name="fig-shares",
)

# %%
shares = pd.DataFrame({name: one.shares["share"] for name, one in results.items()}).T
for scale in shares:
    chapter.glue(f"median_{scale}", float(shares[scale].median()))
shares.round(3)

# %% [markdown]
# In the median song the share is {glue:text}`median_probability:.1%` in probability and
# {glue:text}`median_logit:.1%` in logits.
#
# ## Which part does it?
#
# For a concatenation, LayerNorm and a linear layer the head can be written down. Each mask shrinks to one
# number per class and two more,
#
# $$ \text{logit}_c = \frac{\alpha_c(\text{sound}) + \beta_c(\text{words})}{\sigma(\text{sound}, \text{words})} + b_c , $$
#
# so there is one place where sound and words meet: $\sigma$, the spread by which LayerNorm divides, the
# same for all classes. We rebuild the grid from those numbers, with $\sigma$ and with $\sigma$ held still.

# %%
from musiclime.explain import surrogate

space = ml.MusicLIME(model).space(song)
cells, words = (surrogate.draw(401, len(side), seed=7)[1:] for side in (space.audio, space.lyrics))
codes = (
    model.encode_cells(space.song.stems, cells.reshape(-1, 10, 4)),
    model.encode_lyrics(space.texts(words)),
)

# %%
numbers = model.head_audio(codes[0])[:, None] + model.head_lyrics(codes[1])[None]
sums, mean, square = numbers[..., :-2], numbers[..., -2:-1], numbers[..., -1:]
sigma = np.sqrt(square - mean**2 + model.head_eps)
closed = {"sigma held still": sums / sigma.mean(), "with sigma": sums / sigma + model.head_bias}

# %%
column = model.classes.index(found.label)
centred = {name: grid - grid.mean(-1, keepdims=True) for name, grid in closed.items()}
parts = {name: sobol_share(grid[..., column])["share"] for name, grid in centred.items()}
parts["with softmax"] = sobol_share(model.fuse_grid(*codes)[..., column])["share"]
pd.Series(parts, name="share of interaction").to_frame()

# %%
own = centred_log(model.fuse(np.repeat(codes[0][:5], 5, 0), np.tile(codes[1][:5], (5, 1)))).reshape(5, 5, -1)
chapter.glue("closed_error", float(np.abs(own - centred["with sigma"][:5, :5]).max()))
for name, value in parts.items():
    chapter.glue(name.replace(" ", "_"), float(value))

# %% [markdown]
# The closed form equals the model's own logits to {glue:text}`closed_error:.0e`. With $\sigma$ held still
# the share is {glue:text}`sigma_held_still:.0e`; $\sigma$ makes it {glue:text}`with_sigma:.0e`, and softmax
# {glue:text}`with_softmax:.1%`. So on these songs, what looked like interaction is what softmax adds.
#
# ## Could it, if it had to?
#
# Perhaps these songs just don't ask for interaction. So we compose songs that do: in the set "joint" a song
# belongs to class b if *either* its sound *or* its words carry b, but not both. Neither modality alone says
# anything about the class. Can concatenation, LayerNorm and a linear layer learn that? Only through
# $\sigma$, which contains the product of the two means. A head that *multiplies* the two codes has it
# easier.
#
# Two small towers are enough to ask: each two layers, over how loud 128 bands are, and over which words occur. The head is the paper's own, with concatenation, sum or product.

# %%
joint = ml.load_corpus("demo", evidence="joint", size=size)
data = xor.features(joint)
tried = [(fusion, seed, *xor.small(data, fusion, seed)) for fusion in xor.FUSIONS for seed in range(seeds)]
trials = pd.DataFrame(tried, columns=["fusion", "seed", "accuracy", "share"])
trials.groupby("fusion")[["accuracy", "share"]].agg(["median", "min", "max"]).round(3)

# %% [markdown]
# `accuracy` is on songs that the model never saw (chance is 0.5). The share of interaction in centred logits beside it is taken over songs
# instead of masks: the grid has the sound of one song in each row and the words of another in each column,
# so that its cells run through all four cases.

# %%
middle = trials.groupby("fusion")[["accuracy", "share"]].median()
for fusion in middle.index:
    chapter.glue(f"{fusion}_accuracy", float(middle.loc[fusion, "accuracy"]))
    chapter.glue(f"{fusion}_share", float(middle.loc[fusion, "share"]))
chapter.glue("seeds", seeds)

# %% [markdown]
# On the median of {glue:text}`seeds` seeds concatenation reaches an accuracy of {glue:text}`concat_accuracy:.2f` with a share of
# {glue:text}`concat_share:.2f`, the sum {glue:text}`sum_accuracy:.2f` with {glue:text}`sum_share:.2f`, the product {glue:text}`product_accuracy:.2f` with
# {glue:text}`product_share:.2f`. How reliably was measured once over more seeds, and is kept in `data/measured/xor.csv`:

# %%
recorded = Path("data/measured/xor.csv")
over_seeds = pd.read_csv(recorded, comment="#") if recorded.exists() else trials
solved = over_seeds.assign(solved=over_seeds["accuracy"] > 0.9).groupby("fusion")
pd.concat([solved["accuracy"].describe()[["count", "50%", "max"]], solved["solved"].sum()], axis=1).round(2)

# %% tags=["remove-cell"]
for fusion, count in solved["solved"].sum().items():
    chapter.glue(f"solved_{fusion}", int(count))
chapter.glue("tries", int(solved["solved"].count()["concat"]))

# %% [markdown]
# Of {glue:text}`tries` seeds each, concatenation solves it (accuracy above 0.9) in {glue:text}`solved_concat`, the sum in {glue:text}`solved_sum`, the product in {glue:text}`solved_product`. In the paper's head sound and words can meet only in the
# spread that LayerNorm divides by: concatenated, that is the product of two means; summed, it holds the product of every two units; and one that multiplies needs no detour. The two-class set is ours, and easy: it says what a head can learn, not what real songs ask of it.
#
# ## Which cell, which word?
#
# If something interacts, *what* does? The same grid answers for every cell with every word at once. In the
# set "both" a song is b only if its sound *and* its words carry b. So the pairs that matter are known: a
# planted cell with a planted word.

# %%
both = ml.load_corpus("demo", evidence="both", size=taught)
judge = ml.load_model("genre", corpus=both, progress=False)
says = lambda one: judge.classes[judge.predict(one.audio[None], [one.lyrics])[0].argmax()]
b_songs = list(both.where((both.table["split"] == "test") & (both.table["genre"] == "b")))
right = [one for one in b_songs if says(one) == "b"]
chapter.glue("b_right", len(right))
chapter.glue("b_all", len(b_songs))
b_songs = right
pairs = ml.interaction(b_songs[0], judge, "b")
pairs.pairs.head(8)

# %% tags=["hide-input"]
names = [[feature.name for feature in side] for side in (pairs.cells, pairs.words)]
strongest = np.argsort(-np.abs(pairs.matrix).max(axis=0), kind="stable")[:12]
matrix = pd.DataFrame(pairs.matrix, *names).iloc[:, strongest]
fig, ax = plt.subplots(figsize=(8, 8), layout="constrained")
told = {"label": "weight of the pair, centred log p"}
sns.heatmap(matrix, center=0, cmap=DIVERGING, yticklabels=True, cbar_kws=told, ax=ax)
rings = np.argwhere(pairs.stands_out[:, strongest]) + 0.5
ax.scatter(rings[:, 1], rings[:, 0], s=70, facecolors="none", edgecolors="black")
ax.set_title(f"together, for {pairs.label}")
chapter.figure(
    fig,
    alt="Heatmap of the weight of each stem and segment with each of the words of the strongest pairs.",
    caption="Cells down, words across. A ring marks pairs that stand out from the noise of all pairs.",
    name="fig-pairs",
)


# %%
def planted(one, result):
    """Which pairs are a planted cell with a planted word."""
    evidence = one.evidence["genre"]
    cell = [(f.stem, f.segment) in {tuple(c) for c in evidence["cells"]} for f in result.cells]
    return np.outer(cell, [f.name in evidence["words"] for f in result.words])


# %%
from sklearn.metrics import roc_auc_score

rows = []
for one in [one for one in b_songs if all(one.evidence["genre"].values())][:songs]:
    result = ml.interaction(one, judge, "b")
    truth = planted(one, result)
    first = truth.ravel()[np.abs(result.matrix).argmax()]
    rows.append(
        (one.title, roc_auc_score(truth.ravel(), result.matrix.ravel()), first, result.stands_out.sum())
    )
pair_marks = pd.DataFrame(rows, columns=["song", "AUC of planted pairs", "the first is planted", "stand out"])
pair_marks.round(2)

# %%
chapter.glue("pair_auc", float(pair_marks["AUC of planted pairs"].mean()))
chapter.glue("pair_first", int(pair_marks["the first is planted"].sum()))
chapter.glue("pair_songs", len(pair_marks))

# %% [markdown]
# The model calls {glue:text}`b_right` of {glue:text}`b_all` test songs of class b by that name; the first of these are asked. A planted pair lies above an unplanted one in {glue:text}`pair_auc:.0%` of comparisons (50 % is guessing), and the strongest pair of all
# is a planted one in {glue:text}`pair_first` of {glue:text}`pair_songs` songs. A ring is rare on purpose:
# there are thousands of pairs, so a ring must stand out from the sampling noise and from what a typical
# pair of the song weighs, by a test that counts how often it was asked (Holm's).
#
# ## Is it true of the song itself?
#
# The pair matrix is an average over masks. Does it hold at the song as it is? Take a pair away together,
# and each half by itself, and compare. The strongest pairs should interact more than pairs drawn at random.

# %%
explainer = ml.MusicLIME(judge)


def together(one, cells, words):
    """v(all) - v(without cell) - v(without word) + v(without both), for pairs of positions, in logits."""
    space, cells, words = explainer.space(one), np.asarray(cells), np.asarray(words)
    masks = np.ones((4, len(cells), len(space.audio) + len(space.lyrics)), dtype=bool)
    each = np.arange(len(cells))
    for k in (1, 3):
        masks[k, each, cells] = False
    for k in (2, 3):
        masks[k, each, len(space.audio) + words] = False
    out = centred_log(explainer.outputs(space, masks.reshape(-1, masks.shape[2])))[
        :, judge.classes.index("b")
    ]
    out = out.reshape(4, -1)
    return out[0] - out[1] - out[2] + out[3]


# %%
strongest = np.unravel_index(np.argsort(-pairs.matrix, axis=None)[:20], pairs.matrix.shape)
random = [rng.integers(n, size=400) for n in pairs.matrix.shape]
check = {"strongest": together(b_songs[0], *strongest), "random": together(b_songs[0], *random)}
chance = np.array([rng.choice(check["random"], 20).mean() for _ in range(1000)])
chapter.glue("strong", float(check["strongest"].mean()))
chapter.glue("weak", float(check["random"].mean()))
chapter.glue("rarer", float((chance >= check["strongest"].mean()).mean()))
pd.DataFrame({name: pd.Series(values).describe() for name, values in check.items()}).round(4)

# %% [markdown]
# The twenty strongest pairs interact by {glue:text}`strong:.1e` on average, random ones by
# {glue:text}`weak:.1e`; of a thousand random twenties, {glue:text}`rarer:.1%` reach as much.
#
# ## Listen
#
# The explanation of the same song once more. Its weights say nothing about pairs: compare the rings above.

# %%
chapter.player(explainer.explain(b_songs[0]), b_songs[0])

# %% [markdown]
# ## Strengths
#
# - A share with an interval, on a scale that does not mistake the bend of a softmax for a finding.
# - For late fusion the whole pair matrix costs no more than an explanation.
#
# ## Limits
#
# - A song shows only the interactions that its own parts can show. Muting half of the evidence is not the
#   same as replacing it by evidence for something else; the grid over songs is.
# - Among thousands of pairs only strong ones stand out. That none does is no proof that there is none.
# - For a model that does not fuse late every combination is a prediction of its own, and fewer masks are
#   affordable.
#
# ## What this cannot tell you
#
# Whether sound and words interact for a *listener*. This is the interaction inside one model.

# %% [markdown]
# ## Exercises
#
# **1.** Measure the additive toy on $\log p$ (not centred) and on log-odds. Which of the two calls it
# additive?

# %% tags=["hide-cell", "solution"]
odds = np.log(probabilities / (1 - probabilities))
scales = {"log p": np.log(probabilities), "log-odds": odds}
pd.Series({name: sobol_share(y[..., 0])["share"] for name, y in scales.items()}, name="share").round(3)

# %% [markdown]
# **2.** Does the answer depend on the number of masks? Repeat the measurement of the first song with 50,
# 100 and 200 masks of each kind, and compare shares and intervals.

# %% tags=["hide-cell", "solution"]
few = {n: ml.interaction(song, model, masks=(n, n)).shares.loc["logit"] for n in (50, 100, 200)}
pd.DataFrame(few).T[["share", "low", "high"]].round(4)

# %% [markdown]
# **3.** Take lines instead of words (`unit="line"`). Fewer features, larger pairs: do more of them stand
# out?

# %% tags=["hide-cell", "solution"]
lines = ml.interaction(b_songs[0], judge, "b", unit="line")
print(lines.stands_out.sum(), "pairs with lines,", pairs.stands_out.sum(), "with words")

# %% [markdown]
# ## Summary
#
# Interaction is what is left of a grid of audio masks and lyric masks once rows and columns are taken out.
# Probabilities show some even when nothing interacts, centred log probabilities do not. In the paper's head
# sound and words meet in one number, the spread by which LayerNorm divides; whether that is enough is a
# question that songs can be composed for.
#
# ## Next
#
# {doc}`What would change its mind? </runs/counterfactual>` asks for the smallest change that flips the answer.
