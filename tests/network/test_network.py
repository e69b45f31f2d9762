"""What is fetched comes from a server of our own that fails at random: one sentence, nothing half, again."""

import collections
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("random_faults.py")


def trials(seed, count, folder) -> list[dict]:
    """What the driver tells of so many fetches in a process of its own."""
    environment = {**os.environ, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    environment["REFERENCE_OF_TEST"] = environment.pop("MUSICLIME_REFERENCE", "")
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(seed), str(count), str(folder)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the hub's cache has no links to hold contents against")
def test_a_hundred_random_faults(tmp_path):
    seed = int(os.environ.get("MUSICLIME_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"MUSICLIME_TEST_SEED={seed} repeats these faults")
    told = trials(seed, 100, tmp_path)
    assert len(told) == 100
    for trial in told:
        first, second = trial["first"], trial["second"]
        about = f"seed {seed}: {trial}"
        assert first["ended"] != "traceback" and trial["left"] == [], about
        assert len(first["said"].splitlines()) <= 1, about
        # Where nothing went wrong on the way, or only with a file that need not be there, all is well.
        assert first["ended"] == "fine" or trial["met"] > 0, about
        assert second == {"ended": "fine", "said": ""}, about
    failed = collections.Counter(trial["source"] for trial in told if trial["first"]["ended"] != "fine")
    assert len(failed) >= 4 and sum(failed.values()) >= 50, failed
