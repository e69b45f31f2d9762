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
# **What you will learn.** How to explain a song of your own, and how to read the result with suspicion.
#
# **What you need.** A sound file (mp3, wav, flac or ogg) and its lyrics. Without them the chapter runs on a song it writes to disk first.
#
# **How long, on what.** {glue:text}`took`, with the demo's model.
#
# The demo's model was trained on songs composed by our code. On a real song its answer is a curiosity, and so is the explanation of that answer: a claim about the method, never about real music. For a real answer take a model trained on real music: with a corpus of yours and a GPU, by `corpus`, `root` and `preset` below.

# %%
from pathlib import Path

import musiclime as ml
from musiclime.data import audio as sound
from musiclime.show import chapter

out = Path("runs/your-song")
out.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## One cell to edit
#
# `audio` is a path. `lyrics` is the path of a text file, or the text itself between triple quotes. On Colab, drop the file into the panel at the left first and give its full path, `/content/song.mp3`; on Kaggle, attach it as a data set, `/kaggle/input/...`.
# The model is the demo's. `corpus="folder"` with your folder as `root` takes, or trains, one on songs of yours ({doc}`Your corpus </runs/your-corpus>`); `merge`, `music4all` and `audioset` are read the same way, and `preset="paper"` wants a GPU.

# %% tags=["parameters"]
audio: str = ""
lyrics: str = ""
task: str = "genre"
corpus: str = "demo"
root: str = ""
preset: str = "demo"
samples: int = 3000

# %%
if not audio:
    stand_in = ml.load_corpus("demo", size=40, seed=11)[7]
    audio = sound.save(out / "stand-in.mp3", stand_in.audio, stand_in.sample_rate)
    lyrics = stand_in.lyrics

# %%
song = ml.read_song(audio, lyrics)
chapter.sounds({f"{song.title}, {song.seconds:.0f} s": song.audio[: 30 * song.sample_rate]}, song.sample_rate)

# %% [markdown]
# ## Separate, predict, explain
#
# The song has no stems, so they are separated first, by the small Open-Unmix of this book or, with `from musiclime import stems` and `separate=stems.separator("umxhq")`, by the published one. The model reads the first 10.24 seconds and the first 256 tokens;
# `prepare` gives exactly that part.

# %%
model = ml.load_model(task, "multimodal", corpus, preset, root=root or None)
explainer = ml.MusicLIME(model, samples=samples)
ready = explainer.prepare(song)
explanation = explainer.explain(ready)
chapter.player(explanation, ready, model)

# %%
explanation.table().head(8).round(3)

# %% tags=["remove-cell"]
chapter.glue("label", explanation.label)
chapter.glue("probability", explanation.probabilities.max())
chapter.glue("r2", explanation.score[explanation.row(explanation.label)])
chapter.glue("steady", explanation.steady(5))

# %% [markdown]
# The model says {glue:text}`label` with probability {glue:text}`probability:.2f`. The sum accounts for {glue:text}`r2:.2f` of how its answers vary, and of its five strongest features another run is expected to name {glue:text}`steady:.0%` again.
#
# ## Keep it
#
# The explanation is data. Saved as JSON it can be loaded, plotted and aggregated later; saved as a page it can be sent to a friend.

# %%
alone = ml.player(explanation, ready, predict=model)
(out / "song.html").write_text(alone, encoding="utf-8")
explanation.save(out / "explanation.json")
ml.Explanation.load(out / "explanation.json").table().head(3).round(3)

# %% [markdown]
# The same from a shell:
#
# ```bash
# python -m musiclime explain song.mp3 --lyrics song.txt --out song.html
# ```
#
# ## Strengths, limits, and what this cannot tell you
#
# - **Strength.** Any sound file and any text; bad ones end in a sentence that says what to do.
# - **Limit.** Ten seconds. Choose them: `song.audio = song.audio[start * song.sample_rate :]`, before *prepare*.
# - **Limit.** Separated stems bleed, and weights with them; see {doc}`When it fails </runs/when-it-fails>`.
# - **What this cannot tell you.** What genre your song is.
#
# ## Exercises
#
# **1.** Explain the same song one second later.

# %% tags=["hide-cell", "solution"]
later = ml.Song(song.audio[song.sample_rate :], song.sample_rate, song.lyrics, id="one second later")
after = explainer.explain(explainer.prepare(later))
print(f"now {after.label}; for {explanation.label} as before:\n{after.table(explanation.label).head(3)}")

# %% [markdown]
# **2.** Ask for whole lines in place of words.

# %% tags=["hide-cell", "solution"]
lines = ml.MusicLIME(model, samples=samples, unit="line").explain(ready)
print(lines.table().query("modality == 'lyrics'").head(3))

# %% [markdown]
# **3.** What happens without any lyrics?

# %% tags=["hide-cell", "solution"]
wordless = ml.Song(ready.audio, ready.sample_rate, "", id="wordless", stems=ready.stems)
alone = ml.MusicLIME(model, samples=500).explain(wordless)
print(f"now {alone.label}; for {explanation.label} as before:\n{alone.table(explanation.label).head(3)}")

# %% [markdown]
# ## Summary
#
# Read, prepare, explain, play: four lines, and one cell to edit.
#
# **Next.** {doc}`Your model </runs/your-model>`.
