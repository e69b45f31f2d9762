"""From a corpus to a trained model: epochs that survive a kill, a cache that refuses what it is not."""

import hashlib
import json
import os
from contextlib import nullcontext
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from filelock import FileLock
from sklearn.decomposition import PCA
from torch import nn
from tqdm.auto import tqdm

from ..data.corpora import load_corpus
from ..data.song import Corpus
from ..files import root as cache_root
from ..files import versions
from .classifier import Model, build, load, save
from .crew import add_up, crew, leads, share, together, total
from .encoders import TOWERS, tower
from .evaluation import evaluate, labels_of
from .filterbank import SILENCE
from .preprocessing import batches, dropped, muted, prepare, word_tokenizer

__all__ = ["RECIPES", "check_memory", "evaluate", "fit", "load_model"]

# Demo: found on its validation songs, with an eye on the exam of *Can you trust it?*.
# Paper: section 4.2.2 of the thesis, which names no batch size.
RECIPES = {
    ("demo", "lyrics"): {"optimizer": "AdamW", "rate": 2e-3, "epochs": 10, "batch": 32, "cycle": True},
    ("demo", "audio"): {"optimizer": "AdamW", "rate": 1.5e-3, "epochs": 24, "batch": 32, "cycle": True},
    ("demo", "multimodal"): {"optimizer": "AdamW", "rate": 1.2e-3, "epochs": 24, "batch": 32, "cycle": True},
    ("paper", "lyrics"): {"optimizer": "AdamW", "rate": 9e-7, "epochs": 9, "batch": 16, "cycle": False},
    ("paper", "audio"): {"optimizer": "Adam", "rate": 6e-6, "epochs": 5, "batch": 16, "cycle": False},
    ("paper", "multimodal"): {"optimizer": "Adam", "rate": 6e-6, "epochs": 6, "batch": 16, "cycle": False},
}


def _logits(model: Model, features, texts, rows, rng=None, kin=None) -> torch.Tensor:
    """The network's answer to songs by their rows; with a generator, cells are muted and words dropped."""
    inputs = tokens = None
    if model.network.audio is not None:
        off, mute = 0.0 if model.wave else SILENCE, rng is not None and features.shape[1] > 1
        intact = lambda r: features[r, 0].astype(np.float32)  # noqa: E731
        inputs = [muted(features, r, kin[r], rng, off) if mute else intact(r) for r in rows]
        inputs = torch.from_numpy(np.stack(inputs)).to(model.device)
    if model.network.lyrics is not None:
        # Beside words that tell, sound is hardly learnt: half of the time there are none.
        silent = 0.2 if model.network.audio is None else 0.5
        texts = [texts[r] if rng is None else dropped(texts[r], rng, silent) for r in rows]
        tokens = model.tokens(texts)
    half = torch.float16 if model.scales else torch.bfloat16
    with torch.autocast(model.device, half, enabled=model.device != "cpu"):
        return model.network(inputs, tokens).float()


def fit(
    model: Model, corpus: Corpus, optimizer="AdamW", rate=1e-3, epochs=20, batch=32, cycle=True, micro=None,
    augment=True, seed=0, checkpoint=None, save_every=200, progress=True,
) -> pd.DataFrame:  # fmt: skip
    """Train on "train", keep the epoch that is best on "val"; return a row an epoch (chapter *Train*).

    micro: songs at once, a batch adds them up (None: as many as fit); checkpoint: a file from which a killed
    run goes on. Every step draws from its own seed, so a resumed run equals an unbroken one. Started by
    `accelerate launch`, every process trains on its share of each batch.
    """
    network, fits, team = model.network, check_memory(model, micro, batch), crew()
    own = [] if team is None else [team.process_index]
    corpus = corpus.where(corpus.table["split"].isin(["train", "val"]))
    train, val = (np.flatnonzero(corpus.table["split"] == name) for name in ("train", "val"))
    if not len(train) or not len(val):
        told = f"corpus {corpus.name!r}: {len(train)} songs to train on, {len(val)} to choose by"
        raise ValueError(f"{told}: give its table a column split (train, val, test), or ten artists and more")
    features, texts = prepare(corpus, model.sample_rate, model.wave, progress)
    multilabel = model.card["architecture"]["multilabel"]
    labels = torch.as_tensor(labels_of(corpus.table, model.card["task"], model.classes, multilabel))
    alike = np.unique(labels.numpy(), axis=0, return_inverse=True)[1].ravel()
    kin = {row: train[alike[train] == alike[row]] for row in train}
    loss_of = nn.functional.binary_cross_entropy_with_logits if multilabel else nn.functional.cross_entropy
    steps = ceil(len(train) / batch)
    whole = epochs * steps
    optimizer = getattr(torch.optim, optimizer)(network.parameters(), lr=rate)
    scaler = torch.amp.GradScaler(model.device, enabled=model.scales)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, whole, pct_start=0.15)
    if not cycle:
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)
    parts = {"network": network, "optimizer": optimizer, "scaler": scaler, "schedule": schedule}
    state = {"step": 0, "loss": 0.0, "history": [], "best": {}, "micro": fits}
    if checkpoint and Path(checkpoint).exists():
        saved = torch.load(checkpoint, map_location=model.device, weights_only=True)
        state = saved.pop("state")
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    first, micro = state["step"], micro or state["micro"]  # by what is at once, dropout is drawn
    quiet = not (progress and leads(team))
    for step in tqdm(range(first, whole), model.name, whole, initial=first, disable=quiet):
        epoch, position = divmod(step, steps)
        order = np.random.default_rng([seed, 1, epoch]).permutation(train)
        rows, rng = order[position * batch :][:batch], np.random.default_rng([seed, 2, step, *own])
        torch.manual_seed(seed * 1_000_003 + step)
        network.train()
        mine, lost = share(team, rows), 0.0
        for some in np.array_split(mine, ceil(len(mine) / micro)) if len(mine) else ():
            answer = _logits(model, features, texts, some, rng if augment else None, kin)
            loss = loss_of(answer, labels[some].to(model.device)) * len(some)
            scaler.scale(loss / len(rows)).backward()
            lost += loss.item()
        add_up(team, network)
        state["loss"] += total(team, lost, model.device) / len(train)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        schedule.step()
        state["step"] = step + 1
        if position == steps - 1:
            network.eval()
            with torch.inference_mode():
                answer = [_logits(model, features, texts, val[i]).cpu() for i in batches(len(val), micro)]
            answer, truth = torch.cat(answer), labels[val]
            right = (answer > 0) == truth.bool() if multilabel else answer.argmax(1) == truth
            row = {"epoch": epoch + 1, "loss": state["loss"], "val_loss": loss_of(answer, truth).item()}
            row["val_accuracy"] = right.float().mean().item()
            rank = [(old["val_accuracy"], -old["val_loss"]) for old in [*state["history"], row]]
            if max(rank) == rank[-1]:
                state["best"] = {name: value.clone() for name, value in network.state_dict().items()}
            state["history"].append(row)
            state["loss"] = 0.0
        if checkpoint and leads(team) and (step + 1) % save_every == 0 and step + 1 < whole:
            draft = Path(f"{checkpoint}.part")
            torch.save({"state": state, **{name: part.state_dict() for name, part in parts.items()}}, draft)
            draft.replace(checkpoint)
    network.load_state_dict(state["best"])
    network.eval()
    return pd.DataFrame(state["history"])


def check_memory(model: Model, micro: int | None = None, batch: int = 32) -> int:
    """How many songs of a batch fit into memory at once; a ValueError where the given number does not."""
    towers = [(model.network.audio, 1214), (model.network.lyrics, 256)]
    # Weights, gradients, two moments; and for the way back some sixteen numbers a layer, token and unit.
    units = (part and part.config.num_hidden_layers * part.config.hidden_size * n for part, n in towers)
    still, each = 16 * sum(p.numel() for p in model.network.parameters()), 64 * sum(filter(None, units))
    page = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = page if model.device == "cpu" else torch.cuda.mem_get_info()[0]
    micro = micro or min(batch, max(1, 2 ** int(np.log2(max(1, (free - still) / each)))))
    need = still + each * micro
    if need > free:
        raise ValueError(
            f"training {model.name} with micro={micro} takes about {need / 2**30:.0f} GB, the {model.device} "
            f"has {free / 2**30:.0f} GB free: give a smaller micro, a larger machine, or preset='demo'"
        )
    return micro


def _untrained(name, task, architecture, about, corpus, device, progress, seed) -> Model:
    """A model before its first step, its own tokenizer made of the words it may learn from."""
    from transformers import AutoTokenizer

    classes = sorted({one for label in corpus.table[task] for one in label.split(";")})
    pretrained, tokenizer, towers = architecture["weights"] == "pretrained", None, {}
    seen = corpus.where(corpus.table["split"].isin(["train", "val"]))
    train = np.flatnonzero(seen.table["split"] == "train")
    torch.manual_seed(seed)
    if spec := architecture.get("audio"):
        towers["audio"] = tower(spec, pretrained)
        wave = not hasattr(towers["audio"].config, "num_mel_bins")
        if isinstance(spec, dict) and len(train) and not wave:
            features = prepare(seen, architecture["sample_rate"], wave, progress)[0]
            _at_components(towers["audio"].embeddings.patch_embeddings.projection, features, train, seed)
    if spec := architecture.get("lyrics"):
        if isinstance(spec, str) and pretrained:
            tokenizer, changes = AutoTokenizer.from_pretrained(spec), {}
        else:
            texts = prepare(seen, architecture["sample_rate"], "audio" in towers and wave, progress)[1]
            tokenizer = word_tokenizer(np.array(texts, object)[train])
            changes = {"vocab_size": len(tokenizer)} if isinstance(spec, dict) else {}
        towers["lyrics"] = tower(spec, pretrained, **changes)
    card = {"name": name, "task": task, "classes": classes, "architecture": architecture, "corpus": about}
    return build(towers, tokenizer, card, device)


def _at_components(layer, features, train, seed) -> None:
    """Let a first layer begin at the principal components of the songs' patches, each as loud as the next.

    From random weights a small tower spends its first epochs finding out that most patches are alike.
    """
    rng = np.random.default_rng([seed, 3])
    some = features[np.sort(rng.choice(train, 200)), rng.integers(features.shape[1], size=200)]
    banks = torch.from_numpy(some.astype(np.float32)).transpose(1, 2)[:, None]
    patches = (
        nn.functional.unfold(banks, layer.kernel_size, stride=layer.stride).transpose(1, 2).flatten(0, 1)
    )
    found = PCA(layer.out_channels, svd_solver="covariance_eigh").fit(patches.double().numpy())
    weights = torch.from_numpy(found.components_ / np.sqrt(found.explained_variance_ + 1e-3)[:, None])
    with torch.no_grad():
        layer.weight.copy_(weights.reshape(layer.weight.shape))
        layer.bias.copy_(-weights @ torch.from_numpy(found.mean_))


def load_model(
    task="genre", modality="multimodal", corpus="demo", preset="demo", weights="pretrained", fusion="concat",
    multilabel=False, audio_backbone=None, lyrics_backbone=None, sample_rate=16000, device=None, root=None,
    progress=True, **training,
) -> Model:  # fmt: skip
    """A classifier, trained if it was not yet, then read from the cache (chapter *Train*).

    corpus: a name or a Corpus; weights: "pretrained" or "random"; fusion: concat, sum or product; multilabel:
    labels parted by ; backbones: any checkpoint; sample_rate: the authors' was 44,100; training: as in `fit`.
    """
    if preset == "real":
        from .pretrained import load_real

        return load_real(task, modality, device)
    choices = {"genre or emotion": task, "lyrics, audio or multimodal": modality, "demo or paper": preset}
    for choice, value in choices.items():
        if value not in choice.replace(",", "").split():
            raise ValueError(f"{value!r} is not {choice}")
    if isinstance(corpus, str):
        corpus = load_corpus(corpus, root)
    corpus = corpus.where(~corpus.table[task].isin(["", "other"]))
    if not len(corpus):
        raise ValueError(f"no song of corpus {corpus.name!r} has a {task}: give it in a column of its table")
    recipe = {**RECIPES[preset, modality], **training}
    specs = {"audio": audio_backbone, "lyrics": lyrics_backbone}
    architecture = {"task": task, "modality": modality, "fusion": fusion, "multilabel": multilabel}
    architecture |= {"sample_rate": sample_rate, "weights": weights}
    architecture |= {k: specs[k] or TOWERS[preset][k] for k in specs if modality in (k, "multimodal")}
    about = {"name": corpus.name, "fingerprint": corpus.fingerprint, "songs": len(corpus)}
    what = json.dumps([architecture, about, recipe], sort_keys=True, default=str)
    code = hashlib.sha256(what.encode()).hexdigest()[:8]
    folder = cache_root() / "models" / f"{task}-{modality}-{corpus.name}-{preset}-{code}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    team = crew()
    with FileLock(f"{folder}.lock") if leads(team) else nullcontext():
        together(team)  # the lock is held: all see the same
        if not folder.exists():
            model = _untrained(
                folder.name, task, architecture, about, corpus, device, progress, recipe.get("seed", 0)
            )
            checkpoint = folder.with_name(f"{folder.name}.resume")
            history = fit(model, corpus, **{"checkpoint": checkpoint, "progress": progress, **recipe})
            history = history.to_dict("records")
            best = max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
            model.card |= {"preset": preset, "recipe": recipe, "history": history}
            model.card |= {"metrics": best, "versions": versions()}
            if leads(team):
                save(model, folder)
                checkpoint.unlink(missing_ok=True)
            together(team)
    return load(folder, device, architecture=architecture, corpus=about)
