"""From a row of the table to a composed song: where the evidence is planted, and the song without it."""

from functools import partial

import numpy as np
import pandas as pd

from ..labels import GENRES, emotion_of
from ..song import COLUMNS, Song
from .score import CELLS, SEGMENTS, perform, rng_for, score_of
from .sounds import RATE
from .styles import SHARES, STYLES
from .words import FOREIGN, KINDS, MOOD_WORDS, choose, genre_lexicon, lexicon, sing, write

ARTISTS = 150
# Ten artists in a row fall on these splits, nine on the nine genres: every ninety hold each pair once.
SPLITS = ("train", "train", "test", "train", "train", "val", "train", "test", "train", "train")
NAMES = """Velvet Paper Silver Northern Quiet Broken Electric Little Golden Midnight Hollow Crimson
Foxes Harbour Parade Engines Sparrows Avenue Mirrors Gardens Comets Wolves Orchestra Letters Tides"""
FIRST_NAMES, SECOND_NAMES = (line.split() for line in NAMES.splitlines())
# What is wrong with a song's lyrics, as lyrics of a site are: each up to this share of all songs.
INSTRUMENTAL, FOREIGN_LANGUAGE, SECTION_TAGS, SITE_TEXT, REPEATED = 0.01, 0.02, 0.03, 0.04, 0.06


def in_style(style: str, seed: int = 0, valence: float = 0.5, energy: float = 0.5) -> Song:
    """Compose a song of which every cell plays one style, its words neutral.

    Args:
        style: a name in STYLES: one of the nine genres, "neutral", or a style of your own.
        seed: another seed, another key, other chords and other words.
        valence, energy: numbers from 0 to 1; they set mode, loudness and tempo.

    Returns:
        The song.

    (chapter *The demo songs*)
    """
    key = (seed, 7_000_000)
    score = score_of(rng_for(*key, 4), valence, energy)
    room = [round(1 + 0.6 * score["pulses"])] * SEGMENTS
    text = write(rng_for(*key, 3), [], [], room, 60)
    score["sung"] = sing(text["sung"])
    plan = {cell: STYLES[style][cell[0]] for cell in CELLS}
    audio, stems, onsets = perform(key, score, plan)
    parts = ["\n".join(" ".join(line).capitalize() for line in part) for part in text["parts"]]
    return Song(
        audio,
        RATE,
        "\n\n".join(parts),
        id=f"{style}-{seed}",
        title=style,
        genre=style,
        stems=stems,
        onsets=onsets,
    )


def table_row(index: int, seed: int, evidence: str) -> list:
    """Return what the table says of a song, in the order of COLUMNS.

    Args:
        index: the song's number in the corpus.
        seed: the corpus's seed.
        evidence: "genre", or the name of a two-class set.
    """
    rng = rng_for(seed, index, 0)
    artist = index % ARTISTS
    genre = GENRES[artist % 9]
    if evidence != "genre":
        genre = "ab"[_label_and_evidence(index, evidence)[0]]
    # As in the thesis, songs of little energy are few, and glad ones among them fewer still.
    energy = round(1 - rng.beta(1.6, 2.3) ** 1.1, 3)
    valence = round(min(1, rng.beta(2, 2.4) * (0.75 + 0.35 * energy)), 3)
    name = f"{FIRST_NAMES[artist % 12]} {SECOND_NAMES[artist * 7 % 13]}"
    title = f"{FIRST_NAMES[rng.integers(12)]} {SECOND_NAMES[rng.integers(13)]} No. {index + 1}"
    emotion = emotion_of(valence, energy)
    return [f"demo-{seed}-{index:05d}", name, title, genre, emotion, valence, energy, SPLITS[artist % 10]]


def _label_and_evidence(index: int, evidence: str) -> tuple[int, int | None, int | None]:
    """The label of a two-class song, what its audio says, and what its words say (None: nothing)."""
    turn = index // 10 + index
    one, two = turn % 2, turn // 2 % 2
    if evidence == "audio":
        return one, one, None
    if evidence == "lyrics":
        return one, None, one
    if evidence == "redundant":
        return one, one, one
    if evidence == "joint":
        return one ^ two, one, two
    return one & two, one, two  # both


def compose(
    row: pd.Series, seed: int, evidence: str, words: bool = True, cells: bool = True, exchange: bool = False
) -> Song:
    """Compose the song of a row.

    Args:
        row: a row of the table.
        seed: the corpus's seed.
        evidence: "genre", or the name of a two-class set.
        words: whether the planted words are in the lyrics; without them neutral ones are.
        cells: whether the planted cells are played; without them neutral material is.
        exchange: the control: what words or cells leave out stays, and as much neutral material is exchanged
            for other neutral material.

    Returns:
        The song, with its stems, word times, record of evidence and counterpart.
    """
    index = int(row["id"].rsplit("-", 1)[1])
    rng, key = rng_for(seed, index, 3), (seed, index)
    score = score_of(rng_for(seed, index, 4), row["valence"], row["energy"])

    style, lexis, cell_count, word_count = _evidence_of(rng, index, row["genre"], evidence)
    plan = _planted_cells(rng, style, cell_count)
    planted = _planted_words(rng, lexis, word_count)
    mood = _mood_words(rng, row)
    room = np.clip(round(1 + 0.55 * score["pulses"]) + rng.integers(-1, 2, SEGMENTS), 2, 5)
    text = write(rng, planted, mood, [int(syllables) for syllables in room], int(rng.integers(45, 135)))

    swap = ""
    if not words:
        swap = "exchange" if exchange else "neutral"
    lyrics, sung, intact = _lyrics_of(text, swap, blemish=rng.random())
    score["sung"] = sung

    played_again = []
    if exchange and not cells:
        free = [CELLS[i] for i in rng.permutation(len(CELLS)) if CELLS[i] not in plan]
        played_again = free[: len(plan)]
    evidence_is_heard = cells or exchange
    evidence_is_read = intact and (words or exchange)
    audio, stems, onsets = perform(key, score, plan if evidence_is_heard else {}, played_again)

    genre_record = {
        "words": text["evidence"] if evidence_is_read else [],
        "cells": list(plan) if evidence_is_heard else [],
    }
    emotion_record = {"words": text["mood"] if intact else [], "cells": list(CELLS)}
    return Song(
        audio,
        RATE,
        lyrics,
        stems=stems,
        onsets=onsets,
        evidence={"genre": genre_record, "emotion": emotion_record},
        counterpart=partial(_counterpart, row, seed, evidence, words, cells),
        **{name: row[name] for name in COLUMNS if name != "split"},
    )


def _counterpart(
    row: pd.Series,
    seed: int,
    evidence: str,
    had_words: bool,
    had_cells: bool,
    words: bool = True,
    cells: bool = True,
    exchange: bool = False,
) -> Song:
    """The same song with words, cells or both replaced; what was replaced before stays so."""
    return compose(row, seed, evidence, had_words and not words, had_cells and not cells, exchange)


def _evidence_of(rng: np.random.Generator, index: int, genre: str, evidence: str) -> tuple:
    """Whose cells and whose words are planted ("" for none), and how many of each."""
    if evidence != "genre":
        _, of_sound, of_words = _label_and_evidence(index, evidence)
        cell_count, word_count = int(rng.integers(8, 15)), int(rng.integers(4, 8))
        style = "" if of_sound is None else "ab"[of_sound]
        lexis = "" if of_words is None else "ab"[of_words]
        return style, lexis, cell_count, word_count

    without_cells, mean_cells, without_words, mean_words = SHARES[genre]
    word_count = 0
    if rng.random() >= without_words:
        word_count = max(2, rng.poisson(mean_words))
    # A song tells its genre somewhere: where the words are silent, the sound is not.
    cell_count = 0
    if not word_count or rng.random() >= without_cells / (1 - without_words):
        cell_count = max(3, rng.poisson(mean_cells))
    return genre, genre, int(cell_count), int(word_count)


def _planted_cells(rng: np.random.Generator, style: str, count: int) -> dict:
    """Cells in short runs of one stem, as players take turns, with the recipes they may play."""
    plan: dict = {}
    while style and len(plan) < count:
        stem, start = CELLS[rng.integers(len(CELLS))]
        end = min(start + int(rng.integers(1, 4)), SEGMENTS)
        for segment in range(start, end):
            if len(plan) < count:
                plan[stem, segment] = STYLES[style][stem]
    return {cell: plan[cell] for cell in CELLS if cell in plan}


def _planted_words(rng: np.random.Generator, lexis: str, count: int) -> list[tuple[str, str]]:
    """Words of a genre's own lexicon, and one in six of those that it shares with a relative."""
    nothing: dict[str, list[str]] = {kind: [] for kind in KINDS}
    own, shared = genre_lexicon(lexis) if lexis else (nothing, nothing)
    return choose(rng, own, count - count // 6) + choose(rng, shared, count // 6)


def _mood_words(rng: np.random.Generator, row: pd.Series) -> list[tuple[str, str]]:
    """A few words for each axis, more where the song lies far from the middle."""
    mood = []
    for axis in ("valence", "energy"):
        lean = row[axis] - 0.5 + rng.normal(0, 0.08)
        words = lexicon(MOOD_WORDS[f"{'high' if lean > 0 else 'low'} {axis}"])
        count = rng.integers(2, 5) if abs(lean) > 0.15 else rng.integers(0, 2)
        mood += choose(rng, words, int(count))
    return mood


def _lyrics_of(text: dict, swap: str, blemish: float) -> tuple[str, list, bool]:
    """The lyrics as a site would give them, what is sung, and whether the planted words are in them."""
    if blemish < INSTRUMENTAL:
        hummed = [[("", [("", "u")])]] * SEGMENTS
        return "INSTRUMENTAL", hummed, False
    if blemish < FOREIGN_LANGUAGE:
        block = FOREIGN[int(blemish * 1e6) % len(FOREIGN)]
        lines = (block * SEGMENTS)[:SEGMENTS]
        return "\n".join(lines).capitalize(), sing([line.split()[:3] for line in lines]), False

    swaps = text.get(swap, {})
    parts = [_part_as_text(part, swaps) for part in text["parts"]]
    if blemish < SECTION_TAGS:
        parts = [f"[Verse {number}]\n{part}" for number, part in enumerate(parts, 1)]
    elif blemish < SITE_TEXT:
        parts = ["12 ContributorsDemo Lyrics", *parts[:1], "You might also like", *parts[1:], "5Embed"]
    elif blemish < REPEATED:  # sung again and again, past what a model reads
        parts *= 1 + 280 // sum(len(part.split()) for part in parts)
    return "\n\n".join(parts), sing(text["sung"]), True


def _part_as_text(part: list[list[str]], swaps: dict[str, str]) -> str:
    lines = []
    for line in part:
        words = [swaps.get(word, word) for word in line]
        lines.append(" ".join(words).capitalize().replace(" i ", " I "))
    return "\n".join(lines)
