"""Files as sequencers really write them are read as a musician would."""

import itertools

import numpy as np
import pytest

from musicae.errors import MusicaeError
from musicae.music.chord_inference import infer
from musicae.music.midi import read_midi
from musicae.music.score import Meter, Score, Tempo
from tests.helpers.midi_bytes import (
    BEAT,
    EIGHTHS,
    RandomFile,
    chunk,
    event,
    header,
    meta,
    meter,
    smf,
    sysex,
    tempo,
    tune,
)

TUNE = [(240 * number, 240 * (number + 1), pitch) for number, pitch in enumerate(EIGHTHS)]
AGAIN = [(start + 3840, end + 3840, pitch) for start, end, pitch in TUNE]
HITS = [(240 * number, pitch) for number, pitch in enumerate(BEAT)]


def notes(data: bytes, track: int = 0) -> list[tuple[int, int, int]]:
    return [(start, end, pitch) for start, end, pitch, _ in read_midi(data).tracks[track].notes.rows()]


def running(pitches: list[int], *, status: bool = True) -> bytes:
    """Eighths in running status, ended by note-ons without velocity."""
    rows = (b"\0%b%c\x5a\x81\x70%c\0" % (b"\x90" * (status and not n), p, p) for n, p in enumerate(pitches))
    return b"".join(rows)


@pytest.mark.parametrize("seed", range(300))
def test_random_valid_files_are_read_as_they_are_meant(seed: int) -> None:
    file = RandomFile(seed, slips=seed % 4 > 0)
    assert read_midi(file.data) == file.score


@pytest.mark.slow
def test_five_thousand_random_valid_files_are_read_as_they_are_meant() -> None:
    for seed in range(1000, 6000):
        file = RandomFile(seed, slips=seed % 4 > 0)
        assert read_midi(file.data) == file.score, seed


PACKETS = {
    "in two packets": b"\0\xf0\5\x41\x10\x42\x12\x40" + b"\0\xf7\6\0\x7f\0\x41\0\xf7",
    "in three packets, later": b"\0\xf0\3\x43\x12\0" + b"\0\xf7\2\x43\x12" + b"\0\xf7\3\x43\0\xf7",
    "escaped": b"\0\xf7\3\xf3\1\xff",
    "of bytes like a track's": b"\0\xf7\4\x90\x3c\x40\xff",
    "empty": b"\0\xf0\0",
    "long": b"\0\xf0\x81\x10" + bytes(143) + b"\xf7",
}


@pytest.mark.parametrize("packets", PACKETS.values(), ids=PACKETS)
def test_sysex_takes_no_time_however_it_is_packed(packets: bytes) -> None:
    assert notes(smf(tune(EIGHTHS) + packets + tune(EIGHTHS))) == TUNE + AGAIN


@pytest.mark.parametrize("between", [sysex(0, 0x7E, 0x7F, 9, 1), PACKETS["in two packets"], meta(0, 1, b"%+")])
def test_running_status_goes_on_behind_anything(between: bytes) -> None:
    assert notes(smf(running(EIGHTHS) + between + running(EIGHTHS, status=False))) == TUNE + AGAIN


def test_running_status_of_programs_and_pressures_takes_one_byte() -> None:
    programs = event(0, 0xC0, 5) + b"\0\6\0\7"
    pressures = event(0, 0xD0, 5) + b"\0\6"
    score = read_midi(smf(programs + tune(EIGHTHS) + pressures + tune(EIGHTHS)))
    assert [(track.program, len(track.notes)) for track in score.tracks] == [(7, 32)]


def test_a_lost_note_off_leaves_the_other_notes_alone() -> None:
    out, wait = b"", 0
    for number, pitch in enumerate([60, 64, 67, 72] * 4):
        out += event(wait, 0x90, pitch, 90) + (event(120, 0x80, pitch, 0) if number else b"")
        wait = 360 if number else 480
    found = notes(smf(out))
    assert found[0] == (0, 1920, 60)
    assert found[1:] == [(480 * n, 480 * n + 120, p) for n, p in enumerate([60, 64, 67, 72] * 4)][1:]


def piano(*holes: tuple[int, int]) -> bytes:
    """Sixteen bars of chords, half notes, of which some (bar, pitch) have no note-off."""
    chords = [(60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67), (57, 60, 64), (65, 69, 72), (62, 65, 69)]
    out, wait = b"", 0
    for bar, chord in enumerate([*chords, (67, 71, 74)] * 2):
        out += b"".join(event(0 if n else wait, 0x90, pitch, 80) for n, pitch in enumerate(chord))
        left = [pitch for pitch in chord if (bar, pitch) not in holes]
        out += b"".join(event(0 if n else 960, 0x80, pitch, 0) for n, pitch in enumerate(left))
        wait = 960
    return smf(out)


@pytest.mark.parametrize("holes", [[(0, 60)], [(0, 60), (5, 65)], [(2, 74)], [(1, 69), (9, 72), (12, 57)]])
def test_lost_note_offs_change_no_chord(holes: list[tuple[int, int]]) -> None:
    starts = np.arange(16) * 1920
    whole, holed = (infer(read_midi(data), starts, 1920).tolist() for data in (piano(), piano(*holes)))
    assert holed == whole


def test_the_last_note_sounds_to_the_end_of_the_track() -> None:
    data = header(1) + chunk(tune(EIGHTHS) + event(0, 0x90, 79, 90), end=meta(960, 0x2F))
    assert notes(data) == [*TUNE, (3840, 4800, 79)]


@pytest.mark.parametrize("note_off", [True, False], ids=["without length", "without note-off"])
def test_hits_of_drums_need_no_length(note_off: bool) -> None:
    hits = (event(240 if n else 0, 0x99, p, 100) + event(0, 0x89, p, 0) * note_off for n, p in enumerate(BEAT))
    (track,) = read_midi(smf(b"".join(hits))).tracks
    assert track.is_drum and [(start, pitch) for start, _, pitch, _ in track.notes.rows()] == HITS
    assert all(0 < end - start <= 60 for start, end, _, _ in track.notes.rows())


def test_conflicts_of_tempo_and_meter_are_the_first_tracks() -> None:
    waltz = tempo(0, 600_000) + meter(0, 3, 2)
    march = tempo(0, 500_000) + meter(0, 4, 2) + tempo(480, 400_000)
    score = read_midi(smf(waltz, march + tune(EIGHTHS), meter(0, 2, 2)))
    assert score.meters == (Meter(0, 3, 4),)
    assert score.tempi == (Tempo(0, 100.0), Tempo(480, 150.0))


@pytest.mark.parametrize("odd", [meta(0, 0x51), meta(0, 0x51, b"\7\xa1"), meta(0, 0x58, b"\3"), meta(0, 0x58, b"\4\2")])
def test_events_of_the_wrong_size_take_nothing_from_others(odd: bytes) -> None:
    score = read_midi(smf(odd + tempo(0, 600_000) + meter(0, 2, 2) + tune(EIGHTHS)))
    assert score.tempi == (Tempo(0, 100.0),) and score.meters == (Meter(0, 2, 4),)
    assert score.faults and score.end == 3840
    alone = read_midi(smf(odd + tune(EIGHTHS)))
    assert alone.tempi == (Tempo(0, 120.0),) and alone.meters == (Meter(0, 4, 4),)


def test_impossible_meters_are_ignored() -> None:
    assert read_midi(smf(meter(0, 4, 32) + tune(EIGHTHS))).meters == (Meter(0, 4, 4),)


DAMAGED = {
    "a value above 127": smf(event(0, 0xB0, 7, 255) + tune(EIGHTHS)),
    "a program above 127": smf(event(0, 0xC1, 200) + tune(EIGHTHS)),
    "tracks that the header does not count": header(1) + chunk(b"") + chunk(tune(EIGHTHS)),
    "tracks that are missing": header(3) + chunk(tune(EIGHTHS)),
    "a length too long": header(1) + chunk(tune(EIGHTHS), length=len(tune(EIGHTHS)) + 7),
    "a length too short": header(1) + chunk(tune(EIGHTHS), length=20),
    "a length too short, and a track": header(2) + chunk(tune(EIGHTHS), length=20) + chunk(tune(BEAT, 9)),
    "a length too long, and a track": header(2)
    + chunk(tune(EIGHTHS), length=len(tune(EIGHTHS)) + 9)
    + chunk(tune(BEAT)),
    "a last byte missing": smf(tune(EIGHTHS))[:-1],
    "no end of track": header(1) + chunk(tune(EIGHTHS), end=b""),
    "tracks that do not begin together": smf(tune(EIGHTHS), tune(BEAT, 9)).replace(b"\0\6\0\1", b"\0\6\0\2"),
    "an event cut off": header(1) + chunk(tune(EIGHTHS) + b"\0\x90", end=b""),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_what_is_whole_of_damaged_files_is_read_and_said_to_be_damaged(data: bytes) -> None:
    score = read_midi(data)
    assert TUNE in [[row[:3] for row in track.notes.rows()] for track in score.tracks]
    assert score.faults and all("\n" not in fault for fault in score.faults)
    with pytest.raises(MusicaeError, match="is damaged"):
        read_midi(data, strict=True)


def test_a_note_cut_off_by_the_end_of_the_file_is_heard() -> None:
    data = smf(tune(EIGHTHS))
    cut = data[: data.rindex(b"\x90\x3c\x5a") + 3]
    assert [note[0] for note in notes(cut)] == [note[0] for note in TUNE]


WRAPPED = {
    "a header of eight bytes": header(1, more=b"\0\0") + chunk(tune(EIGHTHS)),
    "RIFF": b"RIFF" + (len(smf(tune(EIGHTHS))) + 12).to_bytes(4, "little") + b"RMIDdata\0\0\0\0" + smf(tune(EIGHTHS)),
    "MacBinary": bytes(128) + smf(tune(EIGHTHS)),
    "another chunk": header(1) + b"XFIH\0\0\0\3abc" + chunk(tune(EIGHTHS)),
    "zeros behind it": smf(tune(EIGHTHS)) + bytes(100),
}


@pytest.mark.parametrize("data", WRAPPED.values(), ids=WRAPPED)
def test_containers_are_opened(data: bytes) -> None:
    score = read_midi(data)
    assert [row[:3] for row in score.tracks[0].notes.rows()] == TUNE and not score.faults


def test_names_that_are_not_utf_8_are_read_as_latin_1() -> None:
    data = smf(meta(0, 3, "Flöte".encode("latin-1")) + tune(EIGHTHS), meta(0, 3, "笛".encode()) + tune(EIGHTHS, 1))
    assert [track.name for track in read_midi(data).tracks] == ["Flöte", "笛"]


def test_a_note_far_away_leaves_the_others() -> None:
    far = event(0x0FFFFFFF, 0x90, 60, 90) + event(240, 0x80, 60, 0)
    assert notes(smf(tune(EIGHTHS) + far))[:-1] == TUNE


def test_programs_that_tracks_are_split_by_stand_in_order() -> None:
    data = smf(tune([60], 5) + tune([61], 2) + event(0, 0xC5, 9) + tune([62], 5) + event(0, 0xC5, 0) + tune([63], 5))
    found = [(track.program, track.notes.pitch.tolist()) for track in read_midi(data).tracks]
    assert found == [(0, [61]), (0, [60, 63]), (9, [62])]


def test_an_empty_score_stays_empty() -> None:
    assert read_midi(smf(b"", b"")) == Score(480, (), 0)
    assert list(itertools.chain(*(track.notes.rows() for track in read_midi(smf(tune([], 0))).tracks))) == []
