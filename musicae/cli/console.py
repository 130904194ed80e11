"""The two streams of a command: data goes to stdout, everything said to stderr."""

from __future__ import annotations

import json as json_text
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from unicodedata import category

from musicae.checked_json import finite
from musicae.errors import LONGEST_NAME, MusicaeError, shortened

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.console import RenderableType

    from musicae.report.table import Table

WIDTH_OF_FILES = 10_000
"""Columns of what is no terminal."""

LONGEST_MESSAGE = 4_000
"""Characters, of names between which there are blanks, too."""


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
            print(as_message(text), file=sys.stderr)

    def warn(self, text: str) -> None:
        """Say something that matters, also when quiet."""
        print(as_message(f"warning: {text}"), file=sys.stderr)

    def show(self, picture: RenderableType) -> None:
        """Draw something that rich can render, if someone watches."""
        if self.on_terminal:
            stderr().print(picture)

    def tables(self, tables: Iterable[Table]) -> None:
        """Say tables; where one is wider than a terminal, its figures go on in another one below."""
        if self.quiet:
            return
        from rich import box
        from rich.table import Table as Drawn

        for table in tables:
            header, rows = list(map(as_message, table.columns)), [list(map(as_message, row)) for row in table.text()]
            for figures in _abreast(header, rows, table.labels, self.width):
                columns = [*range(table.labels), *figures]
                drawn = Drawn(title=as_message(table.title), title_justify="left", box=box.SIMPLE_HEAD)
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
            task = bar.add_task(as_message(what), total=total)
            yield lambda done: bar.advance(task, done)

    @contextmanager
    def resumable(self) -> Iterator[None]:
        """Say, when what is done inside is interrupted, that it need not begin again."""
        try:
            yield
        except KeyboardInterrupt:
            self.note("stopped; the same command goes on where it was")
            raise

    def data(self, lines: Iterable[object], record: Mapping[str, Any]) -> None:
        """Print a command's result to stdout: `record` with `--json`, else the lines.

        A number that is not finite is null.

        A program that reads them gets paths as they are, a terminal as it may show them; other lines are for people.
        """
        for found in [json_text.dumps(finite(record), allow_nan=False)] if self.json else lines:
            exact = isinstance(found, PurePath) and not sys.stdout.isatty()
            print(found if exact else line(str(found)))


def line(text: str) -> str:
    """The text as a terminal may show it, in one line: names from files neither move its cursor nor color it."""
    unseen = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(_escaped(c) if category(c) in unseen else c for c in text)


def as_message(text: str) -> str:
    """The text as a message shows it: in one line, in which no name is long, be it that of a file or of a track."""
    names_cut = re.sub(rf"[^\s/]{{{LONGEST_NAME + 1},}}", lambda name: shortened(name[0]), line(text))
    return shortened(names_cut, LONGEST_MESSAGE)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number after those that came before."""
    found: list[str] = []
    for name in names:
        found.append(next(one for one in chain([name], (f"{name} ({i})" for i in count(2))) if one not in found))
    return found


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
    """Rich's console on stderr: no colors when it is not a terminal or `NO_COLOR` is set, and no lines are broken
    where it goes to a file."""
    from rich.console import Console as RichConsole

    width = None if sys.stderr.isatty() or "COLUMNS" in os.environ else WIDTH_OF_FILES
    return RichConsole(stderr=True, highlight=False, markup=False, width=width)


def report(error: MusicaeError) -> None:
    """Print an expected failure as an `error:` and a `hint:` line, after its traceback if `MUSICAE_DEBUG` is set."""
    from rich.text import Text

    from musicae.cli.hints import hint

    if os.environ.get("MUSICAE_DEBUG", "0") not in ("", "0"):
        print(*map(line, "".join(traceback.format_exception(error)).splitlines()), sep="\n", file=sys.stderr)
    for label, style, text in (("error:", "bold red", error.message), ("hint:", "bold cyan", hint(error))):
        stderr().print(Text.assemble((label, style), " ", as_message(text)), soft_wrap=True)
