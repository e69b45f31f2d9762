"""What a chapter shows: numbers in prose, figures with alt text, sound; files in the book, inline when live.

`tools/execute_chapters.py` names in MUSICLIME_PAGE the run whose page is being made; figures then go to
runs/figures/<run>/ and sound to runs/site/assets/<run>/, from where the build copies them.
"""

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data import audio as _sound
from ..files import slug
from . import figures as _figures  # noqa: F401  every figure of a chapter is drawn in the book's style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.song import Song
    from ..explain.explanation import Explanation


def _run() -> tuple[Path, str] | None:
    """The folder of runs and this run's name, when the book is being built."""
    place = os.environ.get("MUSICLIME_PAGE")
    if not place:
        return None
    return Path(place).parent, Path(place).name


def data_folder() -> Path:
    """The folder data/ of the checkout: small tables of the book, and what its benchmarks measured."""
    return Path(__file__).resolve().parents[2] / "data"


def glue(name: str, value: Any) -> None:
    """Keep a computed value for the prose: {glue:text}`name` or {glue:text}`name:.2f`."""
    try:
        from myst_nb import glue as keep
    except ImportError:
        print(f"{name} = {value}")
        return
    # A numpy scalar prints as np.float64(0.5), which no reader wants in a sentence.
    is_scalar = hasattr(value, "item") and getattr(value, "ndim", 0) == 0
    keep(name, value.item() if is_scalar else value, display=False)


def link(page: str) -> str:
    """A link to a page of the book, under its own title; live, its name (chapter *The claim ledger*)."""
    if _run():
        return f"{{doc}}`/{page}`"
    return f"*{page.rpartition('/')[2].replace('-', ' ')}*"


def figure(fig: "Figure", alt: str, caption: str = "", name: str = "") -> None:
    """Show a figure; in the book it is numbered, captioned and described for those who cannot see it.

    Args:
        fig: a matplotlib figure, which is closed afterwards.
        alt: what it shows, for those who do not see it.
        caption: what stands below; the alternative text where it is missing.
        name: the label by which prose refers to it.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Markdown, display

    run = _run()
    if run is None:
        display(fig, metadata={"image/png": {"alt": alt}})
    else:
        file = run[0] / "figures" / run[1] / f"{slug(name or alt)}.png"
        _save_small(fig, file)
        options = [f":alt: {' '.join(alt.split())}"]
        if name:
            options.append(f":name: {name}")
        if fig.get_figwidth() > 6:  # inches; a phone lets it scroll
            options.append(":figclass: ml-wide")
        source = file.relative_to(run[0]).as_posix()
        lines = [f"```{{figure}} {source}", *options, "", caption or alt, "```"]
        display(Markdown("\n".join(lines)))
    plt.close(fig)


def _save_small(fig: "Figure", file: Path) -> None:
    """Write a figure with 192 colours: a chart needs no sixteen million, and a page has a megabyte."""
    from PIL import Image

    file.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(file, dpi=90, bbox_inches="tight")
    # Fast octree keeps the ground clear.
    drawn = Image.open(file).convert("RGBA")
    drawn.quantize(192, method=Image.Quantize.FASTOCTREE).save(file, optimize=True)


def assets() -> Path | None:
    """The folder for files beside this page in the book; None in a live notebook, where all is inline."""
    run = _run()
    if run is None:
        return None
    return run[0] / "site" / "assets" / run[1]


def sounds(tracks: dict, sample_rate: int) -> None:
    """One labelled native player per track: mp3 beside the page in the book, inline in a live notebook."""
    from IPython.display import HTML, Audio, display

    folder = assets()
    rows = []
    for label, audio in tracks.items():
        if folder is None:
            player = Audio(audio, rate=sample_rate, normalize=False)._repr_html_()
        else:
            file = _sound.save(folder / f"{slug(label)}.mp3", audio, sample_rate)
            name = html.escape(label, quote=True)
            source = f"../assets/{folder.name}/{file.name}"
            player = f'<audio controls preload="none" aria-label="{name}" src="{source}"></audio>'
        rows.append(f'<div class="ml-sound"><span>{html.escape(label)}</span>{player}</div>')
    display(HTML("\n".join(rows)))


def show_html(fragment: str) -> None:
    """Show an HTML fragment in the page."""
    from IPython.display import HTML, display

    display(HTML(fragment))


def available(corpus: str, root: str, preset: str) -> tuple[str, str]:
    """The corpus and the preset of a page; the demo's, with a sentence, where the real ones cannot be had.

    Args:
        corpus: the wanted corpus. Only "real" may be stood in for: a reader's own folder must be there.
        root: its folder, or "".
        preset: the wanted preset.

    Returns:
        A corpus and a preset.

    Example:
        >>> available("demo", "", "demo")
        ('demo', 'demo')
    """
    if corpus != "real":
        return corpus, preset
    from IPython.display import Markdown, display

    from ..data.corpora import load_corpus
    from ..models.pretrained import load_real

    try:
        load_corpus("real", root or None)
        load_real("genre", "multimodal")
    except (ValueError, FileNotFoundError) as missing:
        display(Markdown(f"**The demo's songs and model stand in here:** {missing}."))
        return "demo", "demo"
    return corpus, preset


def panel(live: Any) -> None:
    """Show the panel of `Explanation.explore`; in the book, where no kernel answers, a picture of it.

    Args:
        live: the panel.
    """
    from IPython.display import HTML, display

    display(live if _run() is None else HTML(live.picture()))


def player(explanation: "Explanation", song: "Song", model: Any = None) -> None:
    """The listenable explanation, its sound beside the page in the book; with the model, its true answers.

    Args:
        explanation: what is shown.
        song: the song that was explained, for its sound.
        model: the model that was explained; with it, the page gives true answers to mixes.
    """
    from IPython.display import HTML, display

    from .player.player import player as make

    display(HTML(make(explanation, song, assets=assets(), predict=model)))
