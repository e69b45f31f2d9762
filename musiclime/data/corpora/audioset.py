"""AudioSet: from ten-second segments of everything to songs with lyrics."""

import json
import re

import pandas as pd

from ..song import Corpus
from . import curation as curate
from . import source_files as files

MUSIC, GENRE = "/m/04rlf", "/m/0glt670"
NOT_A_SONG = (
    r"compilation|full album|(?:album|ep) (?:preview|sampler|snippets?)|remix(?:e[sd])?|megamix|mixtape|"
    r"dj (?:mix|set)|mash[- ]?up|medley|episode|ep\.? ?\d+|s\d+ ?e\d+|season \d+|trailer|teaser|tutorial|"
    r"how to (?:play|make|sing)|(?:guitar|piano|drum|bass|vocal) (?:cover|lesson|tab)|unboxing|interview|"
    r"gameplay|walkthrough|let'?s play|soundtrack|ost|karaoke|instrumental|backing track|playlist|"
    r"top \d+|(?:the|very) best of|greatest hits|\d+ hours?|sound effects?|podcast|vlog|nightcore|ringtone"
)
NOISE = (
    r"(?:official|original)(?: (?:music|lyrics?|hd))*(?: (?:video|audio|clip|visuali[sz]er))?|music video|"
    r"(?:with |w/ ?|on.?screen )?lyrics?(?: video)?|audio only|hd|hq|4k|\d{3,4}p|m/?v|explicit|visuali[sz]er|"
    r"remaster(?:ed)?|album version|radio edit"
)
DASH = r"\s+[-–—~]+\s+"


def not_a_song(title: str) -> str:
    """The word of a title that gives a compilation, remix, episode or lesson away, "" if none does."""
    found = re.search(rf"(?i)(?<!\w)(?:{NOT_A_SONG})(?!\w)", title)
    return found.group() if found else ""


def artist_and_song(title: str) -> tuple[str, str] | None:
    """Who sings what, from a video's title; None where it does not say (chapter *Curation*).

    Only whole words are ever taken away: "Happy Birthday", "Left", "The Prodigy" and "Mr. Big" stay.
    """
    text = re.sub(rf"(?i)[\[(][^\[\]()]*(?<!\w)(?:{NOISE})(?!\w)[^\[\]()]*[\])]", " ", title)
    text = re.split(r"\s+\|+\s+|\s+//\s+", text.strip())[0]
    text = re.sub(rf"(?i)(?:[\s,]+(?:{NOISE}))+\s*$", "", text)
    if len(parts := re.split(DASH, text, maxsplit=1)) == 2:
        artist, song = parts
    elif found := re.fullmatch(r"""(.+?)\s*[:,]?\s+["“'‘](.+)["”'’]\s*""", text):
        artist, song = found.groups()
    elif found := re.fullmatch(r"""["“](.+)["”] by (.+)""", text):
        song, artist = found.groups()
    else:
        return None
    guests = r"(?i)\s[\[(]?(?:feat|ft|featuring)\b.*$"
    artist, song = (re.sub(guests, "", part).strip(' "“”-–—') for part in (artist, song))
    song = re.sub(rf"(?i)(?:[\s,]*{DASH}(?:{NOISE}))+$", "", song)
    return (artist, song) if artist and song else None


def load(root, lyrics=None, check="sound", shares=curate.SHARES, seed=0) -> Corpus:
    """Songs among AudioSet's segments (chapter *Curation*).

    root: AudioSet's tables of segments and ontology.json, titles.csv (id, title), audio/ and lyrics/ by id
    lyrics: a function (artist, song) -> text or None for what lyrics/ lacks; its finds are written there
    """
    root = files.folder(root, "audioset")
    names, children = _ontology(root / "ontology.json")
    genres, music = _below(GENRE, children) & names.keys(), _below(MUSIC, children)
    sieve = curate.Sieve(_segments(root))
    sieve.drop([music.isdisjoint(labels) for labels in sieve.table["labels"]], "not music")
    sieve.drop(~sieve.table["id"].str.fullmatch(files.SAFE_ID), "unsafe id: it could name a file elsewhere")
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    titles = files.read_csv(root / "titles.csv", ["id", "title"])
    titles = sieve.table["id"].map(dict(zip(titles["id"], titles["title"], strict=True))).fillna("")
    sieve.table["title"] = titles
    sieve.drop(titles == "", "no title")
    words = [not_a_song(title) for title in sieve.table["title"]]
    sieve.drop_where([word and f"not a song: its title says {word!r}" for word in words])
    pairs = [artist_and_song(title) for title in sieve.table["title"]]
    sieve.table["artist"] = [pair[0] if pair else "" for pair in pairs]
    sieve.table["song"] = [pair[1] if pair else "" for pair in pairs]
    sieve.drop([pair is None for pair in pairs], "no artist and song in the title: " + sieve.table["title"])
    tags = [[names[label] for label in labels if label in genres] for labels in sieve.table["labels"]]
    found = [curate.primary_genre(own) for own in tags]
    sieve.table["genre"] = [genre for genre, _ in found]
    sieve.drop_where([problem for _, problem in found])
    sounds, texts = files.files_of(root / "audio"), files.files_of(root / "lyrics")
    sieve.drop(~sieve.table["id"].isin(sounds), "no sound file")
    wanted = sieve.table[~sieve.table["id"].isin(texts)] if lyrics else sieve.table[:0]
    for row in files.bar(list(wanted.itertuples()), "lyrics"):
        if text := lyrics(row.artist, row.song):
            (root / "lyrics" / f"{row.id}.txt").write_text(text, encoding="utf-8")
    texts = files.files_of(root / "lyrics")
    sieve.table = sieve.table.assign(title=sieve.table["song"], emotion="", _wanted="en")
    sieve.table[["valence", "energy"]] = float("nan")
    files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    return sieve.corpus("audioset", files.reader(sounds, texts), seed, shares)


def _ontology(path) -> tuple[dict, dict]:
    """The names and the children of AudioSet's labels."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path.name} in {path.parent}: put AudioSet's there")
    try:
        rows = json.loads(path.read_text("utf-8"))
        names = {str(row["id"]): str(row["name"]).lower() for row in rows}
        return names, {str(row["id"]): [str(child) for child in row["child_ids"]] for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise ValueError(f"{path} is not AudioSet's list of labels ({why}): fetch it again") from error


def _below(root: str, children: dict) -> set[str]:
    found, queue = set(), [root]
    while queue:
        if (label := queue.pop()) not in found:
            found.add(label)
            queue += children.get(label, [])
    return found


def _segments(root) -> pd.DataFrame:
    paths = sorted(root.glob("*segments.csv"))
    if not paths:
        raise FileNotFoundError(f"there is no *segments.csv in {root}: put AudioSet's segments there")
    shape = {"names": ["id", "start", "end", "labels"], "comment": "#", "skipinitialspace": True}
    table = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False, **shape) for path in paths])
    return pd.DataFrame({"id": table["id"], "labels": table["labels"].str.split(",")}, dtype=object)
