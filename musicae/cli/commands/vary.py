"""`musicae vary`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    ClipCount,
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
    SourcePath,
    Strict,
    Temperature,
    TempoQpm,
    TrackNumber,
)
from musicae.cli.renderings import Renderings, panels_of
from musicae.cli.sources import File, ReadingOptions, load_for, read_source
from musicae.cli.styling import Styling

EXAMPLES = ("musicae vary a.mid --amount 0.6 -n 8 -o variations/", "musicae vary a.mid --along density -n 5")


@with_option_records
def command(
    file: SourcePath,
    n: ClipCount = 4,
    amount: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, metavar="X", show_default="0.3", help="The share of the notes that change; 1 makes new music."
        ),
    ] = None,
    along: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="An attribute or a direction, as musicae encode names them: clips with less of it and with more.",
        ),
    ] = None,
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
    """Write variations of a clip, or a row of clips along an attribute or a direction of the latent space.

    With --along the clips lie at even steps, from 2 standard deviations over music below the clip to 2 above; of an odd
    number the middle one is the clip itself."""
    console = Console(quiet, json)
    if along is not None and amount is not None:
        raise typer.BadParameter("--along always goes 2 standard deviations to either side: leave --amount away")
    check_output(output, console, force, inputs=[file])
    source, name = read_source(File(file, bar, track), model, console, ReadingOptions(tempo, drums, strict))
    styling.check(name)
    from musicae.clips.clip import Clips
    from musicae.music.attributes import ATTRIBUTES
    from musicae.music.note_distance import note_distance
    from musicae.verbs.reconstruct import reconstruct
    from musicae.verbs.traverse import traverse
    from musicae.verbs.vary import vary

    net = load_for([source], name, device, precision, console)
    if along is None:
        share = 0.3 if amount is None else amount
        clips = vary(net, source, n, amount=share, temperature=temperature, seed=seed)
    else:
        clips = traverse(net, source, along, n, temperature=temperature, seed=seed)
    (again,) = reconstruct(net, source)
    shares = ", ".join(f"{note_distance(again.score, clip.score):.0%}" for clip in clips)
    console.note(f"of the notes of its reconstruction change: {shares}")
    if along is not None and along in ATTRIBUTES:
        console.note(f"{along}: {', '.join(f'{ATTRIBUTES[along](clip.score):.3g}' for clip in clips)}")
    again, *varied = styling.applied(Clips([again, *clips]), console)
    clips = Clips(varied)
    panels = panels_of(clips, again) if renderings.pictured else None
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings, panels=panels)
