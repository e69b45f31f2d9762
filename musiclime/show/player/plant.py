"""Plant it yourself: a composed song's evidence and neutral material, for a reader to choose between."""

from pathlib import Path
from typing import Any

from ...data import lyrics as lyric_tools
from ...data.audio import segment_borders
from ...data.song import Song
from .pack_model import inline_model, runs_in_page, write_model
from .player import HERE, keep, pack_stems, safe_json, sound_beside, style_and_scripts

SEGMENTS = 10


def plant(songs: list[tuple[Song, Song]], model: Any, assets: str | Path | None = None) -> str:
    """A page part in which a reader plants evidence, asks the model, explains its answer and marks that.

    Args:
        songs: pairs of a song whose every cell and some of whose words bear its genre, and the same song
            with neutral material in their place.
        model: a small model that can run in the page, with the songs' genres among its classes.
        assets: a folder beside the page for sound, scripts and the model; None puts all into the fragment.

    Returns:
        The HTML fragment.

    (chapter *Plant it yourself*)
    """
    if not runs_in_page(model):
        raise ValueError(
            "planting needs a model that runs in the page: take a small model of sound and words"
        )
    data = {
        "classes": list(model.classes),
        "songs": [plant_data(song, neutral, assets) for song, neutral in songs],
        "model": inline_model(model) if assets is None else write_model(model, Path(assets)),
    }
    script = (HERE / "plant.js").read_text(encoding="utf-8")
    style, scripts = style_and_scripts(assets)
    if assets is None:
        scripts += f"<script>{script}</script>"
    else:
        keep(Path(assets).parent / "plant.js", script)
        scripts += '<script defer src="../assets/plant.js"></script>'
    fallback = "<noscript><p>Planting needs JavaScript: the model runs in the page.</p></noscript>"
    told = f'<script type="application/json">{safe_json(data)}</script>'
    return f'{style}<div class="ml-player ml-plant" data-ready="plant">{fallback}{told}</div>{scripts}'


def plant_data(song: Song, neutral: Song, assets: str | Path | None) -> dict:
    """One song for the page: eight stems, and each word with its neutral counterpart.

    Args:
        song: a composed song whose every cell bears its genre.
        neutral: its neutral counterpart, of the same length.
        assets: the folder for sound; None keeps it in the data.

    Returns:
        JSON for plant.js: genre, stems, borders in seconds, tokens and sound.
    """
    if len(song.audio) != len(neutral.audio) or list(song.known_stems) != list(neutral.known_stems):
        raise ValueError(f"song {song.id!r} and its neutral counterpart differ in length or stems")
    tracks = [*song.known_stems.values(), *neutral.known_stems.values()]
    packed = pack_stems(tracks, song.sample_rate)
    scales = packed.pop("scales")
    packed["tracks"] = [{"row": row % len(song.known_stems), "scale": s} for row, s in enumerate(scales)]
    borders = segment_borders(len(song.audio), SEGMENTS) / song.sample_rate
    return {
        "genre": song.genre,
        "stems": list(song.known_stems),
        "borders": borders.tolist(),
        "tokens": paired_words(song, neutral),
        "sound": sound_beside(packed, f"plant-{song.id}", assets),
    }


def paired_words(song: Song, neutral: Song) -> list[dict]:
    """The lyrics word by word: what stands before it, the word, and the neutral word in its place."""
    own, other = lyric_tools.words(song.lyrics), lyric_tools.words(neutral.lyrics)
    if len(own) != len(other):
        raise ValueError(f"song {song.id!r} and its neutral counterpart have different numbers of words")
    tokens, done = [], 0
    for (name, start, end), (other_name, other_start, other_end) in zip(own, other):
        token = {"before": song.lyrics[done:start], "text": song.lyrics[start:end], "name": name}
        if name != other_name:
            token |= {"neutral": neutral.lyrics[other_start:other_end], "neutral_name": other_name}
        tokens.append(token)
        done = end
    tokens.append({"before": song.lyrics[done:], "text": "", "name": ""})
    return tokens
