"""Pictures of clips, read back from their SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from musicae.music.representations.time_grid import bar_lines
from musicae.music.score import Marker, Meter, Notes, Score, Track
from musicae.render.roll import roll
from musicae.render.sheet import MARKED, Panel, clip_sheet, png_bytes
from musicae.render.svg import roll_chart

SIXTEENTH = 120


def score(*pitches: int, is_drum: bool = False, bars: int = 1) -> Score:
    rows = [(i * SIXTEENTH, (i + 1) * SIXTEENTH, pitch, 80) for i, pitch in enumerate(pitches)]
    return Score(480, (Track(Notes.of(rows), is_drum=is_drum),), 1920 * bars)


def boxes(picture: str) -> list[dict[str, str]]:
    """The rectangles with rounded corners, which are notes and the legend."""
    found = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}rect")
    return [dict(one.attrib) for one in found if "rx" in one.attrib]


def words(picture: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


def test_every_note_is_a_box_and_higher_ones_stand_higher() -> None:
    notes = boxes(clip_sheet([Panel(score(60, 64, 72))]))[:3]
    heights = [float(note["y"]) for note in notes]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] - heights[2] == 2 * (heights[0] - heights[1]) * 12 / 8


def test_notes_bars_drums_chords_and_instruments_are_named() -> None:
    tune, kit = score(60, 67), score(36, 42, is_drum=True)
    both = Score(480, tune.tracks + kit.tracks, 1920, markers=(Marker(0, "[B]"), Marker(0, "F#m"), Marker(960, "C")))
    found = words(clip_sheet([Panel(both, "one")]))
    assert {
        "one",
        "C4",
        "G4",
        "kick",
        "closed hat",
        "1",
        "[B] F#m",
        "C",
        "Acoustic Grand Piano",
        "drums",
    } <= set(found)


def test_what_another_clip_does_not_have_is_marked() -> None:
    notes = boxes(clip_sheet([Panel(score(60, 64), beside=score(60, 65))]))
    assert [note.get("stroke") for note in notes[2:4]] == [None, MARKED]
    assert {note["fill"] for note in notes[:2]} == {"#bbb"}


@pytest.mark.parametrize(("bars", "rows"), [(2, 2), (8, 4), (16, 8)])
def test_rolls_stand_side_by_side_where_they_have_room(bars: int, rows: int) -> None:
    picture = clip_sheet([Panel(score(60, bars=bars))] * 4)
    groups = [g.attrib["transform"] for g in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}g")]
    assert len({place.split()[1] for place in groups[:-1]}) == rows


def test_a_long_piece_is_broken_into_lines_in_which_a_bar_is_equally_wide() -> None:
    notes = Notes.of([(1920 * bar, 1920 * (bar + 1), 60, 80) for bar in range(11)])
    found = boxes(clip_sheet([Panel(Score(480, (Track(notes),), 1920 * 11), "long")]))[:11]
    widths = {round(float(note["width"])) for note in found}
    assert max(widths) - min(widths) <= 1
    assert found[0]["x"] == found[8]["x"] != found[7]["x"]
    across = Notes.of([(1920 * 7, 1920 * 9, 60, 80)])
    assert len(boxes(clip_sheet([Panel(Score(480, (Track(across),), 1920 * 11))]))) == 2 + 1, "in both lines"


def test_bars_are_those_of_the_file_where_its_meter_changes() -> None:
    notes = Track(Notes.of([(480 * beat, 480 * beat + 480, 60, 80) for beat in range(12)]))
    pickup = Score(480, (notes,), 480 * 12, meters=(Meter(0, 1, 4), Meter(480, 4, 4), Meter(480 * 9, 3, 4)))
    assert bar_lines(pickup) == [480 * beat for beat in (0, 1, 5, 9, 12)]
    numbers = [word for word in words(clip_sheet([Panel(pickup)])) if word.isdigit()]
    assert numbers == ["1", "2", "3", "4"]
    plain = roll(pickup).plain.splitlines()[0]
    assert [len(bar) for bar in plain.split("│")[1:-1]] == [4, 16, 16, 12]


def test_a_tick_behind_a_bar_line_makes_no_bar_of_text_and_half_a_bar_no_line_behind_it() -> None:
    late = Score(480, (Track(Notes.of([(0, 1921, 60, 80)])),), 1921)
    assert roll(late).plain.splitlines()[0].count("│") == 2
    half = Score(480, (Track(Notes.of([(0, 2880, 60, 80)])),), 2880)
    assert roll_chart(half).count('stroke="#ccc"') == 2


def test_silence_is_a_picture_too() -> None:
    assert not boxes(clip_sheet([Panel(score())]))


def test_pixels_are_a_png_file() -> None:
    assert png_bytes(clip_sheet([Panel(score(60))])).startswith(b"\x89PNG")
