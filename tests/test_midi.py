"""MIDI files and bytes: what is read is what was written, and what cannot be read says so."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicae.errors import MusicaeError
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.midi_events import LONGEST_WAIT
from musicae.music.score import Meter, Notes, Score, Tempo, Track
from tests.helpers.midi_bytes import DRUMS, heard

SCORE = Score(
    ticks_per_quarter=96,
    tracks=(
        Track(Notes.of([(0, 96, 60, 80), (96, 200, 64, 1), (96, 200, 67, 127)]), program=12, name="Mélodie 旋律"),
        Track(Notes.of([(0, 384, 36, 100)]), program=33),
        Track(Notes.of([(0, 24, 36, 90), (24, 48, 42, 90)]), is_drum=True, name="drums"),
    ),
    end=384,
    tempi=(Tempo(0, 100.0), Tempo(100, 150.0)),
    meters=(Meter(0, 4, 4), Meter(192, 6, 8)),
)


def parsed(data: bytes) -> Any:
    return mido.MidiFile(file=io.BytesIO(data))


def meant(score: Score) -> set[tuple[int, int, int]]:
    """What is to be heard of a score."""
    return {
        (start, pitch, DRUMS if track.is_drum else track.program)
        for track in score.tracks
        for start, _, pitch, _ in track.notes.rows()
    }


KICK = Track(Notes.of([(0, 24, 36, 90)]), is_drum=True)


def test_more_tracks_than_channels_sound_as_they_should() -> None:
    """Twenty programs, of which a quarter of them starts on every beat, and two tracks of one program."""
    beats = [Track(Notes.of([(96 * (i % 4), 96 * (i % 4) + 90, 60 + i, 80)]), program=i) for i in range(20)]
    again = Track(Notes.of([(0, 384, 36, 80)]), program=3)
    score = Score(96, (*beats, again, KICK), end=384)
    assert heard(midi_bytes(score)) == meant(score)
    assert [track.program for track in read_midi(midi_bytes(score)).tracks if not track.is_drum] == [*range(20), 3]


@pytest.mark.parametrize(("pitched", "drums"), [(15, (0,)), (15, (9,)), (14, (9, 12)), (15, (3, 9)), (3, (1,))])
def test_drums_take_no_channel_from_other_tracks(pitched: int, drums: tuple[int, ...]) -> None:
    tracks = [Track(Notes.of([(0, 384, 40 + i, 80)]), program=i + 1, name=str(i)) for i in range(pitched)]
    for place in drums:
        tracks.insert(place, replace(KICK, program=place, name=f"drums {place}"))
    score = Score(96, tuple(tracks), end=384)
    assert heard(midi_bytes(score)) == meant(score)
    used = {message.channel for track in parsed(midi_bytes(score)).tracks for message in track if not message.is_meta}
    assert len(used) == pitched + 1, "every pitched track has a channel of its own"


def raw(*messages: mido.Message | mido.MetaMessage, ticks_per_quarter: int = 480) -> bytes:
    midi, out = mido.MidiFile(ticks_per_beat=ticks_per_quarter), io.BytesIO()
    midi.tracks.append(mido.MidiTrack(messages))
    midi.save(file=out)
    return out.getvalue()


def note(pitch: int, length: int, **fields: int) -> list[mido.Message]:
    return [
        mido.Message("note_on", note=pitch, velocity=70, **fields),
        mido.Message("note_off", note=pitch, time=length, **fields),
    ]


CELL = 7
"""Ticks in which a random note fits, so that no two notes of one pitch overlap: MIDI cannot say which ends first."""

CELLS = st.dictionaries(
    st.tuples(st.integers(0, 99), st.integers(0, 127)),  # cell and pitch
    st.tuples(st.integers(1, CELL), st.integers(1, 127)),  # length and velocity
    min_size=1,
    max_size=8,
)
TRACKS = st.lists(
    st.tuples(CELLS, st.integers(0, 127), st.booleans(), st.text("aé旋", max_size=3)), min_size=1, max_size=4
)


@settings(max_examples=60)
@given(TRACKS, st.sets(st.integers(1, 600), max_size=4), st.sampled_from((24, 96, 220, 480, 960)))
def test_what_is_written_is_read_back(parts: list[Any], ticks: set[int], ticks_per_quarter: int) -> None:
    tracks = tuple(
        Track(
            Notes.of(
                (CELL * k, CELL * k + length, pitch, velocity) for (k, pitch), (length, velocity) in cells.items()
            ),
            program=0 if is_drum else program,
            is_drum=is_drum,
            name=f"{index} {name}".strip(),
        )
        for index, (cells, program, is_drum, name) in enumerate(parts)
    )
    tempi = tuple(Tempo(tick, 60.0 + 10 * index) for index, tick in enumerate([0, *sorted(ticks)]))
    meters = tuple(Meter(tick, 2 + index, 4) for index, tick in enumerate([0, *sorted(ticks)]))
    score = Score(ticks_per_quarter, tracks, max(int(track.notes.end.max()) for track in tracks), tempi, meters)
    again = read_midi(midi_bytes(score))
    assert [tempo.tempo_qpm for tempo in again.tempi] == pytest.approx([t.tempo_qpm for t in score.tempi], rel=1e-5)
    assert [tempo.tick for tempo in again.tempi] == [tempo.tick for tempo in score.tempi]
    assert (again.tracks, again.meters, again.end) == (score.tracks, score.meters, score.end)
    assert again.ticks_per_quarter == score.ticks_per_quarter


def test_same_score_and_text_give_the_same_bytes() -> None:
    assert midi_bytes(SCORE, "seed 1") == midi_bytes(SCORE, "seed 1")
    assert midi_bytes(SCORE, "seed 1") != midi_bytes(SCORE, "seed 2")


def test_every_track_ends_on_the_bar_line() -> None:
    for track in parsed(midi_bytes(SCORE)).tracks:
        assert track[-1].type == "end_of_track"
        assert sum(message.time for message in track) == SCORE.end


def test_text_is_an_event_at_the_start() -> None:
    (text,) = (message for message in parsed(midi_bytes(SCORE, "seed 7")).tracks[0] if message.type == "text")
    assert (text.text, text.time) == ("seed 7", 0)
    assert not any(message.type == "text" for message in parsed(midi_bytes(SCORE)).tracks[0])


@pytest.mark.parametrize("tempo_qpm", [120.0, 98.7, 133.0, 3.6, 500.0])
def test_tempi_keep_their_microseconds(tempo_qpm: float) -> None:
    data = midi_bytes(Score(480, (), end=1920, tempi=(Tempo(0, tempo_qpm),)))
    (event,) = (message for message in parsed(data).tracks[0] if message.type == "set_tempo")
    assert event.tempo == round(60e6 / tempo_qpm)


def test_a_score_without_tracks_is_written() -> None:
    assert read_midi(midi_bytes(Score(480, (), end=1920))).tracks == ()


def test_a_score_too_long_to_write_is_refused() -> None:
    with pytest.raises(MusicaeError, match="too long"):
        midi_bytes(Score(480, (), end=LONGEST_WAIT + 1))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"just some text", "is not a MIDI file"),
        (b"MThd", "is damaged"),
        (midi_bytes(SCORE)[:60], "is damaged"),
        (b"MThd\0\0\0\6\0\1\0\1\xe7\x28" + midi_bytes(SCORE)[14:], "in seconds"),
        (b"MThd\0\0\0\6\0\1\0\1\0\0" + midi_bytes(SCORE)[14:], "no ticks"),
    ],
)
def test_what_cannot_be_read_says_so(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(MusicaeError, match=reason) as failure:
            read_midi(source)
        assert failure.value.hint
        assert "\n" not in failure.value.message
    assert "bad.mid" in failure.value.message


def test_of_a_file_that_is_cut_off_what_is_whole_is_read() -> None:
    whole, cut = read_midi(midi_bytes(SCORE)), read_midi(midi_bytes(SCORE)[:-4])
    assert [track.notes.start.tolist() for track in cut.tracks] == [
        track.notes.start.tolist() for track in whole.tracks
    ]
    assert cut.faults and not whole.faults


def test_missing_files_and_folders_say_so(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="no such file"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(MusicaeError, match="is a folder"):
        read_midi(tmp_path)
    with pytest.raises(MusicaeError, match="cannot read"):
        read_midi("a\0b.mid")


@settings(max_examples=200)
@given(st.data())
def test_damaged_bytes_give_a_score_or_an_error(data: st.DataObject) -> None:
    damaged = bytearray(midi_bytes(SCORE))
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=6)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        score = read_midi(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    except MusicaeError:
        return
    assert all(0 <= start < end for track in score.tracks for start, end, _, _ in track.notes.rows())


def test_a_file_without_notes_is_an_empty_score() -> None:
    score = read_midi(raw(mido.MetaMessage("track_name", name="nothing")))
    assert score.end == 0 and not any(len(track.notes) for track in score.tracks)
    assert (score.tempi, score.meters) == ((Tempo(0, 120.0),), (Meter(0, 4, 4),))


def test_notes_without_length_are_dropped() -> None:
    (track,) = read_midi(raw(*note(60, 0), *note(62, 10))).tracks
    assert track.notes.rows() == [(0, 10, 62, 70)]


def test_channel_ten_is_drums() -> None:
    tracks = read_midi(raw(*note(36, 10, channel=9), *note(60, 10, channel=0))).tracks
    assert {track.is_drum: track.notes.pitch.tolist() for track in tracks} == {True: [36], False: [60]}


def test_impossible_tempi_and_meters_are_ignored() -> None:
    score = read_midi(
        raw(
            mido.MetaMessage("set_tempo", tempo=0),
            mido.MetaMessage("time_signature", numerator=0, denominator=4),
            mido.MetaMessage("set_tempo", tempo=600_000, time=100),
            mido.MetaMessage("time_signature", numerator=3, denominator=4),
            mido.MetaMessage("set_tempo", tempo=600_000, time=100),
            *note(60, 10),
        )
    )
    assert score.tempi == (Tempo(0, 120.0), Tempo(100, 100.0))
    assert score.meters == (Meter(0, 4, 4), Meter(100, 3, 4))


def test_names_in_any_encoding_are_read() -> None:
    data = raw(mido.MetaMessage("track_name", name="Mélodie"), *note(60, 10))  # Latin-1, which is not valid UTF-8
    assert read_midi(data).tracks[0].name.startswith("M")


def test_a_note_at_an_absurd_tick_is_read() -> None:
    far = mido.Message("note_on", note=60, velocity=70, time=2**28 - 1)
    score = read_midi(raw(*([far] * 3), ticks_per_quarter=1))
    assert all(0 <= start < end for track in score.tracks for start, end, _, _ in track.notes.rows())
