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
# # What would change its mind?
#
# Weights answer "how much does each part matter?". Often the question is blunter: *what would have had to
# be missing for the answer to be another one?* A short list of words and moments, which one can check by
# ear. Such a list is called a **counterfactual** explanation.
#
# **What you will learn:** how to find a smallest such list; how to be sure that it is right; what lines of
# lyrics have to do with it.
#
# **What you need:** {doc}`Explain </runs/explain-genre-multimodal>`.
#
# **How long, on what:** {glue:text}`took`, the demo model being there.
#
# Everything here runs on **composed songs with planted evidence**: the figures say something about the
# method, nothing about real music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
songs: int = 8
samples: int = 2000

# %%
import numpy as np
import pandas as pd

corpus = ml.load_corpus("demo").split("test")
model = ml.load_model("genre", "multimodal")

# %% [markdown]
# ## One song
#
# Of songs that the model gets right, we look first at one that turns by its sound, if there is one.

# %%
first = [corpus[k] for k in range(40)]
guess = model.predict(np.stack([one.audio for one in first]), [one.lyrics for one in first])
right = [one for one, p in zip(first, guess) if model.classes[p.argmax()] == one.genre]
asked = [(one, ml.counterfactual(one, model, samples=samples)) for one in right[:songs]]
by_sound = [pair for pair in asked if any(f.modality == "audio" for f in pair[1].removed)]
song, found = (by_sound or asked)[0]
print(found)

# %%
chapter.glue("before", found.explanation.label)
chapter.glue("after", found.label)
chapter.glue("size", len(found.removed))
chapter.glue("features", len(found.explanation.features))

# %% [markdown]
# Of {glue:text}`features` words and cells it takes {glue:text}`size` to turn *{glue:text}`before`* into
# *{glue:text}`after`*. Listen to what the model heard before and after. To your ear little may have
# changed.

# %%
chapter.sounds(
    {f"{found.explanation.label}: before": song.audio, f"{found.label}: after": found.song.audio},
    song.sample_rate,
)

# %%
change = pd.DataFrame(
    {"before": found.explanation.probabilities, "after": found.probabilities}, model.classes
)
change.sort_values("before", ascending=False).round(3).head(5)

# %% [markdown]
# ## How it is found
#
# There are as many sets of features as there are masks, far too many to try. So:
#
# 1. **Greedy.** Take away the feature whose weight speaks most for the class that is ahead and least for
# the nearest other one. Ask the model. Repeat until the label flips, or give up after 20.
# 2. **Prune.** Try to put each removed feature back. What is not needed returns.
# 3. **Search.** Among the twelve strongest candidates try every set that is smaller, small ones first.
#
# The weights only say where to look; it is the model that decides, and the last word is a prediction from
# the sound and the text themselves. To check it, we take the removed features out of the raw song by hand, all of them,
# and then all but one:


# %%
def without(one, removed):
    """The raw song without some features: cells silent, words gone."""
    audio, text = sum(one.stems.values()), one.lyrics
    for feature in removed:
        if feature.modality == "audio":
            cut = slice(round(feature.start * one.sample_rate), round(feature.end * one.sample_rate))
            audio[cut] -= one.stems[feature.stem][cut]
    spans = [span for feature in removed for span in feature.positions]
    for a, b in sorted(spans, reverse=True):
        text = text[:a] + text[b:]
    return audio, text


def label(one, removed):
    audio, text = without(one, removed)
    return model.classes[int(model.predict(audio[None], [text])[0].argmax())]


# %%
each = {f.name: label(song, [g for g in found.removed if g is not f]) for f in found.removed}
chapter.glue("by_hand", label(song, found.removed))
pd.Series(each).to_frame("the model says").rename_axis("put back")

# %% [markdown]
# Without all of them the model says *{glue:text}`by_hand`*. Each row puts one back: where the label is then another
# again, that one was needed.
#
# ## Many songs
#
# How long is the list usually, and does it hold what was planted?

# %%
rows = []
for one, result in asked:
    cells = {tuple(cell) for cell in one.evidence["genre"]["cells"]}
    words = set(one.evidence["genre"]["words"])
    planted = [(f.stem, f.segment) in cells or f.name in words for f in result.removed]
    share = (len(cells) + len(words)) / len(result.explanation.features)
    kinds = [sum(f.modality == kind for f in result.removed) for kind in ("audio", "lyrics")]
    rows.append((one.genre, result.label, result.found, *kinds, np.mean(planted or [np.nan]), share))
columns = ["genre", "becomes", "found", "cells", "words", "planted among them", "planted among all"]
table = pd.DataFrame(rows, columns=columns)
table.round(2)

# %%
chapter.glue("asked", len(table))
chapter.glue("flipped", int(table["found"].sum()))
chapter.glue("median_size", float((table["cells"] + table["words"])[table["found"]].median()))
chapter.glue("hit", float(table["planted among them"].mean()))
chapter.glue("base", float(table["planted among all"].mean()))

# %% [markdown]
# The label flipped in {glue:text}`flipped` of {glue:text}`asked` songs, in the median with
# {glue:text}`median_size:.0f` removals. On average over the songs {glue:text}`hit:.0%` of the removed features were planted evidence,
# of all features {glue:text}`base:.0%`. (The model's accuracy on these songs is no accident of their
# synthesis: see {doc}`Train </runs/train-genre-multimodal>` for what remains of it when the evidence is replaced.)
#
# ## To one label, not to any
#
# Asked for a target, it must reach that one. "None found" is an answer: then nothing that can be taken
# away, within the limit, makes this model answer with the target.

# %%
nearest = [model.classes[k] for k in np.argsort(-found.explanation.probabilities)[1:4]]
targets = {}
for target in nearest:
    result = ml.counterfactual(song, model, target=target, samples=samples, candidates=8)
    targets[target] = ", ".join(f.name for f in result.removed) if result.found else "none found"
chapter.glue("reached", sum(value != "none found" for value in targets.values()))
pd.Series(targets, name=f"from {found.explanation.label}, without").to_frame()

# %% [markdown]
# Of the three likeliest other labels {glue:text}`reached` can be reached by taking away. That does not make the song one
# of that genre to a listener: it only makes the label the model's likeliest answer.
#
# ## Lines, and words within the lines that matter
#
# A listener remembers lines, not words. `unit="line"` makes every line of the lyrics one feature: fewer
# features, each with more to say. For this we take a song that turned by its words, if there is one.

# %%
by_words = [one for one, result in asked if any(f.modality == "lyrics" for f in result.removed)]
read = (by_words or [song])[0]
by_line = ml.counterfactual(read, model, unit="line", samples=samples)
print(by_line)
pd.DataFrame([(f.name, f.text) for f in by_line.removed], columns=["removed", "its text"])

# %% [markdown]
# Which word of a line was it? A second level answers, fitted only where the first one found
# something: of the lines whose weight is clear of zero the three strongest are taken apart into words, all
# others stay whole.

# %%
from scipy.stats import norm

from musiclime.explain.features import lyric_features, pieces


class WithinLines(ml.MusicLIME):
    """MusicLIME by lines, except that the lines at the given places are taken apart into words."""

    def space(self, song):
        space = super().space(song)
        words = lyric_features(space.song.lyrics, "word", positions=True)
        inside = lambda word, line: line[0] <= word.positions[0][0] < line[1]  # noqa: E731
        split = [f.positions[0] for f in space.lyrics if f.name in self.matter]
        space.lyrics = [f for f in space.lyrics if f.name not in self.matter]
        space.lyrics += [word for word in words if any(inside(word, line) for line in split)]
        space.pieces = pieces(space.song.lyrics, space.lyrics, self.mask_token)
        return space


# %%
level = ml.MusicLIME(model, unit="line", samples=samples).explain(read)
lines = level.table()[lambda t: t["modality"] == "lyrics"]
lines = lines.assign(text=lines["feature"].map({f.name: f.text for f in level.features}))
clear = lines[2 * norm.sf(abs(lines["weight"] / lines["error"])) < 0.05 / len(lines)]
chapter.glue("lines", len(lines))
chapter.glue("clear", len(clear))
clear.round(4)

# %%
second = WithinLines(model, unit="line", samples=samples)
second.matter = set(clear["feature"][:3])
second.explain(read).table()[lambda t: t["modality"] == "lyrics"].head(8).round(4)

# %% [markdown]
# {glue:text}`clear` of {glue:text}`lines` lines are clear of zero. The words of the strongest of them stand
# with the number of their place in the text, beside the lines that were left whole.

# %% [markdown]
# ## Strengths
#
# - A counterfactual can be checked by anyone, in one prediction. It cannot be half right.
# - It is short, and it names words and moments that one can read and hear.
#
# ## Limits
#
# - The list is not unique: another one, as short, may hold quite different features.
# - It is smallest among the sets of the strongest candidates, which is not a proof for all sets.
# - It takes away and never adds. Silence in place of a cell is itself a sound that the model has an opinion
#   on.
#
# ## What this cannot tell you
#
# What would change *your* mind about the song, or what the musicians should have played.

# %% [markdown]
# ## Exercises
#
# **1.** Take a song that the model gets wrong, and ask for its true genre as the target. Is what has to go
# something that misled the model?

# %% tags=["hide-cell", "solution"]
wrong = next(one for one, p in zip(first, guess) if model.classes[p.argmax()] != one.genre)
corrected = ml.counterfactual(wrong, model, target=wrong.genre, samples=samples)
print(corrected)

# %% [markdown]
# **2.** Use noise in place of silence (`off="noise"`). Does the list change?

# %% tags=["hide-cell", "solution"]
noisy = ml.counterfactual(song, model, off="noise", samples=samples)
print(f"noise: {noisy}\nsilence: {found}")

# %% [markdown]
# **3.** Remove as many features as the counterfactual did, but drawn at random, a hundred times. How often
# does the label flip?

# %% tags=["hide-cell", "solution"]
explainer, rng = ml.MusicLIME(model), np.random.default_rng(0)
space = explainer.space(song)
masks = np.ones((100, len(space.audio) + len(space.lyrics)), dtype=bool)
for mask in masks:
    mask[rng.choice(masks.shape[1], len(found.removed), replace=False)] = False
labels = np.array(model.classes)[explainer.outputs(space, masks).argmax(1)]
print(f"{np.mean(labels != found.explanation.label):.0%} of the draws flip the label")

# %% [markdown]
# ## Summary
#
# A counterfactual is a short list of words and cells without which the model says something else. The
# weights propose it, the model confirms it, and pruning and search make sure that nothing in it is idle. If
# none is found, that is worth saying too.
#
# ## Next
#
# {doc}`How fast, how many </runs/how-fast>` asks what explanations cost, and how many masks are enough.
