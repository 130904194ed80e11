"""Labels: a class for every window, from the folder that its file lies in or from an attribute of its music."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int16, Integer

from musicae.errors import MusicaeError, unknown_name
from musicae.music.attributes import ATTRIBUTES, varying
from musicae.music.key import mode
from musicae.music.representations.base import Representation
from musicae.music.score import Score

FOLDER = "folder"
"""The label that is the first folder, below the one that was named, in which a file lies."""

UNKNOWN = -1
"""The class of a window that has none: its file lies in no folder, or what is measured of it is not finite."""

CLASSES = {"mode": ("major", "minor")}
"""The names of the classes of what is measured as the number of a class."""

MEASURES: dict[str, Callable[[Score], float]] = {**ATTRIBUTES, "mode": mode}
"""What may be measured of windows to label them."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The class of every window.

    Attributes:
        by: `FOLDER`, or the name of a measure.
        classes: the names of the classes, in their order.
        of_window: indices into `classes`, or `UNKNOWN`.
        threshold: of an attribute, the least value of the class "high".
        without_windows: folders that hold MIDI files, and are no class.
    """

    by: str
    classes: tuple[str, ...]
    of_window: Int16[np.ndarray, " window"]
    threshold: float | None = None
    without_windows: tuple[str, ...] = ()

    def to_json(self, training: Bool[np.ndarray, " window"]) -> dict[str, Any]:
        """What the manifest says of the labels, with how many training windows have each, and how many none."""
        counts = [int((self.of_window[training] == number).sum()) for number in range(len(self.classes))]
        words: dict[str, Any] = {
            "by": self.by,
            "classes": list(self.classes),
            "training windows": dict(zip(self.classes, counts, strict=True)),
            "training windows without a class": int(training.sum()) - sum(counts),
        }
        if self.without_windows:
            words["folders without windows"] = list(self.without_windows)
        return words if self.threshold is None else words | {"threshold": self.threshold}


MOST_CLASSES = 2**15 - 1
"""Numbers of classes are kept in 16 bits."""


def check_label(by: str, representation: Representation) -> None:
    """Make sure that windows of a representation can be labeled so.

    Raises:
        MusicaeError: it is neither `FOLDER` nor something that is measured and can vary.
    """
    possible = (FOLDER, *varying(representation.name), *(CLASSES if representation.pitched_parts else ()))
    if by in MEASURES and by not in possible:
        message = f"{by} is the same in all music that is read as {representation.name}"
        raise MusicaeError(message, f"choose one of: {', '.join(possible)}")
    if by not in possible:
        raise unknown_name("label", by, possible)


def folder_labels(
    folders: Sequence[str],
    window_file: Integer[np.ndarray, " window"],
    keep: Bool[np.ndarray, " window"],
    found: Iterable[str] = (),
) -> Labels:
    """Classes by folder, those of which a window is kept, sorted by name.

    Args:
        folders: of every file; empty for a file that lies in none.
        found: all folders that hold MIDI files, also those of files that are not read.
    """
    kept = {folders[file] for file in np.unique(window_file[keep])} - {""}
    classes = tuple(sorted(kept))
    if len(classes) > MOST_CLASSES:
        message = f"{len(classes)} folders are too many classes: {MOST_CLASSES} at most"
        raise MusicaeError(message, "let the folders right below the one that is read be the classes")
    numbers = {name: number for number, name in enumerate(classes)}
    of_file = np.array([numbers.get(folder, UNKNOWN) for folder in folders], dtype=np.int16)
    return Labels(FOLDER, classes, of_file[window_file], without_windows=tuple(sorted({*found} - kept)))


def attribute_labels(by: str, values: Float[np.ndarray, " window"], training: Bool[np.ndarray, " window"]) -> Labels:
    """The classes of `CLASSES`, or else "low" and "high", split at the median of the training windows.

    Where many windows have the median itself, they are all low or all high, whichever divides the windows more evenly.

    Raises:
        MusicaeError: the attribute is the same in all training windows.
    """
    finite = np.isfinite(values)
    known = values[training & finite]
    if not len(known) or np.ptp(known) == 0:
        message, hint = f"{by} is the same in all training windows", "choose another attribute, or more music"
        raise MusicaeError(message, hint, kind="unvaried-label", label=by)
    if by in CLASSES:
        return Labels(by, CLASSES[by], np.where(finite, values, UNKNOWN).astype(np.int16))
    median = np.median(known)
    edges = [known[known >= median].min(), known[known > median].min(initial=np.inf)]
    threshold = min(edges, key=lambda edge: abs((known >= edge).mean() - 0.5))
    of_window = np.where(finite, values >= threshold, UNKNOWN).astype(np.int16)
    return Labels(by, ("low", "high"), of_window, float(threshold))
