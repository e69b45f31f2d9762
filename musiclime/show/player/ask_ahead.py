"""The model's answers to some mixes, computed before the page is read: for models that cannot run in it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...explain.ask_model import Answers

if TYPE_CHECKING:
    from ...explain.explanation import Explanation
    from ...explain.features import Space

CURVE = 20  # features of the longest "only what mattered"
SIDE_MASKS, WHOLE_MASKS = 250, 110  # masks of one side of a late-fusion model, and whole mixes of any other
STRONGEST = 10  # features of which every pair is asked about


def spell(part: Any, on: Any) -> str:
    """The name of a mask as the page spells it: what is muted or what is kept, whichever is shorter."""
    muted = [feature for feature in part if not on[feature]]
    kept = [feature for feature in part if on[feature]]
    if len(muted) <= len(kept):
        return "-" + ",".join(map(str, muted))
    return "+" + ",".join(map(str, kept))


def likely_masks(explanation: "Explanation", cells: int) -> list[np.ndarray]:
    """Masks that a reader is likely to make, the likeliest first."""
    weights, count = explanation.weights, len(explanation.features)

    def without(muted: Any) -> Any:
        return ~np.isin(np.arange(count), muted)

    def what_mattered(label: int) -> Any:
        by_weight = np.argsort(-weights[label], kind="stable")
        ranked = [feature for feature in by_weight if weights[label, feature] > 0][:CURVE]
        masks = []
        for k in range(1, len(ranked) + 1):
            masks += [without(ranked[:k]), ~without(ranked[:k])]
        return masks

    sides = [range(cells), range(cells, count)]
    masks = [without(muted) for muted in ([], range(count), *sides)]
    stems_and_segments: dict[str | int, list[int]] = {}
    for place, feature in enumerate(explanation.features[:cells]):
        stems_and_segments.setdefault(feature.stem, []).append(place)
        stems_and_segments.setdefault(feature.segment, []).append(place)
    masks += [without(group) for group in stems_and_segments.values()]
    likeliest = np.argsort(-explanation.probabilities)[:2]
    masks += what_mattered(likeliest[0])
    strength = np.abs(weights).max(axis=0)
    ranked = np.argsort(-strength, kind="stable")
    top = ranked[:STRONGEST]
    masks += [without(top[[i, j]]) for i in range(len(top)) for j in range(i + 1, len(top))]
    masks += [without(feature) for feature in ranked]
    for label in likeliest[1:]:
        masks += what_mattered(label)
    return masks


def distinct(masks: Iterable[np.ndarray], part: Any, most: int) -> np.ndarray:
    """The first `most` masks that differ on these features.

    Args:
        masks: (features,) booleans each, the likeliest first.
        part: numbers of the features that are compared.
        most: how many masks to keep.

    Returns:
        (at most `most`, features) booleans.
    """
    found: dict[str, np.ndarray] = {}
    for mask in masks:
        found.setdefault(spell(part, mask), mask)
    return np.array(list(found.values())[:most])


def ask_ahead(explanation: "Explanation", space: "Space", predict: Any, side_masks: int = SIDE_MASKS) -> dict:
    """The model's answers to likely mixes.

    Args:
        explanation: the explanation whose player it is.
        space: the song's features.
        predict: the model.
        side_masks: how many masks of either side at most, of a late-fusion model.

    Returns:
        For a late-fusion model with LayerNorm over a concatenation: head, and for masks of either side
        the C + 2 numbers from which the page computes the answer to any two of them. Else: pairs, whole
        mixes and their answers.
    """
    from .player import digits

    cells, count = len(space.audio), len(explanation.features)
    sides = {"audio": range(cells), "lyrics": range(cells, count)}
    masks = likely_masks(explanation, cells)
    asked = Answers(predict, space, 64, {})
    if hasattr(predict, "head_audio") and joins_by_concatenation(predict):
        audio = distinct(masks, sides["audio"], side_masks)
        lyrics = distinct(masks, sides["lyrics"], side_masks)
        heard = asked.encode("audio", audio[:, :cells])
        read = asked.encode("lyrics", lyrics[:, cells:])
        numbers = {"audio": predict.head_audio(heard), "lyrics": predict.head_lyrics(read)}
        if _are_the_answers(predict, heard, read, numbers):
            told = {"head": {"bias": digits(predict.head_bias, 9), "eps": float(predict.head_eps)}}
            for side, asked_masks in (("audio", audio), ("lyrics", lyrics)):
                names = [spell(sides[side], mask) for mask in asked_masks]
                told[side] = dict(zip(names, digits(numbers[side], 8)))
            return told
    mixes = distinct_mixes(masks, sides, WHOLE_MASKS)
    answers = digits(asked.joint(mixes[:, :cells], mixes[:, cells:]), 7)
    names = ["|".join(spell(part, mask) for part in sides.values()) for mask in mixes]
    return {"pairs": dict(zip(names, answers))}


def distinct_mixes(masks: Iterable[np.ndarray], sides: dict, most: int) -> np.ndarray:
    """The first `most` masks that differ anywhere.

    Args:
        masks: (features,) booleans each, the likeliest first.
        sides: numbers of the features of "audio" and of "lyrics", as ranges.
        most: how many masks to keep.

    Returns:
        (at most `most`, features) booleans.
    """
    return distinct(masks, range(sides["lyrics"].stop), most)


def joins_by_concatenation(predict: Any) -> bool:
    """Whether a model's head hears the two embeddings side by side, as far as it can be seen."""
    network = getattr(predict, "network", None)
    return getattr(getattr(network, "head", None), "fusion", "concat") == "concat"


def _are_the_answers(predict: Any, heard: np.ndarray, read: np.ndarray, numbers: dict) -> bool:
    """Whether the numbers of the two sides tell what the model itself says: a softmax over LayerNorm."""
    few = range(min(len(heard), len(read)))
    *own, mean, square = (numbers["audio"][few] + numbers["lyrics"][few]).T
    spread = np.sqrt(square - mean**2 + predict.head_eps)
    logits = np.array(own).T / spread[:, None] + predict.head_bias
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    answers = raised / raised.sum(axis=1, keepdims=True)
    return np.allclose(answers, predict.fuse(heard[few], read[few]), atol=1e-5)
