"""What verbs read: which bars of which track, and why not."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from musicae.clips.render import read
from musicae.errors import MusicaeError
from musicae.music.representations.drums import Drums
from musicae.music.score import Notes, Track
from musicae.storage import catalog
from tests.helpers.commands import Run, assert_fails, melody
from tests.helpers.scores import write_midi


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
    assert caught.value.hint == "a model of melody or multitrack reads it; train one with musicae train"


def test_six_eight(run: Run, tmp_path: Path) -> None:
    write_midi(melody(6, 8), tmp_path / "jig.mid")
    for words in ((), ("--track", 0), ("-m", "drums-2bar"), ("-m", "trio-4bar")):
        done = run("reconstruct", "jig.mid", *words)
        assert_fails(done, "it needs bars of four quarters, and bars 1 to 11, counted from 1, are in 6/8\n", "4/4")
        assert "track" not in done.err and "channel" not in done.err


def test_verbs_read_what_was_piped(run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("a.mid").read_bytes())))
    assert run("reconstruct", "-").code == 0


def test_bars_are_chosen_once_for_both_or_twice(run: Run, tunes: tuple[str, str]) -> None:
    once = run("interpolate", *tunes, "--bar", 3).err
    assert once.count("bars 3-4 of 8") == 2
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
    for track, program in enumerate((0, 33, 120)):
        done = run("reconstruct", "band.mid", "--track", track)
        assert f"track {track} (program {program})" in done.err and done.code == 0
    assert_fails(run("reconstruct", "band.mid", "--track", 3), "track 3 (drums) cannot be read as melody")


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
