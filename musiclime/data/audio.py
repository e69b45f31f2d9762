"""Sound in and out: read a file or a part of it, resample, save as mp3; where a clip's segments begin."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import firwin, resample_poly

from ..files import whole

LONGEST_MINUTES = 20
RATES = (1000, 192_000)  # in Hz; a header that announces another rate is broken
BLOCK = 1 << 22  # samples decoded at once, all channels together


def segment_borders(samples: int, segments: int) -> np.ndarray:
    """Return where the segments of a clip begin and end: the one place that decides it.

    Args:
        samples: the length of the clip, in samples, frames or seconds' worth of either.
        segments: how many parts of equal length to cut it into.

    Returns:
        segments + 1 whole numbers from 0 to samples; segment s is borders[s] to borders[s + 1].

    Example:
        >>> segment_borders(10, 4).tolist()
        [0, 2, 5, 8, 10]

    (chapter *Explain*)
    """
    return np.linspace(0, samples, segments + 1).round().astype(int)


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep decoders from printing complaints about a broken file past Python; our errors say it better."""
    stderr_copy = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr_copy, 2)
        os.close(stderr_copy)
        os.close(nowhere)


def header_problem(file: sf.SoundFile) -> str:
    """Return why an opened sound file is no song, "" if it may be one; only its header is looked at."""
    lowest, highest = RATES
    if not lowest <= file.samplerate <= highest or not file.frames:
        return f"holds no sound: {file.frames} samples at {file.samplerate} Hz"
    minutes = file.frames / file.samplerate / 60
    if minutes > LONGEST_MINUTES:
        return f"lasts {minutes:.0f} minutes: cut out the song, at most {LONGEST_MINUTES}"
    return ""


def load(
    path: str | Path, sample_rate: int | None = None, start: float = 0.0, seconds: float | None = None
) -> tuple[np.ndarray, int]:
    """Read a sound file, or the part of it that is asked for, as mono samples.

    Args:
        path: anything libsndfile reads: wav, flac, ogg, opus, mp3, aiff.
        sample_rate: the rate to resample to; None keeps the file's own.
        start: where to begin, in seconds.
        seconds: how much to read; None reads to the end.

    Returns:
        float32 samples, the mean of the channels, and their rate.

    Example:
        >>> import tempfile
        >>> path = save(Path(tempfile.mkdtemp()) / "tone.wav", np.zeros(32000), 16000)
        >>> audio, rate = load(path, start=0.5, seconds=1)
        >>> len(audio), rate
        (16000, 16000)

    (chapter *Your song*)
    """
    path = Path(path)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file fails on a name that is too long
        raise FileNotFoundError(f"there is no sound file {str(path)!r}")
    _check_part(start, seconds)

    try:
        with quiet_decoders(), np.errstate(all="ignore"), sf.SoundFile(path) as file:
            rate, problem = file.samplerate, header_problem(file)
            length = file.frames / max(rate, 1)
            inside = start == 0 or start < length
            audio = np.zeros(0, np.float32)
            if not problem and inside:
                audio = _decode(file, start, seconds)
    except (sf.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path.name} cannot be read as sound ({error}): give a wav, flac, ogg or mp3 file"
        ) from error

    if problem:
        raise ValueError(f"{path.name} {problem}")
    if not inside:
        raise ValueError(f"{path.name} lasts {length:.1f} s: start={start} lies behind its end")
    if not len(audio):
        raise ValueError(f"{path.name} holds no sound: its samples are missing")
    if not np.isfinite(audio).all():
        raise ValueError(f"{path.name} holds NaN or infinite samples: export it again")

    if sample_rate is None or sample_rate == rate:
        return audio, rate
    return resample(audio, rate, sample_rate), sample_rate


def _check_part(start: float, seconds: float | None) -> None:
    if not 0 <= start < float("inf"):
        raise ValueError(f"start is {start}: give seconds from the song's beginning, 0 or more")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise ValueError(f"seconds is {seconds}: give how much of the song you want, more than 0")


def _decode(file: sf.SoundFile, start: float, seconds: float | None) -> np.ndarray:
    """Mix an opened file down to mono, block by block: many channels need not fit into memory together."""
    if start:
        file.seek(round(start * file.samplerate))
    frames = -1 if seconds is None else max(1, round(seconds * file.samplerate))
    blocks = file.blocks(1 + BLOCK // file.channels, frames=frames, always_2d=True, dtype="float32")
    mono = [block.mean(axis=1) for block in blocks]
    return np.concatenate(mono) if mono else np.zeros(0, np.float32)


@lru_cache(maxsize=8)
def _low_pass(factor: int) -> np.ndarray:
    """The filter of a resampling: flat to 91 % of the narrower band, silent above it.

    A shorter filter dims the uppermost bands, which a tagger of real music hears.
    """
    return firwin(2 * 58 * factor + 1, 0.956 / factor, window=("kaiser", 8.0))


def resample(audio: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Resample along the last axis with a polyphase filter.

    Args:
        audio: a numpy array or a torch tensor.
        rate: its sampling rate.
        new_rate: the rate wanted.

    Returns:
        The resampled sound, of the same kind as audio.

    Example:
        >>> resample(np.zeros(100, np.float32), 16000, 8000).shape
        (50,)
    """
    if rate == new_rate:
        return audio

    ratio = Fraction(int(new_rate), int(rate))
    if max(ratio.as_integer_ratio()) > 10_000:
        # A rate such as 191,999 would need a filter of millions of taps: a ratio within 1e-4 of it will do.
        ratio = ratio.limit_denominator(max(1, int(10_000 * min(1, rate / new_rate))))

    low_pass = _low_pass(max(ratio.as_integer_ratio()))
    resampled = resample_poly(np.asarray(audio), *ratio.as_integer_ratio(), axis=-1, window=low_pass)
    resampled = resampled.astype(np.float32)
    if isinstance(audio, np.ndarray):
        return resampled
    return type(audio)(resampled)


def save(path: str | Path, audio: np.ndarray, sample_rate: int) -> Path:
    """Write sound as mp3, or as what the file's ending says, clipped to full scale; no ffmpeg needed.

    Args:
        path: the file to write.
        audio: mono samples between -1 and 1.
        sample_rate: their rate.

    Returns:
        The file's path.

    Example:
        >>> import tempfile
        >>> save(Path(tempfile.mkdtemp()) / "silence.mp3", np.zeros(16000), 16000).name
        'silence.mp3'
    """
    path = Path(path)
    options = {}
    if path.suffix == ".mp3":
        options = {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.5}
    with whole(path) as draft:
        sf.write(draft, np.clip(audio, -1, 1), sample_rate, **options)
    return path
