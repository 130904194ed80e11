"""What symusic reads is what is read carefully, and what it would read wrong it is not asked for."""

import pytest

from musicae.music.careful_midi import read_carefully
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


def test_strays_behind_overlapping_notes_are_not_overlooked() -> None:
    """Without its last note-off the file is plain; with it, the one before came twice, and the last is the note's."""
    legato = event(0, 0x90, 60, 90) + event(200, 0x90, 60, 90) + event(40, 0x80, 60, 0) + event(0, 0x80, 60, 0)
    assert read_plain(smf(legato)) == read_carefully(smf(legato), "")
    assert read_plain(smf(legato + event(240, 0x80, 60, 0))) is None
