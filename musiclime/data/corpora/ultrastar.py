"""Songs in the UltraStar format of the karaoke community: a text file of timed syllables beside the sound."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..audio import load as load_sound
from ..labels import genre_of
from ..lyrics import words
from ..song import MOST_LETTERS, Corpus, Song, decode
from .curation import SHARES, Sieve
from .source_files import SOUND_ENDINGS, bar, folder, known_of, sound_problem

LARGEST_FILE = 10 * MOST_LETTERS  # bytes of a song file; a note takes some fifteen, most of them no lyrics
MOST_NOTES = 20_000
HEADER = re.compile(r"#([A-Za-z0-9]+):(.*)")
# Kind, first beat, length, pitch; after one blank the syllable, whose own blanks tell where words begin.
NOTE = re.compile(r"([:*FRG])[ \t]*(-?\d{1,9})[ \t]+(\d{1,9})[ \t]+(-?\d{1,9})(?:[ \t](.*))?")
LINE_BREAK = re.compile(r"-[ \t]*(-?\d{1,9})(?:[ \t]+(-?\d{1,9}))?[ \t]*")
LICENCE = re.compile(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/(\d\.\d)", re.IGNORECASE)
LINK = re.compile(r"https?://\S+")


@dataclass
class SungLyrics:
    """What an UltraStar file says: its headers, the text, and when each word is sung."""

    headers: dict[str, str]
    text: str
    onsets: list[tuple[str, float, float]]


def load(
    root: str | Path | None, check: str = "sound", shares: Sequence[float] = SHARES, seed: int = 0
) -> Corpus:
    """Read every UltraStar song below a folder.

    Args:
        root: a folder that holds song files (.txt) beside their sound, in itself or in folders below.
        check: "sound" opens every sound file, "files" only looks whether it is there.
        shares: of train, val and test; artists are divided, not songs.
        seed: of the split.

    Returns:
        A corpus of songs with word times; its table has the columns licence, attribution and source too.
        What cannot be used is in its dropped rows, each with its reason.

    (chapter *Your corpus*)
    """
    if check not in ("sound", "files"):
        raise ValueError(f'check is "sound" or "files", not {check!r}')
    root = folder(root, "ultrastar")
    rows, sounds, texts, broken = [], {}, {}, []
    for path, id in bar(_song_files(root), "UltraStar"):
        try:
            song = read_song_file(path)
            sound = _sound_of(path, song.headers)
        except ValueError as error:
            broken.append((id, str(error)))
            continue
        rows.append({"id": id, **_known(path, song.headers)})
        sounds[id], texts[id] = sound, path

    columns = ["id", "artist", "title", "genre", "licence", "attribution", "source"]
    sieve = Sieve(pd.DataFrame(rows, columns=columns, dtype=object), broken)
    sieve.table = sieve.table.assign(emotion="", valence=math.nan, energy=math.nan)
    if check == "sound":
        sieve.drop_where([sound_problem(sounds[id]) for id in bar(sieve.table["id"], "sound")])

    def read(row: pd.Series) -> Song:
        song = read_song_file(texts[row["id"]])
        audio, rate = load_sound(sounds[row["id"]])
        rights = {name: row[name] for name in ("licence", "attribution", "source")}
        return Song(audio, rate, song.text, onsets=song.onsets, **known_of(row), **rights)

    def files(row: Mapping) -> list[Path]:
        return [texts[row["id"]], sounds[row["id"]]]

    return sieve.corpus("ultrastar", read, seed, shares, files)


def _song_files(root: Path) -> list[tuple[Path, str]]:
    """Every text file that begins like a song's, with an id made of the folders that it lies in."""
    paths = [path for path in sorted(root.rglob("*.txt")) if path.is_file() and _begins_like_a_song(path)]
    in_folder = pd.Series([path.parent for path in paths], dtype=object).value_counts()
    found = []
    for path in paths:
        parts = list(path.parent.relative_to(root).parts)
        if not parts or in_folder[path.parent] > 1:
            parts.append(path.stem)
        # A name in another encoding than UTF-8 could not be written into any table.
        found.append((path, " - ".join(parts).encode(errors="replace").decode()))
    return found


def _begins_like_a_song(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = decode(file.read(2000)).lstrip("\ufeff\r\n\t ")
    return HEADER.match(beginning) is not None


def read_song_file(path: str | Path) -> SungLyrics:
    """Read an UltraStar file.

    Args:
        path: the file, in UTF-8 or the Windows code page.

    Returns:
        Its headers (names in capitals), its text (a line for each sung line), and its words with their times;
        a ValueError in one sentence for what is no song.

    (chapter *Real songs*)
    """
    path = Path(path)
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"song file too long: {path.name} has over {LARGEST_FILE} bytes")
    return parse(decode(path.read_bytes()), path.name)


def parse(text: str, name: str = "the file") -> SungLyrics:
    """Parse the text of an UltraStar file.

    Args:
        text: the whole file.
        name: what errors call it.

    Returns:
        Its headers, its lyrics and its word times.

    Example:
        >>> song = parse("#BPM:60\\n: 0 4 0 Hel\\n: 4 4 0 lo\\n: 8 4 0  you\\n")
        >>> song.text, song.onsets
        ('Hello you', [('Hello', 0.0, 2.0), ('you', 2.0, 3.0)])
    """
    headers: dict[str, str] = {}
    sung_lines: list[list[tuple[int, int, str]]] = [[]]  # of each line its syllables: first beat, last, text
    shift = notes = 0
    relative = False
    for raw in text.translate({0: None, 0xFEFF: None}).splitlines():
        header, note, line_break = HEADER.match(raw), NOTE.fullmatch(raw), LINE_BREAK.fullmatch(raw)
        if header:
            headers.setdefault(header[1].upper(), header[2].strip())
            relative = headers.get("RELATIVE", "").casefold() == "yes"
        elif note:
            first = int(note[2]) + shift
            sung_lines[-1].append((first, first + int(note[3]), note[5] or ""))
            notes += 1
        elif line_break:
            sung_lines.append([])
            if relative:
                # Beats begin anew in every line; the last number of a break says how far on.
                shift += int(line_break[2] or line_break[1])
        elif raw[:1] == "P" and raw[1:].strip().isdigit():
            # Another singer of a duet.
            sung_lines.append([])
            shift = 0
        elif raw[:1] == "B" and raw[1:2].isspace():
            raise ValueError(f"tempo changes: {name} has a line {raw[:20]!r}, which is not read here")
        elif raw.strip() == "E":
            break
    if notes > MOST_NOTES:
        raise ValueError(f"too many notes: {name} has {notes}, over {MOST_NOTES}")

    beat = _seconds_of_a_beat(headers, name)
    gap = _number(headers.get("GAP", ""), 0.0) / 1000
    lines = _lines_in_order(sung_lines)
    text_lines, onsets = [], []
    for line in lines:
        sung_words = _words_of_line(line)
        text_lines.append(" ".join(word for word, _, _ in sung_words))
        onsets += _times(sung_words, gap, beat)
    lyrics = "\n".join(line for line in text_lines if line)
    if not words(lyrics):
        raise ValueError(f"no words: {name} has no note with a text")
    if len(lyrics) > MOST_LETTERS:
        raise ValueError(f"lyrics too long: {name} has over {MOST_LETTERS} letters")
    return SungLyrics(headers, lyrics, sorted(onsets, key=_start_of))


def _start_of(onset: tuple[str, float, float]) -> float:
    return onset[1]


def _number(text: str, otherwise: float) -> float:
    """A number with a decimal point or comma."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise


def _seconds_of_a_beat(headers: dict[str, str], name: str) -> float:
    if not headers.get("BPM"):
        raise ValueError(f"no tempo: {name} has no #BPM")
    beats_a_minute = _number(headers["BPM"], 0.0)
    if not 1 <= beats_a_minute <= 100_000:
        raise ValueError(f"no tempo: the #BPM of {name} is {headers['BPM'][:20]!r}")
    # The format counts four of its beats to one of the tempo's.
    return 60 / beats_a_minute / 4


def _lines_in_order(lines: list[list[tuple[int, int, str]]]) -> list[list[tuple[int, int, str]]]:
    """The lines by when they begin; what two singers sing together stands once."""
    once = {tuple(line): line for line in lines if line}
    return [once[key] for key in sorted(once, key=_first_beat)]


def _first_beat(line: tuple[tuple[int, int, str], ...]) -> int:
    return line[0][0]


def _words_of_line(line: list[tuple[int, int, str]]) -> list[tuple[str, int, int]]:
    """Join syllables to words with their first and last beat.

    A syllable begins a word if it begins with a blank, or follows one that ends with a blank.
    """
    found: list[tuple[str, int, int]] = []
    begins_word = True
    for first, last, syllable in line:
        # A tilde only holds the vowel of the syllable before.
        text = syllable.replace("~", "")
        begins_word = begins_word or text[:1].isspace()
        for number, part in enumerate(text.split()):
            if begins_word or number > 0 or not found:
                found.append((part, first, last))
            else:
                word, begin, _ = found[-1]
                found[-1] = (word + part, begin, last)
            begins_word = False
        if not text.strip() and found and not begins_word:
            word, begin, _ = found[-1]
            found[-1] = (word, begin, last)
        begins_word = begins_word or text[-1:].isspace()
    return found


def _times(sung_words: list[tuple[str, int, int]], gap: float, beat: float) -> list[tuple[str, float, float]]:
    """Words with start and end in seconds; what would be sung before the song begins has no time."""
    times = []
    for word, first, last in sung_words:
        start, end = max(0.0, gap + first * beat), gap + last * beat
        if words(word) and end > start:
            times.append((word, round(start, 4), round(end, 4)))
    return times


def _sound_of(path: Path, headers: dict[str, str]) -> Path:
    """The sound file that a song names, or the only one in its folder."""
    named = headers.get("AUDIO") or headers.get("MP3") or ""
    if re.search(r"[/\\:\0]", named) or named.startswith("."):
        raise ValueError(f"unsafe sound: {path.name} names the file {named[:60]!r}, outside its own folder")
    beside = path.parent / named
    if named and beside.is_file() and beside.suffix.lower() in SOUND_ENDINGS:
        return beside
    sounds = [file for file in sorted(path.parent.iterdir()) if file.suffix.lower() in SOUND_ENDINGS]
    same_name = [file for file in sounds if file.stem == path.stem]
    candidates = same_name if len(sounds) > 1 else sounds
    if len(candidates) != 1:
        raise ValueError(f"no sound file: {path.name} names {named[:60]!r}, which is not in its folder")
    return candidates[0]


def _known(path: Path, headers: dict[str, str]) -> dict[str, str]:
    """What the headers and a licence.txt in the folder say of a song."""
    title = headers.get("TITLE") or path.stem
    artist = headers.get("ARTIST", "")
    tag = headers.get("GENRE", "")
    licence, source = _rights(path.parent)
    return {
        "artist": artist,
        "title": title,
        "genre": genre_of(tag) if tag else "",
        "licence": licence,
        "attribution": f"{artist}: {title}" if artist else title,
        "source": source,
    }


def _rights(place: Path) -> tuple[str, str]:
    """The licence and the link of the sound, which come first in the files of the Creative Commons songs."""
    for name in ("license.txt", "licence.txt"):
        path = place / name
        if not path.is_file():
            continue
        text = decode(path.read_bytes()[:MOST_LETTERS])
        found = LICENCE.search(text)
        licence = f"CC {found[1].upper()} {found[2]}" if found else ""
        links = [link for link in LINK.findall(text) if "creativecommons.org" not in link]
        return licence, links[0] if links else ""
    return "", ""
