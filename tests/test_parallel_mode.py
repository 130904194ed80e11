"""The parallel mode by the rule: thirds, sixths and sevenths, and which sevenths are leading tones."""

from __future__ import annotations

import pytest

from musicae.music.key import Key
from musicae.music.midi import midi_bytes
from musicae.music.midi_editing import EditableMidi
from musicae.music.midi_transformation import in_other_key
from musicae.music.parallel_mode import in_parallel_mode
from musicae.music.score import Notes, Score, Track
from tests.helpers.midi_bytes import EIGHTHS, meta, smf, tune

NO_MELODY = Notes.of(())


def chords(*pitches: tuple[int, ...]) -> Score:
    """Half notes, above a drum that is called as the third."""
    rows = [(960 * i, 960 * i + 960, pitch, 80) for i, chord in enumerate(pitches) for pitch in chord]
    end = 960 * len(pitches)
    return Score(480, (Track(Notes.of(rows)), Track(Notes.of([(0, 60, 40, 90)]), is_drum=True)), end)


def pitches_of(score: Score) -> list[int]:
    return score.tracks[0].notes.pitch.tolist()


@pytest.mark.parametrize("tonic", range(12))
def test_thirds_sixths_and_sevenths_go_down_and_come_back(tonic: int) -> None:
    scale = [48 + tonic + step for step in (0, 2, 4, 5, 7, 9, 11, 12)]
    minor = [48 + tonic + step for step in (0, 2, 3, 5, 7, 8, 10, 12)]
    score = chords(*((pitch,) for pitch in scale))
    down = in_parallel_mode(score, tonic, minor=True, melody=NO_MELODY)
    assert pitches_of(down) == minor and down.tracks[1] == score.tracks[1]
    assert pitches_of(in_parallel_mode(down, tonic, minor=False, melody=NO_MELODY)) == scale


def test_the_leading_tone_stays_in_the_dominant() -> None:
    score = chords((55, 59, 62), (52, 55, 59), (59, 62, 65, 67))
    assert pitches_of(in_parallel_mode(score, 0, minor=True, melody=NO_MELODY)) == [
        *(55, 59, 62),
        *(51, 55, 58),
        *(59, 62, 65, 67),
    ]


def test_within_half_a_bar_all_sevenths_are_alike() -> None:
    broken = Notes.of((240 * i, 240 * i + 240, pitch, 80) for i, pitch in enumerate((55, 59, 62, 59, 52, 59, 55, 59)))
    score = Score(480, (Track(broken), Track(Notes.of([(0, 120, 64, 80)]))), end=1920)
    found = in_parallel_mode(score, 0, minor=True, melody=NO_MELODY)
    assert pitches_of(found) == [55, 59, 62, 59, 51, 58, 55, 58]


@pytest.mark.parametrize(("pitch", "expected"), [(70, 58), (71, 59), (72, 59)])
def test_sevenths_go_along_with_the_melody(pitch: int, expected: int) -> None:
    melody = Notes.of([(480, 960, pitch, 90)])
    assert pitches_of(in_parallel_mode(chords((55, 59, 62)), 0, minor=True, melody=melody))[1] == expected


def test_what_would_leave_midi_moves_by_an_octave_and_nothing_is_doubled() -> None:
    low = in_parallel_mode(chords((0,), (3, 4)), 8, minor=True, melody=NO_MELODY)
    assert pitches_of(low) == [11, 3, 4]
    same = in_parallel_mode(chords((63, 64)), 0, minor=True, melody=NO_MELODY)
    assert pitches_of(same) == [63]


def test_signatures_of_the_key_change_and_others_stay() -> None:
    def signatures(data: bytes) -> list[bytes]:
        return [data[i + 3 : i + 5] for i in range(len(data)) if data[i : i + 3] == b"\xff\x59\x02"]

    for sharps in range(-7, 8):
        key = Key(7 * sharps % 12)
        of_key = EditableMidi.open(smf(meta(0, 0x59, sharps.to_bytes(1, signed=True) + b"\x00") + tune(EIGHTHS)))
        (found,) = signatures(in_other_key(of_key, {}, key, Key(key.tonic, minor=True)))
        assert found[1] == 1 and (int.from_bytes(found[:1], signed=True) + 3 - sharps) % 12 == 0
    written = smf(meta(0, 0x59, b"\x02\x00") + tune(EIGHTHS) + meta(0, 0x59, b"\xff\x00"))
    file = EditableMidi.open(written)
    after = in_other_key(file, {}, Key(2), Key(2, minor=True))
    assert signatures(written) == [b"\x02\x00", b"\xff\x00"] and signatures(after) == [b"\xff\x01", b"\xff\x00"]
    assert signatures(in_other_key(EditableMidi.open(after), {}, Key(2, minor=True), Key(2))) == signatures(written)
    assert midi_bytes(EditableMidi.open(after).score) == midi_bytes(file.score)
