"""Major and minor: the vector between them, and music that moves along it on its own tonic."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.clips.mode_search import in_mode
from musicae.clips.reading import read
from musicae.clips.song import read_song
from musicae.clips.style import Style
from musicae.corpus.dataset import Dataset
from musicae.model import Model, load, save
from musicae.music.key import Key, key_index, key_of, minor_fit, mode
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.note_distance import onsets_of, rhythm_of
from musicae.music.representations.melody import HIGHEST_PITCH, LOWEST_PITCH
from musicae.music.score import Meter, Notes, Score, Track, concatenate
from musicae.music.transposition import moved_into
from musicae.storage import catalog
from musicae.training import mode_vector
from musicae.training.mode_vector import fit_mode_vector, has_modes, to_tonic
from musicae.verbs.codes import encode
from musicae.verbs.interpolate import interpolate
from musicae.verbs.replay import replay
from musicae.verbs.transfer import transfer
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model

MAJOR_TUNE = (60, 62, 64, 65, 67, 64, 62, 60, 64, 67, 72, 67, 65, 64, 62, 60)
MINOR_TUNE = (60, 62, 63, 65, 67, 63, 62, 60, 63, 67, 72, 67, 65, 63, 62, 60)


def tune(pitches: tuple[int, ...], semitones: int = 0, times: int = 1) -> Score:
    """Eighths, two bars of them at a time, beside a bass that nothing is made of."""
    rows = [(240 * i, 240 * i + 240, pitch + semitones, 90) for i, pitch in enumerate(pitches * times)]
    bass = [(1920 * i, 1920 * i + 960, 36 + semitones, 70) for i in range(2 * times)]
    tracks = (Track(Notes.of(rows), 73, name="melody"), Track(Notes.of(bass), 33, name="bass"))
    return Score(480, tracks, end=3840 * times)


CADENCE = ((48, 52, 55), (53, 57, 60), (55, 59, 62), (48, 52, 55))
"""C, F, G and C."""


def pitch_classes(score: Score) -> set[int]:
    return {pitch % 12 for pitch in score.tracks[0].notes.pitch.tolist()}


@pytest.fixture(scope="module")
def shipped() -> Model:
    return load("melody-2bar", "cpu")


def test_how_much_better_minor_fits() -> None:
    assert minor_fit(tune(MAJOR_TUNE), 0) < -0.1 and minor_fit(tune(MINOR_TUNE), 0) > 0.1
    assert minor_fit(tune(MINOR_TUNE, 3), 3) == pytest.approx(minor_fit(tune(MINOR_TUNE), 0))
    assert minor_fit(Score(480, (), end=960), 0) == 0 and key_of(Score(480, (), end=960)) is None
    assert key_of(tune(MINOR_TUNE, 2)) == Key(2, minor=True)


def test_the_vector_is_the_difference_of_means_on_one_tonic(
    data: Dataset, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mode_vector, "LEAST_OF_MODE", 1)
    found = fit_mode_vector(model, data)
    windows = data.split("train").sample(10_000)
    codes: dict[float, list[torch.Tensor]] = {0.0: [], 1.0: []}
    for score in model.scores(windows.numpy()):
        pitches = score.tracks[0].notes.pitch + to_tonic(key_index(score) % 12)
        if np.isfinite(mode(score)) and pitches.min() >= LOWEST_PITCH and pitches.max() <= HIGHEST_PITCH:
            moved = model.representation.encode(moved_into(score, to_tonic(key_index(score) % 12)).score)
            codes[mode(score)].append(model.encode(torch.from_numpy(moved)[None])[0])
    expected = torch.stack(codes[1.0]).mean(0) - torch.stack(codes[0.0]).mean(0)
    assert found is not None
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(mode_vector, "LEAST_OF_MODE", 10_000)
    assert fit_mode_vector(model, data) is None


def test_drums_and_music_that_follows_chords_have_no_modes() -> None:
    has = {name: has_modes(tiny_model(name).representation) for name in ("melody-2bar", "trio-4bar", "drums-2bar")}
    assert has == {"melody-2bar": True, "trio-4bar": True, "drums-2bar": False}
    assert not has_modes(tiny_model("multitrack-1bar-chords").representation)


def test_tonics_are_moved_by_the_shorter_way() -> None:
    assert [to_tonic(tonic) for tonic in range(12)] == [0, -1, -2, -3, -4, -5, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("semitones", [0, 6, 11])
@pytest.mark.parametrize(("pitches", "minor"), [(MAJOR_TUNE, True), (MINOR_TUNE, False)])
def test_thirds_change_and_the_rest_stays(
    shipped: Model, pitches: tuple[int, ...], minor: bool, semitones: int
) -> None:
    before = tune(pitches, semitones)
    tokens = in_mode(shipped, shipped.representation.encode(before), semitones, minor=minor)
    assert tokens is not None
    after, before = (shipped.scores(one[None])[0] for one in (tokens, shipped.representation.encode(before)))
    major_third, minor_third = ((third + semitones) % 12 for third in (4, 3))
    gone, new = (major_third, minor_third) if minor else (minor_third, major_third)
    assert gone not in pitch_classes(after) and new in pitch_classes(after)
    stay = onsets_of(before) & onsets_of(after)
    assert stay.total() >= 8 and (rhythm_of(before) & rhythm_of(after)).total() >= 14


def test_nothing_sounds_where_silence_is_known(shipped: Model) -> None:
    tokens = shipped.representation.encode(tune(MAJOR_TUNE))
    silence = shipped.representation.silence_from(4.0)
    found = in_mode(shipped, tokens, 0, minor=True, silence=silence)
    assert found is not None
    (score,) = shipped.scores(found[None])
    assert int(score.tracks[0].notes.end.max()) <= 4 * score.ticks_per_quarter


def test_a_window_moves_and_is_replayed(shipped: Model) -> None:
    before, after = transfer(shipped, midi_bytes(tune(MAJOR_TUNE, 2)), "minor")
    assert (before.recipe.arguments["from"], after.recipe.arguments["to"]) == ("D major", "minor")
    assert key_of(after.score) == Key(2, minor=True)
    (again,) = replay(after.recipe, shipped)
    assert again.midi() == after.midi()
    back = transfer(shipped, after, "major")[1]
    assert key_of(back.score) == Key(2)
    same, still = transfer(shipped, after, "minor")
    assert same.score == still.score


def test_a_code_that_is_played_in_a_key_leaves_it_for_the_other_mode(shipped: Model) -> None:
    code = replace(encode(shipped, midi_bytes(tune(MAJOR_TUNE, 2))), style=Style(semitones=2, key=Key(4)))
    before, after = transfer(shipped, code, "minor")
    assert before.recipe.arguments["from"] == "E major" and key_of(before.score) == Key(4)
    assert key_of(after.score) == Key(4, minor=True)
    minor = replace(code, style=Style(semitones=2, key=Key(1, minor=True)))
    assert transfer(shipped, minor, "major")[0].recipe.arguments["from"] == "C# minor", "and not E major"


def test_the_key_is_that_of_the_piece(shipped: Model) -> None:
    relative = tune((69, 72, 76, 72, 69, 67, 69, 71, 72, 69, 76, 74, 72, 71, 69, 69), times=1)
    piece = concatenate([tune(MAJOR_TUNE, times=4), relative])
    source = read(piece, shipped, bar=9)
    assert key_of(relative) == Key(9, minor=True) and source.piece is not None and key_of(source.piece) == Key(0)
    assert transfer(shipped, source, "minor")[0].recipe.arguments["from"] == "C major"


def test_a_whole_song_goes_along(shipped: Model) -> None:
    song = tune(MAJOR_TUNE, times=3)
    chords = [(960 * i, 960 * i + 960, pitch, 70) for i in range(12) for pitch in CADENCE[i % 4]]
    hits = Track(Notes.of((960 * i, 960 * i + 60, 40, 90) for i in range(12)), is_drum=True)
    song = replace(song, tracks=(*song.tracks, Track(Notes.of(chords), 48, name="strings"), hits))
    before, after = transfer(shipped, read_song(midi_bytes(song), shipped), "minor")
    written = read_midi(after.midi())
    assert read_midi(before.midi()).tracks == song.tracks
    assert [written.tracks[i].notes for i in (1, 3)] == [song.tracks[i].notes for i in (1, 3)]
    assert written.end == song.end
    found = written.tracks[2].notes.pitch.reshape(12, 3).tolist()
    assert found[:2] == [[48, 51, 55], [53, 56, 60]] and found[2] in ([55, 58, 62], [55, 59, 62])
    (again,) = replay(after.recipe, shipped)
    assert again.midi() == after.midi()
    assert key_of(Score(480, written.tracks[:1], written.end)) == Key(0, minor=True)
    bars = [written.tracks[0].notes.pitch.tolist()[i::3] for i in range(3)]
    assert len({len(bar) for bar in bars}) == 1, "windows that are alike stay so"


def test_the_same_track_is_read_when_a_song_has_changed(shipped: Model) -> None:
    """Of two melodies that are nearly alike, the one that is read may lie lower than the other one in minor."""
    flute = tune(MAJOR_TUNE, 12, times=4).tracks[0]
    other = tuple(pitch if pitch % 12 not in (4, 9, 11) else pitch - 2 for pitch in MAJOR_TUNE)
    clarinet = replace(tune(other, 12, times=4).tracks[0], program=71)
    song = Score(480, (flute, clarinet), end=4 * 3840)
    _, after = transfer(shipped, read_song(midi_bytes(song), shipped), "minor")
    written = read_midi(after.midi())
    assert written.tracks[1].notes == clarinet.notes
    assert {int(pitch) % 12 for pitch in written.tracks[0].notes.pitch} <= Key(0, minor=True).tones


def test_a_piano_alone_goes_wholly_into_the_other_mode(shipped: Model) -> None:
    """Chords under the tune, which no model of melodies reads, and a bar in another meter."""
    rows = [row for row in tune(MAJOR_TUNE, 12, times=4).tracks[0].notes.rows() if not 3840 <= row[0] < 5280]
    rows += [(960 * i, 960 * i + 960, pitch, 70) for i in range(16) for pitch in ((52, 55, 59), *CADENCE)[i % 5]]
    meters = (Meter(0, 4, 4), Meter(3840, 3, 4), Meter(5280, 4, 4))
    song = Score(480, (Track(Notes.of(rows)),), end=5280 + 5 * 1920, meters=meters)
    _, after = transfer(shipped, read_song(midi_bytes(song), shipped), "minor")
    classes = {int(pitch) % 12 for pitch in read_midi(after.midi()).tracks[0].notes.pitch}
    assert classes <= Key(0, minor=True).tones and not classes & {4, 9}


def test_a_recipe_that_plays_notes_of_its_own_is_transferred_from_these(shipped: Model) -> None:
    a, b = midi_bytes(tune(MAJOR_TUNE)), midi_bytes(tune(MINOR_TUNE, 5))
    first, _ = interpolate(shipped, a, b, steps=2, exact_ends=True)
    before, _ = transfer(shipped, first.recipe, "minor")
    assert before.score.tracks[0].notes == first.score.tracks[0].notes


def test_the_vector_is_kept_and_is_no_attribute(model: Model, tmp_path: Path) -> None:
    model.attributes, model.mode_vector = {"density": torch.ones(8)}, torch.arange(8.0)
    save(model, tmp_path / "kept")
    again = load(tmp_path / "kept", "cpu")
    assert again.mode_vector is not None and torch.equal(again.mode_vector, torch.arange(8.0))
    assert [*again.attributes] == catalog.describe(tmp_path / "kept").attributes == ["density"]
    model.attributes = {}
    save(model, tmp_path / "alone")
    assert load(tmp_path / "alone", "cpu").mode_vector is not None


def test_the_command_says_what_changes(run: Run, shipped: Model) -> None:
    Path("a.mid").write_bytes(midi_bytes(tune(MAJOR_TUNE, times=2)))
    own = ("-m", str(shipped.folder))
    done = run("transfer", "a.mid", "--to", "minor", "-o", "minor.mid", *own)
    assert done.code == 0 and "from C major to minor" in done.err
    assert json.loads(Path("minor.json").read_text())["arguments"]["to"] == "minor"
    whole = run("transfer", "a.mid", "--to", "minor", "--whole", "--svg", "-o", "all.mid", *own)
    assert whole.code == 0 and Path("all.svg").exists()
    assert "already" in run("transfer", "minor.mid", "--to", "minor", "-o", "again.mid", *own).err
    assert run("transfer", "a.mid", "--to", "minor").code == 0, "the default model has a mode vector"
    assert_fails(run("transfer", "a.mid", "--to", "blue"), "blue", "major, minor")
    assert_fails(run("transfer", "a.mid", "--to", "minor", "-m", "trio-4bar"), "no classes", "melody")
