"""`musicae attribute`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli import streams
from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    DEFAULT_MODEL,
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
    from musicae.clips.clip import Clip
    from musicae.clips.song import WholeSong
    from musicae.clips.source import AnySource
    from musicae.music.score import Score

EXAMPLES = ("musicae attribute --add density", "musicae attribute a.mid --whole --add density --subtract interval=0.5")

Change = typer.Option(
    metavar="NAME[=AMOUNT]",
    show_default=False,
    help="An attribute and the amount to change it by, in standard deviations over music; 1 if none is given.",
)


@with_option_records
def command(
    file: Annotated[str | None, typer.Argument(help="A MIDI file or a code; without it, new music is changed.")] = None,
    add: Annotated[list[str] | None, Change] = None,
    subtract: Annotated[list[str] | None, Change] = None,
    keep: Annotated[
        float,
        typer.Option(
            parser=share, metavar="SHARE", help="Least share of notes to keep; otherwise the clip is left unchanged."
        ),
    ] = 0.0,
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
    """Change an attribute of a clip, or of new music.

    Without FILE, write new music before and after the change. An amount of 1 changes the attribute by as much as it
    varies from clip to clip. Of all music that has that much of it, the one that keeps most notes is taken. In a
    whole song, every window changes by that much; windows where that is not possible stay as they are.

    density: notes in a sixteenth. diatonic: share of the notes in the clip's own scale. interval: semitones from note
    to note. range: semitones from the lowest to the highest. syncopation16, syncopation8: share of the onsets on
    off-beat sixteenths, eighths with no onset right before. Of several instruments also: tracks, strings, drums,
    polyphony, velocity."""
    console = Console(quiet, json)
    if file is None and (bar, track, drums, framing) != (None, None, None, Framing()):
        hint = "--whole, --bar, --track, --drums, --keep-velocity and --keep-timing say how a FILE is read: name one"
        raise typer.BadParameter(hint)
    if file is None:
        piped = "; write - for FILE to change what is piped in" if streams.piped_in() else ""
        console.note(f"no FILE is named, so new music is drawn and changed{piped}")
    amounts = parse_amounts(add or [], subtract or [])
    inputs = [file] if file else []
    check_output(output, console, force, [""] * (1 if file else 2), inputs=inputs)
    sources: Sequence[AnySource | WholeSong] = ()
    name = model or DEFAULT_MODEL
    if file:
        options = ReadingOptions(tempo, drums, strict, framing, force)
        sources, name = read_material([File(file, bar, track)], model, console, options)
    styling.check(name, whole=framing.whole, spliced=framing.splices)
    from musicae.clips.clip import Clips
    from musicae.clips.source import piece_of, window_count
    from musicae.model import load
    from musicae.training.attribute_vectors import spread_of
    from musicae.verbs.attribute import attribute

    net = load(name, device, precision)
    source = sources[0] if sources else None
    with console.progress("changing windows", window_count(source)) as done:
        clips = attribute(
            net,
            amounts,
            source,
            keep=keep,
            temperature=temperature,
            seed=seed,
            tempo_qpm=tempo or 120.0,
            progress=done,
        )
    before, after = clips
    read = "before" if file is None else "stdin" if file == "-" else file
    stages = {read: before.passages, "after": after.passages}
    values = _measured(amounts, stages)
    for name, of_stage in values.items():
        values_of = ", ".join(f"{stage} {value:.3g}" for stage, value in of_stage.items())
        spread = spread_of(net, name)
        asked = of_stage[read] + amounts[name] * spread
        short = (asked - of_stage["after"]) * math.copysign(1, amounts[name]) > SHORT * spread
        missed = f", asked for {asked:.3g}: could not come nearer" if short else ""
        console.note(f"{name}: {values_of}{missed}{' (means over windows)' if framing.whole else ''}")
    console.note(_what_changed(before, after, list(amounts), keep))
    clips = styling.applied(clips, console, piece=piece_of(source))
    before, after = clips
    wanted = clips[1:] if source else clips[::-1]
    deliver(
        wanted,
        output,
        console,
        force,
        inputs=inputs,
        drawn=seed is None,
        renderings=renderings,
        panels=panels_of(Clips([after]), before) if renderings.pictured else None,
        extra={"changed": values},
    )


SHORT = 0.3
"""How many spreads a change may miss of what was asked for, before that is said."""


def _measured(names: Iterable[str], stages: Mapping[str, Sequence[Score]]) -> dict[str, dict[str, float]]:
    """Attributes of windows, on average."""
    from musicae.music.attributes import ATTRIBUTES

    def mean(name: str, scores: Sequence[Score]) -> float:
        return sum(ATTRIBUTES[name](score) for score in scores) / len(scores)

    return {name: {stage: mean(name, scores) for stage, scores in stages.items()} for name in names}


def _what_changed(before: Clip, after: Clip, names: Sequence[str], keep: float) -> str:
    """How many windows changed, and how many notes stay of those that should."""
    from musicae.music.note_distance import onsets_of

    pairs = list(zip(before.passages, after.passages, strict=True))
    changed = sum(old != new for old, new in pairs)
    kept = f" and keep {keep:.0%} of the notes" if keep else ""
    nothing = f"could not change {' and '.join(names)} as asked{kept}"
    if not changed:
        return f"{nothing}: the {'clip stays as it is' if len(pairs) == 1 else 'song stays as it is'}"
    ours, theirs = onsets_of(before.played), onsets_of(after.played)
    common = (ours & theirs).total()
    new = theirs.total() - common
    stay = f"{common} of {ours.total()} notes stay, {new} {'is' if new == 1 else 'are'} new"
    if len(pairs) == 1:
        return stay
    still = f"; in the others {nothing}, and they stay as they are" if changed < len(pairs) else ""
    return f"{stay}; {changed} of {len(pairs)} windows change{still}"


def parse_amounts(add: list[str], subtract: list[str]) -> dict[str, float]:
    """The amount of every attribute: `density` is 1 of it, `density=0.5` a half; repeated ones add up."""
    if not add + subtract:
        raise typer.BadParameter("say what to change: --add density, or --subtract interval=0.5")
    amounts: defaultdict[str, float] = defaultdict(float)
    for sign, items in ((1, add), (-1, subtract)):
        for item in items:
            name, equals, amount = item.partition("=")
            try:
                value = float(amount if equals else 1)
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise typer.BadParameter(f"{amount!r} is not an amount: write {name}=0.5")
            amounts[name] += sign * value
    if not any(amounts.values()):
        raise typer.BadParameter("all amounts come to 0: nothing would change")
    return dict(amounts)
