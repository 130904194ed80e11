"""`musicae vary`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    ClipCount,
    Device,
    DrumTracks,
    FirstBar,
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
    TrackChoice,
    share,
)
from musicae.cli.renderings import Renderings, panels_of
from musicae.cli.sources import File, Framing, ReadingOptions, read_material
from musicae.cli.styling import ClipStyling

if TYPE_CHECKING:
    from musicae.music.score import Score

EXAMPLES = ("musicae vary a.mid --whole --amount 0.6 -n 2", "musicae vary a.mid --along density -n 5")


@with_option_records
def command(
    file: SourcePath,
    n: ClipCount = 4,
    amount: Annotated[
        float | None,
        typer.Option(
            parser=share,
            metavar="SHARE",
            show_default="0.3",
            help="Share of the notes to change (0.3 or 30%); 1 gives new music.",
        ),
    ] = None,
    along: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="Write clips from less to more of this attribute or direction, as musicae encode names them.",
        ),
    ] = None,
    temperature: Temperature = 0.0,
    model: SourceModel = None,
    bar: FirstBar = None,
    track: TrackChoice = None,
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
    framing: Framing,
    styling: ClipStyling,
    renderings: Renderings,
) -> None:
    """Write variations of a clip, or of a whole song.

    In a whole song, every window changes by that share; where the song repeats itself, so do its variations.

    With --along, write a row of clips instead: from less of an attribute to more, or along a direction of the latent
    space. They lie at even steps, from 2 standard deviations over music below the clip to 2 above; of an odd number,
    the middle one is its reconstruction. (musicae attribute writes one clip, with as much more or less as you ask
    for.)"""
    console = Console(quiet, json)
    if along is not None and framing.whole:
        raise typer.BadParameter("--along goes on from one window: omit --whole")
    if along is not None and amount is not None:
        raise typer.BadParameter("--along always goes 2 standard deviations to either side: omit --amount")
    check_output(output, console, force, [""] * n, inputs=[file])
    options = ReadingOptions(tempo, drums, strict, framing, force)
    (source,), name = read_material([File(file, bar, track)], model, console, options)
    styling.check(name, whole=framing.whole, spliced=framing.splices)
    from musicae.clips.clip import Clips
    from musicae.clips.source import piece_of, window_count
    from musicae.model import load
    from musicae.music.attributes import ATTRIBUTES
    from musicae.music.note_distance import note_distance
    from musicae.verbs.reconstruct import reconstruct
    from musicae.verbs.traverse import traverse
    from musicae.verbs.vary import vary

    net = load(name, device, precision)
    if along is None:
        wanted = 0.3 if amount is None else amount
        with console.progress("varying windows", window_count(source)) as done:
            clips = vary(net, source, n, amount=wanted, temperature=temperature, seed=seed, progress=done)
    else:
        clips = traverse(net, source, along, n, temperature=temperature, seed=seed)
    beside = None if framing.whole else reconstruct(net, source)[0]
    before = beside.played if beside else clips[0].original or clips[0].played
    shares = ", ".join(f"{note_distance(before, clip.played):.0%}{_by_track(before, clip.played)}" for clip in clips)
    console.note(f"of the notes {'that are read' if framing.whole else 'of its reconstruction'} change: {shares}")
    if along is not None and along in ATTRIBUTES:
        console.note(f"{along}: {', '.join(f'{ATTRIBUTES[along](clip.played):.3g}' for clip in clips)}")
    if along is not None and any(one.played == other.played for one, other in pairwise(clips)):
        console.note("some neighbors are alike: could not go further there")
    if beside is not None:
        beside, *varied = styling.applied(Clips([beside, *clips]), console, piece=piece_of(source))
        clips = Clips(varied)
    else:
        clips = styling.applied(clips, console)
    panels = panels_of(clips, beside) if renderings.pictured else None
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings, panels=panels)


def _by_track(before: Score, after: Score) -> str:
    """The share of every instrument, where there are several."""
    from musicae.music.midi import with_names
    from musicae.music.note_distance import distance_by_track

    shares = distance_by_track(with_names(before), after)
    return f" ({', '.join(f'{name} {share:.0%}' for name, share in shares.items())})" if len(shares) > 1 else ""
