"""The demo corpus: a table of songs, and the function that composes one of its rows."""

from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from ..composer.score import CELLS, SEGMENTS, perform, rng_for, score_of
from ..composer.sounds import RATE
from ..composer.styles import SHARES, STYLES
from ..composer.words import FOREIGN, KINDS, MOOD_WORDS, choose, genre_lexicon, lexicon, sing, write
from ..labels import GENRES, emotion_of
from ..song import COLUMNS, Corpus, Song

EVIDENCE = ("genre", "audio", "lyrics", "redundant", "joint", "both")
ARTISTS = 150
# Ten artists in a row fall on these splits, nine on the nine genres: every ninety hold each pair once.
SPLITS = ("train", "train", "test", "train", "train", "val", "train", "test", "train", "train")
NAMES = """Velvet Paper Silver Northern Quiet Broken Electric Little Golden Midnight Hollow Crimson
Foxes Harbour Parade Engines Sparrows Avenue Mirrors Gardens Comets Wolves Orchestra Letters Tides"""
FIRST, SECOND = (names.split() for names in NAMES.splitlines())
# Songs change with this source, and so do models and stems made of them.
COMPOSER = Path(__file__).parents[1] / "composer"
SOURCE = sha256(b"".join(file.read_bytes() for file in [Path(__file__), *sorted(COMPOSER.glob("*.py"))]))


def load(root=None, size: int = 1350, seed: int = 0, evidence: str = "genre") -> Corpus:
    """Composed songs with planted evidence; an evidence other than "genre" names a two-class set."""
    if evidence not in EVIDENCE:
        raise ValueError(f"the demo corpus has no evidence={evidence!r}: choose {', '.join(EVIDENCE)}")
    if size < 1:
        raise ValueError(f"a demo corpus of {size} songs cannot be composed: give a size of at least 1")
    table = pd.DataFrame([_row(index, seed, evidence) for index in range(size)], columns=COLUMNS)
    name = "demo" if evidence == "genre" else f"demo-{evidence}"
    return Corpus(f"{name}-{SOURCE.hexdigest()[:6]}", table, partial(_read, seed=seed, evidence=evidence))


def in_style(style: str, seed: int = 0, valence: float = 0.5, energy: float = 0.5) -> Song:
    """A song of which every cell plays a style, its words neutral (chapter *The demo songs*)."""
    key = (seed, 7_000_000)
    score = score_of(rng_for(*key, 4), valence, energy)
    text = write(rng_for(*key, 3), [], [], [round(1 + 0.6 * score["pulses"])] * SEGMENTS, 60)
    plan = {cell: STYLES[style][cell[0]] for cell in CELLS}
    audio, stems, onsets = perform(key, score | {"sung": sing(text["sung"])}, plan)
    lyrics = "\n\n".join("\n".join(" ".join(line).capitalize() for line in part) for part in text["parts"])
    return Song(
        audio, RATE, lyrics, id=f"{style}-{seed}", title=style, genre=style, stems=stems, onsets=onsets
    )


def _row(index: int, seed: int, evidence: str) -> list:
    rng = rng_for(seed, index, 0)
    artist = index % ARTISTS
    genre = GENRES[artist % 9] if evidence == "genre" else "ab"[_bits(index, evidence)[0]]
    # As in the thesis, songs of little energy are few, and glad ones among them fewer still.
    energy = round(1 - rng.beta(1.6, 2.3) ** 1.1, 3)
    valence = round(min(1, rng.beta(2, 2.4) * (0.75 + 0.35 * energy)), 3)
    name = f"{FIRST[artist % 12]} {SECOND[artist * 7 % 13]}"
    title = f"{FIRST[rng.integers(12)]} {SECOND[rng.integers(13)]} No. {index + 1}"
    split = SPLITS[artist % 10]
    return [
        f"demo-{seed}-{index:05d}",
        name,
        title,
        genre,
        emotion_of(valence, energy),
        valence,
        energy,
        split,
    ]


def _bits(index: int, evidence: str) -> tuple[int, int | None, int | None]:
    """The label of a two-class song, what its audio says, and what its words say (None: nothing)."""
    turn = index // 10 + index
    one, two = turn % 2, turn // 2 % 2
    bits = {"audio": (one, one, None), "lyrics": (one, None, one), "redundant": (one, one, one)}
    return (bits | {"joint": (one ^ two, one, two), "both": (one & two, one, two)})[evidence]


def _plant(rng, index: int, genre: str, evidence: str) -> tuple:
    """Whose cells and whose words are planted, and how many of each."""
    if evidence != "genre":
        _, sound, word = _bits(index, evidence)
        cells, words = int(rng.integers(8, 15)), int(rng.integers(4, 8))
        return sound is not None and "ab"[sound], word is not None and "ab"[word], cells, words
    no_cells, mean_cells, no_words, mean_words = SHARES[genre]
    words = 0 if rng.random() < no_words else max(2, rng.poisson(mean_words))
    # A song tells its genre somewhere: where the words are silent, the sound is not.
    cells = 0 if words and rng.random() < no_cells / (1 - no_words) else max(3, rng.poisson(mean_cells))
    return genre, genre, int(cells), int(words)


def _spans(rng, style, count: int) -> dict:
    """Evidence cells in short runs of one stem, as players take turns, with the recipes they may play."""
    plan = {}
    while style and len(plan) < count:
        stem, start = CELLS[rng.integers(len(CELLS))]
        for segment in range(start, min(start + int(rng.integers(1, 4)), SEGMENTS)):
            if len(plan) < count:
                plan[stem, segment] = STYLES[style][stem]
    return {cell: plan[cell] for cell in CELLS if cell in plan}


def _read(row, seed: int, evidence: str, words=True, cells=True, exchange=False) -> Song:
    """Compose a song; words or cells False: neutral instead of evidence, or (exchange) of as much neutral."""
    index = int(row["id"].rsplit("-", 1)[1])
    rng, key = rng_for(seed, index, 3), (seed, index)
    score = score_of(rng_for(seed, index, 4), row["valence"], row["energy"])
    style, lexis, many_cells, many_words = _plant(rng, index, row["genre"], evidence)
    plan = _spans(rng, style, many_cells)
    own, shared = genre_lexicon(lexis) if lexis else ({k: [] for k in KINDS},) * 2
    chosen = choose(rng, own, many_words - many_words // 6) + choose(rng, shared, many_words // 6)
    mood = []
    for axis in ("valence", "energy"):
        lean = row[axis] - 0.5 + rng.normal(0, 0.08)
        words_of = lexicon(MOOD_WORDS[f"{'high' if lean > 0 else 'low'} {axis}"])
        mood += choose(rng, words_of, int(rng.integers(2, 5) if abs(lean) > 0.15 else rng.integers(0, 2)))
    room = [int(n) for n in np.clip(round(1 + 0.55 * score["pulses"]) + rng.integers(-1, 2, SEGMENTS), 2, 5)]
    text = write(rng, chosen, mood, room, int(rng.integers(45, 135)))
    blemish = rng.random()
    lyrics, sung, intact = _text(text, "" if words else "exchange" if exchange else "neutral", blemish)
    rest = [CELLS[i] for i in rng.permutation(len(CELLS)) if CELLS[i] not in plan]
    again = rest[: len(plan)] if exchange and not cells else ()
    heard, read = cells or exchange, intact and (words or exchange)
    audio, stems, onsets = perform(key, score | {"sung": sung}, plan if heard else {}, again)
    genre = {"words": text["evidence"] if read else [], "cells": list(plan) if heard else []}
    emotion = {"words": text["mood"] if intact else [], "cells": list(CELLS)}
    return Song(
        **{"audio": audio, "sample_rate": RATE, "lyrics": lyrics, "stems": stems, "onsets": onsets},
        **{name: row[name] for name in COLUMNS if name != "split"},
        evidence={"genre": genre, "emotion": emotion},
        counterpart=partial(_neutral, row, seed, evidence, words, cells),
    )


def _neutral(row, seed, evidence, had_words, had_cells, words=True, cells=True, exchange=False) -> Song:
    return _read(row, seed, evidence, had_words and not words, had_cells and not cells, exchange)


def _text(text: dict, swap: str, blemish: float) -> tuple[str, list, bool]:
    """The lyrics as a site would give them, what is sung, and whether the planted words are in them."""
    if blemish < 0.01:
        return "INSTRUMENTAL", [[("", [("", "u")])]] * SEGMENTS, False
    if blemish < 0.02:
        block = FOREIGN[int(blemish * 1e6) % len(FOREIGN)]
        lines = (block * SEGMENTS)[:SEGMENTS]
        return "\n".join(lines).capitalize(), sing([line.split()[:3] for line in lines]), False
    swaps = text.get(swap, {})
    parts = [
        "\n".join(" ".join(swaps.get(w, w) for w in line).capitalize().replace(" i ", " I ") for line in part)
        for part in text["parts"]
    ]
    if blemish < 0.03:
        parts = [f"[Verse {number}]\n{part}" for number, part in enumerate(parts, 1)]
    elif blemish < 0.04:
        parts = ["12 ContributorsDemo Lyrics", *parts[:1], "You might also like", *parts[1:], "5Embed"]
    elif blemish < 0.06:  # sung again and again, past what a model reads
        parts *= 1 + 280 // sum(len(part.split()) for part in parts)
    return "\n\n".join(parts), sing(text["sung"]), True
