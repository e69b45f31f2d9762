"""The stems of a mix: by Open-Unmix, or into harmonic and percussive parts; always summing to the mix."""

import hashlib
import json
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file
from scipy.ndimage import median_filter
from scipy.signal import istft, stft
from tqdm.auto import tqdm

from .. import files as cache
from ..data import audio as sound
from ..data.song import STEMS
from . import torchaudio_guard

if TYPE_CHECKING:
    from ..data.song import Corpus

PRESETS = ("demo", "umxhq", "umxl", "hpss")
# Of each published network its record at Zenodo, and the files that openunmix takes from there.
PUBLISHED = {
    "umxhq": (
        "3370489",
        ("bass-8d85a5bd.pth", "drums-9619578f.pth", "other-b52fbbf7.pth", "vocals-b62c91ce.pth"),
    ),
    "umxl": (
        "5069601",
        ("bass-2ca1ce51.pth", "drums-69e0ebd4.pth", "other-c8c5b3e6.pth", "vocals-bccbd9aa.pth"),
    ),
}
PARTS = ("harmonic", "percussive")
RATE, FFT, HOP, HIDDEN = 16000, 1024, 512, 64  # of the demo's small separator
TRAINING: dict[str, Any] = {"songs": 60, "steps": 300, "batch": 8, "seconds": 4.0, "rate": 1e-2, "seed": 0}
SHIPPED = Path(__file__).with_name("weights") / "separator"
MEDIAN_SECONDS, MEDIAN_HERTZ = 0.2, 500.0  # over which the medians of "hpss" are taken


def separate(audio: np.ndarray, sample_rate: int, preset: str = "demo") -> dict[str, np.ndarray]:
    """Split a mix into stems as long as it is, which sum to it (chapter *Separation*).

    Args:
        audio: one channel of samples.
        sample_rate: its rate in Hz.
        preset: "demo" (trained on the book's composed songs), "umxhq" (MIT licence) and "umxl" (CC BY-NC-SA
            4.0: not for commercial use), both downloaded once, or "hpss" (harmonic and percussive parts by
            median filtering, which needs no weights).

    Returns:
        {name of the stem: samples}. What Open-Unmix gives to no other stem is "other".

    Example:
        >>> list(separate(np.ones(8000, np.float32), 16000, "hpss"))
        ['harmonic', 'percussive']
    """
    _check(preset)
    audio = np.ascontiguousarray(audio, dtype=np.float32)
    if audio.ndim != 1 or not len(audio) or not np.isfinite(audio).all() or sample_rate <= 0:
        raise ValueError(
            f"cannot separate sound of shape {audio.shape} at {sample_rate} Hz: "
            "give one channel of finite samples, without NaN"
        )
    if preset == "hpss":
        return harmonic_and_percussive(audio, sample_rate)

    network, weights = load_separator(preset)
    content = hashlib.sha256(f"{sample_rate} {weights} ".encode() + audio.tobytes()).hexdigest()
    file = cache.root() / "stems" / preset / f"{content[:32]}.npz"
    if not file.is_file():
        with cache.whole(file) as draft:
            np.savez(draft, allow_pickle=False, **run(network, audio, sample_rate))
    with np.load(file) as kept:
        stems = {stem: kept[stem] for stem in STEMS if stem != "other"}
    return {**stems, "other": audio - sum(stems.values())}


def separator(preset: str = "demo") -> Any:
    """What an explainer takes as `separate` (chapter *Separation*).

    Args:
        preset: as in `separate`, or "best": umxhq where its weights can be had, else "hpss".

    Returns:
        A function of sound and rate; its `.keywords["preset"]` says which preset it is.

    Example:
        >>> separator("hpss").keywords
        {'preset': 'hpss'}
    """
    if preset == "best":
        try:
            load_separator("umxhq")
            preset = "umxhq"
        except (FileNotFoundError, ValueError):
            preset = "hpss"
    _check(preset)
    return partial(separate, preset=preset)


def _check(preset: str) -> None:
    if preset not in PRESETS:
        raise ValueError(f"there is no separator {preset!r}: choose from {', '.join(PRESETS)}")


def harmonic_and_percussive(audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    """Split a mix into what lasts and what strikes (chapter *Separation*).

    A tone is a horizontal line in a spectrogram, a stroke a vertical one. A median over time keeps the one, a
    median over frequency the other, and each point of the spectrogram is shared in proportion to their
    squares (Fitzgerald 2010).

    Args:
        audio: one channel of samples.
        sample_rate: its rate in Hz.

    Returns:
        "harmonic" and "percussive", which sum to the mix.
    """
    window = 2 ** int(np.ceil(np.log2(0.046 * sample_rate)))
    hop = window // 4
    padded = np.pad(audio, (0, max(0, window - len(audio))))
    _, _, spectrum = stft(padded, sample_rate, nperseg=window, noverlap=window - hop)
    magnitude = np.abs(spectrum)
    over_time = 2 * int(MEDIAN_SECONDS * sample_rate / hop / 2) + 1
    over_frequency = 2 * int(MEDIAN_HERTZ * window / sample_rate / 2) + 1
    lasting = median_filter(magnitude, (1, over_time), mode="nearest") ** 2
    striking = median_filter(magnitude, (over_frequency, 1), mode="nearest") ** 2
    share = lasting / np.maximum(lasting + striking, np.finfo(np.float32).tiny)
    _, harmonic = istft(spectrum * share, sample_rate, nperseg=window, noverlap=window - hop)
    harmonic = harmonic[: len(audio)].astype(np.float32)
    return {"harmonic": harmonic, "percussive": audio - harmonic}


def run(network: torch.nn.Module, audio: np.ndarray, sample_rate: int) -> dict[str, np.ndarray]:
    """All stems that a network finds but "other", at the sound's own rate and length.

    Args:
        network: what `load_separator` gives.
        audio: one channel of samples.
        sample_rate: its rate in Hz.

    Returns:
        {name of the stem: samples}.
    """
    rate = int(network.sample_rate)
    channels = 1 if rate == RATE else 2
    mix = torch.tensor(sound.resample(audio, sample_rate, rate)).expand(channels, -1)
    # The transform reflects half a window at either end, so a shorter sound needs silence behind it.
    padded = torch.nn.functional.pad(mix, (0, max(0, network.stft.n_fft - mix.shape[-1])))
    with torch.no_grad():
        estimates = network(padded[None].to(network.sample_rate.device))[0].mean(1).cpu().numpy()
    found = dict(zip(network.target_models, estimates))
    stems = {}
    for stem in STEMS:
        if stem == "other":
            continue
        back = sound.resample(found[stem], rate, sample_rate)
        # Back and forth, resampling may end a sample early or late.
        stems[stem] = np.pad(back, (0, len(audio)))[: len(audio)]
    return stems


def _published(preset: str, pretrained: bool) -> torch.nn.Module:
    """A network of Open-Unmix's authors; its weights are downloaded into the cache of this package."""
    package = _openunmix()
    others_folder = torch.hub.get_dir()
    torch.hub.set_dir(str(cache.root() / "hub"))
    try:
        if pretrained:
            _fetch_weights(preset, cache.root() / "hub" / "checkpoints")
        return getattr(package, preset)(pretrained=pretrained)
    finally:
        torch.hub.set_dir(others_folder)


def _fetch_weights(preset: str, folder: Path) -> None:
    """Fetch the weights that are missing, each held against Zenodo's checksum, to where torch.hub looks.

    Left to itself, torch.hub would keep a file whose download was cut off.
    """
    record, names = PUBLISHED[preset]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        listed = cache.zenodo_files(record)
        for name in missing:
            if name not in listed:
                raise ValueError(f'Zenodo\'s record {record} has no {name}: take preset="hpss" or "demo"')
            cache.fetch(listed[name][0], folder / name, listed[name][1])


def _openunmix() -> Any:
    """The package, imported where it is needed: other ways to split a mix do without it."""
    try:
        with torchaudio_guard.enough_for_openunmix():
            import openunmix
            import openunmix.model
    except ImportError as error:
        raise ValueError(
            'openunmix is not installed: pip install "musiclime[separate]", or take preset="hpss"'
        ) from error
    return openunmix


@lru_cache
def load_separator(preset: str, pretrained: bool = True) -> tuple[torch.nn.Module, str]:
    """A separator, ready to run, loaded once and not for every song (chapter *Separation*).

    Args:
        preset: "demo", "umxhq" or "umxl".
        pretrained: False gives the published networks with random weights.

    Returns:
        The network and a hash of its weights.
    """
    if preset == "demo":
        network = _demo()
    else:
        try:
            network = _published(preset, pretrained)
        except OSError as error:
            raise FileNotFoundError(
                f"the weights of {preset} are not here and cannot be downloaded ({error}); "
                'preset="hpss" and "demo" need no download'
            ) from error
    network.freeze()
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return network.to("cuda" if torch.cuda.is_available() else "cpu"), digest.hexdigest()[:12]


def _demo() -> torch.nn.Module:
    """The small separator: as shipped where its songs and recipe are today's, else trained once."""
    from ..data.corpora import load_corpus

    corpus = load_corpus("demo")
    network = small_network()
    if _shipped_fits(corpus):
        weights = load_file(SHIPPED / "separator.safetensors")
        network.target_models.load_state_dict({name: value.float() for name, value in weights.items()})
        return network

    about = json.dumps([_about(corpus), _recipe()], sort_keys=True)
    key = hashlib.sha256(about.encode()).hexdigest()[:12]
    file = cache.root() / "stems" / f"demo-{key}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.is_file():
            train(network, corpus.split("train"), **TRAINING)
            with cache.whole(file) as draft:
                save_file(network.target_models.state_dict(), draft)
    network.target_models.load_state_dict(load_file(file))
    return network


def _recipe() -> dict:
    return {**TRAINING, "fft": FFT, "hop": HOP, "hidden": HIDDEN}


def _about(corpus: "Corpus") -> dict:
    return {"name": corpus.name, "fingerprint": corpus.fingerprint, "songs": len(corpus)}


def _shipped_fits(corpus: "Corpus") -> bool:
    card = SHIPPED / "card.json"
    if not card.is_file():
        return False
    told = json.loads(card.read_text(encoding="utf-8"))
    return told["recipe"] == _recipe() and told["corpus"] == _about(corpus)


def ship_demo() -> None:
    """Train the small separator anew and write it, in half precision, into the package."""
    from ..data.corpora import load_corpus

    corpus = load_corpus("demo")
    network = small_network()
    train(network, corpus.split("train"), **TRAINING)
    halves = {}
    for name, value in network.target_models.state_dict().items():
        halves[name] = value.half() if value.is_floating_point() else value
    SHIPPED.mkdir(parents=True, exist_ok=True)
    save_file(halves, SHIPPED / "separator.safetensors")
    card = {"recipe": _recipe(), "corpus": _about(corpus), "composer": corpus.name.removeprefix("demo-")}
    (SHIPPED / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")


def small_network() -> torch.nn.Module:
    """The demo's separator with random weights: one small Open-Unmix a stem."""
    size = {"nb_bins": FFT // 2 + 1, "nb_channels": 1, "hidden_size": HIDDEN, "nb_layers": 1}
    model = _openunmix().model
    targets = {stem: model.OpenUnmix(**size) for stem in STEMS}
    # Ratio masks suit a weak network better than its magnitudes do (openunmix's own advice).
    how = {"niter": 1, "softmask": True, "sample_rate": RATE, "n_fft": FFT, "n_hop": HOP, "nb_channels": 1}
    return model.Separator(targets, **how)


def train(
    network: torch.nn.Module,
    corpus: "Corpus",
    songs: Any,
    steps: int,
    batch: int,
    seconds: float,
    rate: float,
    seed: int,
) -> list[float]:
    """Fit one Open-Unmix a stem on true stems, half of the mixes put together from different songs.

    Args:
        network: from `small_network`.
        corpus: songs with stems.
        songs: how many of them to learn from.
        steps: of the optimiser.
        batch: mixes a step.
        seconds: length of a mix.
        rate: the highest learning rate.
        seed: of everything that is drawn.

    Returns:
        The loss of every step.
    """
    draw = np.random.default_rng(seed)
    chosen = tqdm(draw.permutation(len(corpus))[:songs], "songs to learn from")
    stems = [[song.known_stems[stem] for stem in STEMS] for song in (corpus[int(i)] for i in chosen)]
    parts = torch.from_numpy(np.array(stems))
    length = int(seconds * RATE)

    def spectra(samples: torch.Tensor) -> Any:
        return network.complexnorm(network.stft(samples))

    _begin(network, spectra(parts.sum(1)[:, None]), seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    network.train()
    losses = []
    for _ in tqdm(range(steps), "training the demo separator"):
        true = _draw_stems(draw, parts, batch, length)
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


def _draw_stems(draw: Any, parts: torch.Tensor, batch: int, length: int) -> torch.Tensor:
    """(batch, stems, length): in half of the rows stems of one song; some louder, some softer."""
    kinds = np.arange(len(STEMS))
    song = draw.integers(len(parts), size=(batch, len(STEMS)))
    start = draw.integers(parts.shape[-1] - length + 1, size=(batch, len(STEMS)))
    together = draw.random(batch) < 0.5
    song[together] = song[together, :1]
    start[together] = start[together, :1]
    stems = parts[song[..., None], kinds[:, None], start[..., None] + np.arange(length)]
    loudness = draw.uniform(0.5, 1.25, (batch, len(STEMS), 1)).astype(np.float32)
    return stems * torch.from_numpy(loudness)


def _begin(network: torch.nn.Module, spectra: torch.Tensor, seed: int) -> None:
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
