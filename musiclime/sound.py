"""Sound in and out: load, resample, save as mp3."""

from math import gcd
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly


def load(path, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """Mono float32 samples and their rate, from anything libsndfile reads (chapter *Your song*)."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no sound file {str(path)!r}")
    try:
        audio, rate = sf.read(path, dtype="float32", always_2d=True)
    except (sf.LibsndfileError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} cannot be read as sound ({error}): give a wav, flac, ogg or mp3 file"
        ) from error
    if rate <= 0 or len(audio) == 0:
        raise ValueError(f"{path.name} holds no sound: {len(audio)} samples at {rate} Hz")
    if not np.isfinite(audio).all():
        raise ValueError(f"{path.name} holds NaN or infinite samples: export it again")
    audio = audio.mean(axis=1)
    return (audio, rate) if sample_rate in (None, rate) else (resample(audio, rate, sample_rate), sample_rate)


def resample(audio, rate: int, new_rate: int):
    """Polyphase resampling along the last axis; numpy in numpy out, torch in torch out."""
    if rate == new_rate:
        return audio
    common = gcd(int(rate), int(new_rate))
    out = resample_poly(np.asarray(audio), new_rate // common, rate // common, axis=-1).astype(np.float32)
    return out if isinstance(audio, np.ndarray) else type(audio)(out)


def save(path, audio, sample_rate: int) -> Path:
    """Write mp3 (or what the suffix says), clipped to full scale; no ffmpeg needed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    mp3 = (
        {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.5}
        if path.suffix == ".mp3"
        else {}
    )
    sf.write(path, np.clip(audio, -1, 1), sample_rate, **mp3)
    return path
