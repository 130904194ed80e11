"""MIDI files and bytes to scores and back: the only place that knows ticks, seconds and MIDI libraries.

symusic reads what is plain (25 to 100 times as fast as pretty_midi) and `careful_midi` the rest, pretty_midi is the
object people know, mido writes the bytes.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import mido  # type: ignore[import-untyped]
import pretty_midi  # type: ignore[import-untyped]

from musicae.errors import MusicaeError
from musicae.inputs import read_input
from musicae.music.careful_midi import read_carefully
from musicae.music.channels import DRUM_CHANNEL
from musicae.music.midi_events import damaged
from musicae.music.plain_midi import read_plain
from musicae.music.score import Score, Track

LARGEST_TICK = 10_000_000
"""pretty_midi holds a float for every tick, so that nothing longer is written: 12 days of music at 120 qpm, 24 ticks
a quarter; 87 minutes of it at 960."""

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
    data, name = (source, "MIDI data") if isinstance(source, bytes) else (file_bytes(Path(source)), str(source))
    score = read_plain(data) or read_carefully(data, name)
    if strict and score.faults:
        raise damaged(name, score.faults[0])
    return score.with_drums(drums) if drums else score


def to_pretty_midi(score: Score) -> pretty_midi.PrettyMIDI:
    """The score as pretty_midi's object, in seconds.

    Raises:
        MusicaeError: the score is longer than `LARGEST_TICK`.
    """
    if score.end > LARGEST_TICK:
        raise MusicaeError(
            f"a score of {score.end} ticks is too long to write", f"cut it to at most {LARGEST_TICK} ticks"
        )
    midi = pretty_midi.PrettyMIDI(resolution=score.ticks_per_quarter, charset="utf8")
    # pretty_midi has no other door for tempo changes; its own reader fills the same two fields.
    midi._tick_scales = [(t.tick, 60.0 / (t.tempo_qpm * score.ticks_per_quarter)) for t in score.tempi]
    midi._update_tick_to_time(score.end + 1)
    for meter in score.meters:
        time = midi.tick_to_time(meter.tick)
        midi.time_signature_changes.append(pretty_midi.TimeSignature(meter.numerator, meter.denominator, time))
    for track in score.tracks:
        instrument = pretty_midi.Instrument(track.program, is_drum=track.is_drum, name=track.name)
        instrument.notes = [
            pretty_midi.Note(velocity, pitch, midi.tick_to_time(start), midi.tick_to_time(end))
            for start, end, pitch, velocity in track.notes.rows()
        ]
        midi.instruments.append(instrument)
    return midi


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
    return "drums" if track.is_drum else pretty_midi.program_to_instrument_name(track.program)


def midi_bytes(score: Score, text: str | None = None) -> bytes:
    """A MIDI file of the score: the same score and text give the same bytes.

    Every track ends at `score.end`, so that a clip loops on its bar line.

    Args:
        text: written as a text event at the start, e.g. how the score was made.
    """
    written = io.BytesIO()
    to_pretty_midi(score).write(written)
    midi = mido.MidiFile(file=io.BytesIO(written.getvalue()), charset="utf8")
    tempo_events = (message for message in midi.tracks[0] if message.type == "set_tempo")
    for event, tempo in zip(tempo_events, score.tempi, strict=True):
        event.tempo = round(60e6 / tempo.tempo_qpm)  # pretty_midi cuts the fraction off: 120 qpm can become 120.0002
    _assign_channels(midi.tracks[1:], score)
    midi.tracks[0] = mido.merge_tracks([midi.tracks[0], _marker_track(score)])
    for track in midi.tracks:
        *events, end_of_track = track
        end_of_track.time = max(0, score.end - sum(event.time for event in events))
    if text is not None:
        midi.tracks[0].insert(0, mido.MetaMessage("text", text=text, time=0))
    out = io.BytesIO()
    midi.save(file=out)
    return out.getvalue()


def _marker_track(score: Score) -> mido.MidiTrack:
    ticks = [0, *(marker.tick for marker in score.markers)]
    return mido.MidiTrack(
        mido.MetaMessage("marker", text=marker.text, time=tick - before)
        for marker, (before, tick) in zip(score.markers, itertools.pairwise(ticks), strict=True)
    )


def _assign_channels(tracks: Sequence[mido.MidiTrack], score: Score) -> None:
    """Gives every track its channel; tracks of several programs on one channel set theirs whenever they come in.

    pretty_midi deals channels out in turn, to drums as well, and sets all programs at the start: of tracks on one
    channel, all would sound like the last.
    """
    channels = _channels(score)
    programs: dict[int, set[int]] = {channel: set() for channel in range(16)}
    for channel, track in zip(channels, score.tracks, strict=True):
        programs[channel].add(track.program)
    starts = []
    for number, (track, channel) in enumerate(zip(tracks, channels, strict=True)):
        for message in track:
            if not message.is_meta:
                message.channel = channel
        if len(programs[channel]) == 1:
            continue
        track[:] = [message for message in track if message.type != "program_change"]  # all at the start, at time 0
        for place, tick in enumerate(itertools.accumulate(message.time for message in track)):
            if track[place].type == "note_on" and track[place].velocity:
                starts.append((tick, number, place))
    _change_programs(tracks, starts, score)


def _change_programs(tracks: Sequence[mido.MidiTrack], starts: list[tuple[int, int, int]], score: Score) -> None:
    """Sets programs where notes start, by their tick, track and place in it, on channels that have another one."""
    current: dict[int, int] = {}
    changes = []
    for _, number, place in sorted(starts):
        channel, program = tracks[number][place].channel, score.tracks[number].program
        if current.get(channel) != program:
            changes.append((number, place))
        current[channel] = program
    for number, place in sorted(changes, reverse=True):
        note, program = tracks[number][place], score.tracks[number].program
        change = mido.Message("program_change", channel=note.channel, program=program, time=note.time)
        tracks[number][place : place + 1] = [change, note.copy(time=0)]


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
