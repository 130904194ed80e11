"""A page of samples to listen to and to look at: MIDI files and piano rolls, model by model."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.render.sheet import Panel, clip_sheet
from musicae.storage.atomic import write_atomically
from musicae.verbs.sample import sample

PAGE_NAME = "README.md"
TITLE = "# Listen"
"""What a page begins with; other files of that name do not."""

_NUMBERED = re.compile(r"\d{2,}\.(mid|svg)")
A_PICTURE = 4
"""Clips that one picture shows."""


def write_listening_page(
    models: Sequence[Model],
    folder: Path,
    *,
    n: int = 20,
    seed: int = 0,
    made_by: str = "",
    done: Callable[[int], None] = lambda _: None,
) -> Path:
    """Writes `n` samples of each model, none of them chosen, and returns the page.

    Args:
        made_by: in words, how everybody makes the same clips.
        done: called with 1 for every clip.

    Raises:
        MusicaeError: there are files that are not of a page.
    """
    check_listening_page([model.name for model in models], folder)
    if not (folder / PAGE_NAME).exists():  # what is written now, and perhaps not to its end, is of a page
        write_atomically(folder / PAGE_NAME, f"{TITLE}\n".encode())
    lines = [TITLE, "", f"{n} samples of every model, none of them chosen{made_by and f': {made_by}'}.", ""]
    for model in models:
        lines += [f"## {model.name}", ""]
        clips = sample(model, n, seed=seed)
        for first in range(0, n, A_PICTURE):
            some = list(clips[first : first + A_PICTURE])
            picture = f"{model.name}/{first + 1:02d}.svg"
            panels = [Panel(clip.score, str(first + place)) for place, clip in enumerate(some, start=1)]
            write_atomically(folder / picture, clip_sheet(panels).encode())
            links = []
            for place, clip in enumerate(some, start=first + 1):
                write_atomically(folder / model.name / f"{place:02d}.mid", clip.midi())
                links.append(f"[{place}]({model.name}/{place:02d}.mid)")
                done(1)
            lines += [f"![piano rolls]({picture})", "", f"MIDI: {', '.join(links)}", ""]
        for path in (folder / model.name).glob("*"):
            if _NUMBERED.fullmatch(path.name) and int(path.stem) > n:
                path.unlink()  # of an earlier page with more of them
    write_atomically(folder / PAGE_NAME, ("\n".join(lines).rstrip() + "\n").encode())
    return folder / PAGE_NAME


def check_listening_page(models: Sequence[str], folder: Path) -> None:
    """Make sure that a page takes the place of nothing but an earlier page.

    Args:
        models: their names.

    Raises:
        MusicaeError: there are other files that are called as its own.
    """
    page = folder / PAGE_NAME
    if page.is_file() and page.read_bytes().startswith(f"{TITLE}\n".encode()):
        return
    clips = [path for model in models for path in (folder / model).glob("*") if _NUMBERED.fullmatch(path.name)]
    for path in [*([page] if page.exists() else []), *clips]:
        message = f"{path} is not of a page of samples"
        raise MusicaeError(message, "choose another folder", kind="foreign-folder", path=folder)
