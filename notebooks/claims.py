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
# # The claim ledger
#
# Paper and thesis say some fifty things about music models that can be checked against what their authors
# published. This page checks them, all by one rule.
#
# **What you will learn**
#
# - how to turn a sentence into an estimate, its error and a verdict;
# - which findings hold, which do not, and which the published numbers cannot decide;
# - why a verdict is worth something only if other data would have changed it.
#
# **What you need**: paper or thesis {cite}`sotirou2024musiclime,sotirou2024thesis` for the sentences, and
# {doc}`Aggregate </runs/aggregate-genre-multimodal>` for the importances.
#
# **How long, on what**: {glue:text}`took`, on the authors' eleven published tables. Nothing is trained.

# %%
import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown, display

import musiclime as ml
from musiclime.judge import claims_of_the_paper as claims
from musiclime.judge.global_importance import grid
from musiclime.show import chapter

# %% [markdown]
# `download` fetches the tables from a pinned commit of the authors' repository, unless `MUSICLIME_REFERENCE`
# names a folder that holds them.

# %% tags=["parameters"]
download: bool = True

# %% tags=["hide-input"]
evidence = None
try:
    evidence = claims.read_evidence(chapter.data_folder(), download)
except OSError as reason:
    display(Markdown(f"> **The authors' tables are not here, so nothing below is decided.** {reason}"))

# %% [markdown]
# ## One claim by hand
#
# The thesis says of punk that the vocals carry most (its section 5.3.3). In the table of the audio model we
# compare vocals with each other stem. The ten segments of the clip are ten replicates of each comparison: they
# give a mean difference and its standard error. The claim is as good as its weakest comparison.

# %%
if evidence is not None:
    sums, counts = evidence.tables["genre audio"]
    punk = grid(ml.importance(sums, counts, "average").loc["punk"])
    for stem in ("drums", "bass", "other"):
        difference = punk.loc["vocals"] - punk.loc[stem]
        estimate, error = difference.mean(), difference.std() / np.sqrt(10)
        print(f"vocals - {stem}: {estimate:.4f}, error {error:.4f}: {claims.verdict(estimate, error)}")

# %% [markdown]
# **The rule.** Every estimate is built so that it is above 0 where the claim holds. Beyond two standard errors
# above 0 the claim is *reproduced*; beyond two below it is *contradicted*; in between, a tie included, it is
# *undecided*.
#
# Where the error comes from depends on the claim:
#
# | the claim is about | replicates |
# |---|---|
# | accuracies and F1 | the songs of the test set (binomial) |
# | stems | the ten segments, by average importance |
# | words against sound | the features in two runs that explained different songs; else as the claim says |
# | single words | the noise of words met in one song, taken from the table itself |
# | lists of words | the words of the list |
# | two data sets, two modalities | the genres |
#
# Of the three multimodal genre tables, two explained different songs and serve as independent runs; the third
# explained both again. The second table of emotions from lyrics is an earlier state of the first, not a second run.


# %% tags=["hide-input"]
def entries(section):
    """The claims of a section as rows: the sentence, the verdict and how clear it is."""
    rows = []
    for claim in claims.SECTIONS[section]:
        estimate, error = claim.test(evidence)
        rows.append(
            {
                "claim": claim.text,
                "where": claim.source,
                "verdict": claims.verdict(estimate, error),
                "in errors": estimate / error,
                "what is measured": claim.measured,
                "what would have changed the verdict": claim.turned_by,
            }
        )
    return pd.DataFrame(rows)


def show(section):
    """Print a section of the ledger; what was measured is folded away."""
    if evidence is None:
        return
    found = ledger[section]
    plain = found[["claim", "where", "verdict", "in errors"]]
    display(plain.style.hide(axis="index").format({"in errors": "{:+.1f}"}))
    details = found[["claim", "what is measured", "what would have changed the verdict"]]
    folded = details.style.hide(axis="index").to_html()
    summary = "What was measured, and what would have changed the verdict"
    display(HTML(f"<details><summary>{summary}</summary>{folded}</details>"))


ledger = {}
if evidence is not None:
    ledger = {section: entries(section) for section in claims.SECTIONS}

# %% [markdown]
# ## How good the models are
#
# *In errors* is the estimate divided by its standard error: beyond +2 a claim is reproduced, beyond -2 it is
# contradicted.

# %% tags=["hide-input"]
show("How good the models are")

# %% [markdown]
# The sentence "hearing beats reading in every genre but hip hop" meets a tie: alternative rock has an F1 of 0.30
# either way. Section 5.3.3 of the thesis itself makes an exception of it.
#
# ## Who is read, who is heard

# %% tags=["hide-input"]
show("Who is read, who is heard")

# %% [markdown]
# "Words drive the decision" asks for more than half of the twenty strongest features. That alone would be too
# easy: there are forty cells and thousands of words, most of them met once, and the largest of many noisy
# numbers is large. So we also ask for more words than other genres have.
#
# The first claim tells more. It compares *nine* genres: does the lyrical model beat the audio model where
# words lead the multimodal one? The table shows the rank correlation for each run and for several lengths of the
# list. It is high at twenty features in the first table, which the thesis uses, and lower elsewhere.

# %%
if evidence is not None:
    runs = [name for name in evidence.tables if name.startswith("genre multimodal")]
    rows = {}
    for run in runs:
        rows[run] = {top: claims.share_correlation(evidence, (run,), top) for top in (10, 20, 30, 50, 100)}
    display(pd.DataFrame(rows).T.rename_axis(columns="strongest features").round(2))

# %% [markdown]
# ## Which stems
#
# We rank stems by average importance, which the paper recommends. The *other* stem is all that is neither voice nor
# drums nor bass, so it holds guitars and synthesizers. A claim on two classes or several stems is as good as the
# weakest of its comparisons.

# %% tags=["hide-input"]
show("Which stems")

# %% [markdown]
# The thesis shows a second heatmap, weighted by homogeneity, and often reads both. Here is how many of these
# claims get the same verdict from it:

# %% tags=["hide-input"]
if evidence is not None:
    by_average, by_homogeneity = [], []
    for claim in claims.SECTIONS["Which stems"]:
        by_average.append(claim.verdict(evidence))
        by_homogeneity.append(claims.verdict(*claim.test(evidence, how="homogeneity")))
    display(
        pd.crosstab(
            pd.Series(by_average, name="by average"), pd.Series(by_homogeneity, name="by homogeneity")
        )
    )

# %% [markdown]
# ## Which words
#
# We rank words as the thesis does, by homogeneity-weighted importance with upper and lower case taken together, unless
# a claim says otherwise.

# %% tags=["hide-input"]
show("Which words")

# %% [markdown]
# That two genres share words says little about their themes: the number of shared words grows with the number of
# songs in a class. *Results do not depend on one data set* is tested as what it can mean here: a genre's words
# resemble the same genre's words in AudioSet more than those of other genres.
#
# ## Out of the tally
#
# Three sentences are not decided by data, or not by data that exist.
#
# - *MusicLIME reveals how audio and lyrical features interact* (paper 1). **Decided by construction**: a sum has no
#   term in which two features meet, whatever the songs. {doc}`Do words and sound interact? </runs/interaction>`
#   measures what a sum leaves out.
# - *Listeners find the explanations helpful* (left open by paper and thesis). **Not testable**: nobody has been asked
#   yet; {doc}`/book/listening-study` could ask them.
# - *The averages in table 5.1 are the means of valence and energy* (thesis 5.2.1). **Arithmetic**: for the
#   convolutional network the table prints 0.211, and the mean of 0.158 and 0.107 is 0.133.
#
# ## The sum of it

# %% tags=["hide-input"]
if evidence is not None:
    every = pd.concat(ledger, names=["section", "row"]).reset_index("section")
    tally = pd.crosstab(every["section"], every["verdict"]).reindex(columns=claims.VERDICTS, fill_value=0)
    tally = tally.reindex(list(claims.SECTIONS))
    tally.loc["all"] = tally.sum()
    display(tally.rename_axis(index=None, columns=None))

# %% tags=["remove-cell"]
for verdict in claims.VERDICTS:
    chapter.glue(verdict, int(tally.loc["all", verdict]) if evidence is not None else float("nan"))

# %% [markdown]
# Would other data have given other verdicts? We shuffle the names of classes, features, models and modalities,
# so that the same numbers belong to something else, and ask again.

# %% tags=["hide-input"]
if evidence is not None:
    rng = np.random.default_rng(0)
    nonsense = [evidence.shuffled(rng) for _ in range(3)]
    again = [claim.verdict(other) for other in nonsense for claim in claims.CLAIMS]
    counted = pd.Series(again).value_counts(normalize=True).reindex(claims.VERDICTS, fill_value=0)
    real = every["verdict"].value_counts(normalize=True).reindex(claims.VERDICTS, fill_value=0)
    display(pd.DataFrame({"real": real, "shuffled": counted}).style.format("{:.0%}"))

# %% [markdown]
# If the rule favoured the authors, it would reproduce claims from shuffled numbers too.
#
# ## Strengths
#
# One rule for all. The tests can be read in `musiclime/judge/claims_of_the_paper.py`. A test of the book shuffles
# the evidence of every entry and checks that the decided ones change.
#
# ## Limits
#
# - With so many claims and a rule of two errors, one in twenty true ties is decided by chance.
# - Segments of a clip are not independent replicates: the error over segments is a little too small.
# - The thesis chose the words it lists by looking at these tables. So
#   our test that these words lead only checks the text; it finds nothing new.
# - The tables keep no negative weight, and most words were counted in one song.
#
# ## What this cannot tell you
#
# Whether a claim that is reproduced would hold for another model of the same music.
#
# ## Exercises
#
# **1.** How many songs stand behind the word *jah* in the table of rhythm music?

# %% tags=["hide-cell", "solution"]
if evidence is not None:
    sums, counts = evidence.tables["genre lyrics"]
    spellings = [name for name in counts.columns if name.casefold() == "jah"]
    print(counts.loc["rhythm music", spellings].astype(int).to_dict())

# %% [markdown]
# **2.** Add a claim of your own: do drums carry more in punk than bass does?

# %% tags=["hide-cell", "solution"]
if evidence is not None:
    estimate, error = claims.stems_lead("genre audio", {"punk": [("drums", "bass")]}, evidence)
    print(f"{estimate:.4f}, error {error:.4f}: {claims.verdict(estimate, error)}")

# %% [markdown]
# **3.** How large would the multimodal model's lead for emotion have to be, to be two errors?

# %% tags=["hide-cell", "solution"]
if evidence is not None:
    pair = (("emotion", "multimodal"), ("emotion", "audio"))
    points, error = claims.accuracy_ahead(*pair, evidence)
    print(f"{2 * error:.1f} points; it is {points:.2f}")

# %% [markdown]
# ## Summary
#
# {glue:text}`reproduced` claims are reproduced, {glue:text}`contradicted` contradicted, and {glue:text}`undecided`
# cannot be decided from what was published. Errors beside the published sums could decide more of them.
#
# ## Next
#
# {doc}`The demo songs </runs/demo-songs>`: songs whose evidence is known, for all that follows.
