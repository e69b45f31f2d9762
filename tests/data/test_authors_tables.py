"""The authors' tables: an unpickler that runs nothing, slurs masked, and figures known beforehand."""

import collections
import hashlib
import os
import pickle

import numpy as np
import pytest

from musiclime.data import authors_tables as published
from musiclime.judge.global_importance import grid, homogeneity, importance

reference = pytest.mark.skipif(
    "MUSICLIME_REFERENCE" not in os.environ,
    reason="the authors' tables are not ours to ship: name their folder in MUSICLIME_REFERENCE",
)
A_SWEARWORD = bytes.fromhex("6675636b").decode()


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "make",
    [
        lambda fuse: {0: {"love": Bomb(fuse)}},
        lambda fuse: Bomb(fuse),
        lambda fuse: {0: collections.OrderedDict},
    ],
)
def test_a_pickle_that_names_anything_else_is_refused_by_name_and_does_nothing(make, tmp_path):
    fuse, file = tmp_path / "fuse", tmp_path / "table.pkl"
    file.write_bytes(pickle.dumps(make(fuse)))
    with pytest.raises(ValueError, match=r"it names (posix|nt|collections)\.(mkdir|OrderedDict)"):
        published.read_pickle(file)
    assert not fuse.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"no pickle",
        b"",
        pickle.dumps([1, 2]),
        pickle.dumps({0: {"love": "much"}}),
        # Reaching for attributes of an allowed name, and calling what is only named.
        b"\x80\x04\x8c\x05numpy\x8c\x0edtype.__init__\x93.",
        b"cbuiltins\nint\n(S'5'\ntR.",
        pickle.dumps({0: {"love": np.array([object()], dtype=object)[0:1].dtype}}),
    ],
)
def test_what_is_no_table_is_refused(content, tmp_path):
    file = tmp_path / "table.pkl"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="no published table"):
        published.read_pickle(file)


def default_dict_of_float():
    return collections.defaultdict(float)


def test_a_table_as_the_authors_wrote_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(default_dict_of_float, "__module__", "__main__")
    monkeypatch.setattr("__main__.default_dict_of_float", default_dict_of_float, raising=False)
    table = collections.defaultdict(default_dict_of_float)
    table[np.int64(4)][np.str_("Señor")] += np.float64(0.25)
    table[4]["vocals0"] += 1.5
    file = tmp_path / "table.pkl"
    for protocol in (3, 4, 5):
        file.write_bytes(pickle.dumps(table, protocol=protocol))
        assert published.read_pickle(file) == {4: {"Señor": 0.25, "vocals0": 1.5}}


def test_without_folder_or_download_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv("MUSICLIME_REFERENCE", raising=False)
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="MUSICLIME_REFERENCE"):
        published.load("genre audio")
    with pytest.raises(ValueError, match="no published table 'genre smell'"):
        published.load("genre smell")


def test_a_file_with_another_checksum_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_REFERENCE", str(tmp_path))
    (tmp_path / "audio_genre_feature_weights.pkl").write_bytes(pickle.dumps({0: {"vocals0": 1.0}}))
    with pytest.raises(ValueError, match="SHA-256 differs"):
        published.load("genre audio")


def test_slurs_are_masked_wherever_they_sit_and_harmless_words_are_not():
    assert published.mask(A_SWEARWORD) == "f***"
    assert published.mask(f"like{A_SWEARWORD.title()}ing") == "l" + "*" * 10
    harmless = ["raccoon", "spice", "shoes", "class", "love", "snow", "night", "bass0", ""]
    assert [published.mask(word) for word in harmless] == harmless


def test_the_list_of_slurs_can_be_read_by_nobody():
    source = published.__loader__.get_source("musiclime.data.authors_tables").casefold()
    assert A_SWEARWORD not in source
    assert hashlib.sha256(A_SWEARWORD.encode()).hexdigest()[:8] in published.PARTS


@reference
def test_golden_the_average_of_the_audio_table_is_what_the_authors_printed():
    """One cell of their pop heatmap is known to us; the picture, and so its other cells, are not at hand."""
    sums, counts = published.load("genre audio")
    average = importance(sums, counts)
    assert f"{sums.loc['pop', 'vocals2']:.4f}/{counts.loc['pop', 'vocals2']:.0f}" == "1.9701/34"
    assert average.loc["pop", "vocals2"] == pytest.approx(1.9701 / 34, abs=2e-6)
    assert grid(average.loc["pop"]).shape == (4, 10) and average.shape == (9, 40)
    assert homogeneity(sums)["drums4"] == 0


@reference
@pytest.mark.parametrize("name, singles", [("genre lyrics", 84), ("genre multimodal", 81)])
def test_golden_most_leading_words_rest_on_one_song(name, singles):
    sums, counts = published.load(name)
    average = importance(sums, counts)
    lyrics = [j for j in average if not published.re.fullmatch(r"(vocals|drums|bass|other)\d", j)]
    top = [average.loc[c, lyrics].nlargest(10).index for c in average.index]
    assert sum((counts.loc[c, words] == 1).sum() for c, words in zip(average.index, top)) == singles


@reference
def test_golden_entropies_of_cells_and_what_homogeneity_makes_of_them():
    sums, _ = published.load("genre audio")
    p = np.sqrt(sums) / np.sqrt(sums).sum()
    bits = -(p * np.log2(p)).sum()
    assert (round(bits.min(), 3), round(bits.max(), 3)) == (3.021, 3.143)
    sums, _ = published.load("genre multimodal")
    factor = homogeneity(sums)
    cells = factor.index.str.fullmatch(r"(vocals|drums|bass|other)\d")
    assert factor[cells].mean() < 0.05 and factor[~cells].mean() > 0.8


@reference
def test_golden_a_lyrics_site_leads_two_genres():
    sums, counts = published.load("audioset lyrics")
    for genre in ("folk", "rhythm music"):
        assert sums.loc[genre].nlargest(2).index.tolist() == ["also", "might"]
    assert counts.loc["folk", "also"] == 119


@reference
def test_all_eleven_tables_are_what_their_checksums_say_and_hold_no_negative_weight():
    assert len(published.TABLES) == 11
    for name in published.TABLES:
        sums, counts = published.load(name)
        assert (sums >= 0).all(axis=None) and (counts >= 0).all(axis=None)
        # Whatever was summed was counted.
        assert not ((sums > 0) & (counts == 0)).any(axis=None)
        assert len(sums) == len(published.CLASSES[name.split()[0]])


@reference
def test_golden_class_counts_of_the_lyric_tables_are_multiples_of_ten():
    """Ten words a song entered, with whatever sign: of ten strongest words some are usually negative."""
    totals = []
    for name in ("genre lyrics", "audioset lyrics"):
        _, counts = published.load(name)
        totals += counts.sum(axis=1).astype(int).tolist()
    assert [total % 10 for total in totals] == [0] * 16
    # In the tables that hear, every cell of every song could have been counted, and about half were not.
    _, counts = published.load("genre audio")
    counted = counts.sum(axis=1) / (counts.shape[1] * counts.max(axis=1))
    assert (counted < 1).all()


@reference
def test_golden_the_earlier_state_is_no_second_run_and_the_larger_run_is_one():
    """Words that were counted once in both tables: the same number says the same perturbations."""

    def singles(first, second):
        sums, counts = published.load(first)
        other_sums, other_counts = published.load(second)
        shared = sums.columns.intersection(other_sums.columns)
        once = (counts[shared] == 1) & (other_counts[shared] == 1)
        return (sums[shared] - other_sums[shared]).where(once).stack().dropna().to_numpy()

    earlier = singles("emotion lyrics", "emotion lyrics, earlier state")
    assert len(earlier) == 1458 and (earlier == 0).all()
    larger = singles("genre multimodal", "genre multimodal, larger run")
    assert (larger != 0).all()
    assert larger.std() / np.sqrt(2) == pytest.approx(0.0033, abs=5e-5)
