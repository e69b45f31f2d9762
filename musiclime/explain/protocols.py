"""What an explainer asks of a model: `predict`, or three much faster methods; and what else is optional."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Predictor(Protocol):
    """A model that can be explained: sound and lyrics in, numbers out (chapter *Your model*).

    A plain function `predict(audio, lyrics)` will do as well. Offered besides, each is used:

    - name: str, what the explanation calls the model.
    - classes: a list of names, one an output.
    - sample_rate: int, the rate in Hz at which the model hears.
    - seconds: float, how much of a clip it hears at most.
    - truncate(lyrics): the part of a text that it reads.
    - device: where it computes, for the record.
    """

    def predict(self, audio: np.ndarray, lyrics: list[str]) -> np.ndarray:
        """Answer (n, samples) clips and n texts with (n, outputs) finite numbers.

        Args:
            audio: (n, samples) float32 at the model's rate.
            lyrics: n texts, one for each clip.

        Returns:
            (n, outputs) finite numbers.
        """


@runtime_checkable
class LateFusion(Protocol):
    """A model whose sound and lyrics meet only after each is encoded (chapter *How fast, how many*).

    Then every sound can be combined with every text at hardly any cost. Offered besides, each is used:

    - fuse_grid(a, t): (A, T, outputs), all pairs at once.
    - encode_cells(stems, masks): codes of the mixes that (n, segments, stems) masks make of a dict of stems,
      without mixing them.
    - costs: (of one sound, of one text), what an encoding takes, in any unit.
    """

    def encode_audio(self, audio: np.ndarray) -> np.ndarray:
        """Codes (n, d) of (n, samples) clips."""

    def encode_lyrics(self, lyrics: list[str]) -> np.ndarray:
        """Codes (n, e) of n texts."""

    def fuse(self, a: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Answer to n pairs of a sound and a text, given as codes.

        Args:
            a: (n, d) codes of the sounds, from `encode_audio`.
            t: (n, e) codes of the texts, from `encode_lyrics`; row i belongs to row i of `a`.

        Returns:
            (n, outputs) finite numbers, such as probabilities; the same as `predict` gives.
        """


@dataclass(frozen=True)
class Abilities:
    """What a model offers, with the defaults of what it does not offer.

    late_fusion: whether it is a `LateFusion`. reads: "audio" or "lyrics" where a model knows one modality
    alone and `classify` turns the codes of that one encoder into outputs, else "".
    """

    model: Any
    predict: Callable
    late_fusion: bool
    reads: str
    name: str
    classes: list[str] | None
    sample_rate: int | None
    seconds: float | None
    truncate: Callable[[str], str]
    device: str
    fuse_grid: Callable | None
    encode_cells: Callable | None
    costs: tuple[float, float]


def abilities(model: Any) -> Abilities:
    """Find out what a model or a function offers to an explainer (chapter *Your model*).

    Args:
        model: a function (audio, lyrics) -> outputs, a `Predictor`, a `LateFusion`, or both.

    Returns:
        Its `Abilities`.

    Example:
        >>> abilities(lambda audio, lyrics: audio[:, :1]).late_fusion
        False
    """
    predict = getattr(model, "predict", model)
    if not callable(predict):
        raise ValueError("predict is a function (audio, lyrics) -> outputs, or a model with .predict")
    late_fusion = isinstance(model, LateFusion)
    reads = getattr(model, "modality", "") if hasattr(model, "classify") and not late_fusion else ""
    classes = getattr(model, "classes", None)
    return Abilities(
        model=model,
        predict=predict,
        late_fusion=late_fusion,
        reads=reads if reads in ("audio", "lyrics") else "",
        name=getattr(model, "name", "") or name_of(model),
        classes=None if classes is None else [str(label) for label in classes],
        sample_rate=getattr(model, "sample_rate", None),
        seconds=getattr(model, "seconds", None),
        truncate=getattr(model, "truncate", str),
        device=str(getattr(model, "device", "cpu")),
        fuse_grid=getattr(model, "fuse_grid", None),
        encode_cells=getattr(model, "encode_cells", None),
        costs=tuple(getattr(model, "costs", (1.0, 1.0))) if late_fusion else (1.0, 1.0),
    )


def name_of(thing: Any) -> str:
    """A name that is the same in every process, which a repr is not."""
    if isinstance(thing, str):
        return thing
    fixed = "".join(f" {key}={value}" for key, value in getattr(thing, "keywords", {}).items())
    thing = getattr(thing, "func", thing)
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__qualname__)}{fixed}"
