"""Fetch from every hub while the network fails at random; run by test_network.py in a process of its own.

    python tests/network/random_faults.py SEED COUNT FOLDER

Prints one line of JSON a trial: what was fetched, what went wrong, what was said, what was left on disk.
"""

import json
import os
import random
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path

import hubs


def sources(server: hubs.Hubs, place: Path) -> dict:
    """Each source as a function that fetches from it and checks what came, and the folder it fetches into."""
    sys.path[:0] = [str(Path(__file__).parents[1] / "data"), str(Path(__file__).parents[2])]
    from huggingface_hub import constants
    from test_corpora import write_merge
    from transformers import AutoModel, AutoTokenizer

    import musiclime as ml
    from musiclime import files
    from musiclime.data import authors_tables
    from musiclime.data.corpora import merge, real_songs
    from musiclime.models import separation
    from musiclime.models.hub import from_hub

    files.TIMEOUT = 0.5
    constants.HF_HUB_ETAG_TIMEOUT = constants.HF_HUB_DOWNLOAD_TIMEOUT = 0.5
    reference = os.environ.get("REFERENCE_OF_TEST")
    tokenizer = Path(reference) / "roberta-large" if reference else None
    server.add_checkpoint("roberta-large", hubs.checkpoint(place / "made", tokenizer))
    record, names = separation.PUBLISHED["umxhq"]
    server.add_record(record, hubs.separator_weights(names))
    server.add_record(merge.RECORD, {f"{merge.SET}.zip": hubs.merge_archive(write_merge, place / "merge")})
    real_songs.TABLE = place / "real_songs.csv"
    hubs.pinned_songs(server, real_songs.TABLE, real_songs.COLUMNS)
    digests = hubs.published_tables(server, authors_tables.FOLDER)
    authors_tables.TABLES.append("genre made up")
    authors_tables.LIST.loc["genre made up"] = {"file": "made_up_feature_{}.pkl", **digests}

    def hub():
        words = from_hub(AutoTokenizer, "roberta-large")("lala", return_tensors="pt")
        assert from_hub(AutoModel, "roberta-large")(**words).last_hidden_state.shape[-1] == 32

    def open_unmix():
        separation.load_separator.cache_clear()
        network, _ = separation.load_separator("umxhq")
        assert sorted(network.target_models) == ["bass", "drums", "other", "vocals"]

    def songs():
        assert len(ml.load_corpus("real")) == 3

    def tables():
        assert authors_tables.load("genre made up", download=True)[0].shape == (9, 10)

    def merge_set():
        assert len(ml.load_corpus("merge", download=True)) == 3

    cache = place / "cache"
    return {
        "the hub": (hub, place / "hub", 6),
        "umxhq": (open_unmix, cache / "hub", 5),
        "songs": (songs, cache / "songs", 7),
        "tables": (tables, cache / "published", 2),
        "MERGE": (merge_set, cache / "merge", 2),
    }


def half_files(folder: Path, server: hubs.Hubs) -> list[str]:
    """Files that hold other contents than the server has under their name.

    The hub's client keeps the beginning of a file under a name of its own, ending in .incomplete, to go on
    from there; it reads no such file as a whole one.
    """
    contents = {}
    for address, content in server.files.items():
        contents.setdefault(address.rsplit("/", 1)[-1], set()).add(content)
    found = []
    for path in folder.rglob("*"):
        if (
            path.is_dir()
            or path.suffix in (".incomplete", ".lock")
            or {".no_exist", "refs"} & set(path.parts)
        ):
            continue
        is_draft = ".part" in path.name or "unpacking-" in str(path)
        if is_draft or (path.name in contents and path.read_bytes() not in contents[path.name]):
            found.append(path.name)
    return found


def attempt(fetch) -> dict:
    """Call it; say how it ended."""
    try:
        fetch()
    except (ValueError, OSError) as error:
        return {"ended": type(error).__name__, "said": str(error)}
    except Exception:
        return {"ended": "traceback", "said": traceback.format_exc()}
    return {"ended": "fine", "said": ""}


def main(seed: int, count: int, place: Path) -> None:
    warnings.simplefilter("ignore")
    with hubs.here(place) as server:
        of = sources(server, place)
        chance = random.Random(seed)
        # Reading 140 MB of weights takes a second: a tenth of the trials.
        names = chance.choices(list(of), weights=[3, 1, 4, 4, 4], k=count)
        for name in names:
            fetch, folder, most = of[name]
            shutil.rmtree(folder, ignore_errors=True)
            fault = chance.choice(hubs.FAULTS)
            server.fail(fault, chance.randrange(most))
            start = time.monotonic()
            first = attempt(fetch)
            failed, left = server.failed, half_files(folder, server)
            server.fail("")
            second = attempt(fetch)
            seconds = round(time.monotonic() - start, 1)
            told = {
                "source": name,
                "seconds": seconds,
                "fault": fault,
                "met": failed,
                "left": left,
                "first": first,
                "second": second,
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
