"""The matrix of runs: templates x parameters, executed where stale, into the pages of the book.

    python tools/execute_chapters.py [--only NAME ...] [--matrix notebooks/runs.yml] [--out runs]

runs/<name>.ipynb is the page, runs/<name>.json its record, runs/site/launch/<name>.ipynb the copy for Colab.
"""

import argparse
import hashlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from modulefinder import ModuleFinder
from pathlib import Path

import yaml

from musiclime import PUBLIC_NAMES

ROOT = Path(__file__).resolve().parents[1]
FILE_OF = {name: file for file, names in PUBLIC_NAMES.items() for name in names}
LAUNCH = ROOT / "tools" / "make_pages.py"


@dataclass(eq=False)
class Run:
    """One notebook to execute: a template, and the values that go into its parameters cell."""

    name: str
    template: Path
    parameters: dict
    minutes: float
    after: tuple[str, ...]
    alone: bool = False  # it measures what all cores can do


def matrix(path) -> list[Run]:
    """A matrix file's runs, each after those it waits for (page *Execution times and versions*)."""
    path, runs, done = Path(path), {}, []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        if unknown := set(entry) - {"template", "name", "each", "parameters", "minutes", "after", "alone"}:
            raise ValueError(f"{path} has an entry with {', '.join(sorted(unknown))}, which no run knows")
        template = path.parent / f"{entry['template']}.py"
        if not template.is_file():
            raise FileNotFoundError(f"{path} lists {entry['template']}, but there is no {template}")
        each, after = entry.get("each", {}), entry.get("after", [])
        for values in itertools.product(*each.values()):
            chosen = dict(zip(each, values))
            name = "-".join([entry.get("name", template.stem), *map(str, values)])
            if name in runs:
                raise ValueError(f"{path} lists the run {name} twice: give one of them another name")
            waits = [text.format(**chosen) for text in ([after] if isinstance(after, str) else after)]
            parameters = entry.get("parameters", {}) | chosen
            alone = entry.get("alone", False)
            runs[name] = Run(name, template, parameters, entry.get("minutes", 5), tuple(waits), alone)
    while len(done) < len(runs):
        ready = [name for name, run in runs.items() if name not in done and set(run.after) <= set(done)]
        if not ready:
            stuck = {name: run.after for name, run in runs.items() if name not in done}
            raise ValueError(f"{path}: these wait for a run that is not listed, or for each other: {stuck}")
        done += ready
    return [runs[name] for name in done]


def sources(template: Path) -> list[Path]:
    """A template, every file of the module that it can import, and the files of data/ that these name."""
    text = template.read_text(encoding="utf-8")
    finder = ModuleFinder([str(ROOT)])
    finder.scan_code(compile(text, template.name, "exec"), finder.add_module("__main__"))
    # ml.MusicLIME is in a file that Python imports only when the name is used.
    for names in re.findall(r"\bml\.(\w+)|from musiclime import (.+)", text):
        for name in re.findall(r"\w+", " ".join(names)):
            if name in FILE_OF:
                finder.import_hook(f"musiclime.{FILE_OF[name]}")
    if "musiclime.data.corpora" in finder.modules:  # chooses among its readers by name
        finder.import_hook("musiclime.data.corpora", None, ["*"])
    found = {template} | {Path(module.__file__) for module in finder.modules.values() if module.__file__}
    found |= {file for place in {file.parent for file in found} for file in place.glob("*.[jc]s*")}
    told = "\n".join(file.read_text(encoding="utf-8") for file in found)
    return sorted(found | {f for f in (ROOT / "data").rglob("*") if f.is_file() and f.name in told})


def keys(runs: list[Run]) -> dict[str, str]:
    """What each result depends on, hashed: sources, parameters, pins, and the runs that it waits for."""
    out, pins = {}, ROOT / "constraints.txt"
    for run in runs:
        digest = hashlib.sha256(json.dumps([run.parameters, *(out[name] for name in run.after)]).encode())
        for file in [*sources(run.template), LAUNCH, *([pins] if pins.is_file() else [])]:
            digest.update(file.read_bytes())
        out[run.name] = digest.hexdigest()[:16]
    return out


def fresh(run: Run, out: Path, key: str) -> bool:
    page, record = out / f"{run.name}.ipynb", out / f"{run.name}.json"
    return page.is_file() and record.is_file() and json.loads(record.read_text())["key"] == key


def start(run: Run, key: str, options, log: Path) -> subprocess.Popen:
    """Execute one run in a process of its own; two share the cores, and Ctrl-C stays ours to pass on."""
    threads = str(max(1, (os.cpu_count() or 2) // options.jobs))
    told = json.dumps({"name": run.name, "parameters": run.parameters, "minutes": run.minutes, "key": key})
    command = [sys.executable, str(LAUNCH), str(run.template), str(options.out), told]
    env = {"OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"} | os.environ
    with log.open("w") as out:
        return subprocess.Popen(command, stdout=out, stderr=out, env=env, start_new_session=True)


def stop(process: subprocess.Popen) -> None:
    """Interrupt a run so that it takes its kernel with it; kill it where it does not listen."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                continue


def run_all(runs: list[Run], options) -> list[str]:
    """Execute what is stale, in order, two at a time; answers the names of the runs that failed."""
    from tqdm import tqdm

    known, work = keys(runs), options.out / ".work"
    waiting = [run for run in runs if not fresh(run, options.out, known[run.name])]
    print(f"{len(runs)} runs, {len(waiting)} of them to execute", flush=True)
    work.mkdir(parents=True, exist_ok=True)
    (options.out / "site").mkdir(exist_ok=True)
    going, bad = {}, []
    bar = tqdm(
        total=len(waiting), unit="run", mininterval=0.5 if sys.stderr.isatty() else 30, disable=not waiting
    )
    try:
        while waiting or going:
            for run in list(waiting):
                log = work / f"{run.name}.log"
                if lost := set(run.after) & set(bad):
                    waiting.remove(run)
                    bad.append(run.name)
                    bar.write(f"not run: {run.name}, because {', '.join(lost)} failed")
                elif (
                    len(going) < options.jobs
                    and not set(run.after) & {r.name for r in [*waiting, *going]}
                    and not any(run.alone or other.alone for other in going)
                ):
                    waiting.remove(run)
                    going[run] = start(run, known[run.name], options, log), time.time(), log
                    bar.write(f"started {run.name}")
            told = []
            for run, (process, began, log) in list(going.items()):
                # Whether it has ended is asked before its log is read: a traceback is the last thing written.
                ended = process.poll() is not None
                seconds, text = time.time() - began, log.read_text(errors="replace")
                cell = re.findall(r"(\d+/\d+) \[", text)  # papermill's own progress
                told.append(f"{run.name} cell {cell[-1] if cell else '-'}")
                late = seconds > 60 * run.minutes * options.patience
                if not ended and not late:
                    continue
                stop(process)
                del going[run]
                bar.update()
                if not ended or process.returncode:
                    bad.append(run.name)
                    late = f"it took over {run.minutes} minutes"
                    why = f"exit code {process.returncode}" if ended else late
                    bar.write(f"{text}\nFAILED: run {run.name} of {run.template} ({why})")
                else:
                    bar.write(f"done {run.name} in {seconds:.0f} s")
            bar.set_postfix_str("; ".join(told), refresh=False)
            bar.update(0)
            time.sleep(0.2)
    finally:
        for process, *_ in going.values():
            stop(process)
        bar.close()
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python tools/execute_chapters.py", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--matrix", type=Path, default=Path("notebooks/runs.yml"))
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--only", nargs="+", help="these runs, and those that they wait for")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--patience", type=float, default=1, help="times the minutes that a run is allowed")
    options = parser.parse_args()
    runs = {run.name: run for run in matrix(options.matrix)}
    wanted = set(options.only or runs)
    if unknown := wanted - set(runs):
        parser.error(f"no run is called {', '.join(unknown)}; there are {', '.join(runs)}")
    for run in reversed(runs.values()):
        wanted |= set(run.after) if run.name in wanted else set()
    failed = run_all([run for run in runs.values() if run.name in wanted], options)
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
