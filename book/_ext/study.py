"""The listening study's trials, from built pages' players: what the model says of changed songs.

    python book/_ext/study.py FOLDER

makes FOLDER/_static/ a study of its own, of all players in FOLDER's pages; for the book Sphinx calls it.
"""

import itertools
import json
import random
import re
import shutil
import sys
from pathlib import Path

import numpy as np

PLAYER = re.compile(r'<div class="ml-player">.*?<script type="application/json">(.*?)</script>', re.S)
PAGE = Path(__file__).parents[1] / "_static"
MOST = 0.5  # of the cells, and of the words: what loses more is hardly the song any more


def answers(truth: dict) -> dict[str, list[float]]:
    """Every changed song of which the model's probabilities are known, by the names of its two masks."""
    if "pairs" in truth:
        return truth["pairs"]
    bias, eps = np.array(truth["head"]["bias"]), truth["head"]["eps"]
    known = {}
    for (audio, heard), (lyrics, read) in itertools.product(truth["audio"].items(), truth["lyrics"].items()):
        *both, mean, square = np.add(heard, read)
        logits = np.array(both) / np.sqrt(square - mean**2 + eps) + bias
        raised = np.exp(logits - logits.max())
        known[f"{audio}|{lyrics}"] = (raised / raised.sum()).tolist()
    return known


def small_changes(known: dict, cells: int, words: int) -> list[dict]:
    """The changes that take some pieces away, and not too many: what is muted, and the new answer."""
    found = []
    for name, probabilities in known.items():
        # "+" keeps a few pieces; a change here takes some away.
        if "+" in name or name == "-|-":
            continue
        muted, removed = ([int(f) for f in part[1:].split(",") if f] for part in name.split("|"))
        if len(muted) <= MOST * cells and len(removed) <= MOST * words:
            found.append({"cells": muted, "words": removed, "answer": int(np.argmax(probabilities))})
    return found


def changes(known: dict, answer: int, cells: int, words: int, rng: random.Random) -> list[dict]:
    """A change that leaves the model's answer and one, of about the same size, that flips it; or nothing."""
    found = small_changes(known, cells, words)
    flipping = [change for change in found if change["answer"] != answer]
    staying = [change for change in found if change["answer"] == answer]
    if not flipping or not staying:
        return []
    flip = rng.choice(flipping)

    def difference(change):
        return sum(abs(len(change[part]) - len(flip[part])) for part in ("cells", "words"))

    # A guess from the size of a change alone must not be better than chance.
    least = min(map(difference, staying))
    stay = rng.choice([change for change in staying if difference(change) == least])
    return [stay, flip]


def trial_of(data: dict) -> dict | None:
    """One player's trial, or None: it needs sound, cells, words, answers, and a change that flips."""
    explanation, sound, truth = data["explanation"], data["sound"], data["truth"]
    features, song = explanation["features"], explanation["song"]
    cells = sum(feature["modality"] == "audio" for feature in features)
    if not sound or not truth or not 0 < cells < len(features):
        return None
    answer = int(np.argmax(explanation["probabilities"]))
    rng = random.Random(song["id"])
    pair = changes(answers(truth), answer, cells, len(features) - cells, rng)
    if not pair:
        return None
    if "src" in sound:
        sound["src"] = "../" + sound["src"].removeprefix("../")
    return {
        **{key: song.get(key, "") for key in ("id", "title", "artist", "lyrics")},
        **{key: explanation[key] for key in ("classes", "features", "probabilities")},
        "answer": answer,
        "weights": explanation["weights"][answer],
        "changes": pair,
        "sound": sound,
    }


def trials(pages: list[Path]) -> list[dict]:
    """One trial a song, from the first player of it that makes one."""
    found = {}
    for page in pages:
        for text in PLAYER.findall(page.read_text(encoding="utf-8")):
            data = json.loads(text)
            name = data["explanation"]["song"].get("id")
            if name in found:
                continue
            trial = trial_of(data)
            if trial is not None:
                found[name] = trial
    return list(found.values())


def write(folder: Path) -> int:
    """The trials of a folder's pages into its _static/trials.js; answers how many there are."""
    pages = [page for page in sorted(folder.rglob("*.html")) if "_static" not in page.parts]
    found = trials(pages)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (folder / "_static").mkdir(exist_ok=True)
    (folder / "_static" / "trials.js").write_text(f"window.musiclimeTrials = {text};\n", encoding="utf-8")
    return len(found)


def finish(app, exception):
    if exception is None and app.builder.format == "html":
        write(Path(app.outdir))


def setup(app):
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    print(f"{write(place)} trials in {place / '_static'}")
    for name in ("listening-study.html", "listening-study.js"):
        shutil.copy(PAGE / name, place / "_static")
