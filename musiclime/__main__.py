"""The book's lines from a shell: python -m musiclime explain song.mp3 --lyrics song.txt --out song.html."""

import argparse
import html
import sys
from pathlib import Path

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<main style="max-width:60rem;margin:auto;font-family:system-ui">{player}</main></html>
"""


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m musiclime", description="Explain a song to a page.")
    commands = parser.add_subparsers(required=True, metavar="explain")
    add = commands.add_parser("explain", help="explain a song").add_argument
    add("audio", help="a sound file: wav, flac, ogg or mp3")
    add("--lyrics", default="", help="the lyrics, or a text file that holds them")
    add("--out", default="song.html", help="the page to write; .json writes the bare explanation")
    add("--task", default="genre", choices=["genre", "emotion"])
    add("--preset", default="demo", choices=["demo", "paper"], help="which models to load, or to train first")
    add("--corpus", default="demo", help="the corpus the model is trained on")
    add("--root", help="the folder of that corpus; the demo needs none")
    add("--samples", type=int, help="perturbations; by default as many as the book takes")
    try:
        return _explain(parser.parse_args(arguments))
    except (ValueError, FileNotFoundError) as error:
        print(f"musiclime: {error}", file=sys.stderr)
        return 2


def _explain(asked) -> int:
    import musiclime as ml

    song = ml.read_song(asked.audio, asked.lyrics)
    model = ml.load_model(asked.task, "multimodal", corpus=asked.corpus, preset=asked.preset, root=asked.root)
    explainer, out = ml.MusicLIME(model, samples=asked.samples), Path(asked.out)
    song = explainer.prepare(song)
    explanation = explainer.explain(song)
    if out.suffix == ".json":
        explanation.save(out)
    else:
        player = ml.player(explanation, song, predict=model)
        out.write_text(PAGE.format(title=html.escape(song.id), player=player), encoding="utf-8")
    print(f"{explanation.label} ({explanation.probabilities.max():.2f}): {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
