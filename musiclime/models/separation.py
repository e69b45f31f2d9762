"""Stems by Open-Unmix: loaded once, kept on disk by content, and always summing to the mix."""

import hashlib
from functools import lru_cache, partial
from urllib.error import URLError

import numpy as np
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file
from tqdm.auto import tqdm

from .. import files as cache
from ..data import audio as sound
from ..data.song import STEMS
from . import torchaudio_guard

with torchaudio_guard.enough_for_openunmix():
    import openunmix
    from openunmix.model import OpenUnmix, Separator

PRESETS = ("demo", "umxhq", "umxl")
RATE, FFT, HOP, HIDDEN = 16000, 1024, 512, 64
TRAINING = {"songs": 60, "steps": 300, "batch": 8, "seconds": 4.0, "rate": 1e-2, "seed": 0}


def separate(audio, sample_rate: int, preset: str = "demo") -> dict[str, np.ndarray]:
    """{stem: array} as long as the sound and summing to it (chapter *Separation*).

    "demo" is trained here on composed songs; "umxhq" (MIT licence) and "umxl" (CC BY-NC-SA 4.0: not for
    commercial use) are downloaded once. What no other stem claims is "other".
    """
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    if audio.ndim != 1 or not len(audio) or not np.isfinite(audio).all() or sample_rate <= 0:
        raise ValueError(
            f"cannot separate sound of shape {audio.shape} at {sample_rate} Hz: "
            "give one channel of finite samples, without NaN"
        )
    separator, weights = _load(preset)
    content = hashlib.sha256(f"{sample_rate} {weights} ".encode() + audio.tobytes()).hexdigest()
    file = cache.root() / "stems" / preset / f"{content[:32]}.npz"
    if not file.is_file():
        with cache.whole(file) as draft:
            np.savez(draft, **_run(separator, audio, sample_rate))
    with np.load(file) as kept:
        stems = {stem: kept[stem] for stem in STEMS if stem != "other"}
    return {**stems, "other": audio - sum(stems.values())}


def separator(preset: str = "demo"):
    """What an explainer takes as separate=, with a preset of its own (chapter *Separation*)."""
    return partial(separate, preset=_known(preset))


def _known(preset: str) -> str:
    if preset not in PRESETS:
        raise ValueError(f"there is no separator {preset!r}: choose from {', '.join(PRESETS)}")
    return preset


def _run(network: Separator, audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    """All stems but "other", at the sound's own rate and length."""
    rate = int(network.sample_rate)
    mix = torch.tensor(sound.resample(audio, sample_rate, rate)).expand(1 if rate == RATE else 2, -1)
    # The transform reflects half a window at either end, so a shorter sound needs silence behind it.
    padded = torch.nn.functional.pad(mix, (0, max(0, network.stft.n_fft - mix.shape[-1])))
    with torch.no_grad():
        estimates = network(padded[None].to(network.sample_rate.device))[0].mean(1).cpu().numpy()
    stems = dict(zip(network.target_models, estimates))
    # Back and forth, resampling may end a sample early or late.
    fit = lambda part: np.pad(sound.resample(part, rate, sample_rate), (0, len(audio)))[: len(audio)]  # noqa: E731
    return {stem: fit(stems[stem]) for stem in STEMS if stem != "other"}


@lru_cache
def _load(preset: str, pretrained: bool = True) -> tuple[Separator, str]:
    """A separator, ready to run, and a hash of its weights; loaded once, never per song."""
    try:
        network = _demo() if _known(preset) == "demo" else getattr(openunmix, preset)(pretrained=pretrained)
    except (URLError, ConnectionError, TimeoutError) as error:
        raise FileNotFoundError(
            f"the weights of {preset} are not here and cannot be downloaded ({error}): "
            'go online once, or take preset="demo"'
        ) from error
    network.freeze()
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return network.to("cuda" if torch.cuda.is_available() else "cpu"), digest.hexdigest()[:12]


def _demo() -> Separator:
    """The small separator: trained once by whoever comes first, then read from disk."""
    from ..data.corpora import load_corpus

    corpus = load_corpus("demo").split("train")
    key = hashlib.sha256(f"{corpus.fingerprint} {TRAINING} {FFT} {HOP} {HIDDEN}".encode()).hexdigest()[:12]
    file = cache.root() / "stems" / f"demo-{key}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    network = _small()
    with FileLock(f"{file}.lock"):
        if not file.is_file():
            _train(network, corpus, **TRAINING)
            with cache.whole(file) as draft:
                save_file(network.target_models.state_dict(), draft)
    network.target_models.load_state_dict(load_file(file))
    return network


def _small() -> Separator:
    size = {"nb_bins": FFT // 2 + 1, "nb_channels": 1, "hidden_size": HIDDEN, "nb_layers": 1}
    targets = {stem: OpenUnmix(**size) for stem in STEMS}
    # Ratio masks suit a weak network better than its magnitudes do (openunmix's own advice).
    return Separator(targets, niter=1, softmask=True, sample_rate=RATE, n_fft=FFT, n_hop=HOP, nb_channels=1)


def _train(network: Separator, corpus, songs, steps, batch, seconds, rate, seed) -> list[float]:
    """Fit one Open-Unmix per stem on true stems, half of the mixes put together from different songs."""
    draw = np.random.default_rng(seed)
    chosen = tqdm(draw.permutation(len(corpus))[:songs], "songs to learn from")
    parts = np.stack([[song.stems[stem] for stem in STEMS] for song in (corpus[int(i)] for i in chosen)])
    parts, length, kinds = torch.from_numpy(parts), int(seconds * RATE), np.arange(len(STEMS))
    losses, spectra = [], lambda sound: network.complexnorm(network.stft(sound))
    _prepare(network, spectra(parts.sum(1)[:, None]), seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    network.train()
    for _ in tqdm(range(steps), "training the demo separator"):
        song = draw.integers(len(parts), size=(batch, len(STEMS)))
        start = draw.integers(parts.shape[-1] - length + 1, size=(batch, len(STEMS)))
        real = draw.random(batch) < 0.5
        song[real], start[real] = song[real, :1], start[real, :1]
        true = parts[song[..., None], kinds[:, None], start[..., None] + np.arange(length)]
        true = true * torch.from_numpy(draw.uniform(0.5, 1.25, (batch, len(STEMS), 1)).astype(np.float32))
        mix = spectra(true.sum(1, keepdim=True))
        guess = torch.cat([network.target_models[stem](mix) for stem in STEMS], dim=1)
        loss = torch.nn.functional.mse_loss(guess, spectra(true.view(-1, 1, length)).view(guess.shape))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    network.eval()
    return losses


def _prepare(network: Separator, spectra: torch.Tensor, seed: int) -> None:
    """Random weights from the seed; input scales from the songs' own spectra, as Open-Unmix has them."""
    mean, spread = spectra.mean((0, 1, 3)), spectra.std((0, 1, 3))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for layer in network.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
    for target in network.target_models.values():
        target.input_mean.data.copy_(-mean)
        target.input_scale.data.copy_(1 / spread.clamp(min=1e-4 * spread.max()))
