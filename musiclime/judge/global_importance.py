"""From local to global: the weights of many songs, summed by class, with the errors that such sums carry.

S_c are the songs that the model classifies as c; of each, only the weights of that class are read. What is
not seen is 0: a class without songs is a row of zeros, a word in none of its songs has importance 0 there.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from ..data.song import STEMS
from ..explain.explanation import Explanation

CELL = re.compile(rf"({'|'.join(STEMS)})(\d+)")
HOW = ("lime", "average", "homogeneity")
# Of each class and feature: songs with a weight, songs with a positive one, and sums over the songs.
MOMENTS = ("songs", "positive songs", "absolute", "positive", "signed", "square", "noise", "noise square")


def homogeneity(sums: pd.DataFrame) -> pd.Series:
    """1 - (H - Hmin) / (Hmax - Hmin) of each feature (chapter *Aggregate*).

    1 for all where every entropy is the same; a feature in one class only, or without weight, has entropy 0.
    """
    roots = np.sqrt(np.abs(sums.fillna(0.0)))
    shares = roots / roots.sum().where(lambda total: total > 0, 1.0)
    entropy = -(shares * np.log(shares.where(shares > 0, 1.0))).sum()
    spread = entropy.max() - entropy.min()
    # Equal shares give entropies that differ in the last digits only: that is no difference.
    return 1.0 - (entropy - entropy.min()) / spread if spread > 1e-12 else entropy * 0.0 + 1.0


def importance(sums: pd.DataFrame, counts: pd.DataFrame, how: str = "average") -> pd.DataFrame:
    """The thesis's three importances from tables of summed weights and counts (chapter *Aggregate*).

    lime: sqrt(sum); average: sum / count; homogeneity: lime times the factor of `homogeneity`. The root of a
    negative sum (signed weights) keeps its sign.
    """
    if how not in HOW:
        raise ValueError(f"how is one of {', '.join(HOW)}, not {how!r}")
    if set(sums.index) != set(counts.index) or set(sums.columns) != set(counts.columns):
        raise ValueError("sums and counts hold not the same classes and features: take both from one tally")
    sums = sums.fillna(0.0).astype(float)
    counts = counts.reindex_like(sums).fillna(0).astype(float)
    if (counts < 0).to_numpy().any() or ((counts == 0) & (sums != 0)).to_numpy().any():
        raise ValueError("a sum without a count: every summed weight must be counted in counts")
    if how == "average":
        return sums / counts.where(counts > 0, 1.0)
    root = np.sign(sums) * np.sqrt(np.abs(sums))
    return root * homogeneity(sums) if how == "homogeneity" else root


def base_form(word: str) -> str:
    """A word without its commonest endings: loves, loved, loving, lovin are one (chapter *Aggregate*)."""
    word = re.sub(r"['’](s|in)?$", "", word)
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and re.search(r"(ss|x|z|ch|sh)es$", word):
        word = word[:-2]
    elif len(word) > 3 and re.search(r"[^sui]s$", word):
        word = word[:-1]
    shorter = re.sub(r"(?<=[^aeiou])(ing|ed|in)$", "", word)
    if len(shorter) < len(word) and len(shorter) > 2 and re.search("[aeiouy]", shorter):
        word = re.sub(r"([^aeiouls])\1$", r"\1", shorter)
    return word if len(word) < 4 or word.endswith(("are", "ere")) else word.removesuffix("e")


def _key(feature, pool: bool) -> tuple[str, str]:
    if feature.modality == "audio":
        return "audio", feature.name
    # "line 4" says nothing across songs; the line itself does.
    name = feature.text.casefold() if feature.name.startswith("line ") and feature.text else feature.name
    return feature.modality, base_form(name) if pool else name


def _each(explanations):
    """Explanations, given or saved, and the row of the class that the model gives each."""
    for explanation in explanations:
        if not isinstance(explanation, Explanation):
            explanation = Explanation.load(explanation)
        yield explanation, int(np.argmax(explanation.probabilities))


def tally(explanations: Iterable, pool: bool = False) -> pd.DataFrame:
    """Sums over songs for each class and feature, in one pass and bounded memory (chapter *Aggregate*).

    explanations: Explanation objects, or paths of saved ones, in any iterable. pool: inflected forms of a
    word count as one, shown as the shortest form seen. .attrs["songs"] of the table: songs of each class.
    """
    index, shown, classes = {}, {}, None
    for explanation, row in _each(explanations):
        if classes is None:
            classes = list(explanation.classes)
            totals, songs = np.zeros((len(classes), len(MOMENTS), 1024)), np.zeros(len(classes), dtype=int)
        name = f"explanation of song {explanation.song.get('id', '')!r}"
        if list(explanation.classes) != classes:
            raise ValueError(f"{name} has other classes than those before it: aggregate one task at a time")
        weights, noise = np.asarray(explanation.weights[row], float), np.asarray(explanation.errors[row]) ** 2
        if not np.isfinite(weights).all():
            raise ValueError(f"{name} holds weights that are no numbers: explain the song again")
        keys = [_key(feature, pool) for feature in explanation.features]
        for key, feature in zip(keys, explanation.features):
            if key not in shown or (pool and len(feature.name) < len(shown[key])):
                shown[key] = feature.name if pool or key[0] == "audio" else key[1]
        places = np.array([index.setdefault(key, len(index)) for key in keys], dtype=int)
        # Two forms in one song are one feature that is off when both are: their weights add.
        places, groups = np.unique(places, return_inverse=True)
        weights, noise = np.bincount(groups, weights), np.bincount(groups, noise)
        while len(index) > totals.shape[2]:
            totals = np.concatenate([totals, np.zeros_like(totals)], axis=2)
        square, there = weights**2, weights != 0
        up = np.maximum(weights, 0.0)
        rows = [there, up > 0, np.abs(weights), up, weights, square, there * noise, there * noise**2]
        totals[row][:, places] += np.array(rows, dtype=float)
        songs[row] += 1
    if classes is None:
        raise ValueError("there are no explanations to aggregate: give at least one")
    row, place = np.nonzero(totals[:, 0, : len(index)])
    keys = list(index)
    table = pd.DataFrame(totals[row, :, place], columns=list(MOMENTS))
    table.insert(0, "class", np.array(classes, dtype=object)[row])
    # A word may be spelled like a cell; then the word says that it is one.
    taken = {shown[key] for key in keys if key[0] == "audio"}
    names = [f"{shown[k]} (word)" if k[0] != "audio" and shown[k] in taken else shown[k] for k in keys]
    table.insert(1, "feature", [names[i] for i in place])
    table.insert(2, "modality", [keys[i][0] for i in place])
    table.attrs["songs"] = dict(zip(classes, songs.tolist()))
    return table


def sums_and_counts(table: pd.DataFrame, sign: str = "absolute") -> tuple[pd.DataFrame, pd.DataFrame]:
    """A tally as two tables, class x feature, features as they were met (chapter *Aggregate*)."""
    if sign not in ("absolute", "positive", "signed"):
        raise ValueError(f"sign is absolute, positive or signed, not {sign!r}")
    count = "positive songs" if sign == "positive" else "songs"
    seen = table[table[count] > 0]
    wide = seen.pivot(index="class", columns="feature", values=[sign, count])
    features = pd.unique(seen["feature"])
    shape = {"index": list(table.attrs["songs"]), "columns": features}
    return tuple(wide[name].reindex(**shape).fillna(0.0) for name in (sign, count))


def aggregate(explanations: Iterable, how: str = "average", sign: str = "absolute") -> pd.DataFrame:
    """Class x feature: what matters to the model in the songs that it gives a class (chapter *Aggregate*).

    how: "average", "lime" or "homogeneity" as the thesis prints them. sign: "absolute" sums sizes; "positive"
    as the authors ran it, leaves negative weights out of sum and count; "signed" lets them cancel.
    """
    return importance(*sums_and_counts(tally(explanations), sign), how)


def summary(table: pd.DataFrame, support: int = 5, level: float = 0.95) -> pd.DataFrame:
    """A tally with what published aggregates lack: errors, debiased size, FDR (chapter *Aggregate*).

    mean and its error (between songs and within a song together); between and within: the two standard
    deviations of one song's weight; power: the mean of W^2 - SE^2, from which the noise is gone, and its
    interval low..high (no upper end below 8 songs); q: the false-discovery rate, Benjamini-Hochberg over all
    cells of the table with at least `support` songs, NaN below.
    """
    table = table.copy()
    n, noise = table["songs"], table["noise"] / table["songs"]
    table["mean"] = table["signed"] / n
    spread = ((table["square"] - n * table["mean"] ** 2) / (n - 1).where(n > 1)).clip(lower=0.0)
    table["error"] = np.sqrt(np.maximum(spread.fillna(noise), noise) / n)
    table["within"] = np.sqrt(noise)
    table["between"] = np.sqrt((spread - noise).clip(lower=0.0))
    table["power"] = table["square"] / n - noise
    # Which powers t make the measured one likely? With songs' true weights about normal, Var(W^2 - SE^2) is
    # 2 (t + SE^2)^2: the ends solve a quadratic, and t = 0 has the spread of a feature that does nothing.
    z = stats.norm.ppf((1 + level) / 2)
    k = 2 * z**2 / n
    fourth = table["noise square"] / n
    root = np.sqrt(k * ((table["power"] + noise) ** 2 + (fourth - noise**2) * (1 - k)).clip(lower=0.0))
    table["low"] = (table["power"] + k * noise - root) / (1 - k)
    table["high"] = ((table["power"] + k * noise + root) / (1 - k)).where(k < 1, np.inf)
    tested = (n >= max(support, 2)) & (table["error"] > 0)
    table["q"] = np.nan
    if tested.any():
        p = 2 * stats.t.sf(np.abs(table["mean"] / table["error"])[tested], n[tested] - 1)
        table.loc[tested, "q"] = stats.false_discovery_control(p)
    return table


def grid(row: pd.Series) -> pd.DataFrame:
    """The stem x segment cells of a class's importances; sum(axis=1): by stem (chapter *Aggregate*)."""
    found = [(m[1], int(m[2]), row[m[0]]) for m in map(CELL.fullmatch, row.index) if m]
    if not found:
        raise ValueError("these importances hold no stem x segment cells: take those of an audio model")
    table = pd.DataFrame(found).pivot(index=0, columns=1, values=2).rename_axis(index=None, columns=None)
    return table.reindex([stem for stem in STEMS if stem in table.index])


def words(row: pd.Series) -> pd.Series:
    """What is no stem x segment cell: the words, most important first (chapter *Aggregate*)."""
    return row[~row.index.str.fullmatch(CELL)].sort_values(ascending=False, kind="stable")


def shares(explanations: Iterable, sign="positive", beyond=2.0, draws=1000, seed=0) -> pd.DataFrame:
    """The lyrics' share of each class's summed weight, in its 95 % bootstrap interval (chapter *Aggregate*).

    sign: "positive" (what speaks for the class) or "absolute"; beyond: weights within so many of their errors
    count as 0, since hundreds of nothings have a share, too; the interval draws songs.
    """
    songs = []
    for explanation, row in _each(explanations):
        weights = explanation.weights[row]
        weights = np.where(np.abs(weights) > beyond * explanation.errors[row], weights, 0.0)
        weights = np.maximum(weights, 0.0) if sign == "positive" else np.abs(weights)
        lyrics = np.array([feature.modality == "lyrics" for feature in explanation.features])
        songs.append((explanation.classes[row], weights[lyrics].sum(), weights.sum()))
    rng, rows = np.random.default_rng(seed), {}
    for label, group in pd.DataFrame(songs, columns=["class", "lyrics", "all"]).groupby("class"):
        picks = np.vstack([np.arange(len(group)), rng.integers(len(group), size=(draws, len(group)))])
        part, whole = (group[name].to_numpy()[picks].sum(axis=1) for name in ("lyrics", "all"))
        share = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
        low, high = np.nanquantile(share, [0.025, 0.975]) if whole.any() else (np.nan, np.nan)
        rows[label] = {"share": share[0], "low": low, "high": high, "songs": len(group)}
    return pd.DataFrame.from_dict(rows, orient="index")


def plan(between: float, within: float, budget: float, overhead=0.0, least=100) -> pd.DataFrame:
    """A class mean's error for ways to spend a budget: on songs, or on perturbations (chapter *Aggregate*).

    between: standard deviation of the true weight between songs; within: of one song's estimate times the
    square root of its perturbations; budget and overhead (a song's cost before its first) in perturbations.
    """
    each = np.unique(np.geomspace(least, max(budget - overhead, least), 200).astype(int))
    songs = np.floor(budget / (overhead + each))
    table = pd.DataFrame({"perturbations": each, "songs": songs.astype(int)})[songs >= 1]
    error = between**2 / table["songs"] + within**2 / (table["songs"] * table["perturbations"])
    return table.assign(error=np.sqrt(error)).reset_index(drop=True)
