"""A trained model made ready to be shipped."""

from __future__ import annotations

from pathlib import Path

import torch

from musicae.errors import MusicaeError
from musicae.model import load, save
from musicae.storage.atomic import write_atomically


def pack(name: str | Path, folder: str | Path) -> None:
    """Copies a model without the state of its training, with weights in float16: half the bytes, the same music.

    Raises:
        MusicaeError: there is no such model, or the folder holds one already, or other files.
    """
    folder = Path(folder)
    if (folder / "config.json").exists():
        raise MusicaeError(f"{folder} holds a model already", "choose another folder, or remove that one")
    if folder.is_dir() and any(folder.iterdir()):
        raise MusicaeError(f"{folder} holds other files", "choose another folder", kind="foreign-folder", path=folder)
    model = load(name, "cpu")
    card = (model.folder or Path()) / "README.md"
    save(model, folder, torch.float16)
    if card.is_file():
        write_atomically(folder / "README.md", card.read_bytes())
