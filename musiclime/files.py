"""The cache folder, files that are written whole or not at all, their contents' hashes, and versions."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any
from urllib.parse import quote

# The packages of which another version may give another number.
PACKAGES = ("musiclime", "numpy", "scipy", "torch", "transformers")
# How many seconds a server may be silent before it counts as away.
TIMEOUT = 30.0


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


def slug(text: str) -> str:
    """A text as a part of a file's name.

    Example:
        >>> from musiclime import files
        >>> files.slug("On the run!")
        'on-the-run'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "x"


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


def fetch(url: str, path: str | Path, checksum: str, timeout: float | None = None) -> Path:
    """Fetch a file over https, whole or not at all, and only if it is the one that is meant.

    Args:
        url: its address.
        path: where to put it.
        checksum: what its contents must hash to: a sha256, or "md5:" and an md5, as Zenodo writes it.
        timeout: how many seconds to wait for the server, each time it is silent; None: `TIMEOUT`.

    Returns:
        The file's path. A FileNotFoundError in one sentence where the server cannot be reached or does not
        give the file, a ValueError where it sends another file; then nothing of it is kept.
    """
    path = Path(path)
    kind, _, wanted = checksum.rpartition(":")
    digest = hashlib.new(kind or "sha256")
    with _asked(url, timeout) as response, whole(path) as draft:
        with draft.open("wb") as file:
            for block in response.iter_content(1 << 20):
                file.write(block)
                digest.update(block)
        if digest.hexdigest() != wanted:
            raise ValueError(f"{url} is another file than the pinned one (its {digest.name} differs)")
    return path


def zenodo_files(record: str, timeout: float | None = None) -> dict[str, tuple[str, str]]:
    """Ask Zenodo which files a record has, and what each must hash to.

    Args:
        record: the number at the end of the record's address.
        timeout: as `fetch` takes it.

    Returns:
        {name of a file: (its address, its checksum as `fetch` takes it)}.

    (chapter *Curation*)
    """
    with _asked(f"https://zenodo.org/api/records/{record}", timeout) as response:
        try:
            listed = {file["key"]: file["checksum"] for file in response.json()["files"]}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"Zenodo's answer about record {record} names no files and checksums: try again later"
            ) from error
    folder = f"https://zenodo.org/records/{record}/files"
    return {name: (f"{folder}/{quote(name)}", checksum) for name, checksum in listed.items()}


@contextmanager
def _asked(url: str, timeout: float | None) -> Iterator[Any]:
    """The answer of an https server; what goes wrong on the way is a FileNotFoundError in one sentence."""
    try:
        import requests
    except ImportError:
        raise ValueError("fetching files needs the package requests: pip install requests") from None

    if not url.startswith("https://"):
        raise ValueError(f"{url} is not fetched: only https is")
    name = url.rsplit("/", 1)[-1]
    try:
        with requests.get(url, timeout=timeout or TIMEOUT, stream=True) as response:
            if not response.ok:
                wait = response.headers.get("Retry-After")
                advice = f"wait {wait} seconds and try again" if wait else "try again later"
                why = f"the server answers {response.status_code}"
                raise FileNotFoundError(
                    f"{name} cannot be fetched from {url} ({why}): {advice}, or name a folder that holds it"
                )
            if not response.url.startswith("https://"):
                raise ValueError(f"{url} leads away from https, to {response.url}: it is not fetched")
            yield response
    except requests.RequestException as error:
        raise FileNotFoundError(
            f"{name} cannot be fetched from {url} ({type(error).__name__}): go online once, "
            "or name a folder that holds it"
        ) from error
