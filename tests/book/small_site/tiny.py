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
# # A tiny page
#
# One of each thing that a page may hold, for the tests of the site.

# %%
import matplotlib.pyplot as plt
import numpy as np

import musiclime as ml
from musiclime.show import chapter

# %% tags=["parameters"]
task: str = "genre"
count: int = 3

# %%
tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(32000) / 16000, dtype=np.float32)
chapter.sounds({"a tone of 220 Hz": tone, "the same, half as loud": tone / 2}, 16000)

# %%
songs = ml.load_corpus("demo", size=9)
print(len(songs), "songs")

# %%
fig, ax = plt.subplots(figsize=(4, 2))
ax.plot(np.arange(count) ** 2)
chapter.figure(fig, alt="Three rising points", caption="Squares.", name="fig-squares")
chapter.glue("largest", (count - 1) ** 2)

# %% [markdown]
# The largest square is {glue:text}`largest`, as {numref}`fig-squares` shows, and
#
# $$\hat f(z) = w_0 + \sum_{i=1}^{p} w_i z_i$$ (eq-surrogate)
#
# is the sum that {eq}`eq-surrogate` names, with inline $w_i \in \mathbb{R}$.

# %% [markdown]
# A file that cannot be had has a name without a place to break:
# songs/c9246c799050acec96a03183df4b85493d283d51/Jonathan%20Coulton%20-%20Code%20Monkey/audio.ogg

# %% [markdown]
# ## Exercise
#
# ```{exercise}
# :label: ex-tiny
# What is the square of {glue:text}`largest`?
# ```

# %% tags=["hide-cell", "solution"]
print(16)
