"""Gray images: as PNG, and many of them side by side as SVG."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from musicae.render.svg import LINE, document, tag, text

_CELL, _GAP = 40, 3
"""Pixels of the picture that an image and the gap beside it take."""


def interpolation_grid(images: Float[np.ndarray, "row column height width"], labels: Sequence[str]) -> str:
    """Paths of images below one another, a row each, with their labels to the left and the steps' numbers above.

    Args:
        images: from -1 (black) to 1 (white); what lies outside is clipped.
        labels: one a row.
    """
    left, top = 7.0 * max(map(len, labels)) + 10, LINE + 6.0
    pixels = np.rint((np.clip(images, -1, 1) + 1) * 127.5).astype(np.uint8)
    pitch = _CELL + _GAP
    body = [text("step", left - 8, LINE, anchor="end")]
    body += [text(str(i), left + pitch * i + _CELL / 2, LINE, anchor="middle") for i in range(images.shape[1])]
    for j, (label, row) in enumerate(zip(labels, pixels, strict=True)):
        y = top + pitch * j
        body.append(text(label, left - 8, y + _CELL / 2 + 4, anchor="end"))
        body += [_image(cell, left + pitch * i, y) for i, cell in enumerate(row)]
    return document(left + pitch * images.shape[1], top + pitch * len(labels), body)


def _image(pixels: UInt8[np.ndarray, "height width"], x: float, y: float) -> str:
    link = "data:image/png;base64," + b64encode(png(pixels)).decode()
    place = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{_CELL}", "height": f"{_CELL}"}
    return tag("image", href=link, **place, style="image-rendering: pixelated")


def png(pixels: UInt8[np.ndarray, "height width"]) -> bytes:
    """A gray image, 0 (black) to 255 (white), as a PNG file (W3C's Portable Network Graphics, third edition)."""
    height, width = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], 1)  # before each row, the number of its filter
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)  # 8 bits, gray
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
