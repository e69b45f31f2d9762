"""The trained demo models that come with the package: where they lie, and whether they still fit the code."""

import hashlib
import json
from pathlib import Path

FOLDER = Path(__file__).with_name("weights")


def cards() -> dict[str, dict]:
    """The cards of all shipped models, by the names of their folders.

    Returns:
        What was trained, on which songs, by which recipe, and how well it does.

    Example:
        >>> cards()["genre-multimodal"]["task"]
        'genre'

    (chapter *Data and model cards*)
    """
    found = {}
    for file in sorted(FOLDER.glob("*-*/card.json")):
        found[file.parent.name] = json.loads(file.read_text(encoding="utf-8"))
    return found


def find(architecture: dict, corpus: dict, recipe: dict) -> Path | None:
    """The folder of the shipped model that was made just so.

    Args:
        architecture: as on a card.
        corpus: name, fingerprint and number of the songs; the name changes with the composer's code.
        recipe: as on a card.

    Returns:
        The folder, or None where such a model would have to be trained.
    """
    wish = json.loads(json.dumps([architecture, corpus, recipe], default=str))
    for name, card in cards().items():
        if [card["architecture"], card["corpus"], card["recipe"]] == wish:
            return FOLDER / name
    return None


def sha256_of_weights(folder: Path) -> str:
    """The digest of a model's weights file, which its card in `digests.json` must repeat."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def digests() -> dict[str, str]:
    """The digest of every shipped weights file, as it was when it was made."""
    return json.loads((FOLDER / "digests.json").read_text(encoding="utf-8"))
