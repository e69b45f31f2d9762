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
# # Your song
#
# **What you will learn.** How to explain a song of your own, and how far to believe the result.
#
# **What you need.** A sound file (mp3, wav, flac or ogg) and its lyrics. Press *Run in Colab* to run this page.
# Without a song of yours it explains a composed one.
#
# **How long, on what.** {glue:text}`took`, without a GPU.
#
# The models are real: the tagger musicnn hears the sound, MiniLM reads the words
# ({doc}`Real songs </runs/real-songs>`). Where they are missing, or with `preset="demo"`, the book's small model answers. It
# knows nothing but composed songs, so about a real song its answer means nothing.

# %%
from pathlib import Path

from IPython.display import Markdown, display

import musiclime as ml
from musiclime.data import audio as sound
from musiclime.models.separation import separator
from musiclime.show import chapter

out = Path("runs/your-song")
out.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## One cell to edit
#
# Change the values in the next cell and run all cells. `audio` is a path. `lyrics` is the path of a text file, or the text
# itself between triple quotes. On Colab, first drop the file into the panel at the left; its path is then
# `/content/song.mp3`. On Kaggle, attach it as a data set: `/kaggle/input/...`. `start` and `seconds` choose the excerpt.
# `separate` names what splits the excerpt into stems: "best", "hpss", "demo", "umxhq" or "umxl". `task` is genre or
# mood. With `preset="paper"`, or `"demo"` and a corpus of your own, a model is trained on the songs that `corpus` and
# `root` name ({doc}`Your corpus </runs/your-corpus>`).

# %% tags=["parameters", "shown"]
audio: str = ""
lyrics: str = ""
task: str = "genre"
preset: str = "real"
weights: str = "pretrained"
corpus: str = "demo"
root: str = ""
start: float = 0.0
seconds: float = 12.0
separate: str = "hpss"
samples: int = 1000

# %%
if not audio:
    stand_in = ml.load_corpus("demo", size=40, seed=11)[7]
    audio = sound.save(out / "stand-in.mp3", stand_in.audio, stand_in.sample_rate)
    lyrics = stand_in.lyrics
    display(
        Markdown("**No song was given:** this one is composed, so the answer of a real model says little.")
    )

# %%
song = ml.read_song(audio, lyrics).excerpt(start, seconds)
chapter.sounds({f"{song.title}, {song.seconds:.0f} s": song.audio}, song.sample_rate)

# %% [markdown]
# ## Separate, predict, explain

# %%
try:
    model = ml.load_model(task, "multimodal", corpus, preset, weights=weights, root=root or None)
except ValueError as missing:
    if preset != "real":
        raise
    display(Markdown(f"**The book's small model answers instead:** {missing}."))
    preset, task = "demo", "genre"
    model = ml.load_model(task)

# %%
explainer = ml.MusicLIME(
    model,
    separate=separator(separate),
    segments=max(1, round(song.seconds)) if preset == "real" else 10,
    samples=samples,
    progress=False,
)
ready = explainer.prepare(song)
explanation = explainer.explain(ready)
chapter.player(explanation, ready, model)

# %%
explanation.table().head(8).round(3)

# %% [markdown]
# In a live notebook the next cell opens a panel with a switch for every cell and word. Press one, and the model answers
# anew. On the site you see a picture of the panel.

# %% tags=["explore"]
chapter.panel(explanation.explore(model, ready))

# %% tags=["hide-input"]
made_of = model.card.get("trained_on", [f"a network trained on the corpus {corpus}"])
order = explanation.probabilities.argsort()[::-1][:3]
said = ", ".join(f"{explanation.classes[i]} {explanation.probabilities[i]:.2f}" for i in order)
fit = explanation.score[explanation.row(explanation.label)]
again = explanation.steady(5, explanation.label)
display(
    Markdown(
        f"**Who answered:** {'; '.join(made_of)}. **What it said:** {said}. The sum of words and cells accounts for "
        f"{fit:.0%} of how the answers vary. Another run would name {again:.0%} of the five strongest features "
        f"again. {model.card.get('cannot', '')}"
    )
)

# %% [markdown]
# ## Keep it
#
# The explanation is data. Saved as JSON it can be loaded, plotted and aggregated later; saved as a page it can be sent
# to a friend.

# %%
alone = ml.player(explanation, ready, predict=model)
(out / "song.html").write_text(alone, encoding="utf-8")
explanation.save(out / "explanation.json")
ml.Explanation.load(out / "explanation.json").table().head(3).round(3)

# %% [markdown]
# The same from a shell:
#
# ```bash
# musiclime explain song.mp3 --lyrics song.txt --start 40 --out song.html
# ```
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Any sound file and any text; if one cannot be read, an error says what to do.
# - **Limit.** It explains some seconds, not the song: choose them by `start` and `seconds`.
# - **Limit.** Separated stems leak into each other, and so do their weights; see {doc}`When it fails </runs/when-it-fails>`.
# - **What this cannot tell you.** What genre your song is: only what moved the model.
#
# ## Exercises
#
# **1.** Explain the same song one second later.

# %% tags=["hide-cell", "solution"]
later = explainer.explain(explainer.prepare(song.excerpt(1, song.seconds - 1)))
print(f"now {later.label}; for {explanation.label} as before:\n{later.table(explanation.label).head(3)}")

# %% [markdown]
# **2.** Ask for whole lines in place of words.

# %% tags=["hide-cell", "solution"]
lines = ml.MusicLIME(model, samples=samples, unit="line", progress=False).explain(ready)
print(lines.table().query("modality == 'lyrics'").head(3))

# %% [markdown]
# **3.** What happens without any lyrics?

# %% tags=["hide-cell", "solution"]
wordless = ml.Song(ready.audio, ready.sample_rate, "", id="wordless", stems=ready.stems)
silent = ml.MusicLIME(model, samples=500, progress=False).explain(wordless)
print(f"now {silent.label}; for {explanation.label} as before:\n{silent.table(explanation.label).head(3)}")

# %% [markdown]
# ## Summary
#
# Read, prepare, explain, play: four lines, and one cell to edit.
#
# **Next.** {doc}`Your model </runs/your-model>`.
