"""What trainings of an experiment came to: a record each, as `result.json` in the folder of the training.

So results of several machines can be put beside each other, and nothing that has ended is done again.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from musicae.checked_json import read_json, typed
from musicae.errors import MusicaeError
from musicae.storage.atomic import write_atomically

RESULT = "result.json"

Result = TypeVar("Result")
"""A dataclass."""


def write_result(folder: Path, result: Any) -> None:
    """Writes down what a training came to."""
    write_atomically(folder / RESULT, (json.dumps(asdict(result), indent=2) + "\n").encode())


def read_result(folder: Path, kind: type[Result]) -> Result | None:
    """What the training in a folder came to; None where it has not ended.

    Raises:
        MusicaeError: what was written is damaged.
    """
    path = folder / RESULT
    if not path.exists():
        return None
    try:
        found: Result = typed(read_json(path), kind, "the result")
    except (OSError, ValueError) as error:
        raise MusicaeError(f"{path} cannot be read: {error}", "take it away: it is made again then") from None
    return found


def all_results(folder: Path, kind: type[Result]) -> list[Result]:
    """What the trainings in the folders of a folder came to, of those that have ended.

    Raises:
        MusicaeError: as `read_result`.
    """
    found = (read_result(path.parent, kind) for path in sorted(folder.glob(f"*/{RESULT}")))
    return [one for one in found if one is not None]
