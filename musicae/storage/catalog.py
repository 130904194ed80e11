"""Which models and data sets are installed: names to folders, without loading one."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musicae.checked_json import read_bytes, read_json, typed
from musicae.errors import MusicaeError, unknown_name
from musicae.storage.tensor_files import read_head


def installed() -> dict[str, Path]:
    """The installed models by name: in `$MUSICAE_MODELS`, in `models/`, and in the package."""
    return _folders_with(("config.json", "model.safetensors"), model_places())


def bundled(folder: Path) -> bool:
    """Whether a model comes with the package."""
    return folder.parent in _package_places("models")


def model_places() -> list[Path]:
    """The folders in which models are looked for; of two models of one name, the first is taken."""
    named = os.environ.get("MUSICAE_MODELS")
    return [*([Path(named)] if named else []), *_places("models")]


def find(name: str | Path) -> Path:
    """The folder of a model: a path, or the name of an installed one.

    Raises:
        MusicaeError: there is none; the nearest name and what exists are named.
    """
    if _holds(Path(name), "config.json"):
        return _named(Path(name))
    known, name = installed(), str(name).rstrip("/")
    if name not in known:
        _refuse_folder(Path(name), "model", "config.json")
        raise unknown_name("model", name, known, kind="no-model")
    return known[name]


def datasets() -> dict[str, Path]:
    """The installed data sets by name: in `data/`, and in the package."""
    return _folders_with(("manifest.json",), _places("data"))


def find_dataset(name: str | Path) -> Path:
    """The folder of a data set: a path, or the name of an installed one.

    Raises:
        MusicaeError: there is none.
    """
    if _holds(Path(name), "manifest.json"):
        return _named(Path(name))
    known, name = datasets(), str(name).rstrip("/")
    if name not in known:
        _refuse_folder(Path(name), "data set", "manifest.json")
        raise unknown_name("data set", name, known, kind="no-dataset")
    return known[name]


MODE_VECTOR = "minor"
"""What the vector from major to minor is called, beside attribute vectors."""


@dataclass(frozen=True)
class Description:
    """What a model folder says of itself."""

    name: str
    folder: str
    representation: str
    bars: int
    meter: str
    """Empty for four quarters."""
    chords: bool
    latent_size: int
    """Numbers in z, with those of a class that stands beside the code."""
    parameters: int
    """Without those of the sampler."""
    attributes: list[str]

    def __str__(self) -> str:
        bars = "1 bar" if self.bars == 1 else f"{self.bars} bars"
        meter = self.meter and f" of {self.meter}"
        music = f"{self.representation}, {bars}{meter}{', chords' if self.chords else ''}"
        vectors = " ".join(self.attributes) or "none"
        return f"{self.name:24} {music:32} z {self.latent_size:<4} {self.parameters / 1e6:6.1f} M  vectors: {vectors}"


def describe(folder: Path) -> Description:
    """Read the head of a model folder's files.

    Raises:
        MusicaeError: they are damaged.
    """
    try:
        config, head = read_json(folder / "config.json"), read_head(folder / "model.safetensors")
        music, latent = (typed(typed(config, dict[str, Any], "it")[part], dict, part) for part in _DESCRIBED)
        vectors = folder / "attributes.safetensors"
        return Description(
            name=folder.name,
            folder=str(folder),
            representation=typed(music["name"], str, "representation"),
            bars=typed(music["bars"], int, "bars"),
            meter=typed(music.get("meter", ""), str, "meter"),
            chords=typed(music.get("chords", False), bool, "chords"),
            latent_size=typed(latent["size"], int, "size") + _classes(head.shapes),
            parameters=_parameters(head.shapes),
            attributes=sorted(read_head(vectors).shapes.keys() - {MODE_VECTOR}) if vectors.exists() else [],
        )
    except (OSError, ValueError, KeyError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise MusicaeError(f"{folder} is not a whole model ({detail})", "copy it again, or train it again") from None


def _classes(shapes: Mapping[str, Sequence[int]]) -> int:
    """How many classes stand beside the code: the outputs of what tells them apart."""
    return sum(math.prod(shape) for name, shape in shapes.items() if name.endswith(_CLASSIFIERS))


def _parameters(shapes: Mapping[str, Sequence[int]]) -> int:
    """How many numbers are learned by gradients."""
    return sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if not (name.startswith("sampler.") or any(part in name for part in _BUFFERS))
    )


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
    """The model card, empty if there is none that can be read."""
    try:
        return read_bytes(folder / "README.md").decode(errors="replace")
    except (OSError, ValueError):
        return ""


def _named(folder: Path) -> Path:
    """The folder as an absolute path that ends in its name: a link keeps its own, "." and ".." do not stay."""
    return folder.absolute() if folder.name not in ("", "..") else folder.resolve()


def _places(kind: str) -> list[Path]:
    """The folder called `kind` of the current folder, of the working copy, and of the package."""
    return [Path(kind).absolute(), *_package_places(kind)]


def _package_places(kind: str) -> list[Path]:
    package = Path(__file__).parents[1]
    return [package.parent / kind, package / "_bundle" / kind]


def _folders_with(files: Sequence[str], places: list[Path]) -> dict[str, Path]:
    """Folders that hold one of some files, or cannot be looked into, by name; the first place is preferred."""
    folders = [path.absolute() for place in places for path in _inside(place) if _may_hold(path, files)]
    by_name = {folder.name: folder for folder in reversed(folders)}
    return dict(sorted(by_name.items()))


def _inside(place: Path) -> list[Path]:
    try:
        return sorted(path for path in place.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _may_hold(folder: Path, files: Sequence[str]) -> bool:
    try:
        names = set(os.listdir(folder))
    except NotADirectoryError:
        return False
    except OSError:  # no permission, or a link that leads nowhere
        return True
    return not names.isdisjoint(files)


def _holds(folder: Path, file: str) -> bool:
    try:
        return (folder / file).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _refuse_folder(folder: Path, what: str, mark: str) -> None:
    if os.path.isdir(folder):
        raise MusicaeError(f"{folder} holds no {what}", f"name a folder with a {mark}, or a {what} that is installed")


_DESCRIBED = ("representation", "latent")
"""The parts of a configuration that a description speaks of."""

_CLASSIFIERS = (".classifier.bias", ".class_logits.bias")
"""How the names of what tells classes apart end."""

_BUFFERS = (".normalization.", ".quantizer.", "prior.frequencies")
"""What is in the names of tensors that are averages over batches."""
