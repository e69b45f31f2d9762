"""What `make bench` measures, into data/measured/: python -m benchmarks.bench [speed ... tagger | check].

Times are compared in pairs that take turns, so that what else the machine does falls on both alike; ratios
are kept, and the machine, the versions and the date beside them. Songs in errors.csv are not done again.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path("data/measured")
HERE = [sys.executable, "-m", "benchmarks.bench"]
CHECK = {"masks": 300, "part": 20, "count": 5}


def about(note="") -> str:
    """Machine, versions and date, as comment lines above a table."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    names = ("numpy", "scipy", "torch", "transformers", "lime", "captum")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    cores = f"{os.cpu_count()} {platform.machine()} cores, {torch.get_num_threads()} threads"
    machine = f"{cores}, {memory:.0f} GB, {device}"
    return f"# {date.today()}; {machine}; Python {platform.python_version()}, {versions}\n# {note}\n"


def write(name, rows, note="") -> pd.DataFrame:
    OUT.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows)
    (OUT / f"{name}.csv").write_text(about(note) + table.to_csv(index=False, float_format="%.6g"))
    return table


def untrained(preset, corpus):
    """A model of the preset's size with random weights, for times do not depend on what it has learnt."""
    import torch

    from musiclime.models.classifier import LateFusion
    from musiclime.models.encoders import ENCODERS, Network, encoder
    from musiclime.models.preprocessing import word_tokenizer

    torch.manual_seed(0)
    words = word_tokenizer([song.lyrics for song in corpus], times=1)
    spec = ENCODERS[preset]
    size = {"vocab_size": len(words)} if preset == "demo" else {}
    parts = {"audio": encoder(spec["audio"], False), "lyrics": encoder(spec["lyrics"], False, **size)}
    classes = sorted(set(corpus.table["genre"]))
    architecture = {"modality": "multimodal", "fusion": "concat", "multilabel": False, "sample_rate": 16000}
    card = {"name": f"untrained {preset}", "task": "genre", "classes": classes, "architecture": architecture}
    return LateFusion(Network(**parts, classes=len(classes)), words, card)


def typical(songs, words=100):
    """The song whose lyrics are nearest to so many words."""
    return min(songs, key=lambda song: abs(len(song.lyrics.split()) - words))


def pairs(way, model, song, masks, part, count):
    """Ours and the published procedure by turns, on the same masks, of which it is given the first `part`."""
    import musiclime as ml
    from musiclime.explain.masks import draw

    from . import published

    predict = model.predict if "predict" in way else model
    options = {"classes": model.classes, "samples": masks, "design": "joint", "progress": False}
    explainer = ml.MusicLIME(predict, **options)
    space = ml.MusicLIME(model).space(song)
    drawn = draw(part + 1, len(space.audio) + len(space.lyrics), seed=0)
    published.explain(model, space, drawn[:10])
    for pair in range(count):
        model._table = (None,)
        ours, theirs = published.Clock(), published.Clock()
        with ours.towers(model.network), ours("outside"):
            found = explainer.explain(song)
        with theirs.towers(model.network):
            weights = published.explain(model, space, drawn, theirs)
        row = {"way": way, "pair": pair, "masks": masks, "part": part, "features": drawn.shape[1]}
        row["ours"], row["outside"] = sum(ours.seconds.values()), ours.seconds["outside"]
        row["published"] = sum(theirs.seconds.values()) * masks / part
        far = np.abs(weights - found.weights[found.row(found.label)]).max()
        row["difference"] = far if part == masks else np.nan
        yield row | {f"published {name}": s * masks / part for name, s in theirs.seconds.items()}


def summary(table) -> pd.DataFrame:
    """Medians over pairs: the speed-up, its ceiling (bare forward passes), and what we spend outside them."""
    towers = table["ours"] - table["outside"]
    ratios = pd.DataFrame({"ours s": table["ours"], "published s": table["published"]})
    ratios["times faster"] = table["published"] / table["ours"]
    ratios["ceiling"] = table["published"] / towers
    ratios["share of ceiling"] = towers / table["ours"]
    ratios["difference"] = table["difference"]
    keys = [table[name] for name in ("way", "torchaudio") if name in table]
    return ratios.groupby(keys, sort=False).median()


def speed_here(options):
    """The pairs of one torchaudio situation, printed as CSV for the process that asked."""
    import musiclime as ml

    corpus = ml.load_corpus("demo", size=45)
    song = typical(corpus)
    demo, runs = untrained("demo", corpus), []
    for way, masks in (("demo", 1), ("demo as a free predict", 5)):
        runs += pairs(way, demo, song, options.masks // masks, options.part, options.pairs)
    runs += pairs("demo, all masks", demo, song, 200, 200, 1)
    if options.paper:
        runs += pairs("paper", untrained("paper", corpus), song, options.paper, options.paper, options.pairs)
    pd.DataFrame(runs).to_csv(sys.stdout, index=False)


def without_libraries(folder):
    """A torchaudio without compiled libraries, which then computes in Python: it runs beside any torch."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, "torchaudio"]
    if subprocess.run(pip).returncode == 0:
        for library in Path(folder).rglob("*.so"):
            library.unlink()
    return folder


def speed(options):
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for situation in ("absent", "working"):
            env = dict(os.environ, BENCH_TORCHAUDIO=situation)
            if situation == "working":
                found = options.torchaudio or without_libraries(folder)
                env["PYTHONPATH"] = os.pathsep.join(filter(None, [found, os.environ.get("PYTHONPATH")]))
            flags = [f"--{name}={getattr(options, name)}" for name in ("masks", "part", "pairs", "paper")]
            done = subprocess.run([*HERE, "speed-here", *flags], env=env, stdout=subprocess.PIPE, check=True)
            part = pd.read_csv(pd.io.common.BytesIO(done.stdout))
            tables.append(part.assign(torchaudio=situation))
    note = "the published procedure was timed on the first `part` masks; its seconds are times masks / part"
    print(summary(write("speed", pd.concat(tables), note)).round(4).to_string())


def scaling(options):
    """Seconds and peak memory of one explanation, each in a process of its own."""
    rows = []
    for count in (1000, 5000, 20000):
        done = subprocess.run([*HERE, "scaling-here", f"--masks={count}"], stdout=subprocess.PIPE, check=True)
        seconds, megabytes = map(float, done.stdout.split())
        rows.append({"masks": count, "seconds": seconds, "peak MB": megabytes})
    print(write("scaling", rows, "joint design, untrained demo model").to_string())


def scaling_here(options):
    import musiclime as ml

    corpus = ml.load_corpus("demo", size=45)
    model, song = untrained("demo", corpus), typical(corpus)
    ml.MusicLIME(model, design="joint", samples=20, progress=False).explain(song)
    began = time.perf_counter()
    ml.MusicLIME(model, design="joint", samples=options.masks, progress=False).explain(song)
    seconds, state = time.perf_counter() - began, Path("/proc/self/status").read_text()
    # getrusage's peak begins with that of the process which started this one.
    print(seconds, int(state.partition("VmHWM:")[2].split()[0]) / 1024)


def tagger(options):
    """Seconds of one core that a song takes with the real genre model: its stems, then its explanation."""
    import torch

    import musiclime as ml
    from musiclime.models.separation import separate

    torch.set_num_threads(1)
    model = ml.load_model("genre", "multimodal", preset="real")
    songs = ml.load_corpus("real")
    rows = []
    for position in range(-1, 3):
        song = songs[max(position, 0)].excerpt(20, 12)
        began = time.process_time()
        song.stems = separate(song.audio, song.sample_rate, "hpss")
        split = time.process_time() - began
        for masks in (500, 5000):
            explainer = ml.MusicLIME(model, segments=12, samples=masks, progress=False)
            began = time.process_time()
            explainer.explain(song)
            row = {"song": song.id, "masks": masks, "stems": split, "explain": time.process_time() - began}
            if position >= 0:  # before, what is loaded and made once
                rows.append(row)
    note = "processor seconds of one thread; genre, 12 s, 12 segments, stems by hpss; real models, real songs"
    print(write("tagger", rows, note).to_string())


def check(options, recorded=OUT / "guard.csv") -> bool:
    """Whether small ratios of today reach three quarters of the recorded ones; records them if none are."""
    import musiclime as ml

    corpus = ml.load_corpus("demo", size=45)
    model, song = untrained("demo", corpus), typical(corpus)
    ways = ("demo", "demo as a free predict")
    now = summary(pd.DataFrame([row for way in ways for row in pairs(way, model, song, **CHECK)]))
    now = now[["times faster", "share of ceiling"]]
    if options.record:
        write(recorded.stem, now.reset_index(), f"medians of {CHECK}, torchaudio absent")
        print(f"recorded in {recorded}")
    before = pd.read_csv(recorded, comment="#").set_index("way")
    print(now.join(before.add_suffix(" recorded")).round(3).to_string())
    return bool((now >= 0.75 * before).all(axis=None))


def main():
    from .precision import errors

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", default=["speed", "errors", "scaling"])
    parser.add_argument("--masks", type=int, default=5000)
    parser.add_argument("--part", type=int, default=200, help="masks given to the published procedure")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--paper", type=int, default=16, help="masks for the paper's sizes; 0: without them")
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--torchaudio", help="a folder with a torchaudio that imports; else pip fetches one")
    parser.add_argument("--record", action="store_true", help="let check record today's ratios")
    options = parser.parse_args()
    known = {"speed": speed, "speed-here": speed_here, "errors": errors, "scaling": scaling}
    known |= {"scaling-here": scaling_here, "check": check, "tagger": tagger}
    return any(known[what](options) is False for what in options.what)


if __name__ == "__main__":
    if os.environ.get("BENCH_TORCHAUDIO", "absent") == "absent":
        sys.modules["torchaudio"] = None
    sys.exit(main())
