"""The paper preset trains as the thesis says: what its encoders are given and how it steps."""

import numpy as np
import pytest
import torch
from test_training import own_cache, toy  # noqa: F401
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook
from transformers import AutoConfig, AutoModel

import musiclime as ml
from musiclime.models.encoders import AST, ROBERTA
from musiclime.models.preprocessing import clip, normalise_text, tower_inputs, word_tokenizer

TINY = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 64}
SONGS = 40  # of which 24 to train on


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """Tiny encoders under the names of the real ones, which transformers loads from the folder it runs in."""
    tokenizer = word_tokenizer([song.lyrics for song in toy(SONGS)])
    tokenizer.save_pretrained(tmp_path / ROBERTA)
    reads = {"vocab_size": len(tokenizer), "max_position_embeddings": 258, "type_vocab_size": 1}
    made = {
        ROBERTA: AutoConfig.for_model("roberta", **TINY, **reads),
        AST: AutoConfig.for_model("audio-spectrogram-transformer", **TINY),
    }
    for name, config in made.items():
        AutoModel.from_config(config).save_pretrained(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tokenizer


class Watch:
    """What the encoders are given while a network trains, and every step of the optimiser."""

    def __init__(self, vocabulary: int):
        self.vocabulary = vocabulary
        self.heard, self.read, self.steps = [], [], []
        self.rows = 0

    def forward(self, module, given):
        kind = type(module).__name__
        if module.training and kind == "ASTModel":
            self.heard += list(given[0].detach().clone())
        # RoBERTa is given its tokens by name, which this hook does not see; its embeddings get them in order.
        if module.training and kind == "Embedding" and module.num_embeddings == self.vocabulary:
            self.read += [row.tolist() for row in given[0]]

    def step(self, optimizer, given, named):
        rows = max(len(self.heard), len(self.read))
        self.steps.append((type(optimizer).__name__, optimizer.param_groups[0]["lr"], rows - self.rows))
        self.rows = rows


@pytest.fixture
def watch(stand_ins):
    watching = Watch(len(stand_ins))
    hooks = [
        register_module_forward_pre_hook(watching.forward),
        register_optimizer_step_pre_hook(watching.step),
    ]
    yield watching
    for hook in hooks:
        hook.remove()


THESIS = {  # optimiser, rate, epochs, and how the authors' notebooks batch
    "lyrics": ("AdamW", 9e-7, 9, 10),
    "audio": ("Adam", 6e-6, 5, 8),
    "multimodal": ("Adam", 6e-6, 6, 8),
}


@pytest.mark.slow
@pytest.mark.parametrize("modality", THESIS)
def test_every_word_and_every_cell_arrive_at_the_thesis_rates(modality, stand_ins, watch):
    corpus = toy(SONGS)
    model = ml.load_model("genre", modality, corpus, preset="paper", progress=False, device="cpu")
    optimizer, rate, epochs, batch = THESIS[modality]
    train = list(corpus.split("train"))

    assert {(name, lr) for name, lr, _ in watch.steps} == {(optimizer, rate)}
    whole, rest = divmod(len(train), batch)
    assert [rows for *_, rows in watch.steps] == ([batch] * whole + [rest] * bool(rest)) * epochs

    if modality != "audio":
        told = sorted(stand_ins(normalise_text(song.lyrics))["input_ids"] for song in train)
        filler = stand_ins.pad_token_id
        arrived = sorted([token for token in row if token != filler] for row in watch.read)
        assert arrived == sorted(told * epochs)
    if modality != "lyrics":
        whole_songs = tower_inputs(np.stack([clip(song) for song in train]), 16000)
        times = np.zeros(len(train), int)
        for heard in watch.heard:
            apart = (whole_songs - heard).abs().amax((1, 2))
            times[int(apart.argmin())] += apart.min() < 0.02  # kept in half precision
        assert times.tolist() == [epochs] * len(train)
    assert not model.card["recipe"]["augment"]
    assert len(model.card["history"]) == epochs


@pytest.mark.slow
def test_what_we_recommend_instead_is_another_recipe_and_the_watch_sees_what_it_takes_away(stand_ins, watch):
    corpus = toy(SONGS)
    ml.load_model("genre", "multimodal", corpus, preset="paper-muted", epochs=2, progress=False)
    whole_songs = tower_inputs(np.stack([clip(song) for song in corpus.split("train")]), 16000)
    whole = [bool(((whole_songs - heard).abs().amax((1, 2)) < 0.02).any()) for heard in watch.heard]
    words = [len(set(row) - {0, 1, 2}) for row in watch.read]
    assert np.mean(whole) < 0.6 and np.mean(np.equal(words, 0)) > 0.3


def test_a_folder_under_the_name_of_a_checkpoint_is_what_is_loaded(stand_ins):
    assert torch.numel(AutoModel.from_pretrained(ROBERTA).embeddings.LayerNorm.bias) == 64
