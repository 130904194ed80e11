"""Files that somebody damaged, or wrote to do harm: variants of good ones, each of which says what is wrong with it."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

Variants = Iterator[tuple[str, bytes]]

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**9,
    10**30,
    1e308,
    float("nan"),
    "x",
    "../../../escape",
    "\x1b[31m\x00",
    [],
    [[1, 2], "a"],
    {},
    {"name": 1},
)
"""What is put in the place of a value."""

TEXTS: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"1e999",
    "an endless number": b"9" * 5_000,
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 60_000 + b"1" + b"}" * 60_000,
    "no text": bytes(range(128, 256)),
    "zeros": b"\0" * 4096,
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half": b'{"format": 1, "represent',
}
"""What is put in the place of a whole file of JSON."""


def texts(good: bytes) -> Variants:
    """What is no such file at all, and the good one cut off."""
    yield from TEXTS.items()
    yield "cut off", good[: len(good) // 2]


def changed(good: Any, depth: int = 3) -> Iterator[tuple[str, Any]]:
    """Data with one value changed or left away, at every place down to a depth."""
    places = good.items() if isinstance(good, dict) else enumerate(good) if isinstance(good, list) else ()
    for place, value in list(places)[:24]:
        for other in VALUES:
            yield f"{place}={other!r:.20}", _with(good, place, other)
        if isinstance(good, dict):
            yield f"no {place}", {key: item for key, item in good.items() if key != place}
        if depth > 1:
            for what, inner in changed(value, depth - 1):
                yield f"{place}.{what}", _with(good, place, inner)
    if isinstance(good, dict):
        yield "one more", {**good, "another": 1}


def _with(good: Any, place: Any, value: Any) -> Any:
    if isinstance(good, dict):
        return {**good, place: value}
    return [value if number == place else item for number, item in enumerate(good)]


def documents(good: bytes, depth: int = 3) -> Variants:
    """All variants of a file of JSON."""
    yield from texts(good)
    for what, data in changed(json.loads(good), depth):
        yield what, json.dumps(data).encode()


def entries(good: bytes, names: tuple[str, ...], depth: int = 3) -> Variants:
    """Variants of a file of JSON in which some of its entries alone are changed."""
    whole = json.loads(good)
    for what, part in changed({name: whole[name] for name in names}, depth):
        others = {name: value for name, value in whole.items() if name not in names}
        yield what, json.dumps({**others, **part}).encode()


def tensor_files(good: bytes) -> Variants:
    """Variants of a safetensors file."""
    length = int.from_bytes(good[:8], "little")
    head, body = good[8 : 8 + length], good[8 + length :]
    yield "nothing", b""
    yield "an empty head", bytes(8)
    yield "a head of 2^60 bytes", struct.pack("<Q", 2**60) + head
    yield "no body", good[: 8 + length]
    yield "half a body", good[: -len(body) // 2]
    yield "more body", good + bytes(1000)
    yield "not finite", good[: 8 + length] + b"\xff" * len(body)
    yield "random", good[: 8 + length] + np.random.default_rng(0).bytes(len(body))
    for what, text in documents(head, depth=1):
        yield f"head: {what}", with_head(text, body)
    first = next(name for name in json.loads(head) if name != "__metadata__")
    for what, entry in changed(json.loads(head)[first], depth=2):
        yield f"{first}: {what}", with_head(json.dumps({**json.loads(head), first: entry}).encode(), body)


def with_head(head: bytes, body: bytes) -> bytes:
    """A safetensors file of a head and what follows."""
    return struct.pack("<Q", len(head)) + head + body


def arrays(good: bytes) -> Variants:
    """Variants of a `.npy` file of whole numbers."""
    array = np.load(io.BytesIO(good))
    others = {
        "floats": array.astype(float),
        "objects": np.array([{"a": 1}], dtype=object),
        "texts": array.astype("U8"),
        "big-endian": array.astype(array.dtype.newbyteorder(">")),
        "all too large": np.full_like(array, np.iinfo(array.dtype).max),
        "one too large": np.where(np.arange(array.size).reshape(array.shape) == 7, 250, array).astype(array.dtype),
        "another shape": array.reshape(1, -1),
        "no shape": array.ravel()[0],
        "shorter": array[: len(array) // 3],
        "none": array[:0],
        "records": np.zeros(4, dtype=[("a", "i4"), ("b", "f4")]),
        "signed": array.astype(np.int64) - 10**6,
    }
    for what, other in others.items():
        file = io.BytesIO()
        np.save(file, other, allow_pickle=True)
        yield what, file.getvalue()
    yield "nothing", b""
    yield "no numpy", b"PK\x03\x04" + good[4:]
    yield "cut off", good[:-5]
    yield "half a head", good[:20]
    for what, head in {
        "a huge shape": b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 1), }",
        "an overflowing shape": b"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
        "a negative shape": b"{'descr': '|u1', 'fortran_order': False, 'shape': (-5, 1), }",
        "deep": b"(" * 5_000 + b")" * 5_000,
        "code": b"__import__('os').system('touch escaped')",
    }.items():
        yield what, b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + good[-200:]
