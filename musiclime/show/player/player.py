"""An explanation as a player: its data, its sound, and the model that answers in the page."""

import base64
import hashlib
import io
import json
from dataclasses import asdict, replace
from difflib import SequenceMatcher
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from ...data import audio as sound_tools
from ...data import lyrics as lyric_tools
from ...data.song import Song
from ...explain.explanation import SCHEMA, Explanation
from ...explain.features import Space, pieces, prepare
from ...files import slug
from .ask_ahead import ask_ahead
from .pack_model import inline_model, runs_in_page, table_of, write_model

HERE = Path(__file__).parent
SCRIPTS = ("player.js", "model_in_browser.js")
FIELDS = ("classes", "features", "weights", "errors", "intercept", "score", "probabilities") + (
    "samples",
    "seed",
    "design",
    "song",
    "provenance",
    "contrasts",
)
ROWS_WITHOUT_SCRIPT = 200
FEW_MASKS = 80


def player(
    explanation: Explanation, song: Song | None = None, assets: str | Path | None = None, predict: Any = None
) -> str:
    """Make an HTML player of an explanation, in which cells and words can be heard and muted.

    Args:
        explanation: what is shown.
        song: the song that was explained; without it there is no sound. If an explainer separated its stems,
            give `explainer.prepare(song)`.
        assets: a folder beside the page for sound, scripts and the model; None puts all into the fragment.
        predict: the model that was explained. A small model or a tagger with a table then answers every mix
            in the page. Any other model is asked now about some mixes, and the page keeps its answers.

    Returns:
        The fragment.

    Example:
        >>> import musiclime as ml, numpy as np
        >>> loud = lambda audio, lyrics: np.abs(audio).mean(1, keepdims=True)
        >>> song = ml.load_corpus("demo", size=1)[0]
        >>> explanation = ml.AudioLIME(loud, samples=50).explain(song)
        >>> ml.player(explanation).count('class="ml-player"')
        1

    (chapter *Explain*)
    """
    name = str((song and song.id) or explanation.song.get("id") or "song")
    data: dict[str, Any] = {
        "explanation": explanation_data(explanation),
        "label": explanation.row(explanation.label),
        "steady": [round(float(explanation.steady(5, label)), 3) for label in explanation.classes],
        "sung": sung_words(explanation, song),
        "sound": None,
        "truth": None,
        "model": None,
        "table": None,
    }
    if song is not None:
        data["sound"] = pack_sound(explanation, song, name, assets)
    if song is not None and predict is not None and can_be_asked(explanation):
        data |= model_data(explanation, song, name, assets, predict)
    style, scripts = style_and_scripts(assets)
    return (
        f'{style}<div class="ml-player">{title_line(explanation, song, name)}'
        f"{players_without_script(explanation, song, name, assets)}{weights_table(explanation)}"
        f'<script type="application/json">{safe_json(data)}</script></div>{scripts}'
    )


def explanation_data(explanation: Explanation) -> dict:
    """The explanation as JSON has it, which a reader can download and `Explanation.load` reads."""
    data: dict[str, Any] = {"schema": SCHEMA}
    for name in FIELDS:
        value = getattr(explanation, name)
        if name == "features":
            data[name] = [asdict(feature) for feature in value]
        elif name == "contrasts":
            # Errors of differences, of which there are many.
            data[name] = None if value is None else digits(value, 2)
        elif isinstance(value, np.ndarray):
            data[name] = digits(value, 9)
        else:
            data[name] = value
    return data


def can_be_asked(explanation: Explanation) -> bool:
    """Whether the model can be asked about a mix that the page can make.

    A muted cell is silent in the page. Where the explanation put noise or neutral music there, and where its
    features are patches of a spectrogram, the page cannot make what the model was asked about.
    """
    settings = explanation.provenance.get("settings", {})
    has_patches = any(f.modality == "audio" and f.segment < 0 for f in explanation.features)
    return settings.get("off", "silence") == "silence" and not has_patches


def model_data(
    explanation: Explanation, song: Song, name: str, assets: str | Path | None, predict: Any
) -> dict:
    """How the page finds the model's answers: the model, a table of all its answers, or some answers.

    Args:
        explanation: what is shown.
        song: the song that was explained.
        name: of the song, from which its files are named.
        assets: a folder beside the page; None puts all into the fragment.
        predict: the model that was explained.

    Returns:
        JSON for player.js under model, table or answers.
    """
    rate = getattr(predict, "sample_rate", song.sample_rate)
    inner = space(explanation, song, rate)
    table = table_of(predict, inner)
    if table is not None:
        text = json.dumps(table, separators=(",", ":"))
        key = hashlib.sha256(text.encode()).hexdigest()[:10]
        if assets is None:
            return {"table": {"key": key, "table": table}}
        script = f'(window.musiclimeTable ||= {{}})["{key}"] = {text};\n'
        return {"table": {"key": key, "src": keep(Path(assets) / f"{slug(name)}-{key}.table.js", script)}}
    if not runs_in_page(predict):
        return {"truth": ask_ahead(explanation, inner, predict)}
    # The model answers every mix; the listening study and a page whose worker is blocked need only some.
    found = {"truth": ask_ahead(explanation, inner, predict, FEW_MASKS)}
    found["model"] = inline_model(predict) if assets is None else write_model(predict, Path(assets))
    return found


def style_and_scripts(assets: str | Path | None) -> tuple[str, str]:
    """The style sheet and the scripts: in the fragment, or as files that all pages share."""
    style = (HERE / "player.css").read_text(encoding="utf-8")
    scripts = {name: (HERE / name).read_text(encoding="utf-8") for name in SCRIPTS}
    if assets is None:
        return f"<style>{style}</style>", "".join(
            f"<script>{scripts[name]}</script>" for name in SCRIPTS[::-1]
        )
    shared = Path(assets).parent
    keep(shared / "player.css", style)
    for name, script in scripts.items():
        keep(shared / name, script)
    link = '<link rel="stylesheet" href="../assets/player.css">'
    # The model's script is fetched by the player, when a reader first changes something.
    return link, '<script defer src="../assets/player.js"></script>'


def title_line(explanation: Explanation, song: Song | None, name: str) -> str:
    """Title and artist, and for a real song its licence, whose it is, and where it comes from.

    Args:
        explanation: what is shown.
        song: for licence, attribution and source; None: what the explanation knows.
        name: what stands where there is no title.

    Returns:
        HTML.
    """

    def known(what: str) -> Any:
        return escape(str(getattr(song, what, "") or explanation.song.get(what) or ""), quote=True)

    parts = [f"<strong>{known('title') or escape(name)}</strong>"]
    if known("artist"):
        parts.append(f"<span>{known('artist')}</span>")
    if name.startswith("demo-"):
        parts.append("<em>composed song</em>")
    if known("licence"):
        parts.append(f"<em>{known('licence')}</em>")
    if known("attribution") not in ("", f"{known('artist')}: {known('title')}"):
        parts.append(f"<span>{known('attribution')}</span>")
    if known("source").startswith(("https://", "http://")):
        parts.append(f'<a href="{known("source")}" rel="noopener">source</a>')
    return f'<div class="ml-title" dir="auto">{" ".join(parts)}</div>'


def safe_json(data: Any) -> str:
    """JSON that no HTML parser can leave."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def digits(values: np.ndarray, count: int) -> list:
    """Numbers with so many significant digits, as lists."""
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("a player cannot show NaN or infinity: explain the song again")
    shorter = np.vectorize(lambda value: float(f"{value:.{count}g}"), otypes=[float])
    return shorter(values).tolist()


def keep(path: Path, content: str | bytes) -> str:
    """Write a file unless it is there already, so that pages made side by side agree.

    Returns:
        Its address from a page.
    """
    if isinstance(content, str):
        content = content.encode()
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return f"../assets/{path.parent.name}/{path.name}"


def space(explanation: Explanation, song: Song, sample_rate: int) -> Space:
    """The explained features of a song, to be muted and restored, a muted cell being silent.

    An explanation that was made in this session still has them; for one that was loaded they are rebuilt.

    Args:
        explanation: what is shown.
        song: the song that was explained.
        sample_rate: in Hz, at which the space is to sound.

    Returns:
        A `Space` in which a muted cell is silent.
    """
    own = getattr(explanation, "space", None)
    if own is not None and (own.song.sample_rate == sample_rate or not song.stems):
        return replace(own, off=None)
    settings = explanation.provenance.get("settings", {})
    # The patches of SpectrogramLIME have no stem: of them only the weights are shown.
    cells = [feature for feature in explanation.features if feature.segment >= 0]
    words = [feature for feature in explanation.features if feature.modality != "audio"]
    text = explanation.song.get("lyrics", song.lyrics)
    if cells and not song.stems and settings.get("separate"):
        separated = f"the stems of song {song.id!r} came from {settings['separate']}"
        raise ValueError(f"{separated}: hand over explainer.prepare(song), which carries them")

    def one_track(audio: np.ndarray, rate: float) -> Any:
        return {"mix": audio}

    separate = None if cells else one_track
    ready = prepare(song, sample_rate, explanation.song.get("seconds"), lambda _: text, separate)
    ends = sorted({feature.end for feature in cells} or {ready.seconds})
    borders = (np.array([0, *ends]) * sample_rate).round().astype(int)
    parts = pieces(text, words, settings.get("mask_token", ""))
    return Space(ready, cells, words, None, borders, parts)


def encode_mp3(audio: np.ndarray, rate: int) -> bytes:
    """Sound as mp3."""
    file = io.BytesIO()
    how = {"format": "MP3", "compression_level": 0.3, "bitrate_mode": "VARIABLE"}
    sf.write(file, np.clip(audio, -1, 1), rate, "MPEG_LAYER_III", **how)
    return file.getvalue()


def pack_stems(stems: list, rate: int) -> dict:
    """Stems as mp3 in base64, and what a page needs to undo what the encoder did.

    Args:
        stems: arrays of the same length.
        rate: their samples a second.

    Returns:
        key, rate, coded (the rate of the mp3), samples, lead (silent samples in front), scales, mp3.
    """
    # LAME cuts what lies just under half the rate: at twice the rate nothing of the song is lost.
    coded_rate = 32000 if rate <= 16000 else 48000
    scales, packed = [], []
    for stem in stems:
        scale = float(np.abs(stem).max()) / 0.9 or 1.0
        scales.append(scale)
        packed.append(encode_mp3(sound_tools.resample(stem / scale, rate, coded_rate), coded_rate))
    return {
        "key": hashlib.sha256(b"".join(packed)).hexdigest()[:10],
        "rate": rate,
        "coded": coded_rate,
        "samples": len(stems[0]),
        # The encoder's delay and the decoder's, 576 + 529 samples, where a browser leaves them in.
        "lead": 1105 * rate / coded_rate,
        "scales": scales,
        "mp3": [base64.b64encode(mp3).decode() for mp3 in packed],
    }


def sound_beside(packed: dict, name: str, assets: str | Path | None) -> dict:
    """The packed stems without their sound, which goes into a script beside the page that play loads.

    Args:
        packed: stems as mp3, see `pack_stems`.
        name: of the song, from which its files are named.
        assets: a folder beside the page; None puts all into the fragment.

    Returns:
        The same, with the address of the script (src) in place of the sound (mp3).
    """
    if assets is None:
        return packed
    script = f'(window.musiclimeSound ||= {{}})["{packed["key"]}"] = {json.dumps(packed["mp3"])};\n'
    file = Path(assets) / f"{slug(name)}-{packed['key']}.audio.js"
    told = {key: value for key, value in packed.items() if key != "mp3"}
    return told | {"src": keep(file, script)}


def pack_sound(explanation: Explanation, song: Song, name: str, assets: str | Path | None) -> dict:
    """The stems of a song for the page, each with the row of the grid that it is heard through.

    Args:
        explanation: what is shown.
        song: the song that was explained.
        name: of the song, from which its files are named.
        assets: a folder beside the page; None puts all into the fragment.

    Returns:
        JSON for player.js: the tracks with their rows and scales, and the sound or its address.
    """
    ready = space(explanation, song, song.sample_rate).song
    stems, rate = ready.known_stems, ready.sample_rate
    rows = list(dict.fromkeys(f.stem for f in explanation.features if f.modality == "audio"))
    packed = pack_stems(list(stems.values()), rate)
    tracks = []
    for stem, scale in zip(stems, packed.pop("scales")):
        # A track without a row of its own always sounds.
        row = rows.index(stem) if stem in rows else len(rows)
        tracks.append({"row": row, "scale": scale})
    return sound_beside(packed | {"tracks": tracks}, name, assets)


def sung_words(explanation: Explanation, song: Song | None) -> list:
    """When and where in the lyrics each sung word stands: [start, end, first character, last]."""
    if song is None or not song.onsets:
        return []
    written = lyric_tools.words(explanation.song.get("lyrics", ""))
    heard = []
    for word, _, _ in song.onsets:
        spoken = lyric_tools.words(word)
        heard.append(spoken[0][0] if spoken else word)
    names = [word for word, _, _ in written]
    blocks = SequenceMatcher(None, names, heard, autojunk=False).get_matching_blocks()
    found = []
    for first_written, first_heard, size in blocks:
        for i in range(size):
            _, start, end = song.onsets[first_heard + i]
            _, first, last = written[first_written + i]
            found.append([round(float(start), 3), round(float(end), 3), first, last])
    return found


def weights_table(explanation: Explanation) -> str:
    """The text equivalent, there without any script; with it, all rows of any class."""
    table = explanation.table().head(ROWS_WITHOUT_SCRIPT)
    html = table.to_html(index=False, border=0, float_format="{:+.4f}".format)
    caption = f"<caption>Weights for {escape(explanation.label)}</caption>"
    html = html.replace("<thead>", f"{caption}<thead>", 1)
    start = '<details class="ml-table"><summary>all weights</summary><div class="ml-scroll" tabindex="0" '
    return f'{start}role="group" aria-label="Weights">{html}</div></details>'


def players_without_script(
    explanation: Explanation, song: Song | None, name: str, assets: str | Path | None
) -> str:
    """What can be heard without script: the song, and what mattered.

    Args:
        explanation: what is shown.
        song: the song that was explained; None: there is no sound.
        name: of the song, from which its files are named.
        assets: a folder beside the page; None puts all into the fragment.

    Returns:
        HTML inside noscript.
    """
    if song is None or assets is None:
        return "<noscript><p>The player needs JavaScript; the table below does not.</p></noscript>"
    inner = space(explanation, song, song.sample_rate)
    strongest = [feature for feature in explanation.top(8, modality="audio") if feature in inner.audio]
    mixes = {"the song": [True] * len(inner.audio)}
    if strongest:
        mixes["only what mattered"] = [feature in strongest for feature in inner.audio]
    players = []
    for label, audio in zip(mixes, inner.mix(np.array(list(mixes.values()), dtype=bool))):
        mp3 = encode_mp3(audio, inner.song.sample_rate)
        file = Path(assets) / f"{slug(name)}-{hashlib.sha256(mp3).hexdigest()[:10]}.mp3"
        native = f'<audio controls preload="none" aria-label="{label}" src="{keep(file, mp3)}"></audio>'
        players.append(f"<p>{label} {native}</p>")
    return f"<noscript>{''.join(players)}</noscript>"
