"""The grid of masks: the joint fit of all pairs, intervals that hold, fewer encodings for the same error."""

from pathlib import Path

import numpy as np
import pytest

from musiclime.explain import crossed_design as crossed_fits
from musiclime.explain import surrogate
from musiclime.explain.masks import coins, draw

PAIRS = [(False, False), (True, False), (False, True), (True, True)]


def every_mask(features):
    return (np.arange(2**features)[:, None] >> np.arange(features)) & 1 == 1


class Toy:
    """A late fusion head with LayerNorm and softmax over two bent towers."""

    def __init__(self, audio=8, lyrics=10, seed=7, bend=1.0):
        rng = np.random.default_rng(seed)
        self.bend = bend
        self.towers = rng.normal(size=(audio, 6)) / 2, rng.normal(size=(lyrics, 6)) / 2
        self.head = rng.normal(size=(12, 3))

    def grid(self, audio, lyrics):
        a, t = (
            np.tanh(self.bend * (masks - 0.3) @ tower) for masks, tower in zip((audio, lyrics), self.towers)
        )
        pairs = np.broadcast_arrays(a[:, None], t[None])
        both = np.concatenate([np.broadcast_to(x, (len(a), len(t), 6)) for x in pairs], axis=-1)
        both = (both - both.mean(-1, keepdims=True)) / both.std(-1, keepdims=True)
        logits = np.exp(both @ self.head)
        return logits / logits.sum(-1, keepdims=True)


def test_crossed_fit_is_the_joint_fit_of_all_pairs():
    toy, a, t = Toy(), draw(60, 8, seed=1), draw(50, 10, seed=2)
    grid = toy.grid(a, t)
    crossed = crossed_fits.fit_crossed(a, t, [grid[:23], grid[23:24], grid[24:]])
    pairs = np.hstack([np.repeat(a, len(t), axis=0), np.tile(t, (len(a), 1))])
    joint = surrogate.fit(pairs, grid.reshape(-1, 3))
    assert np.abs(crossed.weights - joint.weights).max() < 1e-6
    assert np.abs(crossed.intercept - joint.intercept).max() < 1e-6
    assert np.abs(crossed.score - joint.score).max() < 1e-6
    # Written out for one audio weight, as the derivation has it.
    x = a - a.mean(0)
    reader = np.linalg.solve(x.T @ x + np.eye(8) / len(t), x.T)[0]
    centred = reader @ grid[..., 0] - crossed.weights[0, 0]
    assert crossed.by_lyrics[0, 0] == pytest.approx((centred**2).sum() / (50 * 49), rel=1e-3)


def test_crossed_intervals_cover_and_naive_ones_do_not():
    toy = Toy()
    masks = every_mask(8), every_mask(10)
    truth = crossed_fits.fit_crossed(*masks, [toy.grid(*masks)], alpha=1e-9).weights
    inside, naive = [], []
    for seed in range(60):
        a, t = draw(120, 8, seed=[seed, 0])[1:], draw(120, 10, seed=[seed, 1])[1:]
        found = crossed_fits.fit_crossed(a, t, [toy.grid(a, t)])
        gap = np.abs(found.weights - truth)
        inside.append(gap < 1.96 * found.errors)
        naive.append(gap < 1.96 * np.sqrt(found.by_cell))
    assert np.size(inside) >= 2000
    assert 0.93 <= np.mean(inside) <= 0.97
    assert np.mean(naive) < 0.6


def test_allocation_needs_a_third_of_the_encodings():
    toy, features = Toy(), (8, 10)
    masks = every_mask(8), every_mask(10)
    truth = crossed_fits.fit_crossed(*masks, [toy.grid(*masks)], alpha=1e-9).weights
    joint, crossed, passes = [], [], []
    for seed in range(12):
        pilot = [draw(61, p, seed=[seed, k])[1:] for k, p in enumerate(features)]
        start = crossed_fits.fit_crossed(*pilot, [toy.grid(*pilot)])
        sizes = crossed_fits.allocate(start, (60, 60), features, joint=800)
        a, t = (draw(n + 1, p, seed=[seed, k])[1:] for k, (n, p) in enumerate(zip(sizes, features)))
        found = crossed_fits.fit_crossed(a, t, [toy.grid(a, t)])
        pairs = draw(800, 18, seed=seed)
        outputs = np.concatenate([toy.grid(row[None, :8], row[None, 8:])[0] for row in pairs])
        joint.append(((surrogate.fit(pairs, outputs).weights - truth) ** 2).mean())
        crossed.append(((found.weights - truth) ** 2).mean())
        passes.append(sum(sizes))
    assert np.mean(crossed) < 1.3 * np.mean(joint)
    assert np.median(passes) < 0.5 * 2 * 800
    dear = crossed_fits.allocate(start, (60, 60), features, joint=800, costs=(10.0, 1.0))
    assert dear[0] < sizes[0] and dear[1] > sizes[1]


def test_verdict():
    weights, errors = np.array([[5.0, 4, 3, 2, 1, 0, -5]]), np.full((1, 7), 0.1)

    def judged(errors, weights=weights, left=3):
        nothing = np.zeros(1)
        return crossed_fits.verdict(surrogate.Fit(weights, errors, nothing, nothing, nothing), 6, left)

    assert judged(errors) == (True, "narrow, top five resolved", pytest.approx(0.25))
    done, _, more = judged(4 * errors)
    assert not done and more == pytest.approx(4)
    tied = weights.copy()
    tied[0, 5] = 1.0
    assert judged(errors, tied)[:2] == (True, "narrow, fifth and sixth tied")
    close = weights.copy()
    close[0, 5] = 0.8
    assert not judged(errors, close)[0] and judged(errors, close, left=0)[0]
    assert judged(errors, np.zeros((1, 7)))[:2] == (True, "no feature moves any output")


@pytest.mark.parametrize("pairs", PAIRS)
def test_crossed_intervals_cover_in_pairs_too_and_for_the_largest_weights(pairs):
    toy, masks = Toy(), (every_mask(8), every_mask(10))
    truth = crossed_fits.fit_crossed(*masks, [toy.grid(*masks)], alpha=1e-9).weights
    largest = np.argsort(-np.abs(truth), axis=1)[:, :5]
    inside, inside_largest, squares, foretold = [], [], [], []
    for seed in range(80):
        a, t = coins(100, 8, [seed, 0], pairs[0]), coins(120, 10, [seed, 1], pairs[1])
        found = crossed_fits.fit_crossed(a, t, [toy.grid(a[:40], t), toy.grid(a[40:], t)], pairs=pairs)
        covered = np.abs(found.weights - truth) < 1.96 * found.errors
        inside.append(covered)
        inside_largest.append(np.take_along_axis(covered, largest, axis=1))
        squares.append((found.weights - truth) ** 2)
        foretold.append(found.errors**2)
    assert 0.93 <= np.mean(inside) <= 0.97
    assert 0.90 <= np.mean(inside_largest) <= 0.98
    assert np.mean(foretold) == pytest.approx(np.mean(squares), rel=0.12)


@pytest.mark.slow
def test_the_pilots_choice_of_pairs_is_never_much_worse_than_none():
    """Over toys of several shapes, at equal encodings, against exact values."""
    masks, ratios = (every_mask(8), every_mask(10)), []
    for shape in range(6):
        toy = Toy(seed=shape, bend=(0.3, 1.0)[shape % 2])
        truth = crossed_fits.fit_crossed(*masks, [toy.grid(*masks)], alpha=1e-9).weights
        pilot = coins(80, 8, [shape, 8], True), coins(80, 10, [shape, 9], True)
        grid = [toy.grid(*pilot)]
        pilots = {pairs: crossed_fits.fit_crossed(*pilot, grid, pairs=pairs) for pairs in PAIRS}
        chosen = crossed_fits.choose_pairs(pilots, (80, 80), (8, 10), joint=2000)
        squares = {}
        for pairs in (chosen, (False, False)):
            found = []
            for seed in range(25):
                a, t = coins(150, 8, [seed, 0], pairs[0]), coins(150, 10, [seed, 1], pairs[1])
                weights = crossed_fits.fit_crossed(a, t, [toy.grid(a, t)], pairs=pairs).weights
                found.append((weights - truth) ** 2)
            squares[pairs] = np.mean(found)
        ratios.append(squares[chosen] / squares[(False, False)])
    assert max(ratios) < 1.1 and np.mean(ratios) < 0.9


def test_errors_of_differences_are_those_of_the_difference():
    toy = Toy()
    a, t = coins(60, 8, 1, True), coins(50, 10, 2)
    grid = toy.grid(a, t).astype(np.float64)
    three = crossed_fits.fit_crossed(a, t, [grid], pairs=(True, False))
    difference = crossed_fits.fit_crossed(a, t, [grid[..., :1] - grid[..., 2:]], pairs=(True, False))
    # Pairs of outputs in order: (0, 1), (0, 2), (1, 2).
    assert three.contrasts[1] == pytest.approx(difference.errors[0], rel=1e-3)


def test_the_default_needs_a_third_of_the_encodings_on_the_recorded_songs():
    """Recorded by `python -m benchmarks.bench errors`, for the model's class, against a large grid."""
    import pandas as pd

    file = Path(__file__).parents[2] / "data/measured/errors.csv"
    table = pd.read_csv(file, comment="#")
    squared = (table["error"] ** 2 - table["reference error"] ** 2).clip(lower=0)
    table = table.assign(product=squared * table["encodings"])
    products = table.pivot_table(index="song", columns="design", values="product")
    assert len(products) == 20
    assert (products["crossed, default"] / products["joint"]).median() <= 0.30
    ratio = products["crossed, default"] / products["crossed, no pairs, by the pilot"]
    assert ratio.max() <= 1.1
    counts = table.groupby("design")[["intervals", "covered", "largest", "largest covered"]].sum()
    assert (counts["covered"] / counts["intervals"]).between(0.93, 0.97).all()
    assert (counts["largest covered"] / counts["largest"]).between(0.90, 0.98).all()
