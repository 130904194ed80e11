"""Small MIDI files that ask for much: at most 300 KB each, written byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Event = tuple[int, bytes]
"""A tick, and the bytes of what happens there."""

LARGEST = 300_000
"""Bytes of a bomb."""

BAR = 1920
"""Ticks of a bar of four quarters at 480 ticks a quarter."""

END_OF_TRACK = b"\xff\x2f\x00"


def quantity(value: int) -> bytes:
    """A number as MIDI writes it: seven bits a byte, the highest first."""
    digits = [value & 127]
    while value := value >> 7:
        digits.append(value & 127 | 128)
    return bytes(reversed(digits))


def track_bytes(events: Iterable[Event]) -> bytes:
    """A track of events, which are put in order."""
    body, now = bytearray(), 0
    for tick, event in sorted(events, key=lambda item: item[0]):
        body += quantity(tick - now) + event
        now = tick
    body += b"\x00" + END_OF_TRACK
    return b"MTrk" + len(body).to_bytes(4) + bytes(body)


def file_bytes(*tracks: Iterable[Event], resolution: int = 480) -> bytes:
    """A file of format 1."""
    head = b"MThd" + (6).to_bytes(4) + (1).to_bytes(2) + len(tracks).to_bytes(2) + resolution.to_bytes(2)
    return head + b"".join(track_bytes(track) for track in tracks)


def note(start: int, end: int, pitch: int = 60, channel: int = 0) -> list[Event]:
    """A note."""
    return [(start, bytes([0x90 | channel, pitch, 80])), (end, bytes([0x80 | channel, pitch, 0]))]


def program(number: int, channel: int = 0) -> list[Event]:
    """What makes a channel an instrument."""
    return [(0, bytes([0xC0 | channel, number]))]


def meter(tick: int, numerator: int, power: int) -> Event:
    """A time signature: the denominator is 2 ** power."""
    return tick, bytes([0xFF, 0x58, 4, numerator, power, 24, 8])


def tempo(tick: int, microseconds: int) -> Event:
    """A tempo."""
    return tick, b"\xff\x51\x03" + microseconds.to_bytes(3)


def tune(bars: int = 8, channel: int = 0) -> list[Event]:
    """A scale in quarters, so that there is something to read."""
    return [event for i in range(4 * bars) for event in note(480 * i, 480 * i + 400, 60 + i % 12, channel)]


def _many_tracks() -> bytes:
    """5,000 tracks of a bar each, the last of them 20,000 bars on."""
    return file_bytes(*(program(i % 96) + note(4 * BAR * i, 4 * BAR * i + 960, 40 + i % 48) for i in range(5_000)))


def _many_long_tracks() -> bytes:
    """5,000 tracks, in each of which one note begins at once and one ends 20,000 bars on."""
    end = 19_990 * BAR
    return file_bytes(*(program(i % 96) + note(0, 480, 60) + note(end, end + 480, 64) for i in range(5_000)))


def _many_basses() -> bytes:
    """Thousands of basses beside thousands of melodies and drums."""
    end = 19_990 * BAR
    tracks = (program((33, 0)[i % 2], i % 3) + note(BAR * i, end, 40 + i % 40, i % 3) for i in range(5_000))
    return file_bytes(tune(4, 9), *tracks)


def _many_drum_tracks() -> bytes:
    """6,000 tracks of drums."""
    return file_bytes(*(note(480 * i, 480 * i + 240, 35 + i % 16, 9) for i in range(6_000)))


def _long_notes() -> bytes:
    """20,000 notes, all of which sound for 19,000 bars."""
    rows = [event for i in range(20_000) for event in note(i, 19_000 * BAR + i, 30 + i % 60)]
    return file_bytes(program(0) + rows)


def _long_notes_in_tracks() -> bytes:
    """2,000 tracks of five notes that last 15,000 bars."""
    return file_bytes(
        *(
            program(i % 32) + [e for k in range(5) for e in note(i + k, 15_000 * BAR + i + k, 40 + 5 * k)]
            for i in range(2_000)
        )
    )


def _spread_notes() -> bytes:
    """A note in every bar of 19,000, in two tracks of another program."""
    return file_bytes(
        *(
            program(9 * part) + [e for i in range(9_500) for e in note(2 * BAR * i, 2 * BAR * i + 480, 50 + i % 24)]
            for part in range(2)
        )
    )


def _far_note() -> bytes:
    """A tune, and a note at tick 2^28."""
    return file_bytes(tune() + note(2**28 - 1000, 2**28 - 500))


def _far_track() -> bytes:
    """A tune, and another track that begins a hundred years on."""
    return file_bytes(tune(), note(2**28 - 2000, 2**28 - 1000, 40), tune(4, 9))


def _far_notes_apart() -> bytes:
    """A hundred notes, each two million ticks after the last."""
    return file_bytes(tune() + [e for i in range(1, 130) for e in note(2_000_000 * i, 2_000_000 * i + 480)])


def _many_meters() -> bytes:
    """20,000 changes of meter, a bar each."""
    changes = [meter(960 * i, (2, 3, 4, 7)[i % 4], 2) for i in range(20_000)]
    return file_bytes(changes, tune(400), tune(400, 9))


def _many_meters_and_tracks() -> bytes:
    """9,000 changes of meter over 4,000 tracks."""
    changes = [meter(BAR * i, (3, 4)[i % 2], 2) for i in range(9_000)]
    return file_bytes(changes, *(program(i % 96) + note(2 * BAR * i, 2 * BAR * i + 480) for i in range(4_000)))


def _odd_meters() -> bytes:
    """Bars of 1/2^30 and of 255 quarters, in turn."""
    changes = [meter(1000 * i, (1, 255)[i % 2], (30, 0)[i % 2]) for i in range(15_000)]
    return file_bytes(changes, tune(300))


def _many_tempi() -> bytes:
    """30,000 tempi, among them the slowest and the fastest."""
    return file_bytes([tempo(i, (1, 2**24 - 1, 500_000)[i % 3]) for i in range(30_000)], tune())


def _tiny_resolution() -> bytes:
    """One tick a quarter: 4,000 notes in as many bars."""
    return file_bytes([e for i in range(20_000) for e in note(i, i + 1, 40 + i % 40)], resolution=1)


def _tiny_resolution_far() -> bytes:
    """One tick a quarter, and a note at tick 2^28: 67 million bars."""
    return file_bytes([*note(0, 4), *note(2**28 - 8, 2**28 - 4)], resolution=1)


def _giant_resolution() -> bytes:
    """32,767 ticks a quarter: 30,000 notes within a step."""
    return file_bytes([e for i in range(30_000) for e in note(i, i + 1, 30 + i % 60)], resolution=32_767)


def _one_tick() -> bytes:
    """35,000 notes at one tick."""
    starts = [(0, bytes([0x90, i % 128, 64])) for i in range(35_000)]
    return file_bytes(starts + [(480, bytes([0x80, i % 128, 0])) for i in range(35_000)])


def _one_pitch() -> bytes:
    """30,000 repetitions of a pitch that never ends in between."""
    return file_bytes([(i, bytes([0x90, 60, 64])) for i in range(30_000)] + [(60_000, bytes([0x80, 60, 0]))] * 30_000)


def _many_channels() -> bytes:
    """Sixteen channels and 128 programs in one track, changed at every note."""
    rows = []
    for i in range(15_000):
        rows += [(120 * i, bytes([0xC0 | i % 16, i % 128])), *note(120 * i, 120 * i + 100, 30 + i % 60, i % 16)]
    return file_bytes(rows)


def _empty_tracks() -> bytes:
    """20,000 tracks without a note, and one with a tune."""
    return file_bytes(tune(), *([] for _ in range(20_000)))


def _named_tracks() -> bytes:
    """1,000 tracks with names of 200 characters."""
    return file_bytes(*([(0, b"\xff\x03" + quantity(200) + b"n" * 200), *note(0, 480)] for _ in range(1_000)))


BOMBS: dict[str, Callable[[], bytes]] = {
    function.__name__[1:]: function
    for function in (
        _many_tracks,
        _many_long_tracks,
        _many_basses,
        _many_drum_tracks,
        _long_notes,
        _long_notes_in_tracks,
        _spread_notes,
        _far_note,
        _far_track,
        _far_notes_apart,
        _many_meters,
        _many_meters_and_tracks,
        _odd_meters,
        _many_tempi,
        _tiny_resolution,
        _tiny_resolution_far,
        _giant_resolution,
        _one_tick,
        _one_pitch,
        _many_channels,
        _empty_tracks,
        _named_tracks,
    )
}
"""By name, what writes the file."""
