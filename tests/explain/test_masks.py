"""Masks are drawn as they say, in pairs too, and weighed as lime weighs them."""

import numpy as np
import pytest
from lime.lime_text import LimeTextExplainer
from scipy.stats import chi2_contingency

from musiclime.explain import masks as drawn


def test_masks_of_lime_are_those_of_lime_text():
    text = " ".join(f"w{number}" for number in range(12))
    seen = []

    def watch(texts):
        seen.extend(len(text.split()) for text in texts)
        return np.tile([0.5, 0.5], (len(texts), 1))

    LimeTextExplainer(random_state=0).explain_instance(text, watch, num_samples=4000)
    masks = drawn.draw(4000, 12, "lime", seed=0)
    table = [np.bincount(counts, minlength=12)[:12] for counts in (seen[1:], masks[1:].sum(1))]
    assert chi2_contingency(table).pvalue > 0.001
    # No word is more often on than another.
    assert chi2_contingency([masks[1:].sum(0), (~masks[1:]).sum(0)]).pvalue > 0.001


def test_fair_coins_are_fair_and_grow():
    masks = drawn.draw(4000, 30, seed=5)
    assert masks[0].all() and abs(masks[1:].mean() - 0.5) < 4 * 0.5 / np.sqrt(masks[1:].size)
    for sampling in drawn.SAMPLING:
        few, many = (drawn.draw(n, 30, sampling, seed=5) for n in (100, 4000))
        assert (few == many[:100]).all()
    with pytest.raises(ValueError, match="sampling is one of half, lime"):
        drawn.draw(10, 3, "fair")


def test_the_published_kernel_does_nothing():
    masks = drawn.draw(5000, 100)
    assert drawn.kernel(masks, 25).min() > 0.999
    assert drawn.kernel(masks, 0.25)[1:].max() < 0.85


def test_pairs_are_mirror_images_of_the_same_coins():
    alone, paired = drawn.coins(40, 7, seed=3), drawn.coins(80, 7, seed=3, pairs=True)
    assert (paired[0::2] == alone).all() and (paired[1::2] == ~alone).all()
    assert (paired.mean(axis=0) == 0.5).all()
    assert (drawn.coins(30, 7, seed=3, pairs=True) == paired[:30]).all()
    assert drawn.draw(5, 7, pairs=True).shape == (5, 7) and drawn.draw(5, 7, pairs=True)[0].all()
    with pytest.raises(ValueError, match="in pairs only with"):
        drawn.draw(10, 3, "lime", pairs=True)
