"""Global importance: the formulas cell by cell, the errors by simulation, the demo by what was planted."""

import time
import tracemalloc
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import spearmanr

import musiclime as ml
from musiclime.data.composer.words import genre_lexicon
from musiclime.explain.explanation import Explanation, Feature
from musiclime.judge.global_importance import (
    MOMENTS,
    aggregate,
    base_form,
    grid,
    homogeneity,
    importance,
    plan,
    shares,
    summary,
    sums_and_counts,
    tally,
    words,
)
from musiclime.models.evaluation import answers

CLASSES = ["folk", "pop", "punk"]


def explanation(label, weights, errors=0.0, classes=CLASSES, cells=()):
    """A song of class label: weights is {feature: weight for that class}; other classes hold decoys."""
    row = classes.index(label)
    names = list(weights)
    features = [Feature(name, "audio" if name in cells else "lyrics") for name in names]
    table = np.full((len(classes), len(names)), 99.0)
    table[row] = list(weights.values())
    noise = np.broadcast_to(np.asarray(errors, float), table.shape).copy()
    probabilities = np.where(np.arange(len(classes)) == row, 0.8, 0.2 / (len(classes) - 1))
    zeros = np.zeros(len(classes))
    return Explanation(classes, features, table, noise, zeros, zeros, probabilities, 100, 0, "joint")


def brute_force(sums, counts, how):
    """The thesis's formulas, one cell at a time; an unseen feature has importance 0."""
    root = {c: {j: sqrt(sums.loc[c, j]) for j in sums.columns} for c in sums.index}
    if how == "lime":
        return root
    if how == "average":
        return {
            c: {j: sums.loc[c, j] / counts.loc[c, j] if counts.loc[c, j] else 0.0 for j in sums.columns}
            for c in sums.index
        }
    entropy = {}
    for j in sums.columns:
        total = sum(root[c][j] for c in sums.index)
        shares = [root[c][j] / total for c in sums.index if root[c][j] > 0]
        entropy[j] = -sum(p * log(p) for p in shares)
    low, high = min(entropy.values()), max(entropy.values())
    if high - low <= 1e-12:
        return root
    return {c: {j: (1 - (entropy[j] - low) / (high - low)) * root[c][j] for j in root[c]} for c in root}


@st.composite
def sparse_tables(draw):
    classes, features = draw(st.integers(1, 9)), draw(st.integers(1, 12))
    counts = draw(st.lists(st.integers(0, 5), min_size=classes * features, max_size=classes * features))
    weights = draw(st.lists(st.floats(1e-6, 50), min_size=classes * features, max_size=classes * features))
    counts = np.array(counts).reshape(classes, features)
    sums = np.where(counts > 0, np.array(weights).reshape(classes, features), 0.0)
    labels = {"index": [f"c{i}" for i in range(classes)], "columns": [f"w{i}" for i in range(features)]}
    return pd.DataFrame(sums, **labels), pd.DataFrame(counts, **labels)


@settings(max_examples=200, deadline=None)
@given(sparse_tables(), st.sampled_from(["lime", "average", "homogeneity"]))
def test_importance_is_the_thesis_cell_by_cell(tables, how):
    sums, counts = tables
    result = importance(sums, counts, how)
    expected = pd.DataFrame(brute_force(sums, counts, how)).T.reindex_like(result)
    np.testing.assert_allclose(result.to_numpy(), expected.to_numpy(float), rtol=1e-12, atol=1e-12)


def test_absent_cells_may_be_nan_and_labels_in_another_order():
    sums = pd.DataFrame({"love": [4.0, np.nan], "riot": [np.nan, 1.0]}, index=["pop", "punk"])
    counts = pd.DataFrame({"riot": [1.0, np.nan], "love": [np.nan, 2.0]}, index=["punk", "pop"])
    average = importance(sums, counts)
    assert average.loc["pop", "love"] == 2.0 and average.loc["punk", "riot"] == 1.0
    assert average.loc["punk", "love"] == 0.0 and average.loc["pop", "riot"] == 0.0


def test_homogeneity_penalises_what_all_classes_share_and_nothing_when_all_is_alike():
    sums = pd.DataFrame([[4.0, 1.0], [0.0, 1.0]], index=["pop", "punk"], columns=["glitter", "the"])
    assert homogeneity(sums).tolist() == [1.0, 0.0]
    alike = pd.DataFrame([[4.0, 1.0], [4.0, 1.0]], index=["pop", "punk"], columns=["a", "b"])
    assert homogeneity(alike).tolist() == [1.0, 1.0]
    assert importance(alike, alike * 0 + 1, "homogeneity").to_numpy().tolist() == [[2.0, 1.0], [2.0, 1.0]]


def test_importance_refuses_tables_that_do_not_belong_together():
    table = pd.DataFrame([[1.0]], index=["pop"], columns=["love"])
    with pytest.raises(ValueError, match="same classes and features"):
        importance(table, table.rename(columns={"love": "riot"}))
    with pytest.raises(ValueError, match="sum without a count"):
        importance(table, table * 0)
    with pytest.raises(ValueError, match="how is one of"):
        importance(table, table, "mean")


def test_only_the_weights_of_the_predicted_class_count_and_each_sign_means_what_it_says():
    songs = [
        explanation("pop", {"love": 0.5, "the": -0.1}),
        explanation("pop", {"love": -0.3, "the": 0.0}),
        explanation("punk", {"riot": 0.2}),
    ]
    absolute, positive = aggregate(songs), aggregate(songs, sign="positive")
    assert list(absolute.index) == CLASSES and list(absolute.columns) == ["love", "the", "riot"]
    assert absolute.loc["pop"].tolist() == pytest.approx([0.4, 0.1, 0.0])
    # "the" weighs nothing in the second song and is not counted; positively it is never counted at all.
    assert positive.loc["pop"].to_dict() == pytest.approx({"love": 0.5, "riot": 0.0})
    assert aggregate(songs, sign="signed").loc["pop"].tolist() == pytest.approx([0.1, -0.1, 0.0])
    assert aggregate(songs, "lime").loc["pop", "love"] == pytest.approx(sqrt(0.8))
    assert aggregate(songs, "lime", "signed").loc["pop", "the"] == pytest.approx(-sqrt(0.1))
    assert (absolute.loc["folk"] == 0).all()
    with pytest.raises(ValueError, match="sign is absolute"):
        aggregate(songs, sign="negative")


def test_explanations_stream_from_memory_generators_and_files(tmp_path):
    songs = [explanation("pop", {"love": 0.5}), explanation("punk", {"riot": 0.2})]
    paths = [song.save(tmp_path / f"{i}.json") for i, song in enumerate(songs)]
    pd.testing.assert_frame_equal(aggregate(iter(songs)), aggregate(paths))
    with pytest.raises(ValueError, match="no explanations"):
        aggregate([])


def test_bad_explanations_are_named():
    other = explanation("Sad", {"tears": 1.0}, classes=["Happy", "Sad"])
    other.song["id"] = "s2"
    with pytest.raises(ValueError, match="'s2' has other classes"):
        aggregate([explanation("pop", {"love": 0.5}), other])
    with pytest.raises(ValueError, match="no numbers"):
        aggregate([explanation("pop", {"love": np.nan})])


def test_a_word_spelled_like_a_cell_is_not_added_to_it():
    songs = [explanation("pop", {"bass0": 0.5}, cells=["bass0"]), explanation("pop", {"bass0": 0.1})]
    assert aggregate(songs).loc["pop"].to_dict() == pytest.approx({"bass0": 0.5, "bass0 (word)": 0.1})


def test_inflected_forms_are_pooled_within_a_song_and_across_songs():
    songs = [
        explanation("pop", {"loves": 0.2, "loving": 0.3, "loved": -0.1}),
        explanation("pop", {"lovin": 0.6, "love": 0.0}),
    ]
    sums, counts = sums_and_counts(tally(songs, pool=True))
    assert sums.loc["pop"].to_dict() == pytest.approx({"love": 0.4 + 0.6})
    assert counts.loc["pop", "love"] == 2


@pytest.mark.parametrize(
    "forms",
    ["love loves loved loving lovin", "run running runnin runs", "city cities", "kiss kisses kissed kissing",
     "dance dancing dancin danced dances", "cry cries crying", "girl girls girl's", "wish wishes wishing"],
)  # fmt: skip
def test_base_form_joins_what_belongs_together(forms):
    assert len({base_form(word) for word in forms.split()}) == 1


def test_base_form_keeps_apart_what_does_not():
    apart = "king thing bring red bed need bus this us is rain again car care star sing her here"
    assert len({base_form(word) for word in apart.split(" ")}) == 18


def test_lines_are_known_by_their_text_not_their_number():
    def song(number):
        e = explanation("pop", {f"line {number}": 0.5})
        e.features[0] = Feature(f"line {number}", "lyrics", text="All you need")
        return e

    assert aggregate([song(1), song(4)]).columns.tolist() == ["all you need"]


def test_errors_hold_both_sources():
    rng = np.random.default_rng(0)
    true = 0.2 + 0.3 * rng.normal(size=4000)
    songs = [explanation("pop", {"love": w + 0.4 * rng.normal()}, 0.4) for w in true]
    row = summary(tally(songs)).iloc[0]
    assert row["between"] == pytest.approx(0.3, rel=0.1) and row["within"] == pytest.approx(0.4)
    assert row["error"] == pytest.approx(0.5 / sqrt(4000), rel=0.05)
    assert row["low"] < 0.2**2 + 0.3**2 < row["high"]
    assert row["q"] < 1e-6 and row["freedom"] == 3999


@pytest.mark.parametrize("songs", [8, 40])
def test_a_null_features_debiased_interval_covers_zero(songs):
    """2,000 aggregates of one word that does nothing, with unequal errors; the plain magnitude is never 0."""
    rng = np.random.default_rng(songs)
    names = [f"w{i}" for i in range(2000)]
    explained = []
    for _ in range(songs):
        errors = 0.01 * np.exp(0.5 * rng.normal(size=2000))
        explained.append(explanation("pop", dict(zip(names, errors * rng.normal(size=2000))), errors))
    table = summary(tally(explained))
    assert 0.93 <= ((table["low"] <= 0) & (table["high"] >= 0)).mean() <= 0.97
    assert abs(table["debiased"].mean()) < 0.02 * table["within"].mean() ** 2
    assert (table["absolute"] / table["songs"]).mean() > 0.7 * table["within"].mean() * sqrt(2 / np.pi)
    assert (table["q"] < 0.05).sum() <= 2


def game(rng, effects, songs, between=0.0, noise=0.01, modality="lyrics"):
    """The tally of a class in which each feature has a true mean weight, a spread over songs and noise."""
    count = len(effects)
    shape = (count, songs)
    errors = noise * np.exp(0.3 * rng.normal(size=(count, 1)) + 0.2 * rng.normal(size=shape))
    true = np.asarray(effects)[:, None] + np.asarray(between).reshape(-1, 1) * rng.normal(size=shape)
    weights = true + errors * rng.normal(size=shape)
    moments = {
        "songs": np.full(count, songs),
        "positive songs": (weights > 0).sum(axis=1),
        "absolute": np.abs(weights).sum(axis=1),
        "positive": np.maximum(weights, 0).sum(axis=1),
        "signed": weights.sum(axis=1),
        "square": (weights**2).sum(axis=1),
        "noise": (errors**2).sum(axis=1),
        "noise square": (errors**4).sum(axis=1),
    }
    table = pd.DataFrame({name: moments[name] for name in MOMENTS})
    table.insert(0, "class", "pop")
    table.insert(1, "feature", [f"w{i}" for i in range(count)])
    table.insert(2, "modality", modality)
    table.attrs["songs"] = {"pop": songs}
    return table, true.mean(axis=1)


@pytest.mark.parametrize("songs", [3, 5, 12])
def test_of_games_in_which_nothing_matters_at_most_one_in_twenty_has_a_finding(songs):
    rng = np.random.default_rng(songs)
    with_finding = np.zeros(2)
    for _ in range(60):
        table, _ = game(rng, np.zeros(150), songs)
        with_finding += (summary(table, support=3)[["q", "q here"]] < 0.05).any()
    # 5 % of 60, and two standard errors of that count.
    assert with_finding.max() <= 3 + 2 * sqrt(60 * 0.05 * 0.95)


@pytest.mark.parametrize("songs", [3, 5, 20])
def test_moderated_findings_are_few_false_and_more_than_the_plain_t_test_makes(songs):
    rng = np.random.default_rng(songs)
    effects = np.where(np.arange(400) < 40, 0.04, 0.0)
    found, plain, false = 0, 0, 0
    for _ in range(10):
        table, _ = game(rng, effects, songs, between=np.full(400, 0.01))
        table = summary(table, support=3)
        hits = table["q"] < 0.05
        found += hits[:40].sum()
        false += hits[40:].sum()
        spread = (table["square"] - songs * table["mean"] ** 2) / (songs - 1)
        p = 2 * stats.t.sf(np.abs(table["mean"]) / np.sqrt(spread / songs), songs - 1)
        plain += (stats.false_discovery_control(p) < 0.05)[:40].sum()
    assert false / (found + false) < 0.08
    assert found >= plain
    if songs < 10:
        assert found > 200 and found > 1.5 * plain


@pytest.mark.parametrize("songs", [3, 5, 20])
@pytest.mark.parametrize("spread", ["none", "equal", "unequal"])
def test_bars_cover_what_they_say_from_three_songs_on(songs, spread):
    rng = np.random.default_rng(songs)
    effects = np.where(np.arange(400) < 40, 0.05, 0.0)
    covered, covered_here = [], []
    for _ in range(10):
        between = np.full(400, 0.01)
        if spread == "none":
            between = np.zeros(400)
        elif spread == "unequal":
            between = 0.01 * np.sqrt(4 / rng.chisquare(4, 400))
        table, mean_here = game(rng, effects, songs, between)
        table = summary(table, support=3)
        covered.append((np.abs(table["mean"] - effects) < table["bar"]).mean())
        covered_here.append((np.abs(table["mean"] - mean_here) < table["bar here"]).mean())
    assert 0.93 <= np.mean(covered) <= 0.97
    assert 0.93 <= np.mean(covered_here) <= 0.97


def test_an_effect_of_the_detectable_size_is_found_four_times_in_five():
    rng = np.random.default_rng(2)
    quiet, _ = game(rng, np.zeros(400), 5)
    size = summary(quiet, support=3)["detectable"].median()
    found = []
    for _ in range(100):
        table, _ = game(rng, np.where(np.arange(400) == 0, size, 0.0), 5)
        found.append(summary(table, support=3)["q"].iloc[0] < 0.05)
    # Noise differs between features, and the size is that of a middling one.
    assert 0.6 < np.mean(found) < 0.95


def test_these_songs_are_a_smaller_target_than_songs_like_these():
    rng = np.random.default_rng(3)
    table, _ = game(rng, np.full(200, 0.03), 4, between=np.full(200, 0.04))
    table = summary(table, support=3)
    assert (table["q here"] < 0.05).mean() > 2 * (table["q"] < 0.05).mean()
    assert (table["error"] >= table["error here"]).all()


def test_rare_words_are_not_tested():
    songs = [
        explanation("pop", {"love": 0.5 + i / 100, **({"rare": 0.9} if i < 4 else {})}) for i in range(6)
    ]
    q = summary(tally(songs), support=5).set_index("feature")["q"]
    assert q["love"] < 0.01 and np.isnan(q["rare"])


def test_cells_and_words_part_and_stems_add_up():
    row = aggregate(
        [explanation("pop", {"vocals0": 0.1, "bass0": 0.2, "vocals1": 0.4, "love": 0.5}, cells=["vocals0"])]
    ).loc["pop"]
    table = grid(row)
    assert table.index.tolist() == ["vocals", "bass"] and table.sum(axis=1).tolist() == pytest.approx(
        [0.5, 0.2]
    )
    assert np.isnan(table.loc["bass", 1])
    assert words(row).to_dict() == {"love": 0.5}
    with pytest.raises(ValueError, match="no stem x segment cells"):
        grid(row[["love"]])


def test_shares_find_the_true_share_where_magnitudes_find_noise():
    rng = np.random.default_rng(1)
    cells = [f"vocals{i}" for i in range(10)]
    true = {"love": 0.3, **dict.fromkeys(cells, 0.0)}
    songs = [
        explanation("pop", {k: v + 0.05 * rng.normal() for k, v in true.items()}, 0.05, cells=cells)
        for _ in range(100)
    ]
    plain, row = shares(songs, "absolute", 0).loc["pop"], shares(songs).loc["pop"]
    assert plain["share"] < 0.5 < 0.9 < row["share"]
    assert row["low"] <= row["share"] <= row["high"] and row["songs"] == 100
    silent = shares([explanation("pop", {"love": -0.3}, cells=cells)]).loc["pop"]
    assert np.isnan(silent["share"]) and silent["songs"] == 1


def test_the_plan_finds_the_square_root_rule():
    between, within, overhead = 0.1, 4.0, 500
    table = plan(between, within, 1e7, overhead, least=10)
    best = table.loc[table["error"].idxmin()]
    assert best["perturbations"] == pytest.approx(sqrt(overhead * within**2 / between**2), rel=0.1)
    assert (table["songs"] * (table["perturbations"] + overhead) <= 1e7).all()


@pytest.mark.slow
def test_ten_thousand_explanations_in_ten_seconds_and_two_gigabytes():
    rng = np.random.default_rng(0)
    classes = [f"c{i}" for i in range(9)]
    cells = [Feature(f"{s}{i}", "audio") for i in range(10) for s in ("vocals", "drums", "bass", "other")]
    vocabulary = [Feature(f"word{i}", "lyrics") for i in range(20000)]
    zeros = np.zeros(9)

    def songs(count):
        for _ in range(count):
            features = cells + [vocabulary[i] for i in rng.choice(20000, 160, replace=False)]
            table = rng.normal(size=(9, 200))
            yield Explanation(
                classes, features, table, np.ones((9, 200)), zeros, zeros, rng.dirichlet(np.ones(9)), 1, 0, ""
            )

    spent = time.process_time()
    for _ in songs(10000):
        pass
    making, spent = time.process_time() - spent, time.process_time()
    table = aggregate(songs(10000), "homogeneity")
    assert time.process_time() - spent - making < 10
    assert table.shape == (9, 20040)
    tracemalloc.start()
    aggregate(songs(1000), "homogeneity")
    assert tracemalloc.get_traced_memory()[1] < 2e9
    tracemalloc.stop()


@pytest.mark.slow
def test_on_the_demo_the_share_of_the_lyrics_is_what_the_model_itself_uses():
    model, test = ml.load_model(), ml.load_corpus("demo").split("test")
    songs = [test[position] for position in range(135)]
    # The book's chapters have asked the model about all test songs: their answers are kept.
    kept = answers([model], test, progress=False)[0]
    label = kept["as it is"][: len(songs)].argmax(1)
    cases = ("as it is", "words replaced", "cells replaced", "both replaced")
    both, sound, words, none = (kept[case][np.arange(len(songs)), label] for case in cases)
    game = pd.DataFrame({"words": both - sound + words - none, "cells": both - words + sound - none})
    game = game.groupby([model.classes[row] for row in label]).sum().clip(lower=0)
    explainer = ml.MusicLIME(model, samples=240, off="neutral")
    explained = [explainer.explain(song) for song in songs]
    share = shares(explained)["share"]
    assert len(share) == 9
    assert spearmanr(share, (game["words"] / game.sum(axis=1)).reindex(share.index)).statistic >= 0.9
    leading = tally(explained).assign(mean=lambda t: t["signed"] / t["songs"])
    leading = leading.query("modality == 'lyrics' and songs >= 2 and `class` == 'hip hop'")
    planted = {base_form(w) for part in genre_lexicon("hip hop") for kind in part.values() for w in kind}
    assert sum(base_form(w) in planted for w in leading.nlargest(10, "mean")["feature"]) >= 8
