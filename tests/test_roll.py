"""The piano roll in the terminal."""

from __future__ import annotations

from musicae.music.score import Notes, Score, Track
from musicae.render.roll import roll


def score(*tracks: Track, bars: int) -> Score:
    return Score(480, tracks, end=bars * 4 * 480)


def test_a_note_is_a_block_and_a_line_as_long_as_it_sounds() -> None:
    track = Track(Notes.of([(0, 480, 60, 90), (480, 600, 62, 90), (7 * 120, 9 * 120, 60, 90)]))
    high, between, low, _ = roll(score(track, bars=1)).plain.split("\n")
    assert high == "  D4 │    █           │"
    assert between == " C#4 │                │"
    assert low == "  C4 │█━━━   █━       │"


def test_the_shortest_note_is_seen() -> None:
    track = Track(Notes.of([(0, 20, 60, 90), (480, 500, 60, 90)]))
    assert roll(score(track, bars=1)).plain.split("\n")[0] == "  C4 │█   █           │"


def test_long_scores_are_broken_between_bars() -> None:
    track = Track(Notes.of([(bar * 1920, bar * 1920 + 120, 60, 90) for bar in range(4)]))
    lines = roll(score(track, bars=4), width=45).plain.split("\n")
    assert [line.count("█") for line in lines if line] == [2, 2]


def test_notes_are_held_across_the_break() -> None:
    lines = roll(score(Track(Notes.of([(0, 3840, 60, 90)])), bars=2), width=30).plain.split("\n")
    assert [line for line in lines if line] == ["  C4 │█━━━━━━━━━━━━━━━│", "  C4 │━━━━━━━━━━━━━━━━│"]


def test_drums_have_only_the_rows_that_are_hit_and_silence_has_none() -> None:
    drums = Track(Notes.of([(0, 120, 36, 90), (480, 600, 42, 90), (480, 600, 3, 90)]), is_drum=True)
    lines = roll(score(Track(Notes.of([])), drums, bars=1)).plain.split("\n")
    assert [line.split("│")[0] for line in lines if line] == ["closed hat ", "      kick ", "         3 "]
    assert roll(score(Track(Notes.of([])), bars=1)).plain == ""
