"""The chapter Regression in small: the layers its sources name, and nothing learned from shuffled inputs."""

from pathlib import Path

import jupytext
import pytest
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

import musiclime as ml  # first: it hides a torchaudio that transformers could not import

CHAPTER = Path(__file__).resolve().parents[2] / "notebooks" / "regression.py"
MODELS = ["Dummy", "Mean", "Music4All LSTM", "XLNet", "Conv. Net.", "MLP", "MuLan", "AST + RoBERTa"]
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def chapter():
    """Every name of the chapter, its cells executed in order on a few songs."""
    names = {"__name__": "chapter"}
    for cell in jupytext.read(CHAPTER).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, str(CHAPTER), "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"size": 120, "effort": 2.0}
    return names


def kinds(network, kind):
    return [part for part in network.modules() if isinstance(part, kind)]


def test_the_lstm_has_200_dimensions_128_units_and_one_answer(chapter):
    network = chapter["LSTM"]()
    assert network.embedding.embedding_dim == network.lstm.input_size == 200
    assert network.lstm.hidden_size == network.dense.in_features == 128
    assert network.dense.out_features == 1 and len(chapter["Two"](chapter["LSTM"]).each) == 2


def test_xlnet_is_the_real_class(chapter):
    from transformers import XLNetModel

    assert kinds(chapter["XLNet"](), XLNetModel)


def test_the_convolutional_network_hears_40_mels_and_reads_fixed_embeddings(chapter):
    network = chapter["ConvNet"](chapter["word_vectors"](chapter["train"]))
    heard = kinds(network.sound, torch.nn.Conv1d)
    assert [layer.in_channels for layer in heard] == [40, 32]
    assert not network.embedding.weight.requires_grad and network.embedding.weight.abs().sum() > 0
    assert len(kinds(network.text, torch.nn.Conv1d)) == 1 and isinstance(network.lstm, torch.nn.LSTM)


def test_the_perceptron_has_three_layers_and_four_kinds_of_input(chapter):
    rows, perceptron = chapter["test"][:3], chapter["perceptron"]
    assert [len(layer) for layer in perceptron[-1].intercepts_] == [128, 64, 32, 2]
    assert [type(step) for _, step in chapter["topics"].steps] == [TfidfVectorizer, TruncatedSVD]
    assert type(chapter["vader"]).__name__ == "SentimentIntensityAnalyzer"
    parts = [chapter["high_level"](rows), chapter["chroma"](rows), chapter["sentiment"](rows)]
    assert parts[1].shape == (3, 12) and parts[2].shape == (3, 4)
    assert chapter["named"](rows).shape == (3, sum(part.shape[1] for part in parts) + 60)


def test_two_towers_learn_to_find_each_other(chapter):
    rows = chapter["train"][:48]
    inputs = chapter["spectrogram"](rows), chapter["tokens"](rows)
    torch.manual_seed(0)
    with torch.inference_mode():
        heard, read = chapter["towers"](*inputs)
        assert torch.allclose(heard.norm(dim=1), read.norm(dim=1))
        before, after = chapter["Towers"]().contrast(*inputs), chapter["towers"].contrast(*inputs)
    assert after < before


def test_ast_and_roberta_are_joined_as_in_the_thesis(chapter):
    from transformers import ASTModel, RobertaModel

    network = chapter["Transformers"]().eval()
    assert isinstance(network.ast, ASTModel) and isinstance(network.roberta, RobertaModel)
    rows = chapter["test"][:2]
    mel, ids = chapter["spectrogram"](rows), chapter["tokens"](rows)
    with torch.inference_mode():
        heard = network.ast(mel).last_hidden_state.mean(1)
        read = network.roberta(ids, attention_mask=(ids != 0).long()).last_hidden_state[:, 0]
        expected = network.linear(torch.cat([heard, read], 1)).sigmoid()
        assert torch.allclose(network(mel, ids), expected)
        assert not torch.allclose(network.train()(mel, ids), expected), "no dropout"


@pytest.fixture(scope="module")
def checkpoints(chapter, tmp_path_factory):
    """Names of three pretrained models: folders as a hub hands them out, small and with random weights."""
    from transformers import AutoConfig, AutoModel

    from musiclime.models.encoders import ENCODERS
    from musiclime.models.preprocessing import word_tokenizer

    place, tokenizer = tmp_path_factory.mktemp("hub"), word_tokenizer(chapter["lyrics"])
    size = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    kinds = {
        "xlnet": {"model_type": "xlnet", "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 32, **size},
        "ast": ENCODERS["demo"]["audio"],
        "roberta": {**ENCODERS["demo"]["lyrics"], **size},
    }
    torch.manual_seed(7)
    for name, configuration in kinds.items():
        AutoModel.from_config(AutoConfig.for_model(**configuration)).save_pretrained(place / name)
        tokenizer.save_pretrained(place / name)
    return {name: str(place / name) for name in kinds}


def test_named_checkpoints_are_loaded_with_their_own_tokenizers(chapter, checkpoints):
    from transformers import ASTModel, RobertaModel, XLNetModel

    rows = chapter["test"][:3]
    ids, filler = chapter["reader"](checkpoints["xlnet"], 640)
    network = chapter["XLNet"](checkpoints["xlnet"], filler).eval()
    saved = XLNetModel.from_pretrained(checkpoints["xlnet"]).state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in network.xlnet.state_dict().items())
    longer = torch.nn.functional.pad(ids(rows), (0, 5), value=filler)
    assert (ids(rows) == filler).any()
    with torch.inference_mode():
        assert torch.allclose(network(longer), network(ids(rows)), atol=1e-5), "the filler is read"

    both = chapter["Transformers"](checkpoints["ast"], checkpoints["roberta"], filler)
    for kind, part in ((ASTModel, both.ast), (RobertaModel, both.roberta)):
        saved = kind.from_pretrained(checkpoints["ast" if kind is ASTModel else "roberta"]).state_dict()
        assert all(torch.equal(value, saved[name]) for name, value in part.state_dict().items())


def test_a_named_checkpoint_is_trained_and_judged_like_the_others(chapter, checkpoints):
    ids, filler = chapter["reader"](checkpoints["roberta"], 256)  # this small one has room for 256 tokens
    inputs = [chapter["spectrogram"], ids]
    network = chapter["Transformers"](checkpoints["ast"], checkpoints["roberta"], filler)
    before = network.roberta.embeddings.word_embeddings.weight.clone()
    trained = chapter["fitted"](network, inputs, 1, 2e-5)
    assert not torch.equal(before, trained.roberta.embeddings.word_embeddings.weight)
    chapter["judge_network"]("named", trained, inputs)
    assert 0 < chapter["results"].pop("named")["average"] < 0.5


def test_columns_of_spotify_are_among_the_inputs_where_a_corpus_has_them(chapter):
    rows, table = chapter["test"][:3], chapter["table"]
    without = chapter["high_level"](rows)
    tempo = torch.arange(len(table)).numpy().astype(float)
    tempo[rows[0]] = float("nan")  # not known: then the mean stands in
    chapter["table"] = table.assign(tempo=tempo)
    try:
        found = chapter["high_level"](rows)
    finally:
        chapter["table"] = table
    assert found.shape[1] == without.shape[1] + 1
    known = tempo[tempo == tempo]
    assert found[:, -1] == pytest.approx([known.mean(), *tempo[rows[1:]]])


def test_who_has_learned_loses_to_the_mean_when_inputs_are_shuffled(chapter):
    board = chapter["board"]
    assert list(board.index) == MODELS
    assert (board["inputs shuffled"].drop("Mean") > board.loc["Mean", "average"]).all(), board
    assert board.loc["MLP", "average"] < board.loc["Mean", "average"], board
    assert set(chapter["published"].index) == set(MODELS) and len(ml.EMOTIONS) == 9
