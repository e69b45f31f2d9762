"""A model is what it says: fast ways equal slow ones, wrong inputs and wrong files are refused."""

import json
import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import musiclime as ml
from musiclime.data.song import STEMS
from musiclime.models import training
from musiclime.models.authors_checkpoints import load_from_folder, load_published
from musiclime.models.classifier import LateFusion, Model, load, save
from musiclime.models.encoders import CONFIGURATIONS, ENCODERS, ROBERTA, Network, encoder
from musiclime.models.preprocessing import clip, normalise_text, word_tokenizer

TEXTS = ["the sun shines on the sea", "a cold moon over the sea", "the sun and the moon"]


def make(modality="multimodal", fusion="concat", multilabel=False, seed=0):
    torch.manual_seed(seed)
    tokenizer = word_tokenizer(TEXTS, times=1)
    sizes = {"audio": {}, "lyrics": {"vocab_size": len(tokenizer)}}
    parts = {k: encoder(ENCODERS["demo"][k], **sizes[k]) for k in sizes if modality in (k, "multimodal")}
    network = Network(**parts, classes=3, fusion=fusion)
    for parameter in network.head.parameters():  # a fresh LayerNorm is all ones: no test of its formulas
        torch.nn.init.normal_(parameter)
    architecture = {"task": "genre", "modality": modality, "fusion": fusion, "multilabel": multilabel}
    card = {"name": "toy", "task": "genre", "classes": ["a", "b", "c"], "corpus": {"fingerprint": "x"}}
    card["architecture"] = {**architecture, "sample_rate": 16000}
    return (LateFusion if len(parts) == 2 else Model)(network, tokenizer, card, "cpu")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, shape).astype(np.float32)


def test_the_thesis_cleaning():
    assert normalise_text("Don't STOP --\n\tthe Self-made man… (oh!)") == "dont stop the self made man oh"


@pytest.mark.parametrize("fusion", ["concat", "sum", "product"])
def test_the_grid_equals_fusing_row_by_row(fusion):
    model = make(fusion=fusion)
    a, t = model.encode_audio(noise(3, 163840)), model.encode_lyrics([*TEXTS, ""])
    t = t + np.linspace(-3, 5, t.size).reshape(
        t.shape
    )  # means far from zero, where the closed form could err
    grid = model.fuse_grid(a, t)
    rows = model.fuse(np.repeat(a, 4, axis=0), np.tile(t, (3, 1))).reshape(3, 4, 3)
    assert grid == pytest.approx(rows, abs=1e-5)
    assert grid.sum(-1) == pytest.approx(1)
    assert np.ptp(grid) > 0.1


def test_cells_equal_the_sound_that_they_make_and_batches_do_not_matter():
    model, masks = make(), np.random.default_rng(1).random((70, 10, 4)) < 0.5
    stems = dict(zip(STEMS, noise(4, 163840)))
    on = np.repeat(masks, 16384, axis=1).transpose(0, 2, 1)
    mixed = (on * np.stack(list(stems.values()))).sum(1)
    by_table = model.encode_cells(stems, masks)
    assert by_table == pytest.approx(model.encode_audio(mixed), abs=1e-4)
    sent = pickle.loads(pickle.dumps(model))  # as to a worker, after it has explained something here
    assert sent.encode_cells(stems, masks[:8]) == pytest.approx(by_table[:8], abs=1e-6)
    other = {stem: sound * 0.5 for stem, sound in stems.items()}  # a new song must not meet the old table
    assert np.abs(model.encode_cells(other, masks) - by_table).max() > 1e-3
    texts = [TEXTS[i % 3][: 3 + i % 20] for i in range(70)]
    one_by_one = np.concatenate([model.encode_lyrics([text]) for text in texts])
    assert model.encode_lyrics(texts) == pytest.approx(one_by_one, abs=1e-5)


@pytest.mark.parametrize("off", ["silence", "noise", lambda stem, segment: np.full(16384, 0.01 * segment)])
def test_whatever_sounds_where_a_cell_is_off_the_table_equals_the_sound(off):
    stems = dict(zip(STEMS, noise(4, 163840)))
    song, model = ml.Song(sum(stems.values()), 16000, "one two", stems=stems), make()
    space = ml.MusicLIME(model, off=off).space(song)
    masks = np.random.default_rng(2).random((40, 40)) < 0.5
    by_table = model.encode_cells(*space.layers(masks))
    assert by_table == pytest.approx(model.encode_audio(space.mix(masks)), abs=1e-4)
    assert np.ptp(by_table, axis=0).max() > 1e-2


def test_patches_of_a_spectrogram_are_no_cells():
    song, model = ml.Song(noise(163840), 16000, "one two"), make()
    options = {"samples": 30, "patches": 6, "progress": False}
    fast = ml.SpectrogramLIME(model, **options).explain(song)
    slow = ml.SpectrogramLIME(lambda a, t: model.predict(a, t), classes=model.classes, **options).explain(
        song
    )
    assert fast.weights == pytest.approx(slow.weights, abs=1e-5) and np.abs(fast.weights).max() > 1e-5


@pytest.mark.parametrize(("count", "off"), [(7, "silence"), (6, "noise")])
def test_many_stems_take_no_table_of_all_their_states(monkeypatch, count, off):
    stems = {f"stem {k}": sound for k, sound in enumerate(noise(count, 16384))}
    song, model = ml.Song(sum(stems.values()), 16000, "one two", stems=stems), make()
    monkeypatch.setattr(model, "encode_cells", None)  # 4 ** 7 pairs of states, what sounds off counted
    explanation = ml.MusicLIME(model, segments=4, samples=20, design="joint", off=off).explain(song)
    assert len(explanation.features) == count * 4 + 2


def test_predict_is_encode_and_fuse_and_unimodal_models_ignore_the_other_modality():
    audio, model = noise(3, 163840), make()
    assert model.predict(audio, TEXTS) == pytest.approx(
        model.fuse(model.encode_audio(audio), model.encode_lyrics(TEXTS))
    )
    assert not hasattr(make("audio"), "fuse")
    assert (make("audio").predict(audio, None) == make("audio").predict(audio, ["x", "y", "z"])).all()
    assert (make("lyrics").predict(None, TEXTS) == make("lyrics").predict(audio * 0, TEXTS)).all()
    with pytest.raises(ValueError, match="3 clips and 2 lyrics"):
        model.predict(audio, TEXTS[:2])


def test_multilabel_probabilities_are_sigmoids():
    one, many = (make(multilabel=m).predict(noise(3, 163840), TEXTS) for m in (False, True))
    odds = many / (1 - many)
    assert odds / odds.sum(1, keepdims=True) == pytest.approx(one, rel=1e-4)


def test_truncate_keeps_what_the_model_reads():
    model = make("lyrics")
    long = " ".join(["the sun,", "don't shine"] * 200)
    kept = model.truncate(long)
    assert len(normalise_text(kept).split()) == 254 and long.startswith(kept)
    assert model.predict(None, [kept]) == pytest.approx(model.predict(None, [long]))
    assert model.truncate(" the  sun \n") == " the  sun" and model.truncate("") == ""


@pytest.mark.parametrize(
    "audio, message",
    [
        (np.full((1, 16000), np.nan, np.float32), "NaN"),
        (noise(1, 2, 16000), "mono"),
        (noise(1, 100), "25 ms"),
        (np.zeros((1, 16000), np.int32), "int16"),
    ],
)
def test_bad_sound_is_refused(audio, message):
    with pytest.raises(ValueError, match=message):
        make("audio").predict(audio, [""])


def test_odd_sound_is_handled_as_documented():
    model, second = make("audio"), noise(1, 16000)
    assert model.predict(noise(1, 960000), None) == pytest.approx(
        model.predict(noise(1, 960000)[:, :163840], None)
    )
    assert model.predict((second * 2**15).astype(np.int16), None) == pytest.approx(
        model.predict(second, None), abs=1e-3
    )
    assert np.isfinite(model.predict(noise(1, 1600), None)).all()


def test_a_songs_clip_is_mono_resampled_and_ten_seconds_long():
    time = np.arange(48000 * 20) / 48000
    song = ml.Song(np.sin(2 * np.pi * 440 * time).astype(np.float32), 48000, "", id="s")
    for rate in (16000, 8000):
        heard = clip(song, rate)
        assert len(heard) == round(10.24 * rate)
        middle = np.arange(2000, 6000) / rate
        assert heard[2000:6000] == pytest.approx(np.sin(2 * np.pi * 440 * middle), abs=0.01)
    stereo = (np.stack([song.audio, song.audio], 1) * 2**15 * 0.9).astype(np.int16)
    assert clip(ml.Song(stereo, 48000, "")) == pytest.approx(0.9 * clip(song), abs=1e-3)
    short = clip(ml.Song(song.audio[:4800], 48000, ""))
    assert len(short) == 163840 and np.abs(short[1700:]).max() == 0
    for audio in (np.full(48000, np.nan, np.float32), np.zeros(3, np.float32), noise(2, 3, 4)):
        with pytest.raises(ValueError, match="song 'bad'"):
            clip(ml.Song(audio, 48000, "", id="bad"))


@pytest.mark.parametrize("modality", ["multimodal", "lyrics", "audio"])
def test_what_is_saved_is_loaded_and_anything_else_is_refused(tmp_path, modality):
    model, audio = make(modality), noise(3, 163840)
    folder = save(model, tmp_path / "m")
    again = load(folder, "cpu", architecture=model.card["architecture"], corpus={"fingerprint": "x"})
    assert again.predict(audio, TEXTS) == pytest.approx(model.predict(audio, TEXTS))
    with pytest.raises(ValueError, match="another corpus"):
        load(folder, "cpu", corpus={"fingerprint": "y"})
    with pytest.raises(ValueError, match="another architecture"):
        load(folder, "cpu", architecture={**model.card["architecture"], "fusion": "sum"})
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "classes": ["a", "b"]}))
    with pytest.raises(ValueError, match="do not fit"):
        load(folder, "cpu")
    (folder / "model.safetensors").write_bytes(b"half")
    with pytest.raises(ValueError, match="cannot be read"):
        load(folder, "cpu")


def test_a_tower_by_name_may_hear_waveforms(tmp_path):
    """As MERT does; here a small one of its kind from a local checkpoint."""
    from transformers import HubertConfig, HubertModel

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    small |= {
        "conv_dim": (8, 8),
        "conv_kernel": (10, 8),
        "conv_stride": (160, 4),
        "num_feat_extract_layers": 2,
    }
    config = HubertConfig(**small, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2)
    HubertModel(config).save_pretrained(tmp_path)
    model = make("audio")
    model.network = Network(audio=encoder(str(tmp_path)), classes=3).eval()
    masks = np.random.default_rng(1).random((3, 10, 4)) < 0.5
    sound = noise(4, 163840)
    mixed = (np.repeat(masks, 16384, axis=1).transpose(0, 2, 1) * sound).sum(1)
    assert model.encode_audio(mixed).shape == (3, 16)
    assert model.encode_cells(dict(zip(STEMS, sound)), masks) == pytest.approx(
        model.encode_audio(mixed), abs=1e-4
    )


def old_names(network: Network, modality: str) -> dict:
    """The weights of a network under the names of transformers 4 and of the authors' classes."""
    inner = {"layers.": "encoder.layer.", "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense"}
    inner |= {f"attention.{k[0]}_proj": f"attention.attention.{k}" for k in ("query", "key", "value")}
    inner |= {"attention.o_proj": "attention.output.dense"}
    outer = {
        "multimodal": {"audio.": "audio_model.", "lyrics.": "text_model."},
        "audio": {"audio.": "audio_spectrogram_transformer.", "head.norm": "classifier.layernorm"},
        "lyrics": {"lyrics.": "roberta.", "head.1": "classifier.dense", "head.4": "classifier.out_proj"},
    }
    outer["multimodal"] |= {"head.norm": "classifier.layer_norm", "head.classifier": "classifier.fc"}
    outer["audio"] |= {"head.classifier": "classifier.dense"}
    state = {}
    for name, value in network.state_dict().items():
        for new, old in (inner if name.startswith("audio.") else {}).items():
            name = name.replace(new, old)
        start = next(new for new in outer[modality] if name.startswith(new))
        state[outer[modality][start] + name.removeprefix(start)] = value
    if modality == "multimodal":
        state |= {"text_model.pooler.dense.weight": torch.ones(64, 64)}
    return state


@pytest.mark.parametrize("modality", ["multimodal", "lyrics", "audio"])
def test_the_authors_state_dictionaries_load(tmp_path, modality):
    model, audio = make(modality), noise(2, 44100 * 2)
    model.card["architecture"]["sample_rate"] = 44100
    torch.save(old_names(model.network, modality), tmp_path / "w.pt")
    towers = {
        **ENCODERS["demo"],
        "lyrics": {**ENCODERS["demo"]["lyrics"], "vocab_size": len(model.tokenizer)},
    }
    options = {"tokenizer": model.tokenizer, "classes": model.classes, "towers": towers, "device": "cpu"}
    theirs = load_published(tmp_path / "w.pt", "genre", modality, **options)
    assert theirs.predict(audio, TEXTS[:2]) == pytest.approx(model.predict(audio, TEXTS[:2]))
    # As attached on Kaggle: in a folder below, and the multimodal one with its optimiser's state about it.
    names = {"multimodal": "genre_multimodal_3", "lyrics": "genre_lyrics", "audio": "genre_audio"}
    (tmp_path / "below").mkdir()
    whole = {"model_state_dict": torch.load(tmp_path / "w.pt"), "epoch": 3}
    torch.save(whole, tmp_path / "below" / f"{names[modality]}.pth")
    found = load_from_folder(tmp_path, "genre", modality, **options)
    assert found.predict(audio, TEXTS[:2]) == pytest.approx(model.predict(audio, TEXTS[:2]))
    with pytest.raises(FileNotFoundError, match="there is no emotion_"):
        load_from_folder(tmp_path, "emotion", modality)
    with pytest.raises(ValueError, match="needs root"):
        ml.load_model("genre", modality, weights="published")
    with pytest.raises(ValueError, match="no published"):
        load_published(tmp_path / "w.pt", "genre", modality, **{**options, "classes": ["a", "b"]})


@pytest.mark.slow
def test_the_papers_network_has_its_real_size_and_learns(monkeypatch):
    assert CONFIGURATIONS[ROBERTA]["hidden_size"] == 1024
    parts = {kind: encoder(ENCODERS["paper"][kind], pretrained=False) for kind in ("audio", "lyrics")}
    network = Network(**parts, classes=9)
    count = lambda part: sum(p.numel() for p in part.parameters())  # noqa: E731
    assert count(network.head) == 19_721
    assert count(network.audio) == 86_187_264 and count(network.lyrics) == 354_310_144
    tokens = {"input_ids": torch.tensor([[0, 5, 6, 2]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    logits = network(torch.randn(1, 1024, 128), tokens)
    # All nine answers count alike, so that one unlucky draw of the head is no failure.
    loss = torch.nn.functional.cross_entropy(logits.expand(9, -1), torch.arange(9))
    loss.backward()
    lost = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert lost == [] and loss.item() == pytest.approx(np.log(9), abs=1)
    # The page that says what it takes says what is computed before a training.
    page = Path(__file__).parents[2] / "book/reproduce/what-you-need.md"
    promised = re.findall(r"(\d+)(?: songs at once)? takes? (\d+)", page.read_text(encoding="utf-8"))
    nothing_free = SimpleNamespace(available=1)
    monkeypatch.setattr(training.psutil, "virtual_memory", lambda: nothing_free)
    for songs, size in promised:
        with pytest.raises(ValueError, match=f"micro={songs} takes about {size} GB"):
            training.songs_at_once(SimpleNamespace(network=network, device="cpu", name="it"), int(songs))
    assert len(promised) == 3
