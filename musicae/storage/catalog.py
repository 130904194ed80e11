"""Where models and data sets stand: names to folders, without loading one."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from musicae.errors import MusicaeError, unknown_name


def installed() -> dict[str, Path]:
    """The models that have a name here: in `$MUSICAE_MODELS`, in `models/`, and in the package."""
    return _standing("config.json", model_shelves())


def model_shelves() -> list[Path]:
    """The folders in which models are looked for; the first that has a name wins."""
    named = os.environ.get("MUSICAE_MODELS")
    return [*([Path(named)] if named else []), *_shelves("models")]


def find(name: str | Path) -> Path:
    """The folder of a model: a path, or the name of an installed one.

    Raises:
        MusicaeError: there is none; the nearest name and what exists are named.
    """
    if (Path(name) / "config.json").is_file():
        return _named(Path(name))
    there, name = installed(), str(name).rstrip("/")
    if str(name) not in there:
        _refuse_folder(Path(name), "model", "config.json")
        raise unknown_name("model", str(name), there, kind="no-model")
    return there[str(name)]


def datasets() -> dict[str, Path]:
    """The data sets that have a name here: in `data/`, and in the package."""
    return _standing("manifest.json", _shelves("data"))


def find_dataset(name: str | Path) -> Path:
    """The folder of a data set: a path, or the name of one that is here.

    Raises:
        MusicaeError: there is none.
    """
    if (Path(name) / "manifest.json").is_file():
        return _named(Path(name))
    there = datasets()
    if str(name) not in there:
        _refuse_folder(Path(name), "data set", "manifest.json")
        raise unknown_name("data set", str(name), there, kind="no-dataset")
    return there[str(name)]


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
        music = f"{self.representation}, {self.bars} bar{'s' * (self.bars > 1)}{', told chords' * self.chords}"
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


def _shelves(kind: str) -> list[Path]:
    """The current folder's, the working copy's, and the package's own."""
    package = Path(__file__).parents[1]
    return [Path(kind).absolute(), package.parent / kind, package / "_bundle" / kind]


def _standing(mark: str, shelves: list[Path]) -> dict[str, Path]:
    """Folders that hold a file called `mark`, by name; the first shelf wins."""
    folders = [path.parent.absolute() for shelf in shelves for path in shelf.glob(f"*/{mark}")]
    there = {folder.name: folder for folder in reversed(folders)}
    return dict(sorted(there.items()))


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
