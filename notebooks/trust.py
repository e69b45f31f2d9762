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
# # Can you trust it?
#
# **What you will learn.** Five questions to put to any explanation: does the model use the evidence at all; does the
# explanation find it (*right*); does the model behave as the explanation says (*faithful*); would another run say the
# same (*stable*); would a broken model be explained differently (*sane*)? And how to let your own method sit the exam.
#
# **What you need.** {doc}`Explain </runs/explain-genre-multimodal>`, and {doc}`/book/background/lime-and-its-family`.
#
# **How long, on what.** {glue:text}`took`, with the counts of that page; more with more songs.
#
# The paper names the missing criterion for judging explanations as its main limitation {cite}`sotirou2024musiclime`.
# The songs here are composed by our code with planted evidence, so *right* has a meaning. What follows is a claim about the
# method, never about real music.

# %% tags=["remove-cell"]
from copy import deepcopy
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch

import musiclime as ml

# %% tags=["remove-cell"]
import musiclime.show.figures as plots
from musiclime.judge import planted_evidence as trust
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 48
samples: int = 2000
compared: int = 10
seeds: int = 8

# %%
model = ml.load_model("genre", "multimodal")
test = ml.load_corpus("demo").split("test")
explainer = ml.MusicLIME(model)

# %% [markdown]
# ## First: does the model use the plant?
#
# An explanation cannot find evidence that the model ignores. So before any explanation: replace the planted words, the planted
# cells, or both by their neutral counterparts and look at the accuracy. Not *silence* them: a hole is a sign of its own.


# %%
heard = list(islice(test, 90))
truth = np.array([model.classes.index(song.genre) for song in heard])


def answers(variant):
    changed = (variant(song) for song in heard)
    return np.vstack([model.predict(song.audio[None], [song.lyrics]) for song in changed])


# %%
variants = {
    "as composed": lambda song: song,
    "words replaced": lambda song: song.neutral(cells=False),
    "cells replaced": lambda song: song.neutral(words=False),
    "both replaced": lambda song: song.neutral(),
}

# %%
said = {name: answers(variant) for name, variant in variants.items()}
used = pd.DataFrame({name: answer.argmax(1) == truth for name, answer in said.items()})
used.mean().to_frame("accuracy").round(2)

# %% tags=["remove-cell"]
majority = test.table["genre"][: len(heard)].value_counts(normalize=True).max()
chapter.glue("accuracy", used["as composed"].mean())
chapter.glue("no-words", used["words replaced"].mean())
chapter.glue("no-cells", used["cells replaced"].mean())
chapter.glue("neither", used["both replaced"].mean())
chapter.glue("majority", majority)
chapter.glue("asked", len(heard))

# %% [markdown]
# Of {glue:text}`asked` test songs the model gets {glue:text}`accuracy:.2f` right as composed, {glue:text}`no-words:.2f` with the words
# replaced, {glue:text}`no-cells:.2f` with the cells replaced, and {glue:text}`neither:.2f` with both replaced, where always
# naming the most frequent genre gives {glue:text}`majority:.2f`. Both kinds of evidence count, and little but the evidence does.
#
# ## Right: does it find what was planted?
#
# `ml.mark` explains songs and marks each explanation against the record. A song counts for a modality only when replacing
# its evidence in that modality costs the model at least 0.2 of probability: no method can find what does nothing. The first
# songs of the test split that count are marked, as many for cells as for words, whatever their explanations turn out to be:
# many songs, with few masks each.

# %%
own = pd.DataFrame({name: answer[np.arange(len(heard)), truth] for name, answer in said.items()})
cost = own.rsub(own["as composed"], axis=0)[["cells replaced", "words replaced"]]
counts = cost >= 0.2
first = {name: counts.index[counts[name]][: songs // 2] for name in counts}

# %%
played = [heard[position] for position in sorted(set().union(*first.values()))]
marks = ml.mark(ml.MusicLIME(model, samples=samples // 2), played)
counted = marks[marks["counts"]]
counted.groupby("modality")[["auc", "precision", "pointing", "share"]].mean().round(3)

# %% tags=["remove-cell"]
auc = counted.groupby("modality")["auc"]
for modality in ("audio", "lyrics"):
    chapter.glue(f"auc-{modality}", auc.mean().get(modality, float("nan")))
    chapter.glue(f"n-{modality}", int(auc.size().get(modality, 0)))
chapter.glue("auc-error", auc.sem().get("audio", float("nan")))
chapter.glue("n-marked", int(marks["song"].nunique()))
chapter.glue("count-cells", int(counts["cells replaced"].sum()))
chapter.glue("count-words", int(counts["words replaced"].sum()))

# %% [markdown]
# The **AUC** is the chance that a piece of evidence gets a larger weight than a piece that is none. Words reach
# {glue:text}`auc-lyrics:.3f` on {glue:text}`n-lyrics` songs that count, cells {glue:text}`auc-audio:.3f` on
# {glue:text}`n-audio`, of {glue:text}`n-marked` marked. (Of all songs asked, replacing the cells matters in
# {glue:text}`count-cells`, replacing the words in {glue:text}`count-words`.) *Precision* looks at as many top features as there is evidence; *pointing* asks only whether the
# strongest one is evidence; *share* is the part of the positive weight that lies on evidence.

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 2.8))
sns.stripplot(
    counted, x="auc", y="modality", hue="modality", palette=plots.COLOURS, ax=ax, jitter=0.25, legend=False
)
ax.axvline(0.5, color="#888", ls=":")
ax.set(xlabel="AUC on planted evidence (0.5 is chance)", ylabel="")

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="A strip of dots for words and one for cells, one dot a song, along an axis of AUC on which a dotted line marks chance at one half.",
    caption="How well explanations find planted evidence, one dot a song. Composed songs.",
    name="fig-right",
)

# %% [markdown]
# ### White boxes: the right weight, not only the right order
#
# Four little games of six words and six cells have Banzhaf values that can be computed exactly, by asking all
# $2^{12}$ questions. The error is the root of the mean square over all features, those that do nothing included.


# %%
def game_error(kind):
    song, play, exact = trust.game(kind)
    table = ml.MusicLIME(play, samples=samples).explain(song).table("output 0").set_index("feature")
    difference = table["weight"] - table.index.map(exact)
    return {
        "game": kind,
        "RMSE": np.sqrt((difference**2).mean()),
        "mean error printed": table["error"].mean(),
    }


# %%
games = pd.DataFrame([game_error(kind) for kind in trust.GAMES]).set_index("game")
games.round(4)

# %% [markdown]
# The error made and the error printed with the explanation should agree. A standard error that is honest is worth more than a weight that is lucky.
#
# ## Faithful: does the model do what the explanation says?
#
# Remove the strongest features one after another and ask the model each time. A good order makes the probability fall
# early. The control is a random order; beside them stands the order of the planted evidence, which need not be the best one for this model.

# %%
song = next(s for s in played if s.id in set(counted[counted["modality"] == "audio"]["song"]))
label, explanation = song.genre, explainer.explain(song)
space = explainer.space(song)
row = explanation.row(label)
answer = lambda masks: explainer.outputs(space, masks)[:, row]

# %%
names = [feature.name for feature in explanation.features]
planted = {f"{stem}{segment}" for stem, segment in song.evidence["genre"]["cells"]} | set(
    song.evidence["genre"]["words"]
)
rng = np.random.default_rng(0)
alone = ~np.eye(len(names), dtype=bool)

# %%
orders = {
    "MusicLIME": explanation.weights[row],
    "leave one out": answer(np.ones((1, len(names)), bool)) - answer(alone),
    "oracle": np.array([name in planted for name in names]) + 0.001 * rng.random(len(names)),
    "least first": -explanation.weights[row],
}

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)

# %% tags=["hide-input"]
for ax, insert in zip(axes, (False, True)):
    for _ in range(20):
        ax.plot(trust.curve(answer, rng.permutation(len(names)), len(names), insert), color="#bbb", lw=0.6)
    for name, weights in orders.items():
        ax.plot(trust.curve(answer, np.argsort(-weights), len(names), insert), label=name, lw=2)
    ax.set(
        xlabel=f"features {'inserted' if insert else 'removed'}", title="insertion" if insert else "deletion"
    )

# %% tags=["hide-input"]
axes[0].set_ylabel(f"probability of {label}")
axes[1].legend(frameon=False)

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="Two panels of curves, deletion and insertion: the probability of the genre against the number of features, for four orders in colour and twenty random ones in grey.",
    caption="Deletion and insertion for one song. Grey: twenty random orders. Composed song.",
    name="fig-curves",
)

# %% [markdown]
# ### The curve can be heard
#
# What does the song sound like when the strongest cells are gone? The label says what the model still believes.

# %%
cells = explanation.top(len(names), label, "audio")
tracks = {}

# %%
for count in (0, 2, 5, 10):
    gone = {cell.name for cell in cells[:count]}
    mask = np.array([[name not in gone for name in names]])
    kept = [f for f in explanation.features if f.modality == "audio" and f.name not in gone]
    tracks[f"without the top {count} cells: {label} at {answer(mask)[0]:.2f}"] = explanation.listen(
        kept, space.song
    )

# %%
chapter.sounds(tracks, space.song.sample_rate)

# %% [markdown]
# ### In numbers, per modality, and with another baseline
#
# **Comprehensiveness**: how far the probability falls, on average over removing the top 0 to 50 %. **Sufficiency**: how much is missing when only
# those are kept (small is good). Each is computed in probability and in centred log probability, removing both modalities jointly or one alone, and twice: with *removed* meaning silence and
# deletion, as the explanation was made, and with cells replaced by neutral material, which the explanation never saw.


# %%
def logit(p):
    logs = np.log(np.clip(p, 1e-12, None))
    return logs - logs.mean(1, keepdims=True)


# %%
def measured(song, baseline, side):
    explainer_ = ml.MusicLIME(model, off=baseline)
    space, asked = explainer_.space(song), {}
    which = np.array([side in ("joint", f.modality) for f in space.audio + space.lyrics])
    weights = made[song.id].weights[made[song.id].row(song.genre)][which]
    chance, position = rng.normal(size=len(weights)), model.classes.index(song.genre)

    def outputs(masks):
        whole = np.ones((len(masks), len(which)), dtype=bool)
        whole[:, which] = masks
        if whole.tobytes() not in asked:
            asked[whole.tobytes()] = explainer_.outputs(space, whole)
        return asked[whole.tobytes()]

    for scale, told in {"probability": np.asarray, "logit": logit}.items():
        answer = lambda masks, told=told: told(outputs(masks))[:, position]
        floor = trust.faithful(answer, chance)["comprehensiveness"]
        row = {"baseline": baseline, "scale": scale, "removed": side, "random order": floor}
        yield row | trust.faithful(answer, weights)


# %%
few = [s for s in played if s.id in set(counted["song"])][:compared]
made = {s.id: ml.MusicLIME(model, samples=samples, design="joint").explain(s) for s in few}

# %%
settings = [(b, m) for b in ("silence", "neutral") for m in ("joint", "audio", "lyrics")]
faithful = pd.DataFrame([row for s in few for setting in settings for row in measured(s, *setting)])
faithful.groupby(["scale", "removed", "baseline"])[
    ["comprehensiveness", "random order", "sufficiency"]
].mean().round(3)

# %% tags=["remove-cell"]
by = (
    faithful[faithful.scale == "probability"]
    .groupby(["removed", "baseline"])[["comprehensiveness", "random order"]]
    .mean()
)
chapter.glue("comp-silence", by.loc[("joint", "silence"), "comprehensiveness"])

# %% tags=["remove-cell"]
chapter.glue("comp-neutral", by.loc[("joint", "neutral"), "comprehensiveness"])
chapter.glue("comp-random", by.loc[("joint", "silence"), "random order"])
chapter.glue("comp-random-neutral", by.loc[("joint", "neutral"), "random order"])

# %% [markdown]
# Removing jointly costs {glue:text}`comp-silence:.2f` of probability on average, against {glue:text}`comp-random:.2f` for random orders; judged by a baseline that the explanation
# was not made with, {glue:text}`comp-neutral:.2f` against {glue:text}`comp-random-neutral:.2f`. Each baseline has a floor of its own: quote both.
#
# ### Held out
#
# The $R^2$ printed with an explanation is computed on the masks it was fitted to. On fresh masks:


# %%
def held_out(song):
    explanation, space = made[song.id], explainer.space(song)
    fresh = np.random.default_rng(99).random((400, len(space.audio) + len(space.lyrics))) < 0.5
    truth = explainer.outputs(space, fresh)[:, explanation.row(song.genre)]
    row = explanation.row(song.genre)
    guess = explanation.intercept[row] + fresh @ explanation.weights[row]
    return explanation.score[row], 1 - ((truth - guess) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()


# %%
fit = pd.DataFrame([held_out(s) for s in few], columns=["on its own masks", "on fresh masks"])
fit.mean().to_frame("R2").round(3)

# %% [markdown]
# ## Stable: would another run say the same?
#
# The same song, other coins. **VSI** is the share of the top five that two runs have in common, **CSI** the share of features whose intervals overlap,
# *Jaccard* the shared part of both top fives together, *Kendall* the agreement of the whole order. *Scatter over error* asks whether the errors printed foretell
# the scatter seen: 1 is honest, more than 1 means errors too small. *VSI foretold* is what one run alone expects of the next.


# %%
def runs(count):
    made = [
        ml.MusicLIME(model, samples=count, seed=seed, design="joint").explain(song) for seed in range(seeds)
    ]
    foretold = np.mean([explanation.steady(5, label) for explanation in made])
    return {"perturbations": count, **trust.stable(made, label), "VSI foretold": foretold}


# %%
stability = pd.DataFrame([runs(count) for count in (250, 500, 1000, 2000)]).set_index("perturbations")
stability.round(2)

# %% tags=["remove-cell"]
chapter.glue("vsi-few", stability["VSI"].iloc[0])
chapter.glue("vsi-many", stability["VSI"].iloc[-1])
chapter.glue("honest", stability["scatter over error"].mean())

# %% [markdown]
# With 250 perturbations two runs share {glue:text}`vsi-few:.2f` of their top five, with 2,000 {glue:text}`vsi-many:.2f`. The scatter seen is {glue:text}`honest:.2f` times the scatter foretold by the errors.
#
# ## Sane: would a broken model be explained differently?
#
# Replace the model's layers by noise, from the head downwards {cite}`adebayo2018sanity`. If the explanation stays the same, it was never about the model.


# %%
def shuffled(model, layers, seed):
    """A copy of a model with its last blocks, head first, made random."""
    # What the model has derived from its own weights stays behind.
    twin = type(model)(deepcopy(model.network), model.tokenizer, model.card, model.device)
    towers = [part for part in twin.network.modules() if isinstance(part, torch.nn.ModuleList)]
    blocks = [tower[-depth] for depth in range(1, layers) for tower in towers if len(tower) >= depth]
    head = [twin.network.head] if layers else []
    torch.manual_seed(seed)
    for block in [*head, *blocks]:
        for linear in (part for part in block.modules() if isinstance(part, torch.nn.Linear)):
            torch.nn.init.normal_(linear.weight, std=linear.weight.std().item())
            torch.nn.init.zeros_(linear.bias)
    return twin


# %%
def correlation(layers, seed):
    broken = shuffled(model, layers, seed)
    other = ml.MusicLIME(broken, samples=1000, design="joint", seed=seed).explain(song)
    return pd.Series(explanation.weights[row]).corr(pd.Series(other.weights[row]), method="spearman")


sane = {layers: np.mean([correlation(layers, seed) for seed in range(4)]) for layers in (0, 1, 2, 3)}

# %%
table = pd.Series(sane, name="rank correlation with the original").to_frame()
table.rename_axis("random blocks, from the head").round(2)

# %%
table = ml.load_corpus("demo", size=450)
mixed = ml.Corpus(
    f"{table.name}-permuted", table.table.assign(genre=rng.permutation(table.table["genre"])), table.read
)
lost = ml.load_model("genre", "multimodal", mixed, epochs=6)
taught_nothing = ml.MusicLIME(lost, samples=1000, design="joint").explain(song)

# %%
permuted = pd.Series(explanation.weights[row]).corr(pd.Series(taught_nothing.weights[row]), method="spearman")

# %% tags=["remove-cell"]
chapter.glue("sane-whole", sane[0])
chapter.glue("sane-head", sane[1])
chapter.glue("permuted", permuted)

# %% [markdown]
# Two explanations of the whole model, with nothing made random and other masks, correlate at {glue:text}`sane-whole:.2f`: that is all that a comparison can reach here. With the head alone made random the rank correlation is {glue:text}`sane-head:.2f` on average over four seeds, and with a model trained on shuffled labels {glue:text}`permuted:.2f`.
#
# ## Compared: one exam, one budget
#
# Every method gets the same songs, and no more encoder passes than the joint design (the crossed one half as many). *Random* and *oracle* are floor and ceiling. Intervals are bootstrapped over the songs that count: {glue:text}`board-audio` for cells, {glue:text}`board-lyrics` for words.


# %%
class Ready:
    """A method made into something that `ml.mark` can call: weights for one song's features."""

    def __init__(self, weigh):
        self.weigh = weigh

    space, outputs = (
        (lambda self, s: explainer.space(s)),
        (lambda self, space, masks: explainer.outputs(space, masks)),
    )

    def explain(self, song):
        base = made[song.id]
        weights = base.weights.copy()
        weights[base.row(song.genre)] = self.weigh(song, base)
        return ml.Explanation(**{**vars(base), "weights": weights})


# %%
def kernel_shap(song, base):
    space, row, n = explainer.space(song), base.row(song.genre), len(base.features)
    sizes = np.arange(1, n)
    chance = (n - 1) / (sizes * (n - sizes))
    drawn = rng.choice(sizes, samples, p=chance / chance.sum())
    masks = np.argsort(rng.random((samples, n)), axis=1) < drawn[:, None]
    ends = explainer.outputs(space, np.array([[True] * n, [False] * n]))[:, row]
    y, total = explainer.outputs(space, masks)[:, row] - ends[1], ends[0] - ends[1]
    x = masks[:, :-1].astype(float) - masks[:, -1:]
    head = np.linalg.lstsq(x, y - masks[:, -1] * total, rcond=None)[0]
    return np.append(head, total - head.sum())


# %%
def oracle(song, base):
    evidence = song.evidence["genre"]
    planted = {f"{stem}{segment}" for stem, segment in evidence["cells"]} | set(evidence["words"])
    return np.array([feature.name in planted for feature in base.features], float)


# %%
methods = {
    "joint, as published": Ready(lambda song, base: base.weights[base.row(song.genre)]),
    "crossed": ml.MusicLIME(model, samples=samples // 2, design="crossed"),
    "kernel 0.25, LIME's sampling": ml.MusicLIME(model, samples=samples, sampling="lime", design="joint"),
    "KernelSHAP": Ready(kernel_shap),
    "random": Ready(lambda song, base: rng.normal(size=len(base.features))),
    "oracle": Ready(oracle),
}

# %%
board = pd.concat([ml.mark(method, few).assign(method=name) for name, method in methods.items()])
board = board[board["counts"]]
for modality in ("audio", "lyrics"):
    chapter.glue(f"board-{modality}", int(board[board["modality"] == modality]["song"].nunique()))
board.pivot_table(index="method", columns="modality", values=["auc", "precision"], sort=False).round(2)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7.5, 3.6))

# %% tags=["hide-input"]
sns.pointplot(
    board,
    x="auc",
    y="method",
    hue="modality",
    hue_order=["lyrics", "audio"],
    palette=plots.COLOURS,
    dodge=0.35,
    ls="none",
    errorbar=("ci", 95),
    seed=0,
    ax=ax,
)

# %% tags=["hide-input"]
ax.set(xlabel="AUC on planted evidence, 95 % over songs", ylabel="")

# %% tags=["hide-input"]
chapter.figure(
    fig,
    alt="For each method the mean AUC of words and of cells with an interval. The rows of random and oracle, at the end, are the floor and the ceiling.",
    caption="The scoreboard: same songs, one budget. Composed songs.",
    name="fig-board",
)

# %% [markdown]
# ## Enter your own
#
# Anything with a method `explain(song)` that returns an `ml.Explanation`, and with `space` and `outputs` to ask the model, sits the exam by `ml.mark(mine)`. To be graded on the two-class sets and the
# white boxes as well, hand over a function from a model to your explainer: `ml.mark(lambda model: MyMethod(model))`. Subclassing `ml.MusicLIME` and overriding `explain` is the shortest way; the class `Ready` above is
# all it takes for a method that only has weights to offer.
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Ground truth first: a method is judged on evidence that is known, and only on songs where the model uses it.
# - **Limit.** Planted evidence is local and additive by design. Methods that shine on such songs may not on others.
# - **Limit.** The demo's songs and the recipe of its training were made with this exam in view, test songs included: its marks are no estimate for songs of another kind. ({doc}`Compare </runs/compare>` asks songs that nobody had looked at.)
# - **Limit.** {glue:text}`n-audio` songs leave the mean AUC of cells uncertain by {glue:text}`auc-error:.2f` (one standard error).
# - **Limit.** One song stands for many in the curves and in the stability table; the exam uses more.
# - **What this cannot tell you.** Whether the explanation of a real song on a real model is right. There, only faithfulness, stability and sanity can be had, and each of them can be high for a wrong explanation.
#
# ## Exercises
#
# **1.** How many perturbations does it take until two runs share four of their top five? Use the table above.

# %% tags=["hide-cell", "solution"]
enough = stability.index[stability["VSI"] >= 0.8]
print(f"from {enough.min():,} on" if len(enough) else f"more than {stability.index.max():,}")

# %% [markdown]
# **2.** Mark an explainer that always answers with the *loudness* of a cell and nothing for words. Is loud the same as important?


# %% tags=["hide-cell", "solution"]
def loudness(song, base):
    heard = explainer.space(song).song
    cut = lambda f: slice(round(f.start * heard.sample_rate), round(f.end * heard.sample_rate))
    return np.array(
        [np.std(heard.stems[f.stem][cut(f)]) if f.modality == "audio" else 0.0 for f in base.features]
    )


loud = ml.mark(Ready(loudness), few)
print(f"AUC {loud[loud['modality'] == 'audio']['auc'].mean():.2f}, where 0.5 is chance")

# %% [markdown]
# **3.** The deletion curve of *leave one out* starts with the feature whose removal costs most. Why need that not be the best order in the long run?

# %% tags=["hide-cell", "solution"]
areas = {
    name: trust.curve(answer, np.argsort(-weights), len(names)).mean() for name, weights in orders.items()
}
print("Evidence that is there twice costs nothing when only one copy goes.")
pd.Series(areas, name="area under the curve").to_frame().round(3)

# %% [markdown]
# ## Summary
#
# The model uses what was planted. Explanations find it with an AUC of {glue:text}`auc-lyrics:.3f` for words and {glue:text}`auc-audio:.3f` for cells where it matters, the scatter that is seen is {glue:text}`honest:.2f` times the printed errors, and a model whose head is noise gives an explanation that agrees with the right one at a rank correlation of {glue:text}`sane-head:.2f`.
# Each of these could have come out otherwise.
#
# **Next.** {doc}`When it fails </runs/when-it-fails>`: the same questions where the answer is no.
