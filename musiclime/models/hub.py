"""Checkpoints of the Hugging Face hub: whole and as the hub names them, or one sentence."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from .. import files


def from_hub(loader: Any, name: str, **options: Any) -> Any:
    """Load a checkpoint, fetched once into the hub's own cache folder.

    The hub's client compares only the size of what it fetched. Here the contents of what is new are held
    against the hash that the hub gave; a file with other contents is deleted.

    Args:
        loader: AutoModel, AutoConfig or AutoTokenizer.
        name: of the checkpoint, such as roberta-large, or a folder that holds one.
        options: what the loader takes.

    Returns:
        What the loader makes of it. A FileNotFoundError in one sentence where the hub cannot be reached or
        does not have it, a ValueError where a file was not the one that the hub names.

    (chapter *Train*)
    """
    try:
        made = loader.from_pretrained(name, **options)
        reason = None
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - the client lets errors of five packages through
        reason = error
    wrong = _delete_wrong_files(name)
    if reason is not None:
        # The client remembers which files the hub said it does not have; the next try is to ask again.
        shutil.rmtree(_cache_folder(name) / ".no_exist", ignore_errors=True)
    if wrong:
        raise ValueError(
            f"of {name} came other contents of {', '.join(wrong)} than the hub names: deleted, try again"
        ) from reason
    if reason is not None:
        told = str(reason).strip().splitlines() or [type(reason).__name__]
        raise FileNotFoundError(
            f"the checkpoint {name} cannot be had ({told[0].rstrip('.:')}): go online and try again, "
            "or name a folder that holds it"
        ) from reason
    return made


def _cache_folder(name: str) -> Path:
    """Where the hub's client keeps a checkpoint."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"


def _delete_wrong_files(name: str) -> list[str]:
    """Delete cached files of a checkpoint that are not what their hash says; return their names."""
    if Path(name).is_dir():
        return []
    folder = _cache_folder(name)
    blobs = [path for path in folder.glob("blobs/*") if len(path.name) in (40, 64)]
    digests = dict(zip(blobs, files.content_digests(blobs), strict=True))
    wrong = {path for path in blobs if path.name not in (digests[path], _git_digest(path))}
    names = []
    for link in folder.glob("snapshots/*/*"):
        if link.resolve() in {path.resolve() for path in wrong}:
            names.append(link.name)
            link.unlink()
    for path in wrong:
        path.unlink()
    return sorted(names)


def _git_digest(path: Path) -> str:
    """The name that git gives to a file's contents; the hub names small files so."""
    if len(path.name) != 40:
        return ""
    contents = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(contents) + contents, usedforsecurity=False).hexdigest()
