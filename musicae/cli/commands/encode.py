"""`musicae encode`."""

from __future__ import annotations

from musicae.cli import console as cli
from musicae.cli.console import Console, stdout
from musicae.cli.delivery import JSON, check_output, read_source

EXAMPLES = ("musicae encode a.mid -o code.json", "musicae encode a.mid --bar 5 -o -")


def command(
    file: cli.File,
    model: cli.Model = cli.DEFAULT_MODEL,
    bar: cli.Bar = None,
    track: cli.Track = None,
    tempo: cli.QPM = None,
    output: cli.Output = None,
    force: cli.Force = False,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Write the latent code of a clip.

    It is the posterior mean, as JSON, to edit and to give to musicae decode: in a file, or through a pipe with -o -."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file], suffixes=JSON)
    from musicae.clips.recipe_json import dumps
    from musicae.clips.write import write_recipe
    from musicae.model import load
    from musicae.verbs.codes import encode

    net = load(model, device, precision)
    recipe = encode(net, read_source(file, net, console, bar=bar, track=track, tempo=tempo))
    if output == "-":
        with stdout() as out:
            out.buffer.write(dumps(recipe))
        return
    path = write_recipe(recipe, output, force=force)
    console.data([path], {"model": recipe.model, "hash": recipe.hash, "files": [{"path": str(path)}]})
