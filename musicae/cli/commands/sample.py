"""`musicae sample`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    DEFAULT_MODEL,
    ClipCount,
    Device,
    FinalBar,
    Force,
    Json,
    ModelName,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    Temperature,
    TempoQpm,
)
from musicae.cli.renderings import Renderings
from musicae.cli.styling import ClipStyling

EXAMPLES = (
    "musicae sample",
    "musicae sample -n 8 --with density=high --tempo 96 -o ideas/",
)

NewBars = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        show_default="as many as the model writes at once",
        help="Bars of every clip. Longer clips grow from a window, and come back to what was played before.",
    ),
]
Wanted = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="NAME=high|low",
        show_default=False,
        help="Draw clips with more or less of an attribute than others, e.g. density=high; repeatable. musicae "
        "attribute -h explains them.",
    ),
]


@with_option_records
def command(
    n: ClipCount = 4,
    bars: NewBars = None,
    final_bar: FinalBar = False,
    temperature: Temperature = 0.25,
    wanted: Wanted = None,
    model: ModelName = DEFAULT_MODEL,
    tempo: TempoQpm = None,
    seed: Seed = None,
    output: OutputPath = None,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
    *,
    styling: ClipStyling,
    renderings: Renderings,
) -> None:
    """Write new music, drawn from a model."""
    console = Console(quiet, json)
    levels = {name: level for name, _, level in (text.partition("=") for text in wanted or [])}
    if not all(level in ("low", "high") for level in levels.values()):
        raise typer.BadParameter("--with takes an attribute and how much of it: density=high, or density=low")
    if len(levels) < len({*(wanted or [])}):
        raise typer.BadParameter("--with asks for high and for low of one attribute: choose one of them")
    check_output(output, console, force, [""] * n)
    styling.check(model)
    from musicae.model import load
    from musicae.verbs.sample import sample

    net = load(model, device, precision)
    with console.progress("growing clips", n if bars or final_bar else 0) as done:
        clips = sample(
            net,
            n,
            bars=bars,
            final_bar=final_bar,
            mode=styling.mode,
            temperature=temperature,
            seed=seed,
            tempo_qpm=tempo or 120.0,
            wanted=levels,
            progress=done,
        )
    clips = styling.applied(clips, console, together=False)
    deliver(clips, output, console, force, drawn=seed is None, renderings=renderings)
