"""`musicae data build tunes` and `grooves`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musicae.cli.commands.preprocess import deliver_dataset
from musicae.cli.console import Console, examples
from musicae.cli.options import ForceFolder, Json, Quiet, folder_option

TunesFolder = Annotated[
    Path | None,
    folder_option("Where the data set goes. Without it: data/tunes, or data/tunes-triple for those in 3/4."),
]
TunesMeter = Annotated[
    str, typer.Option("--meter", metavar="4/4|3/4", help="Reels, hornpipes and marches; or jigs (6/8) and waltzes.")
]
GroovesFolder = Annotated[Path, folder_option("Where the MIDI files go. Without it: data/grooves.")]
GrooveLimit = Annotated[
    int | None, typer.Option("-n", min=1, metavar="N", show_default=False, help="Number of grooves. Without it: all.")
]

_EXAMPLES = examples("musicae data build tunes", "musicae data build grooves -n 100 -o grooves/")

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Build example data sets.", epilog=_EXAMPLES)
build = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Build data from packages, offline; they come with pip install 'musicae[corpus]'.",
    epilog=_EXAMPLES,
)
app.add_typer(build, name="build")


@build.command(
    "tunes", epilog=examples("musicae data build tunes", "musicae data build tunes --meter 3/4 -o data/jigs")
)
def tunes(
    output: TunesFolder = None,
    meter: TunesMeter = "4/4",
    force: ForceFolder = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build the data set of public-domain tunes, from music21's corpus."""
    console = Console(quiet, json)
    from musicae.corpus.builtin import TUNES, build_tunes

    folder = output or Path("data") / (TUNES[meter].stem if meter in TUNES else "")
    deliver_dataset(build_tunes(folder, meter=meter, force=force, progress=console.progress), folder, console)


@build.command(
    "grooves", epilog=examples("musicae data build grooves", "musicae data build grooves -n 100 -o grooves/")
)
def grooves(
    output: GroovesFolder = Path("data/grooves"),
    n: GrooveLimit = None,
    force: ForceFolder = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build a folder of MIDI files with drums, bass and chords, rendered by mma, for musicae preprocess."""
    console = Console(quiet, json)
    from musicae.corpus.builtin import build_grooves

    files = build_grooves(output, grooves=n, force=force, progress=console.progress)
    console.note(f"{len(files)} grooves; next: musicae preprocess {output} --representation drums")
    console.data([output], {"folder": str(output), "files": [str(path) for path in files]})
