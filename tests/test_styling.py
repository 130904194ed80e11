"""Keys, instruments and what clips keep of their source: laws of clips, and options of all verbs that write them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musicae.clips.clip import Clip, Clips
from musicae.clips.reading import read
from musicae.clips.recipe_json import dump_recipe
from musicae.clips.song import read_song
from musicae.clips.style import styled
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.accents import accented
from musicae.music.key import parse_key
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.representations.melody import BASS_PROGRAM, MELODY_PROGRAM
from musicae.music.representations.time_grid import VELOCITY
from musicae.music.representations.trio import Trio
from musicae.music.score import Meter, Notes, Score, Track
from musicae.verbs.interpolate import interpolate
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.replay import replay
from musicae.verbs.sample import sample
from musicae.verbs.vary import vary
from tests.helpers.commands import Run, assert_fails
from tests.helpers.midi_bytes import EIGHTHS, event, smf, tune
from tests.helpers.models import tiny_model

KEY = "F# minor"


@pytest.fixture(params=["melody-2bar", "trio-4bar", "multitrack-1bar-chords"])
def pitched(request: pytest.FixtureRequest) -> Model:
    return tiny_model(request.param)


def outside(clip: Clip) -> int:
    tones = parse_key(KEY).tones
    tracks = [track for track in clip.score.tracks if not track.is_drum]
    return sum(int(pitch) % 12 not in tones for track in tracks for pitch in track.notes.pitch)


def drums(clip: Clip) -> list[Notes]:
    return [track.notes for track in clip.score.tracks if track.is_drum]


def test_a_clip_in_a_key_has_no_note_outside_and_its_drums_stay(pitched: Model) -> None:
    for clip in sample(pitched, 3, seed=1, temperature=1.0):
        moved = clip.in_key(KEY)
        assert outside(moved) == 0 and drums(moved) == drums(clip)
        assert -5 <= moved.recipe.style.semitones <= 6


def test_moving_a_clip_twice_is_moving_it_once(pitched: Model) -> None:
    (clip,) = sample(pitched, 1, seed=1)
    assert clip.in_key("Bb").in_key(KEY).midi() == clip.in_key(KEY).in_key(KEY).midi() == clip.in_key(KEY).midi()


@pytest.mark.parametrize("semitones", [-12, 3])
def test_a_transposed_clip_is_as_far_from_every_note(pitched: Model, semitones: int) -> None:
    (clip,) = sample(pitched, 1, seed=1)
    moved = clip.transposed(semitones)
    for before, after in zip(clip.score.tracks, moved.score.tracks, strict=True):
        there = before.notes.pitch + semitones * (not before.is_drum)
        # What would lie below 0 or above 127 moves by octaves, and may come to where another note starts.
        found, expected = (
            {*zip(one.start, pitch % 12, strict=True)}
            for one, pitch in ((after.notes, after.notes.pitch), (before.notes, there))
        )
        assert found == expected
    assert moved.transposed(-semitones).midi() == clip.midi()
    assert clip.in_key("C").transposed(2).midi()[-200:] == clip.in_key("D").midi()[-200:]
    (again,) = replay(dump_recipe(moved.recipe), pitched)
    assert again.midi() == moved.midi()


def test_key_and_instruments_are_in_the_recipe(pitched: Model) -> None:
    for clip in sample(pitched, 2, seed=1):
        changed = clip.in_key(KEY).with_instruments("violin")
        assert changed.midi() == clip.with_instruments(41).in_key(KEY).midi()
        (again,) = replay(dump_recipe(changed.recipe), pitched)
        assert again.midi() == changed.midi()


def test_clips_of_one_piece_move_together(model: Model) -> None:
    a, b = sample(model, 2, seed=5, temperature=1.0)
    steps = interpolate(model, a.score, b.score, steps=4).in_key(KEY, together=True)
    assert len({clip.recipe.style.semitones for clip in steps}) == 1
    assert not sum(map(outside, steps))


def test_chosen_instruments_play_the_first_pitched_tracks(pitched: Model) -> None:
    (clip,) = sample(pitched, 1, seed=1)
    written = read_midi(clip.with_instruments("cello").midi())
    before = [track.program for track in clip.score.tracks if not track.is_drum]
    tracks = [track for track in written.tracks if not track.is_drum]
    assert [track.program for track in tracks] == [42, *before[1:]]
    assert tracks[0].name == "Cello" and drums(clip) == [track.notes for track in clip.score.tracks if track.is_drum]


def test_choosing_instruments_of_a_song_again_begins_with_those_of_its_file(model: Model) -> None:
    song = smf(tune(EIGHTHS) + event(0, 0xC0, 40) + tune(EIGHTHS), tune(EIGHTHS))
    (clip,) = reconstruct(model, read_song(song, model, track=1))
    again = clip.with_instruments("cello", "cello").with_instruments("flute")
    assert again.midi() == clip.with_instruments("flute", "cello").midi()


def test_more_instruments_than_parts_are_refused() -> None:
    trio = sample(tiny_model("trio-4bar"), 1)[0]
    assert [track.program for track in trio.with_instruments("flute", "tuba").score.tracks][:2] == [73, 58]
    with pytest.raises(MusicaeError, match="3 instruments for 2 pitched parts of trio-4bar"):
        trio.with_instruments(1, 2, 3)


def test_a_window_moves_from_the_key_of_its_piece(run: Run) -> None:
    """A piece in G whose second half, on its own, is in C."""
    in_g, in_c = (67, 69, 71, 72, 74, 76, 78, 79) * 8, (60, 64, 67, 72, 67, 64, 60, 55) * 4
    rows = [(240 * i, 240 * i + 240, pitch, 90) for i, pitch in enumerate(in_g + in_c)]
    Path("a.mid").write_bytes(midi_bytes(Score(480, (Track(Notes.of(rows)),), end=240 * len(rows))))
    for words in (("reconstruct", "--bar", 1), ("reconstruct", "--bar", 11), ("continue", "--bars", 1, "-n", 1)):
        done = run(words[0], "a.mid", *words[1:], "--key", "C", "-o", "x.mid", "--force")
        assert "from G major to C major" in done.err


def test_a_code_moves_from_the_key_in_which_it_is_heard(run: Run) -> None:
    run("sample", "-n", 1, "--seed", 1, "--key", "C", "-o", "c.mid")
    run("decode", "c.json", "--transpose", 5, "-o", "f.mid")
    done = run("decode", "f.json", "--key", "G", "-o", "g.mid")
    assert "moved up 2 semitones, from F major to G major" in done.err
    run("sample", "-n", 1, "--seed", 1, "--transpose", 24, "-o", "high.mid")
    for number, key in enumerate(("C", "D", "F", "G", "A")):
        run("decode", "high.json", "--key", key, "-o", f"{number}.mid")
        assert 14 <= json.loads(Path(f"{number}.json").read_text())["semitones"] <= 24


def test_drums_have_neither_key_nor_instrument() -> None:
    (clip,) = sample(tiny_model("drums-2bar"), 1)
    with pytest.raises(MusicaeError, match="drums-2bar writes only drums"):
        clip.in_key("C")
    with pytest.raises(MusicaeError, match="drums-2bar writes only drums"):
        clip.with_instruments("violin")
    with pytest.raises(MusicaeError, match="writes only drums"):
        Clip(clip.model, replace(clip.recipe, style=replace(clip.recipe.style, key=parse_key("C"))))


def test_what_is_changed_is_not_decoded_again(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = sample(model, 2, seed=1)
    scores = [clip.score for clip in clips]
    monkeypatch.setattr(model, "decode", None)
    assert [clip.score.end for clip in clips.in_key(KEY).with_instruments(5)] == [score.end for score in scores]


def music(velocity: int) -> Score:
    rows = [(i * 240, i * 240 + 240, 60 + i % 12, velocity) for i in range(64)]
    hits = [(i * 480, i * 480 + 60, 36, 33) for i in range(32)]
    tracks = (Track(Notes.of(rows), 73, name="Lead vocal"), Track(Notes.of(hits), is_drum=True, name="Kit"))
    return Score(480, (tracks[0], Track(Notes.of(rows), 33, name="Low"), tracks[1]), end=64 * 240)


@pytest.mark.parametrize(
    ("preset", "names", "velocities"),
    [
        ("melody-2bar", ["Lead vocal"], {101}),
        ("drums-2bar", ["Kit"], {33}),
        ("trio-4bar", ["Lead vocal", "Low", "Kit"], {101, 33}),
    ],
)
def test_names_and_levels_are_those_of_the_source(preset: str, names: list[str], velocities: set[int]) -> None:
    clip = reconstruct(tiny_model(preset), music(101))[0]
    written = read_midi(clip.midi())
    assert [track.name for track in written.tracks] == names
    assert {int(one) for track in clip.score.tracks for one in track.notes.velocity} == velocities
    assert replay(dump_recipe(clip.recipe), clip.model)[0].midi() == clip.midi()


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((0, 2), [(73, "Lead vocal", 101), (BASS_PROGRAM, "bass", VELOCITY), (0, "Kit", 33)]),
        ((1,), [(MELODY_PROGRAM, "melody", VELOCITY), (35, "Low", 101), (0, "drums", VELOCITY)]),
    ],
)
def test_parts_without_a_track_leave_the_others_as_they_are(
    there: tuple[int, ...], expected: list[tuple[int, str, int]]
) -> None:
    piece = music(101)
    tracks = (piece.tracks[0], replace(piece.tracks[1], program=35), piece.tracks[2])
    source = read(replace(piece, tracks=tuple(tracks[number] for number in there)), Trio(bars=4))
    every = Trio(bars=4).generate(np.random.default_rng(1))
    found = [(one.program, one.name, int(one.notes.velocity[0])) for one in styled(every, source.style).tracks]
    assert found == expected


def test_parts_that_come_in_beside_dynamics_have_instruments_of_their_own() -> None:
    low = replace(music(101).tracks[1], program=35)
    trio = tiny_model("trio-4bar")
    source = read(replace(music(101), tracks=(low,)), trio, keep_velocity=True)
    tracks = [clip.score.tracks for clip in vary(trio, source, 2, amount=1.0, temperature=1.0, seed=1)]
    programs = {track.name: track.program for of_clip in tracks for track in of_clip if not track.is_drum}
    assert programs["Low"] == 35 and MELODY_PROGRAM in programs.values()


def test_a_name_of_half_a_character_is_written_with_a_question_mark(model: Model) -> None:
    broken = replace(music(90), tracks=(replace(music(90).tracks[0], name="a\ud800"),))
    assert read_midi(reconstruct(model, broken)[0].midi()).tracks[0].name == "a?"


WORDS: tuple[tuple[Any, ...], ...] = (
    ("sample", "-n", 2, "--seed", 1),
    ("reconstruct", "a.mid"),
    ("vary", "a.mid", "-n", 2, "--seed", 1),
    ("interpolate", "a.mid", "b.mid", "--steps", 3),
    ("attribute", "a.mid", "--add", "density"),
    ("decode", "z.json"),
    ("continue", "a.mid", "--bars", 3, "-n", 2, "--seed", 1),
)


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0])
def test_every_verb_writes_in_a_key_and_for_an_instrument(
    run: Run, tunes: tuple[str, str], words: tuple[Any, ...]
) -> None:
    run("encode", "a.mid", "-o", "z.json")
    done = run(*words, "--key", KEY, "--instrument", "electric piano", "-o", "out/")
    assert done.code == 0 and ("F# minor" in done.err or "no pitch" in done.err)
    for path in done.paths:
        found = read_midi(path).tracks[0]
        assert found.program == 4 and {int(pitch) % 12 for pitch in found.notes.pitch} <= parse_key(KEY).tones
        run("replay", path.with_suffix(".json"), "-o", "again.mid", "--force")
        assert Path("again.mid").read_bytes() == path.read_bytes()


def test_compose_moves_its_chords(run: Run) -> None:
    words = ("compose", "--seed", 1, "--instrument", "violin")
    done = run(*words, "--chords", "C Am", "--key", "D", "-o", "x.mid")
    assert done.code == 0 and "moved up 2 semitones, from C major to D major: D Bm" in done.err
    run(*words, "--chords", "D Bm", "-o", "y.mid")
    assert Path("x.mid").read_bytes() == Path("y.mid").read_bytes()


def test_a_piece_from_a_transposed_code_is_over_the_chords_that_were_asked_for(run: Run) -> None:
    band = "multitrack-1bar-chords"
    run("sample", "-m", band, "-n", 1, "--seed", 2, "-o", "a.mid")
    run("decode", "a.json", "--transpose", 3, "--instrument", "violin", "-o", "b.mid")
    for name in "ab":
        run("compose", "--chords", "C Am", "--from", f"{name}.json", "--seed", 1, "-o", f"{name}{name}.mid")
    a, b = (json.loads(Path(f"{name}.json").read_text()) for name in ("aa", "bb"))
    assert (a["semitones"], b["semitones"]) == (0, 0) and a["parts"] == b["parts"]
    assert read_midi("aa.mid").tracks == read_midi("bb.mid").tracks


def test_what_was_moved_before_counts(run: Run) -> None:
    run("sample", "-n", 1, "--transpose", 20, "-o", "a.mid")
    assert_fails(run("decode", "a.json", "--transpose", 5), "5 semitones, after 20 by which it is moved already")
    assert run("decode", "a.json", "--transpose", 4, "-o", "b.mid").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--key", "H"), "'H' is not a key"),
        (("--instrument", "vilin"), "Violin (41)"),
        (("--transpose", "25"), "--transpose is 25, not from -24 to 24"),
        (("--transpose", "2", "-m", "drums-2bar"), "only drums"),
        (("--instrument", "violin, viola"), "2 instruments for 1 pitched part"),
        (("--key", "C", "-m", "drums-2bar"), "only drums"),
        (("--instrument", "violin", "-m", "drums-2bar"), "only drums"),
    ],
)
def test_what_cannot_be_is_refused_before_a_model_is_loaded(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("musicae.model.load", None)
    assert_fails(run("sample", *words), said)


def test_a_key_and_a_number_of_semitones_contradict_each_other(run: Run) -> None:
    done = run("sample", "--transpose", 2, "--key", "C")
    assert done.code == 2 and "omit --transpose" in done.err


def test_the_way_is_said(run: Run, tunes: tuple[str, str]) -> None:
    done = run("sample", "-n", 2, "--seed", 1, "--key", "C")
    said = [line for line in done.err.splitlines() if line.startswith("clip ")]
    assert len(said) == 2 and all("C major" in line for line in said)
    files = [json.loads(path.with_suffix(".json").read_text()) for path in done.paths]
    assert all(one["key"] == "C major" and one["arguments"]["notes_outside_key"] >= 0 for one in files)


def test_silence_has_no_key(model: Model) -> None:
    silent = midi_bytes(Score(480, (Track(Notes.of([(0, 1, 60, 1)])),), end=8 * 480))
    window = reconstruct(model, silent)[0]
    rests = np.zeros((2, 16, 1), dtype=np.int64)
    recipe = replace(window.recipe, parts=(replace(window.recipe.parts[0], forced_tokens=rests),))
    (clip,) = Clips.of(model, recipe).in_key("C")
    assert clip.recipe.arguments["key_before"] == "" and clip.score.silent


def test_accents_follow_the_meter() -> None:
    def loud(numerator: int, denominator: int, *starts: int) -> list[int]:
        notes = Notes.of([(start, start + 60, 60, 80) for start in starts])
        return (
            accented(Score(480, (Track(notes),), 1920, meters=(Meter(0, numerator, denominator),)))
            .tracks[0]
            .notes.velocity.tolist()
        )

    assert loud(4, 4, 0, 120, 240, 480, 1920) == [94, 72, 80, 87, 94]
    assert loud(3, 4, 0, 480, 1440) == [94, 87, 94]
    assert loud(6, 8, 0, 120, 240, 480, 720, 1440) == [94, 72, 80, 80, 87, 94]


def test_accents_change_how_loud_notes_are_and_nothing_else(any_model: Model) -> None:
    (clip,) = sample(any_model, 1, seed=1)
    if any_model.representation.keeps_velocities:
        with pytest.raises(MusicaeError, match="writes velocities of its own"):
            clip.with_accents()
        return
    found = clip.with_accents()
    for old, new in zip(clip.score.tracks, found.score.tracks, strict=True):
        assert [row[:3] for row in old.notes.rows()] == [row[:3] for row in new.notes.rows()]
        assert set(new.notes.velocity.tolist()) <= {94, 87, 80, 72}
    assert replay(dump_recipe(found.recipe), any_model)[0].midi() == found.midi()


def test_accents_are_an_option_of_clips(run: Run, tunes: tuple[str, str]) -> None:
    done = run("sample", "--accents", "--seed", 1, "-n", 1, "-o", "x.mid")
    assert done.code == 0 and len(set(read_midi("x.mid").tracks[0].notes.velocity.tolist())) > 1
    assert run("vary", "a.mid", "--whole", "--accents").code == 2
    assert run("vary", "a.mid", "--keep-velocity", "--accents").code == 2
    assert run("compose", "--accents", "--chords", "C").code == 2
