"""One song: what each stem plays in each segment; no sound crosses the border of its cell."""

from collections.abc import Collection, Iterator

import numpy as np

from ..song import STEMS
from .sounds import RATE, SEGMENT, hit, note, vowel
from .styles import BASSES, GROOVES, RIFFS, STYLES

SEGMENTS = 10
CELLS = [(stem, segment) for segment in range(SEGMENTS) for stem in STEMS]
# A note that is cut off fades within 96 samples.
RELEASE = (np.arange(96, 0, -1) / 96).astype(np.float32)
WINDOW = np.sin(np.pi * (np.arange(SEGMENT) + 0.5) / SEGMENT) ** 2
# Roots of four chords above the key, for a major third (4 semitones) and a minor one (3).
PROGRESSIONS = {
    4: [[0, 5, 7, 0], [0, 9, 5, 7], [0, 7, 9, 5], [0, 5, 0, 7]],
    3: [[0, 8, 3, 10], [0, 5, 7, 0], [0, 10, 8, 7], [0, 3, 10, 5]],
}


def rng_for(*key: int) -> np.random.Generator:
    """Return a source of chance of its own for each key, the same on every machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def score_of(rng: np.random.Generator, valence: float, energy: float) -> dict:
    """Return what all players agree on: tempo, mode and loudness from valence and energy, the rest by chance.

    Args:
        rng: the source of chance.
        valence, energy: numbers from 0 to 1.

    Returns:
        pulses and steps a segment, steps a bar, the key, the four chords (root, third), how high the
        accompaniment plays (lift) and the voice sings, and the level of each stem.
    """
    pulses = int(np.clip(np.floor(1.7 + 4.8 * energy + rng.normal(0, 0.3)), 2, 6))
    major, minor = 4, 3
    third = major if valence + rng.normal(0, 0.1) > 0.5 else minor
    roots = PROGRESSIONS[third][rng.integers(4)]
    # Between glad and sad, single chords borrow the other mode.
    keep_mode = 0.5 + abs(valence - 0.5) * 1.6
    thirds = [third if rng.random() < keep_mode else major + minor - third for _ in roots]

    drive = 12 * energy - 9 + rng.normal(0, 0.7)
    glow = 14 * (valence - 0.45) + rng.normal(0, 1)
    decibels = {
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
        "levels": {stem: round(10 ** (level / 20) * 1024) / 1024 for stem, level in decibels.items()},
    }


def chord(score: dict, segment: int, step: int) -> tuple[int, dict[str, int]]:
    """Return the root above the key at a step of a segment, and the scale above the root.

    Args:
        score: the song's plan: its chords (root in semitones, third), bar and steps a segment.
        segment: 0 to 9, the tenth of the clip.
        step: within the segment, counted from 0.

    Returns:
        The root in semitones above the key, and for each mark of a line its semitones above the root.
    """
    number = (segment * score["steps"] + step) // score["bar"] % 4
    root, third = score["chords"][number]
    sixth = 9 if third == 4 else 10
    return root, {"1": 0, "3": third, "5": 7, "6": sixth, "8": 12}


def _add(out: np.ndarray, sound: np.ndarray, step: float, length: float, gain: float, steps: int) -> None:
    """Add a sound at a step, released before the cell ends."""
    start = round(step * SEGMENT / steps)
    count = min(int(length * SEGMENT / steps), SEGMENT - start, len(sound))
    if count > len(RELEASE):
        piece = sound[:count] * np.float32(gain / 32768)
        piece[-len(RELEASE) :] *= RELEASE
        out[start : start + count] += piece


def _read_pattern(pattern: str, length: float, score: dict, segment: int) -> Iterator[tuple[int, str, float]]:
    """The (step, mark, length) of a segment; a note still held when it begins is struck again, shorter."""
    first = segment * score["steps"]
    for back in range(1, int(length)):
        mark_before = pattern[(first - back) % 16]
        if pattern[first % 16] == "." and mark_before != ".":
            yield 0, mark_before, length - back
            break
    for step in range(score["steps"]):
        mark = pattern[(first + step) % 16]
        if mark != ".":
            yield step, mark, length


def drums(out: np.ndarray, recipe: str, score: dict, segment: int, rng: np.random.Generator) -> None:
    """Play a groove of GROOVES into a cell; one hit in twelve is left out, never the first.

    Args:
        out: (samples,) float, the sound of the cell; what is played is added in place.
        recipe: name of what is played, a key of GROOVES.
        score: the song's plan, as `write_score` gives it: key, chords, bar, steps.
        segment: 0 to 9, the tenth of the clip.
        rng: draws which notes are left out and how loud each is.
    """
    for name, pattern in GROOVES[recipe].items():
        for number, (step, mark, _) in enumerate(_read_pattern(pattern, 0, score, segment)):
            loudness = 0.45 if mark == "o" else 0.8
            gain = loudness * rng.integers(13, 18) / 16
            hits_of_mark = (0, 0.5) if mark == "r" else (0,)  # r is a roll
            for later in hits_of_mark:
                if number == 0 or rng.random() > 0.08:
                    _add(out, hit(name), step + later, 16, gain, score["steps"])


def bass(out: np.ndarray, recipe: str, score: dict, segment: int, rng: np.random.Generator) -> None:
    """Play a line of BASSES into a cell.

    Args:
        out: (samples,) float, the sound of the cell; what is played is added in place.
        recipe: name of what is played, a key of BASSES.
        score: the song's plan, as `write_score` gives it: key, chords, bar, steps.
        segment: 0 to 9, the tenth of the clip.
        rng: draws which notes are left out and how loud each is.
    """
    instrument, line, full_length = BASSES[recipe]
    for number, (step, mark, length) in enumerate(_read_pattern(line, full_length, score, segment)):
        root, scale = chord(score, segment, step)
        pitch = 40 + (score["key"] + root) % 12 + scale[mark]
        if number == 0 or rng.random() > 0.06:
            gain = rng.integers(12, 17) / 16
            _add(out, note(instrument, pitch), step, length, gain, score["steps"])


def other(out: np.ndarray, recipe: str, score: dict, segment: int, rng: np.random.Generator) -> None:
    """Play a riff of RIFFS into a cell: a root alone, a line, or chords.

    Args:
        out: (samples,) float, the sound of the cell; what is played is added in place.
        recipe: name of what is played, a key of RIFFS.
        score: the song's plan, as `write_score` gives it: key, chords, bar, steps.
        segment: 0 to 9, the tenth of the clip.
        rng: draws which notes are left out and how loud each is.
    """
    instrument, line, full_length, manner = RIFFS[recipe]
    base = 50 + score["lift"]
    for number, (step, mark, length) in enumerate(_read_pattern(line, full_length, score, segment)):
        root, scale = chord(score, segment, step)
        low = base + (score["key"] + root - base) % 12
        if manner == "root":
            intervals = [-12]
        elif manner == "line":
            intervals = [scale.get(mark, 0)]
        else:  # block
            intervals = [0, scale["3"], 7]
        loudness = 0.5 if mark == "o" else 0.8
        gain = loudness * rng.integers(13, 18) / 16 / len(intervals) ** 0.6
        if number == 0 or rng.random() > 0.06:
            for interval in intervals:
                _add(out, note(instrument, low + interval), step, length, gain, score["steps"])


def vocals(
    out: np.ndarray, recipe: str, score: dict, segment: int, rng: np.random.Generator
) -> list[tuple[str, float, float]]:
    """Sing a segment's words into a cell; return each word's start and end in seconds.

    Args:
        out: (samples,) float, the sound of the cell; what is played is added in place.
        recipe: name of what is played, a key of the ways of singing.
        score: the song's plan, as `write_score` gives it: key, chords, bar, steps.
        segment: 0 to 9, the tenth of the clip.
        rng: draws which notes are left out and how loud each is.

    Returns:
        (word, start, end) of each word, in seconds.
    """
    steps, sung = score["steps"], score["sung"][segment]
    total = sum(len(syllables) for _, syllables in sung)
    melody, base = _melody(score, segment, total, rng)
    places = _places(recipe, total, steps)

    times, number = [], 0
    for word, syllables in sung:
        if word:
            begin, end = places[number], places[number + len(syllables)]
            times.append((word, _seconds(segment, begin, steps), _seconds(segment, end, steps)))
        for opening, sound in syllables:
            here, room = places[number], places[number + 1] - places[number]
            pitch = base if recipe in ("rap", "growl", "shout") else melody[number]
            if opening:
                _add(out, hit(opening), here, 2, 0.9 if recipe == "rap" else 0.5, steps)
            _sing_syllable(out, recipe, sound, pitch, here, room, score, segment)
            number += 1
    return times


def _melody(score: dict, segment: int, total: int, rng: np.random.Generator) -> tuple[list[int], int]:
    """A pitch for each syllable, wandering over the chord, and the pitch that spoken styles keep to."""
    root, scale = chord(score, segment, 0)
    base = score["voice"] + (score["key"] + root - score["voice"]) % 12
    above = (-5, 0, scale["3"], 7)
    wandering = np.clip(np.cumsum(rng.integers(-1, 2, total)) + 1, 0, 3)
    return [base + above[place] for place in wandering], base


def _places(recipe: str, total: int, steps: int) -> list[int]:
    """The step at which each syllable begins, and the end."""
    if recipe == "held":  # hurries to the last syllable, and stays there
        return [*range(total), steps]
    return [number * steps // total for number in range(total)] + [steps]


def _sing_syllable(
    out: np.ndarray, recipe: str, sound: str, pitch: int, here: int, room: int, score: dict, segment: int
) -> None:
    """Sing one vowel, in soul with turns, in rap twice."""
    steps = score["steps"]
    turns: tuple[int, ...] = (0,)
    if recipe == "soul":
        _, scale = chord(score, segment, 0)
        turns = (0, 2, scale["3"], 0)
    elif recipe == "rap":
        turns = (0, 0)
    octave = {"soul": 12, "growl": -12}.get(recipe, 0)
    length = 0.8 if recipe in ("rap", "shout") else room / len(turns)
    for turn, above in enumerate(turns[: 2 * room]):
        tone = vowel(sound, pitch + above + octave, recipe)
        _add(out, tone, here + turn * room / len(turns), length, 0.75, steps)


def _seconds(segment: int, step: int, steps: int) -> float:
    return round((segment + step / steps) * SEGMENT / RATE, 4)


PLAYERS = {"vocals": vocals, "drums": drums, "bass": bass, "other": other}


def perform(
    key: tuple[int, ...], score: dict, plan: dict, played_again: Collection = ()
) -> tuple[np.ndarray, dict[str, np.ndarray], list]:
    """Play a song.

    Args:
        key: what chance depends on: the corpus's seed and the song's number.
        score: what score_of returns, with sung: the words of each segment.
        plan: by (stem, segment), the recipes that may be played; the neutral pool plays all other cells.
        played_again: cells that play other neutral material, as good as the first.

    Returns:
        The mix, the stems and the word times.
    """
    stems, onsets = {}, []
    for number, stem in enumerate(STEMS):
        sound = np.zeros((SEGMENTS, SEGMENT), dtype=np.float32)
        # A player keeps to a pattern for a while: one before the turn of the song, one after.
        habit = rng_for(*key, 1, number)
        turn, pool = habit.integers(3, 8), habit.permutation(STYLES["neutral"][stem])
        for segment in range(SEGMENTS):
            cell = stem, segment
            rng = rng_for(*key, 2, number, segment, cell in plan, cell in played_again)
            if cell in plan:
                recipe = plan[cell][rng.integers(len(plan[cell]))]
            elif cell in played_again and len(pool) > 2:
                recipe = pool[2]
            else:
                recipe = pool[int(segment >= turn) % len(pool)]
            word_times = PLAYERS[stem](sound[segment], str(recipe), score, segment, rng)
            if word_times:
                onsets += word_times
        stems[stem] = _finish(sound.astype(np.float64), score["levels"][stem])
    return sum(stems.values()), stems, onsets  # type: ignore[return-value]


def _finish(cells: np.ndarray, level: float) -> np.ndarray:
    """Every cell at its stem's level, limited softly below a quarter of full scale, centred, quantised."""
    cells = _centred(cells)
    loudness = np.sqrt((cells**2).mean(axis=1, keepdims=True))
    x = np.clip(cells * (0.3 * level / np.maximum(loudness, 0.03)), -3, 3)
    limited = _centred(0.235 * x * (27 + x * x) / (27 + 9 * x * x))
    return (np.round(limited * 32768) / 32768).astype(np.float32).ravel()


def _centred(cells: np.ndarray) -> np.ndarray:
    return cells - WINDOW * cells.mean(axis=1, keepdims=True) / WINDOW.mean()
