"""Plant it yourself: what is planted is what is heard, asked and marked."""

import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from test_player import write

import musiclime as ml
from musiclime.data.song import Song
from musiclime.show.player.plant import plant

browser = pytest.mark.browser
SAMPLES = 16384  # of a segment


@pytest.fixture(scope="module")
def pair():
    """A song of the corpus with much evidence, and the same song without it."""
    corpus = ml.load_corpus("demo", size=40)
    songs = [corpus[place] for place in range(40)]
    most = [len(song.evidence["genre"]["cells"]) * len(song.evidence["genre"]["words"]) for song in songs]
    song = songs[int(np.argmax(most))]
    return song, song.neutral()


@pytest.fixture(scope="module")
def model():
    return ml.load_model("genre", "multimodal")


@pytest.fixture
def page(tmp_path, page_of, pair, model):
    fragment = plant([pair], model, assets=tmp_path / "assets" / "plant")
    assert "base64" not in fragment
    page = page_of(write(tmp_path, "plant", [fragment]).as_uri())
    page.wait_for_selector(".ml-plant-answer .ml-now-says")
    yield page
    assert page.problems == [] and page.outside == []


def call(page, code, value=None):
    script = f"async (x) => {{ const m = document.querySelector('.ml-plant').musiclime; {code} }}"
    return page.evaluate(script, value)


def planted(pair, cells, words) -> Song:
    """The same choice, made in Python."""
    song, neutral = pair
    stems = {name: stem.copy() for name, stem in neutral.stems.items()}
    for cell in cells:
        segment, place = divmod(cell, len(stems))
        name = list(stems)[place]
        cut = slice(segment * SAMPLES, (segment + 1) * SAMPLES)
        stems[name][cut] = song.stems[name][cut]
    own, other = re.split(r"(\W+)", song.lyrics), re.split(r"(\W+)", neutral.lyrics)
    parts = [a if a.lower() in words else b for a, b in zip(own, other, strict=True)]
    return Song(sum(stems.values()), song.sample_rate, "".join(parts), id="planted", stems=stems)


@browser
def test_what_is_planted_is_heard_asked_and_marked(page, pair, model):
    song, _ = pair
    stems = list(song.stems)
    cells = [segment * len(stems) + stems.index(stem) for stem, segment in song.evidence["genre"]["cells"]]
    words = song.evidence["genre"]["words"][:2]
    row = model.classes.index(song.genre)
    before = call(page, "return m.answer()")
    call(page, "await m.plant(x[0], x[1])", [cells, words])
    after = call(page, "return m.answer()")
    own = planted(pair, cells, words)
    assert after == pytest.approx(model.predict(own.audio[None], [own.lyrics])[0], abs=0.03)
    assert after[row] - before[row] > 0.3
    heard = np.array(call(page, "return Array.from(await m.mix())"))
    assert np.corrcoef(heard, own.audio)[0, 1] > 0.98

    marked = call(page, "return m.explain(300, 3)")
    weights, truth = np.array(marked["weights"]), np.array(marked["truth"])
    names = [feature["name"] for feature in marked["features"]]
    is_sound = np.array([feature["modality"] == "audio" for feature in marked["features"]])
    assert set(np.flatnonzero(truth & is_sound)) == set(cells)
    assert {names[i] for i in np.flatnonzero(truth & ~is_sound)} == set(words)
    for modality, part in (("audio", is_sound), ("lyrics", ~is_sound)):
        told = marked["parts"][modality]
        assert told["auc"] == pytest.approx(roc_auc_score(truth[part], weights[part]), abs=1e-9)
        strongest = np.flatnonzero(part)[np.argmax(weights[part])]
        assert told["strongest"] == names[strongest]
        assert told["right"] == bool(truth[strongest])
    # The page's explanation is Python's, up to chance.
    python = ml.MusicLIME(model, samples=400, seed=5).explain(own)
    assert [feature.name for feature in python.features] == names
    assert np.corrcoef(weights, python.weights[row])[0, 1] > 0.9
    assert "AUC" in page.locator(".ml-verdict").text_content()


@browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_works_by_keyboard_and_reads_well(tmp_path, page_of, pair, model, theme):
    from axe_playwright_python.sync_playwright import Axe

    fragment = plant([pair], model, assets=tmp_path / "assets" / "plant")
    page = page_of(
        write(tmp_path, "plant", [fragment], theme).as_uri(), viewport={"width": 375, "height": 900}
    )
    page.locator(".ml-plant-cell").nth(5).focus()
    page.keyboard.press("Enter")
    assert page.locator(".ml-plant-cell[aria-pressed='true']").count() == 1
    page.locator(".ml-slot").first.focus()
    page.keyboard.press("Space")
    assert page.locator(".ml-slot[aria-pressed='true']").count() >= 1
    page.wait_for_function("/1 cells/.test(document.querySelector('.ml-plant-answer').textContent)")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(rule["id"], node["html"][:120]) for rule in found for node in rule["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_only_a_model_that_runs_in_the_page_can_be_planted_for(pair):
    with pytest.raises(ValueError, match="runs in the page"):
        plant([pair], lambda audio, lyrics: audio)
    song, neutral = pair
    shorter = Song(neutral.audio[:-1], neutral.sample_rate, neutral.lyrics, stems=neutral.stems)
    with pytest.raises(ValueError, match="differ in length"):
        plant([(song, shorter)], ml.load_model("genre", "multimodal"))


def test_nothing_in_a_songs_words_is_markup(pair, model):
    song, neutral = pair
    nasty = "</script><img src=x onerror=window.hurt=1>"
    both = [Song(one.audio, 16000, nasty, id=nasty, genre="punk", stems=one.stems) for one in pair]
    fragment = plant([tuple(both)], model)
    told = re.search(r'<script type="application/json">(.*?)</script>', fragment, re.S)[1]
    assert "".join(t["before"] + t["text"] for t in json.loads(told)["songs"][0]["tokens"]) == nasty
