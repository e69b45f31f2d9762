"""The listenable explanation in a real browser, from disk and from a server."""

import base64
import json
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

import musiclime as ml
from musiclime.data.lyrics import words
from musiclime.data.song import Song

browser = pytest.mark.browser
THEMES = ("light", "dark")


class WhiteBox:
    """A late-fusion model in numpy: two towers, concatenation, LayerNorm, Linear, softmax."""

    classes, sample_rate, head_eps = ["folk", "hip hop", "punk"], 16000, 1e-5

    def __init__(self):
        rng = np.random.default_rng(3)
        self.hear, self.read = rng.normal(size=(40, 6)), rng.normal(size=(64, 5)) / 2
        self.scale, self.shift = 1 + rng.normal(size=11) / 4, rng.normal(size=11) / 4
        self.weight, self.bias = rng.normal(size=(3, 11)), rng.normal(size=3)

    def encode_audio(self, audio):
        parts = np.array_split(np.asarray(audio)[:, ::8], 10, axis=1)
        loud = [np.abs(np.diff(part, n=k, axis=1)).mean(1) for part in parts for k in range(4)]
        return np.tanh(10 * np.array(loud).T @ self.hear)

    def encode_lyrics(self, lyrics):
        seen = np.zeros((len(lyrics), 64))
        for row, text in zip(seen, lyrics):
            for word, _, _ in words(text):
                row[sum(map(ord, word)) % 64] = 1
        return np.tanh(seen @ self.read)

    def fuse(self, a, t):
        x = np.hstack([a, t])
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + self.head_eps)
        raised = np.exp((x * self.scale + self.shift) @ self.weight.T + self.bias)
        return raised / raised.sum(1, keepdims=True)

    def predict(self, audio, lyrics):
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))

    # What each half of the concatenation adds to a class before the common division, and to mean and square.
    def head(self, x, place):
        heard = self.weight * self.scale
        mean = x.sum(1, keepdims=True) / 11
        return np.hstack(
            [x @ heard[:, place].T - mean * heard.sum(1), mean, (x**2).sum(1, keepdims=True) / 11]
        )

    def head_audio(self, a):
        return self.head(a, slice(0, 6))

    def head_lyrics(self, t):
        return self.head(t, slice(6, 11))

    @property
    def head_bias(self):
        return self.weight @ self.shift + self.bias


@pytest.fixture(scope="module")
def model():
    return WhiteBox()


@pytest.fixture(scope="module")
def songs():
    corpus = ml.load_corpus("demo", size=9, seed=1)
    return [corpus[0], corpus[1]]


@pytest.fixture(scope="module")
def explained(model, songs):
    return [ml.MusicLIME(model, samples=200).explain(song) for song in songs]


def write(folder, name, fragments, theme="light"):
    """A page as the book's lie: runs/<name>.html beside assets/."""
    page = folder / "runs" / f"{name}.html"
    page.parent.mkdir(exist_ok=True)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Players</title>'
    back = {"light": "color:#000;background:#fff", "dark": "color:#fff;background:#121212"}[theme]
    page.write_text(
        f'<!doctype html><html lang="en" data-theme="{theme}"><head>{head}</head>'
        f'<body style="{back}"><main><h1>Players</h1>{"".join(fragments)}</main></body></html>',
        encoding="utf-8",
    )
    return page


@pytest.fixture(scope="module")
def site(tmp_path_factory, model, songs, explained):
    folder = tmp_path_factory.mktemp("site")
    assets = folder / "assets" / "players"
    made = [ml.player(e, song, assets=assets, predict=model) for e, song in zip(explained, songs)]
    for theme in THEMES:
        write(folder, theme, made, theme)
    return folder


@pytest.fixture
def two(site, page_of):
    page = page_of((site / "runs" / "light.html").as_uri(), viewport={"width": 900, "height": 1200})
    page.wait_for_selector(".ml-gridcell")
    yield page
    assert page.problems == []


def call(page, code, value=None, number=0):
    """JavaScript with `m` the player's hook and `x` a value."""
    script = (
        f"async (x) => {{ const m = document.querySelectorAll('.ml-player')[{number}].musiclime; {code} }}"
    )
    return page.evaluate(script, value)


def masks(explanation, count, seed=0):
    return np.random.default_rng(seed).random((count, len(explanation.features))) < 0.5


@browser
@pytest.mark.parametrize("way", ["disk", "server"])
def test_play_moves_time_and_starting_one_pauses_the_other(site, page_of, serve, way):
    page = page_of((site / "runs/light.html").as_uri() if way == "disk" else serve(site) + "runs/light.html")
    sounds = []
    page.on("request", lambda request: sounds.append(request.url) if ".audio.js" in request.url else None)
    buttons = page.locator(".ml-play")
    buttons.nth(0).click()
    page.wait_for_function("document.querySelector('.ml-player').musiclime.position() > 0.3")
    assert len(sounds) == 1
    assert call(page, "return m.state.playing") and not call(page, "return m.state.playing", number=1)
    buttons.nth(1).click()
    page.wait_for_function("document.querySelectorAll('.ml-player')[1].musiclime.position() > 0.3")
    assert not call(page, "return m.state.playing") and call(page, "return m.state.playing", number=1)
    buttons.nth(1).click()
    still = call(page, "return m.position()", number=1)
    page.wait_for_timeout(200)
    assert call(page, "return m.position()", number=1) == still > 0.3
    assert page.problems == [] and page.outside == []


@browser
def test_seek_loop_and_the_end(two, explained):
    two.locator(".ml-seek").first.fill("4.5")
    two.locator(".ml-loop").first.click()
    two.locator(".ml-play").first.click()
    two.wait_for_function("document.querySelector('.ml-player').musiclime.state.playing")
    seen = []
    for _ in range(12):
        two.wait_for_timeout(150)
        seen.append(call(two, "return m.position()"))
    cell = next(f for f in explained[0].features if f.name == "drums4")
    assert cell.start <= min(seen) and max(seen) <= cell.end
    assert min(np.diff(seen)) < 0 < max(np.diff(seen))
    assert two.locator(".ml-now.ml-gridcell").count() == 4
    two.locator(".ml-loop").first.click()
    two.locator(".ml-seek").first.fill("9.9")
    two.wait_for_function("!document.querySelector('.ml-player').musiclime.state.playing")
    assert call(two, "return m.position()") == 0


def rendered(page, on, number=0):
    off = [int(not value) for value in on]
    code = """
        const heard = (await m.render(Uint8Array.from(x))).getChannelData(0);
        const bytes = new Uint8Array(Int16Array.from(heard, (v) => Math.round(v * 16384)).buffer);
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));"""
    return np.frombuffer(base64.b64decode(call(page, code, off, number)), dtype="<i2") / 16384


@browser
def test_what_is_heard_is_the_mix(two, songs, explained):
    song, explanation = songs[0], explained[0]
    names = np.array([feature.stem for feature in explanation.features])
    trials = [*masks(explanation, 5), *(names == stem for stem in song.stems), names != "drums", names != ""]
    for on in trials:
        mix = explanation.listen([f for f, kept in zip(explanation.features, on) if kept], song)
        heard = rendered(two, on)
        assert len(heard) == len(mix)
        assert np.corrcoef(heard, mix)[0, 1] >= 0.99
    # To the sample: the encoder's delay is gone.
    shifts = range(-3, 4)
    alike = [np.dot(heard[8:-8], np.roll(mix, shift)[8:-8]) for shift in shifts]
    assert shifts[int(np.argmax(alike))] == 0
    # No trace of the drums is left: what remains of them is their projection on the rest.
    drums, rest = song.stems["drums"], song.audio - song.stems["drums"]
    share = [np.dot(heard, drums) / np.dot(drums, drums) for heard in (rendered(two, names != "drums"), rest)]
    assert abs(share[0] - share[1]) < 0.01
    assert np.dot(rendered(two, names != ""), drums) / np.dot(drums, drums) > share[0] + 0.9


@browser
def test_bars_are_the_surrogates(two, explained):
    explanation = explained[0]
    trials = masks(explanation, 20)
    said = call(two, "return x.map((off) => m.surrogate(off))", (~trials).astype(int).tolist())
    expected = explanation.intercept + trials @ explanation.weights.T
    assert np.abs(np.array(said) - expected).max() < 1e-6
    marks = call(
        two,
        "m.toggle([0, 44], true); return [...document.querySelector('.ml-bars').children].map("
        "(row) => [row.children[0].textContent, parseFloat(row.querySelector('.ml-mark').style.left)])",
    )
    own = explanation.intercept + explanation.weights.sum(1) - explanation.weights[:, [0, 44]].sum(1)
    for label, place in marks:
        assert place == pytest.approx(100 * np.clip(own[explanation.classes.index(label)], 0, 1), abs=0.01)


def spelled(part, on):
    gone, kept = [f for f in part if not on[f]], [f for f in part if on[f]]
    return "-" + ",".join(map(str, gone)) if len(gone) <= len(kept) else "+" + ",".join(map(str, kept))


@browser
def test_marks_are_the_models(two, model, songs, explained):
    song, explanation = songs[0], explained[0]
    features = explanation.features
    cells = [i for i, f in enumerate(features) if f.modality == "audio"]
    text = [i for i, f in enumerate(features) if f.modality == "lyrics"]
    truth = call(two, "return m.data.truth")
    rng = np.random.default_rng(1)
    worst = 0
    for a, t in zip(rng.choice(list(truth["audio"]), 20), rng.choice(list(truth["lyrics"]), 20)):
        on = np.zeros(len(features), dtype=bool)
        for part, key in ((cells, a), (text, t)):
            listed = [int(number) for number in key[1:].split(",") if number]
            on[part] = np.isin(part, listed) == (key[0] == "+")
        audio = explanation.listen([features[i] for i in cells if on[i]], song)
        lyrics = " ".join(features[i].name for i in text if on[i])
        fresh = model.predict(audio[None], [lyrics])[0]
        worst = max(
            worst, np.abs(np.array(call(two, "return m.model(x)", (~on).astype(int).tolist())) - fresh).max()
        )
    assert worst < 1e-5
    # Every single change and every top-k mix is answered, what nobody asked the model is not.
    assert {spelled(cells, np.arange(len(features)) != i) for i in cells} <= set(truth["audio"])
    ranked = np.argsort(-explanation.weights[explanation.row(explanation.label)])[:8]
    for kept in (np.isin(np.arange(len(features)), ranked), ~np.isin(np.arange(len(features)), ranked)):
        assert spelled(cells, kept) in truth["audio"] and spelled(text, kept) in truth["lyrics"]
    assert call(two, "return m.model(x)", (~masks(explanation, 1)[0]).astype(int).tolist()) is None
    assert call(two, "return m.answer(x)", (~masks(explanation, 1)[0]).astype(int).tolist()) is None
    call(two, "m.toggle([1, 6, 11]);")
    assert two.locator(".ml-status").first.text_content().endswith("The model was not asked about this mix.")
    # Without an answer a bar looks like the estimate that it is.
    assert two.locator(".ml-player").first.locator(".ml-guess").count() == len(explanation.classes)


@browser
def test_all_pairs_of_the_ten_strongest_are_answered(two, explained):
    explanation = explained[0]
    strongest = np.argsort(-np.abs(explanation.weights).max(axis=0), kind="stable")[:10]
    for i, first in enumerate(strongest):
        for second in strongest[i + 1 :]:
            off = np.zeros(len(explanation.features), dtype=int)
            off[[first, second]] = 1
            assert call(two, "return m.model(x)", off.tolist()) is not None


def told_by(fragment: str) -> dict:
    """The data in a player."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', fragment, re.S)[1])


def test_other_models_answer_whole_mixes(model, songs, explained):
    class Unlike(WhiteBox):
        def fuse(self, a, t):  # no softmax over LayerNorm: the numbers would lie
            return 1 / (1 + np.exp(-np.hstack([a, t])[:, :3]))

    # A noise in place of a muted cell is another question than the silence that the player can ask.
    noisy = replace(explained[0], provenance={"settings": {"off": "noise"}})
    assert told_by(ml.player(noisy, songs[0], predict=model))["truth"] is None
    for predict in (Unlike(), model.predict):
        told = told_by(ml.player(explained[0], songs[0], predict=predict))["truth"]
        assert set(told) == {"pairs"} and 60 <= len(told["pairs"]) <= 110
        own = getattr(predict, "predict", predict)(songs[0].audio[None], [songs[0].lyrics])[0]
        assert told["pairs"]["-|-"] == pytest.approx(own, abs=1e-6)


@browser
def test_players_keep_to_themselves(two, explained):
    before = call(two, "return m.surrogate()", number=1)
    two.locator(".ml-gridcell").nth(5).click()
    two.locator(".ml-word").nth(2).click()
    assert call(two, "return Array.from(m.state.off)").count(1) == 2
    assert call(two, "return Array.from(m.state.off)", number=1).count(1) == 0
    assert call(two, "return m.surrogate()", number=1) == before
    assert two.evaluate("document.querySelectorAll('script[src*=\"player.js\"]').length") == 2


@browser
def test_keyboard_and_names(two, explained):
    explanation = explained[0]
    grid = two.locator(".ml-grid").first
    assert grid.locator("[tabindex='0']").count() == 1
    grid.locator("[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "m"):
        two.keyboard.press(key)
    feature = next(f for f in explanation.features if f.name == "drums2")
    assert call(two, "return Array.from(m.state.off)")[explanation.features.index(feature)] == 1
    label = two.evaluate("document.activeElement.getAttribute('aria-label')")
    pattern = (
        rf"drums, 2.0 to 3.1 seconds, [+−]\d\.\d+ plus or minus \d\.\d+ for {explanation.label}.*, muted"
    )
    assert re.fullmatch(pattern, label)
    assert two.evaluate("document.activeElement.textContent") == "muted"
    assert grid.locator("[tabindex='0']").count() == 1
    two.keyboard.press("Enter")
    assert call(two, "return Array.from(m.state.off)")[explanation.features.index(feature)] == 0
    two.keyboard.press("l")
    two.wait_for_function("document.querySelector('.ml-player').musiclime.state.playing")
    two.wait_for_function("!document.querySelector('.ml-player').musiclime.state.playing")
    two.keyboard.press("ArrowLeft")
    two.keyboard.press("ArrowLeft")
    two.keyboard.press("ArrowLeft")
    two.keyboard.press("M")
    assert two.evaluate("document.activeElement.getAttribute('role')") == "rowheader"
    off = call(two, "return Array.from(m.state.off)")
    assert [f.stem for f, gone in zip(explanation.features, off) if gone] == ["drums"] * 10
    two.locator(".ml-lyrics").first.locator("[tabindex='0']").focus()
    two.keyboard.press("ArrowRight")
    two.keyboard.press("Enter")
    assert two.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    two.locator(".ml-song input").first.focus()
    two.keyboard.press("ArrowRight")
    assert call(two, "return m.state.mode") == "own" or call(two, "return m.state.mode") == "only"


@browser
def test_what_mattered_follows_class_and_count(two, explained):
    explanation = explained[0]
    most = (explanation.weights > 0).sum(1).max()
    assert two.locator(".ml-top").first.get_attribute("max") == str(min(20, most))
    for number, label in enumerate(explanation.classes):
        two.locator("select").first.select_option(label)
        two.locator(".ml-only input").first.check()
        call(two, "const s = document.querySelector('.ml-top'); s.value = 5; s.oninput()")
        off = call(two, "return Array.from(m.state.off)")
        kept = {f.name for f, gone in zip(explanation.features, off) if not gone}
        assert kept == {f.name for f in explanation.top(5, label)}, number
    two.locator(".ml-without input").first.check()
    off = call(two, "return Array.from(m.state.off)")
    assert {f.name for f, gone in zip(explanation.features, off) if gone} == kept
    two.locator(".ml-table summary").first.click()
    rows = two.locator(".ml-table").first.locator("tbody tr").count()
    assert rows == len(explanation.features)


@browser
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [375, 900])
def test_axe_and_targets(site, page_of, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = page_of((site / f"runs/{theme}.html").as_uri(), viewport={"width": width, "height": 900})
    page.locator(".ml-gridcell").nth(3).click()
    page.locator(".ml-word").nth(1).click()
    for summary in page.locator(".ml-foot summary").all()[:2]:
        summary.click()
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(rule["id"], node["html"][:120]) for rule in found for node in rule["nodes"]] == []
    # What lies below the fold of the lyrics is not laid out until it is scrolled to.
    page.add_style_tag(content=".ml-lyrics > div { content-visibility: visible !important; }")
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, input, summary, [role=button], [role=gridcell], "
        "[role=rowheader], .ml-columnheader')].filter((n) => { const r = n.getBoundingClientRect(); "
        "return r.width && (r.width < 23.9 || r.height < 23.9); }).map((n) => n.outerHTML.slice(0, 90))"
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


NASTY = [
    "</script><img src=x onerror=window.hurt=1>",
    "<!--<script>window.hurt=1</script>",
    "\"'><svg onload=window.hurt=1>",
    "مرحبا يا عالم \u2028 🎺👩🏽\u200d🎤 l’été",
]


@browser
@pytest.mark.parametrize("nasty", NASTY)
def test_texts_are_shown_and_never_run(tmp_path, page_of, songs, explained, nasty):
    lyrics = f"{nasty} street\nthe {nasty}"
    song = replace(songs[0], lyrics=lyrics, title=nasty, artist=nasty, id=nasty, onsets=[(nasty, 0.0, 9.0)])
    classes = [nasty, "b", "c"]
    explanation = ml.MusicLIME(WhiteBox().predict, classes=classes, samples=120).explain(song)
    explanation.provenance["corpus"] = nasty
    beside = ml.player(explanation, song, assets=tmp_path / "assets" / "run")
    inline = ml.player(explanation, song)
    page = page_of(write(tmp_path, "page", [beside, inline, explanation._repr_html_()]).as_uri())
    for number in range(3):
        player = page.locator(".ml-player").nth(number)
        assert player.locator(".ml-lyrics > div").all_text_contents() == lyrics.split("\n")
        assert player.locator(".ml-title strong").text_content() == nasty
        player.locator(".ml-made summary").click()
        assert nasty in player.locator(".ml-made dl").text_content()
        assert player.locator(".ml-label option").all_text_contents() == classes
        player.locator(".ml-table summary").click()
    page.locator(".ml-play").nth(0).click()
    page.wait_for_function("document.querySelector('.ml-player').musiclime.position() > 0.1")
    assert page.evaluate("window.hurt") is None and page.problems == []
    assert page.locator("main img, main svg").count() == 0


@browser
def test_ten_thousand_words_and_the_time_it_takes(tmp_path, page_of, songs, explained):
    explanation = explained[0]
    rng = np.random.default_rng(0)
    text = "\n".join(" ".join(f"word{n}" for n in line) for line in rng.integers(0, 2000, (1000, 10)))
    places = {}
    for word, start, end in words(text):
        places.setdefault(word, []).append((start, end))
    features = explanation.features[:40] + [
        ml.Feature(word, "lyrics", text=word, positions=tuple(spans)) for word, spans in places.items()
    ]
    weights = rng.normal(size=(3, len(features)))
    long = replace(
        explanation,
        features=features,
        weights=weights,
        errors=np.abs(weights) / 3,
        song={**explanation.song, "lyrics": text},
    )
    page = page_of(write(tmp_path, "page", [ml.player(explanation), ml.player(long)]).as_uri())
    assert page.locator(".ml-player").nth(1).locator(".ml-word").count() == 10_000
    assert page.locator(".ml-player").nth(1).locator(".ml-lyrics > div").count() == 1000
    # Built again from its own data, layout included.
    took = page.evaluate(
        """() => [...document.querySelectorAll('.ml-player')].map((old) => {
            const time = (k) => {
                const fresh = document.createElement('div');
                fresh.className = 'ml-player';
                const json = Object.assign(document.createElement('script'), { type: 'application/json' });
                json.textContent = JSON.stringify(old.musiclime.data);
                const title = Object.assign(document.createElement('div'), { className: 'ml-title' });
                fresh.append(title, old.querySelector('.ml-table').cloneNode(true), json);
                document.body.append(fresh);
                const from = performance.now();
                window.musiclime.scan();
                fresh.getBoundingClientRect();
                const took = performance.now() - from;
                fresh.remove();
                return took;
            };
            return Math.min(...[1, 2, 3].map(time));
        })"""
    )
    assert took[0] < 200, took
    assert took[1] < 1500, took  # on two idle cores 200; this machine may be busy
    assert page.problems == []


@browser
def test_without_script_table_and_native_players_remain(site, page_of, explained):
    page = page_of((site / "runs/light.html").as_uri(), java_script_enabled=False)
    assert page.locator("audio").count() == 4
    for source in (site / "runs" / audio.get_attribute("src") for audio in page.locator("audio").all()):
        assert source.resolve().stat().st_size > 1000
    page.locator(".ml-table summary").first.click()
    row = page.locator(".ml-table tbody tr").first
    assert row.is_visible() and explained[0].table()["feature"][0] in row.text_content()


def test_pages_are_light_and_fragments_whole(site, explained, songs, model):
    page = (site / "runs/light.html").read_bytes()
    shared = sum((site / "assets" / name).stat().st_size for name in ("player.js", "player.css"))
    assert len(page) / 2 * 3 + shared < 500_000
    assert (site / "assets/player.js").stat().st_size < 50_000
    inline = ml.player(explained[0], songs[0])
    assert not re.search(r"""(src|href)=["'](?!data:)""", inline.split("<script>")[0])
    told = told_by(inline)
    assert len(told["sound"]["mp3"]) == len(songs[0].stems)
    assert told["explanation"]["schema"] == 1


def test_download_is_an_explanation(tmp_path, explained):
    fragment = ml.player(explained[0])
    told = told_by(fragment)
    (tmp_path / "explanation.json").write_text(json.dumps(told["explanation"]))
    again = ml.Explanation.load(tmp_path / "explanation.json")
    assert again.features == explained[0].features
    assert np.allclose(again.weights, explained[0].weights, rtol=1e-8)


def test_sung_words_lie_where_they_are_sung(explained):
    from musiclime.show.player.player import sung_words

    text = "the night is long\nthe night is young, Don’t go\nthe night"
    song = Song(
        np.zeros(16),
        16,
        text,
        onsets=[("the", 0, 1), ("night", 1, 2), ("is", 2, 3), ("young", 3, 4), ("don't", 4, 5)],
    )
    found = sung_words(replace(explained[0], song={"lyrics": text}), song)
    assert [text[a:b] for _, _, a, b in found][:4] == ["the", "night", "is", "young"]
    assert found[0][2] == 18 and found[3][:2] == [3.0, 4.0]


def test_panel_asks_the_real_model(model, songs, explained):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        panel = explained[0].explore(model, songs[0])
    boxes, found = [panel], []
    while boxes:
        box = boxes.pop(0)
        boxes += list(getattr(box, "children", ()))
        found.append(box)
    kind = lambda name: [box for box in found if type(box).__name__ == name]  # noqa: E731
    bars = np.array([bar.value for bar in kind("FloatProgress")])
    assert bars == pytest.approx(model.predict(songs[0].audio[None], [songs[0].lyrics])[0], abs=1e-5)
    for toggle in [toggle for toggle in kind("ToggleButton") if toggle.tooltip.startswith("drums")]:
        toggle.value = False
    without = songs[0].audio - songs[0].stems["drums"]
    bars = np.array([bar.value for bar in kind("FloatProgress")])
    assert bars == pytest.approx(model.predict(without[None], [songs[0].lyrics])[0], abs=1e-5)


@browser
def test_what_has_no_cells_or_no_words(tmp_path, page_of, model, songs, explained):
    words_only = ml.LyricsLIME(model.predict, classes=model.classes, samples=120).explain(songs[0])
    cells_only = ml.AudioLIME(model.predict, classes=model.classes, samples=120).explain(songs[0])
    patches = [replace(f, stem="", segment=-1, text="0 to 500 Hz") for f in cells_only.features]
    made = [words_only, cells_only, replace(cells_only, features=patches)]
    assets = tmp_path / "assets" / "run"
    fragments = [ml.player(e, songs[0], assets=assets, predict=model.predict) for e in made]
    page = page_of(write(tmp_path, "page", fragments).as_uri())
    counts = [
        [page.locator(".ml-player").nth(n).locator(kind).count() for kind in (".ml-gridcell", ".ml-word")]
        for n in range(3)
    ]
    assert counts == [[0, sum(len(f.positions) for f in words_only.features)], [40, 0], [0, 0]]
    for number, explanation in enumerate(made):
        heard = rendered(page, np.ones(len(explanation.features)), number)
        assert np.corrcoef(heard, songs[0].audio)[0, 1] > 0.99
        said = call(page, "return m.model()", number=number)
        own = model.predict(songs[0].audio[None], [songs[0].lyrics])[0]
        assert (said is None) if number == 2 else said == pytest.approx(own, abs=1e-5)
    assert page.problems == []


def test_a_player_of_nonsense_is_refused(explained, songs):
    elsewhere = replace(explained[0], provenance={"settings": {"separate": "mine.separate"}})
    with pytest.raises(ValueError, match=r"mine\.separate: hand over explainer\.prepare"):
        ml.player(elsewhere, replace(songs[0], stems=None))
    bad = replace(explained[0], weights=explained[0].weights * np.nan)
    with pytest.raises(ValueError, match="NaN"):
        ml.player(bad)
