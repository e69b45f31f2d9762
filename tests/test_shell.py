"""The shell command: what it prints and writes, and what it refuses in a sentence."""

import os

import numpy as np
import pytest

import musiclime as ml
from musiclime.__main__ import main
from musiclime.data import audio as sound
from musiclime.models.pretrained import package_folder


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
