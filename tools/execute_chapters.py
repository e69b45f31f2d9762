"""Execute the chapters of the matrix that are stale, two at a time, into the pages of the book.

    python tools/execute_chapters.py [--only NAME ...] [--profile quick|full]

runs/<name>.ipynb is the page, runs/<name>.json its record, runs/site/launch/<name>.ipynb the copy for Colab.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import warm_kernels
from chapter_matrix import PROFILES, ROOT, Run, is_fresh, keys, longest_first, read_matrix, sources
from make_pages import execute

MAKE_PAGE = ROOT / "tools" / "make_pages.py"
NETWORKS = ROOT / "musiclime" / "models" / "classifier.py"


@dataclass
class Started:
    """A run in a process of its own."""

    run: Run
    process: "subprocess.Popen | warm_kernels.Forked"
    began: float
    log: Path


class Queue:
    """The runs that wait, those that go, and those that failed."""

    def __init__(self, waiting: list[Run], known_keys: dict, options, bar):
        self.waiting, self.keys, self.options, self.bar = waiting, known_keys, options, bar
        self.going: list[Started] = []
        self.failed: list[str] = []

    def is_busy(self) -> bool:
        return bool(self.waiting or self.going)

    def give_up_what_waits_for_failures(self) -> None:
        for run in list(self.waiting):
            lost = set(run.after) & set(self.failed)
            if lost:
                self.waiting.remove(run)
                self.failed.append(run.name)
                self.bar.write(f"not run: {run.name}, because {', '.join(sorted(lost))} failed")

    def start_what_can_start(self) -> None:
        for run in list(self.waiting):
            unfinished = {other.name for other in self.waiting}
            unfinished |= {started.run.name for started in self.going}
            if len(self.going) >= self.options.jobs or set(run.after) & unfinished:
                continue
            if self.going and (run.alone or any(started.run.alone for started in self.going)):
                continue
            self.waiting.remove(run)
            self.going.append(start(run, self.keys[run.name], self.options))
            self.bar.write(f"started {run.name}")

    def end_what_has_ended(self) -> None:
        for started in list(self.going):
            # Whether it has ended is asked before its log is read: a traceback is the last thing written.
            ended = started.process.poll() is not None
            seconds = time.time() - started.began
            too_long = seconds > 60 * started.run.minutes * self.options.patience
            if not ended and not too_long:
                continue
            stop(started.process)
            self.going.remove(started)
            self.bar.update()
            self.report(started, ended, seconds)

    def report(self, started: Started, ended: bool, seconds: float) -> None:
        run = started.run
        if ended and started.process.returncode == 0:
            self.bar.write(f"done {run.name} in {seconds:.0f} s")
            return
        self.failed.append(run.name)
        why = f"exit code {started.process.returncode}" if ended else f"it took over {run.minutes} minutes"
        text = started.log.read_text(errors="replace")
        self.bar.write(f"{text}\nFAILED: run {run.name} of {run.template} ({why})")

    def show_progress(self) -> None:
        told = []
        for started in self.going:
            cells = re.findall(r"(\d+/\d+) \[", started.log.read_text(errors="replace"))
            told.append(f"{started.run.name} cell {cells[-1] if cells else '-'}")
        self.bar.set_postfix_str("; ".join(told), refresh=False)
        self.bar.update(0)


def start(run: Run, key: str, options) -> Started:
    """Execute one run in a process of its own; Ctrl-C stays ours to pass on."""
    log = options.out / ".work" / f"{run.name}.log"
    record = {"name": run.name, "parameters": run.parameters, "minutes": run.minutes}
    record |= {"key": key, "profile": options.profile}
    log.touch()
    if warm_kernels.CAN_FORK:
        process = warm_kernels.Forked(partial(execute_in_fork, log, run.template, options.out, record))
        return Started(run, process, time.time(), log)
    command = [sys.executable, str(MAKE_PAGE), str(run.template), str(options.out), json.dumps(record)]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    return Started(run, process, time.time(), log)


def execute_in_fork(log: Path, template: Path, out: Path, record: dict) -> None:
    """In a forked process: execute a run with a forked kernel, and write what is printed to its log."""
    import tqdm

    warm_kernels.write_all_to(log)
    manager = warm_kernels.warm_kernel_manager()
    tqdm.auto.tqdm = tqdm.tqdm  # papermill's bar goes to the log, which is no notebook
    execute(template, out, record, kernel_manager_class=manager)


def share_the_cores(jobs: int) -> None:
    """Give each run its part of the cores; its libraries read these variables when they are imported."""
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // jobs)))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # A thread that waits must not spin on the core that the other run needs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Else a figure left open shows itself, without its alt text.
    os.environ["MPLBACKEND"] = "agg"


def import_what_runs_share(waiting: list[Run]) -> None:
    """Import once what each run would import again, where its runs are forked."""
    if not waiting or not warm_kernels.CAN_FORK:
        return
    warm_kernels.import_once(warm_kernels.FOR_EVERY_RUN)
    with_networks = [run for run in waiting if NETWORKS in sources(run.template)]
    if len(with_networks) > 1:
        warm_kernels.import_once(warm_kernels.FOR_MODELS)


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
    """Execute what is stale; answers the names of the runs that failed."""
    from tqdm import tqdm

    known_keys = keys(runs)
    waiting = [run for run in runs if not is_fresh(run, options.out, known_keys[run.name])]
    waiting = longest_first(waiting, options.out)
    print(f"{len(runs)} runs, {len(waiting)} of them to execute", flush=True)
    (options.out / ".work").mkdir(parents=True, exist_ok=True)
    (options.out / "site").mkdir(exist_ok=True)
    import_what_runs_share(waiting)
    tqdm.monitor_interval = 0  # its thread would not live on in a fork
    seconds_between = 0.5 if sys.stderr.isatty() else 30
    bar = tqdm(total=len(waiting), unit="run", mininterval=seconds_between, disable=not waiting)
    queue = Queue(waiting, known_keys, options, bar)
    try:
        while queue.is_busy():
            queue.give_up_what_waits_for_failures()
            queue.start_what_can_start()
            queue.end_what_has_ended()
            queue.show_progress()
            time.sleep(0.2)
    finally:
        for started in queue.going:
            stop(started.process)
        bar.close()
    return queue.failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--matrix", type=Path, default=Path("notebooks/runs.yml"))
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument(
        "--profile", choices=PROFILES, default="quick", help="small counts, or the site's own"
    )
    parser.add_argument("--only", nargs="+", help="these runs, and those that they wait for")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--patience", type=float, default=1, help="times the minutes that a run is allowed")
    options = parser.parse_args()
    runs = {run.name: run for run in read_matrix(options.matrix, options.profile)}
    wanted = set(options.only or runs)
    unknown = wanted - set(runs)
    if unknown:
        parser.error(f"no run is called {', '.join(sorted(unknown))}; there are {', '.join(runs)}")
    for run in reversed(runs.values()):
        if run.name in wanted:
            wanted |= set(run.after)
    share_the_cores(options.jobs)
    failed = run_all([run for run in runs.values() if run.name in wanted], options)
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
