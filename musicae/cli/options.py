"""The options that commands share, each declared once, to annotate parameters with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from musicae.objectives import OBJECTIVES

DEFAULT_MODEL = "melody-2bar"
DEFAULT_CHORDS_MODEL = "multitrack-1bar-chords"


def share(said: str | float) -> float:
    """A share as it is typed: 0.3 or 30%."""
    text = str(said).strip()
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text} is not a share: write one from 0 to 1, like 0.3, or 30%")
    return value


def model_names(incomplete: str) -> list[str]:
    """The installed models that start with what was typed: for shell completion."""
    from musicae.storage.catalog import installed

    return [name for name in installed() if name.startswith(incomplete)]


ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="A model folder, or the name of one in $MUSICAE_MODELS, in models/ or in the package.",
        autocompletion=model_names,
    ),
]


def _reading_model(default: str) -> Any:
    """The option -m of a command that reads music or codes."""
    return typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        show_default=f"{default}, or the one that made the codes",
        help="A model folder, or the name of one in $MUSICAE_MODELS, in models/ or in the package.",
        autocompletion=model_names,
    )


SourceModel = Annotated[str | None, _reading_model(DEFAULT_MODEL)]
SourceChordsModel = Annotated[str | None, _reading_model(DEFAULT_CHORDS_MODEL)]
ModelNames = Annotated[
    list[str], typer.Argument(metavar="MODEL", help="Installed models or model folders.", autocompletion=model_names)
]
TrainedModel = Annotated[
    str, typer.Argument(metavar="MODEL", help="An installed model or a model folder.", autocompletion=model_names)
]
DataFolder = Annotated[
    str, typer.Argument(metavar="DATA", help="A folder that musicae preprocess wrote, or the name of one.")
]
RecipeModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        show_default=False,
        help="A model other than the one that FILE names.",
        autocompletion=model_names,
    ),
]
SourcePath = Annotated[
    str, typer.Argument(help="A MIDI file of any length, or a code: the JSON that musicae wrote; or - for stdin.")
]
RecipePath = Annotated[str, typer.Argument(help="The JSON that musicae wrote, or - for stdin.")]
OutputPath = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        show_default=False,
        help="A file, whose suffix may be omitted; a folder (one that exists, or a name that ends in /); or - for "
        "stdout. Without it: the current folder. In folders, files take the first free number.",
    ),
]


def preset_names(incomplete: str) -> list[str]:
    """The presets that start with what was typed: for shell completion."""
    from musicae.presets import PRESETS

    return [name for name in PRESETS if name.startswith(incomplete)]


def objective_names(incomplete: str) -> list[str]:
    """The objectives that start with what was typed: for shell completion."""
    return [name for name in OBJECTIVES if name.startswith(incomplete)]


def folder_option(explanation: str) -> Any:
    """The option -o of a command that makes one folder."""
    return typer.Option("--output", "-o", metavar="FOLDER", show_default=False, parser=_folder, help=explanation)


def _folder(text: str) -> Path:
    if not text:
        raise typer.BadParameter("-o needs the name of a folder")
    return Path(text)


MOST_FILES = 10_000
"""That one run writes."""

ClipCount = Annotated[int, typer.Option("-n", min=1, max=MOST_FILES, metavar="N", help="Number of clips.")]
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
        help="Same seed, same bytes. Without it one is drawn and shown, if anything is random.",
    ),
]
Split = Annotated[Literal["train", "validation", "test"], typer.Option(help="Which split of the data is read.")]
WindowLimit = Annotated[int, typer.Option(min=2, metavar="N", help="Most windows to read.")]
FixedSeed = Annotated[
    int,
    typer.Option(min=0, max=LARGEST_SEED, metavar="N", help="Which windows are read, and everything that is drawn."),
]
TempoQpm = Annotated[
    float | None,
    typer.Option(
        "--tempo",
        metavar="QPM",
        min=4,
        max=960,
        show_default=False,
        help="Tempo of what is written, in quarters per minute.",
    ),
]
FinalBar = Annotated[
    bool,
    typer.Option("--final-bar", help="End with one bar more, in which the home chord, or its tonic, is held."),
]
_SHORT_BARS = "two of 2/4 count as one"
FirstBar = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        show_default=False,
        help=f"First bar to read, from 1; {_SHORT_BARS}. Without it the best window is chosen.",
    ),
]
TrackChoice = Annotated[
    str | None,
    typer.Option(
        metavar="TRACK",
        show_default=False,
        help="Track to read, by its number from 1 or its name. Without it the most suitable is chosen.",
    ),
]


def _counted_from_1(tracks: list[str] | None) -> list[str] | None:
    if tracks and "0" in tracks:
        raise typer.BadParameter("tracks are counted from 1")
    return tracks


DrumTracks = Annotated[
    list[str] | None,
    typer.Option(
        "--drums",
        metavar="TRACK",
        show_default=False,
        callback=_counted_from_1,
        help="Read this track, by its number from 1 or its name, as drums, whatever the file says; repeatable.",
    ),
]
Whole = Annotated[
    bool,
    typer.Option(
        "--whole",
        help="Use every window of the song instead of one, and write the song; nothing else in it changes.",
    ),
]
KeepVelocity = Annotated[
    bool | None,
    typer.Option(
        "--keep-velocity/--no-keep-velocity",
        show_default="with --whole",
        help="Notes that stay are as loud as they were, new ones like those around them; otherwise all "
        "are equally loud.",
    ),
]
KeepTiming = Annotated[
    bool | None,
    typer.Option(
        "--keep-timing/--no-keep-timing",
        show_default="with --whole",
        help="Notes that stay are as early or late as they were, new ones like those around them; otherwise all "
        "are on the grid.",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a damaged file; otherwise its undamaged parts are read.")
]

_EACH = "Once: for both files; twice: for the first, and for the second."
FirstBars = Annotated[
    list[int] | None,
    typer.Option(
        "--bar",
        min=1,
        metavar="N",
        show_default=False,
        help=f"First bar to read, from 1; {_SHORT_BARS}. {_EACH}",
    ),
]
TrackChoices = Annotated[
    list[str] | None,
    typer.Option(
        "--track", metavar="TRACK", show_default=False, help=f"Track to read, by its number from 1 or its name. {_EACH}"
    ),
]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Device = Annotated[DeviceName, typer.Option(help="Where to compute.")]
PrecisionName = Literal["auto", "float32", "bfloat16"]
Precision = Annotated[
    PrecisionName,
    typer.Option(help="What to compute in; auto is float32 on a CPU, so that every processor writes the same notes."),
]
TrainingPrecision = Annotated[
    PrecisionName,
    typer.Option(help="What to compute updates in; auto chooses the fastest."),
]
OnlyRows = Annotated[
    str, typer.Option(metavar="NAME,...", show_default="all", help="Train and compare only these autoencoders.")
]
Seeds = Annotated[int, typer.Option(min=1, metavar="N", help="Trainings of each, with seeds 0, 1, ...")]
ExperimentFolder = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Where all output goes. Unfinished trainings there go on.",
    ),
]
SettingTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PART.KNOB=VALUE",
        show_default=False,
        help="Change a knob, e.g. latent.size=128, or add a regularizer, e.g. sparse.weight=0.1; repeatable.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print all metrics.")]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite the file that -o names; in folders nothing is ever overwritten.")
]
ForceAny = Annotated[
    bool, typer.Option("--force", help="Overwrite the file that -o names, and accept codes of another model.")
]
ForceFolder = Annotated[bool, typer.Option("--force", help="Replace what the folder holds.")]


def listed(names: str) -> list[str]:
    """The names in a text that has commas between them."""
    return [name.strip() for name in names.split(",") if name.strip()]
