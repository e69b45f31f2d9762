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
# MusicLIME gives sound and words weights on one scale, so it can say which of them matters more. It is a sum, so it
# cannot say whether they *interact*: whether a distorted guitar means something else under tender words.
#
# **What you will learn:** to measure interaction in one song; why probabilities seem to interact when nothing does;
# which heads can combine sound and words; which cell and which word belong together.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>` and {doc}`Four explainers </runs/four-explainers>`.
#
# **How long, on what:** {glue:text}`took`; composing songs for the *exclusive or* takes longest.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
preset: str = "demo"
weights: str = "pretrained"
songs: int = 3
size: int = 300
masks: int = 200

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
import seaborn as sns

from benchmarks import xor
from musiclime.judge.interactions import centred_log, sobol_share, two_players
from musiclime.judge.scores import score
from musiclime.show.figures import COLOURS, DIVERGING, INK, SMALLEST_TYPE

# %% [markdown]
# ## Two players
#
# The smallest version has two players, the sound and the words, each present or absent: four predictions. If the sound
# does the same with and without the words, then
#
# $$ I = v(\text{both}) - v(\text{sound}) - v(\text{words}) + v(\text{neither}) $$
#
# is zero. For "a door opens if you have the key *and* the code" it is one:

# %%
two_players([[1, 0], [0, 0]])

# %% [markdown]
# ## A grid
#
# Two players are a coarse game. So we draw many audio masks and many lyric masks by fair coins, and ask the model about
# every combination: a grid with a row for each audio mask and a column for each lyric mask. The best sum of a row
# effect and a column effect is what Hessel and Lee {cite}`hessel2020emap` call EMAP. Here is their own example:

# %%
grid = np.array([[-1.3, 0.3, -0.2], [0.8, 3.0, 1.1], [1.1, -0.1, 0.7]])
rows, columns = grid.mean(1, keepdims=True), grid.mean(0, keepdims=True)
additive = rows + columns - grid.mean()
additive.diagonal()

# %% [markdown]
# What EMAP leaves over is interaction. Its share in the variance of the grid is a Sobol index. `sobol_share` also takes
# off the sampling noise of the means and gives an interval.

# %%
rest = grid - additive
print(f"share of interaction, noise not taken off: {(rest**2).sum() / ((grid - grid.mean()) ** 2).sum():.2f}")

# %% [markdown]
# The interval is a jackknife over groups of masks. It is too narrow where the share is near 1 or where a few entries
# of the grid decide the variance.
#
# ## The scale decides
#
# Take a model that *cannot* interact: its logits are a sum of something heard and something read.

# %%
rng = np.random.default_rng(0)
logits = rng.normal(0, 1, (300, 1, 3)) + rng.normal(0, 1, (1, 300, 3))
probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
scales = {"probability": probabilities, "centred log p": centred_log(probabilities)}
pd.DataFrame({scale: sobol_share(values[..., 0]) for scale, values in scales.items()}).T.round(3)

# %% [markdown]
# In probability some of the variance looks like interaction. The cause is the bend of the softmax: near certainty
# nothing moves the answer any more. On the **centred log probability**, $\log p_c$ minus its mean over the classes, a sum
# of logits stays a sum, and the share is zero. That is not so for $\log p_c$ alone or for log-odds.
#
# ## Songs
#
# Our model fuses late: it encodes the sound and the words apart, and a head joins the two codes. So a grid of many
# thousands of questions costs only a few hundred encodings.

# %% tags=["hide-input"]
data = ml.load_corpus(corpus, root or None)
model = ml.load_model("genre", "multimodal", data, preset, weights=weights, root=root or None, progress=False)
test = data.kept_aside()
songs = min(songs, len(test))

# %%
results = {
    one.title: ml.interaction(one, model, masks=(masks, masks)) for one in (test[k] for k in range(songs))
}

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 1 + 0.5 * songs), sharey=True, layout="constrained")
for ax, scale, title in zip(axes, ("probability", "logit"), ("probability", "centred log p")):
    table = pd.DataFrame({name: one.shares.loc[scale] for name, one in results.items()}).T
    bars = table[["audio", "lyrics", "share"]].rename(columns={"share": "multimodal"})
    bars.plot.barh(stacked=True, ax=ax, color=COLOURS, legend=False)
    # The interval of "together" counts from the right, where that part of the bar ends.
    reach = [table["high"] - table["share"], table["share"] - table["low"]]
    ax.errorbar(1 - table["share"], range(songs), xerr=reach, fmt="none", ecolor="black", capsize=4)
    ax.set(title=title, xlim=(0, 1), xlabel="share of the variance over masks")
axes[0].invert_yaxis()
fig.legend(axes[0].patches[::songs], ["sound", "words", "together"], loc="outside upper right", ncols=3)
chapter.figure(
    fig,
    alt="Bars for each song: the shares of sound, of words and of both together, in probability and in centred log probability.",
    caption="The same predictions on two scales. The black line is the 95 % interval of *together*.",
    name="fig-shares",
)

# %%
shares = pd.DataFrame({name: one.shares["share"] for name, one in results.items()}).T
shares.rename(columns={"logit": "centred log p"}).round(3)

# %% [markdown]
# ## Which part of the head does it?
#
# The paper's head is concatenation, LayerNorm and a linear layer. All it needs to know of a masked sound or
# text is one number per class, $\alpha_c$ or $\beta_c$, and two more for $\sigma$:
#
# $$ \text{logit}_c = \frac{\alpha_c(\text{sound}) + \beta_c(\text{words})}{\sigma(\text{sound}, \text{words})} + b_c , $$
#
# so sound and words meet in one place: $\sigma$, the spread by which LayerNorm divides, the same for all classes.
# We build the grid again, once with $\sigma$ and once with its mean in its place. (A model with another head has no
# $\sigma$: then the demo's model is taken apart here.)

# %% tags=["remove-cell"]
paper_head = model if hasattr(model, "head_audio") else ml.load_model("genre", "multimodal")

# %%
from musiclime.explain.masks import coins

space = ml.MusicLIME(paper_head).space(test[0])
audio_masks, lyric_masks = (coins(masks, len(side), seed=7) for side in (space.audio, space.lyrics))
sound = paper_head.encode_cells(space.song.stems, audio_masks.reshape(-1, 10, 4))
words = paper_head.encode_lyrics(space.texts(lyric_masks))

numbers = paper_head.head_audio(sound)[:, None] + paper_head.head_lyrics(words)[None]
sums, mean, square = numbers[..., :-2], numbers[..., -2:-1], numbers[..., -1:]
sigma = np.sqrt(square - mean**2 + paper_head.head_eps)

# %%
whole = paper_head.predict(space.song.audio[None], [space.song.lyrics])[0]
column = int(whole.argmax())
grids = {
    "sigma held still": sums / sigma.mean(),
    "with sigma": sums / sigma + paper_head.head_bias,
    "with softmax": paper_head.fuse_grid(sound, words),
}
parts = {}
for name, values in grids.items():
    if name != "with softmax":
        values = values - values.mean(-1, keepdims=True)
    parts[name] = sobol_share(values[..., column])["share"]
pd.Series(parts, name="share of interaction").to_frame().round(4)

# %% [markdown]
# What the softmax adds to the share is no interaction: it is the bend again.
#
# ## Could a head learn interaction, if it had to?
#
# Perhaps these songs do not ask for interaction. In the set "joint" a song belongs to class b if *either* its sound *or*
# its words carry b, but not both: an exclusive or. Neither modality alone says anything about the class.
#
# Can concatenation with LayerNorm learn it? In $\sigma$ the two codes meet:
# $\sigma^2 = (q_a + q_t)/D - ((s_a + s_t)/D)^2$, with $s$ the sum and $q$ the sum of squares of the code of the sound
# ($a$) or of the words ($t$), and $D$ units in all. The product of the two sums is one way to an exclusive or. But
# codes that sum to zero can do it too: the gain $1/\sqrt{q_a + q_t}$ alone bends the sum enough. So the head *can* do
# it; whether training finds it is another question, and training that stops early hides the answer.
# `benchmarks/xor.py` therefore trains until the validation songs are right, or for several hundred epochs.

# %% tags=["hide-input"]
file = chapter.data_folder() / "measured" / "xor.csv"
recorded = pd.read_csv(file, comment="#").rename(columns={"fusion": "head"})
every = recorded
recorded = every[every["strength"] == 1].copy()
recorded["solved"] = recorded["accuracy"] > 0.9
summary = recorded.groupby("head")
pd.DataFrame(
    {
        "seeds": summary.size(),
        "solved (accuracy over 0.9)": summary["solved"].sum(),
        "median accuracy": summary["accuracy"].median(),
        "best accuracy": summary["accuracy"].max(),
        "median share of interaction": summary["share"].median(),
    }
).round(2)

# %% [markdown]
# **And where the interaction is weaker?** With strength $\lambda$ a song counts as class b to the extent
# $\lambda\,(h \text{ xor } w) + (1 - \lambda)\,(h + w) / 2$, where $h$ and $w$ are 1 if its sound, or its words, say
# b: at strength 0 the two only add up. The share of interaction in the probability is then known. *Intervals that
# hold*: how often the interval of a grid of 40 sounds x 40 words contains the share of the whole grid. *Detected*:
# how often that interval lies above 0.05.

# %% tags=["hide-input"]
by_strength = every.groupby("strength")
columns = {
    "accuracy": "accuracy",
    "planted share": "planted share",
    "true probability": "the model's share",
    "coverage probability": "intervals that hold",
    "detected probability": "detected",
}
by_strength[list(columns)].mean().rename(columns=columns).round(2)

# %% [markdown]
# Small encoders were used: they hear how loud 128 bands are and read which words occur. The share is taken over songs
# instead of masks: we combine the sound of one song with the words of another, so that all four cases occur. A head
# that multiplies the codes needs no detour. Here it is, live:

# %%
joint = ml.load_corpus("demo", evidence="joint", size=size)
data = xor.Features(joint)
network, epochs = xor.train_small(data, "product", seed=0, epochs=60)
chosen = np.flatnonzero(data.split == "test")
print(f"accuracy {xor.accuracy(network, data, chosen):.2f} after {epochs} epochs, {size} songs")
print(f"share of interaction over songs {xor.interaction(network, data, chosen):.2f}")

# %% [markdown]
# ## Which cell, which word?
#
# If something interacts, *what* does? The same grid answers for every cell with every word at once:
# $f(\text{both}) - f(\text{one}) - f(\text{other}) + f(\text{neither})$, averaged over all else. Ask the model that has
# learned the exclusive or. Planted cells should pair with planted words.

# %% tags=["hide-input"]
judge = xor.SmallFusion(network, data)
asked = []
for one in joint.split("test"):
    evidence = one.evidence["genre"]
    says = judge.predict(one.audio[None], [one.lyrics])[0]
    if evidence["cells"] and evidence["words"] and judge.classes[says.argmax()] == one.genre:
        asked.append(one)
    if len(asked) == songs:
        break

found = {one.id: ml.interaction(one, judge, one.genre, masks=(masks, masks)) for one in asked}


# %% tags=["hide-input"]
def planted_pairs(one, result):
    """Which pairs are a planted cell with a planted word."""
    evidence = one.evidence["genre"]
    planted_cells = {tuple(cell) for cell in evidence["cells"]}
    cell = [(feature.stem, feature.segment) in planted_cells for feature in result.cells]
    word = [feature.name in evidence["words"] for feature in result.words]
    return np.outer(cell, word)


# %% tags=["hide-input"]
rows = []
for one in asked:
    result, truth = found[one.id], planted_pairs(one, found[one.id])
    marked = score(np.abs(result.matrix).ravel(), truth.ravel())
    rings = result.stands_out
    rows.append(
        {
            "song": one.title,
            "AUC of planted pairs": marked["auc"],
            "the largest is planted": bool(marked["pointing"]),
            "pairs": truth.size,
            "marked": int(rings.sum()),
            "planted among the marked": int(truth[rings].sum()),
        }
    )
pd.DataFrame(rows).round(2)

# %% [markdown]
# A pair is *marked* only if it stands out from the sampling noise of all pairs and from the typical pair, and is at least
# 0.02 on the scale of the centred log p. With few masks it can happen that none is marked; the AUC does not need the
# marks.

# %% tags=["hide-input"]
if asked:
    pairs = found[asked[0].id]
    names = [[feature.name for feature in side] for side in (pairs.cells, pairs.words)]
    strongest = np.argsort(-np.abs(pairs.matrix).max(axis=0), kind="stable")[:12]
    matrix = pd.DataFrame(pairs.matrix, *names).iloc[:, strongest]
    fig, ax = plt.subplots(figsize=(7, 6.2), layout="constrained")
    told = {"label": "weight of the pair, centred log p"}
    sns.heatmap(matrix, center=0, cmap=DIVERGING, yticklabels=True, cbar_kws=told, ax=ax)
    ax.tick_params(labelsize=SMALLEST_TYPE)
    rings = np.argwhere(pairs.stands_out[:, strongest]) + 0.5
    ax.scatter(rings[:, 1], rings[:, 0], s=60, facecolors="none", edgecolors=INK)
    marks = "A ring is a marked pair." if len(rings) else "No pair of this song is marked."
    chapter.figure(
        fig,
        alt="Heatmap of the weight of each stem and segment with the words of the strongest pairs.",
        caption=f"Cells down, words across. {marks}",
        name="fig-pairs",
    )

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** A share with an interval, on a scale that does not mistake the bend of a softmax for interaction.
#   For late fusion the whole matrix of pairs costs no more than an explanation.
# - **Limit.** Among thousands of pairs only strong ones are marked. If none is marked, some pairs may still interact.
# - **Limit.** A model that does not fuse late must be asked about every combination, so fewer masks are affordable.
# - **What this cannot tell you.** Whether sound and words interact for a *listener*.
#
# ## Exercises
#
# **1.** Measure the additive model on $\log p$ (not centred) and on log-odds. Does either of the two call it
# additive?

# %% tags=["hide-cell", "solution"]
odds = np.log(probabilities / (1 - probabilities))
tried = {"log p": np.log(probabilities), "log-odds": odds}
pd.Series({name: sobol_share(y[..., 0])["share"] for name, y in tried.items()}, name="share").round(3)

# %% [markdown]
# **2.** Does the share depend on the number of masks? Try 50 and 100 of each.

# %% tags=["hide-cell", "solution"]
few = {n: ml.interaction(test[0], model, masks=(n, n)).shares.loc["logit"] for n in (50, 100)}
pd.DataFrame(few).T[["share", "low", "high"]].round(4)

# %% [markdown]
# **3.** One cell and one word decide by an exclusive or worth four logits. What is the share?

# %% tags=["hide-cell", "solution"]
bits = rng.integers(0, 2, 300) - 0.5
either = np.stack([4 * np.outer(bits, bits), -4 * np.outer(bits, bits)], axis=-1)
print(f"share {sobol_share(either[..., 0])['share']:.2f}")

# %% [markdown]
# ## Summary
#
# Interaction is what is left of a grid of audio masks and lyric masks once rows and columns are taken out. Probabilities
# show some even when nothing interacts; centred log probabilities do not. The paper's head can combine sound and words
# in the spread by which LayerNorm divides. The table of heads shows how often training finds this.
#
# ## Next
#
# {doc}`What would change its mind? </runs/counterfactual>` looks for a small change that flips the answer.
