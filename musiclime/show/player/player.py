"""An explanation as something to play: the data of the player, its sound, and what the model really says."""

import base64
import hashlib
import io
import json
from dataclasses import asdict
from difflib import SequenceMatcher
from html import escape
from pathlib import Path

import numpy as np
import soundfile as sf

from ...data import audio as _sound
from ...data import lyrics as _lyrics
from ...data.song import Song
from ...explain.ask_model import Answers
from ...explain.explanation import SCHEMA, Explanation
from ...explain.features import Space, pieces, prepare
from ..chapter import slug

HERE = Path(__file__).parent
TOP, MASKS, PAIRS = 20, 200, 60


def player(explanation: Explanation, song: Song | None = None, assets=None, predict=None) -> str:
    """The explanation as an HTML fragment to hear, question and silence (chapter *Explain*).

    assets: a folder beside the page for sound and script; None: all inline. predict: the explained model;
    given, its true answers are computed for a bounded set of mixes and shown beside the surrogate's.
    song: as explained; where its stems were separated by a function of your own, explainer.prepare(song).
    """
    told, name = explanation.song, (song and song.id) or explanation.song.get("id") or "song"
    rounded = {k: _digits(v, 9) for k, v in vars(explanation).items() if isinstance(v, np.ndarray)}
    data = {
        "explanation": {"schema": SCHEMA, **asdict(explanation), **rounded},
        "label": explanation.row(explanation.label),
        "steady": [round(float(explanation.steady(5, label)), 3) for label in explanation.classes],
        "sung": _sung(explanation, song),
        "sound": song and _pack(explanation, song, name, assets),
        "truth": truth(explanation, song, predict) if song and predict else None,
    }
    style, script = (HERE / "player.css").read_text(), (HERE / "player.js").read_text()
    if assets is None:
        style, script = f"<style>{style}</style>", f"<script>{script}</script>"
    else:
        _keep(Path(assets).parent / "player.css", style)
        _keep(Path(assets).parent / "player.js", script)
        style = '<link rel="stylesheet" href="../assets/player.css">'
        script = '<script defer src="../assets/player.js"></script>'
    title = f"<strong>{escape(str(told.get('title') or name))}</strong>"
    artist = f" <span>{escape(str(told['artist']))}</span>" if told.get("artist") else ""
    composed = " <em>composed</em>" if str(name).startswith("demo-") else ""
    return (
        f'{style}<div class="ml-player"><div class="ml-title" dir="auto">{title}{artist}{composed}</div>'
        f"{_native(explanation, song, name, assets)}{_table(explanation)}"
        f'<script type="application/json">{_json(data)}</script></div>{script}'
    )


def _json(data) -> str:
    """JSON that no HTML parser can leave."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def _digits(values, count: int):
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("a player cannot show NaN or infinity: explain the song again")
    return np.vectorize(lambda x: float(f"{x:.{count}g}"), otypes=[float])(values).tolist()


def _keep(path: Path, content: str | bytes) -> str:
    """Write what is not there already, so that pages made side by side agree; its address from a page."""
    content = content.encode() if isinstance(content, str) else content
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return f"../assets/{path.parent.name}/{path.name}"


def space(explanation: Explanation, song: Song, sample_rate: int) -> Space:
    """The explained features of a song, to be switched on and off, off being silence (chapter *Explain*)."""
    settings = explanation.provenance.get("settings", {})
    # The patches of SpectrogramLIME have no stem: of them only the weights are shown.
    cells = [feature for feature in explanation.features if feature.segment >= 0]
    words = [feature for feature in explanation.features if feature.modality != "audio"]
    text = explanation.song.get("lyrics", song.lyrics)
    if cells and not song.stems and settings.get("separate"):
        own = f"the stems of song {song.id!r} came from {settings['separate']}"
        raise ValueError(f"{own}: hand over explainer.prepare(song), which carries them")
    whole = None if cells else lambda audio, rate: {"mix": audio}
    ready = prepare(song, sample_rate, explanation.song.get("seconds"), lambda _: text, whole)
    borders = np.array([0, *sorted({feature.end for feature in cells} or {ready.seconds})]) * sample_rate
    parts = pieces(text, words, settings.get("mask_token", ""))
    return Space(ready, cells, words, None, borders.round().astype(int), parts)


def _mp3(audio, rate: int) -> bytes:
    file = io.BytesIO()
    how = {"format": "MP3", "compression_level": 0.3, "bitrate_mode": "VARIABLE"}
    sf.write(file, np.clip(audio, -1, 1), rate, "MPEG_LAYER_III", **how)
    return file.getvalue()


def _pack(explanation: Explanation, song: Song, name: str, assets) -> dict:
    """The stems as mp3 in base64: in the data, or in a script beside the page, loaded on first play."""
    stems = space(explanation, song, song.sample_rate).song.stems
    rows = list(dict.fromkeys(f.stem for f in explanation.features if f.modality == "audio"))
    # LAME cuts what lies just under half the rate: at twice the rate nothing of the song is lost.
    coded = 32000 if song.sample_rate <= 16000 else 48000
    scales = [float(np.abs(stem).max()) / 0.9 or 1.0 for stem in stems.values()]
    loud = (stem / scale for stem, scale in zip(stems.values(), scales))
    packed = [_mp3(_sound.resample(stem, song.sample_rate, coded), coded) for stem in loud]
    key = hashlib.sha256(b"".join(packed)).hexdigest()[:10]
    texts = [base64.b64encode(mp3).decode() for mp3 in packed]
    told = {
        "key": key,
        "rate": song.sample_rate,
        "samples": len(next(iter(stems.values()))),
        # The encoder's delay and the decoder's, 576 + 529 samples, where a browser leaves them in.
        "lead": round(1105 * song.sample_rate / coded),
        "tracks": [{"row": [*rows, stem].index(stem), "scale": s} for stem, s in zip(stems, scales)],
    }
    if assets is None:
        return {**told, "mp3": texts}
    script = f'(window.musiclimeSound ||= {{}})["{key}"] = {json.dumps(texts)};\n'
    return {**told, "src": _keep(Path(assets) / f"{slug(str(name))}-{key}.audio.js", script)}


def _sung(explanation: Explanation, song: Song | None) -> list:
    """When and where in the lyrics each sung word stands: [start, end, first character, last]."""
    if song is None or not song.onsets:
        return []
    said = _lyrics.words(explanation.song.get("lyrics", ""))
    heard = [(_lyrics.words(word) or [(word,)])[0][0] for word, _, _ in song.onsets]
    blocks = SequenceMatcher(None, [word for word, _, _ in said], heard, autojunk=False).get_matching_blocks()
    return [
        [*(round(float(t), 3) for t in song.onsets[b + i][1:]), *said[a + i][1:]]
        for a, b, size in blocks
        for i in range(size)
    ]


def _table(explanation: Explanation) -> str:
    """The text equivalent, there without any script; with it, all rows of any class."""
    table = explanation.table().head(200).to_html(index=False, border=0, float_format="{:+.4f}".format)
    table = table.replace("<thead>", f"<caption>Weights for {escape(explanation.label)}</caption><thead>", 1)
    start = '<details class="ml-table"><summary>all weights</summary><div class="ml-scroll" tabindex="0" '
    return f'{start}role="group" aria-label="Weights">{table}</div></details>'


def _native(explanation: Explanation, song: Song | None, name: str, assets) -> str:
    """What can be heard without script: the song, and what mattered."""
    if song is None or assets is None:
        return "<noscript><p>The player needs JavaScript; the table below does not.</p></noscript>"
    inner = space(explanation, song, song.sample_rate)
    kept = [feature for feature in explanation.top(8, modality="audio") if feature in inner.audio]
    masks = np.array([[True] * len(inner.audio), [feature in kept for feature in inner.audio]])
    players = []
    for label, audio in zip(["the song", "only what mattered"][: 1 + bool(kept)], inner.mix(masks)):
        mp3 = _mp3(audio, song.sample_rate)
        file = Path(assets) / f"{slug(str(name))}-{hashlib.sha256(mp3).hexdigest()[:10]}.mp3"
        native = f'<audio controls preload="none" aria-label="{label}" src="{_keep(file, mp3)}"></audio>'
        players.append(f"<p>{label} {native}</p>")
    return f"<noscript>{''.join(players)}</noscript>"


def _key(part, on) -> str:
    """The name of a mask as the script spells it: what is gone or what is kept, whichever is shorter."""
    gone, kept = [f for f in part if not on[f]], [f for f in part if on[f]]
    return "-" + ",".join(map(str, gone)) if len(gone) <= len(kept) else "+" + ",".join(map(str, kept))


def truth(explanation: Explanation, song: Song, predict) -> dict | None:
    """The model's answers: C + 2 numbers a mask where its late fusion offers them, else some whole mixes."""
    features, weights = explanation.features, explanation.weights
    inner = space(explanation, song, getattr(predict, "sample_rate", song.sample_rate))
    cells, count = len(inner.audio), len(features)
    without = lambda gone: ~np.isin(np.arange(count), gone)  # noqa: E731
    # Where off is not silence the surrogate answers another question than the one that can be heard.
    off = explanation.provenance.get("settings", {}).get("off", "silence")
    if cells + len(inner.lyrics) < count or off != "silence":
        return None

    def curve(label):
        order = [i for i in np.argsort(-weights[label], kind="stable") if weights[label, i] > 0][:TOP]
        return [mask for k in range(1, len(order) + 1) for mask in (without(order[:k]), ~without(order[:k]))]

    groups = {}
    for i, feature in enumerate(features[:cells]):
        groups.setdefault(feature.stem, []).append(i)
        groups.setdefault(feature.segment, []).append(i)
    first, second = (curve(label) for label in (*np.argsort(-explanation.probabilities), 0)[:2])
    single = [without(i) for i in np.argsort(-np.abs(weights).max(axis=0), kind="stable")]
    sides = range(cells), range(cells, count)
    masks = [*map(without, ([], range(count), *sides, *groups.values())), *first, *single, *second]

    def distinct(part, most):
        return np.array(list({_key(part, mask): mask for mask in masks[::-1]}.values())[::-1][:most])

    if hasattr(predict, "head_audio"):
        audio, words = (distinct(part, MASKS) for part in sides)
        ask = Answers(predict, inner, 64, {})
        a, t = ask.encode("audio", audio[:, :cells]), ask.encode("lyrics", words[:, cells:])
        x, y, few = predict.head_audio(a), predict.head_lyrics(t), range(min(len(a), len(t)))
        *own, mean, square = (x[few] + y[few]).T
        logits = np.array(own).T / np.sqrt(square - mean**2 + predict.head_eps)[:, None] + predict.head_bias
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        # Only a softmax over a concatenation under LayerNorm is told by these numbers.
        if np.allclose(raised / raised.sum(axis=1, keepdims=True), predict.fuse(a[few], t[few]), atol=1e-5):
            told = {"head": {"bias": _digits(predict.head_bias, 9), "eps": float(predict.head_eps)}}
            for name, part, side, numbers in zip(("audio", "lyrics"), sides, (audio, words), (x, y)):
                told[name] = {_key(part, m): row for m, row in zip(side, _digits(numbers, 8))}
            return told
    masks = distinct(range(count), PAIRS)
    answers = _digits(Answers(predict, inner, 64, {}).joint(masks[:, :cells], masks[:, cells:]), 7)
    return {"pairs": {"|".join(_key(part, mask) for part in sides): p for mask, p in zip(masks, answers)}}
