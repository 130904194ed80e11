"""`musicae attribute`."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    DEFAULT_MODEL,
    Device,
    DrumTracks,
    FirstBar,
    Force,
    Json,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    SourceModel,
    Strict,
    Temperature,
    TempoQpm,
    TrackNumber,
)
from musicae.cli.renderings import Renderings, panels_of
from musicae.cli.sources import File, ReadingOptions, load_for, read_sources
from musicae.cli.styling import Styling

if TYPE_CHECKING:
    from musicae.clips.source import AnySource

EXAMPLES = ("musicae attribute --add density", "musicae attribute a.mid --add density --subtract interval=0.5")

Change = typer.Option(
    metavar="NAME[=AMOUNT]",
    show_default=False,
    help="An attribute, by an amount of 1 or another one, in standard deviations over music.",
)


@with_option_records
def command(
    file: Annotated[str | None, typer.Argument(help="A MIDI file or a code; without it, new music is changed.")] = None,
    add: Annotated[list[str] | None, Change] = None,
    subtract: Annotated[list[str] | None, Change] = None,
    keep: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Of the notes, that stay if it can be done.")
    ] = 0.0,
    temperature: Temperature = 0.0,
    model: SourceModel = None,
    bar: FirstBar = None,
    track: TrackNumber = None,
    tempo: TempoQpm = None,
    drums: DrumTracks = None,
    strict: Strict = False,
    seed: Seed = None,
    output: OutputPath = None,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
    *,
    styling: Styling,
    renderings: Renderings,
) -> None:
    """Change an attribute of a clip, or of new music.

    Without FILE, write new music after and before the change. An amount of 1 changes the attribute by as much as it
    varies from clip to clip. Of all music that has so much of it the one is taken that keeps most notes.

    diatonic: notes in the clip's own scale. density: notes. interval: leaps. syncopation16, syncopation8: notes off the
    eighth, off the quarter. Of several instruments also: tracks, strings, drums, polyphony, velocity, range."""
    console = Console(quiet, json)
    if file is None and (bar, track, drums) != (None, None, None):
        raise typer.BadParameter("--bar, --track and --drums choose from a FILE: name one")
    amounts = parse_amounts(add or [], subtract or [])
    inputs = [file] if file else []
    check_output(output, console, force, inputs=inputs)
    sources: list[AnySource] = []
    name = model or DEFAULT_MODEL
    if file:
        options = ReadingOptions(tempo, drums, strict)
        sources, name = read_sources([File(file, bar, track)], model, console, options)
    styling.check(name)
    import torch

    from musicae.clips.clip import Clips
    from musicae.clips.reading import Source
    from musicae.music.attributes import ATTRIBUTES
    from musicae.music.note_distance import kept_share
    from musicae.verbs.attribute import attribute

    net = load_for(sources, name, device, precision, console)
    source = sources[0] if sources else None
    clips = attribute(net, amounts, source, keep=keep, temperature=temperature, seed=seed, tempo_qpm=tempo or 120.0)
    before, after = clips
    stages = {"before": before.score, "after": after.score}
    if file and isinstance(source, Source):
        stages = {file: net.representation.decode(source.tokens), "reconstructed": before.score, "after": after.score}
    values = {name: {stage: ATTRIBUTES[name](score) for stage, score in stages.items()} for name in amounts}
    for name, of_stage in values.items():
        console.note(f"{name}: {', '.join(f'{stage} {value:.3g}' for stage, value in of_stage.items())}")
    if torch.equal(before.recipe.z, after.recipe.z):
        console.note(f"no way was found to change {' and '.join(amounts)} as asked: the clip stays as it is")
    else:
        console.note(f"{kept_share(before.score, after.score):.0%} of the notes stay")
    clips = styling.applied(clips, console)
    before, after = clips
    wanted = clips[1:] if source else clips[::-1]
    deliver(
        wanted,
        output,
        console,
        force,
        inputs=inputs,
        drawn=seed is None,
        renderings=renderings,
        panels=panels_of(Clips([after]), before) if renderings.pictured else None,
        extra={"changed": values},
    )


def parse_amounts(add: list[str], subtract: list[str]) -> dict[str, float]:
    """The amount of every attribute: `density` is 1 of it, `density=0.5` a half; repeated ones add up."""
    if not add + subtract:
        raise typer.BadParameter("say what to change: --add density, or --subtract interval=0.5")
    amounts: defaultdict[str, float] = defaultdict(float)
    for sign, items in ((1, add), (-1, subtract)):
        for item in items:
            name, equals, amount = item.partition("=")
            try:
                value = float(amount if equals else 1)
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise typer.BadParameter(f"{amount!r} is not an amount: write {name}=0.5")
            amounts[name] += sign * value
    return dict(amounts)
