"""What a channel plays at the time of a note: its program, and whether it is drums.

Both belong to the channel, in whichever track they are said: the change that came last before a note holds, in any
track; of changes at one tick the one in the note's own track, where tracks that share a channel have programs of their
own. Channel 10 is drums, as General MIDI has it; others are where the file says so: by a SysEx of Roland (GS, "use for
rhythm part") or Yamaha (XG, part mode), or by bank select 127 or 126 (XG) or 120 (General MIDI 2). The same SysEx, or
bank select 121 (General MIDI 2), can make channel 10 a pitched one. Banks 127 and 126 of a file that resets a GS device
are pitched banks of Roland's, and no drums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.midi_events import CONTROL, PROGRAM, SYSEX, Events, PerNote

DRUM_CHANNEL = 9
BANK_SELECT = 0
XG_DRUM_BANKS, GM2_DRUM_BANK, GM2_MELODY_BANK = (126, 127), 120, 121
UNSAID = -1
"""What holds of a channel where nothing was said before."""


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """What is said of channels: the number of the event, the channel and the value."""

    event: Integer[np.ndarray, " change"]
    channel: Integer[np.ndarray, " change"]
    value: Integer[np.ndarray, " change"]


def programs_at(events: Events, notes: PerNote) -> PerNote:
    """The program of every note-on, by its number; 0 where none is said."""
    return np.maximum(said_programs(events, notes), 0)


def said_programs(events: Events, notes: PerNote) -> PerNote:
    """The program that is said of every note-on, by its number; `UNSAID` where none is."""
    found = events.of(PROGRAM)
    return _at_notes(events, _Changes(found, events.channel[found], events.first[found]), notes)


def drums_at(events: Events, notes: PerNote) -> Bool[np.ndarray, " note"]:
    """Whether every note-on, by its number, is drums."""
    declared, is_gs = _declared(events)
    said = _at_notes(events, declared, notes)
    found = events.of(CONTROL, BANK_SELECT)
    banks = _at_notes(events, _Changes(found, events.channel[found], events.second[found]), notes)
    by_channel = (events.channel[notes] == DRUM_CHANNEL) & (banks != GM2_MELODY_BANK)
    by_bank: Bool[np.ndarray, " note"] = (banks == GM2_DRUM_BANK) | np.isin(banks, XG_DRUM_BANKS) & (not is_gs)
    return np.where(said == UNSAID, by_channel, said > 0) | by_bank


def _declared(events: Events) -> tuple[_Changes, bool]:
    """Which channels SysEx events make drums (1) or pitched (0), and whether one of them resets a GS device."""
    rows, is_gs = [], False
    for event in events.of(SYSEX).tolist():
        match list(events.payload(event)[:_LONGEST]):
            case [0x41, _, 0x42, 0x12, 0x40, 0x00, 0x7F, *_]:
                is_gs = True
            case [0x41, _, 0x42, 0x12, 0x40, part, 0x15, mode, *_] if part >> 4 == 1:
                rows.append((event, _GS_CHANNELS[part & 15], int(mode > 0)))
            case [0x43, device, 0x4C, 0x08, part, 0x07, mode, *_] if device >> 4 == 1 and part < 16:
                rows.append((event, part, int(mode > 0)))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return _Changes(table[:, 0], table[:, 1], table[:, 2]), is_gs


def _at_notes(events: Events, changes: _Changes, notes: PerNote) -> PerNote:
    """The value that holds at every note-on; `UNSAID` where nothing was said before."""
    if not len(changes.event):
        return np.full(len(notes), UNSAID)
    track, channel = events.track[notes], events.channel[notes]
    places, place = events.track[changes.event] << 4 | changes.channel, track << 4 | channel
    bits = len(events.track).bit_length()
    order = np.argsort(places << bits | changes.event)
    last = np.searchsorted((places << bits | changes.event)[order], place << bits | notes) - 1
    last = order[last]
    values = np.where((places[last] == place) & (changes.event[last] < notes), changes.value[last], UNSAID)
    used = np.zeros((16, len(events.end)), dtype=bool)
    used[channel, track] = used[changes.channel, events.track[changes.event]] = True
    for shared in np.flatnonzero(used.sum(axis=1) > 1).tolist():
        mine, where = changes.channel == shared, np.flatnonzero(channel == shared)
        values[where] = _on_channel(events, changes.event[mine], changes.value[mine], notes[where])
    return values


def _on_channel(
    events: Events, changes: Integer[np.ndarray, " change"], said: Integer[np.ndarray, " change"], notes: PerNote
) -> PerNote:
    """The same on a channel that several tracks use."""
    values, since, own_said = np.full(len(notes), UNSAID), np.full(len(notes), -1), np.zeros(len(notes), dtype=bool)
    track, tick = events.track[notes], events.tick[notes]
    for source in np.unique(events.track[changes]).tolist():
        inside = events.track[changes] == source
        own = track == source
        at, when, value = changes[inside], events.tick[changes[inside]], said[inside]
        # In its own track a change counts for the notes that stand after it, in others for those of its tick as well.
        last = np.where(own, np.searchsorted(at, notes), np.searchsorted(when, tick, side="right")) - 1
        wins = (last >= 0) & ((when[last] > since) | (when[last] == since) & ~own_said)
        values[wins], since[wins], own_said[wins] = value[last[wins]], when[last[wins]], own[wins]
    return values


_GS_CHANNELS = (9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15)
"""The channels of the parts of a GS device, whose blocks begin with the drums'."""
_LONGEST = 16
"""Bytes of a SysEx that are looked at."""
