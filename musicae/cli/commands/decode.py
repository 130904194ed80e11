"""`musicae decode`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    Device,
    ForceAny,
    Json,
    OutputPath,
    Precision,
    Quiet,
    RecipeModel,
    RecipePath,
    Seed,
    Temperature,
    TempoQpm,
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import from_stdin
from musicae.cli.styling import ClipStyling

EXAMPLES = ("musicae decode z.json", "musicae decode z.json --temperature 0.8 -o again.mid")


@with_option_records
def command(
    file: RecipePath,
    temperature: Temperature = 0.0,
    model: RecipeModel = None,
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
    """Write the music of latent codes.

    FILE is what musicae encode wrote, or the JSON beside any output, edited as you like. Each of its codes becomes a
    clip, made anew with the temperature and seed of this command. musicae replay makes an output again as it was.

    Numbers of z stand as they are written. A name counts by how much it differs from what was encoded: a direction
    moves the code by that, and an attribute is changed by it as musicae attribute does, while directions that were
    edited stay where they were put."""
    console = Console(quiet, json)
    from musicae.clips.recipe_fields import read_fields

    fields = read_fields(from_stdin(file))
    check_output(output, console, force, inputs=[file])
    from musicae.clips.edits import edits_in_words, with_edits
    from musicae.clips.recipe_json import recipe_from
    from musicae.clips.source import require_own_code
    from musicae.errors import error_context
    from musicae.model import load
    from musicae.verbs.codes import decode

    with error_context(file):
        recipe = recipe_from(fields)
    if file != "-":
        recipe = replace(recipe, origin=Path(file).stem)
    styling.check(model or recipe.model)
    net = load(model or recipe.model, device, precision)
    recipe = replace(recipe, hash="") if force else recipe
    with error_context(file):
        require_own_code(net, recipe.model, recipe.hash)
        named = any(part.names for part in recipe.parts)
        recipe, edited = with_edits(net, recipe)
        if named and not edited:
            console.note("nothing was edited: every name has its value under encoded")
        for line in edits_in_words(net, edited):
            console.note(line)
        clips = decode(net, recipe, temperature=temperature, seed=seed, tempo_qpm=tempo)
    clips = styling.applied(clips, console, together=False)
    deliver(
        clips,
        output,
        console,
        force,
        inputs=[file],
        drawn=seed is None,
        renderings=renderings,
        extra={"edits": [one.record() for one in edited]} if edited else None,
    )
