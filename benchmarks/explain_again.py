"""The worker of "explain again", run by Node, against Python: python -m benchmarks.explain_again.

Both hear the stems as a page hears them, decoded from mp3. The worker draws its own masks, Python takes 2,500
masks of sound and 2,500 of words. Writes data/measured/explain_again.csv:
for each song and number of masks, how many of the worker's 95 % intervals cover Python's values, over all
features and classes, and how well the weights for the explained class correlate with Python's.
"""

import argparse
import base64
import io
import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf

import musiclime as ml
from musiclime.data.audio import resample
from musiclime.data.song import Song
from musiclime.show.player.pack_model import pack
from musiclime.show.player.player import pack_stems

from .bench import write

SEED = 1  # a corpus of its own, which no model was trained or chosen on
TRUE_MASKS = 2500
CODE = Path(ml.__file__).parent / "show" / "player" / "model_in_browser.js"
NODE = Path(__file__).parent / "explain_again.js"


def as_heard(song: Song) -> Song:
    """A song whose stems went through mp3 and back, at their own rate."""
    rate = song.sample_rate
    packed = pack_stems(list(song.stems.values()), rate)
    heard = []
    for mp3, scale in zip(packed["mp3"], packed["scales"]):
        decoded, coded = sf.read(io.BytesIO(base64.b64decode(mp3)), dtype="float32")
        samples = round(packed["samples"] * coded / rate)
        lead = round(packed["lead"] * coded / rate)
        first = lead if len(decoded) > samples + lead / 2 else 0
        whole = np.zeros(samples, np.float32)
        part = decoded[first : first + samples]
        whole[: len(part)] = part
        heard.append(resample(whole, coded, rate) * scale)
    return replace(song, stems=dict(zip(song.stems, heard)), audio=np.sum(heard, axis=0))


def job_of(model, explanation, masks: int, seed: int) -> dict:
    """What the worker is told: the same as player.js tells it."""
    space, rate = explanation.space, int(model.sample_rate)
    cells = {(f.stem, f.segment): place for place, f in enumerate(space.audio)}
    segments = 1 + max(f.segment for f in space.audio)
    tracks = []
    for name, data in space.song.stems.items():
        text = base64.b64encode(np.asarray(data, "<f4").tobytes()).decode()
        tracks.append({"data": text, "cell": [cells[name, segment] for segment in range(segments)]})
    ends = sorted({f.end for f in space.audio})
    first = len(space.audio)
    words = [{"place": first + i, "positions": list(f.positions)} for i, f in enumerate(space.lyrics)]
    song = {
        "tracks": tracks,
        "borders": [0, *(round(end * rate) for end in ends)],
        "rate": rate,
        "text": space.song.lyrics,
        "words": words,
        "maskToken": "",
    }
    how = {
        "cells": list(range(first)),
        "words": [word["place"] for word in words],
        "masks": masks,
        "seed": seed,
        "alpha": 1,
    }
    return {"model": pack(model), "song": song, "how": how}


def looks(job: dict):
    """Yield what the worker finds with more and more masks."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(job, file)
        file.flush()
        ran = subprocess.run(["node", NODE, CODE, file.name], capture_output=True, text=True, check=True)
    for line in ran.stdout.splitlines():
        yield json.loads(line)


def rows_of(model, song, masks: int, seed: int):
    """One row for each look at one song."""
    true = ml.MusicLIME(model, samples=TRUE_MASKS, seed=seed, progress=False).explain(as_heard(song))
    label = true.row(true.label)
    for look in looks(job_of(model, true, masks, seed)):
        weights, errors = np.array(look["weights"]), np.array(look["errors"])
        inside = np.abs(weights - true.weights) < 1.96 * errors
        yield {
            "song": song.id,
            "masks": look["done"],
            "intervals": inside.size,
            "covered": int(inside.sum()),
            "label": true.label,
            "R2": true.score[label],
            "correlation": np.corrcoef(weights[label], true.weights[label])[0, 1],
        }


def main(arguments=None):
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--songs", type=int, default=10)
    ask.add_argument("--masks", type=int, default=300)
    options = ask.parse_args(arguments)
    model = ml.load_model("genre", "multimodal")
    corpus = ml.load_corpus("demo", size=options.songs, seed=SEED)
    rows = []
    for place in range(options.songs):
        rows += rows_of(model, corpus[place], options.masks, place)
        print(rows[-1], flush=True)
        write(
            "explain_again", rows, f"explain again: worker in Node against {TRUE_MASKS} x {TRUE_MASKS} masks"
        )


if __name__ == "__main__":
    main()
