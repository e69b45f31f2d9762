"""Live with a torchaudio that is fine, absent, or unloadable (its CUDA wheel beside a CPU-only torch)."""

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

# Set-up calls `mend` before anything else is known to be there.
if TYPE_CHECKING:
    import numpy as np


def works() -> bool:
    """Whether torchaudio loads; a broken one is hidden, so that transformers falls back to numpy."""
    if "torchaudio" in sys.modules:
        return sys.modules["torchaudio"] is not None
    if importlib.util.find_spec("torchaudio") is None:
        return False
    try:
        import torchaudio  # noqa: F401

        return True
    except (ImportError, OSError, RuntimeError):
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        # None is Python's own mark for "not there": find_spec answers None, an import raises ImportError.
        sys.modules["torchaudio"] = None  # type: ignore[assignment]
        _forget_in_transformers()
        return False


def _forget_in_transformers() -> None:
    """Imported before us, transformers remembers that torchaudio is installed: let it look again."""
    known = sys.modules.get("transformers.utils.import_utils")
    for question in ("_is_package_available", "is_torchaudio_available", "is_speech_available"):
        forget = getattr(getattr(known, question, None), "cache_clear", None)
        if forget is not None:
            forget()


@contextmanager
def enough_for_openunmix() -> Iterator[Any]:
    """Openunmix imports torchaudio for Resample alone, needed only away from its own rate; lend ours."""
    if works():
        yield
        return
    before = {name: sys.modules.get(name) for name in ("torchaudio", "torchaudio.transforms")}
    sys.modules["torchaudio"] = loan = ModuleType("torchaudio")
    sys.modules["torchaudio.transforms"] = transforms = ModuleType("torchaudio.transforms")
    vars(transforms)["Resample"] = _Resample
    vars(loan)["transforms"] = transforms
    try:
        yield
    finally:
        sys.modules.update(before)  # type: ignore[arg-type]  # None: see works()
        if before["torchaudio.transforms"] is None:
            del sys.modules["torchaudio.transforms"]


class _Resample:
    """What openunmix calls of torchaudio.transforms.Resample."""

    def __init__(self, orig_freq: int, new_freq: int, **_: Any) -> None:
        self.rates = orig_freq, new_freq

    def to(self, *_: Any) -> Any:
        return self

    def __call__(self, audio: "np.ndarray") -> Any:
        from ..data.audio import resample

        return resample(audio, *self.rates)


def mend() -> None:
    """At set-up: remove a torchaudio that cannot load, and say so; a good or an absent one stays as it is."""
    if works():
        return
    try:
        version = importlib.metadata.version("torchaudio")
    except importlib.metadata.PackageNotFoundError:
        return
    print(f"torchaudio {version} is installed but cannot be loaded beside this torch: removing it")
    subprocess.run([sys.executable, "-m", "pip", "uninstall", "--yes", "torchaudio"], check=True)
