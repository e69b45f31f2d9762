"""MERGE v1.1, bimodal (Zenodo 13939205): quadrants, arousal and valence of songs with sound and lyrics.

The layout is what its Zenodo page and four public readers of it agree on; no copy of it was at hand here.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ... import files as cache
from ..song import Corpus
from . import curation
from . import source_files as files

RECORD = "13939205"
SET = "MERGE_Bimodal_Complete"
EMOTION_OF_QUADRANT = {"Q1": "Excited", "Q2": "Angry", "Q3": "Depressed", "Q4": "Relaxed"}


def load(
    root: str | Path | None,
    by: str = "values",
    check: str = "sound",
    shares: Sequence[float] = curation.SHARES,
    seed: int = 0,
    download: bool = False,
) -> Corpus:
    """Read MERGE_Bimodal_Complete or MERGE_Bimodal_Balanced, unpacked.

    Args:
        root: that folder, or the one it lies in.
        by: "values" puts arousal and valence on our plane of nine, "quadrants" names its four corners.
        check: "sound" opens every sound file, "files" only looks whether it is there.
        shares: of train, val and test. The split is ours, by artist: the set's own (tvt_dataframes) may have
            an artist on both sides.
        seed: of the split.
        download: fetch MERGE_Bimodal_Complete from Zenodo, once, into the cache folder (or into root, where
            that is named). It holds whole lyrics and is not ours or yours to pass on.

    Returns:
        The corpus; what cannot be used is in its dropped rows.

    (chapter *Curation*)
    """
    if by not in ("values", "quadrants"):
        raise ValueError(f'by is "values" or "quadrants", not {by!r}')
    if check not in ("sound", "files"):
        raise ValueError(f'check is "sound" or "files", not {check!r}')
    if download:
        root = _downloaded(Path(root) if root else cache.root() / "merge")
    root, table = _joined_tables(files.folder(root, "merge"))
    sieve = curation.Sieve(table)
    sieve.drop(sieve.table["id"].duplicated(), "id appears twice")
    curation.place_on_plane(sieve)
    if by == "quadrants":
        unknown = ~sieve.table["Quadrant"].isin(EMOTION_OF_QUADRANT)
        sieve.drop(unknown, "quadrant: " + sieve.table["Quadrant"])
        sieve.table["emotion"] = sieve.table["Quadrant"].map(EMOTION_OF_QUADRANT)

    if "Genres" not in sieve.table:
        sieve.table["Genres"] = ""
    # AllMusic's "Pop/Rock" is half of its catalogue, not a choice between the two.
    tags = sieve.table["Genres"].str.replace("Pop/Rock", "")
    sieve.table["genre"] = [curation.primary_genre(curation.split_tags(text))[0] or "other" for text in tags]

    sounds, by_lyric = _in_quadrants(root / "audio"), _in_quadrants(root / "lyrics")
    pairs = zip(sieve.table["id"], sieve.table["Lyric_Song"], strict=True)
    texts = {id: by_lyric[lyric] for id, lyric in pairs if lyric in by_lyric}
    files.check_files(sieve, sounds, texts, open_sound=check == "sound")
    read, paths = files.song_reader(sounds, texts), files.song_files(sounds, texts)
    return sieve.corpus("merge", read, seed, shares, paths)


def _downloaded(place: Path) -> Path:
    """The folder of the complete set within another, fetched from Zenodo and unpacked where it is missing."""
    target = place / SET
    if target.is_dir():
        return target
    listed = cache.zenodo_files(RECORD)
    names = [name for name in listed if name.lower() == f"{SET}.zip".lower()]
    if not names:
        raise ValueError(
            f"Zenodo's record {RECORD} has no {SET}.zip, only {', '.join(listed)}: fetch it by hand"
        )
    place.mkdir(parents=True, exist_ok=True)
    # Unpacked beside its place and then moved: a folder that is there is whole.
    with tempfile.TemporaryDirectory(dir=place, prefix="unpacking-") as draft:
        address, checksum = listed[names[0]]
        archive = cache.fetch(address, Path(draft) / "merge.zip", checksum)
        unpacked = Path(draft) / "unpacked"
        try:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(unpacked)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise ValueError(f"{address} is no zip file that can be unpacked: {error}") from error
        home, _ = _joined_tables(unpacked)
        shutil.move(home, target)
    return target


def _joined_tables(root: Path) -> tuple[Path, pd.DataFrame]:
    """The folder of the tables, and both tables as one."""
    found = sorted([*root.glob("*bimodal*metadata.csv"), *root.glob("*/*bimodal*metadata.csv")])
    if not found:
        raise FileNotFoundError(f"there is no merge_bimodal_...metadata.csv in {root}: unpack MERGE there")
    root = found[0].parent
    metadata = files.read_csv(found[0], ["Audio_Song", "Lyric_Song", "Quadrant", "Artist", "Title"])
    values_path = next(root.glob("*av_values.csv"), root / "av_values.csv")
    values = files.read_csv(values_path, ["Arousal", "Valence"])

    shared = [name for name in ("Audio_Song", "Lyric_Song") if name in values] or ["Song"]
    table = metadata.assign(Song=metadata["Audio_Song"])
    table = table.merge(values.drop_duplicates(shared), on=shared, how="left")
    names = {"Artist": "artist", "Title": "title", "Arousal": "energy", "Valence": "valence"}
    return root, table.assign(id=table["Audio_Song"]).rename(columns=names)


def _in_quadrants(folder: Path) -> dict[str, tuple[Path, int]]:
    found = {}
    for quadrant in EMOTION_OF_QUADRANT:
        found.update(files.files_of(folder / quadrant))
    return found
