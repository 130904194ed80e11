"""What commands share: options declared once, and the two streams. Data goes to stdout, everything said to stderr."""

from __future__ import annotations

import json as json_text
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.console import RenderableType

    from musicae.corpus.dataset import Dataset
    from musicae.errors import MusicaeError
    from musicae.model import Model as LoadedModel
    from musicae.report.table import Table

DEFAULT_MODEL = "melody-2bar"
DEFAULT_CHORDS_MODEL = "multitrack-1bar-chords"


def model_names(incomplete: str) -> list[str]:
    """The installed models that start with what was typed: for shell completion."""
    from musicae.storage.catalog import installed

    return [name for name in installed() if name.startswith(incomplete)]


Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="A model folder, or the name of one in $MUSICAE_MODELS, in models/ or in the package.",
        autocompletion=model_names,
    ),
]
Models = Annotated[
    list[str], typer.Argument(metavar="MODEL", help="Installed models or model folders.", autocompletion=model_names)
]
RecipeModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        show_default=False,
        help="Another model than the one that FILE names.",
        autocompletion=model_names,
    ),
]
File = Annotated[str, typer.Argument(help="A MIDI file of any length, or - for stdin.")]
RecipeFile = Annotated[str, typer.Argument(help="The JSON that musicae wrote, or - for stdin.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        show_default=False,
        help="A file, whose suffix may be left away; a folder (one that exists, or a name that ends in /); or - for "
        "stdout. Without it: the current folder. In folders, files take the first free number.",
    ),
]


def folder_option(explanation: str) -> Any:
    """The option -o of a command that makes one folder."""
    return typer.Option("--output", "-o", metavar="FOLDER", show_default=False, parser=_folder, help=explanation)


def _folder(text: str) -> Path:
    if not text:
        raise typer.BadParameter("-o needs the name of a folder")
    return Path(text)


Count = Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many.")]
Temperature = Annotated[
    float,
    typer.Option(
        min=0,
        max=100,
        metavar="T",
        help="How freely notes are drawn: 0 takes the likeliest, 1 draws as the model was trained.",
    ),
]
LARGEST_SEED = 2**63 - 1
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=LARGEST_SEED,
        metavar="N",
        show_default=False,
        help="Same seed, same bytes. Drawn and shown when not given and anything is random.",
    ),
]
Split = Annotated[Literal["train", "validation", "test"], typer.Option(help="Which part of the data is read.")]
AtMost = Annotated[int, typer.Option(min=2, metavar="N", help="How many windows to read at most.")]
WhichSeed = Annotated[
    int, typer.Option(min=0, max=LARGEST_SEED, metavar="N", help="Which windows are read, and all that is drawn.")
]
QPM = Annotated[
    float | None,
    typer.Option(
        "--tempo",
        metavar="QPM",
        min=4,
        max=960,
        show_default=False,
        help="Tempo of what is written, in quarters a minute.",
    ),
]
Bar = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", show_default=False, help="First bar to read, from 1. Without it the best window is chosen."
    ),
]
Track = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", show_default=False, help="Track to read, from 0. Without it the most suitable is chosen."
    ),
]

_EACH = "Given once: of both files; twice: of the first, and of the second."
Bars = Annotated[
    list[int] | None,
    typer.Option("--bar", min=1, metavar="N", show_default=False, help=f"First bar to read, from 1. {_EACH}"),
]
Tracks = Annotated[
    list[int] | None,
    typer.Option("--track", min=0, metavar="N", show_default=False, help=f"Track to read, from 0. {_EACH}"),
]
Where = Literal["auto", "cpu", "cuda", "mps"]
Device = Annotated[Where, typer.Option(help="Where to compute.")]
Number = Literal["auto", "float32", "bfloat16"]
Precision = Annotated[
    Number,
    typer.Option(help="What to compute in; auto is float32 on a CPU, so that every processor writes the same notes."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite the file that -o names; in folders nothing is ever overwritten.")
]
ForceFolder = Annotated[bool, typer.Option("--force", help="Replace what the folder holds.")]


@dataclass(frozen=True)
class Console:
    """Where a command prints.

    Attributes:
        quiet: say nothing on stderr but warnings and errors.
        json: stdout carries one JSON object.
    """

    quiet: bool = False
    json: bool = False

    @property
    def on_terminal(self) -> bool:
        """Whether progress bars and pictures are wanted: someone watches stderr."""
        return not self.quiet and sys.stderr.isatty()

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return stderr().width

    def note(self, text: str) -> None:
        """Say something in passing."""
        if not self.quiet:
            print(text, file=sys.stderr)

    def show(self, picture: RenderableType) -> None:
        """Draw something that rich can render, if someone watches."""
        if self.on_terminal:
            stderr().print(picture)

    def tables(self, tables: Iterable[Table]) -> None:
        """Say tables; where one is wider than the terminal, its figures go on in another one below."""
        if self.quiet:
            return
        from rich import box
        from rich.table import Table as Drawn

        for table in tables:
            header, rows = list(table.columns), table.text()
            for figures in _abreast(header, rows, table.labels, self.width):
                columns = [*range(table.labels), *figures]
                drawn = Drawn(title=table.title, title_justify="left", box=box.SIMPLE_HEAD)
                for column in columns:
                    drawn.add_column(header[column], justify="left" if column < table.labels else "right")
                for row in rows:
                    drawn.add_row(*(row[column] for column in columns))
                stderr().print(drawn)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A progress bar; what it yields is called with how much was done since the last call."""
        if not self.on_terminal:
            yield lambda _: None
            return
        from rich import progress

        class Rate(progress.ProgressColumn):
            def render(self, task: progress.Task) -> str:
                return f"{task.speed:,.0f}/s" if task.speed else ""

        columns = (*progress.Progress.get_default_columns(), progress.MofNCompleteColumn(), Rate())
        with progress.Progress(*columns, console=stderr(), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.advance(task, done)

    def data(self, lines: Iterable[object], record: Mapping[str, Any]) -> None:
        """Print a command's result to stdout: `record` with `--json`, else the lines."""
        with stdout() as out:
            for line in [json_text.dumps(record)] if self.json else lines:
                print(line, file=out)


@contextmanager
def stdout() -> Iterator[TextIO]:
    """Stdout, to write all that a command has for it; a reader that has had enough (`... | head -1`) is no failure.

    Raises:
        MusicaeError: not everything could be written.
    """
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # typer ends quietly
    except OSError as error:
        from musicae.errors import MusicaeError

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the interpreter would try, and complain, once more
        raise MusicaeError(f"cannot write to stdout: {error.strerror}", "make room, or send it elsewhere") from error


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that came before."""
    found: list[str] = []
    for name in names:
        found.append(next(one for one in chain([name], (f"{name} ({i})" for i in count(2))) if one not in found))
    return found


def load_for(dataset: Dataset, names: Sequence[str], device: str, precision: str = "auto") -> list[LoadedModel]:
    """Models that all read what a data set holds, which is made sure before any is put to work.

    Raises:
        MusicaeError: one is not there, or reads other music.
    """
    from musicae.model import load
    from musicae.training.attribute_vectors import check_kind

    models = [load(name, device, precision) for name in names]
    for model in models:
        check_kind(model, dataset)
    return models


def examples(*lines: str) -> str:
    """Command lines as the last paragraph of a help text, which is not to be wrapped."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _abreast(header: Sequence[str], rows: Sequence[Sequence[str]], labels: int, width: int) -> list[list[int]]:
    """The columns of figures, in groups that fit beside the labels; each takes its text and three blanks."""
    widths = [3 + max(map(len, column)) for column in zip(header, *rows, strict=True)]
    room = width - sum(widths[:labels]) - 1
    groups: list[list[int]] = [[]]
    for column in range(labels, len(header)):
        if groups[-1] and sum(widths[i] for i in [*groups[-1], column]) > room:
            groups.append([])
        groups[-1].append(column)
    return groups


def stderr() -> RichConsole:
    """Rich's console on stderr: no colors when it is no terminal or `NO_COLOR` is set."""
    from rich.console import Console as RichConsole

    return RichConsole(stderr=True, highlight=False, markup=False)


def report(error: MusicaeError) -> None:
    """Print an expected failure as an `error:` and a `hint:` line, after its traceback if `MUSICAE_DEBUG` is set."""
    from rich.text import Text

    from musicae.cli.hints import hint

    if os.environ.get("MUSICAE_DEBUG", "0") not in ("", "0"):
        traceback.print_exception(error)
    for label, style, text in (("error:", "bold red", error.message), ("hint:", "bold cyan", hint(error))):
        stderr().print(Text.assemble((label, style), " ", text), soft_wrap=True)
