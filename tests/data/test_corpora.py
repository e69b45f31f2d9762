"""Readers of real corpora, on generated folders with every blemish we know of."""

import csv
import json
import time

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

import musiclime as ml
from musiclime.data.corpora import curation as curate
from musiclime.data.corpora import source_files as files
from musiclime.data.corpora.audioset import artist_and_song, not_a_song
from musiclime.data.song import COLUMNS

try:
    import resource
except ImportError:  # Windows
    resource = None

ENGLISH = "I walk along the river and I wonder where you are tonight\n" * 9
TABLES = {
    "id_information.csv": ["id", "artist", "song", "album_name"],
    "id_genres.csv": ["id", "genres"],
    "id_lang.csv": ["id", "lang"],
    "id_metadata.csv": "id spotify_id popularity release danceability energy key mode valence tempo length",
}


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "a.mp3"
    rng = np.random.default_rng(0)
    sf.write(path, rng.normal(0, 0.1, 32000).astype("f4"), 16000, format="MP3")
    return path.read_bytes()


def write_music4all(root, count, clip=None, artists=40):
    """count good songs: id00000, id00001, ... by some forty artists, in English, two genre labels each."""
    rng = np.random.default_rng(0)
    tags = [
        "rock,pop",
        "hip hop,pop",
        "metal,rock",
        "indie,rock",
        "techno,dance",
        "punk,rock",
        "folk",
        "soul,pop",
    ]
    rows = {name: [] for name in TABLES}
    values = rng.uniform(0, 1, (count, 2)).round(3)
    for n in range(count):
        id = f"id{n:05d}"
        rows["id_information.csv"].append([id, f"Artist {n % artists}", f"Song {n}", "Album"])
        rows["id_genres.csv"].append([id, tags[n % len(tags)]])
        rows["id_lang.csv"].append([id, "en"])
        energy, valence = values[n]
        rows["id_metadata.csv"].append([id, "s", 9, 2001, 0.5, energy, 1, 1, valence, 120.0, 200000])
    (root / "audios").mkdir(parents=True)
    (root / "lyrics").mkdir()
    for row in rows["id_lang.csv"] if clip else ():
        (root / "audios" / f"{row[0]}.mp3").write_bytes(clip)
        (root / "lyrics" / f"{row[0]}.txt").write_text(ENGLISH)
    return rows


def write_tables(root, rows):
    for name, header in TABLES.items():
        header = header.split() if isinstance(header, str) else header
        lines = ["\t".join(map(str, row)) for row in [header, *rows[name]]]
        (root / name).write_bytes(
            b"\n".join(x if isinstance(x, bytes) else x.encode() for x in lines) + b"\n"
        )


@pytest.fixture(scope="session")
def blemished(tmp_path_factory, clip):
    root = tmp_path_factory.mktemp("m4a")
    rows = write_music4all(root, 300, clip)
    info, genres, lang, metadata = (rows[name] for name in TABLES)
    (root / "lyrics/id00000.txt").unlink()
    (root / "audios/id00001.mp3").unlink()
    (root / "audios/id00002.mp3").write_bytes(clip[: len(clip) // 3])
    (root / "audios/id00003.mp3").write_bytes(b"")
    (root / "audios/id00004.mp3").write_bytes(b"no sound at all " * 200)
    genres[5][1] = "rock,rock,pop,rock"
    info[6][2] = '"a\ttab"'
    info[7][1] = "Bj\udcf6rk"  # written below as one byte of Latin-1
    metadata[8][8] = "nan"
    metadata[9][5] = 1.7
    genres[10][1] = "zzyzx core,unheard of"
    (root / "lyrics/id00011.txt").write_text("INSTRUMENTAL")
    lang[12][1] = "INTRUMENTAL"
    lang[13][1] = "pt"
    genres[14][1] = "soundtrack"
    lang.pop(15)
    (root / "lyrics/id00015.txt").write_text("Caminho pela rua e penso em você todas as noites\n" * 9)
    lang[15 + 1 - 1][1] = "en"
    info[17] = ["../../etc/passwd", "Artist", "Song", "Album"]
    info.append(["id00018", "Artist 18", "again", "Album"])
    metadata[19] = ["id00019", "s", 9]
    info[20][2] = '"unclosed'
    (root / "lyrics/id00021.txt").write_bytes(b"\xff\xfe\x80 caf\xe9 in the rain\n" + ENGLISH.encode())
    metadata[22][8] = "-0.01"
    info[23][1] = ""
    genres[24][1] = ""
    info[25][2] = 'He said "\tno'
    info[26][1] = "NA"
    for name, header in TABLES.items():
        header = header.split() if isinstance(header, str) else header
        text = "\n".join("\t".join(map(str, row)) for row in [header, *rows[name]]) + "\n"
        (root / name).write_bytes(text.encode("utf-8", errors="surrogateescape"))
    return root


def test_every_blemish_is_listed_with_its_reason(blemished):
    corpus = ml.load_corpus("music4all", root=blemished)
    reasons = corpus.dropped.groupby("id")["reason"].agg(list)
    expected = {
        "id00000": "no lyrics file",
        "id00001": "no sound file",
        "id00002": "sound breaks off",
        "id00003": "sound cannot be read",
        "id00004": "sound cannot be read",
        "id00008": "no emotion: valence is nan",
        "id00009": "no emotion: energy is 1.7",
        "id00010": "no genre: zzyzx core, unheard of (unknown",
        "id00011": "instrumental",
        "id00012": "instrumental",
        "id00013": "language: pt (listed)",
        "id00014": "no genre: soundtrack",
        "id00015": "language: pt (detected)",
        "../../etc/passwd": "unsafe id",
        "id00017": "no row in id_information.csv",
        "id00018": "id appears twice",
        "id00019": "broken line: id_metadata.csv 21 has 3 fields",
        "id00022": "no emotion: valence is -0.01",
        "id00023": "no artist",
        "id00024": "no genre: no tags",
        "id00025": "broken line: id_information.csv 27 has 5 fields",
    }
    for id, start in expected.items():
        assert [reason.startswith(start) for reason in reasons[id]] == [True], (id, reasons[id])
    assert set(reasons.index) == set(expected)
    kept = set(corpus.table["id"])
    assert kept == {f"id{n:05d}" for n in range(300)} - (set(expected) - {"id00018"})
    by_id = corpus.table.set_index("id")
    assert by_id.loc["id00005", "genre"] == "rock"
    assert by_id.loc["id00006", "title"] == "a\ttab"
    assert by_id.loc["id00007", "artist"] == "Björk"
    assert by_id.loc["id00020", "title"] == '"unclosed'
    assert by_id.loc["id00026", "artist"] == "NA"


def test_every_song_that_is_kept_can_be_read(blemished):
    corpus = ml.load_corpus("music4all", root=blemished)
    songs = {song.id: song for song in corpus}
    assert len(songs) == len(corpus)
    assert songs["id00021"].lyrics.startswith("ÿþ€ café in the rain")
    one = songs["id00030"]
    assert one.audio.dtype == np.float32 and one.sample_rate == 16000 and len(one.audio) >= 32000
    assert one.genre in ml.GENRES and one.emotion == ml.emotion_of(one.valence, one.energy)
    assert list(corpus.table.columns) == [*COLUMNS, "danceability", "tempo", "key", "mode"]  # Spotify's
    assert corpus.table["tempo"].dtype == float


def test_artist_genres_choose_the_first_label_they_confirm(tmp_path, blemished):
    path = tmp_path / "artists.csv"
    path.write_text('artist,genres\n"artist  33","teen pop, soul"\nArtist 31,"jazz"\nArtist 32,"big room"\n')
    corpus = ml.load_corpus("music4all", root=blemished, artist_genres=path, check="files")
    genre, reason = corpus.table.set_index("id")["genre"], corpus.dropped.set_index("id")["reason"]
    assert genre["id00113"] == "pop"  # labelled "hip hop,pop"; the file calls Artist 33 pop
    assert genre["id00111"] == "rhythm music"  # "soul,pop", by a jazz player: one class
    assert reason["id00112"] == "genre not confirmed by the artist's genres: rock, pop"
    assert reason["id00114"].startswith("genre not confirmed")  # Artist 34 is not in the file
    assert set(genre.index) == {f"id{n:05d}" for n in range(27, 300) if n % 40 in (31, 33)}


def test_labels_of_several_classes_can_be_left_out(blemished):
    corpus = ml.load_corpus("music4all", root=blemished, single_genre=True, check="files")
    assert set(corpus.table["genre"]) == {"electronic", "folk"}


def test_what_is_asked_for_in_vain_is_said(tmp_path, blemished):
    with pytest.raises(ValueError, match="give root"):
        ml.load_corpus("music4all")
    with pytest.raises(FileNotFoundError, match="no folder"):
        ml.load_corpus("music4all", root=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="id_information.csv"):
        ml.load_corpus("music4all", root=tmp_path)
    with pytest.raises(ValueError, match="check is"):
        ml.load_corpus("music4all", root=blemished, check="no")


@pytest.mark.slow
@pytest.mark.skipif(resource is None, reason="the system does not tell the peak of memory")
def test_a_hundred_thousand_rows(tmp_path):
    rows = write_music4all(tmp_path, 100_000, artists=15_000)
    write_tables(tmp_path, rows)
    del rows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    corpus = ml.load_corpus("music4all", root=tmp_path, check="tables")
    seconds = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6
    print(f"100,000 rows: {seconds:.1f} s of one core, {grown:.2f} GB more")
    assert len(corpus) + len(corpus.dropped) == 100_000
    assert seconds < 20 and grown < 1
    shares = corpus.table["split"].value_counts(normalize=True)
    assert abs(shares["train"] - 0.8) < 0.01 and abs(shares["test"] - 0.1) < 0.01


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        "The  Band",
        "the band ",
        "THE BAND",
        "Straße",
        "STRASSE",
        "Ｂａｎｄ",
        "band",
        "A feat. B",
        "a",
        "ﬁ",
        "FI",
    ]
)


@given(st.lists(names, max_size=60), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_no_artist_on_two_sides(artists, seed):
    splits = curate.split_by_artist(artists, (0.6, 0.2, 0.2), seed)
    assert len(splits) == len(artists)
    where = {}
    for artist, split in zip(artists, splits, strict=True):
        where.setdefault(" ".join(artist.casefold().split()), set()).add(split)
    assert all(len(found) == 1 for found in where.values())
    assert splits == curate.split_by_artist(artists, (0.6, 0.2, 0.2), seed)


def test_shares_hold_and_the_seed_matters():
    artists = [f"artist {n}" for n in range(1000)]
    splits = curate.split_by_artist(artists)
    assert pd.Series(splits).value_counts().to_dict() == {"train": 800, "val": 100, "test": 100}
    assert splits != curate.split_by_artist(artists, seed=1)
    assert curate.split_by_artist(["", " ", "x"])[:2] == ["train", "train"]


@pytest.mark.parametrize("seed", range(8))
def test_few_artists_leave_no_split_without_a_song(seed):
    many, few = ["A"] * 6 + ["B", "C"], ["A"] * 6 + ["B"]
    splits = curate.split_by_artist(many, seed=seed)
    assert set(splits) == {"train", "val", "test"} and splits[:6] == ["train"] * 6
    assert curate.split_by_artist(few, seed=seed) == ["train"] * 6 + ["test"]
    assert set(curate.split_by_artist(["A", "B"], (0.5, 0.5, 0), seed)) <= {"train", "val"}


def test_surplus_leaves_every_class_as_rare_as_the_rarest():
    labels = pd.Series(["a"] * 50 + ["b"] * 7 + ["c"] * 20)
    out = curate.surplus(labels)
    assert labels[~out].value_counts().to_dict() == {"a": 7, "b": 7, "c": 7}
    assert (out == curate.surplus(labels)).all() and (out != curate.surplus(labels, seed=1)).any()


def test_language_is_the_same_at_every_call():
    import langdetect

    text, answers = "je t'aime baby hold me", set()
    for seed in range(30):
        langdetect.DetectorFactory.seed = seed
        answers.add(langdetect.detect(text))
    assert len(answers) > 1, "the text is not undecided enough to show anything"
    assert len({files.language(text) for _ in range(30)}) == 1
    assert files.language(ENGLISH) == "en" and files.language("?!") == ""


def test_titles_lose_noise_and_nothing_else():
    expected = {
        "Stevie Wonder - Happy Birthday": ("Stevie Wonder", "Happy Birthday"),
        "The Prodigy - Firestarter (Official Video) [HD]": ("The Prodigy", "Firestarter"),
        "Mr. Big - To Be With You": ("Mr. Big", "To Be With You"),
        "Joe Left – After All (lyrics)": ("Joe Left", "After All"),
        "Rolling Band - (I Can't Get No) Sleep | Official Audio": ("Rolling Band", "(I Can't Get No) Sleep"),
        "Some One ft. Another - Title feat. Third (Radio Edit)": ("Some One", "Title"),
        '"Left Alone" by Craft Soft': ("Craft Soft", "Left Alone"),
        'Singer: "Draft" HD': ("Singer", "Draft"),
        "Happy Birthday": None,
        "Little Mix - Black Magic": ("Little Mix", "Black Magic"),
        "Jay-Z - 99 Problems": ("Jay-Z", "99 Problems"),
    }
    assert {title: artist_and_song(title) for title in expected} == expected


def test_titles_that_are_no_songs():
    for title in ("Best Remixes 2014", "X - Full Album", "Show S01E02", "Guitar lesson 3", "A - B (C Remix)"):
        assert not_a_song(title), title
    for title in (
        "Left - After",
        "Foo - Best of You",
        "Little Mix - Black Magic",
        "Huey - The Postman",
        "Frost",
    ):
        assert not not_a_song(title), title


@pytest.fixture
def audioset(tmp_path, clip):
    ontology = [
        {"id": "/m/04rlf", "name": "Music", "child_ids": ["/m/0glt670", "/m/guitar"]},
        {"id": "/m/0glt670", "name": "Music genre", "child_ids": ["/m/hip", "/m/pop", "/m/opera"]},
        {"id": "/m/hip", "name": "Hip hop music", "child_ids": []},
        {"id": "/m/pop", "name": "Pop music", "child_ids": []},
        {"id": "/m/opera", "name": "Opera", "child_ids": []},
        {"id": "/m/guitar", "name": "Guitar", "child_ids": []},
        {"id": "/m/dog", "name": "Dog", "child_ids": []},
    ]
    (tmp_path / "ontology.json").write_text(json.dumps(ontology))
    rows = [  # id, labels, title, sound, lyrics, reason
        ("-good_one", "/m/guitar,/m/hip", "Mr. Big - Left (Official Video)", True, ENGLISH, ""),
        ("fetched", "/m/pop", "Some Body - Happy Birthday", True, None, ""),
        ("nolyrics", "/m/pop", "Some Body - Nothing", True, None, "no lyrics file"),
        ("dog", "/m/dog", "A - B", True, ENGLISH, "not music"),
        ("untitled", "/m/pop", None, True, ENGLISH, "no title"),
        ("mix", "/m/pop", "A - B (C remix)", True, ENGLISH, "not a song: its title says 'remix'"),
        ("alone", "/m/pop", "Birthday", True, ENGLISH, "no artist and song in the title: Birthday"),
        ("opera", "/m/opera", "A - B", True, ENGLISH, "no genre: opera"),
        ("guitar", "/m/guitar", "A - C", True, ENGLISH, "no genre: no tags"),
        ("silent", "/m/pop", "A - D", False, ENGLISH, "no sound file"),
        (
            "french",
            "/m/pop",
            "A - E",
            True,
            "Je ne sais pas où tu es ce soir mon amour\n" * 5,
            "language: fr (detected)",
        ),
        ("../up", "/m/pop", "A - F", False, None, "unsafe id: it could name a file elsewhere"),
    ]
    segments = [f'{id}, 0.000, 10.000, "{labels}"' for id, labels, *_ in rows]
    head = "# Segments csv created\n# num_ytids=12\n# YTID, start_seconds, end_seconds, positive_labels\n"
    (tmp_path / "eval_segments.csv").write_text(head + "\n".join(segments) + "\n")
    for folder in ("audio", "lyrics"):
        (tmp_path / folder).mkdir()
    with (tmp_path / "titles.csv").open("w") as file:
        csv.writer(file).writerows([["id", "title"], *[[row[0], row[2]] for row in rows if row[2]]])
    for id, _, _, sound, lyrics, _ in rows:
        if sound:
            (tmp_path / "audio" / f"{id}.mp3").write_bytes(clip)
        if lyrics:
            (tmp_path / "lyrics" / f"{id}.txt").write_text(lyrics)
    return tmp_path, {row[0]: row[-1] for row in rows}


def test_audioset_is_followed_down_to_pairs(audioset):
    root, reasons = audioset
    asked = []

    def lyrics(artist, song):
        asked.append((artist, song))
        return ENGLISH if song == "Happy Birthday" else None

    corpus = ml.load_corpus("audioset", root=root, lyrics=lyrics)
    assert dict(corpus.dropped.itertuples(index=False)) == {id: why for id, why in reasons.items() if why}
    assert asked == [("Some Body", "Happy Birthday"), ("Some Body", "Nothing")]
    table = corpus.table.set_index("id")
    assert table.loc["-good_one", ["artist", "title", "genre"]].tolist() == ["Mr. Big", "Left", "hip hop"]
    assert np.isnan(table.loc["fetched", "valence"]) and table.loc["fetched", "emotion"] == ""
    assert corpus[0].lyrics.startswith("I walk")


def write_merge(root, clip):
    """The layout as far as it is known from the set's page and its public readers; not seen by us."""
    rows = [("A001", "L010", "Q1", "One", 0.9, 0.9), ("A002", "L020", "Q3", "Two", 0.1, 0.2)]
    rows += [("A003", "L030", "Q4", "Two", 0.3, 0.6), ("A004", "L040", "Q2", "Three", 1.2, 0.1)]
    home = root / "MERGE_Bimodal_Complete"
    for kind in ("audio", "lyrics"):
        for quadrant in ("Q1", "Q2", "Q3", "Q4"):
            (home / kind / quadrant).mkdir(parents=True)
    metadata = [["Audio_Song", "Lyric_Song", "Quadrant", "Artist", "Title", "Genres"]]
    values = [["Audio_Song", "Lyric_Song", "Arousal", "Valence"]]
    for audio, lyric, quadrant, artist, arousal, valence in rows:
        (home / "audio" / quadrant / f"{audio}.mp3").write_bytes(clip)
        (home / "lyrics" / quadrant / f"{lyric}.txt").write_text(ENGLISH)
        metadata.append([audio, lyric, quadrant, artist, f"Title {audio}", "Electronic,Pop/Rock"])
        values.append([audio, lyric, arousal, valence])
    for name, table in {"metadata": metadata, "av_values": values}.items():
        with (home / f"merge_bimodal_complete_{name}.csv").open("w") as file:
            csv.writer(file).writerows(table)


def test_merge_gives_the_emotion_task(tmp_path, clip):
    write_merge(tmp_path, clip)
    corpus = ml.load_corpus("merge", root=tmp_path)
    table = corpus.table.set_index("id")
    assert table["emotion"].to_dict() == {"A001": "Excited", "A002": "Depressed", "A003": "Calm"}
    assert table["genre"].unique().tolist() == ["electronic"]
    assert corpus.dropped.values.tolist() == [["A004", "no emotion: energy is 1.2"]]
    assert table.loc["A002", "split"] == table.loc["A003", "split"]  # one artist
    assert corpus[0].lyrics.startswith("I walk")
    corners = ml.load_corpus("merge", root=tmp_path / "MERGE_Bimodal_Complete", by="quadrants")
    assert corners.table["emotion"].tolist() == ["Excited", "Depressed", "Relaxed"]


def test_folder_pairs_sound_and_text(tmp_path, clip):
    for name in ("A Band - First", "A Band - Second", "alone", "bad"):
        (tmp_path / f"{name}.mp3").write_bytes(clip if name != "bad" else b"x")
        (tmp_path / f"{name}.txt").write_text("[Chorus]\nwe sing it")
    (tmp_path / "silent.txt").write_text("no sound")
    (tmp_path / "wordless.wav").write_bytes(clip)
    corpus = ml.load_corpus("folder", root=tmp_path)
    assert corpus.table["title"].tolist() == ["First", "Second", "alone"]
    assert corpus.table["artist"].tolist() == ["A Band", "A Band", ""]
    assert corpus.dropped.set_index("id")["reason"].to_dict() == {
        "wordless": "no lyrics file",
        "silent": "no sound file",
        "bad": "sound cannot be read",
    }
    assert corpus[0].lyrics == "we sing it" and np.isnan(corpus[0].valence)


def test_a_folder_without_artists_is_split_by_songs(tmp_path, clip):
    for number in range(20):
        (tmp_path / f"s{number}.mp3").write_bytes(clip)
        (tmp_path / f"s{number}.txt").write_text("words")
    lines = [f"s{number}.mp3,{'pop' if number % 2 else 'rock'}" for number in range(20)]
    (tmp_path / "songs.csv").write_text("\n".join(["id,genre", *lines]))
    corpus = ml.load_corpus("folder", root=tmp_path)
    assert len(corpus) == 20 and not len(corpus.dropped) and set(corpus.table["genre"]) == {"pop", "rock"}
    assert all(len(corpus.split(part)) for part in ("train", "val", "test"))
    again = ml.load_corpus("folder", root=tmp_path)
    assert corpus.table["split"].tolist() == again.table["split"].tolist()


def test_folder_takes_what_its_csv_says(tmp_path, clip):
    for name in ("x", "y", "z"):
        (tmp_path / f"{name}.mp3").write_bytes(clip)
        (tmp_path / f"{name}.txt").write_text("words")
    lines = [
        "id,artist,genre,valence,energy,split",
        "x,NA,my own,0.9,0.9,test",
        "y,B,pop,,,train",
        "z,C,pop,2,0.1,val",
    ]
    (tmp_path / "songs.csv").write_text("\n".join([*lines, "gone,D,pop,,,train"]))
    corpus = ml.load_corpus("folder", root=tmp_path)
    assert corpus.table[["id", "artist", "genre", "emotion", "split"]].values.tolist() == [
        ["x", "NA", "my own", "Excited", "test"],
        ["y", "B", "pop", "", "train"],
    ]
    assert corpus.dropped.values.tolist() == [["z", "no emotion: valence is 2.0"], ["gone", "no lyrics file"]]


def test_balancing_leaves_validation_and_test_alone():
    corpus = ml.load_corpus("demo")
    balanced = curate.balance(corpus, "emotion")
    sizes = balanced.split("train").table["emotion"].value_counts()
    assert sizes.nunique() == 1 and len(sizes) == 9
    for split in ("val", "test"):
        assert balanced.split(split).table.equals(corpus.split(split).table)
    assert len(balanced) + len(balanced.dropped) == len(corpus)
    assert balanced.fingerprint != corpus.fingerprint
    np.testing.assert_array_equal(balanced[0].audio, corpus.read(balanced.table.iloc[0]).audio)
    with pytest.raises(ValueError, match="label is"):
        curate.balance(corpus, "split")


def test_rare_classes_are_filled_from_candidates_and_no_further():
    corpus = ml.load_corpus("demo", size=270)
    candidates = ml.load_corpus("demo", size=270, seed=1)
    candidates.table["year"] = [1900 if n % 5 == 0 else 2000 for n in range(270)]
    before = corpus.split("train").table["emotion"].value_counts()
    filled = curate.fill_rare(corpus, candidates, classes=2)
    rare, others = list(before.index[::-1][:2]), before.index[:-2]
    after = filled.split("train").table["emotion"].value_counts()
    assert (after[others] == before[others]).all()
    assert (after[rare] >= before[rare]).all() and after[rare].sum() > before[rare].sum()
    assert after[rare].max() <= round(before[others].mean())

    joined = filled.table.iloc[len(corpus) :]
    assert set(joined["emotion"]) <= set(rare) and set(joined["split"]) == {"train"}
    assert (joined["year"] == 2000).all()
    for split in ("val", "test"):
        assert set(filled.split(split).table["id"]) == set(corpus.split(split).table["id"])
        assert not set(joined["artist"]) & set(corpus.split(split).table["artist"])
    reasons = set(filled.dropped["reason"].str.split(":").str[0])
    assert {"emotion is not rare", "year outside 1950 to 2023", "artist is in val or test"} <= reasons
    song = filled.read(joined.iloc[0])
    assert song.id == joined.iloc[0]["id"] and song.emotion in rare


def test_candidates_of_unknown_year_may_join_and_a_class_must_be_left_to_compare_with():
    corpus = ml.load_corpus("demo", size=270)
    candidates = ml.load_corpus("demo", size=270, seed=1)
    # As a folder's table is read: all of it text, and empty where nothing is known.
    candidates.table["year"] = [("1900", "2000", "")[n % 3] for n in range(270)]
    joined = curate.fill_rare(corpus, candidates, classes=2).table.iloc[len(corpus) :]
    assert set(joined["year"]) == {"2000", ""}
    count = corpus.split("train").table["emotion"].nunique()
    with pytest.raises(ValueError, match=f"classes is {count}, .* have {count} values of emotion"):
        curate.fill_rare(corpus, candidates, classes=count)


def test_joined_corpora_read_each_song_where_it_is(tmp_path, clip):
    for name in ("x", "y"):
        (tmp_path / f"{name}.mp3").write_bytes(clip)
        (tmp_path / f"{name}.txt").write_text(f"words of {name}")
    folder, demo = ml.load_corpus("folder", root=tmp_path), ml.load_corpus("demo", size=3)
    both = curate.join(demo, folder, "both")
    assert [song.lyrics for song in both][3:] == ["words of x", "words of y"]
    before = both.fingerprint
    (tmp_path / "y.txt").write_text("other words")
    assert both.fingerprint != before
    with pytest.raises(ValueError, match="id of its own"):
        curate.join(demo, demo, "twice")
