"""Every figure of the book: opaque, light, colour-blind-safe, so that it reads in light and dark alike."""

import matplotlib
from matplotlib.colors import LinearSegmentedColormap

MODALITIES = {"audio": "#0072B2", "lyrics": "#D55E00", "multimodal": "#009E73"}
COLOURS = {**MODALITIES, "for": "#D55E00", "against": "#0072B2"}
# Orange for, blue against, as in the player.
DIVERGING = LinearSegmentedColormap.from_list("for-against", [COLOURS["against"], "#f7f7f7", COLOURS["for"]])

matplotlib.rcParams.update(
    {
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "figure.dpi": 100,
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "image.cmap": "cividis",
        "axes.prop_cycle": matplotlib.cycler(color=[*MODALITIES.values(), "#CC79A7", "#E69F00", "#56B4E9"]),
    }
)
