# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Curation: from raw corpora to nine genres and nine emotions
#
# Somebody decides what a genre is, which songs count as sad, and which songs are thrown away. Each decision shows up
# again in the explanations. This chapter shows every one.
#
# **What you will learn**
#
# - how listeners' tags become nine genres, and two numbers become nine emotions;
# - how to read a corpus so that no song disappears without a reason;
# - what filling rare moods and balancing do to a model.
#
# **What you need**: nothing but this page, or a corpus of your own.
#
# **How long, on what**: {glue:text}`took`, for generated folders of {glue:text}`rows` songs and
# {glue:text}`compared` composed songs.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
more: str = ""
audioset_root: str = ""
rows: int = 200
compared: int = 450

# %% [markdown]
# `corpus` and `root` name your corpus, such as "music4all" and its folder. `more` is a second such folder, with
# candidates for rare moods; `audioset_root` has AudioSet's tables. Without them the page makes small ones.

# %% tags=["hide-input"]
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

from musiclime.data import audio as sound
from musiclime.data import labels
from musiclime.data.corpora import curation
from musiclime.models.preprocessing import clip
from musiclime.show.figures import COLOURS, INK

pd.options.display.max_colwidth = None
rng = np.random.default_rng(0)
chapter.glue("rows", rows)
chapter.glue("compared", compared)

# %% [markdown]
# ## Which corpora there are
#
# A multimodal explanation needs sound to mute and words to drop, both of the same song. Few corpora have both. The paper
# {cite}`sotirou2024musiclime` used Music4All {cite}`santana2020music4all`; MERGE {cite}`louro2024merge` is open.

# %% tags=["hide-input"]
known = pd.read_csv(chapter.data_folder() / "datasets.csv", keep_default_na=False)
known = known.rename(columns={"what decides": "why, or why not"})
known[["dataset", "songs", "sound", "lyrics", "access", "why, or why not"]].style.hide()

# %% [markdown]
# ## Tags become genres
#
# The thesis has nine classes, after the map at [musicmap.info](https://musicmap.info/). A plain table leads from tags to
# classes: each row has a tag, its class *and the reason*. On the five rows below, the two tables of the published code
# contradict each other. A tag without a row is `other` and is left out.

# %%
taxonomy = pd.read_csv(labels.taxonomy_path(), keep_default_na=False).set_index("tag")
taxonomy.loc[["pop punk", "trip hop", "folk rock", "soft rock", "dub"]]

# %% [markdown]
# ## A folder with every fault
#
# We may not show Music4All here. So the next cell writes a small folder of the same form from demo songs, with faults.

# %% tags=["hide-input"]
demo = ml.load_corpus("demo")
some = demo.where(np.isin(np.arange(len(demo)), rng.permutation(len(demo))[:rows]))
often = {genre: tags.index[:6].tolist() for genre, tags in taxonomy.groupby("class")}


def tags_of(genre):
    own = rng.choice(often[genre], size=rng.integers(1, 4), p=np.array([6, 5, 4, 3, 2, 1]) / 21)
    broad = [tag for tag in ("rock", "pop") if rng.random() < 0.25]
    return ",".join(rng.permutation([*own, *broad]))


table = some.table.assign(genres=[tags_of(genre) for genre in some.table["genre"]], lang="en")
table = table.rename(columns={"title": "song"}).astype({"valence": object, "energy": object})
table["id"] = [f"song{number:04d}" for number in range(len(table))]
table.loc[0, "valence"], table.loc[1, "energy"] = "nan", "1.7"
table.loc[2, "genres"], table.loc[3, "genres"] = "unheard of,never seen", "soundtrack"
table.loc[4, "lang"], table.loc[5, "lang"], table.loc[8, "id"] = "pt", "INTRUMENTAL", "../../else"

folder = Path(tempfile.mkdtemp())
columns = {"information": ["artist", "song"], "genres": ["genres"], "lang": ["lang"]}
for name, chosen in {**columns, "metadata": ["valence", "energy"]}.items():
    lines = table[["id", *chosen]].astype(str).agg("\t".join, axis=1)
    (folder / f"id_{name}.csv").write_text("\n".join(["\t".join(["id", *chosen]), *lines]), "utf-8")

# One clip and one text stand for all: curation only asks whether they can be used.
one_clip = sound.save(folder / "clip.mp3", some[0].audio, some[0].sample_rate).read_bytes()
one_text = "[Verse 1]\n" + some[0].lyrics


def write_song(place, id):
    for kind, ending, content in (("audio", "mp3", one_clip), ("lyrics", "txt", one_text.encode())):
        home = place / (f"{kind}s" if place == folder and kind == "audio" else kind)
        home.mkdir(exist_ok=True)
        (home / f"{id}.{ending}").write_bytes(content)


for id in table["id"].drop(8):
    write_song(folder, id)
(folder / "lyrics/song0010.txt").write_text("INSTRUMENTAL")
(folder / "audios/song0013.mp3").write_bytes(one_clip[: len(one_clip) // 3])
(folder / "lyrics/song0011.txt").unlink()

# %% [markdown]
# `ml.load_corpus` returns the songs that can be used, *and the ones that cannot, each with its reason*. The second table
# counts what each step lost and left:

# %%
place = root if corpus == "music4all" else folder
music4all = ml.load_corpus("music4all", root=place)
display(music4all.dropped.head(4).style.hide())
curation.funnel(music4all).style.hide()

# %% [markdown]
# ### Which label is the song's genre?
#
# The first label is the one that most listeners gave. The thesis takes the first label that agrees with the
# *artist's* genres. It had these from Spotify, which no longer gives them. Here they come from a file
# (`web_services.artist_genres` writes one with MusicBrainz). We composed these songs, so we can count how often the
# chosen genre is the composed one. The file of this page has no errors; a real one does worse.

# %%
main_genre = some.table.groupby("artist")["genre"].agg(lambda genres: genres.mode()[0])
main_genre.rename("genres").to_csv(folder / "artists.csv")
choices = {
    "first label": music4all,
    "first confirmed label": ml.load_corpus("music4all", place, artist_genres=folder / "artists.csv"),
}

# %% tags=["hide-input"]
composed_as = dict(zip(table["id"], some.table["genre"]))
kept = []
for name, found in choices.items():
    right = found.table["genre"] == found.table["id"].map(composed_as)
    kept.append((name, len(found), f"{right.mean():.2f}" if place == folder else "not known"))
pd.DataFrame(kept, columns=["the genre is the", "songs kept", "share with the composed genre"]).style.hide()

# %% [markdown]
# ## Two numbers become an emotion
#
# Valence (from unpleasant to pleasant) and energy (from calm to excited) span Russell's plane
# {cite}`russell1980circumplex`. Each axis is cut at 0.35 and at 0.65, and the borders belong to the middle.

# %% tags=["hide-input"]
songs = demo if corpus == "demo" else ml.load_corpus(corpus, root or None)
placed = songs.table[songs.table["valence"].notna() & songs.table["energy"].notna()]
counts = placed["emotion"].value_counts()
fig, ax = plt.subplots(figsize=(5.4, 4.4), layout="constrained")
ax.scatter(placed["valence"], placed["energy"], s=9, alpha=0.6, linewidths=0, color=COLOURS["audio"])
middles = (labels.LOW / 2, 0.5, (1 + labels.HIGH) / 2)
box = {"facecolor": INK, "edgecolor": "none", "pad": 2}
for x, row in zip(middles, labels.PLANE):
    for y, emotion in zip(middles, row):
        text = f"{emotion}\n{counts.get(emotion, 0)}"
        ax.text(x, y, text, ha="center", va="center", weight="bold", color="white", bbox=box)
for border in (labels.LOW, labels.HIGH):
    ax.axvline(border, color=INK, linewidth=1)
    ax.axhline(border, color=INK, linewidth=1)
ax.set(xlabel="valence: unpleasant to pleasant", ylabel="energy: calm to excited", xlim=(0, 1), ylim=(0, 1))
chapter.figure(
    fig,
    alt="Songs as points on the plane of valence and energy, cut into nine named regions with their counts",
    caption=f"Russell's plane in nine regions, with the songs of the corpus '{corpus}' and their counts.",
    name="fig-curation-plane",
)

# %% [markdown]
# ## Rare moods, filled or balanced
#
# Some regions hold many more songs than others. In Music4All the thesis found 498 relaxed songs among more than a
# hundred thousand, and collected more. `fill_rare` does this. It adds a candidate if its mood is
# rare, its year lies in a range, it has a genre, its lyrics are English, and its artist is not in validation or test. It
# stops when the mood has the mean size of the others. `balance` does the opposite, which the thesis tried too: it leaves
# songs out until every class is as small as the smallest. Both return a corpus to train on. Our candidates are demo
# songs of another seed, with invented years.

# %%
label = "emotion" if songs.table["emotion"].any() else "genre"
base = ml.load_corpus("demo", size=compared) if corpus == "demo" else songs
tried = {"as it is": base, "balanced": curation.balance(base, label)}
candidates = None
if corpus == "demo":
    candidates = ml.load_corpus("demo", size=compared, seed=1)
    candidates.table["year"] = rng.integers(1940, 2030, len(candidates))
elif more:
    candidates = ml.load_corpus(corpus, more)
if candidates is not None:
    classes = min(3, base.split("train").table[label].nunique() - 1)
    filled = tried["rare ones filled"] = curation.fill_rare(base, candidates, label, classes)
    joined = ml.Corpus("candidates", filled.table[len(base) :], filled.read, filled.dropped)
    display(curation.funnel(joined).style.hide())

# %% [markdown]
# What does this do to a model? We train a small one on each corpus, a logistic regression on the words and on the loudness
# in 32 bands, and test all on the same songs. (`ml.load_model(label, corpus=tried["balanced"])` trains the book's own
# network, in minutes.) *Macro F1* counts every class alike, however rare. *Evidence replaced* is the accuracy on
# the same songs without what was planted for their genre.

# %% tags=["hide-input"]
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler


def features(song):
    """Loudness in 32 bands (mean and spread), and the text."""
    frames = clip(song)[: 160 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames)) ** 2
    level = np.log(np.add.reduceat(power, np.geomspace(4, 512, 33).astype(int)[:-1], axis=1) + 1e-8)
    return np.concatenate([level.mean(0), level.std(0)]), song.lyrics


heard, test = {}, base.split("test")
for found in tried.values():
    for _, row in found.split("train").table.iterrows():
        if row["id"] not in heard:
            heard[row["id"]] = features(found.read(row))
asked = {"as they are": [features(song) for song in test]}
if test[0].evidence:
    asked["replaced"] = [features(song.neutral()) for song in test]


def answers(found):
    """What a classifier trained on a corpus says of the test songs, as they are and without their evidence."""
    words, scale = CountVectorizer(binary=True), StandardScaler()
    levels, texts = zip(*[heard[id] for id in found.split("train").table["id"]])
    known = hstack([csr_matrix(scale.fit_transform(levels)), words.fit_transform(texts)])
    model = LogisticRegression(C=0.1, max_iter=1000).fit(known, found.split("train").table[label])
    said = {}
    for case, songs_asked in asked.items():
        levels, texts = zip(*songs_asked)
        said[case] = model.predict(hstack([csr_matrix(scale.transform(levels)), words.transform(texts)]))
    return said


# %% tags=["hide-input"]
truth = test.table[label].to_numpy()
draws = rng.integers(0, len(truth), (500, len(truth)))
measured = []
for name, found in tried.items():
    said = answers(found)
    guess = said["as they are"]
    options = {"labels": sorted(set(truth)), "average": "macro", "zero_division": 0}
    low, high = np.quantile([f1_score(truth[d], guess[d], **options) for d in draws], [0.025, 0.975])
    row = {
        "training songs": name,
        "number": len(found.split("train")),
        "accuracy": f"{(guess == truth).mean():.2f}",
    }
    row["evidence replaced"] = f"{(said['replaced'] == truth).mean():.2f}" if "replaced" in said else "-"
    row["macro F1"] = f"{f1_score(truth, guess, **options):.2f}"
    measured.append(row | {"95 % interval": f"{low:.2f} to {high:.2f}"})
pd.DataFrame(measured).style.hide()

# %% [markdown]
# If two intervals overlap widely, these songs cannot decide. The planted evidence is about genre: the model should find
# a mood equally well without it. In the thesis balancing hardly changed the scores, and
# the authors went back to all songs.
#
# ## Words: clean, and no artist on both sides
#
# In the published word weights for AudioSet, two of the most important words of one genre are *also* and *might*: a link,
# "You might also like", was left in the lyrics. `ml.clean_lyrics` removes the link, but keeps the words where they are sung.

# %%
print(
    ml.clean_lyrics(
        "3 ContributorsA Song Lyrics[Verse 1]\nYou might also likeBaby, you might also like the sea34Embed"
    )
)

# %% [markdown]
# A model that has heard half of an album recognises the other half by the singer. So we divide artists, not songs,
# between training, validation and test, by a hash of the name. How many artists are in two splits?

# %%
artists = songs.table.groupby("split")["artist"].agg(
    lambda names: set(map(curation.artist_key, names)) - {""}
)
{f"{one}, test": len(artists[one] & artists["test"]) for one in ("train", "val")}

# %% [markdown]
# ## AudioSet: from titles to pairs
#
# AudioSet {cite}`gemmeke2017audioset` lists segments of two million videos, without lyrics. Only the video's title says
# who sings what. The published code removes "HD" even inside a word ("happy birthday" became
# "happy birtay"); ours removes whole words only. Below is a folder in AudioSet's form, with titles made from demo
# songs, and what each step leaves. In the paper 308 pairs are left.

# %% tags=["hide-input"]
lists = Path(audioset_root or tempfile.mkdtemp())
if not audioset_root:
    genres = sorted(some.table["genre"].unique())
    names = {"/m/04rlf": "Music", "/m/0glt670": "Music genre", "/m/dog": "Dog"}
    names |= {f"/m/{number}": genre for number, genre in enumerate(genres)}
    below = {"/m/04rlf": ["/m/0glt670"], "/m/0glt670": [f"/m/{number}" for number in range(len(genres))]}
    ontology = [{"id": id, "name": name, "child_ids": below.get(id, [])} for id, name in names.items()]
    (lists / "ontology.json").write_text(json.dumps(ontology))
    shapes = [
        "{0} - {1} (Official Video) [HD]",
        '{0} "{1}" | Lyrics',
        "{0} - {1} (Club Remix)",
        "{1}",
        "{0}: Full Album",
    ]
    segments, titles = [], [["id", "title"]]
    for number, row in enumerate(some.table.itertuples()):
        id, kind = f"clip{number:04d}", number % 8
        label_of = "/m/dog" if kind == 7 else f"/m/{genres.index(row.genre)}"
        segments.append(f'{id}, 0.000, 10.000, "{label_of}"')
        titles.append([id, shapes[max(kind - 3, 0)].format(row.artist, row.title)])
        if number % 5:
            write_song(lists, id)
    (lists / "eval_segments.csv").write_text("\n".join(segments))
    pd.DataFrame(titles[1:], columns=titles[0]).to_csv(lists / "titles.csv", index=False)
found = ml.load_corpus("audioset", root=lists)
display(found.table[["artist", "title", "genre"]].head(3).style.hide())
curation.funnel(found).style.hide()

# %% [markdown]
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Every decision is a row in a table or a reason in `dropped`. The same files and seed give the same corpus.
# - **Limit.** A song may have more than one genre. Valence and energy come from a closed model of Spotify's.
# - **What this cannot tell you**: whether the labels are *right*. A model can only learn what was written here.
#
# ## Exercises
#
# **1.** Which tags of the taxonomy end in "rock" and are *not* rock?

# %% tags=["hide-cell", "solution"]
strays = taxonomy[taxonomy.index.str.endswith("rock") & ~taxonomy["class"].isin(["rock", "other"])]
strays.reset_index().groupby("class")["tag"].agg(", ".join).to_frame()

# %% [markdown]
# **2.** The thesis also tried to keep only songs whose labels all point to one class. How many are left?

# %% tags=["hide-cell", "solution"]
len(ml.load_corpus("music4all", place, single_genre=True))

# %% [markdown]
# **3.** Write a line of lyrics from which `ml.clean_lyrics` takes something that was really sung.

# %% tags=["hide-cell", "solution"]
print(ml.clean_lyrics("Chorus:\nthat word alone, with a colon, is taken for a heading\nYou might also like"))

# %% [markdown]
# ## Summary
#
# A table with reasons turned tags into genres. Two cuts turned two numbers into emotions. Broken files became rows of
# `dropped`. Each artist is in one split only.
#
# ## Next
