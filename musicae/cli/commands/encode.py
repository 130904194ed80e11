"""`musicae encode`."""

from __future__ import annotations

import sys

from musicae.cli.console import Console
from musicae.cli.delivery import JSON, check_output
from musicae.cli.options import (
    Device,
    DrumTracks,
    FirstBar,
    ForceAny,
    Json,
    OutputPath,
    Precision,
    Quiet,
    SourceModel,
    SourcePath,
    Strict,
    TempoQpm,
    TrackChoice,
)
from musicae.cli.sources import File, ReadingOptions, read_source

EXAMPLES = ("musicae encode a.mid -o code.json", "musicae encode a.mid --bar 5 -o -")


def command(
    file: SourcePath,
    model: SourceModel = None,
    bar: FirstBar = None,
    track: TrackChoice = None,
    tempo: TempoQpm = None,
    drums: DrumTracks = None,
    strict: Strict = False,
    output: OutputPath = None,
    force: ForceAny = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the latent code of a clip, as JSON to edit.

    Its numbers have names, in standard deviations over music: how much the clip has of every attribute, and where it
    lies along the directions in which codes of music vary most, with words for what 2 more or less does to
    it. Change any of them, or z itself, and musicae decode makes the clip that you asked for."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file], suffixes=JSON)
    options = ReadingOptions(tempo, drums, strict, force=force)
    source, name = read_source(File(file, bar, track), model, console, options)
    from musicae.clips.directions import directions_of
    from musicae.clips.recipe_json import dump_recipe
    from musicae.clips.write import write_recipe
    from musicae.model import load
    from musicae.verbs.codes import encode

    net = load(name, device, precision)
    recipe = encode(net, source, named=True)
    if not net.attributes:
        console.note(f"no attributes are named: {net.name} has no vectors of them")
    if not directions_of(net).names:
        console.note(f"no directions are named: the sampler of {net.name} has learned nothing of the codes of music")
    if output == "-":
        sys.stdout.buffer.write(dump_recipe(recipe))
        return
    path = write_recipe(recipe, output, force=force)
    console.data([path], {"model": recipe.model, "hash": recipe.hash, "files": [{"path": str(path)}]})
