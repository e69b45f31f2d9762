"""Explainers end to end: known models get their known weights, wrong arguments one sentence."""

import dataclasses
import functools
import json
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import musiclime as ml
from musiclime.data.song import STEMS

RATE = 1000


def song(lyrics="Come as you are, as you were", seconds=2.0, seed=0):
    rng = np.random.default_rng(seed)
    stems = {stem: (rng.normal(size=round(seconds * RATE)) / 10).astype(np.float32) for stem in STEMS}
    return ml.Song(sum(stems.values()), RATE, lyrics, id=f"s{seed}", stems=stems)


def levels(audio):
    """Loudness of each tenth of a clip."""
    return np.stack(
        [np.sqrt(np.mean(np.square(part), axis=1)) for part in np.array_split(audio, 10, axis=1)], 1
    )


def predict(audio, lyrics):
    loud = np.tanh(3 * levels(audio)[:, 2])
    come = np.array(["come" in text.lower() for text in lyrics])
    return np.stack([loud * (0.3 + 0.5 * come), 0.2 - loud], axis=1)


class Toy:
    """A late fusion model without torch; counts what it is asked."""

    name, classes, sample_rate = "toy", ["a", "b", "c"], RATE
    words = ("come", "as", "you", "are", "were")

    def __init__(self):
        rng = np.random.default_rng(3)
        self.left, self.right, self.head = (rng.normal(size=shape) for shape in ((10, 6), (5, 6), (12, 3)))
        self.passes = {"audio": 0, "lyrics": 0}

    def encode_audio(self, audio):
        self.passes["audio"] += len(audio)
        return np.tanh(5 * levels(audio) @ self.left)

    def encode_lyrics(self, lyrics):
        self.passes["lyrics"] += len(lyrics)
        found = np.array([[word in text.lower().split() for word in self.words] for text in lyrics])
        return np.tanh(found @ self.right / 2)

    def fuse(self, a, t):
        logits = np.exp(np.concatenate([a, t], axis=1) @ self.head / 2)
        return logits / logits.sum(1, keepdims=True)

    def predict(self, audio, lyrics):
        return self.fuse(self.encode_audio(audio), self.encode_lyrics(lyrics))


def same(a, b, within=0.0):
    return all(
        np.abs(getattr(a, name) - getattr(b, name)).max() <= within
        for name in ("weights", "errors", "intercept", "score", "probabilities")
    )


def test_a_plain_function_is_explained():
    found = ml.MusicLIME(predict, classes=["loud", "soft"], sample_rate=RATE, samples=1500).explain(song())
    assert found.design == "joint" and found.samples == 1500 and found.classes == ["loud", "soft"]
    assert found.weights.shape == found.errors.shape == (2, 45)
    assert np.abs(found.probabilities - predict(song().audio[None], [song().lyrics])[0]).max() < 1e-5
    top = found.table("loud").feature[:5].tolist()
    assert found.table("loud").columns.name == "loud" and found.table().columns.name == found.label
    assert set(top) == {"come", "vocals2", "drums2", "bass2", "other2"}
    assert found.table("soft").feature[0].endswith("2")
    assert np.abs(found.weights[1, 40:]).max() < 4 * found.errors[1, 40:].max()
    assert ml.MusicLIME(predict, sample_rate=RATE, samples=50).explain(song()).classes == [
        "output 0",
        "output 1",
    ]


def test_linear_predictions_are_recovered_across_modalities():
    space = ml.MusicLIME(predict, sample_rate=RATE).space(song())
    truth = np.random.default_rng(1).normal(size=45)

    def linear(audio, lyrics):
        stems = np.stack(list(space.song.stems.values()))
        parts = [
            np.einsum("nt,st->ns", audio[:, a:b], stems[:, a:b])
            for a, b in zip(space.borders, space.borders[1:])
        ]
        grams = [stems[:, a:b] @ stems[:, a:b].T for a, b in zip(space.borders, space.borders[1:])]
        cells = np.concatenate([part @ np.linalg.inv(gram) for part, gram in zip(parts, grams)], axis=1)
        words = [[f.name in text.lower().replace(",", "").split() for f in space.lyrics] for text in lyrics]
        return (np.concatenate([cells, words], axis=1) @ truth)[:, None]

    found = ml.MusicLIME(linear, sample_rate=RATE, samples=300, alpha=1e-8).explain(song())
    assert np.abs(found.weights[0] - truth).max() < 1e-4  # sound is float32
    assert found.score[0] > 1 - 1e-8


def test_same_seed_same_bytes_and_any_batch():
    explain = functools.partial(ml.MusicLIME, Toy(), samples=200)
    for options in ({"design": "joint"}, {"design": "crossed"}, {"sampling": "lime"}, {"off": "noise"}):
        first, again = (explain(**options).explain(song()) for _ in range(2))
        assert same(first, again)
        assert json.dumps(first.provenance) == json.dumps(again.provenance)
        assert same(first, explain(batch=7, **options).explain(song()), 1e-6)
        assert not same(first, explain(seed=1, **options).explain(song()), 1e-3)


def test_crossed_agrees_with_joint_on_fewer_passes():
    toy, other = Toy(), Toy()
    joint = ml.MusicLIME(other, design="joint", samples=5000).explain(song())
    crossed = ml.MusicLIME(toy).explain(song())
    assert (crossed.design, joint.design) == ("crossed", "joint")
    apart = (crossed.weights - joint.weights) / np.hypot(crossed.errors, joint.errors)
    assert 0.75 < apart.std() < 1.25
    assert sum(crossed.provenance["masks"].values()) < 5000
    assert crossed.errors.mean() < 1.2 * joint.errors.mean()
    # Fewer than forty words can differ in 32 ways only: no text is encoded twice.
    assert toy.passes["lyrics"] <= 33
    assert np.abs(crossed.probabilities - Toy().predict(song().audio[None], [song().lyrics])[0]).max() < 1e-5


def test_one_modality_keeps_the_other_and_encodes_it_once():
    for explainer, constant, features in ((ml.AudioLIME, "lyrics", 40), (ml.LyricsLIME, "audio", 5)):
        toy = Toy()
        found = explainer(toy, samples=100).explain(song())
        assert len(found.features) == features and found.design == "joint"
        assert toy.passes[constant] == 2  # once as the constant, once for the song's own prediction
        assert found.weights.std() > 0
    with pytest.raises(ValueError, match="the crossed design needs MusicLIME"):
        ml.AudioLIME(Toy(), design="crossed")


def test_a_failure_names_its_batch_and_loses_nothing():
    asked = []

    def flaky(audio, lyrics):
        asked.append(len(audio))
        if len(asked) == 4:
            raise RuntimeError("the line is down")
        return predict(audio, lyrics)

    explainer = ml.MusicLIME(flaky, sample_rate=RATE, samples=500, batch=100)
    with pytest.raises(
        ValueError, match=r"predict, batch 3 \(masks 300 to 399\).*RuntimeError: the line is down"
    ):
        explainer.explain(song())
    found = explainer.explain(song())
    assert asked == [100] * 6 + [1]
    assert same(found, ml.MusicLIME(predict, sample_rate=RATE, samples=500, batch=100).explain(song()))
    assert not explainer._kept


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda n: np.full((n, 2), np.nan), "predict, batch 0 .* NaN or infinity"),
        (lambda n: np.zeros((1, 2)), "predict, batch 0 .* one row for each"),
        (lambda n: np.zeros((n, 3)), "3 outputs, but there are 2 classes"),
    ],
)
def test_bad_answers_are_refused(answer, message):
    with pytest.raises(ValueError, match=message):
        ml.MusicLIME(lambda a, t: answer(len(a)), ["x", "y"], RATE, samples=20).explain(song())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"samples": 1}, "samples is a whole number of at least 2"),
        ({"samples": "many"}, "samples is a whole number of at least 2"),
        ({"segments": 0}, "segments is a whole number of at least 1"),
        ({"design": "grid"}, "design is one of auto, joint, crossed"),
        ({"design": "crossed"}, "the crossed design needs MusicLIME"),
        ({"unit": "verse"}, "unit is one of word, line, section"),
        ({"off": "hum"}, "off is one of silence, noise, neutral"),
        ({"pairs": "maybe"}, "pairs is one of auto, True, False"),
        ({"pairs": True, "sampling": "lime"}, "pairs=True needs sampling"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ml.MusicLIME(predict, **options)
    with pytest.raises(ValueError, match="predict is a function"):
        ml.MusicLIME("predict")
    with pytest.raises(ValueError, match="too few for 40 features"):
        ml.MusicLIME(Toy(), design="crossed", samples=60).explain(song())


@pytest.mark.parametrize(
    "lyrics, features",
    [
        ("", 40),
        ("ocean", 41),
        (" ".join(f"w{number}" for number in range(400)), 440),
        ("🎵 la 🎵", 41),
        ("שלום עולם", 42),
        ("<script>alert(1)</script>", 43),
    ],
)
def test_odd_lyrics(lyrics, features, tmp_path):
    found = ml.MusicLIME(predict, sample_rate=RATE, samples=60).explain(song(lyrics))
    assert len(found.features) == features and np.isfinite(found.weights).all()
    assert ml.Explanation.load(found.save(tmp_path / "e.json")).song["lyrics"] == lyrics
    if not lyrics:
        with pytest.raises(ValueError, match="has no words to explain"):
            ml.LyricsLIME(predict, sample_rate=RATE).explain(song(lyrics))
        assert ml.MusicLIME(Toy(), samples=60).explain(song(lyrics)).design == "joint"


@pytest.mark.parametrize(
    "explainer, options",
    [
        (ml.AudioLIME, {"unit": "line"}),
        (ml.AudioLIME, {"mask_token": "unk"}),
        (ml.LyricsLIME, {"off": "noise"}),
        (ml.LyricsLIME, {"segments": 5}),
        (ml.SpectrogramLIME, {"off": "noise"}),
        (ml.SpectrogramLIME, {"unit": "line"}),
        (ml.SpectrogramLIME, {"segments": 5}),
        (ml.SpectrogramLIME, {"sampling": "lime"}),
    ],
)
def test_an_argument_without_effect_is_refused(explainer, options):
    [name] = options
    with pytest.raises(ValueError, match=f"{name} has no effect on {explainer.__name__}: leave it out"):
        explainer(predict, **options)


def test_too_few_masks_are_said_to_be_few():
    explain = functools.partial(ml.MusicLIME, predict, sample_rate=RATE)
    with pytest.warns(UserWarning, match="91 masks are few for 45 features.*take at least 92"):
        found = explain(samples=91).explain(song())
    assert found.provenance["estimates"].startswith("a ridge regression's guess: 91 masks are few")


@pytest.mark.filterwarnings("error")
def test_what_is_estimated_depends_on_masks_sampling_kernel_and_ridge():
    def told(**options):
        explainer = ml.MusicLIME(predict, sample_rate=RATE, **{"samples": 92, **options})
        return explainer.explain(song()).provenance["estimates"]

    assert told() == "Banzhaf values"
    assert told(alpha=30) == "Banzhaf values, shrunk by the ridge to about 43%"
    assert told(sampling="lime") == "LIME's weighted ridge"
    assert told(kernel_width=0.25) == "Banzhaf values, masks weighed by a kernel of width 0.25"


def test_the_song_itself_is_no_toss_of_a_coin():
    """A model that answers to the whole song alone has no weights: that one answer is `probabilities`."""

    words = " ".join(f"w{number}" for number in range(60))

    def whole_only(audio, lyrics):
        return np.array([[float(text == words)] for text in lyrics])

    found = ml.MusicLIME(whole_only, sample_rate=RATE, samples=210).explain(song(words))
    assert np.abs(found.weights).max() == 0 and found.probabilities[0] == 1


@pytest.mark.parametrize("design", ["joint", "crossed"])
def test_pairs_are_taken_where_asked_and_where_the_pilot_says_so(design):
    asked = ml.MusicLIME(Toy(), samples=301, pairs=True, design=design).explain(song())
    assert set(asked.provenance["pairs"].values()) == {True} and asked.samples == 302
    never = ml.MusicLIME(Toy(), samples=301, pairs=False, design=design).explain(song())
    assert set(never.provenance["pairs"].values()) == {False} and never.samples == 301
    far = (asked.weights - never.weights) / np.hypot(asked.errors, never.errors)
    assert 0.75 < far.std() < 1.25


def test_the_pilot_chooses_pairs_for_a_game_of_even_parts_only():
    def even(audio, lyrics):
        words = [[(word in text.split()) * 2 - 1 for word in list("abcdefgh")] for text in lyrics]
        signs = np.array(words)
        return (signs[:, 0::2] * signs[:, 1::2]).sum(1, keepdims=True) + 0.1 * signs[:, :1]

    def odd(audio, lyrics):
        words = [[(word in text.split()) * 2 - 1 for word in list("abcdef")] for text in lyrics]
        signs = np.array(words)
        return signs[:, 0:1] * signs[:, 1:2] * signs[:, 2:3] + 0.1 * signs[:, :1]

    for game, paired in ((even, True), (odd, False)):
        found = ml.LyricsLIME(game, sample_rate=RATE).explain(song("a b c d e f g h"))
        assert found.provenance["pairs"] == {"both": paired} and found.samples == 5000
        assert found.weights[0, 0] == pytest.approx(0.2, abs=0.1 if paired else 4 * found.errors[0, 0])


def test_a_difference_of_classes_has_an_error_of_its_own(tmp_path):
    found = ml.MusicLIME(Toy(), samples=400).explain(song())
    table = found.table("a", against="c").set_index("feature")
    names = [feature.name for feature in found.features]
    assert table.weight[names].to_numpy() == pytest.approx(found.weights[0] - found.weights[2])
    assert table.columns.name == "a against c" and table.attrs["error"] == "of the difference"
    assert table.error[names].to_numpy() == pytest.approx(found.contrasts[1])
    apart = np.hypot(found.errors[0], found.errors[2])
    # Probabilities add up to one: classes err against each other, so the sum of errors would be too small.
    assert (table.error[names].to_numpy() <= found.errors[0] + found.errors[2] + 1e-12).all()
    assert np.abs(table.error[names].to_numpy() / apart - 1).max() > 0.05
    mirrored = found.table("c", against="a").set_index("feature")
    assert mirrored.weight[names].to_numpy() == pytest.approx(-table.weight[names].to_numpy())
    again = ml.Explanation.load(found.save(tmp_path / "e.json")).table("a", against="c")
    assert again.error.to_numpy() == pytest.approx(found.table("a", against="c").error.to_numpy(), rel=1e-3)
    with pytest.raises(ValueError, match="cannot be held against itself"):
        found.table("a", against="a")


def test_an_explanation_of_the_first_edition_still_loads(tmp_path):
    found = ml.MusicLIME(Toy(), samples=200).explain(song())
    data = json.loads(found.save(tmp_path / "new.json").read_text())
    del data["contrasts"]
    (tmp_path / "old.json").write_text(json.dumps(data))
    old = ml.Explanation.load(tmp_path / "old.json")
    assert old.contrasts is None and old.weights.tobytes() == found.weights.tobytes()
    table = old.table("a", against="b").set_index("feature")
    assert table.attrs["error"] == "as if the two classes were estimated apart"
    both = np.hypot(found.errors[0], found.errors[1])
    assert table.error[[f.name for f in old.features]].to_numpy() == pytest.approx(both)


def test_an_explanation_knows_its_song_until_it_is_saved(tmp_path):
    found = ml.MusicLIME(Toy(), samples=200).explain(song())
    whole = np.ones((1, len(found.space.audio)), dtype=bool)
    assert found.space.mix(whole)[0] == pytest.approx(song().audio, abs=1e-6)
    assert [*found.space.audio, *found.space.lyrics] == found.features
    assert "space" not in json.loads(found.save(tmp_path / "e.json").read_text())
    assert ml.Explanation.load(tmp_path / "e.json").space is None
    copy = ml.Explanation(**vars(found))
    assert copy.space is None and copy.label == found.label


@pytest.mark.parametrize("strength, seen", [(0.0, "nothing"), (2.0, "little"), (6.0, "much")])
def test_steady_foretells_what_another_run_finds(strength, seen):
    """Games where nothing, little and much is there: the overlap of two runs, and the one foretold."""
    from musiclime.explain.explanation import steadiness

    rng = np.random.default_rng(int(strength))
    foretold, found = [], []
    for _ in range(100):
        true = strength * rng.normal(size=80) * (np.arange(80) < 40)
        errors = np.exp(0.2 * rng.normal(size=80))
        one, other = (true + errors * rng.normal(size=80) for _ in range(2))
        foretold.append(steadiness(one, errors, 5))
        found.append(np.isin(np.argsort(-one)[:5], np.argsort(-other)[:5]).mean())
    assert abs(np.mean(foretold) - np.mean(found)) < 0.1


def test_steady_was_right_on_twenty_songs():
    """Recorded by `python -m benchmarks.bench errors`: foretold and seen, on average over songs."""
    import pandas as pd

    file = Path(__file__).parents[2] / "data/measured/steady.csv"
    table = pd.read_csv(file, comment="#")
    means = table.groupby(["design", "masks"])[["foretold", "seen"]].mean()
    for design in ("joint", "crossed"):
        part = table[table["design"] == design]
        assert part["song"].nunique() == 20 and set(part["masks"]) == {250, 1000, 4000}
    assert (means["foretold"] - means["seen"]).abs().max() < 0.05, means


def test_silent_and_short_clips():
    still = ml.Song(np.zeros(500, np.float32), RATE, "la", stems={"vocals": np.zeros(500, np.float32)})
    found = ml.MusicLIME(predict, sample_rate=RATE, samples=60).explain(still)
    assert np.abs(found.weights[:, :10]).max() < 1e-6 and len(found.features) == 11


def test_real_outputs_such_as_valence():
    def mood(audio, lyrics):
        return 5 * levels(audio)[:, 0] - np.array([len(text) for text in lyrics]) / 10

    found = ml.MusicLIME(mood, classes=["valence"], sample_rate=RATE, samples=400).explain(song())
    assert found.weights.shape == (1, 45) and (found.table("valence").weight[:3] < -0.3).any()


def test_enough_stops_early_on_an_easy_model_and_says_why():
    asked = []

    def easy(audio, lyrics):
        asked.append(len(audio))
        return np.array([[("come" in t.lower()) + 0.5 * ("are" in t), 0.0] for t in lyrics])

    explainer = functools.partial(ml.MusicLIME, sample_rate=RATE, samples="enough")
    found = explainer(easy).explain(song())
    assert sum(asked) - 1 == found.samples == 4 * 46
    assert found.provenance["masks chosen"].startswith("enough: narrow")
    still = explainer(lambda a, t: np.ones((len(a), 1))).explain(song())
    assert "no feature moves" in still.provenance["masks chosen"]

    def noisy(audio, lyrics):
        return np.sin(1e4 * audio.sum(1))[:, None]

    hard = explainer(noisy).explain(song())
    assert hard.samples == 32 * 4 * 46 and hard.provenance["masks chosen"] == "looks used up"
    crossed = ml.MusicLIME(Toy(), samples="enough").explain(song())
    assert crossed.design == "crossed" and crossed.provenance["masks chosen"].startswith("enough")


def test_settings_are_json_and_the_same_in_every_process():
    def hum(stem, segment):
        return np.zeros(200)

    from musiclime.models.separation import separator

    separate = separator("demo")
    settings = ml.MusicLIME(Toy(), off=hum, separate=separate).settings
    assert "0x" not in json.dumps(settings) and settings["model"] == "toy"
    assert settings["off"].endswith("hum") and settings["separate"].endswith("separate preset=demo")
    assert ml.MusicLIME(predict).settings != ml.LyricsLIME(predict).settings
    assert ml.MusicLIME(predict, name="mine").settings["model"] == "mine"
    assert json.dumps(ml.MusicLIME(predict, seed=np.int64(3), samples=np.int64(9)).settings)


def test_memory_stays_bounded():
    """30 s at 44.1 kHz: the mixes of all masks would take tens of gigabytes."""
    rng = np.random.default_rng(0)
    stems = {stem: rng.normal(size=30 * 44100).astype(np.float32) for stem in STEMS}
    long = ml.Song(sum(stems.values()), 44100, "come as you are", stems=stems)
    explainer = ml.MusicLIME(lambda a, t: a[:, :4], sample_rate=44100, samples=100)
    tracemalloc.start()
    explainer.explain(long)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6


def test_the_masks_themselves_are_small():
    tracemalloc.start()
    ml.LyricsLIME(lambda a, t: np.zeros((len(t), 9)), sample_rate=RATE, samples=20000).explain(
        song(" ".join(f"w{number}" for number in range(200)))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6


def test_spectrogram_weights_are_those_of_limes_image_explainer():
    from lime.lime_image import LimeImageExplainer

    given = song(seconds=8)
    explainer = ml.SpectrogramLIME(predict, sample_rate=RATE, samples=60, patches=12, progress=False)
    found, space = explainer.explain(given), explainer.space(given)
    assert np.abs(space.mix(np.ones((1, len(space.audio)), dtype=bool))[0] - given.audio).max() < 1e-5
    corner = np.unique(space.map, return_index=True)[1]

    def ask(images):
        masks = images[..., 0].reshape(len(images), -1)[:, corner] > 0
        return predict(space.mix(masks), [given.lyrics] * len(masks))

    page = np.ones((*space.map.shape, 3))
    theirs = LimeImageExplainer(random_state=0, feature_selection="none").explain_instance(
        page,
        ask,
        labels=(0,),
        top_labels=None,
        hide_color=0,
        num_features=1000,
        num_samples=60,
        segmentation_fn=lambda _: space.map,
        random_seed=0,
    )
    weights = [weight for _, weight in sorted(theirs.local_exp[0])]
    assert np.abs(np.array(weights) - found.weights[0]).max() < 1e-6  # sound is float32
    # The filtered song keeps what the patch held; the picture's band averages only its loudness.
    names = [feature.name for feature in found.features]
    assert np.abs(explainer.listen(found, names, given) - given.audio).max() < 1e-5
    blurred = explainer.listen(found, names, given, "inverse")
    assert 0.5 < np.corrcoef(blurred, given.audio)[0, 1] < 0.999
    with pytest.raises(ValueError, match="how is"):
        explainer.listen(found, names, given, "loud")


def test_the_table_of_arguments_names_what_there_is():
    page = (Path(__file__).parents[2] / "book/reference/api-explain.md").read_text(encoding="utf-8")
    names = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\* - (`.+`)$", page, re.M)))
    there = {field.name: field.default for field in dataclasses.fields(ml.MusicLIME)}
    assert set(names) == set(list(there)[: len(names)]) and len(names) == 11
    assert there["sample_rate"] == 16000 and there["segments"] == 10  # the table says so


def test_the_method_by_hand_in_the_chapter_is_musiclime():
    """The very cell of chapter *Explain*, on a song whose stems add up without rounding."""
    import jupytext

    notebook = jupytext.read(Path(__file__).parents[2] / "notebooks" / "explain.py")
    [cell] = [cell.source for cell in notebook.cells if "by-hand" in cell.metadata.get("tags", [])]
    rng = np.random.default_rng(0)
    stems = {stem: (rng.integers(-99, 99, 2003) / 1024).astype(np.float32) for stem in STEMS}
    lyrics = "— Don’t stop,  don't  STOP!\nCome as you\tare\n\n(as you were)"
    given = ml.Song(sum(stems.values()), RATE, lyrics, stems=stems)
    toy = Toy()
    known = {"np": np, "model": toy, "song": ml.MusicLIME(toy).prepare(given), "by_hand": 300}
    imports = [cell.source for cell in notebook.cells if "sklearn.linear_model" in cell.source]
    for line in imports[0].splitlines():
        if "Ridge" in line or "words_of" in line or "coins" in line:
            exec(line, known)  # noqa: S102 - the chapter's own imports
    exec(cell, known)  # noqa: S102 - the chapter's own cell
    explainer = ml.MusicLIME(toy, samples=300, design="joint")
    module = explainer.explain(given)
    assert known["names"] == [feature.name for feature in module.features[known["cells"] :]]
    assert np.abs(known["found"] - module.weights).max() < 1e-9
    assert np.abs(module.weights).max() > 0.01
    assert np.array_equal(known["mix"](known["masks"][0][:40]), module.space.mix(known["masks"][:1, :40])[0])
    assert known["keep"](known["masks"][0][40:]) == module.space.texts(known["masks"][:1, 40:])[0]
