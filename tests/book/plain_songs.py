"""A folder of short songs without planted evidence, as a reader's own may be."""

from pathlib import Path

import numpy as np
import pandas as pd

from musiclime.data import audio

RATE = 16000
# Of each kind: its genre, its valence and energy, its tone in hertz, its beats a second.
KINDS = [
    ("folk", 0.75, 0.30, 220.0, 1.0),
    ("hip hop", 0.25, 0.35, 110.0, 2.0),
    ("punk", 0.70, 0.85, 440.0, 4.0),
]
WORDS = {
    "folk": "river meadow morning walk along the quiet road home",
    "hip hop": "street money rhyme my crew keeps it real tonight",
    "punk": "shout break the wall now we never obey again",
}


def sound(tone: float, beats: float, seconds: float, rng) -> np.ndarray:
    """A tone and a click on every beat, in some noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    hum = 0.2 * np.sin(2 * np.pi * tone * rng.uniform(0.95, 1.05) * time)
    since_beat = (time * beats) % 1.0 / beats
    clicks = 0.3 * np.exp(-40 * since_beat) * rng.normal(size=len(time))
    return (hum + clicks + 0.02 * rng.normal(size=len(time))).astype(np.float32)


def lyrics(genre: str, rng) -> str:
    """Four lines of the words of a genre, with words of any genre among them."""
    own, any_word = WORDS[genre].split(), " ".join(WORDS.values()).split()
    lines = []
    for _ in range(4):
        lines.append(" ".join([*rng.choice(own, 4), *rng.choice(any_word, 2)]))
    return "\n".join(lines)


def write(place: Path, count: int = 60, seconds: float = 4.0, seed: int = 0, name: str = "song") -> Path:
    """Write songs as pairs of files, with a table of what is known of them.

    Args:
        place: the folder.
        count: how many songs.
        seconds: how long each is.
        seed: of tones, noise and words.
        name: what their ids begin with, and their artists.

    Returns:
        The folder.
    """
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        genre, valence, energy, tone, beats = KINDS[number % len(KINDS)]
        id = f"{name} {number:02d}"
        audio.save(place / f"{id}.wav", sound(tone, beats, seconds, rng), RATE)
        (place / f"{id}.txt").write_text(lyrics(genre, rng), encoding="utf-8")
        # Every artist has a song of each genre; of five artists one is for testing, one to choose by.
        artist = number // len(KINDS) % 20
        split = {0: "test", 1: "val"}.get(artist % 5, "train")
        near = np.clip([valence, energy] + rng.uniform(-0.05, 0.05, 2), 0, 1).round(3)
        rows.append([id, f"artist of {name}s {artist}", f"Song {number}", genre, *near, split])
    columns = ["id", "artist", "title", "genre", "valence", "energy", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(place / "songs.csv", index=False)
    return place
