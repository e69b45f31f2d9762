import numpy as np
import pytest
from lime.lime_base import LimeBase
from lime.lime_text import LimeTextExplainer
from scipy.stats import chi2_contingency

from musiclime.explain import surrogate


def game(masks):
    """A bent additive game of 12 players with two outputs."""
    rng = np.random.default_rng(1)
    return np.tanh((masks - 0.4) @ rng.normal(size=(masks.shape[1], 2)))


def every_mask(features):
    return (np.arange(2**features)[:, None] >> np.arange(features)) & 1 == 1


def banzhaf(features):
    masks = every_mask(features)
    outputs = game(masks)
    return np.array([outputs[masks[:, j]].mean(0) - outputs[~masks[:, j]].mean(0) for j in range(features)]).T


@pytest.mark.parametrize("sampling", surrogate.SAMPLING)
@pytest.mark.parametrize("alpha", [1.0, 0.01])
def test_equals_limebase(sampling, alpha):
    from sklearn.linear_model import Ridge

    masks = surrogate.draw(2500, 12, sampling, seed=3)
    outputs = game(masks) + np.random.default_rng(0).normal(size=(len(masks), 2))
    ours = surrogate.fit(masks, outputs, surrogate.kernel(masks, 0.25), alpha)
    distances = 100 * (1 - np.sqrt(masks.mean(1)))
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 25**2)))
    for row in range(2):
        intercept, pairs, score, local = base.explain_instance_with_data(
            masks.astype(float),
            outputs,
            distances,
            row,
            12,
            feature_selection="none",
            model_regressor=Ridge(alpha=alpha),
        )
        assert np.abs(np.array([weight for _, weight in sorted(pairs)]) - ours.weights[row]).max() < 1e-9
        assert abs(intercept - ours.intercept[row]) < 1e-9
        assert abs(score - ours.score[row]) < 1e-9
        assert abs(local[0] - ours.local[row]) < 1e-9


def test_masks_of_lime_are_those_of_lime_text():
    text = " ".join(f"w{number}" for number in range(12))
    seen = []

    def watch(texts):
        seen.extend(len(text.split()) for text in texts)
        return np.tile([0.5, 0.5], (len(texts), 1))

    LimeTextExplainer(random_state=0).explain_instance(text, watch, num_samples=4000)
    masks = surrogate.draw(4000, 12, "lime", seed=0)
    table = [np.bincount(counts, minlength=12)[:12] for counts in (seen[1:], masks[1:].sum(1))]
    assert chi2_contingency(table).pvalue > 0.001
    # No word is more often on than another.
    assert chi2_contingency([masks[1:].sum(0), (~masks[1:]).sum(0)]).pvalue > 0.001


def test_fair_coins_are_fair_and_grow():
    masks = surrogate.draw(4000, 30, seed=5)
    assert masks[0].all() and abs(masks[1:].mean() - 0.5) < 4 * 0.5 / np.sqrt(masks[1:].size)
    for sampling in surrogate.SAMPLING:
        few, many = (surrogate.draw(n, 30, sampling, seed=5) for n in (100, 4000))
        assert (few == many[:100]).all()
    with pytest.raises(ValueError, match="sampling is one of half, lime"):
        surrogate.draw(10, 3, "fair")


def test_the_published_kernel_does_nothing():
    masks = surrogate.draw(5000, 100)
    assert surrogate.kernel(masks, 25).min() > 0.999
    assert surrogate.kernel(masks, 0.25)[1:].max() < 0.85


def test_linear_games_are_recovered():
    masks = surrogate.draw(400, 20)
    truth = np.random.default_rng(2).normal(size=(20, 3))
    exact = surrogate.fit(masks, masks @ truth + 0.3, alpha=0.0)
    assert np.abs(exact.weights - truth.T).max() < 1e-6
    assert np.abs(exact.intercept - 0.3).max() < 1e-6
    assert np.abs(exact.score - 1).max() < 1e-9
    # Ridge shrinks a fair coin's weight by about alpha / (n / 4), no more.
    shrunk = surrogate.fit(masks, masks @ truth + 0.3).weights
    assert np.abs(shrunk - truth.T).max() < 3 * np.abs(truth).max() * 4 / 400


def test_what_never_moves_and_too_few_masks():
    masks = surrogate.draw(50, 5)
    still = surrogate.fit(masks, np.full((50, 1), 0.1))
    assert np.abs(still.weights).max() < 1e-12 and still.score[0] == 1
    with pytest.raises(ValueError, match="take more samples or alpha > 0"):
        surrogate.fit(np.ones((4, 9), dtype=bool), np.zeros((4, 1)), alpha=0.0)


def test_intervals_cover_the_exact_banzhaf_values():
    truth, inside, far = banzhaf(12), [], 0
    for seed in range(150):
        masks = surrogate.draw(400, 12, seed=seed)
        found = surrogate.fit(masks, game(masks))
        gap = np.abs(found.weights - truth) / found.errors
        inside.append(gap < 1.96)
        far = max(far, gap.max())
    assert np.size(inside) >= 2000
    assert 0.93 <= np.mean(inside) <= 0.97
    assert far < 5.5


def test_intervals_cover_with_few_masks_for_many_features():
    truth, inside = np.random.default_rng(0).normal(size=60), []
    for seed in range(40):
        masks = surrogate.draw(150, 60, seed=seed)
        noise = np.random.default_rng(seed).normal(size=150)
        found = surrogate.fit(masks, (masks @ truth + noise)[:, None], alpha=1e-6)
        inside.append(np.abs(found.weights[0] - truth) < 1.96 * found.errors[0])
    assert np.size(inside) >= 2000
    assert 0.93 <= np.mean(inside) <= 0.97


class Toy:
    """A late fusion head with LayerNorm and softmax over two bent towers."""

    def __init__(self, audio=8, lyrics=10):
        rng = np.random.default_rng(7)
        self.towers = rng.normal(size=(audio, 6)) / 2, rng.normal(size=(lyrics, 6)) / 2
        self.head = rng.normal(size=(12, 3))

    def grid(self, audio, lyrics):
        a, t = (np.tanh((masks - 0.3) @ tower) for masks, tower in zip((audio, lyrics), self.towers))
        pairs = np.broadcast_arrays(a[:, None], t[None])
        both = np.concatenate([np.broadcast_to(x, (len(a), len(t), 6)) for x in pairs], axis=-1)
        both = (both - both.mean(-1, keepdims=True)) / both.std(-1, keepdims=True)
        logits = np.exp(both @ self.head)
        return logits / logits.sum(-1, keepdims=True)


def test_crossed_fit_is_the_joint_fit_of_all_pairs():
    toy, a, t = Toy(), surrogate.draw(60, 8, seed=1), surrogate.draw(50, 10, seed=2)
    grid = toy.grid(a, t)
    crossed = surrogate.fit_crossed(a, t, [grid[:23], grid[23:24], grid[24:]])
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
    truth = surrogate.fit_crossed(*masks, [toy.grid(*masks)], alpha=1e-9).weights
    inside, naive = [], []
    for seed in range(60):
        a, t = surrogate.draw(120, 8, seed=[seed, 0])[1:], surrogate.draw(120, 10, seed=[seed, 1])[1:]
        found = surrogate.fit_crossed(a, t, [toy.grid(a, t)])
        gap = np.abs(found.weights - truth)
        inside.append(gap < 1.96 * found.errors)
        naive.append(gap < 1.96 * np.sqrt(found.by_cell))
    assert np.size(inside) >= 2000
    assert 0.93 <= np.mean(inside) <= 0.97
    assert np.mean(naive) < 0.6


def test_allocation_needs_a_third_of_the_encodings():
    toy, features = Toy(), (8, 10)
    masks = every_mask(8), every_mask(10)
    truth = surrogate.fit_crossed(*masks, [toy.grid(*masks)], alpha=1e-9).weights
    joint, crossed, passes = [], [], []
    for seed in range(12):
        pilot = [surrogate.draw(61, p, seed=[seed, k])[1:] for k, p in enumerate(features)]
        start = surrogate.fit_crossed(*pilot, [toy.grid(*pilot)])
        sizes = surrogate.allocate(start, (60, 60), features, joint=800)
        a, t = (surrogate.draw(n + 1, p, seed=[seed, k])[1:] for k, (n, p) in enumerate(zip(sizes, features)))
        found = surrogate.fit_crossed(a, t, [toy.grid(a, t)])
        pairs = surrogate.draw(800, 18, seed=seed)
        outputs = np.concatenate([toy.grid(row[None, :8], row[None, 8:])[0] for row in pairs])
        joint.append(((surrogate.fit(pairs, outputs).weights - truth) ** 2).mean())
        crossed.append(((found.weights - truth) ** 2).mean())
        passes.append(sum(sizes))
    assert np.mean(crossed) < 1.3 * np.mean(joint)
    assert np.median(passes) < 0.5 * 2 * 800
    dear = surrogate.allocate(start, (60, 60), features, joint=800, costs=(10.0, 1.0))
    assert dear[0] < sizes[0] and dear[1] > sizes[1]


def test_verdict():
    weights, errors = np.array([[5.0, 4, 3, 2, 1, 0, -5]]), np.full((1, 7), 0.1)

    def judged(errors, weights=weights, left=3):
        nothing = np.zeros(1)
        return surrogate.verdict(surrogate.Fit(weights, errors, nothing, nothing, nothing), 6, left)

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
