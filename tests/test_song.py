"""Whole songs: what is read of them, and what becomes of them when windows are laid into them again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from musicae.clips import attribute_search
from musicae.clips.frame import Frame
from musicae.clips.reading import read
from musicae.clips.recipe_json import dump_recipe, read_recipe
from musicae.clips.song import SongReading, WholeSong, open_song, read_song
from musicae.clips.source import source_for
from musicae.clips.splicing import spliced
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.midi_editing import EditableMidi
from musicae.music.note_distance import note_distance
from musicae.music.representations.base import Representation, TokenArray
from musicae.music.representations.drums import Drums
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.score import Meter, Notes, Score, Tempo, Track
from musicae.verbs.attribute import attribute
from musicae.verbs.interpolate import interpolate
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.replay import replay
from musicae.verbs.vary import vary
from tests.helpers.models import tiny_model
from tests.helpers.scores import BAR, STEP, scale, score, track
from tests.helpers.stand_ins import constant, identity, melody_windows

WALTZ = 3 * BAR // 4
TWO_BARS = Melody(bars=2)
ONE_BAR = Multitrack(bars=1)


QUARTERS = 26
"""Of the song below: three bars, two of three quarters, and two."""


def song() -> Score:
    """A lead, keys, a bass and drums at changing tempi; the fourth and the fifth bar are in 3/4."""
    meters = (Meter(0, 4, 4), Meter(3 * BAR, 3, 4), Meter(3 * BAR + 2 * WALTZ, 4, 4))
    tempi = (Tempo(0, 90.0), Tempo(BAR + 7, 120.0))
    drums = track([(4 * k, 4 * k + 1, 36 + 2 * (k % 2)) for k in range(QUARTERS)], is_drum=True, name="Kit")
    keys = track([(16 * k, 16 * k + 20, 50) for k in range(5)], program=4, name="Keys")
    bass = track([(8 * k, 8 * k + 7, 36) for k in range(QUARTERS // 2)], program=33, name="Bass")
    lead = track([(4 * k, 4 * k + 4, 60 + k % 12) for k in range(QUARTERS)], 73, name="Lead")
    return Score(4 * STEP, (lead, keys, bass, drums), 4 * QUARTERS * STEP, tempi, meters)


def played_by_hand(piece: Score) -> Score:
    """The same, never quite on the grid, and never twice as loud."""

    def moved(one: Track) -> Track:
        rows = [
            (max(start + (i * 7) % 9 - 4, 0), min(end + (i * 5) % 9 - 4, piece.end), pitch, 30 + (i * 11) % 90)
            for i, (start, end, pitch, _) in enumerate(one.notes.rows())
        ]
        return replace(one, notes=Notes.of(rows))

    return replace(piece, tracks=tuple(map(moved, piece.tracks)))


def readings(representation: Representation, piece: Score) -> tuple[WholeSong, SongReading]:
    found = read_song(piece, representation)
    return found, open_song(found.frame, representation)


def relaid(representation: Representation, piece: Score, *windows: TokenArray, **how: bool) -> Score:
    """The song with other windows, or with its own where none are given."""
    found, reading = readings(representation, piece)
    frame = replace(found.frame, **how)  # type: ignore[arg-type]
    return read_midi(spliced(reading, frame, windows or [source.tokens for source in found.windows]))


def events(*tokens: tuple[int, int]) -> TokenArray:
    """Two bars of melody, from tokens by step."""
    return melody_windows(dict(tokens))[0].numpy()


def lead_of(piece: Score) -> list[tuple[int, int, int]]:
    """The notes of the first track, in steps."""
    return [(start // STEP, end // STEP, pitch) for start, end, pitch, _ in piece.tracks[0].notes.rows()]


def test_windows_follow_one_another_and_begin_anew_behind_other_meters() -> None:
    found, reading = readings(TWO_BARS, song())
    bars = reading.stream.bars
    assert [(bars[span.start], span.bars) for span in reading.spans] == [
        (0, 2), (2, 1), (5, 2),
    ]  # fmt: skip
    assert found.label == "the score: bars 1-7 of 7, track 1 'Lead' (Flute); left as they are: 2 bars in 3/4"
    assert [source.ends for source in found.windows] == [None, 4.0, None]
    assert found.windows[1].label == "the score: bars 3-3"


def test_windows_in_which_nothing_starts_are_not_read() -> None:
    piece = score(track([(0, 4, 60), (100, 104, 60)], 73), track(scale(8), 4), bars=8)
    found = read_song(piece, TWO_BARS, track=1)
    assert [source.label[-8:] for source in found.windows] == ["bars 1-2", "bars 7-8"]
    assert found.label.endswith("left as they are: 4 bars in which nothing starts")


def test_behind_the_last_note_of_a_song_there_is_silence() -> None:
    song = read_song(midi_bytes(score(track([*scale(2), (32, 36, 60)]), bars=4)), Melody(bars=2))
    assert [source.ends for source in song.windows] == [None, 1.0]


@pytest.mark.parametrize("representation", [TWO_BARS, Drums(bars=2), ONE_BAR, Multitrack(bars=1, chords=True)], ids=str)
def test_a_song_that_is_spliced_into_itself_is_the_same_note_by_note(representation: Representation) -> None:
    piece = read_midi(midi_bytes(played_by_hand(song())))
    assert relaid(representation, piece) == piece


def test_a_model_that_loses_nothing_gives_the_song_back() -> None:
    piece = read_midi(midi_bytes(played_by_hand(song())))
    (clip,) = reconstruct(identity(), read_song(piece, TWO_BARS))
    assert read_midi(clip.midi()) == clip.score == piece
    assert clip.played == clip.original


def test_without_its_dynamics_and_its_timing_a_song_is_on_the_grid() -> None:
    piece, by_hand = song(), played_by_hand(song())
    (clip,) = reconstruct(identity(), read_song(by_hand, TWO_BARS, keep_velocity=False, keep_timing=False))
    waltz = range(3 * BAR - STEP, 3 * BAR + 2 * WALTZ - STEP // 2)
    notes = [row for row in clip.score.tracks[0].notes.rows() if row[0] not in waltz]
    wanted = [row for row in piece.tracks[0].notes.rows() if row[0] not in waltz]
    assert [row[:3] for row in notes] == [row[:3] for row in wanted]
    assert {row[3] for row in notes} == {round(by_hand.tracks[0].notes.velocity.mean())}


def unread(piece: Score, reading: SongReading) -> list[list[tuple[int, int, int, int]]]:
    """Of every track the notes that stay whatever the model writes."""
    ticks, half = reading.grid.ticks(reading.stream.bars), 48 // reading.representation.grid.steps_per_quarter
    read_ticks = {int(ticks[bar]) for span in reading.playing for bar in range(span.start, span.behind)}
    return [
        [row for row in one.notes.rows() if i not in reading.stream.tracks or not any(
            tick - half <= row[0] < tick + BAR - half for tick in read_ticks
        )]
        for i, one in enumerate(piece.tracks)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_changes_but_the_tracks_and_the_bars_that_are_read(any_model: Model, seed: int) -> None:
    piece = read_midi(midi_bytes(played_by_hand(song())))
    found = read_song(piece, any_model.representation)
    reading = open_song(found.frame, any_model.representation)
    (clip,) = reconstruct(any_model, found, temperature=1.5, seed=seed)
    after = clip.score
    assert (after.tempi, after.meters, after.ticks_per_quarter) == (piece.tempi, piece.meters, piece.ticks_per_quarter)
    assert [(one.name, one.program, one.is_drum) for one in after.tracks] == [
        (one.name, one.program, one.is_drum) for one in piece.tracks
    ]
    assert unread(after, reading) == unread(piece, reading)
    again = open_song(replace(found.frame, midi=clip.midi()), any_model.representation)
    assert (again.grid.total, reading.grid.total) == (7, 7)
    assert after != piece


def test_parts_that_the_song_does_not_have_stay_away() -> None:
    piece = score(track(scale(4), 73), bars=4)
    trio = tiny_model("trio-4bar")
    (clip,) = vary(trio, read_song(piece, trio.representation), 1, amount=0.9, seed=1)
    assert [one.program for one in clip.score.tracks] == [73]


def test_a_song_shorter_than_a_window_is_as_long_as_before() -> None:
    piece = score(track([(0, 4, 60), (4, 6, 64), (8, 10, 67)]), bars=1)
    for model in (identity(), constant(melody_windows({0: 41, 20: 43}))):
        found = read_song(piece, TWO_BARS)
        (clip,) = reconstruct(model, found)
        assert clip.score.end <= BAR
        assert open_song(replace(found.frame, midi=clip.midi()), TWO_BARS).grid.total == 1


HELD = [(0, 16, 60), (24, 40, 62), (48, 64, 64), (64, 68, 65)]
"""Of these the second note sounds across the seam at step 32 until step 40, and the third one ends at that of 64."""


@pytest.mark.parametrize(
    ("second", "lead"),
    [
        ({}, [(0, 16, 60), (24, 40, 62)]),
        ({0: 45}, [(0, 16, 60), (24, 32, 62), (32, 64, 64)]),
        ({4: 45}, [(0, 16, 60), (24, 36, 62), (36, 64, 64)]),
        ({12: 45}, [(0, 16, 60), (24, 40, 62), (44, 64, 64)]),
        ({0: 43, 4: 1}, [(0, 16, 60), (24, 36, 62)]),
    ],
    ids=["it goes on", "another note", "a note soon", "a note later", "struck again"],
)
def test_a_note_that_sounds_across_a_seam_goes_on_as_long_as_it_did(
    second: dict[int, int], lead: list[tuple[int, int, int]]
) -> None:
    piece = score(track(HELD), bars=5)
    windows = [events((0, 41), (16, 1), (24, 43)), events(*second.items())]
    found = relaid(TWO_BARS, piece, *windows)
    assert [note for note in lead_of(found) if note[0] < 64] == lead


def test_a_new_note_ends_at_a_seam_where_nothing_sounded_across_it() -> None:
    piece = score(track([(0, 16, 60), (36, 40, 62)]), bars=4)
    assert lead_of(relaid(TWO_BARS, piece, events((4, 50)), events((8, 43)))) == [(4, 32, 69), (40, 48, 62)]


def test_a_new_note_goes_on_through_windows_in_which_nothing_starts() -> None:
    piece = score(track([(0, 100, 60), (112, 128, 62)]), bars=8)
    found, reading = readings(TWO_BARS, piece)
    assert len(found.windows) == 2 and len(reading.spans) == 4
    assert lead_of(relaid(TWO_BARS, piece, events((8, 50)))) == [(8, 100, 69), (112, 128, 62)]


def test_a_note_that_a_bar_line_cuts_off_is_not_struck_again() -> None:
    piece = score(track([(0, 24, 60), (28, 32, 62)], 4), track(scale(2), 33), bars=2)
    found, reading = readings(ONE_BAR, piece)
    tokens = [source.tokens.copy() for source in found.windows]
    struck = read_song(score(track([(0, 4, 60), (12, 16, 62)], 4), track(scale(1, 0), 33), bars=1), ONE_BAR)
    again = read_midi(spliced(reading, found.frame, [tokens[0], struck.windows[0].tokens]))
    assert lead_of(again) == [(0, 24, 60), (28, 32, 62)]


def test_notes_below_others_of_a_chord_stay() -> None:
    chords = [(8 * k, 8 * k + 8, pitch) for k in range(8) for pitch in (48, 55, 64 + k)]
    piece = score(track(chords), bars=4)
    after = relaid(TWO_BARS, piece, *[events((0, 50))] * 2)
    low = [row for row in piece.tracks[0].notes.rows() if row[2] < 60]
    assert [row for row in after.tracks[0].notes.rows() if row[2] < 60] == low
    assert [note for note in lead_of(after) if note[2] >= 60] == [(0, 32, 69), (32, 64, 69)]


def test_kept_notes_are_as_loud_as_they_were_and_new_ones_like_those_around_them() -> None:
    notes = Notes.of([(0, 96, 60, 100), (192, 288, 64, 40), (384, 480, 62, 70), (576, 600, 60, 64)])
    piece = Score(96, (Track(notes),), end=2 * BAR)
    window = events((0, 41), (4, 50), (8, 45), (12, 1), (16, 50))
    kept = {row[0]: row[3] for row in relaid(TWO_BARS, piece, window).tracks[0].notes.rows()}
    assert kept == {0: 100, 96: 70, 192: 40, 384: 70}
    assert {row[3] for row in relaid(TWO_BARS, piece, window, velocity=False).tracks[0].notes.rows()} == {68}


def test_kept_notes_are_as_late_as_they_were_and_new_ones_like_those_around_them() -> None:
    notes = Notes.of([(8, 90, 60, 80), (196, 280, 64, 80)])
    piece = Score(96, (Track(notes),), end=BAR)
    window = events((0, 41), (4, 50), (8, 45), (12, 1))
    found = [row[:2] for row in relaid(TWO_BARS, piece, window).tracks[0].notes.rows()]
    assert found == [(8, 90), (96 + 6, 196), (196, 280)]
    plain = [row[:2] for row in relaid(TWO_BARS, piece, window, timing=False).tracks[0].notes.rows()]
    assert plain == [(0, 96), (96, 192), (192, 288)]


def test_new_hits_are_on_the_drum_that_the_song_plays() -> None:
    beat = [(4 * k, 4 * k + 1, (35, 40)[k % 2]) for k in range(8)]
    piece = score(track(beat, is_drum=True), bars=2)
    drums = Drums(bars=2)
    window = read_song(piece, drums).windows[0].tokens.copy()
    window[0, 2, 0] = 1 + 2 + 128  # a kick, a snare and a crash
    found = relaid(drums, piece, window)
    new = set(found.tracks[0].notes.rows()) - set(piece.tracks[0].notes.rows())
    assert {(row[0] // STEP, row[2]) for row in new} == {(2, 35), (2, 40), (2, 49)}


def test_an_instrument_that_comes_in_has_a_track_of_its_own() -> None:
    piece = score(track(scale(2), 4, name="Keys"), track(scale(2), 33, name="Bass"), bars=2)
    other = score(track(scale(2), 4), track(scale(2), 33), track(scale(2), 40), bars=2)
    windows = [source.tokens for source in read_song(other, ONE_BAR).windows]
    found = relaid(ONE_BAR, piece, *windows)
    assert [(one.name, one.program) for one in found.tracks] == [("Keys", 4), ("Bass", 33), ("Violin", 40)]
    assert [one.notes.rows() for one in found.tracks[:2]] == [one.notes.rows() for one in piece.tracks]


def test_where_no_channel_is_free_the_nearest_instrument_plays() -> None:
    crowd = [track(scale(1), 2 * program) for program in range(15)]
    piece = score(*crowd, bars=1)
    other = [source.tokens for source in read_song(score(track(scale(1), 7), *crowd[:2], bars=1), ONE_BAR).windows]
    found = relaid(ONE_BAR, piece, *other)
    assert len(found.tracks) <= 15 and 7 not in {one.program for one in found.tracks}


def test_tracks_that_only_one_part_reads_share_nothing_with_others() -> None:
    piece = song()
    changed = relaid(TWO_BARS, piece, events((0, 50)))
    assert changed.tracks[1:] == read_midi(midi_bytes(piece)).tracks[1:]
    assert lead_of(changed)[0] == (0, 32, 69) and lead_of(changed)[1:] == lead_of(piece)[8:]


@pytest.mark.parametrize("verb", ["attribute", "vary", "reconstruct", "interpolate"])
def test_a_song_is_made_again_from_its_json_alone(model: Model, verb: str) -> None:
    model.attributes = {name: torch.eye(8)[i % 8] for i, name in enumerate(ATTRIBUTES)}
    model.spreads = dict.fromkeys(ATTRIBUTES, 0.1)
    found = read_song(played_by_hand(song()), model.representation)
    clips = {
        "attribute": lambda: attribute(model, {"density": 1.0}, found, temperature=0.5, seed=1),
        "vary": lambda: vary(model, found, 2, temperature=0.5, seed=1),
        "reconstruct": lambda: reconstruct(model, found, temperature=0.5, seed=1),
        "interpolate": lambda: interpolate(model, found, found, steps=2, even_in="z", temperature=0.5, seed=1),
    }[verb]()
    for clip in clips:
        (again,) = replay(read_recipe(dump_recipe(clip.recipe)), model)
        assert again.midi() == clip.midi()
        assert dump_recipe(again.recipe) == dump_recipe(clip.recipe)


def test_a_window_of_a_song_has_the_notes_that_it_has_alone(model: Model) -> None:
    piece = song()
    whole = reconstruct(model, read_song(piece, model.representation))[0].recipe
    alone = reconstruct(model, read(piece, model.representation, bar=6))[0].recipe
    assert torch.equal(whole.parts[2].z, alone.parts[0].z)


def test_windows_where_no_way_is_found_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribute_search, "_nearest", lambda *_, **__: None)
    model = identity()
    model.attributes, model.spreads = {"density": torch.zeros(model.latent_size)}, {"density": 0.1}
    piece = read_midi(midi_bytes(played_by_hand(song())))
    before, after = attribute(model, {"density": 1.0}, read_song(piece, TWO_BARS))
    assert read_midi(before.midi()) == read_midi(after.midi()) == piece


def test_a_song_of_which_nothing_is_to_change_stays_as_it_is(model: Model) -> None:
    piece = read_midi(midi_bytes(played_by_hand(song())))
    (clip,) = vary(model, read_song(piece, model), 1, amount=0.0, seed=1)
    assert read_midi(clip.midi()) == piece


@pytest.mark.parametrize("name", ["melody-2bar", "trio-4bar", "multitrack-1bar-chords"])
def test_no_more_of_a_song_changes_than_was_asked_for(name: str) -> None:
    """Models that have learned nothing play nothing back: what they change by reconstructing is not asked for."""
    model = tiny_model(name)
    found = read_song(played_by_hand(song()), model.representation)
    (clip,) = vary(model, found, 1, amount=0.3, seed=1)
    assert clip.original is not None and 0 < note_distance(clip.original, clip.played) < 0.45


def test_what_a_song_repeats_is_repeated_in_its_variation(model: Model) -> None:
    phrase = [(0, 4, 60), (4, 8, 64), (8, 16, 67), (16, 24, 65), (24, 32, 62)]
    piece = score(track([(a + 32 * k, b + 32 * k, pitch) for k in range(3) for a, b, pitch in phrase]), bars=6)
    (clip,) = vary(model, read_song(piece, TWO_BARS), 1, temperature=1.0, seed=2)
    one, two, three = (
        [(start - 32 * k, end - 32 * k, p) for start, end, p in lead_of(clip.score) if start // 32 == k]
        for k in range(3)
    )
    assert one == two == three and one != phrase


def test_an_interpolation_ends_in_the_windows_of_the_other_song() -> None:
    model = identity()
    a, b = song(), score(track([(4 * k, 4 * k + 4, 72 - k % 5) for k in range(16)]), bars=4)
    first, last = interpolate(model, *(read_song(piece, TWO_BARS) for piece in (a, b)), steps=2)
    assert len(first.recipe.parts) == 2, "b has fewer windows"
    assert lead_of(first.score) == lead_of(a)
    changed = lead_of(last.score)
    assert changed[:12] == lead_of(b)[:12] and changed[-14:] == lead_of(a)[-14:]
    assert last.score.tracks[1:] == first.score.tracks[1:]


def test_a_song_may_be_higher_faster_and_played_by_others(model: Model) -> None:
    piece = song()
    (clip,) = reconstruct(model, read_song(piece, model, tempo_qpm=180.0))
    changed = clip.transposed(2).with_instruments("violin", "tuba")
    after = read_midi(changed.midi())
    assert [track.program for track in after.tracks] == [40, 58, 33, 0]
    assert [tempo.tempo_qpm for tempo in after.tempi] == pytest.approx([180, 240], rel=1e-5)
    for old, new in zip(piece.tracks[1:], after.tracks[1:], strict=True):
        assert (new.notes.pitch == old.notes.pitch + 2 * (not old.is_drum)).all() and new.name == old.name
    assert replay(dump_recipe(changed.recipe), model)[0].midi() == changed.midi()
    with pytest.raises(MusicaeError, match="4 instruments for 3 pitched tracks of the song"):
        clip.with_instruments(1, 2, 3, 4)


def test_a_song_in_a_key_keeps_what_leaves_it(model: Model) -> None:
    (clip,) = reconstruct(model, read_song(song(), model))
    moved = clip.in_key("D")
    semitones = moved.recipe.style.semitones
    assert moved.midi() == clip.transposed(semitones).midi() and moved.recipe.style.key is None
    assert moved.recipe.arguments["notes_outside_key"] > 0


def test_a_song_and_a_window_do_not_go_together(model: Model) -> None:
    found = read_song(song(), TWO_BARS)
    with pytest.raises(MusicaeError, match="one is a whole song, and the other one a window"):
        interpolate(model, found, song())
    with pytest.raises(MusicaeError, match="is a whole song, and one window is needed"):
        source_for(model, found)
    with pytest.raises(MusicaeError, match=r"is melody of 2 bars, and drums-2bar reads drums"):
        reconstruct(tiny_model("drums-2bar"), found)


def test_a_clip_may_keep_the_dynamics_and_the_timing_of_its_window() -> None:
    piece = played_by_hand(song())
    source = read(piece, TWO_BARS, bar=1, keep_velocity=True, keep_timing=True, tempo_qpm=77.0)
    (clip,) = reconstruct(identity(), source)
    window = piece.tracks[0].notes
    inside = window[window.start < 2 * BAR - STEP // 2]
    rows = [(a, min(b, 2 * BAR), pitch, v) for a, b, pitch, v in inside.rows()]
    assert clip.score.tracks[0].notes.rows() == rows
    assert clip.score.end == 2 * BAR and clip.score.tempi[0].tempo_qpm == pytest.approx(77, rel=1e-5)
    (loud,) = reconstruct(identity(), read(piece, TWO_BARS, bar=1, keep_velocity=True))
    assert [row[3] for row in loud.score.tracks[0].notes.rows()] == [row[3] for row in rows]
    assert {row[0] % (4 * STEP) for row in loud.score.tracks[0].notes.rows()} == {0}


def test_a_clip_that_keeps_only_the_timing_is_as_loud_as_its_track() -> None:
    lead = track([(4 * k, 4 * k + 4, 60 + k % 12) for k in range(8)], 73)
    rows = [(*row[:3], 100 + number % 3) for number, row in enumerate(lead.notes.rows())]
    piece = replace(score(lead, bars=2), tracks=(replace(lead, notes=Notes.of(rows)),))
    for kept in (False, True):
        (clip,) = reconstruct(identity(), read(piece, TWO_BARS, keep_timing=kept))
        assert set(clip.score.tracks[0].notes.velocity.tolist()) == {101}


def test_what_starts_before_the_bar_of_a_band_is_not_of_its_window() -> None:
    quarter = 480
    early = [(4 * quarter * bar - 45, 4 * quarter * bar + quarter, 60 + bar, 50) for bar in range(1, 4)]
    keys = track([(16 * bar, 16 * bar + 16, 48) for bar in range(4)], 4)
    piece = Score(quarter, (Track(Notes.of(early), 73), keys), end=16 * quarter)
    source = read(piece, ONE_BAR, bar=2, keep_timing=True)
    (clip,) = reconstruct(tiny_model("multitrack-1bar"), source)
    assert clip.original is not None
    pitches = [sorted(one.notes.pitch.tolist()) for one in clip.original.tracks]
    assert pitches == [sorted(one.notes.pitch.tolist()) for one in ONE_BAR.decode(source.tokens).tracks]
    assert [62] in pitches


def test_a_clip_that_keeps_dynamics_has_the_notes_of_its_window_alone() -> None:
    chords = [(8 * k, 8 * k + 8, pitch) for k in range(8) for pitch in (48, 55, 64 + k)]
    source = read(score(track(chords), bars=4), TWO_BARS, keep_velocity=True)
    (clip,) = reconstruct(identity(), source)
    assert {row[3] for row in clip.score.tracks[0].notes.rows()} == {64}
    assert min(clip.score.tracks[0].notes.pitch) >= 64
    (quiet,) = reconstruct(constant(melody_windows({})), source)
    assert quiet.score.silent and quiet.score.end == 2 * BAR


def test_more_parts_than_windows_are_refused(model: Model) -> None:
    clip = reconstruct(model, read_song(song(), TWO_BARS))[0]
    with pytest.raises(MusicaeError, match="6 parts, and its song 3 windows"):
        replay(replace(clip.recipe, parts=clip.recipe.parts * 2), model)


def test_a_song_that_no_longer_is_one_is_refused(model: Model) -> None:
    recipe = reconstruct(model, read_song(song(), TWO_BARS))[0].recipe
    for midi in (b"", b"poem", midi_bytes(score(track([])))):
        with pytest.raises(MusicaeError):
            replay(replace(recipe, frame=Frame(midi)), model)
    with pytest.raises(MusicaeError, match="there is no track 99"):
        replay(replace(recipe, frame=replace(recipe.frame or Frame(b""), track=99)), model)


def test_every_note_of_a_random_song_is_within_its_bars(any_model: Model) -> None:
    piece = song()
    (clip,) = reconstruct(any_model, read_song(piece, any_model.representation), temperature=2.0, seed=5)
    end = 4 * QUARTERS * STEP
    assert all(0 <= start < stop <= end for one in clip.score.tracks for start, stop, *_ in one.notes.rows())
    assert np.all([one.notes.velocity.min() > 0 for one in clip.score.tracks])
    assert EditableMidi.open(clip.midi()).score == clip.score
