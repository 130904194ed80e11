"""`musicae preprocess`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from musicae.cli.console import Console
from musicae.cli.hints import ADVICE
from musicae.cli.options import DrumTracks, ForceFolder, Json, Quiet, folder_option

EXAMPLES = (
    "musicae preprocess midi/",
    "musicae preprocess midi/ -o data/waltzes --representation melody --bars 16 --meter 3/4",
)


MidiFolders = Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders with MIDI files, at any depth.")]
DataOutput = Annotated[
    Path | None, folder_option("Without it: data/REPRESENTATION-BARSbar, then METER, chords and LABEL where given.")
]
RepresentationName = Literal["melody", "drums", "trio", "multitrack"]
RepresentationOption = Annotated[RepresentationName, typer.Option(help="What is read of a file.")]
Bars = Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Length of a window in bars.")]
MeterName = Annotated[
    str, typer.Option("--meter", metavar="N/D", help="Read the bars of this meter, and of those as long: 3/4 and 6/8.")
]
Chords = Annotated[bool, typer.Option("--chords", help="Infer the chord of every bar, for multitrack.")]
SplitsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help="A CSV file with columns path,split. Without it songs are split 90/5/5.",
    ),
]
Label = Annotated[
    str,
    typer.Option(
        metavar="folder|mode|ATTRIBUTE",
        show_default=False,
        help="Label every window: with the first folder below FOLDER, with its mode (major or minor), or as low or "
        "high in an attribute like density.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default=False, help="Number of processes. Without it: one per core."),
]
Engine = Annotated[
    Literal["processes", "dask"], typer.Option(help="What reads the files: processes, or workers of dask.")
]
Scheduler = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        show_default=False,
        help="Address of the dask scheduler; its workers must see the same folders.",
    ),
]
StrictFolder = Annotated[
    bool, typer.Option("--strict", help="Stop at the first file that cannot be used, or is damaged.")
]


def command(
    folders: MidiFolders,
    output: DataOutput = None,
    representation: RepresentationOption = "melody",
    bars: Bars = 2,
    meter: MeterName = "4/4",
    chords: Chords = False,
    splits: SplitsOption = None,
    label: Label = "",
    drums: DrumTracks = None,
    workers: Workers = None,
    engine: Engine = "processes",
    scheduler: Scheduler = "",
    strict: StrictFolder = False,
    force: ForceFolder = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a data set from folders of MIDI files.

    If it is stopped, the same command continues where it was. Songs are split, not windows, and no window is in
    two splits. The data set's dropped.csv says why a file was dropped.
    """
    console = Console(quiet, json)
    from musicae.corpus.preprocess import Annotations, preprocess
    from musicae.music.representations import REPRESENTATIONS

    if chords and representation != "multitrack":
        raise typer.BadParameter("--chords is for --representation multitrack")
    if (engine == "dask") != bool(scheduler):
        raise typer.BadParameter("--engine dask and --scheduler ADDRESS belong together")
    if workers and scheduler:
        raise typer.BadParameter("--workers is for --engine processes; dask has its own")
    knobs: dict[str, Any] = {"bars": bars, "meter": meter} | ({"chords": True} if chords else {})
    made = REPRESENTATIONS[representation](**knobs)
    in_meter = f"-{made.arguments['meter'].replace('/', '-')}" if "meter" in made.arguments else ""
    also = f"{in_meter}{'-chords' if chords else ''}{label and f'-{label}'}"
    folder = output or Path("data") / f"{representation}-{bars}bar{also}"
    with console.resumable():
        manifest = preprocess(
            folders,
            folder,
            made,
            annotations=Annotations(splits, label, tuple(drums or ())),
            workers=scheduler or workers,
            strict=strict,
            force=force,
            progress=console.progress,
        )
    deliver_dataset(manifest, folder, console)


def deliver_dataset(manifest: dict[str, Any], folder: Path, console: Console) -> None:
    """Say what became of the files, and print the data set's folder."""
    from musicae.corpus.shards import read_dropped
    from musicae.corpus.splits import split_faults

    for line in funnel(manifest):
        console.note(line)
    for fault in split_faults({name: counts["windows"] for name, counts in manifest["splits"].items()}):
        console.warn(f"{fault}{ADVICE['bad-splits'](given=manifest['splits_given'])}")
    if lost := manifest.get("labels", {}).get("folders without windows"):
        console.warn(f"no window of {', '.join(lost)} is kept, which makes no class: see {folder / 'dropped.csv'}")
    dropped = read_dropped(folder) if console.json else []
    console.data([folder], {"dataset": str(folder), **manifest, "dropped": dropped})


def funnel(manifest: dict[str, Any]) -> Iterator[str]:
    """What became of the files and windows, one line each."""
    files, windows = manifest["files"], manifest["windows"]
    always = {"unreadable": 0, "other meter": 0}
    yield _line("files", files["found"])
    for reason, count in (always | files["dropped"]).items():
        yield _line(f"  {reason}", -count)
    yield _line("  kept", files["kept"])
    yield _line("    partly in other meters", files["cut by meter"])
    if files.get("damaged"):
        yield _line("    partly damaged", files["damaged"])
    yield _line("windows", windows["found"])
    for reason in list(windows)[1:-1]:  # between the first entry, those found, and the last, those kept
        yield _line(f"  {reason}", -windows[reason])
    yield _line("  kept", windows["kept"])
    for reason, count in manifest.get("trimmed bars", {}).items():
        yield _line(f"bars of {reason}", count)
    for split, counts in manifest["splits"].items():
        yield f"{_line(split, counts['windows'])} windows from {counts['files']:,} files"
    if "training windows" in manifest.get("labels", {}):  # not in those of older data sets
        yield from _classes(manifest["labels"])


def _classes(labels: dict[str, Any]) -> Iterator[str]:
    """How many training windows are of each class."""
    yield f"training windows by {labels['by']}"
    for name, count in labels["training windows"].items():
        yield _line(f"  {name}", count)
    yield _line("  without a class", labels["training windows without a class"])


def _line(label: str, count: int) -> str:
    return f"{label:28}{count:>11,}"
