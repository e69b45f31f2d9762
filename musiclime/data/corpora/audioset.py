"""AudioSet: from ten-second segments of everything to songs with lyrics."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ...files import write
from ..song import Corpus
from . import curation
from . import source_files as files

# AudioSet's labels "Music" and "Music genre", under which all others of music lie.
MUSIC, MUSIC_GENRE = "/m/04rlf", "/m/0glt670"
# What gives a compilation, remix, episode or lesson away.
NOT_A_SONG = (
    r"compilation|full album|(?:album|ep) (?:preview|sampler|snippets?)|remix(?:e[sd])?|megamix|mixtape|"
    r"dj (?:mix|set)|mash[- ]?up|medley|episode|ep\.? ?\d+|s\d+ ?e\d+|season \d+|trailer|teaser|tutorial|"
    r"how to (?:play|make|sing)|(?:guitar|piano|drum|bass|vocal) (?:cover|lesson|tab)|unboxing|interview|"
    r"gameplay|walkthrough|let'?s play|soundtrack|ost|karaoke|instrumental|backing track|playlist|"
    r"top \d+|(?:the|very) best of|greatest hits|\d+ hours?|sound effects?|podcast|vlog|nightcore|ringtone"
)
# What titles say besides artist and song.
NOISE = (
    r"(?:official|original)(?: (?:music|lyrics?|hd))*(?: (?:video|audio|clip|visuali[sz]er))?|music video|"
    r"(?:with |w/ ?|on.?screen )?lyrics?(?: video)?|audio only|hd|hq|4k|\d{3,4}p|m/?v|explicit|visuali[sz]er|"
    r"remaster(?:ed)?|album version|radio edit"
)
DASH = r"\s+[-–—~]+\s+"


def not_a_song(title: str) -> str:
    """Return the word of a title that gives a compilation, remix, episode or lesson away, "" if none does.

    Example:
        >>> not_a_song("Guitar lesson 3"), not_a_song("Left - After")
        ('Guitar lesson', '')

    (chapter *Curation*)
    """
    found = re.search(rf"(?i)(?<!\w)(?:{NOT_A_SONG})(?!\w)", title)
    return found.group() if found else ""


def artist_and_song(title: str) -> tuple[str, str] | None:
    """Return who sings what, from a video's title; None where it does not say.

    Only whole words are ever taken away: "Happy Birthday", "Left", "The Prodigy" and "Mr. Big" stay.

    Example:
        >>> artist_and_song("Mr. Big - Left (Official Video) [HD]")
        ('Mr. Big', 'Left')

    (chapter *Curation*)
    """
    text = re.sub(rf"(?i)[\[(][^\[\]()]*(?<!\w)(?:{NOISE})(?!\w)[^\[\]()]*[\])]", " ", title)
    text = re.split(r"\s+\|+\s+|\s+//\s+", text.strip())[0]
    text = re.sub(rf"(?i)(?:[\s,]+(?:{NOISE}))+\s*$", "", text)

    around_dash = re.split(DASH, text, maxsplit=1)
    quoted_song = re.fullmatch(r"""(.+?)\s*[:,]?\s+["“'‘](.+)["”'’]\s*""", text)
    song_by_artist = re.fullmatch(r"""["“](.+)["”] by (.+)""", text)
    if len(around_dash) == 2:
        artist, song = around_dash
    elif quoted_song:
        artist, song = quoted_song.groups()
    elif song_by_artist:
        song, artist = song_by_artist.groups()
    else:
        return None

    artist, song = _without_guests(artist), _without_guests(song)
    song = re.sub(rf"(?i)(?:[\s,]*{DASH}(?:{NOISE}))+$", "", song)
    if not artist or not song:
        return None
    return artist, song


def _without_guests(name: str) -> str:
    return re.sub(r"(?i)\s[\[(]?(?:feat|ft|featuring)\b.*$", "", name).strip(' "“”-–—')


def load(
    root: str | Path | None,
    lyrics: Callable[[str, str], str | None] | None = None,
    check: str = "sound",
    shares: Sequence[float] = curation.SHARES,
    seed: int = 0,
) -> Corpus:
    """Find the songs among AudioSet's segments.

    Args:
        root: a folder of AudioSet's tables of segments and ontology.json, titles.csv (id, title), and audio/
            and lyrics/ by id.
        lyrics: a function from artist and song to a text, or None, for what lyrics/ lacks; what it finds is
            written there.
        check: "sound" opens every sound file, "files" only looks whether it is there.
        shares: of train, val and test; artists are divided, not songs.
        seed: of the split.

    Returns:
        The corpus; its dropped rows follow all segments down to pairs of sound and lyrics.

    (chapter *Curation*)
    """
    if check not in ("sound", "files"):
        raise ValueError(f'check is "sound" or "files", not {check!r}')
    root = files.folder(root, "audioset")
    names, children = _ontology(root / "ontology.json")
    sieve = curation.Sieve(_segments(root))
    music = _below(MUSIC, children)
    sieve.drop([music.isdisjoint(labels) for labels in sieve.table["labels"]], "not music")
    sieve.drop(~sieve.table["id"].str.fullmatch(files.SAFE_ID), "unsafe id: it could name a file elsewhere")
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    _read_titles(sieve, root / "titles.csv")
    _choose_genres(sieve, names, _below(MUSIC_GENRE, children))

    sounds, texts = files.files_of(root / "audio"), files.files_of(root / "lyrics")
    sieve.drop(~sieve.table["id"].isin(sounds), "no sound file")
    if lyrics is not None:
        wanted = sieve.table[~sieve.table["id"].isin(texts)]
        for row in files.bar(list(wanted.itertuples()), "lyrics"):
            text = lyrics(row.artist, row.song)
            if text:
                write(root / "lyrics" / f"{row.id}.txt", text)
        texts = files.files_of(root / "lyrics")
    sieve.table = sieve.table.assign(title=sieve.table["song"], emotion="", _wanted="en")
    sieve.table[["valence", "energy"]] = float("nan")
    files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    read, paths = files.song_reader(sounds, texts), files.song_files(sounds, texts)
    return sieve.corpus("audioset", read, seed, shares, paths)


def _read_titles(sieve: curation.Sieve, path: Path) -> None:
    """Give every segment its artist and song; drop those whose title does not name them."""
    listed = files.read_csv(path, ["id", "title"])
    title_of = dict(zip(listed["id"], listed["title"], strict=True))
    sieve.table["title"] = sieve.table["id"].map(title_of).fillna("")
    sieve.drop(sieve.table["title"] == "", "no title")

    words = [not_a_song(title) for title in sieve.table["title"]]
    sieve.drop_where([f"not a song: its title says {word!r}" if word else "" for word in words])

    pairs = [artist_and_song(title) for title in sieve.table["title"]]
    sieve.table["artist"] = [pair[0] if pair else "" for pair in pairs]
    sieve.table["song"] = [pair[1] if pair else "" for pair in pairs]
    reasons = "no artist and song in the title: " + sieve.table["title"]
    sieve.drop([pair is None for pair in pairs], reasons)


def _choose_genres(sieve: curation.Sieve, names: dict[str, str], genre_labels: set[str]) -> None:
    genres, problems = [], []
    for labels in sieve.table["labels"]:
        tags = [names[label] for label in labels if label in genre_labels and label in names]
        genre, problem = curation.primary_genre(tags)
        genres.append(genre)
        problems.append(problem)
    sieve.table["genre"] = genres
    sieve.drop_where(problems)


def _ontology(path: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The names and the children of AudioSet's labels."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: put AudioSet's there")
    try:
        rows = json.loads(path.read_text("utf-8"))
        names = {str(row["id"]): str(row["name"]).lower() for row in rows}
        children = {str(row["id"]): [str(child) for child in row["child_ids"]] for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise ValueError(f"{path} is not AudioSet's list of labels ({why}): fetch it again") from error
    return names, children


def _below(root: str, children: dict[str, list[str]]) -> set[str]:
    """A label and all that lie under it."""
    found, queue = set(), [root]
    while queue:
        label = queue.pop()
        if label not in found:
            found.add(label)
            queue += children.get(label, [])
    return found


def _segments(root: Path) -> pd.DataFrame:
    paths = sorted(root.glob("*segments.csv"))
    if not paths:
        raise FileNotFoundError(f"there is no *segments.csv in {root}: put AudioSet's segments there")
    shape = {"names": ["id", "start", "end", "labels"], "comment": "#", "skipinitialspace": True}
    table = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False, **shape) for path in paths])
    return pd.DataFrame({"id": table["id"], "labels": table["labels"].str.split(",")}, dtype=object)
