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
# Before a model can be explained, somebody decides what a genre is, which songs count as sad, and which songs
# are thrown away. Each of these decisions shows up again in the explanations. This chapter makes them in the
# open.
#
# **What you will learn**
#
# - how listeners' tags become nine genres, and two numbers become nine emotions;
# - how to read Music4All, AudioSet, MERGE or your own folder so that no song disappears without a reason;
# - what filling rare moods and balancing do to a model;
# - why the split follows artists.
#
# **What you need**: nothing but this page. If you have Music4All or MERGE, name it in the cell of parameters.
#
# **How long, on what**: {glue:text}`took`, for a generated folder of {glue:text}`rows` songs and
# {glue:text}`compared` composed songs. The numbers on this page say something about the method, not about real
# music.

# %%
import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
corpus: str = "demo"
root: str = ""
rows: int = 200
compared: int = 450

# %% tags=["hide-input"]
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from musiclime.data import audio as sound
from musiclime.data import labels
from musiclime.data.corpora import audioset, curation
from musiclime.show.figures import COLOURS

pd.options.display.max_colwidth = None

# %% tags=["remove-cell"]
chapter.glue("rows", rows)
chapter.glue("compared", compared)

# %% [markdown]
# ## Which corpora there are
#
# A multimodal explanation needs sound that can be muted and words that can be dropped, of the same song. Few
# corpora have both.

# %%
pd.read_csv(chapter.data_folder() / "datasets.csv", keep_default_na=False).style.hide()

# %% [markdown]
# The paper {cite}`sotirou2024musiclime` used Music4All {cite}`santana2020music4all`: its genre labels come from
# listeners, its valence and energy from Spotify. MERGE {cite}`louro2024merge` is the one that a reader can fetch
# today without asking anyone. All readers return the same thing, a `Corpus`: a table, and songs that are read
# when they are asked for.

# %%
songs = ml.load_corpus(corpus, root or None)
songs.table.head(3)

# %% [markdown]
# ## Tags become genres
#
# Listeners have more than a thousand names for music. The thesis works with nine classes, after the map of
# genres at [musicmap.info](https://musicmap.info/). The bridge is a plain table: one row a tag, with its class
# *and the reason*. Most rows are easy. These are the ones over which reasonable people disagree; the published
# code has two tables, and they contradict each other on just these.

# %%
taxonomy = pd.read_csv(labels.taxonomy_path(), keep_default_na=False).set_index("tag")
taxonomy.loc[["pop punk", "trip hop", "progressive rock", "folk rock", "soft rock", "dub", "industrial"]]

# %% [markdown]
# Spelling does not matter. What is not in the table is `other`: a class for songs that are left out, not a
# tenth genre.

# %%
{tag: ml.genre_of(tag) for tag in ["Hip-Hop", "drum & bass", "R&B", "soundtrack", "music my uncle likes"]}

# %% [markdown]
# ## A folder with every blemish
#
# Music4All may not be shown here. The next cell writes a small folder in its shape: tab-separated tables,
# `audios/`, `lyrics/`. Names and values are those of demo songs; the labels are drawn at random around each
# song's genre, as listeners tag. Then it plants the blemishes that we know of. Open it to see which.

# %% tags=["hide-input"]
rng = np.random.default_rng(0)
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
table.loc[4, "lang"], table.loc[5, "lang"], table.loc[6, "lang"] = "pt", "INTRUMENTAL", ""
table.loc[7, "song"] = '"a title with a \t tab"'
table.loc[8, "id"], table.loc[9, "artist"] = "../../somewhere/else", ""

folder = Path(tempfile.mkdtemp())
columns = {
    "information": ["artist", "song"],
    "genres": ["genres"],
    "lang": ["lang"],
    "metadata": ["valence", "energy"],
}
for name, chosen in columns.items():
    lines = table[["id", *chosen]].astype(str).agg("\t".join, axis=1)
    (folder / f"id_{name}.csv").write_text("\n".join(["\t".join(["id", *chosen]), *lines]), "utf-8")

# One clip stands for all: curation only asks whether a file can be played.
clip = sound.save(folder / "clip.mp3", some[0].audio, some[0].sample_rate).read_bytes()
(folder / "audios").mkdir()
(folder / "lyrics").mkdir()
for id in table["id"].drop(8):
    (folder / "audios" / f"{id}.mp3").write_bytes(clip)
    (folder / "lyrics" / f"{id}.txt").write_text("[Verse 1]\n" + some[0].lyrics, "utf-8")
(folder / "lyrics/song0006.txt").write_text("Eu caminho pela rua e penso em você\n" * 12, "utf-8")
(folder / "lyrics/song0010.txt").write_text("INSTRUMENTAL")
(folder / "lyrics/song0011.txt").unlink()
(folder / "lyrics/song0012.txt").write_bytes("Un caf\xe9, the rain, and you\n".encode("latin-1") * 20)
(folder / "audios/song0013.mp3").write_bytes(clip[: len(clip) // 3])
(folder / "audios/song0014.mp3").write_bytes(b"")
(folder / "audios/song0015.mp3").unlink()

# %% [markdown]
# The reader returns the songs that can be used, *and the ones that cannot, each with its reason*. Nothing stops
# it, and nothing disappears.

# %%
place = root if corpus == "music4all" else folder
music4all = ml.load_corpus("music4all", root=place)
music4all.dropped.head(15).style.hide()

# %% [markdown]
# The funnel counts what each step lost and left:

# %%
curation.funnel(music4all).style.hide()

# %% [markdown]
# ### Which label is the song's genre?
#
# Labels have an order: the first is the one that most listeners gave. The thesis asks the *artist* too: a
# label counts if the artist's own genres, reduced to the same nine classes, confirm it, and the first confirmed
# label wins. Those genres came from Spotify, which no longer gives them. Here they come from a file; let every
# artist be known for the class of most of their songs. These songs were composed, so we can ask how often the
# chosen genre is the one they were composed in. (The artists' file is true by construction, so this is the best
# that confirmation can do.)

# %%
main_genre = some.table.groupby("artist")["genre"].agg(lambda genres: genres.mode()[0])
main_genre.rename("genres").to_csv(folder / "artists.csv")
confirmed = ml.load_corpus("music4all", root=place, artist_genres=folder / "artists.csv")
of_one_class = ml.load_corpus("music4all", root=place, single_genre=True)


def composed_as(found):
    number = found.table["id"].str.removeprefix("song")
    if corpus == "music4all" or not len(found):
        return float("nan")
    return (some.table["genre"].to_numpy()[number.astype(int)] == found.table["genre"]).mean()


choices = {
    "first label": music4all,
    "first confirmed label": confirmed,
    "labels of one class only": of_one_class,
}
kept = [(name, len(found), composed_as(found)) for name, found in choices.items()]
pd.DataFrame(kept, columns=["the genre is the", "songs kept", "share with the composed genre"]).round(
    2
).style.hide()

# %% [markdown]
# A file of artists' genres can be made with MusicBrainz. This asks the network one question a second, as the
# service wants, says who you are, and keeps every answer:
#
# ```python
# from musiclime.data.corpora import web_services
#
# client = web_services.Client("you@example.org", cache="musicbrainz")
# web_services.artist_genres(songs.table["artist"], client).to_csv("artists.csv", index=False)
# ```
#
# ## Two numbers become an emotion
#
# Valence (from negative to positive) and energy (from quiet to loud) span Russell's plane
# {cite}`russell1980circumplex`. Each axis is cut at 0.35 and at 0.65, and the borders belong to the middle.

# %% tags=["hide-input"]
placed = songs.table[songs.table["valence"].notna() & songs.table["energy"].notna()]
counts = placed["emotion"].value_counts()
fig, ax = plt.subplots(figsize=(6, 5.4), layout="constrained")
ax.scatter(placed["valence"], placed["energy"], s=9, alpha=0.45, linewidths=0, color=COLOURS["audio"])
middles = (labels.LOW / 2, 0.5, (1 + labels.HIGH) / 2)
box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
for x, row in zip(middles, labels.PLANE):
    for y, emotion in zip(middles, row):
        text = f"{emotion}\n{counts.get(emotion, 0)}"
        ax.text(x, y, text, ha="center", va="center", weight="bold", color="black", bbox=box)
for border in (labels.LOW, labels.HIGH):
    ax.axvline(border, color="black", linewidth=1)
    ax.axhline(border, color="black", linewidth=1)
ax.set(xlabel="valence: negative to positive", ylabel="energy: quiet to loud", xlim=(0, 1), ylim=(0, 1))
chapter.figure(
    fig,
    alt="Songs as points on the plane of valence and energy, cut into nine named regions with their counts",
    caption=f"Russell's plane in nine regions, with the songs of the corpus '{corpus}' and their counts.",
    name="fig-curation-plane",
)

# %% [markdown]
# The nine regions are far from equally full. The thesis met the same emptiness in the quiet and happy corner of
# Music4All: 498 relaxed songs out of more than a hundred thousand.
#
# ## Rare moods, filled or balanced
#
# For the rare moods the thesis collected further songs. `curation.fill_rare` does so from a table of
# candidates: a candidate joins if its mood is rare, its year lies in a range, it has a genre, its lyrics are in
# English, and its artist is not in validation or test. A mood is filled up to the mean size of the others. The
# thesis also tried the opposite, leaving songs out until every class is as rare as the rarest:
# `curation.balance`. Both return a corpus that a model can be trained on. The candidates here are demo songs of
# another seed, with a year made up for each.

# %%
base = ml.load_corpus("demo", size=compared)
candidates = ml.load_corpus("demo", size=compared, seed=1)
candidates.table["year"] = rng.integers(1940, 2030, len(candidates))
filled = curation.fill_rare(base, candidates, classes=3)
balanced = curation.balance(base, "emotion")
curation.funnel(ml.Corpus("candidates", filled.table[len(base) :], filled.read, filled.dropped)).style.hide()

# %% [markdown]
# What does it do to a model? A small one, logistic regression on loudness in 32 bands and on the words, is
# trained on each of the three, and tested on the same songs. (`ml.load_model("emotion", corpus=balanced)` trains
# the book's own model on it, which takes minutes.) *Macro F1* is the mean over the nine moods: every mood counts
# alike, however rare. The interval covers 95 % of draws of the test songs.

# %% tags=["hide-input"]
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

known = {}


def features(found, row):
    """Loudness in 32 bands (mean and spread), and the text; each song is composed once."""
    if row["id"] not in known:
        song = found.read(row)
        frames = np.abs(np.fft.rfft(song.audio.reshape(-1, 1024) * np.hanning(1024))) ** 2
        level = np.log(np.add.reduceat(frames, np.geomspace(4, 512, 33).astype(int)[:-1], axis=1) + 1e-8)
        known[row["id"]] = np.concatenate([level.mean(0), level.std(0)]), song.lyrics
    return known[row["id"]]


def guesses(found):
    """What a classifier trained on a corpus says of the test songs."""
    parts = {}
    words, scale = CountVectorizer(binary=True), StandardScaler()
    for split in ("train", "test"):
        rows = [row for _, row in found.split(split).table.iterrows()]
        levels, texts = zip(*[features(found, row) for row in rows])
        first = split == "train"
        levels = scale.fit_transform(levels) if first else scale.transform(levels)
        texts = words.fit_transform(texts) if first else words.transform(texts)
        parts[split] = hstack([csr_matrix(levels), texts])
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit(parts["train"], found.split("train").table["emotion"])
    return model.predict(parts["test"])


# %% tags=["hide-input"]
truth = base.split("test").table["emotion"].to_numpy()
draws = rng.integers(0, len(truth), (500, len(truth)))
moods = sorted(set(truth))
measured = []
for name, found in {"as it is": base, "rare moods filled": filled, "balanced": balanced}.items():
    said = guesses(found)
    scores = [f1_score(truth[d], said[d], labels=moods, average="macro", zero_division=0) for d in draws]
    low, high = np.quantile(scores, [0.025, 0.975])
    f1 = f1_score(truth, said, labels=moods, average="macro", zero_division=0)
    interval = f"{low:.2f} to {high:.2f}"
    measured.append((name, len(found.split("train")), f"{(said == truth).mean():.2f}", f"{f1:.2f}", interval))
columns = ["training songs", "number of them", "accuracy", "macro F1", "95 % interval"]
pd.DataFrame(measured, columns=columns).style.hide()

# %% [markdown]
# Where the intervals overlap widely, the test songs cannot decide between the three. The thesis's scores hardly
# moved, and it went back to all songs.
#
# ## Words: clean, and English
#
# Lyrics come from sites that add words of their own. In the published word weights for AudioSet, two of the most
# important words of one genre are *also* and *might*: a link, "You might also like", had slipped into the lyrics,
# glued to the next line. An explanation exposed a bug in the data. The cleaner must take the link away and
# leave a song alone that really sings these words.

# %%
raw = """12 ContributorsA Made-up Song Lyrics[Verse 1]
I keep a lantern by the door
You might also likeBaby, you might also like the sea
[Chorus: All]
Come over, come over34Embed"""
print(ml.clean_lyrics(raw))

# %% [markdown]
# Music4All lists a language for most songs; where it does not, a detector reads the words. Such detectors draw
# random numbers. Ours is seeded, so that the corpus is the same at every run.
#
# ## No artist on both sides
#
# A model that has heard half of an album recognises the other half by the singer. So artists, not songs, are
# dealt out: each artist, whatever the spelling, falls into one split, chosen by a hash of the name.

# %%
artists = songs.table.groupby("split")["artist"].agg(lambda names: set(map(curation.artist_key, names)))
pairs = [(one, two) for one in artists.index for two in artists.index if one < two]
{f"in {one} and in {two}": len((artists[one] & artists[two]) - {""}) for one, two in pairs}

# %% [markdown]
# ## AudioSet: from titles to pairs
#
# AudioSet {cite}`gemmeke2017audioset` lists ten-second segments of two million videos, and no lyrics. To reach
# a song one needs its title, and from the title who sings what. The published code did this with a hundred
# patterns that could match inside words: "happy birthday" became "happy birtay". Ours take whole words only, and
# say so when a title does not tell.

# %%
titles = [
    "Mr. Big - Left (Official Video) [HD]",
    "A Prodigy – Happy Birthday | Lyrics",
    "Best of the 80s (Full Album)",
    "Some Band - A Song (Club Remix)",
    "my holiday in spain",
]
read = [
    (title, *(audioset.artist_and_song(title) or ("", "")), audioset.not_a_song(title)) for title in titles
]
pd.DataFrame(read, columns=["title", "artist", "song", "no song, because of"]).style.hide()

# %% [markdown]
# `ml.load_corpus("audioset", root=...)` reads the published lists, a table of titles, and folders of sound and
# lyrics. `curation.funnel` then counts the way from all segments to pairs; in the paper it ends at 308.
#
# ## Strengths, limits, and what this cannot tell you
#
# **Strengths.** Every decision is a row in a table or a reason in `dropped`. Same files, same seed: same corpus.
#
# **Limits.** One class a song is a simplification: the nine classes overlap, and the taxonomy is one opinion
# with reasons. Valence and energy come from a closed model of Spotify's, not from listeners. The reader of
# MERGE follows the layout that its page and public readers describe; no copy was at hand when it was written.
#
# **What this cannot tell you**: whether the labels are *right*. A model can only learn, and an explanation only
# explain, what was written here.
#
# ## Exercises
#
# **1.** Which tags of the taxonomy end in "rock" and are *not* rock? Would you move one? (Edit a copy of the
# table.)

# %% tags=["hide-cell", "solution"]
strays = taxonomy[taxonomy.index.str.endswith("rock") & ~taxonomy["class"].isin(["rock", "other"])]
strays.reset_index().groupby("class")["tag"].agg(", ".join).to_frame()

# %% [markdown]
# **2.** How far off 10 percent is the test split if artists are dealt out by another seed? Try a few.

# %% tags=["hide-cell", "solution"]
names = music4all.table["artist"]
sizes = {seed: curation.split_by_artist(names, seed=seed).count("test") / len(names) for seed in range(8)}
pd.Series(sizes, name="share of the test split").to_frame().rename_axis("seed").round(3)

# %% [markdown]
# **3.** Write a line of lyrics from which `ml.clean_lyrics` takes something that was really sung.

# %% tags=["hide-cell", "solution"]
print(ml.clean_lyrics("Chorus:\nthat word alone, with a colon, is taken for a heading\nYou might also like"))

# %% [markdown]
# ## Summary
#
# Tags became genres through a table with reasons, two numbers became emotions by two cuts on each axis, broken
# files became rows of `dropped`, and artists, not songs, were dealt out to the splits. Whatever comes next
# inherits these choices.
#
# **Next**: {doc}`Compare </runs/compare>`, six models that learn from what is left.
