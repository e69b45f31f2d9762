"""torchaudio as it is here, absent, and unloadable: the module, the towers and Open-Unmix work."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What each situation puts first on the path.
ABSENT = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchaudio":
            raise ModuleNotFoundError("No module named 'torchaudio'", name="torchaudio")
import importlib.util as util
find = util.find_spec
util.find_spec = lambda name, *rest: None if name.split(".")[0] == "torchaudio" else find(name, *rest)
sys.meta_path.insert(0, Absent())
"""
UNLOADABLE = 'raise OSError("libcudart.so.13: cannot open shared object file: No such file or directory")\n'
USE = """
import torch, musiclime as ml
from musiclime.models import torchaudio_guard
from transformers import ASTConfig, ASTModel, RobertaConfig, RobertaModel, ASTFeatureExtractor
small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
ast = ASTModel(ASTConfig(**small, max_length=64, num_mel_bins=32))
print("ast", tuple(ast(torch.zeros(1, 64, 32)).last_hidden_state.shape[::2]))
words = RobertaModel(RobertaConfig(**small, vocab_size=20, max_position_embeddings=40))
print("roberta", tuple(words(torch.tensor([[0, 5, 2]])).last_hidden_state.shape))
features = ASTFeatureExtractor()(torch.zeros(16000).numpy(), sampling_rate=16000).input_values[0]
print("features", features.shape)
with torchaudio_guard.enough_for_openunmix():
    from openunmix.model import OpenUnmix, Separator
    unmix = OpenUnmix(nb_bins=65, nb_channels=1, hidden_size=8, nb_layers=1)
    parts = Separator({"vocals": unmix}, sample_rate=16000, n_fft=128, n_hop=32, nb_channels=1, niter=0)
print("openunmix", tuple(parts(torch.rand(1, 1, 4000)).shape))
print("works", torchaudio_guard.works())
"""


def use(folder: Path, first: str = "") -> str:
    env = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", first + USE], env=env, cwd=folder, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for line in ("ast (1, 8)", "roberta (1, 3, 8)", "features (1024, 128)", "openunmix (1, 1, 1, 4000)"):
        assert line in done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("situation", ["as it is here", "absent", "unloadable"])
def test_towers_and_separation_need_no_torchaudio(tmp_path, situation):
    if situation == "absent":
        (tmp_path / "sitecustomize.py").write_text(ABSENT)
    if situation == "unloadable":
        (tmp_path / "torchaudio").mkdir()
        (tmp_path / "torchaudio" / "__init__.py").write_text(UNLOADABLE)
    out = use(tmp_path)
    if situation != "as it is here":
        assert "works False" in out


@pytest.mark.slow
def test_transformers_may_be_imported_first(tmp_path):
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio" / "__init__.py").write_text(UNLOADABLE)
    first = "import transformers\nassert transformers.utils.is_torchaudio_available()\n"
    assert "works False" in use(tmp_path, first)


@pytest.mark.slow
@pytest.mark.parametrize("source, kept", [(UNLOADABLE, False), ("", True)], ids=["unloadable", "fine"])
def test_set_up_removes_torchaudio_only_where_it_is_broken_and_says_so(tmp_path, source, kept):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    where = [str(python), "-c", "import site; print(site.getsitepackages()[0])"]
    packages = Path(subprocess.run(where, text=True, capture_output=True).stdout.strip())
    (packages / "torchaudio").mkdir()
    (packages / "torchaudio" / "__init__.py").write_text(source)
    about = packages / "torchaudio-9.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: torchaudio\nVersion: 9.9\n")
    (about / "INSTALLER").write_text("pip\n")
    (about / "RECORD").write_text("torchaudio/__init__.py,,\ntorchaudio-9.9.dist-info/METADATA,,\n")
    # The guard alone: this bare environment has none of what the module imports.
    (tmp_path / "guard.py").write_text((ROOT / "musiclime" / "models" / "torchaudio_guard.py").read_text())
    command = [str(python), "-c", "import guard; guard.mend()"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (packages / "torchaudio").exists() == kept
    assert ("removing it" in done.stdout) != kept and "9.9" in (done.stdout + "9.9" * kept)
