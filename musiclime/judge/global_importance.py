"""Global importance: the weights of many songs' explanations summed by class, with the errors of such sums.

The songs of a class are the songs that the model gives that class; of each song only the weights for that
class are read. What is not seen counts as 0: a class without songs is a row of zeros, and a word that none of
its songs contains has importance 0 there.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from ..data.song import STEMS
from ..explain.explanation import Explanation, Feature

CELL = re.compile(rf"({'|'.join(STEMS)})(\d+)")
IMPORTANCES = ("lime", "average", "homogeneity")
SIGNS = ("absolute", "positive", "signed")

# What `tally` adds up over the songs, for each class and feature. "noise" is the squared standard error.
MOMENTS = ("songs", "positive songs", "absolute", "positive", "signed", "square", "noise", "noise square")

# The chance with which an effect of the size that `summary` calls detectable would be found.
CHANCE_TO_FIND = 0.8
# Fewer features than this say too little about how variances differ between features.
LEAST_FOR_PRIOR = 10


def homogeneity(sums: pd.DataFrame) -> pd.Series:
    """Return the thesis's factor 1 - (H - Hmin) / (Hmax - Hmin) of each feature.

    H is the entropy of a feature's importance over the classes. A feature of one class only, or without any
    weight, has entropy 0. Where all entropies are equal the factor is 1.

    Args:
        sums: summed weights, one row a class, one column a feature.

    Returns:
        One factor from 0 to 1 for each feature.

    Example:
        >>> sums = pd.DataFrame({"glitter": [4.0, 0.0], "the": [1.0, 1.0]}, index=["pop", "punk"])
        >>> homogeneity(sums).to_dict()
        {'glitter': 1.0, 'the': 0.0}

    (chapter *Aggregate*)
    """
    roots = np.sqrt(np.abs(sums.fillna(0.0)))
    totals = roots.sum()
    shares = roots / totals.where(totals > 0, 1.0)
    entropy = -(shares * np.log(shares.where(shares > 0, 1.0))).sum()
    spread = entropy.max() - entropy.min()

    # Equal shares give entropies that differ in the last digits only: that is no difference.
    if spread <= 1e-12:
        return pd.Series(1.0, index=sums.columns)
    return 1.0 - (entropy - entropy.min()) / spread


def importance(sums: pd.DataFrame, counts: pd.DataFrame, how: str = "average") -> pd.DataFrame:
    """Return one of the thesis's three importances from tables of summed weights and counts.

    Args:
        sums: summed weights, one row a class, one column a feature.
        counts: how many songs each sum is made of, in the same shape.
        how: "lime", the root of the sum (of a negative sum, with its sign); "average", the sum divided by
            the count; "homogeneity", the root times the factor of `homogeneity`.

    Returns:
        The importance of each feature for each class.

    Example:
        >>> sums = pd.DataFrame({"love": [4.0]}, index=["pop"])
        >>> importance(sums, sums * 0 + 2, "average").loc["pop", "love"].item()
        2.0

    (chapter *Aggregate*)
    """
    if how not in IMPORTANCES:
        raise ValueError(f"how is one of {', '.join(IMPORTANCES)}, not {how!r}")
    same_labels = set(sums.index) == set(counts.index) and set(sums.columns) == set(counts.columns)
    if not same_labels:
        raise ValueError("sums and counts hold not the same classes and features: take both from one tally")

    sums = sums.fillna(0.0).astype(float)
    counts = counts.reindex_like(sums).fillna(0).astype(float)
    uncounted = (counts == 0) & (sums != 0)
    if (counts < 0).to_numpy().any() or uncounted.to_numpy().any():
        raise ValueError("a sum without a count: every summed weight must be counted in counts")

    if how == "average":
        return sums / counts.where(counts > 0, 1.0)
    root = np.sign(sums) * np.sqrt(np.abs(sums))
    if how == "homogeneity":
        return root * homogeneity(sums)
    return root


def base_form(word: str) -> str:
    """Return a word without its commonest endings, so that inflected forms can be counted as one.

    Args:
        word: a word in lower case.

    Returns:
        The word's base form, which need not be a word itself.

    Example:
        >>> [base_form(word) for word in ("loves", "loved", "loving", "lovin")]
        ['lov', 'lov', 'lov', 'lov']

    (chapter *Aggregate*)
    """
    word = re.sub(r"['’](s|in)?$", "", word)

    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and re.search(r"(ss|x|z|ch|sh)es$", word):
        word = word[:-2]
    elif len(word) > 3 and re.search(r"[^sui]s$", word):  # not "miss", "bus", "this"
        word = word[:-1]

    # After a vowel they are mostly part of the word: "being", "again".
    shorter = re.sub(r"(?<=[^aeiou])(ing|ed|in)$", "", word)
    is_long_enough = len(shorter) > 2 and re.search("[aeiouy]", shorter) is not None
    if shorter != word and is_long_enough:
        # The n of "running" is doubled by its ending; "miss" and "call" keep their double letter.
        word = re.sub(r"([^aeiouls])\1$", r"\1", shorter)

    if len(word) < 4 or word.endswith(("are", "ere")):  # "care", "there" keep their e
        return word
    return word.removesuffix("e")


def tally(explanations: Iterable, pool: bool = False) -> pd.DataFrame:
    """Add up over songs what the global importances and their errors need, in one pass.

    Memory grows with the number of features, not with the number of songs.

    Args:
        explanations: Explanation objects, or paths of saved ones, in any iterable.
        pool: count the inflected forms of a word as one, shown as the shortest form that was seen.

    Returns:
        One row for each class and feature that was met, with the sums in `MOMENTS`. `.attrs["songs"]` says
        how many songs each class has.

    Example:
        >>> table = tally([])
        Traceback (most recent call last):
        ValueError: there are no explanations to aggregate: give at least one

    (chapter *Aggregate*)
    """
    sums = None
    for explanation, row in _with_predicted_class(explanations):
        if sums is None:
            sums = _Sums(list(explanation.classes), pool)
        sums.add(explanation, row)
    if sums is None:
        raise ValueError("there are no explanations to aggregate: give at least one")
    return sums.table()


def sums_and_counts(table: pd.DataFrame, sign: str = "absolute") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn a tally into the two tables that `importance` takes.

    Args:
        table: what `tally` gave.
        sign: "absolute" sums sizes; "positive" leaves out negative weights and does not count them, as the
            authors' code does; "signed" lets weights for and against cancel.

    Returns:
        Summed weights and counts, one row a class, one column a feature.

    (chapter *Aggregate*)
    """
    if sign not in SIGNS:
        raise ValueError(f"sign is absolute, positive or signed, not {sign!r}")
    count = "positive songs" if sign == "positive" else "songs"
    seen = table[table[count] > 0]
    classes = list(table.attrs["songs"])
    features = pd.unique(seen["feature"])
    wide = seen.pivot(index="class", columns="feature", values=[sign, count])
    sums = wide[sign].reindex(index=classes, columns=features).fillna(0.0)
    counts = wide[count].reindex(index=classes, columns=features).fillna(0.0)
    return sums, counts


def aggregate(explanations: Iterable, how: str = "average", sign: str = "absolute") -> pd.DataFrame:
    """Return what matters to the model in the songs that it gives each class.

    Args:
        explanations: Explanation objects, or paths of saved ones, in any iterable.
        how: "average", "lime" or "homogeneity", as in `importance`.
        sign: "absolute", "positive" or "signed", as in `sums_and_counts`.

    Returns:
        The importance of each feature for each class.

    Example:
        >>> from musiclime.explain.explanation import Feature
        >>> one, row = np.ones(1), np.ones((1, 1))
        >>> word = [Feature("sun", "lyrics")]
        >>> explanation = Explanation(["folk"], word, row, row, one, one, one, 100, 0, "joint")
        >>> float(aggregate([explanation]).loc["folk", "sun"])
        1.0

    (chapter *Aggregate*)
    """
    sums, counts = sums_and_counts(tally(explanations), sign)
    return importance(sums, counts, how)


def summary(table: pd.DataFrame, support: int = 5, level: float = 0.95) -> pd.DataFrame:
    """Add to a tally what published aggregates lack: errors, tests and what the tests could have found.

    A mean weight can be meant in two ways, and each has its own error. *In songs like these*, the songs are a
    sample: the error holds how much songs differ. With three songs a spread is poorly known, so it is
    moderated: pulled towards what the other features of the same modality show (Smyth 2004, "limma"). *In
    these songs*, the songs are given: only the error of each song's own weight counts.

    Args:
        table: what `tally` gave.
        support: the least number of songs behind a feature that is tested.
        level: of the intervals.

    Returns:
        The tally with further columns. `mean`, the mean weight. For songs like these: `error`, `freedom` (of
        Student's t), `bar` (half of the interval), `q` (false-discovery rate of Benjamini and Hochberg over
        all tested rows, NaN below the support), `detectable` (the mean weight that would be found with 80 %
        chance). For these songs: `error here`, `bar here`, `q here`, `detectable here`. `within` and
        `between`: standard deviations of one song's weight. `debiased`: the mean of W^2 - SE^2, from which
        the noise is gone, and its interval `low` to `high`.

    Example:
        >>> from musiclime.judge.global_importance import summary, tally
        >>> # summary(tally(explanations)).query("q < 0.05") are the findings

    (chapter *Aggregate*)
    """
    table = table.copy()
    songs = table["songs"]
    noise = table["noise"] / songs
    table["mean"] = table["signed"] / songs
    excess = (table["square"] - songs * table["mean"] ** 2).clip(lower=0.0)
    spread = excess / (songs - 1).where(songs > 1)
    table["within"] = np.sqrt(noise)
    table["between"] = np.sqrt((spread - noise).clip(lower=0.0))

    variance, freedom = _moderated_variance(spread, noise, songs, table["modality"])
    table["error"] = np.sqrt(variance / songs)
    table["freedom"] = freedom
    table["error here"] = np.sqrt(noise / songs)

    tail = (1 + level) / 2
    table["bar"] = _student_quantile(tail, freedom) * table["error"]
    table["bar here"] = stats.norm.ppf(tail) * table["error here"]

    enough = songs >= max(support, 2)
    no_limit = pd.Series(np.inf, index=table.index)
    table["q"], table["detectable"] = _test(table["mean"], table["error"], freedom, enough)
    table["q here"], table["detectable here"] = _test(table["mean"], table["error here"], no_limit, enough)

    table["debiased"] = table["square"] / songs - noise
    table["low"], table["high"] = _debiased_interval(table, noise, level)
    return table


def grid(row: pd.Series) -> pd.DataFrame:
    """Return the stem x segment cells of one class's importances as a table.

    Args:
        row: the importances of one class, by feature.

    Returns:
        One row a stem, one column a segment.

    Example:
        >>> grid(pd.Series({"vocals0": 0.5, "love": 0.2})).loc["vocals", 0].item()
        0.5

    (chapter *Aggregate*)
    """
    cells = []
    for name, value in row.items():
        found = CELL.fullmatch(name)
        if found:
            cells.append((found[1], int(found[2]), value))
    if not cells:
        raise ValueError("these importances hold no stem x segment cells: take those of an audio model")
    long = pd.DataFrame(cells, columns=["stem", "segment", "value"])
    table = long.pivot(index="stem", columns="segment", values="value")
    table = table.rename_axis(index=None, columns=None)
    return table.reindex([stem for stem in STEMS if stem in table.index])


def words(row: pd.Series) -> pd.Series:
    """Return the importances that are no stem x segment cell: the words, the most important first.

    Args:
        row: the importances of one class, by feature.

    Returns:
        The words' importances.

    Example:
        >>> words(pd.Series({"vocals0": 0.5, "love": 0.2})).to_dict()
        {'love': 0.2}

    (chapter *Aggregate*)
    """
    is_cell = row.index.str.fullmatch(CELL)
    return row[~is_cell].sort_values(ascending=False, kind="stable")


def shares(
    explanations: Iterable, sign: str = "positive", beyond: float = 2.0, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Return the lyrics' share of each class's summed weight, with a 95 % bootstrap interval over songs.

    Args:
        explanations: Explanation objects, or paths of saved ones, in any iterable.
        sign: "positive" sums what speaks for the class, "absolute" sums sizes.
        beyond: a weight within so many of its errors counts as 0, because many weights that could be zero
            would have a share, too.
        draws: how often the songs are drawn again.
        seed: of these draws.

    Returns:
        For each class that has songs: share, low, high and songs.

    (chapter *Aggregate*)
    """
    if sign not in ("positive", "absolute"):
        raise ValueError(f"sign is positive or absolute, not {sign!r}")
    totals = []
    for explanation, row in _with_predicted_class(explanations):
        weights = explanation.weights[row]
        clear = np.abs(weights) > beyond * explanation.errors[row]
        weights = np.where(clear, weights, 0.0)
        weights = np.maximum(weights, 0.0) if sign == "positive" else np.abs(weights)
        is_lyrics = np.array([feature.modality == "lyrics" for feature in explanation.features])
        totals.append((explanation.classes[row], weights[is_lyrics].sum(), weights.sum()))
    totals = pd.DataFrame(totals, columns=["class", "lyrics", "all"])

    rng = np.random.default_rng(seed)
    rows = {}
    for label, group in totals.groupby("class"):
        # The first row of picks is the songs as they are, the others are the bootstrap's.
        picks = rng.integers(len(group), size=(draws, len(group)))
        picks = np.vstack([np.arange(len(group)), picks])
        lyrics = group["lyrics"].to_numpy()[picks].sum(axis=1)
        both = group["all"].to_numpy()[picks].sum(axis=1)
        share = np.divide(lyrics, both, out=np.full(len(both), np.nan), where=both > 0)
        low, high = np.nan, np.nan
        if both.any():
            low, high = np.nanquantile(share, [0.025, 0.975])
        rows[label] = {"share": share[0], "low": low, "high": high, "songs": len(group)}
    return pd.DataFrame.from_dict(rows, orient="index")


def plan(
    between: float, within: float, budget: float, overhead: float = 0.0, least: int = 100
) -> pd.DataFrame:
    """Return the error of a class mean for each way to share a budget between songs and perturbations.

    Args:
        between: standard deviation of the true weight between songs.
        within: standard deviation of one song's estimate, times the root of its perturbations.
        budget: how many perturbations there are in all.
        overhead: what a song costs before its first perturbation, in perturbations.
        least: the fewest perturbations a song.

    Returns:
        Perturbations a song, songs, and the error.

    Example:
        >>> ways = plan(between=0.1, within=4.0, budget=10_000, overhead=100)
        >>> int(ways.loc[ways["error"].idxmin(), "songs"]) > 10
        True

    (chapter *Aggregate*)
    """
    most = max(budget - overhead, least)
    perturbations = np.unique(np.geomspace(least, most, 200).astype(int))
    songs = np.floor(budget / (overhead + perturbations)).astype(int)
    table = pd.DataFrame({"perturbations": perturbations, "songs": songs})
    table = table[table["songs"] >= 1]
    between_songs = between**2 / table["songs"]
    within_songs = within**2 / (table["songs"] * table["perturbations"])
    return table.assign(error=np.sqrt(between_songs + within_songs)).reset_index(drop=True)


class _Sums:
    """The running sums of a tally: one array of class x moment x feature, which grows with the features."""

    def __init__(self, classes: list[str], pool: bool) -> None:
        self.classes = classes
        self.pool = pool
        self.place: dict[tuple[str, str], int] = {}  # of each (modality, name) its column
        self.shown: dict[tuple[str, str], str] = {}  # and the name that is printed
        self.totals = np.zeros((len(classes), len(MOMENTS), 1024))
        self.songs = np.zeros(len(classes), dtype=int)

    def add(self, explanation: Explanation, row: int) -> None:
        """Add one song, which the model gives class number `row`.

        Args:
            explanation: of a song, with the classes of those before it.
            row: number of the class.
        """
        name = f"explanation of song {explanation.song.get('id', '')!r}"
        if list(explanation.classes) != self.classes:
            raise ValueError(f"{name} has other classes than those before it: aggregate one task at a time")
        weights = np.asarray(explanation.weights[row], dtype=float)
        noise = np.asarray(explanation.errors[row], dtype=float) ** 2
        if not np.isfinite(weights).all():
            raise ValueError(f"{name} holds weights that are no numbers: explain the song again")

        of_features = [self._place_of(feature) for feature in explanation.features]
        # Two forms of a word in one song are one feature, muted when both are: their weights add.
        places, groups = np.unique(np.array(of_features, dtype=int), return_inverse=True)
        weights = np.bincount(groups, weights)
        noise = np.bincount(groups, noise)

        counted = weights != 0
        positive = np.maximum(weights, 0.0)
        moments = {
            "songs": counted,
            "positive songs": positive > 0,
            "absolute": np.abs(weights),
            "positive": positive,
            "signed": weights,
            "square": weights**2,
            "noise": counted * noise,
            "noise square": counted * noise**2,
        }
        while len(self.place) > self.totals.shape[2]:
            self.totals = np.concatenate([self.totals, np.zeros_like(self.totals)], axis=2)
        self.totals[row][:, places] += np.array([moments[moment] for moment in MOMENTS], dtype=float)
        self.songs[row] += 1

    def _place_of(self, feature: Feature) -> int:
        """The column of a feature, a new one at its first sight."""
        is_line = feature.name.startswith("line ") and feature.text
        if feature.modality == "audio":
            name = feature.name
        elif is_line:
            # "line 4" says nothing across songs; the line itself does.
            name = feature.text.casefold()
        else:
            name = feature.name

        shown = name
        if self.pool and feature.modality != "audio":
            shown = feature.name
            name = base_form(name)

        key = (feature.modality, name)
        if key not in self.place:
            self.place[key] = len(self.place)
            self.shown[key] = shown
        elif self.pool and len(shown) < len(self.shown[key]):
            self.shown[key] = shown
        return self.place[key]

    def table(self) -> pd.DataFrame:
        """The sums as a table with one row for each class and feature that was met."""
        keys = list(self.place)
        # A word may be spelled like a cell; then the word says that it is one.
        cells = {self.shown[key] for key in keys if key[0] == "audio"}
        names = []
        for key in keys:
            name = self.shown[key]
            if key[0] != "audio" and name in cells:
                name = f"{name} (word)"
            names.append(name)

        row, place = np.nonzero(self.totals[:, 0, : len(keys)])
        table = pd.DataFrame(self.totals[row, :, place], columns=list(MOMENTS))
        table.insert(0, "class", np.array(self.classes, dtype=object)[row])
        table.insert(1, "feature", [names[i] for i in place])
        table.insert(2, "modality", [keys[i][0] for i in place])
        table.attrs["songs"] = dict(zip(self.classes, self.songs.tolist()))
        return table


def _with_predicted_class(explanations: Iterable) -> Iterator[tuple[Explanation, int]]:
    """Yield explanations, given or saved, each with the row of the class that the model gives the song."""
    for explanation in explanations:
        if not isinstance(explanation, Explanation):
            explanation = Explanation.load(explanation)
        yield explanation, int(np.argmax(explanation.probabilities))


def _moderated_variance(
    spread: pd.Series, noise: pd.Series, songs: pd.Series, modality: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return the variance of one song's weight and its degrees of freedom, moderated over features.

    The variance of a feature is its noise times a ratio. The ratios of all features of a modality are taken
    as draws from one distribution (a scaled inverse chi-square), which is worth `prior freedom` further
    songs to each feature. No variance is less than the noise that is known to be in it.
    """
    variance = pd.Series(np.nan, index=spread.index)
    freedom = (songs - 1).astype(float)
    for _, members in spread.groupby(modality).groups.items():
        scale = noise[members]
        if (scale <= 0).any():
            # Without the songs' own errors, variances themselves are compared.
            scale = pd.Series(1.0, index=members)
        own = freedom[members]
        ratio = (spread[members] / scale).fillna(0.0)
        prior, prior_freedom = _variance_prior(ratio, own)
        if np.isinf(prior_freedom):
            moderated = pd.Series(prior, index=members)
        elif prior_freedom == 0:
            moderated = ratio.where(own > 0)
        else:
            moderated = (prior_freedom * prior + own * ratio) / (prior_freedom + own)
        variance[members] = moderated * scale
        freedom[members] = own + prior_freedom
    # One song and no prior: the song's own error is all there is.
    variance = variance.fillna(noise)
    return np.maximum(variance, noise), freedom


def _variance_prior(ratio: pd.Series, freedom: pd.Series) -> tuple[float, float]:
    """Fit the inverse chi-square prior of limma: its scale, and the degrees of freedom that it is worth.

    The logarithm of a sample variance has the known variance trigamma(d / 2); what the logarithms vary more
    than that is the features' own difference. 0 degrees where there are too few features to say.
    """
    usable = (freedom > 0) & (ratio > 0)
    if usable.sum() < LEAST_FOR_PRIOR:
        return np.nan, 0.0
    half = freedom[usable] / 2
    sampling = special.polygamma(1, half)
    shifted = np.log(ratio[usable]) - special.digamma(half) + np.log(half)

    trust = 1 / sampling
    centre = np.average(shifted, weights=trust)
    correction = len(shifted) / (len(shifted) - 1)
    seen = np.average((shifted - centre) ** 2, weights=trust) * correction
    own = seen - np.average(sampling, weights=trust)
    if own <= 1e-3:
        # The features do not differ more than chance makes them: one variance for all.
        return float(np.exp(centre)), np.inf
    half_prior = optimize.brentq(_trigamma_minus, 1e-3, 2e3, args=(own,))
    prior = np.exp(centre + special.digamma(half_prior) - np.log(half_prior))
    return float(prior), 2 * half_prior


def _trigamma_minus(x: float, value: float) -> float:
    """The trigamma function less a value: its root is the inverse."""
    return float(special.polygamma(1, x)) - value


def _student_quantile(probability: Any, freedom: pd.Series) -> np.ndarray:
    """Quantiles of Student's t; of the normal where the degrees are infinite, NaN where they are 0."""
    finite = np.where(np.isfinite(freedom) & (freedom > 0), freedom, np.nan)
    quantiles = stats.t.ppf(probability, finite)
    return np.where(np.isinf(freedom), stats.norm.ppf(probability), quantiles)


def _test(
    mean: pd.Series, error: pd.Series, freedom: pd.Series, enough: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return false-discovery rates, and the mean weights that would be found with a chance of 80 %."""
    q = pd.Series(np.nan, index=mean.index)
    detectable = pd.Series(np.nan, index=mean.index)
    tested = enough & (error > 0) & (freedom > 0)
    if not tested.any():
        return q, detectable
    ratio = (mean / error)[tested].abs()
    degrees = freedom[tested]
    with_t = 2 * stats.t.sf(ratio, np.where(np.isfinite(degrees), degrees, 1.0))
    p = np.where(np.isinf(degrees), 2 * stats.norm.sf(ratio), with_t)
    q[tested] = stats.false_discovery_control(p)

    # One more finding would have to reach this p: Benjamini's and Hochberg's next step.
    findings = (q[tested] < 0.05).sum()
    threshold = 0.05 * min(findings + 1, len(p)) / len(p)
    needed = _student_quantile(1 - threshold / 2, degrees) + _student_quantile(CHANCE_TO_FIND, degrees)
    detectable[tested] = needed * error[tested]
    return q, detectable


def _debiased_interval(table: pd.DataFrame, noise: pd.Series, level: float) -> tuple[pd.Series, pd.Series]:
    """Return the interval of the debiased square: the true squares that make the measured one likely.

    With the songs' true weights about normal, Var(W^2 - SE^2) is 2 (t + SE^2)^2 for a true mean square t; at
    t = 0 that is the spread of a feature that does nothing. The ends solve a quadratic equation. Below eight
    songs there is no upper end.
    """
    songs = table["songs"]
    k = 2 * stats.norm.ppf((1 + level) / 2) ** 2 / songs
    fourth = table["noise square"] / songs
    unequal = (fourth - noise**2) * (1 - k)
    root = np.sqrt(k * ((table["debiased"] + noise) ** 2 + unequal).clip(lower=0.0))
    low = (table["debiased"] + k * noise - root) / (1 - k)
    high = (table["debiased"] + k * noise + root) / (1 - k)
    return low, high.where(k < 1, np.inf)
