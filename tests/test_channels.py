"""Programs and drums belong to channels, in whichever track they are said."""

import pytest

from musicae.music.midi import read_midi
from tests.helpers.midi_bytes import BEAT, EIGHTHS, event, smf, sysex, tune

FLUTE, BASS = event(0, 0xC0, 73), event(0, 0xC1, 33)
GS_RESET = sysex(0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41)


def programs(*tracks: bytes) -> list[int]:
    return [track.program for track in read_midi(smf(*tracks)).tracks]


def drums(*tracks: bytes) -> list[bool]:
    return [track.is_drum for track in read_midi(smf(*tracks)).tracks]


def gs(block: int, mode: int) -> bytes:
    return sysex(0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x10 | block, 0x15, mode, 0x00)


def xg(part: int, mode: int) -> bytes:
    return sysex(0, 0x43, 0x10, 0x4C, 0x08, part, 0x07, mode)


@pytest.mark.parametrize("place", [0, 2])
def test_programs_of_a_setup_track_are_the_channels(place: int) -> None:
    parts = [tune(EIGHTHS), tune(EIGHTHS, 1)]
    parts.insert(place, FLUTE + BASS)
    assert programs(*parts) == [73, 33]


def test_tracks_of_one_channel_share_its_program() -> None:
    assert programs(FLUTE + tune(EIGHTHS), tune(EIGHTHS, first=10)) == [73, 73]


def test_of_programs_at_one_tick_that_of_a_tracks_own_holds() -> None:
    assert programs(FLUTE + tune(EIGHTHS), event(0, 0xC0, 5) + tune(EIGHTHS)) == [73, 5]


def test_a_program_holds_from_its_tick_on_in_all_tracks() -> None:
    score = read_midi(smf(FLUTE + event(480, 0xC0, 40), tune(EIGHTHS[:4])))
    assert {track.program: track.notes.start.tolist() for track in score.tracks} == {73: [0, 240], 40: [480, 720]}


def test_what_a_track_says_later_holds_for_its_later_notes() -> None:
    score = read_midi(smf(FLUTE + BASS, tune(EIGHTHS[:2]) + event(0, 0xC0, 40) + tune(EIGHTHS[:2])))
    assert {track.program: track.notes.start.tolist() for track in score.tracks} == {73: [0, 240], 40: [480, 720]}


@pytest.mark.parametrize(
    "said",
    [
        event(0, 0xB1, 0, 127) + event(0, 0xC1, 0),
        event(0, 0xB1, 7, 100) + b"\0\0\x7f",  # bank select in running status
        event(0, 0xB1, 0, 126),
        event(0, 0xB1, 0, 120),
        gs(2, 1),
        gs(2, 2),
        xg(1, 2),
    ],
)
def test_channels_are_drums_where_the_file_says_so(said: bytes) -> None:
    assert drums(said + tune(BEAT, 1)) == [True]
    assert drums(said, tune(BEAT, 1)) == [True]
    assert drums(said + tune(EIGHTHS, 2)) == [False]


def test_channel_ten_can_be_pitched() -> None:
    assert drums(tune(BEAT, 9)) == [True]
    assert drums(gs(0, 0) + tune(EIGHTHS, 9)) == [False]
    assert drums(xg(9, 0) + tune(EIGHTHS, 9)) == [False]
    assert drums(event(0, 0xB9, 0, 121) + tune(EIGHTHS, 9)) == [False]


def test_bank_127_of_a_gs_file_is_no_drums() -> None:
    for bank in (126, 127):
        assert drums(GS_RESET + event(0, 0xB1, 0, bank) + tune(EIGHTHS, 1)) == [False]


def test_another_bank_ends_the_drums() -> None:
    said = event(0, 0xB1, 0, 127) + tune(BEAT[:2], 1) + event(0, 0xB1, 0, 0) + tune(EIGHTHS[:2], 1)
    assert {track.is_drum: track.notes.start.tolist() for track in read_midi(smf(said)).tracks} == {
        True: [0, 240],
        False: [480, 720],
    }
