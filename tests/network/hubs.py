"""What the hubs serve, in their layout and under their own names, from a server here that can fail.

While `here()` is open, every host name leads to the server: the addresses that the code asks for are the real
ones, openunmix's fixed ones among them, and nothing is replaced but the look-up of names. Weights are random.
"""

import contextlib
import csv
import hashlib
import http.server
import io
import json
import os
import pickle
import socket
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np

HOSTS = ("huggingface.co", "zenodo.org", "raw.githubusercontent.com")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FAULTS = ("slow", "cut off", "half a file", "another file", "403", "404", "429", "500", "no answer")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the hubs' names, signed by itself, and its key."""
    made, key = folder / "cert.pem", folder / "key.pem"
    names = ",".join(f"DNS:{host}" for host in (*HOSTS, "localhost"))
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    request += [
        "-subj",
        "/CN=localhost",
        "-addext",
        f"subjectAltName={names}",
        "-keyout",
        str(key),
        "-out",
        str(made),
    ]
    subprocess.run(request, check=True, capture_output=True)
    return made, key


class Hubs(http.server.ThreadingHTTPServer):
    """Serves `files`, {host/path: bytes}; `fault` names what goes wrong once `spared` requests went well."""

    daemon_threads = True

    def __init__(self, place: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.fault, self.spared, self.failed, self.asked = "", 0, 0, 0
        self.lock = threading.Lock()
        self.certificate, key = certificate(place)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, address):
        # The handshake belongs to the thread of the request: a slow client must not keep the others waiting.
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, address)

    def handle_error(self, request, address):
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, address)

    def fail(self, fault: str, spared: int = 0) -> None:
        """From the request after the next `spared` ones on, fail in this way; "" for not at all."""
        with self.lock:
            self.fault, self.spared, self.failed = fault, spared, 0

    def fault_of_this_request(self) -> str:
        with self.lock:
            self.asked += 1
            if self.fault and self.spared == 0:
                self.failed += 1
                return self.fault
            self.spared = max(0, self.spared - 1)
            return ""

    def add_checkpoint(self, name: str, contents: dict[str, bytes]) -> None:
        """A repository of the Hugging Face hub: its files, its list of files, its tree."""
        for file, content in contents.items():
            self.files[f"huggingface.co/{name}/resolve/main/{file}"] = content
            self.files[f"huggingface.co/{name}/resolve/{COMMIT}/{file}"] = content
        listed = [{"rfilename": file} for file in contents]
        about = {"id": name, "modelId": name, "sha": COMMIT, "siblings": listed, "tags": [], "private": False}
        tree = []
        for file, data in contents.items():
            tree.append({"type": "file", "path": file, "size": len(data), "oid": etag(file, data)})
        for revision in ("", "/revision/main", f"/revision/{COMMIT}"):
            self.files[f"huggingface.co/api/models/{name}{revision}"] = json.dumps(about).encode()
        for revision in ("main", COMMIT):
            self.files[f"huggingface.co/api/models/{name}/tree/{revision}"] = json.dumps(tree).encode()

    def add_record(self, record: str, contents: dict[str, bytes]) -> None:
        """A record of Zenodo: its files, and what its API says of them."""
        listed = []
        for file, content in contents.items():
            self.files[f"zenodo.org/records/{record}/files/{file}"] = content
            checksum = "md5:" + hashlib.md5(content).hexdigest()
            listed.append({"key": file, "size": len(content), "checksum": checksum})
        self.files[f"zenodo.org/api/records/{record}"] = json.dumps({"id": record, "files": listed}).encode()


def etag(file: str, content: bytes) -> str:
    """How the hub names contents: large files by their sha256, small ones as git does."""
    if file.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """One request: answered, or failed in the way that the server was told."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        fault = self.server.fault_of_this_request()
        host = self.headers["Host"].split(":")[0]
        path = unquote(urlparse(self.path).path)
        content = self.server.files.get(host + path)
        if fault == "no answer":
            self.close_connection = True
            return
        if fault.isdecimal():
            return self.refuse(int(fault))
        if content is None:
            return self.refuse(404)
        told, sent = content, content
        if fault == "half a file":
            told = sent = content[: len(content) // 2]
        elif fault == "another file":
            told = sent = bytes(byte ^ 0x55 for byte in content[:64]) + content[64:]
        elif fault in ("cut off", "slow"):
            sent = content[: len(content) // 2]
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        if host == "huggingface.co":
            self.send_header("ETag", f'"{etag(path, content)}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_body:
            self.wfile.write(sent)
        if fault == "slow":
            self.wfile.flush()
            threading.Event().wait(3)
        if fault in ("slow", "cut off"):
            self.close_connection = True

    def refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()


def wait_briefly(wait, seconds: float) -> None:
    wait(min(seconds, 0.02))


@contextlib.contextmanager
def here(place: Path):
    """The server, with every host name leading to it, and one folder for all that is fetched.

    The hub's client reads its variables when it is imported, so this comes before, in a process of its own.
    """
    assert "huggingface_hub" not in sys.modules
    server = Hubs(place)
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        os.environ[name] = str(server.certificate)
    os.environ.update(
        MUSICLIME_CACHE=str(place / "cache"),
        HF_HOME=str(place / "hub"),
        HF_HUB_DISABLE_XET="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DOWNLOAD_TIMEOUT="1",
        HF_HUB_ETAG_TIMEOUT="1",
        HF_ENDPOINT="https://huggingface.co",
    )
    os.environ.pop("HF_HUB_OFFLINE", None)
    os.environ.pop("MUSICLIME_REFERENCE", None)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ.pop(name, None)
    look_up = socket.getaddrinfo

    def local(host, port, *arguments, **options):
        return look_up("127.0.0.1", server.server_port, *arguments, **options)

    socket.getaddrinfo = local
    # The hub's client waits up to eight seconds between its own tries; here it waits as good as nothing.
    wait = time.sleep
    time.sleep = partial(wait_briefly, wait)
    try:
        yield server
    finally:
        socket.getaddrinfo, time.sleep = look_up, wait
        server.shutdown()
        server.server_close()


# What is served.


def checkpoint(place: Path, tokenizer: Path | None) -> dict[str, bytes]:
    """A small RoBERTa with random weights, as `save_pretrained` writes it, and a tokenizer's files."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *map(chr, range(33, 127)), "Ġ"]
    contents = {
        "vocab.json": json.dumps({word: number for number, word in enumerate(words)}).encode(),
        "merges.txt": b"#version: 0.2\nl a\nla l\n",
    }
    if tokenizer is not None and tokenizer.is_dir():
        contents = {name: (tokenizer / name).read_bytes() for name in contents}
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    vocabulary = len(json.loads(contents["vocab.json"]))
    RobertaModel(RobertaConfig(vocab_size=vocabulary, **size)).save_pretrained(place)
    for name in ("config.json", "model.safetensors"):
        contents[name] = (place / name).read_bytes()
    return contents


def separator_weights(names: tuple[str, ...]) -> dict[str, bytes]:
    """Open-Unmix's weights in their real shapes, random: the same 35 MB under each name."""
    import torch

    from musiclime.models.separation import load_separator

    network, _ = load_separator("umxhq", pretrained=False)
    file = io.BytesIO()
    torch.save(network.target_models["vocals"].state_dict(), file)
    return dict.fromkeys(names, file.getvalue())


def sound(number: int) -> bytes:
    """Two seconds of noise as Ogg."""
    import soundfile

    file = io.BytesIO()
    noise = np.random.default_rng(number).normal(0, 0.1, 32000).astype("f4")
    soundfile.write(file, noise, 16000, format="OGG", subtype="VORBIS")
    return file.getvalue()


def pinned_songs(server: Hubs, table: Path, columns: list[str]) -> None:
    """Three songs in UltraStar's and JamendoLyrics' layouts at raw.githubusercontent.com, and their pins."""
    contents = {}
    for number in range(2):
        text = (
            f"#TITLE:T{number}\n#ARTIST:A{number}\n#GENRE:Pop\n#MP3:a.ogg\n#BPM:60\n#GAP:0\n: 0 4 0 La\nE\n"
        )
        contents[f"ultrastar/Song {number}/song.txt"] = text.encode()
        contents[f"ultrastar/Song {number}/a.ogg"] = sound(number)
    columns_of_jamendo = "URL,Filepath,Artist,Title,Genre,LicenseType,Language"
    row = "https://www.jamendo.com/track/1/x,x.mp3,Ann,X,Reggae,CC BY,Spanish"
    contents["jamendolyrics/JamendoLyrics.csv"] = f"{columns_of_jamendo}\n{row}\n".encode()
    contents["jamendolyrics/mp3/x.ogg"] = sound(2)
    contents["jamendolyrics/lyrics/x.txt"] = b"soy un\nfantasma"
    contents["jamendolyrics/lyrics/x.words.txt"] = b"soy\nun\nfantasma\n"
    times = "word_start,word_end,line_end\n0.5,0.75,nan\n0.75,1.0,1.0\n1.5,1.75,1.75\n"
    contents["jamendolyrics/annotations/words/x.csv"] = times.encode()

    rows = [columns]
    for path, content in contents.items():
        server.files[f"raw.githubusercontent.com/owner/songs/{COMMIT}/{path}"] = content
        kind = "sound" if path.endswith(".ogg") else "text"
        digest = hashlib.sha256(content).hexdigest()
        rows.append([path, "owner/songs", COMMIT, path, digest, "CC BY", path, kind])
    with table.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)


def published_tables(server: Hubs, folder: str) -> dict[str, str]:
    """Both files of one of the authors' tables, with made-up figures; their sha256."""
    digests = {}
    for kind in ("weights", "counts"):
        content = pickle.dumps({label: {f"word{label}": 1.5, "vocals1": 2.0} for label in range(9)})
        name = f"made_up_feature_{kind}.pkl"
        server.files[unquote(urlparse(folder).netloc + urlparse(folder).path) + f"/{name}"] = content
        digests[kind] = hashlib.sha256(content).hexdigest()
    return digests


def merge_archive(write_merge, place: Path) -> bytes:
    """MERGE's zip, of the four songs that `write_merge` lays out."""
    write_merge(place, sound(9))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(place.rglob("*")):
            packed.write(path, path.relative_to(place))
    return file.getvalue()
