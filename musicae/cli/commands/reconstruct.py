"""`musicae reconstruct`."""

from __future__ import annotations

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver, read_source
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
    Seed,
    Strict,
    Temperature,
    TempoQpm,
    TrackNumber,
)
from musicae.cli.renderings import Renderings, with_renderings

EXAMPLES = ("musicae reconstruct a.mid", "musicae reconstruct a.mid --bar 5 -o again.mid")


@with_renderings
def command(
    file: MidiPath,
    temperature: Temperature = 0.0,
    model: ModelName = DEFAULT_MODEL,
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
    renderings: Renderings,
) -> None:
    """Encode a clip and decode it again."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    source = read_source(file, model, console, bar=bar, track=track, tempo=tempo, drums=drums, strict=strict)
    from musicae.model import load
    from musicae.music.note_distance import note_distance
    from musicae.verbs.reconstruct import reconstruct

    net = load(model, device, precision)
    clips = reconstruct(net, source, temperature=temperature, seed=seed)
    kept = 1 - note_distance(net.representation.decode(source.tokens), clips[0].score)
    console.note(f"{kept:.0%} of the notes come back (F1 of what starts when, on which pitch)")
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings)
