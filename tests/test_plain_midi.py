"""What symusic reads is what is read carefully, and what it would read wrong it is not asked for."""

import pytest

from musicae.music.careful_midi import read_carefully
from musicae.music.midi import read_midi
from musicae.music.plain_midi import read_plain
from tests.helpers.midi_bytes import EIGHTHS, RandomFile, event, meta, meter, smf, sysex, tempo, tune

COMMON = tempo(0, 500_000) + meter(0, 4, 2) + meta(0, 3, b"tune")


def test_plain_files_are_read_fast_and_as_they_are_read_carefully() -> None:
    plain = [smf(COMMON + event(0, 0xC0, 5) + tune(EIGHTHS)), smf(COMMON, tune(EIGHTHS), tune(EIGHTHS, 9)), smf(b"")]
    for data in plain:
        assert read_plain(data) == read_carefully(data, "")


def test_random_files_are_read_alike_or_not_at_all() -> None:
    files = [RandomFile(seed, slips=seed % 2 > 0).data for seed in range(400)]
    read = [(read_plain(data), read_carefully(data, "")) for data in files]
    assert all(fast == slow for fast, slow in read if fast is not None)
    assert sum(fast is not None for fast, _ in read) >= 10


@pytest.mark.parametrize(
    "data",
    [
        smf(COMMON + sysex(0, 1, 2) + tune(EIGHTHS)),
        smf(COMMON + event(0, 0xC1, 5), tune(EIGHTHS, 1)),
        smf(COMMON + event(0, 0xB0, 0, 127) + tune(EIGHTHS)),
        smf(COMMON, tempo(0, 400_000) + tune(EIGHTHS)),
        smf(meta(0, 0x51, b"\1") + tune(EIGHTHS)),
        smf(tune(EIGHTHS) + event(0, 0x90, 60, 90)),
        smf(tune(EIGHTHS) + event(0, 0x90, 60, 90) + event(0, 0x80, 60, 0)),
        smf(tune(EIGHTHS))[:-1],
        smf(tune(EIGHTHS)) + b"\0",
        smf(event(0, 0xB0, 7, 255) + tune(EIGHTHS)),
    ],
)
def test_what_is_unusual_is_not_plain(data: bytes) -> None:
    assert read_plain(data) is None


@pytest.mark.parametrize("waits", [8, 16])
def test_ticks_beyond_31_bits_are_read_carefully(waits: int) -> None:
    far = b"".join(meta(2**28 - 1, 1, b"") for _ in range(waits))
    data = smf(COMMON + tune(EIGHTHS) + far + meter(0, 3, 2) + tune(EIGHTHS))
    assert read_plain(data) is None
    score = read_midi(data)
    assert [one.tick for one in score.meters] == [0, waits * (2**28 - 1) + 3840]


def test_texts_in_other_scripts_are_no_long_waits() -> None:
    lyrics = b"".join(meta(0, 5, "かえる ".encode()) for _ in range(20))
    data = smf(COMMON + lyrics + tune(EIGHTHS))
    assert read_plain(data) == read_carefully(data, "") != None  # noqa: E711


def test_strays_behind_overlapping_notes_are_not_overlooked() -> None:
    """Without its last note-off the file is plain; with it, the one before came twice, and the last is the note's."""
    legato = event(0, 0x90, 60, 90) + event(200, 0x90, 60, 90) + event(40, 0x80, 60, 0) + event(0, 0x80, 60, 0)
    assert read_plain(smf(legato)) == read_carefully(smf(legato), "")
    assert read_plain(smf(legato + event(240, 0x80, 60, 0))) is None


def test_notes_struck_together_do_not_hide_a_lost_note_off() -> None:
    """Three note-ons at once and two note-offs: the third is made up for by a note-off behind everything."""
    on, off = (
        [event(delta, status, 60, velocity) for delta in (0, 10, 80)] for status, velocity in ((144, 90), (128, 0))
    )
    events = [*on[:1] * 3, off[1], off[1], *(on[2], off[2]) * 3, off[2]]
    data = smf(b"".join(events))
    fast, slow = read_plain(data), read_carefully(data, "")
    assert fast is None or fast == slow
    assert slow.tracks[0].notes.rows()[0] == (0, 20, 60, 90)


@pytest.mark.parametrize("where", [0, 1])
def test_a_stray_in_another_track_is_no_doubt(where: int) -> None:
    """A note-off that ends nothing is asked for only in tracks in which notes may be paired in several ways."""
    legato = event(0, 0x90, 60, 90) + event(200, 0x90, 60, 90) + event(40, 0x80, 60, 0) + event(0, 0x80, 60, 0)
    tracks = [legato, tune(EIGHTHS, 1)]
    tracks[where] += event(240, 0x80 | where, 60, 0)
    fast = read_plain(smf(*tracks))
    assert (fast is None) == (where == 0)
    assert fast is None or fast == read_carefully(smf(*tracks), "")
