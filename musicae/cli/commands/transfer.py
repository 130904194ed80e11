"""`musicae transfer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

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
from musicae.cli.renderings import Renderings, panels_of
from musicae.cli.sources import File, Framing, ReadingOptions, read_material
from musicae.cli.styling import ClipStyling

if TYPE_CHECKING:
    from musicae.clips.clip import Clips

EXAMPLES = ("musicae transfer a.mid --to minor", "musicae transfer a.mid --to major --whole -o major.mid")

ClassName = Annotated[
    str, typer.Option("--to", metavar="CLASS", help="major or minor, or a class that the model was trained with.")
]


@with_option_records
def command(
    file: SourcePath,
    to: ClassName,
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
    """Play a clip in minor instead of major, or the other way around, on the same tonic.

    Of all music in that mode that the model finds, the one that keeps most notes is taken. With --whole, thirds, sixths
    and sevenths of all other notes of the song go along. Models that were trained with classes of their own (musicae
    preprocess --label, musicae train --objective arae-transfer) play a clip in another one of these."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    options = ReadingOptions(tempo, drums, strict, framing, force)
    (source,), name = read_material([File(file, bar, track)], model, console, options)
    styling.check(name, whole=framing.whole, spliced=framing.splices)
    from musicae.clips.source import window_count
    from musicae.model import load
    from musicae.verbs.transfer import require_class, transfer

    net = load(name, device, precision)
    require_class(net, to)
    with console.progress("changing windows", window_count(source)) as done:
        clips = transfer(net, source, to, temperature=temperature, seed=seed, progress=done)
    console.note(_what_changed(clips))
    after = styling.applied(clips[1:], console)  # alone: in its own key, which is not that of the other
    up = after[0].recipe.style.semitones - clips[1].recipe.style.semitones
    before = clips[0].transposed(up) if up else clips[0]
    if styling.instruments:
        before = before.with_instruments(*styling.instruments)
    deliver(
        after,
        output,
        console,
        force,
        inputs=[file],
        drawn=seed is None,
        renderings=renderings,
        panels=panels_of(after, before) if renderings.pictured else None,
    )


def _what_changed(clips: Clips) -> str:
    """From where it was moved, and how many notes stay."""
    from musicae.music.note_distance import onsets_of

    before, after = clips
    start, to = (after.recipe.arguments[name] for name in ("from", "to"))
    ours, theirs = onsets_of(before.played), onsets_of(after.played)
    if start == to or start.endswith(f" {to}"):
        return f"it is in {start} already, and stays as it is"
    if not theirs:
        return f"from {start} to {to}: no note is left; a model that has learned more plays some"
    every, changed = onsets_of(before.score), onsets_of(after.score)
    if every == changed:
        return f"it is in {start}: no music in {to} was found that is near it, and it stays as it is"
    stay = (ours & theirs).total()
    new = theirs.total() - stay
    others = "; what else is in the song goes along" if (changed - every).total() > new else ""
    return f"from {start} to {to}: {stay} of {ours.total()} notes stay, {new} {'is' if new == 1 else 'are'} new{others}"
