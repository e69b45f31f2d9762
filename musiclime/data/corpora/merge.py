"""MERGE v1.1, bimodal (Zenodo 13939205): quadrants, arousal and valence of songs with sound and lyrics.

The layout is what its Zenodo page and four public readers of it agree on; no copy of it was at hand here.
"""

from ..song import Corpus
from . import curation as curate
from . import source_files as files

CORNERS = {"Q1": "Excited", "Q2": "Angry", "Q3": "Depressed", "Q4": "Relaxed"}


def load(root, by="values", check="sound", shares=curate.SHARES, seed=0) -> Corpus:
    """MERGE_Bimodal_Complete or _Balanced, unpacked; root is that folder or its parent (chapter *Curation*).

    by: "values" puts arousal and valence on our plane of nine, "quadrants" names its four corners
    The split is ours, by artist; the set's own (tvt_dataframes) may have an artist on both sides
    """
    if by not in ("values", "quadrants"):
        raise ValueError(f'by is "values" or "quadrants", not {by!r}')
    root = files.folder(root, "merge")
    found = sorted([*root.glob("*bimodal*metadata.csv"), *root.glob("*/*bimodal*metadata.csv")])
    if not found:
        raise FileNotFoundError(f"there is no merge_bimodal_...metadata.csv in {root}: unpack MERGE there")
    root, pair = found[0].parent, ["Audio_Song", "Lyric_Song"]
    table = files.read_csv(found[0], [*pair, "Quadrant", "Artist", "Title"])
    values = files.read_csv(next(root.glob("*av_values.csv"), root / "av_values.csv"), ["Arousal", "Valence"])
    on = [name for name in pair if name in values] or ["Song"]
    table = table.assign(Song=table["Audio_Song"]).merge(values.drop_duplicates(on), on=on, how="left")
    names = {"Artist": "artist", "Title": "title", "Arousal": "energy", "Valence": "valence"}
    sieve = curate.Sieve(table.assign(id=table["Audio_Song"]).rename(columns=names))
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    curate.place(sieve)
    if by == "quadrants":
        sieve.drop(~sieve.table["Quadrant"].isin(CORNERS), "quadrant: " + sieve.table["Quadrant"])
        sieve.table["emotion"] = sieve.table["Quadrant"].map(CORNERS)
    # AllMusic's "Pop/Rock" is half of its catalogue, not a choice between the two.
    if "Genres" not in sieve.table:
        sieve.table["Genres"] = ""
    tags = sieve.table["Genres"].str.replace("Pop/Rock", "")
    sieve.table["genre"] = [curate.primary_genre(curate.split_tags(text))[0] or "other" for text in tags]
    sounds = _quadrants(root / "audio")
    songs = zip(sieve.table["id"], sieve.table["Lyric_Song"], strict=True)
    by_text = _quadrants(root / "lyrics")
    texts = {id: by_text[lyric] for id, lyric in songs if lyric in by_text}
    files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    return sieve.corpus("merge", files.reader(sounds, texts), seed, shares)


def _quadrants(folder) -> dict:
    return {id: file for quadrant in CORNERS for id, file in files.files_of(folder / quadrant).items()}
