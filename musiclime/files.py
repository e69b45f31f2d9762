"""The cache folder, files that are written whole or not at all, their contents' hashes, and versions."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version

# The packages of which another version may give another number.
PACKAGES = ("musiclime", "numpy", "scipy", "torch", "transformers")


def root() -> Path:
    """Return the one folder of everything that is computed: models, stems, runs, fetched songs.

    It is the folder that the variable MUSICLIME_CACHE names; without one, artifacts/ beside a checkout of
    the book, and outside a checkout the user's cache.

    Returns:
        The folder's path; it need not exist yet.

    Example:
        >>> from musiclime import files
        >>> files.root().is_absolute()
        True

    (chapter *Train*)
    """
    chosen = os.environ.get("MUSICLIME_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()

    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "artifacts"

    users_cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(users_cache).expanduser().absolute() / "musiclime"


@cache
def _installed_versions() -> dict[str, str]:
    # Looked up once: for a corpus of songs the look-ups would take longer than the fits.
    return {"python": python_version(), **{name: version(name) for name in PACKAGES}}


def versions() -> dict[str, str]:
    """Return the versions of Python and of every package that decides a number, imported or not.

    Returns:
        A new dictionary from name to version.

    Example:
        >>> from musiclime import files
        >>> sorted(files.versions())
        ['musiclime', 'numpy', 'python', 'scipy', 'torch', 'transformers']

    (chapter *Train*)
    """
    return dict(_installed_versions())


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a draft to write; when the block ends without an error, the draft becomes the file.

    A reader never sees half a file, whatever kills the writer. After an error the draft is deleted.

    Args:
        path: the file to write; its folder is made where it is missing.

    Returns:
        A context manager of the draft's path, which lies beside the file and has the same ending.

    Example:
        >>> import tempfile
        >>> from musiclime import files
        >>> path = Path(tempfile.mkdtemp()) / "new" / "table.csv"
        >>> with files.whole(path) as draft:
        ...     _ = draft.write_text("id")
        >>> path.read_text()
        'id'

    (chapter *Train*)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write(path: str | Path, content: str | bytes) -> Path:
    """Write a whole file: text as UTF-8, or bytes as they are.

    Args:
        path: the file to write; its folder is made where it is missing.
        content: text or bytes.

    Returns:
        The file's path.

    Example:
        >>> import tempfile
        >>> from musiclime import files
        >>> files.write(Path(tempfile.mkdtemp()) / "a.txt", "la la").read_bytes()
        b'la la'
    """
    path = Path(path)
    raw = content.encode("utf-8") if isinstance(content, str) else content
    with whole(path) as draft:
        draft.write_bytes(raw)
    return path


def content_digests(paths: Iterable[str | Path]) -> list[str]:
    """Return a hash of what each file holds; a file is read again only when its size or time has changed.

    What was hashed before is remembered in contents.json in the cache folder.

    Args:
        paths: files; one that cannot be read has the hash "".

    Returns:
        The sha256 of each file, as text, in the order of the paths.

    Example:
        >>> import tempfile
        >>> from musiclime import files
        >>> path = files.write(Path(tempfile.mkdtemp()) / "a.txt", "la la")
        >>> files.content_digests([path])[0][:12]
        '9a9e0a33c99f'
    """
    index_path = root() / "contents.json"
    remembered = _read_index(index_path)
    digests: list[str] = []
    new: dict[str, list] = {}  # of each path its size, time and digest
    for path in paths:
        key = str(Path(path).absolute())
        try:
            status = Path(key).stat()
            known = remembered.get(key) or new.get(key)
            if known and known[:2] == [status.st_size, status.st_mtime_ns]:
                digest = known[2]
            else:
                digest = sha256_of(key)
                new[key] = [status.st_size, status.st_mtime_ns, digest]
        except OSError:
            digest = ""
        digests.append(digest)

    if new:
        # Read again: another process may have added its own meanwhile.
        write(index_path, json.dumps(_read_index(index_path) | new))
    return digests


def sha256_of(path: str | Path) -> str:
    """Return the sha256 of a file as 64 characters."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_index(path: Path) -> dict[str, list]:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def fetch(url: str, path: str | Path, sha256: str, timeout: float = 30.0) -> Path:
    """Fetch a file over https, whole or not at all, and only if it is the one that is meant.

    Args:
        url: its address.
        path: where to put it.
        sha256: what its contents must hash to.
        timeout: how many seconds to wait for the server, each time it is silent.

    Returns:
        The file's path. A FileNotFoundError in one sentence where the server cannot be reached or does not
        have the file, a ValueError where it sends another file.
    """
    import requests

    if not url.startswith("https://"):
        raise ValueError(f"{url} is not fetched: only https is")
    path = Path(path)
    try:
        with requests.get(url, timeout=timeout, stream=True) as response, whole(path) as draft:
            response.raise_for_status()
            if not response.url.startswith("https://"):
                raise ValueError(f"{url} leads away from https, to {response.url}: it is not fetched")
            with draft.open("wb") as file:
                for block in response.iter_content(1 << 20):
                    file.write(block)
            if sha256_of(draft) != sha256:
                raise ValueError(f"{url} is another file than the pinned one (its sha256 differs)")
    except requests.RequestException as error:
        raise FileNotFoundError(
            f"{path.name} cannot be fetched from {url} ({type(error).__name__}): go online once, "
            "or name a folder that holds it"
        ) from error
    return path
