"""Other programs in MIDI files, as a synthesizer hears them: it merges the tracks, and a channel has one program."""

from __future__ import annotations

import io
import random
from collections import Counter
from itertools import pairwise

import mido  # type: ignore[import-untyped]
import pytest

from musicae.errors import MusicaeError
from musicae.music.midi import read_midi
from musicae.music.midi_editing import EditableMidi
from musicae.music.midi_transformation import transformed
from tests.helpers.midi_bytes import EIGHTHS, event, meta, smf, tune

Heard = Counter[tuple[int, int, int]]
LEFT, RIGHT = [pitch - 24 for pitch in EIGHTHS], EIGHTHS
SETTING = 7, 10, 64
"""Volume, pan and pedal."""


def played(data: bytes) -> list[tuple[int, mido.Message, int, dict[int, int]]]:
    """Every note that is struck: its tick, its message, and the program and controllers that its channel then has."""
    tick, programs, controls, found = 0, [0] * 16, [dict[int, int]() for _ in range(16)], []
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(data)).tracks):
        tick += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "control_change":
            controls[message.channel][message.control] = message.value
        elif message.type == "note_on" and message.velocity:
            found.append((tick, message, programs[message.channel], dict(controls[message.channel])))
    return found


def heard(data: bytes) -> Heard:
    return Counter((tick, message.note, program) for tick, message, program, _ in played(data))


def wanted(file: EditableMidi, programs: dict[int, int]) -> Heard:
    """What is to be heard where some tracks of the score get other programs."""
    tracks = enumerate(file.score.tracks)
    return Counter(
        (start, pitch, programs.get(number, track.program))
        for number, track in tracks
        for start, _, pitch, _ in track.notes.rows()
    )


def hands(*conductor: bytes) -> EditableMidi:
    return EditableMidi.open(smf(b"".join(conductor), tune(RIGHT), tune(LEFT)))


@pytest.mark.parametrize("programs", [{0: 40, 1: 42}, {0: 40}, {1: 42}, {0: 40, 1: 40}])
@pytest.mark.parametrize("said", [b"", event(0, 0xC0, 5)])
def test_tracks_of_one_channel_play_what_each_is_to_play(programs: dict[int, int], said: bytes) -> None:
    file = hands(said)
    data = transformed(file, programs=programs)
    assert heard(data) == wanted(file, programs)
    channels = {message.channel for _, message, _, _ in played(data)}
    assert channels == ({0} if len(set(programs.values())) < len(programs) else {0, 1})


def test_tracks_that_say_programs_of_their_own_at_one_tick_part() -> None:
    file = EditableMidi.open(smf(event(0, 0xC0, 5) + tune(RIGHT), event(0, 0xC0, 6) + tune(LEFT)))
    assert heard(transformed(file, programs={0: 40})) == wanted(file, {0: 40})


def test_programs_are_exchanged_at_once() -> None:
    file = EditableMidi.open(smf(tune(EIGHTHS) + event(0, 0xC0, 40) + tune(EIGHTHS)))
    assert [track.program for track in file.score.tracks] == [0, 40]
    for programs in ({0: 40, 1: 42}, {0: 40, 1: 0}):
        assert heard(transformed(file, programs=programs)) == wanted(file, programs)


def test_what_is_said_of_a_channel_is_said_of_both() -> None:
    setting = b"".join(event(0, 0xB0, control, 100 + place) for place, control in enumerate(SETTING))
    banks = event(0, 0xB0, 0, 8) + event(0, 0xB0, 32, 3)
    file = hands(setting, banks)
    found = played(transformed(file, programs={1: 42}))
    assert all(
        {control: controls[control] for control in SETTING} == {7: 100, 10: 101, 64: 102} for *_, controls in found
    )
    assert {(program, 0 in controls, 32 in controls) for _, _, program, controls in found} == {
        (0, True, True),
        (42, False, False),
    }


def test_drums_that_a_bank_makes_stay_drums() -> None:
    file = EditableMidi.open(smf(tune(EIGHTHS) + event(0, 0xB0, 0, 120) + tune(EIGHTHS)))
    assert [(track.program, track.is_drum) for track in file.score.tracks] == [(0, False), (0, True)]
    after = read_midi(transformed(file, programs={0: 40}))
    assert [(track.program, track.is_drum, len(track.notes)) for track in after.tracks] == [
        (40, False, len(EIGHTHS)),
        (40, True, len(EIGHTHS)),
    ]


def test_drums_that_share_a_channel_stay_there() -> None:
    data = smf(tune(RIGHT), meta(0, 3, b"Kit") + tune(LEFT))
    file = EditableMidi.open(data, drums=["Kit"])
    channels = {
        message.note in LEFT: message.channel for _, message, _, _ in played(transformed(file, programs={0: 9}))
    }
    assert channels == {True: 0, False: 1}


def test_without_a_free_channel_tracks_cannot_part() -> None:
    others = [tune(EIGHTHS, channel) for channel in range(1, 16)]
    file = EditableMidi.open(smf(tune(RIGHT), tune(LEFT), *others))
    with pytest.raises(MusicaeError, match="2 instruments cannot share channel 1, and 0 others are free"):
        transformed(file, programs={0: 40})
    assert heard(transformed(file, programs={0: 40, 1: 40})) == wanted(file, {0: 40, 1: 40})


@pytest.mark.parametrize("seed", range(30))
def test_every_track_plays_what_it_is_to_play(seed: int) -> None:
    """Tracks share channels, and say programs between the notes, in whatever track."""
    r = random.Random(seed)
    ticks = iter(r.sample(range(1, 400), 40))
    tracks: list[list[tuple[int, bytes]]] = [[] for _ in range(4)]
    for number, of_track in enumerate(tracks):
        for pitch in range(60 + 10 * number, 68 + 10 * number):
            channel, start = r.choice((0, 0, 1)), 10 * next(ticks)
            of_track += [(start, bytes([0x90 | channel, pitch, 9])), (start + 5, bytes([0x80 | channel, pitch, 0]))]
    for _ in range(r.randrange(8)):
        r.choice(tracks).append((10 * next(ticks), bytes([0xC0 | r.choice((0, 1)), r.choice((0, 1, 2))])))
    rows = [[(0, b""), *sorted(of_track)] for of_track in tracks]
    data = smf(*(b"".join(event(now - before, *one) for (before, _), (now, one) in pairwise(x)) for x in rows))
    file = EditableMidi.open(data)
    assert heard(data) == wanted(file, {})
    programs = {number: r.randrange(3) for number in range(len(file.score.tracks)) if r.random() < 0.6}
    assert heard(transformed(file, programs=programs)) == wanted(file, programs)
