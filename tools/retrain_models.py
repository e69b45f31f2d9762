"""The shipped demo models: train all anew, compare them with their cards, or stamp them for unchanged songs.

python tools/retrain_models.py             train every model and write musiclime/models/weights/
python tools/retrain_models.py --check     train, write nothing, fail where an accuracy left its interval
python tools/retrain_models.py --restamp   the code of the composer changed and its songs did not: say so
(each with --only NAME ...)
"""

import argparse
import hashlib
import json
import sys

import numpy as np

import musiclime as ml
from musiclime.models import classifier, separation, shipped_weights
from musiclime.models.evaluation import evaluate
from musiclime.models.training_data import for_each_song

# What is shipped, by the name of its folder: the arguments of load_model.
SHIPPED = {
    "genre-multimodal": {"task": "genre", "modality": "multimodal"},
    "genre-audio": {"task": "genre", "modality": "audio"},
    "genre-lyrics": {"task": "genre", "modality": "lyrics"},
    "emotion-multimodal": {"task": "emotion", "modality": "multimodal"},
    "emotion-audio": {"task": "emotion", "modality": "audio"},
    "emotion-lyrics": {"task": "emotion", "modality": "lyrics"},
    # Never trained on muted cells or dropped words, for *When it fails* and the exam.
    "genre-multimodal-plain": {"task": "genre", "modality": "multimodal", "augment": False},
}
SEPARATOR = "separator"


def digest_of_songs(corpus) -> str:
    """A digest of every song's sound and lyrics: what trained models really depend on."""
    digest = hashlib.sha256()
    for song in for_each_song(_digest_of_song, corpus):
        digest.update(song)
    return digest.hexdigest()


def _digest_of_song(corpus, position: int) -> bytes:
    song = corpus[position]
    stems = b"".join(stem.tobytes() for stem in song.stems.values())
    return hashlib.sha256(stems + song.lyrics.encode()).digest()


def measure(models: list, corpus) -> list[dict]:
    """What the cards of models say of the test songs; every song is composed once."""
    test = corpus.split("test")
    found = []
    for measures in evaluate(models, test, progress=False):
        found.append(
            {
                "songs": len(test),
                "accuracy": float(measures["accuracy"]),
                "accuracy_replaced": float(measures["replaced"]["both replaced"]),
            }
        )
    return found


def ship(models: dict, corpus) -> None:
    """Write models in half precision, and on their cards how well they do so."""
    rounded = {}
    for name, model in models.items():
        folder = shipped_weights.FOLDER / name
        classifier.save(model, folder, half=True)
        rounded[name] = classifier.load(folder, "cpu")
    for (name, model), test in zip(rounded.items(), measure(list(rounded.values()), corpus)):
        model.card |= {"name": name, "test": test}
        classifier.save(model, shipped_weights.FOLDER / name, half=True)
        print(f"{name}: {test}", flush=True)


def write_digests(songs: str) -> None:
    """The digest of every weights file, and of the songs that all were trained on."""
    found = {"songs": songs}
    for file in sorted(shipped_weights.FOLDER.glob("*/*.safetensors")):
        found[file.parent.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    text = json.dumps(found, indent=1) + "\n"
    (shipped_weights.FOLDER / "digests.json").write_text(text, encoding="utf-8")


def restamp(corpus) -> None:
    """Write the corpus's present name on every card, if its songs are what they were."""
    songs = digest_of_songs(corpus)
    if songs != shipped_weights.digests()["songs"]:
        sys.exit("the composed songs have changed: train the models anew (make models)")
    about = {"name": corpus.name, "fingerprint": corpus.fingerprint, "songs": len(corpus)}
    for file in sorted(shipped_weights.FOLDER.glob("*/card.json")):
        card = json.loads(file.read_text(encoding="utf-8"))
        card["corpus"] = about
        file.write_text(json.dumps(card, indent=1, allow_nan=False), encoding="utf-8")
    print(f"the songs are unchanged: every card names {corpus.name}")


def check(models: dict, corpus) -> list[str]:
    """Why models trained anew are not as good as the shipped ones; an empty list where they are."""
    problems = []
    for name, now in zip(models, measure(list(models.values()), corpus)):
        card = shipped_weights.cards()[name]["test"]
        error = np.sqrt(2 * card["accuracy"] * (1 - card["accuracy"]) / card["songs"])
        apart = abs(now["accuracy"] - card["accuracy"])
        print(f"{name}: {now['accuracy']:.3f}, its card says {card['accuracy']:.3f}", flush=True)
        if apart > 2 * error:
            problems.append(f"{name} is {apart:.3f} off its card; two standard errors are {2 * error:.3f}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[*SHIPPED, SEPARATOR], default=[*SHIPPED, SEPARATOR])
    parser.add_argument("--check", action="store_true", help="compare with the cards, write nothing")
    parser.add_argument("--restamp", action="store_true", help="the songs are unchanged, only code is not")
    options = parser.parse_args()
    corpus = ml.load_corpus("demo")
    if options.restamp:
        restamp(corpus)
        return 0
    models = {}
    for name in options.only:
        if name in SHIPPED:
            models[name] = ml.load_model(**SHIPPED[name], corpus=corpus, retrain=True)
    if options.check:
        problems = check(models, corpus)
        print(*problems, sep="\n", file=sys.stderr)
        return bool(problems)
    ship(models, corpus)
    if SEPARATOR in options.only:
        separation.ship_demo()
    write_digests(digest_of_songs(corpus))
    return 0


if __name__ == "__main__":
    sys.exit(main())
