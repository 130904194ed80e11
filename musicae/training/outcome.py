"""What a training came to, as it is kept in the folder of its model; nothing here knows torch.

So that a training which has ended is told from one that goes on before anything is loaded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from musicae.checked_json import parse_json, read_json, typed
from musicae.config import Config
from musicae.errors import MusicaeError
from musicae.storage.atomic import write_atomically
from musicae.storage.tensor_files import read_head

CARD = "README.md"
"""The name of the model card, which a training writes last of all."""


@dataclass(frozen=True)
class TrainingOutcome:
    """A training that has ended.

    Attributes:
        updates: that were done.
        test: metrics of the best weights on the test split.
    """

    updates: int
    test: Mapping[str, float]

    def save(self, folder: Path) -> None:
        """Writes it into the model folder."""
        write_atomically(_outcome_path(folder), (json.dumps(asdict(self), indent=2) + "\n").encode())


def outcome_of(folder: Path, *, updates: int | None = None, minutes: float | None = None) -> TrainingOutcome | None:
    """What the training in a folder came to; None if it has not ended, or is too damaged to say.

    Args:
        updates, minutes: where it shall end, if that is no longer what it was begun with.
    """
    try:
        found: TrainingOutcome = typed(read_json(_outcome_path(folder)), TrainingOutcome, "the outcome")
        state = typed(parse_json(read_head(state_path(folder)).notes["state"]), dict[str, Any], "the state")
        done, seconds = typed(state["update"], int, "update"), typed(state["seconds"], float, "seconds")
        run = typed(read_json(run_path(folder)), dict[str, Any], "the run")
        planned = Config.from_json(run["config"]).training.updates
        limit = typed(run["minutes"], float, "minutes")
    except (OSError, ValueError, KeyError, MusicaeError):
        return None
    if updates is not None or minutes is not None:
        planned, limit = updates or planned, minutes or 0.0
    ended = done >= planned or seconds >= (limit * 60 or math.inf)
    whole = (folder / CARD).exists()
    return found if ended and whole and found.updates == done else None


def run_path(folder: Path) -> Path:
    """Where it is written what the training in a folder was begun with."""
    return folder / "training" / "run.json"


def state_path(folder: Path) -> Path:
    """Where the state of the training in a folder lies."""
    return folder / "training" / "state.safetensors"


def _outcome_path(folder: Path) -> Path:
    return folder / "training" / "outcome.json"
