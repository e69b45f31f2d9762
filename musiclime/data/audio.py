"""Sound in and out: load, resample, save as mp3."""

import os
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

MINUTES = 20


@contextmanager
def quiet():
    """Decoders print their complaints about a broken file past Python; our errors say it better."""
    keep, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)
        os.close(null)


def problem(file: sf.SoundFile) -> str:
    """Why an opened sound file is no song, "" if it may be one: from its header, before all is decoded."""
    if not 1000 <= file.samplerate <= 192_000 or not file.frames:
        return f"holds no sound: {file.frames} samples at {file.samplerate} Hz"
    minutes = file.frames / file.samplerate / 60
    return f"lasts {minutes:.0f} minutes: cut out the song, at most {MINUTES}" if minutes > MINUTES else ""


def load(path, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """Mono float32 samples and their rate, from anything libsndfile reads (chapter *Your song*)."""
    path = Path(path)
    if not os.path.isfile(path):  # noqa: PTH113 - is_file fails on a name that is too long
        raise FileNotFoundError(f"there is no sound file {str(path)!r}")
    try:
        with quiet(), np.errstate(all="ignore"), sf.SoundFile(path) as file:
            rate, why = file.samplerate, problem(file)
            # Block by block: many channels need not fit into memory together.
            blocks = (
                [] if why else file.blocks(1 + (1 << 22) // file.channels, always_2d=True, dtype="float32")
            )
            audio = np.concatenate([block.mean(axis=1) for block in blocks] or [np.zeros(0, np.float32)])
    except (sf.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} cannot be read as sound ({error}): give a wav, flac, ogg or mp3 file"
        ) from error
    if why or not len(audio):
        raise ValueError(f"{path.name} {why or 'holds no sound: its samples are missing'}")
    if not np.isfinite(audio).all():
        raise ValueError(f"{path.name} holds NaN or infinite samples: export it again")
    return (audio, rate) if sample_rate in (None, rate) else (resample(audio, rate, sample_rate), sample_rate)


def resample(audio, rate: int, new_rate: int):
    """Polyphase resampling along the last axis; numpy in numpy out, torch in torch out."""
    if rate == new_rate:
        return audio
    share = Fraction(int(new_rate), int(rate))
    if max(share.as_integer_ratio()) > 10_000:
        # A rate such as 191,999 would need a filter of millions: one within 1e-4 of it will do.
        share = share.limit_denominator(max(1, int(10_000 * min(1, rate / new_rate))))
    out = resample_poly(np.asarray(audio), share.numerator, share.denominator, axis=-1).astype(np.float32)
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
