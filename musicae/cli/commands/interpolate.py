"""`musicae interpolate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    MOST_FILES,
    Device,
    DrumTracks,
    FirstBars,
    ForceAny,
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
    TrackChoices,
    Whole,
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import File, Framing, ReadingOptions, each, read_material
from musicae.cli.styling import ClipStyling

if TYPE_CHECKING:
    from musicae.clips.clip import Clips
    from musicae.clips.song import WholeSong
    from musicae.clips.source import AnySource
    from musicae.model import Model

EXAMPLES = ("musicae interpolate a.mid b.mid", "musicae interpolate a.mid b.mid --steps 9 --exact-ends -o slow.mid")


@with_option_records
def command(
    a: SourcePath,
    b: SourcePath,
    whole: Whole = False,
    steps: Annotated[
        int, typer.Option(min=2, max=MOST_FILES, metavar="N", help="Number of clips from a to b, both included.")
    ] = 5,
    even_in: Annotated[
        Literal["notes", "z"], typer.Option(help="Make steps equal in changed notes, or in latent distance.")
    ] = "notes",
    linear: Annotated[
        bool, typer.Option("--linear", help="Go along a straight line instead of a great circle.")
    ] = False,
    exact_ends: Annotated[
        bool, typer.Option("--exact-ends", help="Keep the notes of a and b; they are reconstructions otherwise.")
    ] = False,
    bar: FirstBars = None,
    track: TrackChoices = None,
    temperature: Temperature = 0.0,
    model: SourceModel = None,
    tempo: TempoQpm = None,
    drums: DrumTracks = None,
    strict: Strict = False,
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
    """Go from one clip to another in steps.

    Writes one file with all steps in a row, and one file per step; -o - writes only the first of these. Tempo and
    instruments are those of A, unless the model writes instruments itself. Every step changes about as many notes:
    melodies and bands go over from their beginning on, drums one kind after another, cymbals first and the kick last.

    With --whole, every step is the song A, with each of its windows moved equally far towards a window of B. The first
    window of A in which something is played goes to the first such window of B, and so on; where one song has no more
    of them, A stays as it is."""
    console = Console(quiet, json)
    if a == b == "-":
        raise typer.BadParameter("stdin holds one file: name a or b")
    bars, tracks = each(bar), each(track)
    check_output(output, console, force, [""] * (steps if whole else 1), inputs=[a, b])
    files = [File(*chosen) for chosen in zip((a, b), bars, tracks, strict=True)]
    options = ReadingOptions(tempo, drums, strict, Framing(whole), force)
    (start, end), name = read_material(files, model, console, options)
    styling.check(name, whole=whole)
    from musicae.clips.clip import Clips
    from musicae.model import load
    from musicae.verbs.interpolate import interpolate, pairs_of

    net = load(name, device, precision)
    pairs = pairs_of(start, end)
    if whole:
        console.note(f"{pairs} windows of {a} go to those of {b}, as many as the song with fewer has")
    with console.progress("finding steps", pairs) as done:
        clips = interpolate(
            net,
            start,
            end,
            steps=steps,
            even_in=even_in,
            linear=linear,
            exact_ends=exact_ends,
            temperature=temperature,
            seed=seed,
            progress=done,
        )
    if not (whole or exact_ends):
        _say_lost(net, (start, end), clips, console)
    shown = clips if whole else Clips([clips.joined, *([] if output == "-" else clips)])
    every = styling.applied(shown, console)
    deliver(every, output, console, force, inputs=[a, b], drawn=seed is None, renderings=renderings)


def _say_lost(net: Model, ends: Sequence[AnySource | WholeSong], clips: Clips, console: Console) -> None:
    """Which ends come back with few of their notes."""
    from musicae.clips.reading import Source
    from musicae.music.note_distance import note_distance

    for end, played in zip(ends, (clips[0], clips[-1]), strict=True):
        if not isinstance(end, Source):
            continue
        kept = 1 - note_distance(net.representation.decode(end.tokens), played.passages[0])
        if kept < WELL_KEPT:
            console.note(f"{kept:.0%} of the notes of {end.label} come back: --exact-ends writes it as it is")


WELL_KEPT = 0.8
"""Share of the notes of an end."""
