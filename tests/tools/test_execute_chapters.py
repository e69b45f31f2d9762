"""The matrix of runs: what it lists, when a run is stale, what a failure does, what a page shows of it."""

import argparse
import copy
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

import chapter_matrix
import execute_chapters as runs
import launch_notebooks
import make_pages
import musiclime as ml
import warm_kernels

ROOT = Path(__file__).resolve().parents[2]
KERNEL = {"name": "python3", "display_name": "Python 3"}
HEAD = "# ---\n# jupyter:\n#   kernelspec:\n#     name: python3\n#     display_name: Python 3\n# ---\n\n"


def write(folder: Path, matrix: str, **templates: str) -> Path:
    for name, cells in templates.items():
        (folder / f"{name}.py").write_text(HEAD + "".join(f"# %%{cell}\n" for cell in cells.split("%%")))
    (folder / "runs.yml").write_text(matrix)
    return folder / "runs.yml"


def run(matrix: Path, *options: str, wait: bool = True):
    command = [
        sys.executable,
        ROOT / "tools/execute_chapters.py",
        "--matrix",
        matrix,
        "--out",
        matrix.parent / "out",
    ]
    command = [*map(str, command), *options]
    how = {"cwd": ROOT, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    # A shell starts what is in its background deaf to Ctrl-C, and children inherit that.
    how["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.run(command, **how) if wait else subprocess.Popen(command, **how)


def test_a_matrix_multiplies_and_orders(tmp_path):
    path = write(
        tmp_path,
        """
- template: explain
  each: {task: [genre, emotion], modality: [lyrics, audio]}
  parameters: {samples: 10}
  after: train-{task}
- template: train
  each: {task: [genre, emotion]}
  minutes: 3
""",
        explain="\n1",
        train="\n1",
    )
    found = chapter_matrix.read_matrix(path)
    assert [run.name for run in found[:2]] == ["train-genre", "train-emotion"]
    assert [run.name for run in found[2:]] == [
        "explain-genre-lyrics",
        "explain-genre-audio",
        "explain-emotion-lyrics",
        "explain-emotion-audio",
    ]
    assert found[3].parameters == {"samples": 10, "task": "genre", "modality": "audio"}
    assert found[3].after == ("train-genre",) and found[0].minutes == 3


@pytest.mark.parametrize(
    "matrix, complaint",
    [
        ("- {template: x, after: nobody}", "not listed"),
        ("- {template: x, after: b}\n- {template: x, name: b, after: x}", "each other"),
        ("- {template: x}\n- {template: x}", "twice"),
        ("- {template: x, minuets: 3}", "minuets"),
    ],
)
def test_a_wrong_matrix_says_what_is_wrong(tmp_path, matrix, complaint):
    with pytest.raises(ValueError, match=complaint):
        chapter_matrix.read_matrix(write(tmp_path, matrix, x="\n1"))
    with pytest.raises(FileNotFoundError, match="there is no"):
        chapter_matrix.read_matrix(write(tmp_path, "- {template: y}"))


def test_a_run_depends_on_the_files_it_imports_and_no_others(tmp_path):
    template = tmp_path / "x.py"
    template.write_text("import musiclime as ml\nml.clean_lyrics('a')\n")
    found = {file.name for file in chapter_matrix.sources(template)}
    assert {"x.py", "lyrics.py"} <= found and not {"training.py", "classifier.py", "separation.py"} & found
    template.write_text("from musiclime import load_model\n")
    found = {file.name for file in chapter_matrix.sources(template)}
    assert {"training.py", "classifier.py", "song.py", "audio.py"} <= found
    template.write_text("from musiclime.show import chapter\nchapter.player\n")
    assert "player.js" in {file.name for file in chapter_matrix.sources(template)}


def test_a_key_changes_with_what_it_depends_on_and_only_then(tmp_path):
    matrix = "- {template: a}\n- {template: b, after: a, parameters: {count: 1}}\n- {template: c}"
    path = write(tmp_path, matrix, a="\nimport musiclime", b="\n2", c="\n3")
    before = chapter_matrix.keys(chapter_matrix.read_matrix(path))
    assert chapter_matrix.keys(chapter_matrix.read_matrix(path)) == before
    (tmp_path / "a.py").write_text("import musiclime  # changed\n")
    after = chapter_matrix.keys(chapter_matrix.read_matrix(path))
    assert [before[name] != after[name] for name in "abc"] == [True, True, False]
    path.write_text(matrix.replace("count: 1", "count: 2"))
    again = chapter_matrix.keys(chapter_matrix.read_matrix(path))
    assert [after[name] != again[name] for name in "abc"] == [False, True, False]


def notebook(*cells):
    made = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    made.cells = [
        nbformat.v4.new_code_cell(text, metadata={"tags": ["parameters"]})
        if text.startswith("task")
        else nbformat.v4.new_markdown_cell(text)
        for text in cells
    ]
    return made


def test_parameters_are_known_and_told():
    source = notebook("# Title", 'task: str = "genre"\ncount: int = 3', "text")
    values = make_pages.parameterised(source, {"task": "emotion"})
    assert values == {"task": "emotion", "count": 3}
    injected = nbformat.v4.new_code_cell("# Parameters\ntask = 'emotion'\n")
    injected.metadata["tags"] = ["injected-parameters"]
    source.cells.insert(2, injected)
    shown = make_pages.page(source, values)
    assert "task **emotion**, count **3**." in shown.cells[1].source
    assert "hide-input" in shown.cells[2].metadata["tags"]
    assert shown.cells[3].source == "# What this run sets instead\ntask = 'emotion'\n"
    with pytest.raises(ValueError, match="tasks"):
        make_pages.parameterised(source, {"tasks": "emotion"})


def test_profiles_set_their_own_values(tmp_path):
    matrix = "- {template: a, parameters: {songs: 1, seeds: 2}, quick: {songs: 3}, full: {songs: 9}}"
    path = write(tmp_path, matrix, a="\n1")
    quick, full = (chapter_matrix.read_matrix(path, profile)[0] for profile in ("quick", "full"))
    assert quick.parameters == {"songs": 3, "seeds": 2} and full.parameters == {"songs": 9, "seeds": 2}
    with pytest.raises(ValueError, match="quick, full"):
        chapter_matrix.read_matrix(path, "fast")


def test_the_longest_run_begins_first(tmp_path):
    path = write(tmp_path, "- {template: a, minutes: 1}\n- {template: b, minutes: 2}", a="\n1", b="\n1")
    listed = chapter_matrix.read_matrix(path)
    assert [run.name for run in chapter_matrix.longest_first(listed, tmp_path)] == ["b", "a"]
    (tmp_path / "a.json").write_text('{"seconds": 500}')
    assert [run.name for run in chapter_matrix.longest_first(listed, tmp_path)] == ["a", "b"]


def test_a_chapter_says_the_time_that_its_run_took():
    made = notebook("**How long, on what.** {glue:text}`took`, with few songs.")
    for seconds, told in ((46.2, "46 seconds on "), (398.4, "7 minutes on ")):
        other = copy.deepcopy(made)
        make_pages.say_time(other, seconds)
        assert told in other.cells[0].source and "glue" not in other.cells[0].source


def test_a_run_leaves_out_what_does_not_concern_it():
    made = notebook(
        "# Title", 'task: str = "genre"\nmodality: str = "audio"', "both", "sound", "genre, sound"
    )
    for cell, tags in zip(
        made.cells[2:], (["only-multimodal"], ["not-lyrics"], ["only-genre", "not-lyrics"])
    ):
        cell.metadata["tags"] = tags

    def left(**parameters):
        values = make_pages.parameterised(made, parameters)
        return [cell.source for cell in made.cells[2:] if make_pages.concerns(cell, values)]

    assert left() == ["sound", "genre, sound"] and left(modality="lyrics") == []
    assert left(task="emotion", modality="multimodal") == ["both", "sound"]


def test_a_cell_that_only_keeps_values_is_not_shown():
    made = notebook("# Title")
    for text in ('chapter.glue("a", 1)\nchapter.glue(\n    "b", 2\n)', 'a = 1\nchapter.glue("a", a)'):
        made.cells.append(nbformat.v4.new_code_cell(text))
    assert [cell.metadata["tags"] for cell in make_pages.page(made, {}).cells] == [[], ["remove-cell"], []]


def test_pages_of_one_template_have_labels_of_their_own():
    text = "See {numref}`fig-grid`, {eq}`eq-sum`; fig-grids stays.\n\n$$a$$ (eq-sum)\n\n(here)=\n## Here"
    made = notebook(text, "```{figure} figures/x/fig-grid.png\n:name: fig-grid\n```")
    first, second = (cell.source for cell in make_pages.page(made, {}, "-audio").cells)
    assert "{numref}`fig-grid-audio`, {eq}`eq-sum-audio`; fig-grids stays" in first
    assert "(here-audio)=" in first and "## Here" in first
    assert "x/fig-grid.png" in second and ":name: fig-grid-audio" in second


def test_the_launchable_copy_fetches_from_the_repository_that_the_configuration_names():
    made = launch_notebooks.launchable(notebook("# T", "task = 'emotion'"), ROOT / "_config.yml")
    first = made.cells[0].source
    compile(first, "bootstrap", "exec")
    assert "{" not in first and f'"v{ml.__version__}", "https://github.com/musiclime/musiclime-book"' in first
    assert len(first.splitlines()) <= 10 and made.cells[0].metadata["jupyter"]["source_hidden"]
    assert made.cells[2].source == "task = 'emotion'"


def test_the_launchable_copy_says_what_nothing_there_would_resolve():
    said = (
        "An AUC of {glue:text}`auc-audio:.2f` {cite}`lime2016`, see {doc}`/book/how-to-read`, {doc}`it <x>`."
    )
    made = launch_notebooks.launchable(notebook("# T", "", said, "task = 'emotion'"), ROOT / "_config.yml")
    assert [cell.cell_type for cell in made.cells] == ["code", "markdown", "markdown", "code"]
    assert made.cells[1].source == f"# T\n\n{launch_notebooks.ASIDE}"
    assert made.cells[2].source == "An AUC of *auc audio* [lime2016], see *how to read*, *it*."


def test_the_launchable_copy_speaks_the_numbers_of_the_books_run():
    ran, record = notebook("# T"), "application/papermill.record/text/plain"
    ran.cells.append(nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("stream", text="auc")]))
    for name, text in (("auc", "0.8149"), ("best", "'hip hop'"), ("songs", "1350")):
        metadata = {"scrapbook": {"name": name}}
        out = nbformat.v4.new_output("display_data", {record: text}, metadata=metadata)
        ran.cells.append(nbformat.v4.new_code_cell("x", outputs=[out]))
    told = ("auc:.2f", "auc:.0%", "best", "lost:.1f", "songs:,d")
    said = ", ".join(f"{{glue:text}}`{name}`" for name in told)
    made = launch_notebooks.launchable(
        notebook("# T", said), ROOT / "_config.yml", launch_notebooks.kept_values(ran)
    )
    assert made.cells[2].source == "0.81, 81%, hip hop, *lost*, 1,350"


def test_the_bootstrap_cell_runs_where_all_is_there_and_fetches_nothing():
    first = launch_notebooks.launchable(notebook("# T"), ROOT / "_config.yml").cells[0].source
    guard = "import subprocess\nsubprocess.run = None\n"
    done = subprocess.run([sys.executable, "-c", guard + first], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert f"musiclime {ml.__version__}" in done.stdout


def test_nothing_runs_beside_a_run_that_measures_alone(tmp_path, monkeypatch):
    going, seen = set(), []

    class Looks:
        """A process that ends at the third look at it, and notes who else was going."""

        returncode = 0

        def __init__(self, name):
            self.name, self.looks = name, 0
            going.add(name)
            seen.append((name, frozenset(going)))

        def poll(self):
            self.looks += 1
            if self.looks < 3:
                return None
            going.discard(self.name)
            return 0

    def start(run, key, options):
        log = options.out / ".work" / f"{run.name}.log"
        log.write_text("")
        return runs.Started(run, Looks(run.name), time.time(), log)

    monkeypatch.setattr(runs, "start", start)
    matrix = "- {template: a}\n- {template: b, alone: true}\n- {template: c}\n- {template: d, after: b}"
    path = write(tmp_path, matrix, a="\n1\n", b="\n1\n", c="\n1\n", d="\n1\n")
    options = argparse.Namespace(out=tmp_path / "out", jobs=2, patience=1, profile="quick")
    assert runs.run_all(chapter_matrix.read_matrix(path), options) == []
    assert [name for name, _ in seen] == ["a", "c", "b", "d"]
    assert dict(seen) == {"a": {"a"}, "c": {"a", "c"}, "b": {"b"}, "d": {"d"}}


def test_a_traceback_written_in_the_last_moment_is_shown(tmp_path, monkeypatch, capsys):
    class Ends:
        """A process that writes why it failed between two looks at it."""

        returncode = None

        def __init__(self, log):
            self.log = log

        def poll(self):
            self.log.write_text("ZeroDivisionError: at the last moment")
            self.returncode = 1
            return 1

    def start(run, key, options):
        log = options.out / ".work" / f"{run.name}.log"
        log.write_text("")
        return runs.Started(run, Ends(log), time.time(), log)

    monkeypatch.setattr(runs, "start", start)
    path = write(tmp_path, "- {template: boom}", boom="\n1 / 0\n")
    options = argparse.Namespace(out=tmp_path / "out", jobs=1, patience=1, profile="quick")
    assert runs.run_all(chapter_matrix.read_matrix(path), options) == ["boom"]
    assert "ZeroDivisionError: at the last moment" in capsys.readouterr().out


@pytest.mark.slow
def test_a_failing_notebook_fails_the_build_by_name_with_its_traceback(tmp_path):
    matrix = (
        "- {template: good}\n- {template: boom, each: {task: [genre]}}\n- {template: next, after: boom-genre}"
    )
    boom = ' tags=["parameters"]\ntask: str = "x"\n%%\nnumber = 0\n\n%%\nprint(7 / number)\n'
    path = write(tmp_path, matrix, good="\n1 + 1\n", boom=boom, next="\n1\n")
    done = run(path)
    assert done.returncode == 1
    assert "FAILED: run boom-genre of" in done.stdout and "boom.py" in done.stdout
    assert "ZeroDivisionError: division by zero" in done.stdout and "print(7 / number)" in done.stdout
    assert "not run: next, because boom-genre failed" in done.stdout
    out = tmp_path / "out"
    assert (out / "good.ipynb").is_file() and not (out / "boom-genre.ipynb").exists()
    # Mended, only what is missing is run; and then nothing.
    (tmp_path / "boom.py").write_text((tmp_path / "boom.py").read_text().replace("number = 0", "number = 2"))
    assert "3 runs, 2 of them to execute" in run(path).stdout
    record = json.loads((out / "boom-genre.json").read_text())
    assert record["parameters"] == {"task": "genre"} and record["seconds"] > 0
    assert "3 runs, 0 of them to execute" in run(path).stdout


@pytest.mark.slow
def test_an_interrupted_matrix_stops_its_kernels_and_resumes(tmp_path):
    mark = tmp_path / "kernel"
    wait = f"\nimport os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\n%%\ntime.sleep(300)\n"
    path = write(tmp_path, "- {template: quick}\n- {template: long, after: quick}", quick="\n1\n", long=wait)
    process = run(path, wait=False)
    for _ in range(3000):
        if mark.is_file() and mark.read_text():
            break
        time.sleep(0.1)
    kernel = int(mark.read_text())
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert process.returncode != 0
    time.sleep(3)
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
    (tmp_path / "long.py").write_text(HEAD + "# %%\n1\n")
    assert "2 runs, 1 of them to execute" in run(path).stdout


@pytest.mark.slow
def test_a_run_over_its_minutes_is_stopped_and_fails(tmp_path):
    path = write(tmp_path, "- {template: long, minutes: 0.2}", long="\nimport time; time.sleep(300)\n")
    done = run(path)
    assert done.returncode == 1 and "it took over 0.2 minutes" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not warm_kernels.CAN_FORK, reason="only on Linux are runs forked")
def test_runs_share_what_is_imported_and_nothing_else(tmp_path):
    cells = """
import json, os, sys
before = sorted(name for name in globals() if not name.startswith("_"))
imported = "torch" in sys.modules
%%
import numpy as np
import musiclime as ml
shape = ml.load_model("genre", "lyrics").predict(None, ["a quiet river"]).shape
tools = [place for place in sys.path if place.endswith("tools")]
told = [before, imported, list(shape), tools, os.environ["MUSICLIME_PAGE"], np.random.random()]
open(PLACE + os.environ["MUSICLIME_PAGE"][-1], "w").write(json.dumps(told))
""".replace("PLACE", repr(f"{tmp_path}/told-"))
    path = write(tmp_path, "- {template: a}\n- {template: b}", a=cells, b=cells)
    done = run(path)
    assert done.returncode == 0, done.stdout
    told = [json.loads((tmp_path / f"told-{name}").read_text()) for name in "ab"]
    for name, (before, imported, shape, tools, page, _) in zip("ab", told):
        assert set(before) <= {"In", "Out", "exit", "quit", "get_ipython", "open", "json", "os", "sys"}
        assert imported and shape == [1, 9] and tools == []
        assert page == str(tmp_path / "out" / name)
    assert told[0][-1] != told[1][-1], "numbers drawn without a seed are each run's own"
