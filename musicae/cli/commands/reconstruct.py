"""`musicae reconstruct`."""

from __future__ import annotations

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
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
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import File, Framing, ReadingOptions, read_material
from musicae.cli.styling import ClipStyling

EXAMPLES = ("musicae reconstruct a.mid --bar 5 -o again.mid", "musicae reconstruct a.mid --whole")


@with_option_records
def command(
    file: SourcePath,
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
    """Encode a clip, or a whole song, and decode it again.

    What comes back is what the model understood of it. A code, edited or not, is only decoded."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    options = ReadingOptions(tempo, drums, strict, framing, force)
    (source,), name = read_material([File(file, bar, track)], model, console, options)
    styling.check(name, whole=framing.whole, spliced=framing.splices)
    from musicae.clips.reading import Source
    from musicae.clips.source import piece_of
    from musicae.clips.style import styled
    from musicae.model import load
    from musicae.music.note_distance import note_distance
    from musicae.verbs.reconstruct import reconstruct

    net = load(name, device, precision)
    clips = reconstruct(net, source, temperature=temperature, seed=seed)
    read = clips[0].original
    if isinstance(source, Source):
        read = styled(net.representation.decode(source.tokens), source.style)  # who plays counts, too
    if read is not None:
        kept = 1 - note_distance(read, clips[0].played)
        console.note(f"{kept:.0%} of the notes come back")
    clips = styling.applied(clips, console, piece=piece_of(source))
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings)
