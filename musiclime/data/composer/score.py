"""One song: what each stem plays in each segment; no sound crosses the border of its cell."""

import numpy as np

from ..song import STEMS
from .sounds import RATE, SEGMENT, hit, note, vowel
from .styles import BASSES, GROOVES, RIFFS, STYLES

SEGMENTS = 10
CELLS = [(stem, segment) for segment in range(SEGMENTS) for stem in STEMS]
RELEASE = (np.arange(96, 0, -1) / 96).astype(np.float32)
WINDOW = np.sin(np.pi * (np.arange(SEGMENT) + 0.5) / SEGMENT) ** 2
PROGRESSIONS = {
    4: [[0, 5, 7, 0], [0, 9, 5, 7], [0, 7, 9, 5], [0, 5, 0, 7]],
    3: [[0, 8, 3, 10], [0, 5, 7, 0], [0, 10, 8, 7], [0, 3, 10, 5]],
}


def rng_for(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def score_of(rng, valence: float, energy: float) -> dict:
    """What all players agree on: tempo, mode and loudness from valence and energy, the rest by chance."""
    pulses = int(np.clip(np.floor(1.7 + 4.8 * energy + rng.normal(0, 0.3)), 2, 6))
    third = 4 if valence + rng.normal(0, 0.1) > 0.5 else 3
    roots = PROGRESSIONS[third][rng.integers(4)]
    # Between glad and sad, single chords borrow the other mode.
    thirds = [third if rng.random() < 0.5 + abs(valence - 0.5) * 1.6 else 7 - third for _ in roots]
    drive, glow = 12 * energy - 9 + rng.normal(0, 0.7), 14 * (valence - 0.45) + rng.normal(0, 1)
    loud = {
        "vocals": drive + 0.5 * glow,
        "drums": drive,
        "bass": 2 + drive - 0.5 * glow,
        "other": drive + glow,
    }
    return {
        "pulses": pulses,
        "steps": 2 * pulses,
        "bar": 8 if pulses < 4 else 16,
        "key": int(rng.integers(12)),
        "chords": list(zip(roots, thirds)),
        "lift": round(14 * (valence - 0.45)),
        "voice": (50, 55, 60)[rng.integers(3)],
        "levels": {stem: round(10 ** (decibels / 20) * 1024) / 1024 for stem, decibels in loud.items()},
    }


def chord(score: dict, segment: int, step: int) -> tuple[int, dict]:
    """Root above the key at a step of a segment, and the scale above the root."""
    root, third = score["chords"][(segment * score["steps"] + step) // score["bar"] % 4]
    return root, {"1": 0, "3": third, "5": 7, "6": 9 if third == 4 else 10, "8": 12}


def _add(out, sound, step: float, length: float, gain: float, steps: int) -> None:
    """Add a sound at a step, released before the cell ends."""
    start = round(step * SEGMENT / steps)
    count = min(int(length * SEGMENT / steps), SEGMENT - start, len(sound))
    if count > len(RELEASE):
        piece = sound[:count] * np.float32(gain / 32768)
        piece[-len(RELEASE) :] *= RELEASE
        out[start : start + count] += piece


def _read(pattern: str, length: float, score: dict, segment: int):
    """(step, mark, length) in a segment; a note still held when it begins is struck again, shorter."""
    first = segment * score["steps"]
    for back in range(1, int(length)):
        if pattern[first % 16] == "." and pattern[(first - back) % 16] != ".":
            yield 0, pattern[(first - back) % 16], length - back
            break
    for step in range(score["steps"]):
        if (mark := pattern[(first + step) % 16]) != ".":
            yield step, mark, length


def drums(out, recipe, score, segment, rng) -> None:
    for name, pattern in GROOVES[recipe].items():
        for number, (step, mark, _) in enumerate(_read(pattern, 0, score, segment)):
            gain = (0.45 if mark == "o" else 0.8) * rng.integers(13, 18) / 16
            for part in (0, 0.5) if mark == "r" else (0,):
                if number == 0 or rng.random() > 0.08:
                    _add(out, hit(name), step + part, 16, gain, score["steps"])


def bass(out, recipe, score, segment, rng) -> None:
    instrument, line, full = BASSES[recipe]
    for number, (step, mark, length) in enumerate(_read(line, full, score, segment)):
        root, scale = chord(score, segment, step)
        pitch = 40 + (score["key"] + root) % 12 + scale[mark]
        if number == 0 or rng.random() > 0.06:
            _add(out, note(instrument, pitch), step, length, rng.integers(12, 17) / 16, score["steps"])


def other(out, recipe, score, segment, rng) -> None:
    instrument, line, full, manner = RIFFS[recipe]
    base = 50 + score["lift"]
    for number, (step, mark, length) in enumerate(_read(line, full, score, segment)):
        root, scale = chord(score, segment, step)
        low = base + (score["key"] + root - base) % 12
        above = {"root": [-12], "line": [scale.get(mark, 0)], "block": [0, scale["3"], 7]}[manner]
        gain = (0.5 if mark == "o" else 0.8) * rng.integers(13, 18) / 16 / len(above) ** 0.6
        if number == 0 or rng.random() > 0.06:
            for interval in above:
                _add(out, note(instrument, low + interval), step, length, gain, score["steps"])


def vocals(out, recipe, score, segment, rng) -> list[tuple[str, float, float]]:
    """Sing a segment's words, syllable by syllable; answers when each begins and ends, in seconds."""
    steps, sung, times = score["steps"], score["sung"][segment], []
    total = sum(len(parts) for _, parts in sung)
    root, scale = chord(score, segment, 0)
    base = score["voice"] + (score["key"] + root - score["voice"]) % 12
    melody = [
        base + (-5, 0, scale["3"], 7)[i] for i in np.clip(np.cumsum(rng.integers(-1, 2, total)) + 1, 0, 3)
    ]
    places = [i * steps // total for i in range(total)] + [steps]
    if recipe == "held":  # Hurry to the last syllable, and stay there.
        places = [*range(total), steps]
    number = 0
    for word, parts in sung:
        times.append((word, places[number], places[number + len(parts)]))
        for opening, sound in parts:
            here, room = places[number], places[number + 1] - places[number]
            pitch = base if recipe in ("rap", "growl", "shout") else melody[number]
            if opening:
                _add(out, hit(opening), here, 2, 0.9 if recipe == "rap" else 0.5, steps)
            turns = {"soul": (0, 2, scale["3"], 0), "rap": (0, 0)}.get(recipe, (0,))
            length = 0.8 if recipe in ("rap", "shout") else room / len(turns)
            for turn, above in enumerate(turns[: 2 * room]):
                tone = vowel(sound, pitch + above + 12 * ((recipe == "soul") - (recipe == "growl")), recipe)
                _add(out, tone, here + turn * room / len(turns), length, 0.75, steps)
            number += 1
    at = lambda step: round((segment + step / steps) * SEGMENT / RATE, 4)  # noqa: E731
    return [(word, at(begin), at(end)) for word, begin, end in times if word]


PLAY = {"vocals": vocals, "drums": drums, "bass": bass, "other": other}


def perform(key: tuple, score: dict, plan: dict, again=()) -> tuple[np.ndarray, dict, list]:
    """Mix, stems and word times; plan[stem, segment] lists recipes, the neutral pool plays all other cells.

    The cells in again are played anew: other neutral material, as good as the first.
    """
    stems, onsets = {}, []
    for number, stem in enumerate(STEMS):
        sound = np.zeros((SEGMENTS, SEGMENT), dtype=np.float32)
        # A player keeps to a pattern for a while: one before the turn of the song, one after.
        habit = rng_for(*key, 1, number)
        turn, pool = habit.integers(3, 8), habit.permutation(STYLES["neutral"][stem])
        for segment in range(SEGMENTS):
            cell = stem, segment
            rng = rng_for(*key, 2, number, segment, cell in plan, cell in again)
            recipe = pool[2 if cell in again and len(pool) > 2 else int(segment >= turn) % len(pool)]
            if cell in plan:
                recipe = plan[cell][rng.integers(len(plan[cell]))]
            onsets += PLAY[stem](sound[segment], str(recipe), score, segment, rng) or []
        stems[stem] = _finish(sound.astype(np.float64), score["levels"][stem])
    return sum(stems.values()), stems, onsets


def _finish(cells: np.ndarray, level: float) -> np.ndarray:
    """Every cell at its stem's level, limited softly below a quarter of full scale, centred, quantised."""
    cells = _centred(cells)
    loud = np.sqrt((cells**2).mean(axis=1, keepdims=True))
    x = np.clip(cells * (0.3 * level / np.maximum(loud, 0.03)), -3, 3)
    limited = _centred(0.235 * x * (27 + x * x) / (27 + 9 * x * x))
    return (np.round(limited * 32768) / 32768).astype(np.float32).ravel()


def _centred(cells: np.ndarray) -> np.ndarray:
    return cells - WINDOW * cells.mean(axis=1, keepdims=True) / WINDOW.mean()
