"""The listening study: its trials tell the truth, its page deals fairly, and what is answered is exported."""

import csv
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from test_player import WhiteBox, write

import musiclime as ml
from musiclime.show.player.player import space

ROOT = Path(__file__).resolve().parents[2]
browser = pytest.mark.browser


@pytest.fixture(scope="module")
def told():
    """Songs and their explanations by id."""
    model = WhiteBox()
    songs = list(ml.load_corpus("demo", size=9, seed=1))[:6]
    return {song.id: (song, ml.MusicLIME(model, samples=200).explain(song)) for song in songs}


@pytest.fixture(scope="module")
def study(tmp_path_factory, told):
    """A folder with one page of players, and the study that the script makes of it."""
    folder = tmp_path_factory.mktemp("study")
    made = [ml.player(e, song, assets=folder / "assets/x", predict=WhiteBox()) for song, e in told.values()]
    write(folder, "players", [*made, made[0]])
    done = subprocess.run(
        [sys.executable, ROOT / "book/_ext/study.py", folder], text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return folder / "_static"


@pytest.fixture(scope="module")
def trials(study):
    return json.loads((study / "trials.js").read_text("utf-8").partition("=")[2].rstrip(";\n"))


def test_each_song_comes_once_with_a_change_that_leaves_the_answer_and_one_that_flips_it(told, trials):
    assert 3 <= len(trials) == len({trial["id"] for trial in trials})
    for trial in trials:
        song, explanation = told[trial["id"]]
        inner, count = space(explanation, song, 16000), len(explanation.features)
        for change, flips in zip(trial["changes"], (False, True)):
            on = ~np.isin(np.arange(count), change["cells"] + change["words"])
            cells = len(inner.audio)
            said = WhiteBox().predict(inner.mix(on[None, :cells]), inner.texts(on[None, cells:]))[0]
            assert said.argmax() == change["answer"]
            assert (change["answer"] != trial["answer"]) == flips and not on.all()


@browser
def test_the_deal_is_fair_and_a_seed_repeats_it(study, trials, page_of):
    page = page_of((study / "listening-study.html").as_uri())
    deal = """(seed) => musiclimeStudy.deal(seed).map(({ song, aid, weights, change }) =>
        ({ id: song.id, aid, weights, flips: song.changes[1] === change }))"""
    dealt = {seed: page.evaluate(deal, seed) for seed in range(1, 7)}
    assert page.evaluate(deal, 3) == dealt[3] != dealt[4]
    met = sorted((t["id"], t["aid"], t["flips"]) for listed in dealt.values() for t in listed)
    aids = ("explanation", "random", "song")
    assert met == sorted(product((t["id"] for t in trials), aids, (False, True)))
    by_id = {trial["id"]: trial for trial in trials}
    for one in (t for listed in dealt.values() for t in listed):
        true = by_id[one["id"]]["weights"]
        words = [f["modality"] != "audio" for f in by_id[one["id"]]["features"]].index(True)
        if one["aid"] == "random":
            assert one["weights"] != true
            assert sorted(one["weights"][:words]) == sorted(true[:words])
            assert sorted(one["weights"][words:]) == sorted(true[words:])
        else:
            assert one["weights"] == (true if one["aid"] == "explanation" else None)


@browser
def test_what_is_heard_is_the_changed_song(study, told, trials, page_of):
    page = page_of((study / "listening-study.html").as_uri())
    song, explanation = told[trials[0]["id"]]
    off = trials[0]["changes"][1]["cells"] or [0, 5]
    heard = page.evaluate("async (off) => [...await musiclimeStudy.mix(musiclimeTrials[0], off)]", off)
    inner = space(explanation, song, 16000)
    true = inner.mix(~np.isin(np.arange(len(inner.audio)), off)[None])[0]
    assert len(heard) == len(true)
    assert np.corrcoef(heard, true)[0, 1] > 0.95
    assert abs(np.std(heard) / np.std(true) - 1) < 0.05


def answer(page, prediction: str, sure: int):
    page.get_by_label(prediction).check()
    page.get_by_label(str(sure), exact=True).check()
    page.get_by_role("button", name="Next song").or_(page.get_by_role("button", name="Finish")).click()


@browser
@pytest.mark.parametrize("way", ["disk", "server"])
def test_a_whole_study_is_filled_in_and_exported(study, trials, page_of, serve, tmp_path, way):
    url = (study.as_uri() + "/") if way == "disk" else serve(study.parent) + "_static/"
    page = page_of(url + "listening-study.html?seed=5")
    page.get_by_label("Your code").fill('L "07"')
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Play the changed song").click()
    page.get_by_role("button", name="Stop the changed song").click()
    # Nothing goes on without both answers.
    page.get_by_role("button", name="Next song").click()
    assert "Song 1 of" in page.locator("h1").inner_text()
    for number in range(len(trials)):
        answer(page, "change to another" if number % 2 else "stay ", 1 + number % 5)
    page.get_by_label("Anything you want to say").fill("short")
    for kind in ("JSON", "CSV"):
        with page.expect_download() as got:
            page.get_by_role("button", name=f"Save {kind}").click()
        assert got.value.suggested_filename == f"listening-L-07--5.{kind.lower()}"
        got.value.save_as(tmp_path / kind)
    record = json.loads((tmp_path / "JSON").read_text("utf-8"))
    assert (record["listener"], record["seed"], record["comment"]) == ('L "07"', 5, "short")
    rows, flips = record["answers"], {t["id"]: t["changes"][1] for t in trials}
    assert {row["song"] for row in rows} == set(flips)
    for number, row in enumerate(rows):
        assert row["predicted"] == ("change" if number % 2 else "stay")
        assert row["confidence"] == 1 + number % 5 and 0 < row["seconds"] < 120
        assert row["right"] == ((row["predicted"] == "change") == row["flips"])
        assert row["flips"] == (row["answer"] != row["changed_answer"])
    assert rows[0]["plays"] == "the changed song 1"
    table = list(csv.DictReader((tmp_path / "CSV").open(encoding="utf-8", newline="")))
    assert [(row["listener"], row["seed"], row["song"]) for row in table] == [
        ('L "07"', "5", row["song"]) for row in rows
    ]
    assert [row["right"] == "true" for row in table] == [row["right"] for row in rows]
    assert page.problems == [] and page.outside == []


@browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_step_is_readable_and_fits_a_phone(study, trials, page_of, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = page_of(
        (study / "listening-study.html").as_uri() + "?seed=2",
        color_scheme=scheme,
        viewport={"width": 375, "height": 800},
    )

    def check():
        assert [(v["id"], v["nodes"][0]["html"]) for v in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") == 375

    check()
    page.get_by_role("button", name="Begin").click()
    for _ in trials:
        check()
        answer(page, "stay ", 3)
    check()


@browser
def test_without_trials_the_page_says_how_to_get_them(page_of):
    page = page_of((ROOT / "book/_static/listening-study.html").as_uri())
    assert "trials.js" in page.locator("main").inner_text() and page.problems == []
