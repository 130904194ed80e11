"""Model folders: `config.json`, `model.safetensors`, `attributes.safetensors`, written and read."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from musicae import config as configuration
from musicae.checked_json import parse_json, typed
from musicae.errors import MusicaeError
from musicae.model.model import Model, identity_of
from musicae.networks.allocation_limit import AllocationLimit
from musicae.storage.atomic import write_atomically, write_together
from musicae.storage.catalog import MODE_VECTOR, find
from musicae.storage.tensor_files import FileHead, read_head

UNSAVED_NUMBERS = 2**22
"""What a network may have besides twice what its file has: critics, tables of features."""


def save(model: Model, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Writes `config.json` and `model.safetensors`; float16 halves the file and costs no audible precision.

    Vectors that the folder holds go, and those of the model, if it has any, take their place.
    """
    files = {
        folder / "model.safetensors": model.weights(dtype, windows_seen=str(model.windows_seen)),
        folder / "config.json": configuration.dumps(model.config).encode(),
    }
    vectors = {folder / "attributes.safetensors": _attributes(model)}
    fitted = model.attributes or model.mode_vector is not None
    files |= vectors if fitted else {}
    write_together(files, overwrite=True, outdated=[] if fitted else [*vectors])
    model.folder, model.name = folder, folder.name


def save_attributes(model: Model) -> Path:
    """Writes the attribute vectors beside the weights; returns the file.

    Raises:
        MusicaeError: the model has no folder yet, or it cannot be written.
    """
    if model.folder is None:
        raise MusicaeError(f"model {model.name} has no folder to keep attribute vectors in", "save the model first")
    path = model.folder / "attributes.safetensors"
    write_atomically(path, _attributes(model))
    return path


def _attributes(model: Model) -> bytes:
    """The attribute and mode vectors as a safetensors file, with the spreads of the attributes in its head.

    They are one note: of several, safetensors would write now this one first, now that one.
    """
    spreads = {name: float(f"{model.spreads[name]:.6g}") for name in sorted(model.spreads)}
    mode = {} if model.mode_vector is None else {MODE_VECTOR: model.mode_vector}
    return save_tensors({**model.attributes, **mode}, {"spreads": json.dumps(spreads)} if spreads else None)


def load(name: str | Path, device: str = "auto", precision: str = "auto") -> Model:
    """The model of that name or folder.

    Args:
        precision: float32, bfloat16, or auto: float32 on a CPU, so that every processor writes the same notes.

    Raises:
        MusicaeError: there is none, or its files are damaged.
    """
    if not isinstance(name, str | Path):
        raise MusicaeError(f"{name!r:.60} is not a model", "give the name of one, its folder, or what was loaded")
    folder = find(name)
    config = configuration.read_config(folder)
    head = _head_of(folder / "model.safetensors")
    # Random numbers are the caller's, not for weights that are replaced; and the file limits what they take.
    with torch.random.fork_rng(devices=[]), AllocationLimit(2 * head.numbers + UNSAVED_NUMBERS):
        model = Model(config, folder.name, device, precision)
    model._identity = identity_of(config)
    try:
        model.load_weights(_read_tensors(folder / "model.safetensors"))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MusicaeError(f"the weights in {folder} do not fit its config.json: {reason}", _DAMAGED) from None
    _read_attributes(model, folder / "attributes.safetensors")
    model.windows_seen = _whole_number(head.notes.get("windows_seen", "0"), folder / "model.safetensors")
    model.folder = folder
    return model


def _read_attributes(model: Model, path: Path) -> None:
    """Gives a model the attribute vectors of a file, if there is one, and what it says of their spreads."""
    if not path.exists():
        return
    head, size = _head_of(path), model.latent_size
    if wrong := [name for name, shape in head.shapes.items() if shape != (size,)]:
        detail = f"{wrong[0]:.60} has shape {head.shapes[wrong[0]]}, codes have {size} numbers"
        raise MusicaeError(f"{path} does not fit the model: {detail}", _DAMAGED)
    vectors = {name: vector.float() for name, vector in _read_tensors(path).items()}
    model.mode_vector = vectors.pop(MODE_VECTOR, None)
    model.attributes = vectors
    model.spreads = _spreads(head.notes.get("spreads", "{}"), path)


def _spreads(text: str, path: Path) -> dict[str, float]:
    """What `_attributes` noted.

    Raises:
        MusicaeError: it is something else.
    """
    try:
        spreads: dict[str, float] = typed(parse_json(text), dict[str, float], "spreads")
    except ValueError as error:
        raise MusicaeError(f"{path} cannot be read: {error}", _DAMAGED) from None
    if not all(0 <= spread < math.inf for spread in spreads.values()):
        raise MusicaeError(f"{path} has an invalid spread", _DAMAGED)
    return spreads


def _whole_number(text: str, path: Path) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise MusicaeError(f"{path} has seen {text[:40]!r} windows, which is not a number", _DAMAGED)
    return int(text)


def _head_of(path: Path) -> FileHead:
    try:
        return read_head(path)
    except (OSError, ValueError) as error:
        raise MusicaeError(f"{path} cannot be read: {error}", _DAMAGED) from None


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors = load_tensors(path.read_bytes())
    except (SafetensorError, OSError, KeyError) as error:
        raise MusicaeError(f"{path} cannot be read: {error}", _DAMAGED) from None
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise MusicaeError(f"{path} has numbers that are not finite in {name:.60}", _DAMAGED)
    return tensors


_DAMAGED = "the file is damaged: copy it again, or train the model again"
