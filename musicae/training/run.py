"""What a training was begun with, as it is kept in the folder of its model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from musicae.checked_json import read_json, typed
from musicae.config import Config
from musicae.errors import MusicaeError
from musicae.networks.device import PRECISIONS
from musicae.storage.atomic import write_atomically
from musicae.training.arithmetic import Arithmetic
from musicae.training.outcome import run_path

MOST_THREADS = 1024


@dataclass(frozen=True)
class Run:
    """What a training was begun with; kept in its folder, so that it can be resumed.

    Attributes:
        data: the folder of the data set.
        source: the hash of what the data set was made from.
        minutes: how long it may train, over all its parts; 0 for as long as its updates take.
        initial: the model whose weights it begins with, or "".
        seen_before: how many windows that model was trained on.
        command: the command line, for the model card.
        arithmetic: precision and threads; what it leaves open is chosen by measurement when the training begins.
    """

    config: Config
    data: str
    source: str = ""
    seed: int = 0
    minutes: float = 0.0
    initial: str = ""
    seen_before: int = 0
    command: str = ""
    arithmetic: Arithmetic = field(default_factory=Arithmetic)

    def save(self, folder: Path) -> None:
        """Writes the run into the model folder."""
        data = {**vars(self), "config": self.config.to_json(), "arithmetic": asdict(self.arithmetic)}
        write_atomically(run_path(folder), (json.dumps(data, indent=2) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Run:
        """The run of a model folder.

        Raises:
            MusicaeError: no training was begun there.
        """
        try:
            data = typed(read_json(run_path(folder)), dict[str, Any], "the run")
            config = Config.from_json(data.pop("config"))
            run: Run = typed({**data, "config": config}, cls, "the run")
            if run.arithmetic.precision not in ("auto", *PRECISIONS) or not 0 <= run.arithmetic.threads <= MOST_THREADS:
                raise ValueError(f"it was computed in {run.arithmetic}")
            if not (run.minutes >= 0 and run.seed >= 0 and run.seen_before >= 0):
                raise ValueError("its minutes, seed or windows are below zero")
            return run
        except FileNotFoundError:
            raise _none_in(folder, "") from None
        except (OSError, ValueError, KeyError, MusicaeError) as error:
            raise _none_in(folder, f" ({type(error).__name__}: {error})") from None


def _none_in(folder: Path, why: str) -> MusicaeError:
    where = folder if folder.exists() else f"{folder}, which does not exist"
    message, hint = f"there is no training to resume in {where}{why}", "begin one, or go on from a model's weights"
    return MusicaeError(message, hint, kind="not-a-training", path=folder)
