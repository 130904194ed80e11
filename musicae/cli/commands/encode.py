"""`musicae encode`."""

from __future__ import annotations

import sys

from musicae.cli.console import Console
from musicae.cli.delivery import JSON, check_output, read_source
from musicae.cli.options import (
    DEFAULT_MODEL,
    Device,
    DrumTracks,
    FirstBar,
    Force,
    Json,
    MidiPath,
    ModelName,
    OutputPath,
    Precision,
    Quiet,
    Strict,
    TempoQpm,
    TrackNumber,
)

EXAMPLES = ("musicae encode a.mid -o code.json", "musicae encode a.mid --bar 5 -o -")


def command(
    file: MidiPath,
    model: ModelName = DEFAULT_MODEL,
    bar: FirstBar = None,
    track: TrackNumber = None,
    tempo: TempoQpm = None,
    drums: DrumTracks = None,
    strict: Strict = False,
    output: OutputPath = None,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the latent code of a clip.

    It is the posterior mean, as JSON, to edit and to give to musicae decode: in a file, or through a pipe with -o -."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file], suffixes=JSON)
    from musicae.clips.recipe_json import dump_recipe
    from musicae.clips.write import write_recipe

    source = read_source(file, model, console, bar=bar, track=track, tempo=tempo, drums=drums, strict=strict)
    from musicae.model import load
    from musicae.verbs.codes import encode

    net = load(model, device, precision)
    recipe = encode(net, source)
    if output == "-":
        sys.stdout.buffer.write(dump_recipe(recipe))
        return
    path = write_recipe(recipe, output, force=force)
    console.data([path], {"model": recipe.model, "hash": recipe.hash, "files": [{"path": str(path)}]})
