"""The chapter Reproduce on Kaggle, on a folder with the names, keys and shapes of the authors' data.

The models of the folder are random. They are built by transformers' own classes, so that what the chapter
computes has a second computation to agree with.
"""

import json
import pickle
import re
import shutil
from pathlib import Path

import jupytext
import numpy as np
import pandas as pd
import pytest
import torch
from IPython.display import Markdown
from transformers import (
    ASTForAudioClassification,
    AutoConfig,
    AutoModel,
    PreTrainedTokenizerFast,
    RobertaForSequenceClassification,
)

import musiclime as ml
from musiclime.data.labels import EMOTIONS, GENRES
from musiclime.models.preprocessing import normalise_text, word_tokenizer

CHAPTER = Path(__file__).resolve().parents[2] / "notebooks" / "reproduce-on-kaggle.py"
SMALL = {"hidden_size": 64, "num_attention_heads": 1, "intermediate_size": 96, "initializer_range": 0.2}
WORDS = ["sun", "sea", "rain", "night", "fire", "road", "love", "home", "stone", "river", "dance", "cold"]
TESTED = 24
pytestmark = pytest.mark.filterwarnings("ignore")

# The names that transformers 4 gave to the tensors of AST, where those of transformers 5 differ.
OLD = [
    (r"^(audio_model|audio_spectrogram_transformer)\.layers\.", r"\1.encoder.layer."),
    (r"\.attention\.q_proj\.", ".attention.attention.query."),
    (r"\.attention\.k_proj\.", ".attention.attention.key."),
    (r"\.attention\.v_proj\.", ".attention.attention.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
]


def old_names(state: dict) -> dict:
    renamed = {}
    for name, value in state.items():
        if name.startswith("audio"):
            for pattern, old in OLD:
                name = re.sub(pattern, old, name)
        renamed[name] = value
    return renamed


class TheirFusion(torch.nn.Module):
    """The authors' multimodal network, by the names of their file: two codes, LayerNorm, a linear layer."""

    def __init__(self, sound, text):
        super().__init__()
        self.audio_model, self.text_model = AutoModel.from_config(sound), AutoModel.from_config(text)
        width = sound.hidden_size + text.hidden_size
        self.classifier = torch.nn.ModuleDict(
            {"layer_norm": torch.nn.LayerNorm(width), "fc": torch.nn.Linear(width, 9)}
        )

    def forward(self, features, tokens):
        heard = self.audio_model(features).pooler_output
        read = self.text_model(**tokens).last_hidden_state[:, 0]
        return self.classifier["fc"](self.classifier["layer_norm"](torch.cat([heard, read], -1)))


def configurations(vocabulary: int, **size):
    labels = {"num_labels": 9}
    sound = AutoConfig.for_model("audio-spectrogram-transformer", **size.get("sound", SMALL), **labels)
    reads = {
        "vocab_size": vocabulary,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
    }
    text = AutoConfig.for_model("roberta", **size.get("text", SMALL), **reads, **labels)
    return sound, text


def write_songs(home: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """Splits as JSON lines, tokens as one JSON, a pickle a song: as the authors' notebooks read them."""
    rng, tokens = np.random.default_rng(0), {}
    for folder in ("splits", "tokens", "sound/spectogram_pikles"):
        (home / folder).mkdir(parents=True)
    for split, count in {"train": 12, "val": 6, "test": TESTED}.items():
        lines = []
        for number in range(count):
            id = f"{split}{number:03d}"
            lyrics = " ".join(rng.choice(WORDS, 30)).capitalize() + "!"
            genre, emotion = rng.choice(GENRES), rng.choice(EMOTIONS)
            lines.append(
                {"id": id, "lyrics": lyrics, "primary_short": genre, "emotion": emotion, "lang": "en"}
            )
            made = tokenizer(normalise_text(lyrics), padding="max_length", max_length=256, truncation=True)
            tokens[id] = {"ids": made["input_ids"], "mask": made["attention_mask"]}
            features = [rng.normal(size=(1024, 128)).astype(np.float32)]
            (home / f"sound/spectogram_pikles/{id}.pkl").write_bytes(pickle.dumps({id: features}))
        (home / f"splits/{split}.json").write_text("\n".join(map(json.dumps, lines)))
    (home / "tokens/tokenized_texts.json").write_text(json.dumps(tokens))


@pytest.fixture(scope="module")
def attached(tmp_path_factory):
    """The folder, and the networks whose weights lie in it."""
    home = tmp_path_factory.mktemp("input")
    tokenizer = word_tokenizer([" ".join(WORDS)] * 2)
    tokenizer.save_pretrained(home / "tokenizer")
    write_songs(home, tokenizer)
    depth = {"num_hidden_layers": 2}
    sound, text = configurations(len(tokenizer), sound={**SMALL, **depth}, text={**SMALL, **depth})
    (home / "models").mkdir()
    networks = {}
    torch.manual_seed(0)
    for task in ("genre", "emotion"):
        networks[task, "lyrics"] = RobertaForSequenceClassification(text).eval()
        networks[task, "audio"] = ASTForAudioClassification(sound).eval()
        networks[task, "multimodal"] = TheirFusion(sound, text).eval()
        for modality in ("lyrics", "audio"):
            state = old_names(networks[task, modality].state_dict())
            torch.save(state, home / f"models/{task}_{modality}.pth")
        state = {"model_state_dict": old_names(networks[task, "multimodal"].state_dict()), "epoch": 5}
        torch.save(state, home / f"models/{task}_multimodal_3.pth")
    return home, networks


def run(**parameters) -> dict:
    """Every name of the chapter, its cells executed in order; what it displays as `said`."""
    names = {"__name__": "chapter", "said": []}
    said = names["said"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda shown, **options: said.append(shown))
        _execute(names, parameters)
    return names


def words_of(page: dict) -> str:
    """The sentences that the page displayed."""
    return "".join(shown.data for shown in page["said"] if isinstance(shown, Markdown))


def _execute(names: dict, parameters: dict) -> None:
    for cell in jupytext.read(CHAPTER).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, str(CHAPTER), "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names.update(parameters)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path / "cache"))
    return tmp_path


def their_accuracy(home: Path, network, task: str, modality: str) -> float:
    """What transformers' own classes reach on the files themselves."""
    rows = [json.loads(line) for line in (home / "splits/test.json").read_text().splitlines()]
    tokens = json.loads((home / "tokens/tokenized_texts.json").read_text())
    classes, column = (GENRES, "primary_short") if task == "genre" else (EMOTIONS, "emotion")
    right = 0
    for row in rows:
        pickled = pickle.loads((home / f"sound/spectogram_pikles/{row['id']}.pkl").read_bytes())
        heard = torch.tensor(pickled[row["id"]][0])[None]
        read = {
            "input_ids": torch.tensor([tokens[row["id"]]["ids"]]),
            "attention_mask": torch.tensor([tokens[row["id"]]["mask"]]),
        }
        with torch.inference_mode():
            if modality == "lyrics":
                logits = network(**read).logits
            elif modality == "audio":
                logits = network(heard).logits
            else:
                logits = network(heard, read)
        right += classes[int(logits.argmax())] == row[column]
    return right / len(rows)


@pytest.mark.slow
def test_the_table_is_what_transformers_says_and_the_imitation_is_called_one(attached, own_cache):
    home, networks = attached
    few = {"explained": 5, "samples": 120}
    page = run(root=str(home), kept=str(own_cache / "kept"), **few)
    table = page["table"]
    assert [name for name in table if "IMITATION" in name], "nobody may take these numbers for the authors'"
    assert table["printed"].tolist() == [32.33, 48.29, 48.53, 45.14, 53.75, 57.34]
    for (task, modality), network in networks.items():
        row = table.loc[(task, modality)]
        known = 100 * their_accuracy(home, network, task, modality)
        assert row["IMITATION, not the authors' models"] == f"{known:.2f}", (task, modality)
        low, high = map(float, row["95 % interval"].split(" to "))
        assert low <= known <= high and row["songs"] == TESTED
    assert "This is an imitation" in words_of(page)
    for found in page["tops"].values():
        assert set(found.columns) <= set(WORDS) and len(found)

    asked = []
    hook = torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, given: asked.append(module)
    )
    again = run(root=str(home), kept=str(own_cache / "kept"), **few)
    hook.remove()
    pd.testing.assert_frame_equal(again["table"], table)
    assert not asked, "a second session computes nothing again"
    stopped = sorted((own_cache / "kept/lyrics-genre/songs").glob("*.parquet"))
    for file in stopped[3:]:
        file.unlink()  # as a session that ended after three songs
    later = run(root=str(home), kept=str(own_cache / "next"), earlier=str(own_cache / "kept"), **few)
    found = sorted((own_cache / "next/lyrics-genre/songs").glob("*.parquet"))
    assert [file.name for file in found] == [file.name for file in stopped] and len(found) == 5
    pd.testing.assert_frame_equal(later["tops"]["genre"], page["tops"]["genre"])


def test_without_data_the_page_shows_what_is_printed_and_says_what_to_do(own_cache, monkeypatch):
    monkeypatch.chdir(own_cache)
    page = run()
    assert page["table"]["printed"].notna().all()
    assert set(page["table"]["computed again"]) == {"-"}
    assert "Attach the four data sets" in words_of(page)


def load(home, modality="lyrics"):
    return ml.load_model("genre", modality, weights="published", root=home)


def changed(attached, tmp_path, change, modality="lyrics"):
    """A copy of one model's file with its state changed."""
    name = "genre_multimodal_3" if modality == "multimodal" else f"genre_{modality}"
    (tmp_path / "models").mkdir()
    state = torch.load(attached[0] / f"models/{name}.pth", weights_only=True)
    torch.save(change(dict(state)), tmp_path / f"models/{name}.pth")
    tokenizer = attached[0] / "tokenizer"
    shutil.copytree(tokenizer, tmp_path / "tokenizer")
    return tmp_path


def one_sentence(error) -> str:
    text = str(error.value)
    assert "\n" not in text and len(text) < 400
    return text


def test_a_missing_file_is_one_sentence(attached, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no genre_lyrics in") as error:
        load(tmp_path)
    one_sentence(error)


@pytest.mark.parametrize(
    "modality, old, new, said",
    [
        (
            "lyrics",
            "classifier.dense.weight",
            "classifier.tense.weight",
            "lacks head.1.weight and has classifier.tense",
        ),
        (
            "lyrics",
            "roberta.embeddings.word_embeddings.weight",
            "roberta.words",
            "lacks lyrics.embeddings.word_emb",
        ),
        (
            "audio",
            "audio_spectrogram_transformer.embeddings.cls_token",
            "cls",
            "lacks audio.embeddings.cls_token",
        ),
    ],
)
def test_a_wrong_key_name_is_one_sentence(attached, tmp_path, modality, old, new, said):
    def rename(state):
        return {new if name == old else name: value for name, value in state.items()}

    home = changed(attached, tmp_path, rename, modality)
    with pytest.raises(ValueError, match=f"is no published {modality} model: it {said}") as error:
        load(home, modality)
    one_sentence(error)


def test_a_tensor_of_another_size_is_one_sentence(attached, tmp_path):
    home = changed(attached, tmp_path, lambda state: {**state, "classifier.out_proj.bias": torch.zeros(7)})
    with pytest.raises(ValueError, match=r"head.4.bias has the shape \(7,\), not \(9,\)") as error:
        load(home)
    one_sentence(error)


class Runs:
    def __reduce__(self):
        return print, ("a pickle must not run this",)


@pytest.mark.parametrize("content", [{"weight": Runs()}, {"weight": 3.0}, [torch.zeros(2)]])
def test_a_file_that_holds_anything_but_tensors_is_one_sentence(attached, tmp_path, capsys, content):
    home = changed(attached, tmp_path, lambda state: content)
    with pytest.raises(ValueError, match="give the authors' file") as error:
        load(home)
    one_sentence(error)
    assert capsys.readouterr().out == ""


def test_a_song_without_its_spectrogram_is_named(attached, tmp_path, own_cache):
    from musiclime.models.evaluation import evaluate

    home, _ = attached
    corpus = ml.load_corpus("published", home, spectrograms=tmp_path).split("test")
    with pytest.raises(ValueError, match="song 'test000' has neither sound nor features") as error:
        evaluate(load(home, "audio"), corpus, progress=False)
    one_sentence(error)


@pytest.mark.slow
def test_files_of_the_real_sizes_load_and_answer_as_transformers_does(tmp_path, own_cache):
    """The multimodal network holds both encoders: 441 million numbers, written, read, asked about a song."""
    tokenizer = word_tokenizer([" ".join(WORDS)] * 2)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    large = {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
    }
    sound, text = configurations(50265, sound={}, text=large)
    theirs = TheirFusion(sound, text).eval()
    (tmp_path / "models").mkdir()
    torch.save(
        {"model_state_dict": old_names(theirs.state_dict())}, tmp_path / "models/genre_multimodal_3.pth"
    )
    features = np.random.default_rng(0).normal(size=(1, 1024, 128)).astype(np.float32)
    tokens = [[0, *range(100, 150), 2]]
    with torch.inference_mode():
        ids = torch.tensor(tokens)
        read = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        known = theirs(torch.tensor(features), read).softmax(-1).numpy()
    del theirs
    ours = ml.load_model("genre", "multimodal", weights="published", root=tmp_path, device="cpu")
    assert sum(p.numel() for p in ours.network.head.parameters()) == 19_721
    found = ours.classify(ours.encode_features(features), ours.encode_tokens(tokens))
    np.testing.assert_allclose(found, known, atol=1e-5)
