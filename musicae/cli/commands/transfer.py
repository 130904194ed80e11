"""`musicae transfer`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.hints import HINTS
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    Device,
    FirstBar,
    ForceAny,
    Json,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    SourcePath,
    Temperature,
    TempoQpm,
    TrackChoice,
    model_names,
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import File, ReadingOptions, read_source
from musicae.cli.styling import ClipStyling

EXAMPLES = (
    "musicae transfer a.mid --to minor -m models/mode",
    "musicae transfer a.mid --to major -m models/mode -o major.mid",
)


def _named(model: str) -> str:
    """The model, if one was named: a bundled one could not stand in for it."""
    if not model:
        raise typer.BadParameter(f"name a model with classes; without one, {HINTS['no-classes']()}")
    return model


LabeledModel = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        show_default=False,
        callback=_named,
        help="A model with classes, trained by you: its folder, or its name in $MUSICAE_MODELS or models/.  [required]",
        autocompletion=model_names,
    ),
]
ClassName = Annotated[str, typer.Option("--to", metavar="CLASS", help="The class to play it in.")]


@with_option_records
def command(
    file: SourcePath,
    to: ClassName,
    temperature: Temperature = 0.0,
    model: LabeledModel = "",
    bar: FirstBar = None,
    track: TrackChoice = None,
    tempo: TempoQpm = None,
    seed: Seed = None,
    output: OutputPath = None,
    force: ForceAny = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
    *,
    styling: ClipStyling,
    renderings: Renderings,
) -> None:
    """Play a clip in minor instead of major, say, with a model that you trained for it.

    No bundled model has classes. musicae preprocess --label mode makes data for one, and musicae train --objective
    arae-transfer, aae-style or aae-semi trains it."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    source, name = read_source(File(file, bar, track), model, console, ReadingOptions(tempo, force=force))
    styling.check(name)
    from musicae.model import load
    from musicae.verbs.transfer import class_of, transfer

    net = load(name, device, precision)
    class_of(net, to)
    clips = transfer(net, source, to, temperature=temperature, seed=seed)
    console.note(f"the model takes it for {clips[0].recipe.arguments['from']}")
    clips = styling.applied(clips, console)
    deliver(clips[1:], output, console, force, inputs=[file], drawn=seed is None, renderings=renderings)
