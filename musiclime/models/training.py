"""From a corpus to a trained model: the recipes, the training loop, and `load_model`."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import torch
from filelock import FileLock
from sklearn.decomposition import PCA
from torch import nn
from tqdm.auto import tqdm

from ..data.corpora import load_corpus
from ..data.song import Corpus
from ..files import root as cache_root
from ..files import versions
from . import shipped_weights
from .classifier import Model, build, load, save
from .encoders import ENCODERS, encoder
from .evaluation import labels_of
from .filterbank import SILENCE
from .hub import from_hub
from .preprocessing import batches, word_tokenizer
from .training_data import audio_features, drop_words, mute_cells, read_lyrics

__all__ = ["RECIPES", "fit", "load_model", "songs_at_once"]

# Demo: found on its validation songs, with an eye on the exam of *Can you trust it?*.
# Paper: section 4.2.2 of the thesis; the batch sizes are those of the authors' notebooks. It knows nothing of
# muted cells and dropped words: augment=False.
RECIPES = {
    ("demo", "lyrics"): {"optimizer": "AdamW", "rate": 2e-3, "epochs": 10, "batch": 32, "cycle": True},
    ("demo", "audio"): {"optimizer": "AdamW", "rate": 1.5e-3, "epochs": 24, "batch": 32, "cycle": True},
    ("demo", "multimodal"): {"optimizer": "AdamW", "rate": 1.2e-3, "epochs": 24, "batch": 32, "cycle": True},
    ("paper", "lyrics"): {
        **{"optimizer": "AdamW", "rate": 9e-7, "epochs": 9},
        **{"batch": 10, "cycle": False, "augment": False},
    },
    ("paper", "audio"): {
        **{"optimizer": "Adam", "rate": 6e-6, "epochs": 5},
        **{"batch": 8, "cycle": False, "augment": False},
    },
    ("paper", "multimodal"): {
        **{"optimizer": "Adam", "rate": 6e-6, "epochs": 6},
        **{"batch": 8, "cycle": False, "augment": False},
    },
}
# What we recommend to whoever trains in order to explain: an explainer asks about songs with muted cells and
# dropped words, so the model should have met some.
RECIPES |= {
    ("paper-muted", kind): {**recipe, "augment": True}
    for (name, kind), recipe in RECIPES.items()
    if name == "paper"
}
# Beside words that tell, sound is hardly learnt: half of the time a model of both gets no words.
CHANCE_OF_NO_WORDS = {"lyrics": 0.2, "multimodal": 0.5}
TASKS = ("genre", "emotion")
MODALITIES = ("lyrics", "audio", "multimodal")
PRESETS = ("demo", "paper", "paper-muted", "real")
WEIGHTS = ("pretrained", "random", "published")


@dataclass
class TrainingSongs:
    """The songs that a model learns from: what its encoders take, the labels, and who is in which split."""

    features: Any  # (songs, variants, ...), a memory map; None where nothing is heard
    texts: Any  # the lyrics; None where nothing is read
    labels: torch.Tensor
    train: np.ndarray
    val: np.ndarray
    same_label: dict[int, np.ndarray]

    @classmethod
    def of(cls, model: Model, corpus: Corpus, progress: bool) -> "TrainingSongs":
        corpus = corpus.where(corpus.table["split"].isin(["train", "val"]))
        train = np.flatnonzero(corpus.table["split"] == "train")
        val = np.flatnonzero(corpus.table["split"] == "val")
        if not len(train) or not len(val):
            raise ValueError(
                f"corpus {corpus.name!r}: {len(train)} songs to train on, {len(val)} to choose by: give its "
                "table a column split (train, val, test), or ten artists and more"
            )
        features = texts = None
        if model.network.audio is not None:
            features = audio_features(corpus, model.sample_rate, model.hears_waves, progress)
        if model.network.lyrics is not None:
            texts = read_lyrics(corpus, progress)
        multilabel = model.card["architecture"]["multilabel"]
        labels = torch.as_tensor(labels_of(corpus.table, model.card["task"], model.classes, multilabel))
        label_number = np.unique(labels.numpy(), axis=0, return_inverse=True)[1].ravel()
        same_label = {int(row): train[label_number[train] == label_number[row]] for row in train}
        return cls(features, texts, labels, train, val, same_label)


@dataclass
class Progress:
    """How far a training has come: all that a killed run needs to go on, beside the weights."""

    step: int = 0
    loss: float = 0.0
    history: list = field(default_factory=list)
    best: dict = field(default_factory=dict)
    at_once: int = 0


class TrainingRun:
    """One training of one model; every step has its own seed, so a resumed run equals a whole one."""

    def __init__(
        self, model: Model, songs: TrainingSongs, epochs: int, batch: int, augment: bool, seed: int
    ) -> None:
        self.model, self.songs = model, songs
        self.batch, self.augment, self.seed = batch, augment, seed
        self.steps_per_epoch = ceil(len(songs.train) / batch)
        self.last_step = epochs * self.steps_per_epoch
        self.progress = Progress()
        if model.card["architecture"]["multilabel"]:
            self.loss_of = nn.functional.binary_cross_entropy_with_logits
        else:
            self.loss_of = nn.functional.cross_entropy

    def optimise_with(self, optimizer: str, rate: float, cycle: bool) -> None:
        """Choose the optimiser, its schedule, and the scaling of gradients that old GPUs need.

        Args:
            optimizer: name of a class of torch.optim.
            rate: the learning rate, at its peak where it cycles.
            cycle: whether the rate rises and falls once over the whole training (OneCycleLR).
        """
        network, device = self.model.network, self.model.device
        self.optimizer = getattr(torch.optim, optimizer)(network.parameters(), lr=rate)
        self.scaler = torch.amp.GradScaler(device, enabled=self.model.needs_grad_scaling)
        if cycle:
            schedulers = torch.optim.lr_scheduler
            self.schedule = schedulers.OneCycleLR(self.optimizer, rate, self.last_step, pct_start=0.15)
        else:
            self.schedule = torch.optim.lr_scheduler.ConstantLR(self.optimizer, 1.0)

    @property
    def parts(self) -> dict:
        """What a checkpoint holds beside the progress."""
        return {
            "network": self.model.network,
            "optimizer": self.optimizer,
            "scaler": self.scaler,
            "schedule": self.schedule,
        }

    def resume(self, checkpoint: Path | None) -> None:
        """Go on from a checkpoint, where there is one."""
        if not checkpoint or not Path(checkpoint).exists():
            return
        saved = torch.load(checkpoint, map_location=self.model.device, weights_only=True)
        self.progress = Progress(**saved.pop("progress"))
        for name, part in self.parts.items():
            part.load_state_dict(saved[name])

    def save_checkpoint(self, checkpoint: Path) -> None:
        """Write a checkpoint, all of it or nothing."""
        draft = Path(f"{checkpoint}.part")
        states = {name: part.state_dict() for name, part in self.parts.items()}
        torch.save({"progress": vars(self.progress), **states}, draft)
        draft.replace(checkpoint)

    def take_step(self) -> None:
        """Learn from one batch; several smaller parts add up to it where memory is short."""
        step = self.progress.step
        epoch, position = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(self.songs.train)
        rows = order[position * self.batch : (position + 1) * self.batch]
        rng = np.random.default_rng([self.seed, 2, step]) if self.augment else None
        torch.manual_seed(self.seed * 1_000_003 + step)
        self.model.network.train()
        lost = 0.0
        for part in np.array_split(rows, ceil(len(rows) / self.progress.at_once)):
            truth = self.songs.labels[part].to(self.model.device)
            loss = self.loss_of(self.logits(part, rng), truth) * len(part)
            self.scaler.scale(loss / len(rows)).backward()
            lost += loss.item()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        self.schedule.step()
        self.progress.loss += lost / len(self.songs.train)
        self.progress.step = step + 1

    def ends_epoch(self) -> bool:
        return self.progress.step % self.steps_per_epoch == 0

    def validate(self) -> None:
        """Measure on the validation songs; keep the weights where no epoch was better."""
        network, val = self.model.network, self.songs.val
        network.eval()
        with torch.inference_mode():
            parts = [self.logits(val[some]).cpu() for some in batches(len(val), self.progress.at_once)]
        answers, truth = torch.cat(parts), self.songs.labels[val]
        if self.model.card["architecture"]["multilabel"]:
            right = (answers > 0) == truth.bool()
        else:
            right = answers.argmax(1) == truth
        row = {
            "epoch": self.progress.step // self.steps_per_epoch,
            "loss": self.progress.loss,
            "val_loss": self.loss_of(answers, truth).item(),
            "val_accuracy": right.float().mean().item(),
        }
        self.progress.history.append(row)
        self.progress.loss = 0.0
        if best_epoch(self.progress.history) is row:
            self.progress.best = {name: value.clone() for name, value in network.state_dict().items()}

    def keep_best(self) -> pd.DataFrame:
        self.model.network.load_state_dict(self.progress.best)
        self.model.network.eval()
        return pd.DataFrame(self.progress.history)

    def logits(self, rows: Collection[int], rng: np.random.Generator | None = None) -> torch.Tensor:
        """The network's answer to songs; with a generator, cells are muted and words dropped.

        Args:
            rows: numbers of the songs, rows of the table.
            rng: a generator, for training with cells muted and words dropped; None asks about the songs as
                they are.

        Returns:
            (songs, classes) float32.
        """
        network, device = self.model.network, self.model.device
        inputs = self.audio_inputs(rows, rng) if network.audio is not None else None
        tokens = self.tokens(rows, rng) if network.lyrics is not None else None
        number_type = torch.float16 if self.model.needs_grad_scaling else torch.bfloat16
        with torch.autocast(device, number_type, enabled=device != "cpu"):
            return network(inputs, tokens).float()

    def audio_inputs(self, rows: Collection[int], rng: np.random.Generator | None) -> torch.Tensor:
        features = self.songs.features
        has_variants = features.shape[1] > 1
        silence = 0.0 if self.model.hears_waves else SILENCE
        inputs = []
        for row in rows:
            if rng is None or not has_variants:
                inputs.append(features[row, 0].astype(np.float32))
            else:
                inputs.append(mute_cells(features, row, self.songs.same_label[row], rng, silence))
        return torch.from_numpy(np.stack(inputs)).to(self.model.device)

    def tokens(self, rows: Collection[int], rng: np.random.Generator | None) -> dict:
        texts = [self.songs.texts[row] for row in rows]
        if rng is not None:
            chance_of_none = CHANCE_OF_NO_WORDS[self.model.modality]
            texts = [drop_words(text, rng, chance_of_none) for text in texts]
        return self.model.tokens(texts)


def fit(
    model: Model,
    corpus: Corpus,
    optimizer: str = "AdamW",
    rate: float = 1e-3,
    epochs: int = 20,
    batch: int = 32,
    cycle: bool = True,
    micro: int | None = None,
    augment: bool = True,
    seed: int = 0,
    checkpoint: Path | None = None,
    save_every: int = 200,
    progress: bool = True,
) -> pd.DataFrame:
    """Train a model on the songs of "train"; keep the epoch that does best on "val".

    Args:
        model: the model to train.
        corpus: songs with a column split.
        optimizer: the name of an optimiser of torch.optim.
        rate: the learning rate.
        epochs: how often every song is learnt from.
        batch: songs a step.
        cycle: whether the rate rises and falls once (OneCycleLR); else it stays.
        micro: songs at once; a batch adds them up. None: as many as fit into memory.
        augment: whether cells are muted and words dropped.
        seed: decides the order of the songs, and what is muted and dropped.
        checkpoint: a file from which a killed run goes on.
        save_every: steps between two checkpoints.
        progress: whether to show a progress bar.

    Returns:
        A row an epoch: loss, val_loss, val_accuracy.

    (chapter *Train*)
    """
    fits = songs_at_once(model, micro, batch)
    songs = TrainingSongs.of(model, corpus, progress)
    run = TrainingRun(model, songs, epochs, batch, augment, seed)
    run.optimise_with(optimizer, rate, cycle)
    run.progress.at_once = fits
    run.resume(checkpoint)
    # Dropout depends on how many songs are computed at once, so a resumed run keeps that number.
    run.progress.at_once = micro or run.progress.at_once
    first = run.progress.step
    for step in tqdm(
        range(first, run.last_step), model.name, run.last_step, initial=first, disable=not progress
    ):
        run.take_step()
        if run.ends_epoch():
            run.validate()
        if checkpoint and (step + 1) % save_every == 0 and step + 1 < run.last_step:
            run.save_checkpoint(checkpoint)
    return run.keep_best()


def best_epoch(history: list[dict]) -> dict:
    """The epoch with the best validation accuracy; of equals the smaller loss, then the latest."""
    return max(reversed(history), key=lambda row: (row["val_accuracy"], -row["val_loss"]))


def songs_at_once(model: Model, micro: int | None = None, batch: int = 32) -> int:
    """How many songs of a batch fit into memory at once.

    Args:
        model: the model to train.
        micro: a number to check, or None to find one.
        batch: songs a step.

    Returns:
        `micro`, or the largest power of two that fits, at most `batch`; one that does not fit is refused.

    (chapter *Train*)
    """
    numbers_per_song = 0
    for tower, tokens in ((model.network.audio, 1214), (model.network.lyrics, 256)):
        if tower is not None:
            numbers_per_song += tower.config.num_hidden_layers * tower.config.hidden_size * tokens
    # For the way back some sixteen float32 numbers a layer, token and unit.
    bytes_per_song = 64 * numbers_per_song
    # Weights, gradients and the two moments of Adam, float32.
    bytes_of_model = 16 * sum(p.numel() for p in model.network.parameters())
    if model.device == "cpu":
        free = psutil.virtual_memory().available
    else:
        free = torch.cuda.mem_get_info()[0]
    if micro is None:
        room = max(1, (free - bytes_of_model) / bytes_per_song)
        micro = min(batch, 2 ** int(np.log2(room)))
    need = bytes_of_model + bytes_per_song * micro
    if need > free:
        raise ValueError(
            f"training {model.name} with micro={micro} takes about {need / 2**30:.0f} GB, the {model.device} "
            f"has {free / 2**30:.0f} GB free: give a smaller micro, a larger machine, or preset='demo'"
        )
    return micro


def load_model(
    task: str = "genre",
    modality: str = "multimodal",
    corpus: str | Corpus = "demo",
    preset: str = "demo",
    weights: str = "pretrained",
    fusion: str = "concat",
    multilabel: bool = False,
    audio_backbone: str | dict | None = None,
    lyrics_backbone: str | dict | None = None,
    sample_rate: int = 16000,
    device: str | None = None,
    root: str | Path | None = None,
    progress: bool = True,
    retrain: bool = False,
    **training: Any,
) -> Model:
    """Load a classifier: the shipped one, one from the cache, or one that is trained now.

    Args:
        task: "genre" or "emotion"; with preset "real" also "mood".
        modality: "lyrics", "audio" or "multimodal".
        corpus: the name of a corpus, or a Corpus.
        preset: "demo" (a small network), "paper" (RoBERTa-large and AST, trained as in the thesis),
            "paper-muted" (the same, with cells muted and words dropped), "real" (published taggers).
        weights: training starts from "pretrained" or "random" ones; "published": the authors' own, in `root`.
        fusion: how the two embeddings meet: "concat", "sum", "product" or "cross-attention".
        multilabel: labels separated by semicolons, each predicted by itself.
        audio_backbone: another checkpoint for the audio encoder.
        lyrics_backbone: another checkpoint for the lyrics encoder.
        sample_rate: the rate that the model hears; the authors' was 44,100.
        device: "cpu", "cuda"; None chooses.
        root: the folder of the corpus, or of the authors' state dictionaries.
        progress: whether to show progress bars.
        retrain: train even if the weights are shipped or in the cache.
        training: arguments of `fit` that replace the recipe's, such as epochs=3.

    Returns:
        A Model: numpy sound and text in, numpy probabilities out.

    Example:
        >>> load_model("genre", "lyrics").predict(None, ["a quiet river"]).shape
        (1, 9)

    (chapter *Train*)
    """
    if preset == "real":
        return _real(task, modality, device, may_train=retrain or bool(training))
    _check_choices(task, modality, preset, weights)
    if weights == "published":
        from .authors_checkpoints import load_from_folder

        return load_from_folder(root, task, modality, device=device)
    songs = _labelled(load_corpus(corpus, root) if isinstance(corpus, str) else corpus, task)
    architecture = {"task": task, "modality": modality, "fusion": fusion, "multilabel": multilabel}
    architecture |= {"sample_rate": sample_rate, "weights": weights}
    architecture |= _backbones(modality, preset, audio=audio_backbone, lyrics=lyrics_backbone)
    recipe = {**RECIPES[preset, modality], **training}
    return _kept_or_trained(songs, preset, architecture, recipe, device, progress, retrain)


def _real(task: str, modality: str, device: str | None, may_train: bool) -> Model:
    """A published model, which nothing trains here."""
    from .pretrained import load_real

    if may_train:
        raise ValueError('preset "real" is not trained here: leave out retrain and what belongs to training')
    return load_real(task, modality, device)


def _backbones(modality: str, preset: str, **wanted: Any) -> dict:
    """The encoder of each kind that a modality needs: the wanted checkpoint, or the preset's own."""
    found = {}
    for kind, backbone in wanted.items():
        if modality in (kind, "multimodal"):
            found[kind] = backbone or ENCODERS[preset][kind]
    return found


def _kept_or_trained(
    songs: Any,
    preset: str,
    architecture: dict,
    recipe: dict,
    device: str | None,
    progress: bool,
    retrain: bool,
) -> Model:
    """The shipped model that was made just so, else the one in the cache, else one that is trained now."""
    about = {"name": songs.name, "fingerprint": songs.fingerprint, "songs": len(songs)}
    shipped = None if retrain else shipped_weights.find(architecture, about, recipe)
    if shipped is not None:
        return load(shipped, device)
    folder = _folder_of_model(preset, architecture, about, recipe)
    with FileLock(f"{folder}.lock"):
        if retrain or not folder.exists():
            seed = recipe.get("seed", 0)
            model = _untrained(folder.name, architecture, about, songs, device, progress, seed)
            model.card |= {"preset": preset, "recipe": recipe}
            _train(model, songs, folder, progress)
    return load(folder, device, architecture=architecture, corpus=about)


def _labelled(corpus: Corpus, task: str) -> Corpus:
    """The songs of a corpus that have a label of the task."""
    songs = corpus.where(~corpus.table[task].isin(["", "other"]))
    if not len(songs):
        raise ValueError(f"no song of corpus {corpus.name!r} has a {task}: give it in a column of its table")
    return songs


def _folder_of_model(preset: str, architecture: dict, about: dict, recipe: dict) -> Path:
    """Where a trained model is kept: under all that decides it."""
    wish = json.dumps([architecture, about, recipe], sort_keys=True, default=str)
    digest = hashlib.sha256(wish.encode()).hexdigest()[:8]
    kind = f"{architecture['task']}-{architecture['modality']}"
    folder = cache_root() / "models" / f"{kind}-{about['name']}-{preset}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _check_choices(task: str, modality: str, preset: str, weights: str) -> None:
    choices = [
        ("task", task, TASKS),
        ("modality", modality, MODALITIES),
        ("preset", preset, PRESETS),
        ("weights", weights, WEIGHTS),
    ]
    for name, value, allowed in choices:
        if value not in allowed:
            raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


def _train(model: Model, corpus: Corpus, folder: Path, progress: bool) -> None:
    """Train a model by the recipe on its card, and save it."""
    recipe = model.card["recipe"]
    checkpoint = folder.with_name(f"{folder.name}.resume")
    options = {"checkpoint": checkpoint, "progress": progress, **recipe}
    history = fit(model, corpus, **options).to_dict("records")
    model.card |= {"history": history, "metrics": best_epoch(history), "versions": versions()}
    save(model, folder)
    checkpoint.unlink(missing_ok=True)


def _untrained(
    name: str, architecture: dict, about: dict, corpus: Corpus, device: str | None, progress: bool, seed: int
) -> Model:
    """A model before its first step, its own tokenizer made of the words that it may learn from."""
    from transformers import AutoTokenizer

    task = architecture["task"]
    classes = sorted({label for labels in corpus.table[task] for label in labels.split(";")})
    pretrained = architecture["weights"] == "pretrained"
    seen = corpus.where(corpus.table["split"].isin(["train", "val"]))
    train = np.flatnonzero(seen.table["split"] == "train")
    torch.manual_seed(seed)
    encoders, tokenizer = {}, None
    if "audio" in architecture:
        spec = architecture["audio"]
        encoders["audio"] = encoder(spec, pretrained)
        hears_spectrograms = hasattr(encoders["audio"].config, "num_mel_bins")
        if isinstance(spec, dict) and hears_spectrograms and len(train):
            features = audio_features(seen, architecture["sample_rate"], False, progress)
            first_layer = encoders["audio"].embeddings.patch_embeddings.projection
            _begin_at_principal_components(first_layer, features, train, seed)
    if "lyrics" in architecture:
        spec = architecture["lyrics"]
        if isinstance(spec, str) and pretrained:
            tokenizer = from_hub(AutoTokenizer, spec)
            encoders["lyrics"] = encoder(spec, pretrained)
        else:
            texts = np.array(read_lyrics(seen, progress), object)[train]
            tokenizer = word_tokenizer(texts)
            changes = {"vocab_size": len(tokenizer)} if isinstance(spec, dict) else {}
            encoders["lyrics"] = encoder(spec, pretrained, **changes)
    card = {"name": name, "task": task, "classes": classes, "architecture": architecture, "corpus": about}
    return build(encoders, tokenizer, card, device)


def _begin_at_principal_components(layer: Any, features: Any, train: Any, seed: int) -> None:
    """Let a first layer begin at the principal components of the songs' patches, each as loud as the next.

    From random weights a small network spends its first epochs finding out that most patches are alike.
    """
    rng = np.random.default_rng([seed, 3])
    songs = np.sort(rng.choice(train, 200))
    variants = rng.integers(features.shape[1], size=200)
    pictures = torch.from_numpy(features[songs, variants].astype(np.float32)).transpose(1, 2)[:, None]
    patches = nn.functional.unfold(pictures, layer.kernel_size, stride=layer.stride)
    patches = patches.transpose(1, 2).flatten(0, 1).double().numpy()
    found = PCA(layer.out_channels, svd_solver="covariance_eigh").fit(patches)
    scale = np.sqrt(found.explained_variance_ + 1e-3)
    weights = torch.from_numpy(found.components_ / scale[:, None])
    with torch.no_grad():
        layer.weight.copy_(weights.reshape(layer.weight.shape))
        layer.bias.copy_(-weights @ torch.from_numpy(found.mean_))
