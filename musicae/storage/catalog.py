"""Which models and data sets are installed: names to folders, without loading one."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from musicae.errors import MusicaeError, unknown_name


def installed() -> dict[str, Path]:
    """The installed models by name: in `$MUSICAE_MODELS`, in `models/`, and in the package."""
    return _folders_with("config.json", model_places())


def model_places() -> list[Path]:
    """The folders in which models are looked for; of two models of one name, the first is taken."""
    named = os.environ.get("MUSICAE_MODELS")
    return [*([Path(named)] if named else []), *_places("models")]


def find(name: str | Path) -> Path:
    """The folder of a model: a path, or the name of an installed one.

    Raises:
        MusicaeError: there is none; the nearest name and what exists are named.
    """
    if (Path(name) / "config.json").is_file():
        return _named(Path(name))
    known, name = installed(), str(name).rstrip("/")
    if name not in known:
        _refuse_folder(Path(name), "model", "config.json")
        raise unknown_name("model", name, known, kind="no-model")
    return known[name]


def datasets() -> dict[str, Path]:
    """The installed data sets by name: in `data/`, and in the package."""
    return _folders_with("manifest.json", _places("data"))


def find_dataset(name: str | Path) -> Path:
    """The folder of a data set: a path, or the name of an installed one.

    Raises:
        MusicaeError: there is none.
    """
    if (Path(name) / "manifest.json").is_file():
        return _named(Path(name))
    known, name = datasets(), str(name).rstrip("/")
    if name not in known:
        _refuse_folder(Path(name), "data set", "manifest.json")
        raise unknown_name("data set", name, known, kind="no-dataset")
    return known[name]


@dataclass(frozen=True)
class Description:
    """What a model folder says of itself."""

    name: str
    folder: str
    representation: str
    bars: int
    chords: bool
    latent_size: int
    parameters: int
    attributes: list[str]

    def __str__(self) -> str:
        bars = "1 bar" if self.bars == 1 else f"{self.bars} bars"
        music = f"{self.representation}, {bars}{', chords' if self.chords else ''}"
        vectors = " ".join(self.attributes) or "none"
        return f"{self.name:24} {music:32} z {self.latent_size:<4} {self.parameters / 1e6:6.1f} M  vectors: {vectors}"


def describe(folder: Path) -> Description:
    """Read the head of a model folder's files.

    Raises:
        MusicaeError: they are damaged.
    """
    try:
        config = json.loads((folder / "config.json").read_text())
        shapes = _shapes(folder / "model.safetensors")
        attributes = folder / "attributes.safetensors"
        return Description(
            name=folder.name,
            folder=str(folder),
            representation=config["representation"]["name"],
            bars=config["representation"]["bars"],
            chords=config["representation"].get("chords", False),
            latent_size=config["latent"]["size"],
            parameters=sum(math.prod(shape) for shape in shapes.values()),
            attributes=sorted(_shapes(attributes)) if attributes.exists() else [],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise MusicaeError(f"{folder} is not a whole model ({detail})", "copy it again, or train it again") from None


def described() -> tuple[list[Description], list[MusicaeError]]:
    """The installed models that are whole, and what is wrong with the others."""
    models, broken = [], []
    for folder in installed().values():
        try:
            models.append(describe(folder))
        except MusicaeError as error:
            broken.append(error)
    return models, broken


def card(folder: Path) -> str:
    """The model card, empty if there is none."""
    path = folder / "README.md"
    return path.read_text() if path.exists() else ""


def _named(folder: Path) -> Path:
    """The folder as an absolute path that ends in its name: a link keeps its own, "." and ".." do not stay."""
    return folder.absolute() if folder.name not in ("", "..") else folder.resolve()


def _places(kind: str) -> list[Path]:
    """The folder called `kind` of the current folder, of the working copy, and of the package."""
    package = Path(__file__).parents[1]
    return [Path(kind).absolute(), package.parent / kind, package / "_bundle" / kind]


def _folders_with(file: str, places: list[Path]) -> dict[str, Path]:
    """Folders that hold such a file, by name; those of the first place are preferred."""
    folders = [path.parent.absolute() for place in places for path in place.glob(f"*/{file}")]
    by_name = {folder.name: folder for folder in reversed(folders)}
    return dict(sorted(by_name.items()))


def _refuse_folder(folder: Path, what: str, mark: str) -> None:
    if folder.is_dir():
        raise MusicaeError(f"{folder} holds no {what}", f"name a folder with a {mark}, or a {what} that is installed")


def _shapes(path: Path) -> dict[str, list[int]]:
    """The shape of every tensor of a safetensors file, from its header: eight bytes of length, and JSON."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError(f"{path.name} is cut off")
        header = json.loads(file.read(length))
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
