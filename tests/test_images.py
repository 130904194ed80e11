"""Gray images: PNG files that hold every pixel, and grids with an image a cell."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
import pytest

from musicae.render.images import interpolation_grid, png

SVG = "{http://www.w3.org/2000/svg}"


def pixels_of(data: bytes) -> np.ndarray:
    """A decoder for files of one gray channel without filters, which checks lengths and sums."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + body),)
        chunks[kind], at = body, at + 12 + length
    assert [*chunks] == [b"IHDR", b"IDAT", b"IEND"] and not chunks[b"IEND"]
    width, height, *form = struct.unpack(">2I5B", chunks[b"IHDR"])
    assert form == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (32, 32)])
def test_a_png_holds_every_pixel(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert np.array_equal(pixels_of(png(pixels)), pixels)


def test_grids_have_a_row_a_label_and_a_column_a_step() -> None:
    images = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4, 4))
    root = ElementTree.fromstring(interpolation_grid(images, ["acai & co", "vae"]))
    cells = root.findall(f".//{SVG}image")
    columns, rows = zip(*((float(cell.attrib["x"]), float(cell.attrib["y"])) for cell in cells), strict=True)
    assert len(cells) == 6 and columns[:3] == columns[3:] == (*sorted(set(columns)),)
    assert len(set(rows[:3])) == len(set(rows[3:])) == 1 and rows[0] < rows[3]
    assert [element.text for element in root.findall(f".//{SVG}text")] == ["step", "0", "1", "2", "acai & co", "vae"]
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    assert max(columns) + float(cells[0].attrib["width"]) <= width
    assert max(rows) + float(cells[0].attrib["height"]) <= height


def test_cells_go_from_black_to_white_and_no_further() -> None:
    image = np.array([[-1.0, 0.0, 1.0], [-7.0, -0.5, 7.0]], np.float32)
    (cell,) = ElementTree.fromstring(interpolation_grid(image[None, None], ["a"])).findall(f".//{SVG}image")
    data = b64decode(cell.attrib["href"].removeprefix("data:image/png;base64,"))
    assert pixels_of(data).tolist() == [[0, 128, 255], [0, 64, 255]]


def test_every_row_needs_its_label() -> None:
    with pytest.raises(ValueError, match="argument"):
        interpolation_grid(np.zeros((2, 1, 4, 4)), ["one"])
