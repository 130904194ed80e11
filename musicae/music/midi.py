"""MIDI files and bytes to scores and back.

symusic reads what is plain (25 to 100 times as fast as pretty_midi) and `careful_midi` the rest, mido writes.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import mido  # type: ignore[import-untyped]

from musicae.errors import MusicaeError
from musicae.inputs import read_input
from musicae.music.careful_midi import read_carefully
from musicae.music.channels import DRUM_CHANNEL
from musicae.music.instruments import GENERAL_MIDI
from musicae.music.midi_events import LONGEST_WAIT, damaged
from musicae.music.plain_midi import read_plain
from musicae.music.score import Score, Track

AnyMessage: TypeAlias = mido.Message | mido.MetaMessage

CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]


def read_midi(source: str | Path | bytes, *, strict: bool = False, drums: Sequence[str] = ()) -> Score:
    """The score of a MIDI file, or of its bytes.

    Notes keep the file's own ticks. A file without notes is an empty score. The score ends with its last note. What a
    damaged file has whole is read, and `Score.faults` says what it has not. `careful_midi` and `note_pairing` say how
    the rest is read that the standard leaves open.

    Args:
        strict: a damaged file is an error.
        drums: tracks that are drums whatever the file says, by their numbers from 1 in the score or their names.

    Raises:
        MusicaeError: there is no such file, or it is not MIDI, or it counts time in seconds (SMPTE), or it is damaged
            and no note of it is whole.
    """
    data, name = (source, "the data") if isinstance(source, bytes) else (file_bytes(Path(source)), str(source))
    score = read_plain(data) or read_carefully(data, name)
    if strict and score.faults:
        raise damaged(name, score.faults[0])
    return score.with_drums(drums) if drums else score


def with_names(score: Score) -> Score:
    """The score with its nameless tracks called after their General MIDI instruments, as a DAW shows them."""

    def named(track: Track) -> Track:
        return track if track.name else replace(track, name=instrument_name(track))

    return replace(score, tracks=tuple(named(track) for track in score.tracks))


def instrument_names(score: Score) -> list[str]:
    """The General MIDI instruments that play, and drums, each once."""
    playing = (track for track in score.tracks if len(track.notes))
    return list(dict.fromkeys(instrument_name(track) for track in playing))


def instrument_name(track: Track) -> str:
    """The General MIDI instrument of a track, or drums."""
    return "drums" if track.is_drum else GENERAL_MIDI[track.program]


def midi_bytes(score: Score, text: str | None = None) -> bytes:
    """A MIDI file of the score: the same score and text give the same bytes.

    Every track ends at `score.end`, so that a clip loops on its bar line.

    Args:
        text: written as a text event at the start, e.g. how the score was made.

    Raises:
        MusicaeError: the score is longer than `LONGEST_WAIT`: nothing may come before its end.
    """
    if score.end > LONGEST_WAIT:
        message = f"a score of {score.end} ticks is too long to write"
        raise MusicaeError(message, f"cut it to at most {LONGEST_WAIT} ticks")
    midi = mido.MidiFile(ticks_per_beat=score.ticks_per_quarter, charset="utf8")
    midi.tracks = [_midi_track(messages, score.end) for messages in [_conductor(score, text), *_parts(score)]]
    out = io.BytesIO()
    midi.save(file=out)
    return out.getvalue()


def _midi_track(messages: Iterable[AnyMessage], end: int) -> mido.MidiTrack:
    """A track of messages that say at which tick they are: between them there are waits, and it ends at a tick."""
    track = mido.MidiTrack(sorted(messages, key=_order))
    last = max(end, track[-1].time) if track else end
    track.append(mido.MetaMessage("end_of_track", time=last))
    ticks = [0, *(message.time for message in track)]
    for message, (before, tick) in zip(track, itertools.pairwise(ticks), strict=True):
        message.time = tick - before
    return track


def _order(message: AnyMessage) -> tuple[int, ...]:
    """Where a message comes: at one tick notes are last, by pitch, and of one pitch ends come before starts."""
    return (message.time, message.note, message.velocity) if message.type == "note_on" else (message.time, -1)


def _conductor(score: Score, text: str | None) -> Iterator[mido.MetaMessage]:
    """What all tracks have in common, on a track of its own."""
    if text is not None:
        yield mido.MetaMessage("text", text=text)
    for tempo in score.tempi:
        yield mido.MetaMessage("set_tempo", tempo=round(60e6 / tempo.tempo_qpm), time=tempo.tick)
    for meter in score.meters:
        sizes = {"numerator": meter.numerator, "denominator": meter.denominator}
        yield mido.MetaMessage("time_signature", **sizes, time=meter.tick)
    for marker in score.markers:
        yield mido.MetaMessage("marker", text=marker.text, time=marker.tick)


def _parts(score: Score) -> list[list[AnyMessage]]:
    """The messages of every track: its name, its program and its notes."""
    channels = _channels(score)
    parts: list[list[AnyMessage]] = []
    for track, channel in zip(score.tracks, channels, strict=True):
        messages = [mido.MetaMessage("track_name", name=track.name)] if track.name else []
        for start, end, pitch, velocity in track.notes.rows():
            messages.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=start))
            messages.append(mido.Message("note_on", channel=channel, note=pitch, velocity=0, time=end))
        parts.append(messages)
    for tick, number in _program_changes(score, channels):
        program = score.tracks[number].program
        parts[number].append(mido.Message("program_change", channel=channels[number], program=program, time=tick))
    return parts


def _program_changes(score: Score, channels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """When which tracks set the programs of their channels, by tick and number.

    At the start; but tracks of several programs on one channel do so whenever they come in, or all would sound like
    the last of them.
    """
    programs: dict[int, set[int]] = {channel: set() for channel in channels}
    for channel, track in zip(channels, score.tracks, strict=True):
        programs[channel].add(track.program)
    starts = set()
    for number, (channel, track) in enumerate(zip(channels, score.tracks, strict=True)):
        if len(programs[channel]) == 1:
            yield 0, number
        else:
            starts |= {(tick, number) for tick in track.notes.start.tolist()}
    current: dict[int, int] = {}
    for tick, number in sorted(starts):
        channel, program = channels[number], score.tracks[number].program
        if current.get(channel) != program:
            yield tick, number
        current[channel] = program


def _channels(score: Score) -> list[int]:
    """A channel for every track, shared with tracks that play at other times, or else with those of its program."""
    taken: dict[int, list[tuple[int, set[int]]]] = {channel: [] for channel in CHANNELS}
    found = []
    for track in score.tracks:
        if track.is_drum:
            found.append(DRUM_CHANNEL)
            continue
        spans = zip(track.notes.start.tolist(), track.notes.end.tolist(), strict=True)
        quarter = score.ticks_per_quarter
        played = {beat for start, end in spans for beat in range(start // quarter, (end - 1) // quarter + 1)}

        def clash(channel: int, program: int = track.program, played: set[int] = played) -> tuple[int, int, int]:
            at_once = {True: 0, False: 0}
            for other, beats in taken[channel]:
                at_once[other == program] += len(beats & played)
            return at_once[False], at_once[True], len(taken[channel])

        found.append(min(CHANNELS, key=clash))
        taken[found[-1]].append((track.program, played))
    return found


def file_bytes(path: Path) -> bytes:
    """The content of a MIDI file, whatever it is.

    Raises:
        MusicaeError: it cannot be read.
    """
    try:
        return read_input(path)
    except FileNotFoundError as error:
        raise MusicaeError(f"no such file: {path}", "check the path; a MIDI file ends in .mid or .midi") from error
    except IsADirectoryError as error:
        raise MusicaeError(f"{path} is a folder, not a MIDI file", "name one file of the folder") from error
    except (OSError, ValueError) as error:
        raise MusicaeError(f"cannot read {path}: {error}", "check the path and its permissions") from error
