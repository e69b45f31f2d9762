"""The claims of paper and thesis that published numbers can decide, each with a function that tests it.

A test takes the evidence and returns an estimate, which is above 0 where the claim holds, and its standard
error. One rule gives the verdict: beyond two errors above 0 the claim is reproduced, beyond two below it is
contradicted, in between it is undecided. The chapter *The claim ledger* shows the rule by hand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..data import authors_tables
from .global_importance import grid, homogeneity, importance, words

STANDARD_ERRORS = 2.0
VERDICTS = ("reproduced", "contradicted", "undecided")
# Of the three runs of the multimodal genre model, these two explained different songs.
INDEPENDENT_RUNS = ("genre multimodal", "genre multimodal, extra songs")
MEDIAN_OF_HALF_NORMAL = stats.halfnorm.ppf(0.5)
Estimate = tuple[float, float]


@dataclass
class Evidence:
    """What the claims are tested on: the published tables, and numbers that the two documents print."""

    tables: dict[str, tuple[pd.DataFrame, pd.DataFrame]]
    accuracy: pd.Series  # test accuracy in %, by task and modality
    reports: pd.DataFrame  # F1 by task and class, one column a modality, and the support
    errors_of_regression: pd.DataFrame  # table 5.1 of the thesis, by model

    def shuffled(self, rng: np.random.Generator) -> "Evidence":
        """The same numbers under shuffled names of classes, features, models and modalities."""
        tables = {}
        for name, (sums, counts) in self.tables.items():
            features = rng.permutation(sums.columns)
            classes = rng.permutation(sums.index)
            renamed = (table.set_axis(features, axis=1).set_axis(classes) for table in (sums, counts))
            tables[name] = tuple(renamed)
        accuracy = pd.Series(rng.permutation(self.accuracy), index=self.accuracy.index)
        reports = self.reports.copy()
        modalities = ["lyrics", "audio", "multimodal"]
        reports[modalities] = rng.permuted(reports[modalities].to_numpy(), axis=1)
        reports[modalities] = rng.permutation(reports[modalities].to_numpy())
        regression = self.errors_of_regression.copy()
        targets = ["valence", "energy"]
        regression[targets] = rng.permuted(regression[targets].to_numpy(), axis=1)
        return Evidence(tables, accuracy, reports, regression)


# A claim but for its page, in the order of its fields.
Row = tuple[str, str, Callable[[Evidence], Estimate], str, str]


@dataclass
class Claim:
    """One sentence of paper or thesis, and the function that tests it."""

    text: str
    source: str
    test: Callable[[Evidence], Estimate]
    measured: str  # what the estimate is
    turned_by: str  # what would have turned the verdict
    page: str

    def verdict(self, evidence: Evidence) -> str:
        """Reproduced, contradicted or undecided."""
        return verdict(*self.test(evidence))


def verdict(estimate: float, error: float) -> str:
    """Return the verdict on a claim that holds where the estimate is above 0.

    Args:
        estimate: how far the claim is from turning.
        error: its standard error.

    Returns:
        "reproduced", "contradicted" or "undecided".

    Example:
        >>> verdict(0.3, 0.1), verdict(0.1, 0.1), verdict(-0.3, 0.1)
        ('reproduced', 'undecided', 'contradicted')

    (chapter *The claim ledger*)
    """
    if estimate > STANDARD_ERRORS * error:
        return "reproduced"
    if estimate < -STANDARD_ERRORS * error:
        return "contradicted"
    return "undecided"


def read_evidence(folder: str | Path, download: bool = False) -> Evidence:
    """Read the published tables, and the printed numbers from the book's folder of data.

    Args:
        folder: the folder data/ of the book.
        download: fetch the published tables where MUSICLIME_REFERENCE names no folder.

    Returns:
        The evidence for all claims.

    (chapter *The claim ledger*)
    """
    tables = {name: authors_tables.load(name, download) for name in authors_tables.TABLES}
    folder = Path(folder)
    models = pd.read_csv(folder / "published_models.csv").set_index(["task", "modality"])
    reports = pd.read_csv(folder / "published_reports.csv")
    reports["class"] = reports["class"].str.lower()
    f1 = reports.pivot(index=["task", "class"], columns="modality", values="f1")
    f1["support"] = reports.groupby(["task", "class"])["support"].first()
    regression = pd.read_csv(folder / "published_regression.csv").set_index("model")
    return Evidence(tables, models["test_accuracy"], f1, regression)


def weakest(contrasts: list[Estimate]) -> Estimate:
    """The contrast that is least in its standard errors: a claim of several parts is as good as that one."""
    in_errors = []
    for estimate, error in contrasts:
        in_errors.append(estimate / error if error > 0 else np.sign(estimate) * np.inf)
    return contrasts[int(np.argmin(in_errors))]


def mean_and_error(values: Sequence[float]) -> Estimate:
    """The mean of replicates and its standard error."""
    numbers = np.asarray(values, dtype=float)
    return float(numbers.mean()), float(numbers.std(ddof=1) / np.sqrt(len(numbers)))


# ---------------------------------------------------------------- how good the models are


def accuracy_ahead(better: tuple, worse: tuple, evidence: Evidence) -> Estimate:
    """By how many points one model is ahead; the error is that of two models tested on different songs.

    Args:
        better: (task, modality) of the model that is to be ahead.
        worse: (task, modality) of the other one.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in points of accuracy.
    """
    songs = evidence.reports.groupby("task")["support"].sum()
    points = evidence.accuracy[better] - evidence.accuracy[worse]
    variance = 0.0
    for task, modality in (better, worse):
        accuracy = evidence.accuracy[task, modality]
        variance += accuracy * (100 - accuracy) / songs[task]
    return float(points), float(np.sqrt(variance))


def all_ahead(pairs: list[tuple], evidence: Evidence) -> Estimate:
    """The least clear of several accuracies that are claimed to be ahead."""
    return weakest([accuracy_ahead(better, worse, evidence) for better, worse in pairs])


def hearing_adds_most_for_emotion(evidence: Evidence) -> Estimate:
    """Half of what the sound gains over the words, less what both gain over the sound."""
    accuracy = evidence.accuracy["emotion"]
    songs = evidence.reports.loc["emotion", "support"].sum()
    one_error = np.sqrt(accuracy * (100 - accuracy) / songs)
    estimate = (accuracy["audio"] - accuracy["lyrics"]) / 2 - (accuracy["multimodal"] - accuracy["audio"])
    weights = pd.Series({"audio": 1.5, "lyrics": 0.5, "multimodal": 1.0})
    return float(estimate), float(np.sqrt(((weights * one_error) ** 2).sum()))


def f1_difference(task: str, label: str, better: str, worse: str, evidence: Evidence) -> Estimate:
    """By how much one modality's F1 is ahead; the error is that of two shares of the class's songs.

    Args:
        task: "genre" or "emotion".
        label: the class, in lower case.
        better: the modality that is to be ahead.
        worse: the other modality.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in units of F1, between -1 and 1.
    """
    row = evidence.reports.loc[(task, label)]
    variance = 0.0
    for modality in (better, worse):
        variance += row[modality] * (1 - row[modality]) / row["support"]
    return float(row[better] - row[worse]), float(np.sqrt(variance))


def hearing_beats_reading_but_for_hip_hop(evidence: Evidence) -> Estimate:
    """The least clear genre: audio ahead in all of them, lyrics ahead in hip hop."""
    contrasts = []
    for label in evidence.reports.loc["genre"].index:
        better, worse = "audio", "lyrics"
        if label == "hip hop":
            better, worse = "lyrics", "audio"
        contrasts.append(f1_difference("genre", label, better, worse, evidence))
    return weakest(contrasts)


def below_f1(labels: list[str], modality: str, limit: float, evidence: Evidence) -> Estimate:
    """How far the highest of these classes' F1 is below a limit.

    Args:
        labels: genres.
        modality: which model's F1.
        limit: between 0 and 1.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in units of F1; above 0 where all are below the limit.
    """
    contrasts = []
    for label in labels:
        row = evidence.reports.loc[("genre", label)]
        error = np.sqrt(row[modality] * (1 - row[modality]) / row["support"])
        contrasts.append((float(limit - row[modality]), float(error)))
    return weakest(contrasts)


def hardest_genres(labels: list[str], evidence: Evidence) -> Estimate:
    """The least distance in F1 of the multimodal model between these genres and any other."""
    genres = evidence.reports.loc["genre"]
    contrasts = []
    for hard in labels:
        for other in genres.index.difference(labels):
            rows = genres.loc[[hard, other]]
            variance = (rows["multimodal"] * (1 - rows["multimodal"]) / rows["support"]).sum()
            contrasts.append(
                (float(genres.loc[other, "multimodal"] - genres.loc[hard, "multimodal"]), variance**0.5)
            )
    return weakest(contrasts)


def energy_is_easier(evidence: Evidence) -> Estimate:
    """The mean difference of the two errors over the models that learn, rows of table 5.1 as replicates."""
    models = evidence.errors_of_regression.drop(index=["Dummy", "Mean"]).dropna(subset=["valence", "energy"])
    return mean_and_error(models["valence"] - models["energy"])


# ---------------------------------------------------------------- who is read, who is heard


def word_share(table: tuple, label: str, count: int) -> float:
    """The words' share of the strongest features of a class, by average importance.

    Args:
        table: (sums, counts) of a published run: classes x features.
        label: the class.
        count: how many of the strongest features.

    Returns:
        Between 0 and 1.
    """
    sums, counts = table
    average = sums.loc[label] / counts.loc[label].where(counts.loc[label] > 0, 1.0)
    strongest = average.nlargest(count)
    return len(words(strongest)) / count


def pooled_share(label: str, evidence: Evidence, count: int = 20) -> Estimate:
    """The words' share of the top 20 in the two independent runs together, with a binomial error.

    Args:
        label: the genre.
        evidence: the published tables, see `Evidence`.
        count: how many of the strongest features of each run.

    Returns:
        (share, standard error), between 0 and 1.
    """
    shares = [word_share(evidence.tables[run], label, count) for run in INDEPENDENT_RUNS]
    features = count * len(shares)
    # Two words and two cells are added (Agresti and Coull), so that no share has the error 0.
    adjusted = (np.mean(shares) * features + 2) / (features + 4)
    return float(np.mean(shares)), float(np.sqrt(adjusted * (1 - adjusted) / features))


def other_shares(label: str, evidence: Evidence) -> Estimate:
    """The mean of the words' shares in all other genres."""
    genres = evidence.reports.loc["genre"].index.drop(label)
    return mean_and_error([pooled_share(genre, evidence)[0] for genre in genres])


def words_lead(label: str, evidence: Evidence) -> Estimate:
    """The words' share above a half and above that of other genres, whichever is less clear.

    A share above a half alone would say little: there are forty cells and many more words, most of them met
    once, and the largest of many noisy numbers is large.
    """
    share, error = pooled_share(label, evidence)
    others, error_of_others = other_shares(label, evidence)
    return weakest([(share - 0.5, error), (share - others, float(np.hypot(error, error_of_others)))])


def sound_leads(label: str, evidence: Evidence) -> Estimate:
    """The words' share below a half and below that of other genres, whichever is less clear."""
    share, error = pooled_share(label, evidence)
    others, error_of_others = other_shares(label, evidence)
    return weakest([(0.5 - share, error), (others - share, float(np.hypot(error, error_of_others)))])


def neither_leads(label: str, evidence: Evidence) -> Estimate:
    """How far the share is inside a quarter to three quarters."""
    share, error = pooled_share(label, evidence)
    return 0.25 - abs(share - 0.5), error


def reading_pays_where_words_lead(evidence: Evidence, count: int = 20) -> Estimate:
    """Rank correlation over genres of F1(lyrics) - F1(audio) with the words' share, as Fisher's z.

    The shares are the means of the two independent runs.
    """
    rho = share_correlation(evidence, INDEPENDENT_RUNS, count)
    genres = len(evidence.reports.loc["genre"])
    bounded = np.clip(rho, -0.999, 0.999)
    return float(np.arctanh(bounded)), float(np.sqrt(1.06 / (genres - 3)))


def share_correlation(evidence: Evidence, runs: tuple[str, ...], count: int = 20) -> float:
    """Spearman's correlation of F1(lyrics) - F1(audio) with the words' share of the strongest features.

    Args:
        evidence: the published tables and reports.
        runs: the multimodal genre tables whose mean share is taken.
        count: how many features are the strongest.

    Returns:
        The correlation over the nine genres.

    (chapter *The claim ledger*)
    """
    reports = evidence.reports.loc["genre"]
    shares = []
    for label in reports.index:
        shares.append(np.mean([word_share(evidence.tables[run], label, count) for run in runs]))
    if np.ptp(shares) == 0:
        return 0.0  # equal shares in all genres say nothing about order
    return float(stats.spearmanr(reports["lyrics"] - reports["audio"], shares).statistic)


def modalities_weigh_the_same(evidence: Evidence) -> Estimate:
    """How far the words' part of all weight is inside 40 to 60 %, genres as replicates."""
    sums, _ = evidence.tables["genre multimodal"]
    is_word = sums.columns.isin(words(sums.iloc[0]).index)
    parts = sums.loc[:, is_word].sum(axis=1) / sums.sum(axis=1)
    mean, error = mean_and_error(parts)
    return 0.1 - abs(mean - 0.5), error


def sound_leads_every_emotion(evidence: Evidence, count: int = 40) -> Estimate:
    """The least difference between the mean of the cells and that of as many leading words, over emotions."""
    average = importance(*evidence.tables["emotion multimodal"], "average")
    contrasts = []
    for label in average.index:
        leading = words(average.loc[label]).head(count)
        sound = average.loc[label].drop(words(average.loc[label]).index)
        difference = sound.mean() - leading.mean()
        variance = sound.var() / len(sound) + leading.var() / len(leading)
        contrasts.append((float(difference), float(np.sqrt(variance))))
    return weakest(contrasts)


def ten_strongest_are_sound(labels: list[str], evidence: Evidence) -> Estimate:
    """For the least clear of these emotions: the tenth strongest cell less the strongest word."""
    sums, counts = evidence.tables["emotion multimodal"]
    average = importance(sums, counts, "average")
    noise = noise_of_one_song(sums, counts)
    contrasts = []
    for label in labels:
        word = words(average.loc[label]).index[0]
        cells = average.loc[label].drop(words(average.loc[label]).index)
        cell = cells.nlargest(10).index[-1]
        songs = counts.loc[label, [cell, word]].clip(lower=1)
        error = noise * np.sqrt((1 / songs).sum())
        contrasts.append((float(average.loc[label, cell] - average.loc[label, word]), float(error)))
    return weakest(contrasts)


def more_words_than(label: str, others: list[str], evidence: Evidence) -> Estimate:
    """How many more words one emotion has among its ten strongest features; counts as Poisson's.

    Args:
        label: the emotion that is to have more words.
        others: the emotions that are to have fewer; the nearest of them counts.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in words.
    """
    table = evidence.tables["emotion multimodal"]
    mine = 10 * word_share(table, label, 10)
    contrasts = []
    for other in others:
        theirs = 10 * word_share(table, other, 10)
        contrasts.append((mine - theirs, float(np.sqrt(max(mine + theirs, 1)))))
    return weakest(contrasts)


# ---------------------------------------------------------------- stems


def stems_lead(name: str, leading: dict[str, list], evidence: Evidence, how: str = "average") -> Estimate:
    """The least clear of several contrasts between stems, the ten segments as replicates.

    Args:
        name: of the published table.
        leading: for each class, pairs (stronger stem, weaker stem).
        evidence: the published tables.
        how: which importance.
    """
    table = importance(*evidence.tables[name], how)
    contrasts = []
    for label, pairs in leading.items():
        cells = grid(table.loc[label])
        for stronger, weaker in pairs:
            contrasts.append(mean_and_error(cells.loc[stronger] - cells.loc[weaker]))
    return weakest(contrasts)


def each_pair(stronger: list[str], weaker: list[str]) -> list[tuple[str, str]]:
    """Every pair (stronger, weaker) of two lists of stems: what "all of these above all of those" claims."""
    return [(one, other) for one in stronger for other in weaker]


# ---------------------------------------------------------------- words


def noise_of_one_song(sums: pd.DataFrame, counts: pd.DataFrame) -> float:
    """The standard error of a word's weight in one song, if most words that were met once do nothing.

    The tables keep no errors. The median of the weights that rest on one song is taken for the median of
    half of a normal curve; where many of these words do something this is too much, never too little.
    """
    once = sums.to_numpy()[counts.to_numpy() == 1]
    return float(np.median(once) / MEDIAN_OF_HALF_NORMAL)


def folded_words(name: str, label: str, evidence: Evidence) -> tuple[pd.Series, pd.Series]:
    """The thesis's homogeneity-weighted importance of a class's words, case folded, and their errors.

    Args:
        name: of the published table, a key of `evidence.tables`.
        label: the class.
        evidence: the published tables, see `Evidence`.

    Returns:
        Two numbers for each word: its importance, and its standard error.
    """
    sums, counts = (table.T.groupby(str.casefold).sum().T for table in evidence.tables[name])
    noise = noise_of_one_song(sums, counts)
    factor = homogeneity(sums)
    root = np.sqrt(sums.loc[label])
    # sqrt(S) of a sum over n songs wavers by sqrt(n) noise / (2 sqrt(S)).
    wavering = noise * np.sqrt(counts.loc[label]) / (2 * root.where(root > 0, np.inf))
    return factor * root, factor * wavering


def word_leads(name: str, label: str, word: str, place: int, evidence: Evidence) -> Estimate:
    """A word's importance less that of the word which would push it out of the first places.

    Args:
        name: of the published table, a key of `evidence.tables`.
        label: the class.
        word: in lower case; one that the table lacks counts as 0.
        place: among how many leading words it is to stand.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in units of importance.
    """
    values, errors = folded_words(name, label, evidence)
    others = values.drop(word, errors="ignore").sort_values(ascending=False)
    rival = others.index[place - 1]
    difference = values.get(word, 0.0) - values[rival]
    error = np.hypot(errors.get(word, 0.0), errors[rival])
    return float(difference), float(error)


def offensive_words_lead(label: str, count: int, evidence: Evidence) -> Estimate:
    """The importance of the last of so many offensive words less that of the first other word.

    Args:
        label: the genre.
        count: how many offensive words are to lead.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in units of importance.
    """
    values, errors = folded_words("genre lyrics", label, evidence)
    offensive = np.array([authors_tables.is_slur(word) for word in values.index])
    last = values[offensive].nlargest(count).index[-1]
    first_other = values[~offensive].idxmax()
    error = np.hypot(errors[last], errors[first_other])
    return float(values[last] - values[first_other]), float(error)


def one_word_leads_more(label: str, other: str, evidence: Evidence) -> Estimate:
    """The logarithm of first over tenth word in one class, less that in another.

    Args:
        label: the genre whose first word is to stand out more.
        other: the genre it is compared with.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error) in natural logarithms.
    """
    logarithms, variance = [], 0.0
    for one in (label, other):
        values, errors = folded_words("genre lyrics", one, evidence)
        leading = values.nlargest(10).index[[0, 9]]
        logarithms.append(np.log(values[leading[0]] / values[leading[1]]))
        variance += ((errors[leading] / values[leading]) ** 2).sum()
    return float(logarithms[0] - logarithms[1]), float(np.sqrt(variance))


def listed_words_lead(name: str, label: str, listed: list[str], evidence: Evidence) -> Estimate:
    """How far above the middle the listed words stand among the class's words, the words as replicates.

    A listed word that the class's table lacks has the last place.

    Args:
        name: of the published table, a key of `evidence.tables`.
        label: the class.
        listed: the words that the text names, in lower case.
        evidence: the published tables, see `Evidence`.

    Returns:
        (estimate, standard error): 0 is the middle of all words, 0.5 the first place.
    """
    values, _ = folded_words(name, label, evidence)
    counts = evidence.tables[name][1].loc[label]
    met = counts.groupby(counts.index.str.casefold()).sum() > 0
    places = values[met].rank(pct=True).reindex(listed).fillna(0.0)
    return mean_and_error(places - 0.5)


def few_classes_have_weight(labels: list[str], evidence: Evidence) -> Estimate:
    """The least difference in the five leading words' mean between these emotions and the others."""
    sums, _ = evidence.tables["emotion lyrics"]
    strength, errors = {}, {}
    for label in sums.index:
        values, wavering = folded_words("emotion lyrics", label, evidence)
        leading = values.nlargest(5).index
        strength[label] = values[leading].mean()
        errors[label] = np.sqrt((wavering[leading] ** 2).sum()) / len(leading)
    contrasts = []
    for label in labels:
        for other in sums.index.difference(labels):
            error = np.hypot(errors[label], errors[other])
            contrasts.append((float(strength[label] - strength[other]), float(error)))
    return weakest(contrasts)


def one_pair_shares_more(near: tuple, far: tuple, evidence: Evidence, count: int = 30) -> Estimate:
    """How many more of the leading words one pair of genres shares than another; counts as Poisson's.

    Args:
        near: two genres that are to share more.
        far: two genres that are to share less.
        evidence: the published tables, see `Evidence`.
        count: how many leading words of each genre are compared.

    Returns:
        (estimate, standard error) in words.
    """
    leading = {}
    for label in (*near, *far):
        # By summed weight: weighted by homogeneity, classes never share a leading word, by its definition.
        sums = evidence.tables["genre lyrics"][0].loc[label]
        leading[label] = set(sums.groupby(sums.index.str.casefold()).sum().nlargest(count).index)
    shared_near = len(leading[near[0]] & leading[near[1]])
    shared_far = len(leading[far[0]] & leading[far[1]])
    return float(shared_near - shared_far), float(np.sqrt(max(shared_near + shared_far, 1)))


def data_sets_agree(evidence: Evidence) -> Estimate:
    """Rank correlation with the same class of the other data set, less that with other classes."""
    folded = {}
    for name in ("genre lyrics", "audioset lyrics"):
        weights, counts = (table.T.groupby(str.casefold).sum().T for table in evidence.tables[name])
        folded[name] = importance(weights, counts, "lime")
    here, there = folded["genre lyrics"], folded["audioset lyrics"]
    both = here.columns.intersection(there.columns)
    gains = []
    for label in there.index.intersection(here.index):
        rho = here[both].T.corrwith(there.loc[label, both], method="spearman")
        gains.append(rho[label] - rho.drop(label).mean())
    return mean_and_error(gains)


def homogeneity_spares_words(evidence: Evidence) -> Estimate:
    """The mean homogeneity factor of words less that of cells, in the mixed table."""
    factor = homogeneity(evidence.tables["genre multimodal"][0])
    word = words(factor)
    cell = factor.drop(word.index)
    error = np.sqrt(word.var() / len(word) + cell.var() / len(cell))
    return float(word.mean() - cell.mean()), float(error)


# ---------------------------------------------------------------- the claims

GENRE, EMOTION = "genre", "emotion"
VOCALS, DRUMS, BASS, OTHER = "vocals", "drums", "bass", "other"
POINTS = "points of accuracy, on as many songs as the thesis tested"
SEGMENTS = "average importance between stems, ten segments as replicates"
TOP_20 = "the words' share of the 20 strongest features in two independent runs, binomial error"
WORD = "homogeneity-weighted importance, with the noise of words met once"
PLACES = "mean place among the class's words (0 is the middle), words as replicates"

THEMES = {
    "hip hop": "brooklyn mic flow bars hood police block 45 baller",
    "heavy music": "blood wrath destruction killer torture fear misery grief despair sorrow hatred emptiness "
    "dead grave death evil cursed soul hell prophecy",
    "rhythm music": "gospel pray saviour galilee lord dem jammin jamaica mississippi tennessee ghetto poor",
    "pop": "kiss girlfriend sexy boy heart beauty club dance dancin disco vegas dress chic glitter glow",
    "folk": "river pastures mountain woods trees leaves hurt mary fell pretty county town barley bakers",
}


def _claims_on_accuracy() -> list[Claim]:
    """What the two documents print about the accuracy of six models."""
    best_genre = [((GENRE, "multimodal"), (GENRE, other)) for other in ("audio", "lyrics")]
    best_emotion = [((EMOTION, "multimodal"), (EMOTION, other)) for other in ("audio", "lyrics")]
    audio_first = [((task, "audio"), (task, "lyrics")) for task in (GENRE, EMOTION)]
    genre_first = [((GENRE, one), (EMOTION, one)) for one in ("lyrics", "audio", "multimodal")]
    page = "runs/compare"
    rows: list[Row] = [
        (
            "For genre, the multimodal model is the best",
            "paper 4",
            partial(all_ahead, best_genre),
            POINTS,
            "a lead of less than two errors",
        ),
        (
            "For emotion too, the multimodal model is the best",
            "paper 4",
            partial(all_ahead, best_emotion),
            POINTS,
            "a lead of two points instead of a quarter of one",
        ),
        (
            "Sound beats words, for genre and for emotion",
            "paper 4",
            partial(all_ahead, audio_first),
            POINTS,
            "a lyrical model within two points of the audio model",
        ),
        (
            "Genre is easier than emotion, in every modality",
            "paper 4",
            partial(all_ahead, genre_first),
            POINTS,
            "one modality in which emotion comes within two points",
        ),
        (
            "For emotion the sound does nearly all",
            "paper 4",
            hearing_adds_most_for_emotion,
            "half of what sound gains over words, less what both gain over sound",
            "both far ahead of the sound alone",
        ),
    ]
    return [Claim(*row, page) for row in rows]


def _claims_on_classes() -> list[Claim]:
    """What the thesis prints about single classes, and about regression."""
    weak = ["alternative rock", "rock", "electronic", "punk"]
    page = "runs/compare"
    rows: list[Row] = [
        (
            "Hearing beats reading in every genre but hip hop",
            "thesis 5.2.2",
            hearing_beats_reading_but_for_hip_hop,
            "F1, the least clear genre",
            "alternative rock, a tie at 0.30, ahead by 0.06 on either side",
        ),
        (
            "From lyrics alone, four genres stay below an F1 of 0.3",
            "thesis 5.3.1",
            partial(below_f1, weak, "lyrics", 0.3),
            "0.3 less the highest F1",
            "none of them at 0.30, where two are printed",
        ),
        (
            "Rock and alternative rock are the hardest genres",
            "thesis 5.2.2",
            partial(hardest_genres, ["rock", "alternative rock"]),
            "F1 of the multimodal model, the nearest other genre",
            "a third genre as low as these",
        ),
        (
            "Energy is easier to predict than valence",
            "thesis 5.2.1",
            energy_is_easier,
            "mean absolute error, models of table 5.1 as replicates",
            "models that differ in sign",
        ),
    ]
    claims = [Claim(*row, page) for row in rows]
    claims[-1].page = "runs/regression"
    return claims


def _claims_on_modalities_of_genres() -> list[Claim]:
    """Which genres are read and which are heard."""
    page = "runs/published"
    rows: list[Row] = [
        (
            "Where reading pays, words lead the multimodal model",
            "thesis 5.3.5",
            reading_pays_where_words_lead,
            "rank correlation of F1(lyrics) - F1(audio) with the words' share of the top 20, as Fisher's z",
            "genres in another order in one of the two lists",
        ),
        (
            "Hip hop is read: words drive the decision",
            "paper 4",
            partial(words_lead, "hip hop"),
            TOP_20,
            "fewer than 27 words among the 40 features",
        ),
        (
            "Punk is heard: sound drives the decision",
            "paper 4",
            partial(sound_leads, "punk"),
            TOP_20,
            "more than 13 words among the 40 features",
        ),
        (
            "Pop is balanced: neither dominates",
            "paper 4",
            partial(neither_leads, "pop"),
            "distance of the share from a quarter or three quarters",
            "a share nearer to a half",
        ),
        (
            "For genre, both modalities weigh nearly the same",
            "paper 4",
            modalities_weigh_the_same,
            "distance of the words' part of all weight from 40 or 60 %, genres as replicates",
            "a mean part further from a half",
        ),
    ]
    return [Claim(*row, page) for row in rows]


def _claims_on_modalities_of_emotions() -> list[Claim]:
    """Which emotions are read and which are heard."""
    all_sound = ["Happy", "Depressed", "Excited", "Tense", "Calm", "Relaxed"]
    page = "runs/published"
    rows: list[Row] = [
        (
            "Sound outweighs words for every emotion",
            "paper 4, thesis 5.3.6",
            sound_leads_every_emotion,
            "mean of the forty cells less that of the forty leading words, the least clear emotion",
            "one emotion whose leading words are as strong as its cells",
        ),
        (
            "For six emotions the ten strongest features are all sound",
            "thesis 5.3.6",
            partial(ten_strongest_are_sound, all_sound),
            "tenth cell less first word, the least clear emotion",
            "a gap of more than two errors in each of the six",
        ),
        (
            "Angry mixes words and sound, sad and neutral have few words",
            "thesis 5.3.6",
            partial(more_words_than, "Angry", ["Sad", "Neutral"]),
            "words among the ten strongest",
            "angry with seven words more than the others",
        ),
    ]
    return [Claim(*row, page) for row in rows]


def _claims_on_stems() -> list[Claim]:
    """Which stems carry a class, by average importance."""
    all_stems = {VOCALS, DRUMS, BASS, OTHER}

    def first(*names: Any) -> Any:
        return each_pair(list(names), sorted(all_stems - set(names)))

    def last(*names: Any) -> Any:
        return each_pair(sorted(all_stems - set(names)), list(names))

    genre, emotion = "genre audio", "emotion audio"
    in_genres, in_emotions = "thesis 5.3.3", "thesis 5.3.4"
    rows: list[tuple[str, str, str, dict]] = [
        (genre, "Hip hop: vocals carry most", in_genres, {"hip hop": first(VOCALS)}),
        (genre, "Hip hop: drums and bass carry least", in_genres, {"hip hop": last(DRUMS, BASS)}),
        (genre, "Heavy music: vocals and other carry most", in_genres, {"heavy music": first(VOCALS, OTHER)}),
        (genre, "Pop: vocals carry most", in_genres, {"pop": first(VOCALS)}),
        (genre, "Pop: drums carry least", in_genres, {"pop": last(DRUMS)}),
        (genre, "Folk: vocals and other carry most", in_genres, {"folk": first(VOCALS, OTHER)}),
        (genre, "Rhythm music: drums carry least", in_genres, {"rhythm music": last(DRUMS)}),
        (genre, "Electronic: other carries most", in_genres, {"electronic": first(OTHER)}),
        (genre, "Electronic: drums carry least", in_genres, {"electronic": last(DRUMS)}),
        (
            genre,
            "Electronic: drums and synthesizers stand out",
            "paper 4",
            {"electronic": first(DRUMS, OTHER)},
        ),
        (genre, "Punk: vocals carry most", in_genres, {"punk": first(VOCALS)}),
        (genre, "Rock: other (guitars) and vocals carry most", in_genres, {"rock": first(OTHER, VOCALS)}),
        (genre, "Alternative rock: bass carries least", in_genres, {"alternative rock": last(BASS)}),
        (
            emotion,
            "Drums carry happy and excited",
            "paper 4, thesis 5.3.4",
            {"Happy": first(DRUMS), "Excited": first(DRUMS)},
        ),
        (emotion, "Vocals carry tense", "paper 4", {"Tense": first(VOCALS)}),
        (
            emotion,
            "Other carries neutral and relaxed",
            in_emotions,
            {"Neutral": first(OTHER), "Relaxed": first(OTHER)},
        ),
        (emotion, "Other carries angry", in_emotions, {"Angry": first(OTHER)}),
        (emotion, "Other carries tense", in_emotions, {"Tense": first(OTHER)}),
        (emotion, "Drums carry sad", in_emotions, {"Sad": first(DRUMS)}),
        (emotion, "Drums are negligible for depressed", in_emotions, {"Depressed": last(DRUMS)}),
        (emotion, "Vocals and other carry calm", in_emotions, {"Calm": first(VOCALS, OTHER)}),
    ]
    claims = []
    for name, text, source, leading in rows:
        test = partial(stems_lead, name, leading)
        turned = "two stems in another order, by two errors over the segments"
        claims.append(Claim(text, source, test, SEGMENTS, turned, "runs/published"))
    return claims


def _claims_on_words() -> list[Claim]:
    """Which words carry a class."""
    source, page = "thesis 5.3.1", "runs/published-words"
    lyrics = "genre lyrics"
    rows: list[Row] = [
        (
            "Hip hop: the four leading words are all offensive",
            source,
            partial(offensive_words_lead, "hip hop", 4),
            WORD,
            "another word before the fourth",
        ),
        (
            "Rhythm music: Jah outweighs every other word",
            source,
            partial(word_leads, lyrics, "rhythm music", "jah", 1),
            WORD,
            "a second word within two errors",
        ),
        (
            "Heavy music: darkness is among the first five",
            source,
            partial(word_leads, lyrics, "heavy music", "darkness", 5),
            WORD,
            "a clear gap to the fifth other word",
        ),
        (
            "Heavy music: nightmare is among the first five",
            source,
            partial(word_leads, lyrics, "heavy music", "nightmare", 5),
            WORD,
            "a clear gap to the fifth other word",
        ),
        (
            "One word leads rhythm music more than folk",
            source,
            partial(one_word_leads_more, "rhythm music", "folk"),
            "logarithm of first over tenth word",
            "a first word that stands out as much in folk",
        ),
    ]
    for label, listed in THEMES.items():
        words = listed.split()
        text = f"{label.capitalize()}: {', '.join(words[:3])} and {len(words) - 3} more listed words lead"
        test = partial(listed_words_lead, lyrics, label, words)
        rows.append((text, source, test, PLACES, "listed words scattered over all places"))
    return [Claim(*row, page) for row in rows]


def _claims_on_vocabularies() -> list[Claim]:
    """How the words of classes and data sets compare."""
    source, page = "thesis 5.3.1", "runs/published-words"
    near, far = ("rock", "alternative rock"), ("hip hop", "heavy music")
    rows: list[Row] = [
        (
            "Rock and alternative rock share more leading words than hip hop and heavy music",
            source,
            partial(one_pair_shares_more, near, far),
            "shared words among the first thirty, counts as Poisson's",
            "a difference of two errors of such counts",
        ),
        (
            "Results do not depend on one data set",
            "paper 3.1",
            data_sets_agree,
            "rank correlation with the same genre of AudioSet, less that with others; genres as replicates",
            "genres that resemble other genres as much as themselves",
        ),
        (
            "Dead, destroy and bleed speak for angry",
            "thesis 5.3.2",
            partial(listed_words_lead, "emotion lyrics", "Angry", ["dead", "destroy", "bleed"]),
            PLACES,
            "one of the three far down",
        ),
        (
            "Only angry, excited and calm have words of weight",
            "thesis 5.3.2",
            partial(few_classes_have_weight, ["Angry", "Excited", "Calm"]),
            "mean of the five leading words",
            "the three ahead of all others by two errors",
        ),
        (
            "Homogeneity weighting pushes cells below words",
            "paper 2.3, thesis 5.3.5",
            homogeneity_spares_words,
            "mean factor of words less that of cells",
            "cells whose weight differs between classes as that of words",
        ),
    ]
    return [Claim(*row, page) for row in rows]


SECTIONS = {
    "How good the models are": _claims_on_accuracy() + _claims_on_classes(),
    "Who is read, who is heard": _claims_on_modalities_of_genres() + _claims_on_modalities_of_emotions(),
    "Which stems": _claims_on_stems(),
    "Which words": _claims_on_words() + _claims_on_vocabularies(),
}
CLAIMS = [claim for section in SECTIONS.values() for claim in section]
