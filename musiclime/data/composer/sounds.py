"""The instruments of the demo songs: every note, hit and vowel is made once, and added wherever it sounds."""

from functools import cache, partial

import numpy as np

RATE = 16000
SEGMENT = 16384  # samples of a segment, and of every sound below
TIME = np.arange(SEGMENT) / RATE


def _grid(sound: np.ndarray, peak: float = 1.0) -> np.ndarray:
    """In whole 32767ths: small to keep, and a processor's last bit of a sine does not show."""
    return np.round(sound * (32767 * peak / max(np.abs(sound).max(), 1e-9))).astype(np.int16)


def _wave(gains: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """A periodic wave with given harmonic gains, along a path of pitch in hertz."""
    top = int(min(len(gains), 7200 // pitch.max()))
    spectrum = np.zeros(1025, dtype=complex)
    # Phases that grow with the square of the harmonic keep the wave from piling up into one peak.
    order = np.arange(1, top + 1)
    spectrum[1 : top + 1] = np.asarray(gains[:top]) * np.exp(-1j * (np.pi / 2 + 0.37 * order**2))
    table = np.fft.irfft(spectrum) * 1024
    phase = np.cumsum(pitch) / RATE
    return np.interp(phase % 1 * 2048, np.arange(2049), np.append(table, table[0]))


def _noise(name: str) -> np.ndarray:
    """White noise, another for each name."""
    return np.random.Generator(np.random.PCG64(sum(map(ord, name)) * 7919)).standard_normal(SEGMENT)


def _band(sound: np.ndarray, low: float, high: float) -> np.ndarray:
    """Keep a band of frequencies, with soft edges."""
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    keep = 1 / (1 + (low / np.maximum(hertz, 1)) ** 4) / (1 + (hertz / high) ** 4)
    return np.fft.irfft(np.fft.rfft(sound) * keep, len(sound))


def _fall(seconds: float) -> np.ndarray:
    """A curve that falls to a third within so many seconds."""
    return np.exp(-TIME / seconds)


def _rise(seconds: float) -> np.ndarray:
    """A line that rises to one within so many seconds, and stays."""
    return np.minimum(1, TIME / seconds)


# How loud each harmonic of a wave is.
HARMONIC = np.arange(1, 61)
SAW = 1 / HARMONIC
SQUARE = (HARMONIC % 2) / HARMONIC
ROUND = 1 / HARMONIC**1.6
DARK = 1 / HARMONIC**2.2
PURE = 1.0 * (HARMONIC == 1)
DRAWBARS = np.isin(HARMONIC, (1, 2, 3, 4, 6, 8)) / HARMONIC**0.4


def _tone(midi, wave, partials=(1,), decay=9, bright=0, snap=1, rise=0.003, drive=0, low=20, high=7900,
          vibrato=0, tremolo=0, bend=0, noise=0, burst=1, scoop=None) -> np.ndarray:  # fmt: skip
    """A second of sound: partials of a wave, a brighter attack, noise, distortion, a band, swaying."""
    sway = np.sin(2 * np.pi * 6.1 * TIME)
    pitch = 440 * 2 ** ((midi - 69) / 12) * (1 + vibrato * sway * _rise(0.2) + bend * _fall(0.07))
    sound = sum(_wave(wave, pitch * partial) for partial in partials) * _fall(decay)
    sound += bright * _wave(SAW, pitch) * _fall(snap)
    if drive:
        sound = np.tanh(drive * sound) * _fall(decay)
    sound += noise * _noise("air") * _fall(burst)
    if scoop:
        sound -= 0.95 * _band(sound, *scoop)
    return _band(sound, low, high) * (1 + tremolo * sway) * _rise(rise)


INSTRUMENTS = {
    # The neutral pool.
    "piano": partial(_tone, wave=DARK, decay=0.7, bright=0.5, snap=0.12),
    "nylon": partial(_tone, wave=DARK, decay=0.35, bright=0.8, snap=0.04),
    "strings": partial(_tone, wave=ROUND, partials=(0.997, 1.003), rise=0.08),
    "finger": partial(_tone, wave=DARK, decay=0.6, bright=0.4, snap=0.05),
    # The styles.
    "jangle": partial(_tone, wave=SAW, partials=(0.996, 1.004), decay=0.5, low=400, high=6000, tremolo=0.35),
    "arp": partial(_tone, wave=SQUARE, decay=0.12, bright=0.3, snap=0.06),
    "supersaw": partial(_tone, wave=SAW, partials=(0.988, 0.995, 1, 1.006, 1.011), rise=0.01),
    "steel": partial(_tone, wave=DARK, partials=(1, 2), decay=0.5, bright=1.2, snap=0.07),
    "bow": partial(_tone, wave=SAW, rise=0.09, low=300, high=4500, vibrato=0.008),
    "crunch": partial(_tone, wave=SAW, partials=(1, 1.4983, 2), decay=0.7, drive=1.5, low=150, high=2600),
    "metal": partial(
        _tone, wave=SAW, partials=(1, 1.4983, 2), decay=0.22, drive=10, low=60, scoop=(300, 2400)
    ),
    "buzz": partial(_tone, wave=SAW, partials=(1, 1.4983, 2), decay=2, drive=4, low=500, high=6500),
    "stab": partial(_tone, wave=SAW, decay=0.18, rise=0.012, bend=0.03),
    "sample": partial(_tone, wave=SAW, partials=(0.995, 1.005), decay=0.4, low=200, high=1100, noise=0.06),
    "bells": partial(_tone, wave=PURE, partials=(1, 2.76, 5.4), decay=0.3),
    "organ": partial(_tone, wave=DRAWBARS, tremolo=0.45, vibrato=0.006, low=700, high=2400),
    "pick": partial(_tone, wave=SAW, decay=0.5, low=60, high=2500),
    "grind": partial(_tone, wave=SAW, decay=0.5, drive=5, low=250, high=5000),
    "fuzz": partial(_tone, wave=SAW, drive=20, low=60, high=3500),
    "synthbass": partial(
        _tone, wave=SQUARE, partials=(1, 2), decay=0.15, bright=0.8, snap=0.06, low=50, high=3500
    ),
    "upright": partial(_tone, wave=ROUND, decay=0.3, bend=0.01, noise=0.3, burst=0.012),
    "glide": partial(_tone, wave=DARK, decay=0.8, drive=1.5, bend=0.6),
    "slap": partial(_tone, wave=DARK, decay=0.3, bright=3, snap=0.06, noise=1.5, burst=0.01),
}


@cache
def note(instrument: str, midi: int) -> np.ndarray:
    """Return a second of a note of an instrument of the table above."""
    return _grid(INSTRUMENTS[instrument](midi))


DRUMS = {
    # name: (tone from, to, seconds of sweep, tone decay, tone level, noise low, high, decay, level)
    "kick": (110, 52, 0.03, 0.12, 1.0, 1000, 3000, 0.006, 0.15),
    "snare": (210, 180, 0.02, 0.06, 0.5, 900, 6000, 0.07, 0.6),
    "hat": (0, 0, 1, 1, 0, 5500, 7900, 0.025, 0.5),
    "tom": (150, 95, 0.06, 0.16, 0.9, 300, 1500, 0.02, 0.2),
    "shaker": (0, 0, 1, 1, 0, 3500, 6500, 0.05, 0.4),
    "rock kick": (140, 60, 0.02, 0.1, 1.0, 1500, 5000, 0.01, 0.5),
    "rock snare": (230, 190, 0.02, 0.1, 0.7, 700, 7500, 0.14, 0.9),
    "open": (0, 0, 1, 1, 0, 4500, 7900, 0.25, 0.6),
    "ride": (3100, 3100, 1, 0.3, 0.06, 5000, 7800, 0.2, 0.35),
    "crash": (0, 0, 1, 1, 0, 2500, 7900, 0.5, 0.7),
    "click kick": (90, 60, 0.01, 0.05, 0.8, 3000, 7500, 0.012, 1.3),
    "house kick": (220, 48, 0.035, 0.2, 1.2, 1500, 4000, 0.004, 0.2),
    "zap": (3600, 300, 0.05, 0.1, 0.8, 1000, 2000, 0.004, 0.1),
    "clap": (0, 0, 1, 1, 0, 900, 3200, 0.09, 1.0),
    "deep kick": (75, 42, 0.08, 0.5, 1.2, 800, 2000, 0.004, 0.1),
    "tick": (0, 0, 1, 1, 0, 6500, 7900, 0.012, 0.6),
    "brush": (0, 0, 1, 1, 0, 1200, 5500, 0.16, 0.5),
    "rim": (820, 800, 1, 0.02, 0.7, 1500, 4000, 0.01, 0.3),
    "tambourine": (0, 0, 1, 1, 0, 5000, 7600, 0.09, 0.6),
    "stomp": (85, 55, 0.03, 0.09, 1.0, 150, 700, 0.05, 0.4),
    "snap": (1800, 1500, 0.01, 0.015, 0.5, 1600, 4500, 0.03, 0.7),
    "s": (0, 0, 1, 1, 0, 4000, 7800, 0.025, 0.3),
    "t": (0, 0, 1, 1, 0, 3000, 7500, 0.007, 0.4),
    "k": (0, 0, 1, 1, 0, 1400, 3500, 0.008, 0.4),
    "p": (0, 0, 1, 1, 0, 500, 2000, 0.008, 0.4),
    "m": (0, 0, 1, 1, 0, 150, 500, 0.02, 0.2),
}


@cache
def hit(name: str) -> np.ndarray:
    """Return one hit of a drum: a falling tone and a burst of noise."""
    high, low, sweep, tone_fall, tone, noise_low, noise_high, noise_fall, noise = DRUMS[name]
    phase = 2 * np.pi * np.cumsum(low + (high - low) * _fall(sweep)) / RATE
    rattle = _band(_noise(name), noise_low, noise_high)
    burst = noise * rattle / np.abs(rattle).max() * 2 * _fall(noise_fall)
    sound = tone * np.sin(phase) * _fall(tone_fall) + burst
    return _grid(sound * _rise(0.0015), min(1.0, 0.5 + 0.4 * max(tone, noise)))


# The three resonances of the mouth in hertz, and how strong each is.
FORMANTS = {
    "a": (760, 1250, 2500),
    "e": (500, 1900, 2550),
    "i": (310, 2250, 2950),
    "o": (480, 880, 2500),
    "u": (340, 780, 2300),
}
FORMANT_GAINS = (1, 0.6, 0.35)
# How a voice speaks: vibrato, roughness, breath, tilt of the source, decay in seconds, bend at the start.
DELIVERY = {
    "plain": (0.004, 0, 0.02, 1.3, 9, 0),
    "rasp": (0.006, 0.5, 0.15, 0.8, 9, -0.06),
    "air": (0.002, 0, 0.8, 1.9, 9, 0),
    "robot": (0, 0, 0, 0.5, 9, 0),
    "held": (0.014, 0, 0.02, 1.2, 9, 0),
    "growl": (0, 1.2, 0.5, 0.5, 9, 0),
    "rap": (0, 0.05, 0.1, 0.9, 0.09, 0.12),
    "double": (0.005, 0, 0.2, 1.1, 9, 0),
    "shout": (0, 0.4, 0.2, 0.1, 0.25, 0.1),
    "soul": (0.025, 0, 0.25, 1.4, 9, -0.12),
}


@cache
def vowel(sound: str, midi: int, delivery: str) -> np.ndarray:
    """Return a second of a sung vowel: harmonics of a glottal source through three formants.

    Args:
        sound: one of a, e, i, o, u.
        midi: the pitch.
        delivery: a row of the table above.
    """
    vibrato, rough, breath, tilt, decay, bend = DELIVERY[delivery]
    f0 = 440 * 2 ** ((midi - 69) / 12)
    pitch = f0 * (1 + vibrato * np.sin(2 * np.pi * 5.6 * TIME) * _rise(0.25) + bend * _fall(0.08))
    order = np.arange(1, int(7000 / f0) + 1)
    gain = sum(
        weight / (1 + ((order * f0 - formant) / (60 + 0.06 * formant)) ** 2)
        for formant, weight in zip(FORMANTS[sound], FORMANT_GAINS)
    )
    gain = (gain + 0.02) * order**-tilt
    voice = _wave(gain, pitch)
    if delivery == "double":
        voice = voice + 0.8 * _wave(gain, pitch * 1.26) + 0.6 * _wave(gain, pitch * 1.007)
    if delivery == "robot":
        voice = np.sign(np.sin(2 * np.pi * 32 * TIME)) * 0.25 * voice + voice + 0.7 * _wave(gain, pitch * 2)
    voice = voice / np.abs(voice).max()
    voice = voice * (1 + rough * np.sin(2 * np.pi * 70 * TIME + 4 * np.sin(2 * np.pi * 31 * TIME)))
    low, high = FORMANTS[sound][0] * 0.8, FORMANTS[sound][1] * 1.6
    hiss = _band(_noise("breath"), low, high)
    voice = voice + breath * hiss / np.abs(hiss).max()
    return _grid(voice * _rise(0.018) * _fall(decay))
