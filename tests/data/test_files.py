"""Files are whole or absent, the cache folder is where it is said to be, hashes follow contents."""

import hashlib
import os

import pytest

from musiclime import files


def test_an_error_leaves_the_old_file_and_no_draft(tmp_path):
    path = files.write(tmp_path / "new" / "a.txt", "old")
    with pytest.raises(RuntimeError), files.whole(path) as draft:
        draft.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old" and list(path.parent.iterdir()) == [path]
    with files.whole(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old" and draft.suffix == ".txt"
    assert path.read_text() == "new" and list(path.parent.iterdir()) == [path]


def test_text_is_written_as_utf8_and_bytes_as_they_are(tmp_path):
    assert files.write(tmp_path / "a", "é\n").read_bytes() == b"\xc3\xa9\n"
    assert files.write(tmp_path / "a", b"\xff\r\n").read_bytes() == b"\xff\r\n"


def test_the_cache_is_the_folder_that_the_variable_names(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path / "mine"))
    assert files.root() == tmp_path / "mine"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSICLIME_CACHE", "here")
    assert files.root() == tmp_path / "here"


def test_a_file_is_hashed_again_when_its_size_or_time_changes(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICLIME_CACHE", str(tmp_path / "cache"))
    path = files.write(tmp_path / "a", "one")
    expected = hashlib.sha256(b"one").hexdigest()
    assert files.content_digests([path, tmp_path / "none"]) == [expected, ""]

    # The same size and the same time: what was remembered is believed.
    status = path.stat()
    path.write_text("two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert files.content_digests([path]) == [expected]
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert files.content_digests([path]) == [hashlib.sha256(b"two").hexdigest()]

    (tmp_path / "cache" / "contents.json").write_text("{broken")
    assert files.content_digests([path]) == [hashlib.sha256(b"two").hexdigest()]


def test_only_https_is_fetched(tmp_path):
    with pytest.raises(ValueError, match="only https"):
        files.fetch("http://localhost/a", tmp_path / "a", "0" * 64)
    assert not list(tmp_path.iterdir())
