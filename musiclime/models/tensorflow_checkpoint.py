"""Read the tensors of a TensorFlow checkpoint without TensorFlow.

A checkpoint is two files. `.index` is a sorted table: blocks of (name, entry) pairs, and at the end an index
of these blocks. Each entry, a small protocol buffer, says where in `.data-00000-of-00001` a tensor lies.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = 0xDB4775248B80FB57
FLOAT32 = 1  # TensorFlow's number for the type


def read_tensors(folder: str | Path) -> dict[str, np.ndarray]:
    """All float32 tensors of a checkpoint by name.

    Args:
        folder: where `.index` and `.data-00000-of-00001` lie.

    Returns:
        Arrays by the names that TensorFlow gave them.
    """
    folder = Path(folder)
    table = (folder / ".index").read_bytes()
    data = (folder / ".data-00000-of-00001").read_bytes()
    if len(table) < 48 or int.from_bytes(table[-8:], "little") != MAGIC:
        raise ValueError(f"{folder} holds no TensorFlow checkpoint: install its package again")

    tensors = {}
    for name, value in _entries(table):
        fields = _fields(value)
        if not name or fields.get(1) != FLOAT32:  # the entry without a name describes the table itself
            continue
        start = fields.get(4, 0)
        raw = data[start : start + fields.get(5, 0)]
        tensors[name.decode()] = np.frombuffer(raw, "<f4").reshape(_shape(fields.get(2, b"")))
    return tensors


def _entries(table: bytes) -> Iterator[Any]:
    """Name and value of every entry, block by block."""
    footer = table[-48:]
    _, position = _varint(footer, 0)  # the place of a block that TensorFlow leaves empty
    _, position = _varint(footer, position)
    index_start, position = _varint(footer, position)
    index_size, _ = _varint(footer, position)
    for _, place in _block(table, index_start, index_size):
        start, position = _varint(place, 0)
        size, _ = _varint(place, position)
        yield from _block(table, start, size)


def _block(table: bytes, start: int, size: int) -> Iterator[Any]:
    """The entries of one block; a name repeats only what differs from the name before it."""
    if table[start + size] != 0:
        raise ValueError("the checkpoint is compressed, which this reader does not know")
    block = table[start : start + size]
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    position, name = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        name = name[:shared] + block[position : position + own]
        position += own
        yield name, block[position : position + length]
        position += length


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    """A number in as many bytes as it needs, and where the next one begins."""
    number, shift = 0, 0
    while True:
        byte = raw[position]
        number |= (byte & 127) << shift
        position += 1
        shift += 7
        if byte < 128:
            return number, position


def _fields(message: bytes) -> dict:
    """The fields of a protocol buffer by number; of repeated ones the last."""
    return dict(_all_fields(message))


def _all_fields(message: bytes) -> Iterator[Any]:
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == 0:
            value, position = _varint(message, position)
        elif kind == 2:
            length, position = _varint(message, position)
            value = message[position : position + length]
            position += length
        else:
            width = {1: 8, 5: 4}[kind]
            value = message[position : position + width]
            position += width
        yield number, value


def _shape(message: bytes) -> tuple[int, ...]:
    return tuple(_fields(dimension).get(1, 0) for number, dimension in _all_fields(message) if number == 2)
