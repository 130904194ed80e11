"""Sources: which bars of which track a verb reads, and why not."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musicae.cli.hints import hint
from musicae.clips.choice import best_window
from musicae.clips.reading import read
from musicae.errors import MusicaeError
from musicae.music.instruments import GENERAL_MIDI
from musicae.music.midi import midi_bytes
from musicae.music.representations.base import Representation
from musicae.music.representations.drums import Drums
from musicae.music.representations.melody import Melody
from musicae.music.representations.trio import Trio
from musicae.music.score import Meter, Notes, Tempo, Track
from musicae.storage import catalog
from tests.helpers.commands import Run, assert_fails, melody
from tests.helpers.midi_bytes import BEAT, EIGHTHS, event, meta, smf, tune
from tests.helpers.scores import BAR, STEP, band, scale, score, track, write_midi


def test_the_fullest_window_is_chosen_and_named() -> None:
    quiet = [(0, 16, 60), (16, 32, 62), (32, 48, 64)]
    busy = [(2 * k, 2 * k + 2, 60 + k % 7) for k in range(24, 40)]
    choice = best_window(score(track(quiet + busy, name="Lead"), bars=7), Melody(bars=2))
    assert str(choice) == "bars 4-5 of 7 (track 1 'Lead' (Acoustic Grand Piano))"
    assert choice.tracks == (0,)
    assert choice.tick == 3 * BAR
    assert (choice.tokens[..., 0] > 1).sum() == 16


def test_of_equally_full_windows_the_first_is_chosen() -> None:
    assert best_window(score(track(scale(8)), bars=8), Melody(bars=2)).first_bar == 1


def test_a_window_with_few_pitches_is_used_when_there_is_no_other() -> None:
    choice = best_window(score(track([(0, 4, 60), (16, 20, 60)]), bars=2), Melody(bars=2))
    assert np.flatnonzero(choice.tokens).tolist() == [0, 4, 16, 20]


def test_a_piece_that_is_too_short_is_padded_with_rests() -> None:
    choice = best_window(score(track([(0, 16, 60)]), bars=1), Melody(bars=4))
    assert str(choice).startswith("bars 1-4 of 1, padded with rests (")
    assert choice.tokens.shape == (4, 16, 1)
    assert {int(i): int(choice.tokens.reshape(-1)[i]) for i in np.flatnonzero(choice.tokens)} == {0: 41, 16: 1}


def test_a_bar_can_be_asked_for() -> None:
    piece = score(track(scale(6)), bars=6)
    choice = best_window(piece, Melody(bars=2), bar=3)
    assert (choice.first_bar, choice.last_bar, choice.tick) == (3, 4, 2 * BAR)
    assert not choice.padded
    assert str(best_window(piece, Melody(bars=2), bar=6)).startswith("bars 6-7 of 6, padded with rests (")
    with pytest.raises(MusicaeError, match="there is no bar 7: the piece has 6 bars") as error:
        best_window(piece, Melody(bars=2), bar=7)
    assert error.value.hint == "choose a bar from 1 to 6"


def test_bars_of_other_meters_at_the_end_are_counted() -> None:
    piece = score(track(scale(7)), bars=7, meters=(Meter(0, 4, 4), Meter(4 * BAR, 3, 4)))
    assert str(best_window(piece, Melody(bars=2), bar=1)).startswith("bars 1-2 of 8")
    with pytest.raises(MusicaeError, match="bar 6 is in a meter that cannot be read"):
        best_window(piece, Melody(bars=2), bar=6)


def test_at_a_bar_the_tune_is_read_while_it_plays() -> None:
    tune = track([(0, 4, 60), (4, 8, 62), (8, 12, 64), (16, 24, 65), (24, 32, 67)] * 2, name="melody")
    comping = track([(2 * k, 2 * k + 1, 48 + 4 * (k % 2)) for k in range(32)], name="comp")
    piece = score(tune, comping, bars=4)
    assert best_window(piece, Melody(bars=2)).tracks == best_window(piece, Melody(bars=2), bar=1).tracks == (0,)
    assert best_window(piece, Melody(bars=2), bar=3).tracks == (1,), "the tune has ended"


def test_bars_in_other_meters_keep_their_numbers_and_are_not_crossed() -> None:
    meters = (Meter(0, 4, 4), Meter(2 * BAR, 3, 4), Meter(2 * BAR + 3 * BAR // 4 * 2, 4, 4))
    piece = score(track(scale(7)), bars=7, meters=meters)
    choice = best_window(piece, Melody(bars=4), bar=1)
    assert not choice.tokens[2:].any() or np.flatnonzero(choice.tokens[2:]).tolist() == [0]
    assert choice.padded
    after = best_window(piece, Melody(bars=2), bar=5)
    assert (after.first_bar, after.tick) == (5, meters[2].tick)
    with pytest.raises(MusicaeError, match="bar 3 is in a meter that cannot be read"):
        best_window(piece, Melody(bars=2), bar=3)


def test_a_track_can_be_asked_for() -> None:
    drums = track([(0, 1, 36)], is_drum=True)
    piece = score(track(scale(2), name="melody"), track([(0, 8, 40)], program=20), drums)
    assert best_window(piece, Melody(bars=2)).tracks == (0,)
    assert best_window(piece, Melody(bars=2), track=2).tracks == (1,)
    with pytest.raises(MusicaeError, match=r"track 3 \(drums\) cannot be read as melody") as error:
        best_window(piece, Melody(bars=2), track=3)
    assert error.value.kind == "drum-track"
    for absent in (0, 4):
        with pytest.raises(MusicaeError, match=f"there is no track {absent}") as error:
            best_window(piece, Melody(bars=2), track=absent)
        assert error.value.hint == "choose a track from 1 to 3"


def test_a_track_that_is_asked_for_is_read_against_all_preferences() -> None:
    effects, bass = track(scale(2), program=120), track(scale(2), program=33)
    piece = score(track(scale(2)), bass, effects, track(scale(2), is_drum=True))
    for asked in range(3):
        assert best_window(piece, Melody(bars=2), track=asked + 1).tracks == (asked,)
    assert best_window(piece, Trio(bars=2)).tracks == (0, 1, 3)
    assert best_window(piece, Trio(bars=2), track=3).tracks == (2, 1, 3)
    crowd = score(
        *(track(scale(2)) for _ in range(6)), *(track(scale(2), program=33) for _ in range(4)), *band(scale(2))
    )
    assert best_window(crowd, Trio(bars=2), track=6).tracks == (5, 6, 12)
    assert best_window(crowd, Trio(bars=2), track=10).tracks == (0, 9, 12)


def test_the_first_track_with_a_usable_window_is_chosen() -> None:
    piece = score(track([(0, 4, 60)], name="melody"), track(scale(4)), bars=4)
    assert best_window(piece, Melody(bars=2)).tracks == (1,)


def test_a_score_without_a_usable_track_says_what_each_would_need() -> None:
    with pytest.raises(MusicaeError, match=r"track 1 \(drums\) needs a pitched instrument"):
        best_window(score(track([(0, 1, 36)], is_drum=True)), Melody(bars=2))


@pytest.mark.parametrize("representation", [Melody(bars=2), Trio(bars=2)])
def test_a_score_without_notes_has_no_window(representation: Representation) -> None:
    with pytest.raises(MusicaeError, match="no notes in the score"):
        best_window(score(track([])), representation)


@pytest.mark.parametrize("asked", [None, 1])
def test_where_no_bar_can_be_read_the_meter_is_the_only_reason(asked: int | None) -> None:
    meters = (Meter(0, 3, 4), Meter(BAR * 3 // 4, 6, 8))
    with pytest.raises(MusicaeError) as caught:
        best_window(score(*band(scale(4)), bars=3, meters=meters), Melody(bars=2), track=asked)
    assert caught.value.message == (
        "no melody in the score: it needs bars of four quarters, and bars 1 to 1, counted from 1, are in 3/4; "
        "it needs bars of four quarters, and bars 2 to 4, counted from 1, are in 6/8"
    )
    assert "only bars of four quarters are read (4/4, 2/2, 2/4, 1/4)" in caught.value.hint


def test_a_trio_without_a_bass_can_still_be_used() -> None:
    melody, _, drums = band(scale(4))
    choice = best_window(score(melody, drums, bars=4), Trio(bars=4))
    assert choice.tokens[..., [0, 2]].any() and not choice.tokens[..., 1].any()


def test_a_trio_without_a_bass_is_read_where_it_plays() -> None:
    melody, _, drums = band(scale(12, first=8))
    for asked in (None, 1):
        choice = best_window(score(melody, drums, bars=12), Trio(bars=4), track=asked)
        assert (choice.first_bar, choice.total_bars) == (9, 12)
        assert choice.tokens[..., [0, 2]].any()
    assert best_window(score(melody, drums, bars=12), Trio(bars=4), bar=7).first_bar == 7


def test_drums_asked_for_a_melody(run: Run, tmp_path: Path) -> None:
    write_midi(melody(is_drum=True), tmp_path / "beat.mid")
    assert_fails(run("vary", "beat.mid"), "drums", "pitched", "-m drums-2bar")


def test_a_melody_asked_for_drums_when_no_model_of_melodies_is_there(
    run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "installed", dict)
    drums = Drums(bars=2)
    with pytest.raises(MusicaeError, match=r"a\.mid: no drums in the score: .* needs MIDI channel 10") as caught:
        read("a.mid", drums)
    assert hint(caught.value) == "a model of melody or multitrack reads it; train one with musicae train"


def test_six_eight(run: Run, tmp_path: Path) -> None:
    write_midi(melody(6, 8), tmp_path / "jig.mid")
    for words in ((), ("--track", 1), ("-m", "drums-2bar"), ("-m", "trio-4bar")):
        done = run("reconstruct", "jig.mid", *words)
        assert_fails(done, "it needs bars of four quarters, and bars 1 to 11, counted from 1, are in 6/8\n")
        assert "hint: a model of melody in 6/8 or multitrack in 6/8 reads it" in done.err
        error = done.err.partition("hint:")[0]
        assert "track" not in error and "channel" not in error


def test_a_meter_that_a_model_reads_is_read_and_written(tmp_path: Path) -> None:
    """Of two meters with bars as long, what is written has that of the file."""
    write_midi(melody(6, 8), tmp_path / "jig.mid")
    source = read(tmp_path / "jig.mid", Melody(bars=2, meter="3/4"))
    assert source.style.meter == "6/8"
    assert source.tokens.shape == (2, 12, 1)
    with pytest.raises(MusicaeError) as caught:
        read(tmp_path / "jig.mid", Melody(bars=2, meter="5/4"))
    assert hint(caught.value).startswith("a model of melody in 6/8 or multitrack in 6/8 reads it")


def test_verbs_read_what_was_piped(run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("a.mid").read_bytes())))
    assert run("reconstruct", "-").code == 0


def test_bars_are_chosen_once_for_both_or_twice(run: Run, tunes: tuple[str, str]) -> None:
    once = run("interpolate", *tunes, "--bar", 3).err
    assert once.count(": bars 3-4 of 8") - once.count("come back") == 2
    twice = run("interpolate", *tunes, "--bar", 3, "--bar", 5).err
    assert "bars 3-4 of 8" in twice and "bars 5-6 of 8" in twice


def test_errors_name_the_file(run: Run, tunes: tuple[str, str]) -> None:
    write_midi(melody(is_drum=True), Path("beat.mid"))
    assert_fails(run("interpolate", "a.mid", "beat.mid"), "error: beat.mid: no melody")
    assert_fails(run("reconstruct", "a.mid", "--bar", 9), "error: a.mid: there is no bar 9")


def test_a_track_that_is_asked_for_is_read(run: Run) -> None:
    (part,) = melody().tracks
    band = (replace(part, program=program) for program in (0, 33, 120))
    write_midi(replace(melody(), tracks=(*band, replace(part, is_drum=True))), "band.mid")
    for number, program in enumerate((0, 33, 120), start=1):
        done = run("reconstruct", "band.mid", "--track", number)
        assert f"track {number} ({GENERAL_MIDI[program]})" in done.err and done.code == 0
    assert_fails(run("reconstruct", "band.mid", "--track", 4), "track 4 (drums) cannot be read as melody", "drums-2bar")


def test_a_list_of_files_is_no_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = run("sample", "-n", 1, "--json").bytes
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    assert_fails(run("vary", "-"), "a list of files is not a recipe", "without --json")


def test_a_track_may_be_asked_for_by_its_name(run: Run) -> None:
    (part,) = melody().tracks
    write_midi(replace(melody(), tracks=(replace(part, name="Low"), replace(part, name="High"))), "two.mid")
    for words in (("reconstruct",), ("reconstruct", "--whole"), ("continue", "--bars", 2)):
        assert "track 2 'High'" in run(words[0], "two.mid", "--track", "high", *words[1:]).err
    assert_fails(run("reconstruct", "two.mid", "--track", "bass"), "there is no track 'bass'", "track 1 'Low'")


def test_a_file_without_notes(run: Run) -> None:
    write_midi(replace(melody(), tracks=(Track(Notes.of([])),)), "silent.mid")
    for model in ("melody-2bar", "drums-2bar", "trio-4bar"):
        for words in (("reconstruct",), ("vary",), ("encode",), ("attribute", "--add", "density")):
            assert_fails(run(*words, "silent.mid", "-m", model), "silent.mid: there are no notes")


def test_empty_bars_are_read_but_not_in_silence(run: Run) -> None:
    (part,) = melody().tracks
    write_midi(replace(melody(), tracks=(replace(part, notes=part.notes[part.notes.start >= 4 * 1920]),)), "late.mid")
    done = run("reconstruct", "late.mid", "--bar", 1)
    assert done.code == 0 and "nothing is played there" in done.err
    assert "nothing is played there" not in run("reconstruct", "late.mid").err


CLIP = smf(b"", meta(0, 3, b"Drums") + tune(BEAT * 4))
"""A drum clip of a DAW: nothing but a name says that it is drums."""


@pytest.mark.parametrize("late", [0, 1, STEP - 1])
def test_a_tempo_that_is_set_a_moment_late_is_the_windows(late: int) -> None:
    music = replace(score(*band(scale(2))[:1]), tempi=(Tempo(0, 120.0), Tempo(late, 87.0)))
    music = replace(music, tempi=music.tempi[late == 0 :])
    assert read(music, Melody(bars=2)).style.tempo_qpm == 87.0
    later = replace(music, tempi=(Tempo(0, 120.0), Tempo(BAR, 87.0)))
    assert read(later, Melody(bars=2)).style.tempo_qpm == 120.0


@pytest.mark.parametrize("asked", ["1", "drums", "Drums"])
def test_a_track_can_be_said_to_be_drums(asked: str) -> None:
    source = read(CLIP, Drums(bars=2), drums=[asked])
    assert source.tokens[0, :3, 0].tolist() == [1, 0, 4]
    assert source.label.endswith(f"drums: {asked}") and not source.warnings


def test_what_looks_like_drums_is_offered(run: Run, tmp_path: Path) -> None:
    kit = tmp_path / "kit.mid"
    for data in (CLIP, smf(tune(BEAT * 4))):
        kit.write_bytes(data)
        assert_fails(run("reconstruct", kit, "-m", "drums-2bar"), "looks like drums: --drums 1 reads it so")
        assert "--drums 1" in run("reconstruct", kit).err
        done = run("reconstruct", kit, "-m", "drums-2bar", "--drums", 1)
        assert done.code == 0 and "drums: 1" in done.paths[0].with_suffix(".json").read_text()


def test_a_track_that_is_not_there_is_said(run: Run, tunes: tuple[str, str]) -> None:
    assert "warning: a.mid has no track 'Kit'" in run("reconstruct", "a.mid", "--drums", "Kit", "-q").err


def test_of_damaged_files_what_is_whole_is_read_with_a_warning(run: Run, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mid"
    damaged.write_bytes(smf(tune(EIGHTHS) + event(0, 0xB0, 7, 255))[:-1])
    done = run("reconstruct", damaged, "-q")
    assert done.code == 0 and done.err.startswith("warning:") and "is damaged" in done.err
    assert_fails(run("reconstruct", damaged, "--strict"), "is damaged")
    for verb in ("vary", "encode"):
        assert run(verb, damaged, "--strict").code == 1


def test_a_label_names_the_track_by_the_number_that_asks_for_it() -> None:
    piece = score(*(track(scale(4), name=f"part {number}") for number in (1, 2, 3)), bars=4)
    for number in (1, 2, 3):
        assert (
            f"(track {number} 'part {number}' (Acoustic Grand Piano))"
            in read(piece, Melody(bars=2), track=number).label
        )
        asked = read(piece, Drums(bars=2), drums=[str(number)])
        assert f"(track {number} 'part {number}' (drums))" in asked.label


COUNTED_FROM_0 = re.compile(r"\b(tracks?|bars?)\b( of the file)? 0\b|--(drums|track|bar) 0\b|\bfrom 0\b")


def test_no_message_counts_tracks_or_bars_from_0(run: Run, tmp_path: Path) -> None:
    files = {
        "clip.mid": CLIP,
        "cut.mid": smf(tune(EIGHTHS), tune(BEAT * 4))[:-1],
        "beat.mid": midi_bytes(melody(is_drum=True)),
        "jig.mid": midi_bytes(melody(6, 8)),
        "tune.mid": midi_bytes(melody()),
    }
    words = ((), ("--track", 0), ("--track", 1), ("--track", 9), ("--bar", 0), ("--bar", 99), ("--drums", 0))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        for model in ("drums-2bar", "trio-4bar"):
            said = [run("reconstruct", name, "-m", model, *some).err for some in words]
            assert not [text for text in said if COUNTED_FROM_0.search(text)]
            assert "tracks are counted from 1" in said[-1]
    for verb in ("reconstruct", "interpolate", "compose", "preprocess"):
        assert not COUNTED_FROM_0.search(run(verb, "--help").out)
