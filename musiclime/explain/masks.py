"""Masks: which features of a song are on, drawn at random, alone or in pairs, and how LIME weighs them."""

import numpy as np

SAMPLING = ("half", "lime")


def draw(
    count: int, features: int, sampling: str = "half", seed: int | list[int] = 0, pairs: bool = False
) -> np.ndarray:
    """Draw on/off masks of a song's features, the first of them all on (chapter *Explain*).

    Fewer masks are the beginning of more, so that a later look asks only for what is new.

    Args:
        count: number of masks.
        features: number of features, the columns.
        sampling: "half" tosses a fair coin for every feature. "lime" first draws how many features are muted,
            every number from 1 to all of them with the same chance, as LIME does for text.
        seed: a number, or a list of numbers.
        pairs: after the first mask every drawn mask is followed by its mirror image, on where it is muted.

    Returns:
        (count, features) booleans, true where a feature is on.

    Example:
        >>> draw(3, 4, pairs=True).astype(int).sum(axis=0).tolist()
        [2, 2, 2, 2]
    """
    if sampling not in SAMPLING:
        raise ValueError(f"sampling is one of {', '.join(SAMPLING)}, not {sampling!r}")
    if pairs and sampling != "half":
        raise ValueError('masks come in pairs only with sampling="half": leave pairs out')
    fresh = 1 + count // 2 if pairs else count
    chance = np.random.default_rng([*np.atleast_1d(seed), 0]).random((fresh, features), dtype=np.float32)
    if sampling == "half":
        masks = chance < 0.5
    else:
        sizes = np.random.default_rng([*np.atleast_1d(seed), 1])
        muted = sizes.integers(1, max(features, 1) + 1, count)
        rank = chance.argsort(axis=1).argsort(axis=1)
        masks = rank >= muted[:, None]
    masks[:1] = True
    if pairs:
        masks = _with_mirror_images(masks)[:count]
    return masks


def _with_mirror_images(masks: np.ndarray) -> np.ndarray:
    """The first mask, then each of the others followed by its opposite."""
    drawn = masks[1:]
    both = np.stack([drawn, ~drawn], axis=1).reshape(-1, masks.shape[1])
    return np.concatenate([masks[:1], both])


def coins(count: int, features: int, seed: int | list[int] = 0, pairs: bool = False) -> np.ndarray:
    """Fair coins alone, without the mask that leaves all on, which is no toss of a coin (chapter *Explain*).

    Args:
        count: number of masks.
        features: number of features.
        seed: a number, or a list of numbers.
        pairs: rows 0 and 1, 2 and 3, ... are mirror images of each other.

    Returns:
        (count, features) booleans.

    Example:
        >>> bool((coins(4, 6) == draw(5, 6)[1:]).all())
        True
    """
    return draw(count + 1, features, "half", seed, pairs)[1:]


def kernel(masks: np.ndarray, width: float) -> np.ndarray:
    """LIME's weight of a mask, sqrt(exp(-d^2 / width^2)) (chapter *Four explainers*).

    d is the cosine distance between the mask and "all on". LIME for text takes 100 d and a width of 25, which
    is 0.25 here. MusicLIME as published took 25 without the 100.

    Args:
        masks: (count, features) booleans.
        width: in units of cosine distance.

    Returns:
        One weight for each mask.

    Example:
        >>> kernel(np.array([[True, True], [True, False]]), 0.25).round(3).tolist()
        [1.0, 0.503]
    """
    distance = 1 - np.sqrt(masks.mean(axis=1, dtype=float))
    return np.sqrt(np.exp(-((distance / width) ** 2)))
