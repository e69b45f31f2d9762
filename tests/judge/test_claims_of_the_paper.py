"""The claim ledger: one rule for verdicts, and no verdict that its evidence cannot change."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musiclime.data.authors_tables import TABLES
from musiclime.judge import claims_of_the_paper as claims

reference = pytest.mark.skipif(
    "MUSICLIME_REFERENCE" not in os.environ,
    reason="the authors' tables are not ours to ship: name their folder in MUSICLIME_REFERENCE",
)
DATA = Path(__file__).parents[2] / "data"
BY_TEXT = {claim.text: claim for claim in claims.CLAIMS}


@pytest.fixture(scope="module")
def evidence():
    return claims.read_evidence(DATA)


@pytest.fixture(scope="module")
def shuffled(evidence):
    rng = np.random.default_rng(0)
    return [evidence.shuffled(rng) for _ in range(8)]


def test_a_tie_is_undecided_and_two_errors_decide():
    assert claims.verdict(0.0, 0.1) == "undecided" and claims.verdict(0.0, 0.0) == "undecided"
    assert claims.verdict(0.21, 0.1) == "reproduced" and claims.verdict(-0.21, 0.1) == "contradicted"
    assert claims.verdict(0.19, 0.1) == claims.verdict(-0.19, 0.1) == "undecided"


def test_a_claim_of_several_parts_is_as_good_as_its_weakest():
    assert claims.weakest([(5.0, 1.0), (0.2, 1.0), (3.0, 0.1)]) == (0.2, 1.0)
    assert claims.weakest([(5.0, 1.0), (-0.1, 0.0)]) == (-0.1, 0.0)


def test_claims_are_told_apart_and_say_what_would_have_turned_them():
    assert len(BY_TEXT) == len(claims.CLAIMS)
    assert all(claim.turned_by and claim.measured and claim.source for claim in claims.CLAIMS)


@reference
@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: claim.text)
def test_every_verdict_changes_when_its_evidence_is_permuted(claim, evidence, shuffled):
    verdict = claim.verdict(evidence)
    estimates = [claim.test(other) for other in shuffled]
    if verdict == "undecided":
        # Nothing was decided that could change; but the numbers must come from the evidence.
        assert len({estimate for estimate, _ in estimates}) > 1
    else:
        changed = [claims.verdict(*estimate) != verdict for estimate in estimates]
        assert np.mean(changed) >= 0.25


@reference
def test_verdicts_that_were_wrong_before(evidence):
    expected = {
        "Hearing beats reading in every genre but hip hop": "undecided",
        "Rock and alternative rock share more leading words than hip hop and heavy music": "undecided",
        "Results do not depend on one data set": "reproduced",
        "Drums carry happy and excited": "reproduced",
        "Other carries tense": "contradicted",
        "Drums carry sad": "contradicted",
        "Vocals and other carry calm": "reproduced",
    }
    assert {text: BY_TEXT[text].verdict(evidence) for text in expected} == expected


@reference
def test_golden_numbers_computed_otherwise(evidence):
    """The same numbers from the pickled tables by hand."""
    sums, counts = evidence.tables["emotion audio"]
    average = sums / counts.where(counts > 0, 1)
    drums = average.loc["Happy", [f"drums{i}" for i in range(10)]].to_numpy()
    others = {}
    for stem in ("vocals", "bass", "other"):
        others[stem] = average.loc["Happy", [f"{stem}{i}" for i in range(10)]].to_numpy()
    # Drums lead happy; the nearest other stem is other.
    assert drums.mean() > max(values.mean() for values in others.values())
    difference = drums - others["other"]
    one = claims.stems_lead("emotion audio", {"Happy": [("drums", "other")]}, evidence)
    assert one == pytest.approx((difference.mean(), difference.std(ddof=1) / np.sqrt(10)))

    # The better claim of thesis 5.3.5, at k = 20, in the table that the thesis shows.
    first = claims.share_correlation(evidence, ("genre multimodal",), 20)
    assert first == pytest.approx(0.95, abs=0.005)
    # The ten strongest features: all sound for six emotions, 1, 2 and 3 words in the other three.
    words = {
        label: round(10 * claims.word_share(evidence.tables["emotion multimodal"], label, 10))
        for label in evidence.tables["emotion multimodal"][0].index
    }
    assert {label: count for label, count in words.items() if count} == {"Sad": 1, "Neutral": 2, "Angry": 3}


@reference
def test_shuffling_keeps_the_numbers_and_moves_the_names(evidence, shuffled):
    for name in TABLES:
        before, after = evidence.tables[name][0], shuffled[0].tables[name][0]
        assert before.to_numpy().sum() == pytest.approx(after.to_numpy().sum())
        assert not before.columns.equals(after.columns) and set(before.columns) == set(after.columns)
    columns = ["lyrics", "audio", "multimodal"]
    before, after = (np.sort(one.reports[columns].to_numpy(), axis=None) for one in (evidence, shuffled[0]))
    assert before.tolist() == after.tolist()


def test_stems_are_compared_over_segments():
    """A stem that is stronger in every segment leads; one that is stronger in half of them does not."""
    segments = np.arange(10)
    weights = {f"vocals{i}": 2.0 + 0.01 * i for i in segments}
    weights |= {f"drums{i}": 1.0 + 0.02 * i for i in segments}
    weights |= {f"bass{i}": 2.0 + (-1) ** i + 0.01 * i for i in segments}
    weights |= {f"other{i}": 0.0 for i in segments}
    sums = pd.DataFrame([weights], index=["pop"])
    table = {"genre audio": (sums, sums * 0 + 1)}
    made = claims.Evidence(table, None, None, None)
    clear = claims.stems_lead("genre audio", {"pop": [("vocals", "drums")]}, made)
    mixed = claims.stems_lead("genre audio", {"pop": [("vocals", "drums"), ("vocals", "bass")]}, made)
    assert claims.verdict(*clear) == "reproduced" and claims.verdict(*mixed) == "undecided"
