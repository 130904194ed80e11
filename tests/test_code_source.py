"""Codes as sources: every verb reads the JSON that another one wrote as if it were music."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.clips.clip import Clip
from musicae.clips.code_source import is_code, read_code
from musicae.clips.reading import read
from musicae.clips.recipe_json import dump_recipe
from musicae.clips.song import read_song
from musicae.clips.source import end_of, part_of, source_for
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.key import parse_key
from musicae.music.midi import read_midi
from musicae.music.representations.melody import Melody
from musicae.verbs.attribute import attribute
from musicae.verbs.codes import decode, encode
from musicae.verbs.interpolate import interpolate
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.sample import sample
from musicae.verbs.vary import vary
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model, window, with_vectors
from tests.helpers.scores import scale, score, track, write_midi

Z = [0.5] * 8
TWO_BARS = Melody(bars=2)


def written(**entries: object) -> bytes:
    return json.dumps({"model": "melody-2bar", "parts": [{"z": Z}, {"z": [1.0] * 8}], **entries}).encode()


def test_a_code_is_told_from_midi_by_its_suffix_or_its_first_byte() -> None:
    assert is_code("a.json") and is_code(Path("A.JSON")) and is_code(b' \n{"model"') and is_code(b"[")
    assert is_code(b"\xef\xbb\xbf {"), "behind the mark that Windows writes"
    assert not is_code("a.mid") and not is_code(b"MThd") and not is_code(None) and not is_code(b"")


def test_reading_a_code_needs_no_torch() -> None:
    code = (
        "import sys; from musicae.clips.code_source import read_code; from musicae.clips.reading import read;"
        f"read_code({written()!r}); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_a_bar_chooses_among_several_codes() -> None:
    assert read_code(written()).z.tolist() == Z
    assert [read_code(written(), bar=bar, representation=TWO_BARS).z[0] for bar in (1, 2, 3, 4)] == [0.5, 0.5, 1.0, 1.0]
    assert read_code(written(), bar=3, representation=TWO_BARS).label == "the code: code 2 of 2"
    with pytest.raises(MusicaeError, match="there is no bar 5: the codes make 4 bars"):
        read_code(written(), bar=5, representation=TWO_BARS)
    with pytest.raises(MusicaeError, match="those of a model"):
        read_code(written(), bar=1)
    with pytest.raises(MusicaeError, match="bar is 0"):
        read_code(written(), bar=0, representation=TWO_BARS)


def test_what_was_transposed_is_decoded_as_high_and_as_long() -> None:
    model = tiny_model("melody-2bar")
    (clip,) = sample(model, 1, bars=3, temperature=0.0, seed=1)
    for other in (clip.transposed(5), clip.in_key("C"), clip.in_key("C").transposed(12)):
        decoded = decode(model, other.recipe)
        assert [part.bars for one in decoded for part in one.recipe.parts] == [None, 1]
        assert [pitch for one in decoded for pitch in pitches_of(one)] == pitches_of(other)


def pitches_of(clip: Clip) -> list[int]:
    return [pitch for track in clip.score.tracks for pitch in track.notes.pitch.tolist()]


def test_a_bar_counts_those_of_the_parts_that_sound() -> None:
    parts = [{"z": [float(number)] * 8, "bars": bars} for number, bars in enumerate((1, None, 1))]
    code = written(parts=parts)
    assert [read_code(code, bar=bar, representation=TWO_BARS).z[0] for bar in (1, 2, 3, 4)] == [0, 1, 1, 2]
    with pytest.raises(MusicaeError, match="there is no bar 5: the codes make 4 bars"):
        read_code(code, bar=5, representation=TWO_BARS)
    for wrong in (0, -3):
        with pytest.raises(MusicaeError, match=f"bars is {wrong}"):
            read_code(written(parts=[{"z": Z, "bars": wrong}]), bar=1, representation=TWO_BARS)


def test_verbs_make_the_same_of_music_and_of_its_code(any_model: Model) -> None:
    model, a = with_vectors(any_model), window(any_model, 0)
    for code in (encode(model, a), dump_recipe(encode(model, a)), source_for(model, encode(model, a, named=True))):
        assert reconstruct(model, code)[0].score == reconstruct(model, a)[0].score
        assert torch.equal(encode(model, code).z, encode(model, a).z)
    code, b = dump_recipe(encode(model, a)), window(any_model, 1)
    pairs = [
        (vary(model, code, 2, seed=4), vary(model, a, 2, seed=4)),
        (interpolate(model, code, b, steps=3), interpolate(model, a, b, steps=3)),
    ]
    for ours, theirs in pairs:
        assert all(one.score == other.score for one, other in zip(ours, theirs, strict=True))
    (before, _), (read, _) = (attribute(model, {"interval": 1.0}, music) for music in (code, a))
    assert before.score == reconstruct(model, a)[0].score
    assert read.score == reconstruct(model, replace(a, stays=a.fields))[0].score, "what is read is where music begins"


@pytest.mark.parametrize("style", [Style(semitones=5), Style(semitones=3, key=parse_key("D"))])
def test_between_codes_that_are_played_in_other_keys_lies_what_is_heard(style: Style) -> None:
    model = tiny_model("melody-2bar")
    own, other = (encode(model, window(model, seed)) for seed in (0, 1))
    moved = replace(other, style=style)
    own_tracks, moved_tracks = (Clip(model, recipe).score.tracks for recipe in (own, moved))
    for a, b, ends in ((own, moved, (own_tracks, moved_tracks)), (moved, own, (moved_tracks, own_tracks))):
        steps = interpolate(model, a, b, steps=2, exact_ends=True)
        assert tuple(clip.score.tracks for clip in steps) == ends


@pytest.mark.parametrize("semitones", [-24, -12, -5, 12, 24])
def test_what_sounds_beyond_the_pitches_of_a_model_is_read_octaves_away(semitones: int) -> None:
    model = tiny_model("trio-4bar")
    melody, bass = track([(4 * i, 4 * i + 4, 60 + i % 5) for i in range(16)]), track([(0, 16, 24), (32, 48, 26)], 32)
    a = read(score(melody, bass, bars=4), model)
    moved = encode(model, a)
    parts = (replace(moved.parts[0], forced_tokens=a.fields.astype(np.int64)),)
    moved = replace(moved, parts=parts, style=Style(semitones=semitones))
    own = reconstruct(model, replace(a, stays=a.fields))[0]
    sounding, written = pitches_of(Clip(model, moved)), pitches_of(own)
    for first, last in ((moved, a), (a, moved)):
        ends = interpolate(model, first, last, steps=2, exact_ends=True)
        assert pitches_of(ends[first is a]) == sounding
        assert pitches_of(ends[first is moved]) == written


def test_codes_that_are_too_far_apart_are_refused() -> None:
    model = tiny_model("melody-2bar")
    far = []
    for pitch, semitones in ((108, 24), (21, -24)):
        a = read(score(track([(4 * i, 4 * i + 4, pitch - i % 2) for i in range(8)]), bars=2), model)
        code = encode(model, a)
        part = replace(code.parts[0], forced_tokens=a.fields.astype(np.int64))
        far.append(replace(code, parts=(part,), style=Style(semitones=semitones)))
    with pytest.raises(MusicaeError, match="lies too far from the other one"):
        interpolate(model, *far)


def test_the_own_notes_of_a_recipe_are_the_exact_ends_of_paths() -> None:
    model = tiny_model("melody-2bar")
    a, b = window(model, 0), window(model, 1)
    own, _ = interpolate(model, a, b, steps=2, exact_ends=True)
    for recipe in (own.recipe, dump_recipe(own.recipe)):
        first = interpolate(model, recipe, b, steps=2, exact_ends=True)[0]
        assert first.score.tracks == own.score.tracks == model.representation.decode(a.tokens).tracks


def test_a_code_whose_music_is_one_bar_is_read_as_one() -> None:
    model = tiny_model("melody-2bar")
    (clip,) = sample(model, 1, bars=1, seed=6)
    for recipe in (clip.recipe, dump_recipe(clip.recipe)):
        source = source_for(model, recipe)
        assert end_of(model, source) == 4
        ends = [int(track.notes.end.max()) for track in reconstruct(model, source)[0].score.tracks if len(track.notes)]
        assert max(ends, default=0) <= 4 * clip.score.ticks_per_quarter


def test_codes_of_a_whole_song_know_nothing_of_the_tracks_of_its_file(tmp_path: Path) -> None:
    model = tiny_model("trio-4bar")
    bass, melody = track([(4 * i, 4 * i + 4, 36) for i in range(16)], 32), track(scale(4), 40)
    write_midi(score(bass, melody, track([(0, 1, 36)], is_drum=True), bars=4), tmp_path / "a.mid")
    (song,) = reconstruct(model, read_song(tmp_path / "a.mid", model)).with_instruments("tuba", "violin")
    style = read_code(dump_recipe(song.recipe)).style
    assert style == source_for(model, song.recipe).style == decode(model, song.recipe)[0].recipe.style
    assert (style.programs, style.names, style.velocities) == ((), (), ())


def test_a_bar_of_a_whole_song_is_one_of_the_song(tmp_path: Path) -> None:
    model = tiny_model("melody-2bar")
    notes = [(16 * bar + i, 16 * bar + i + 1, 60 + i) for bar in (0, 1, 2, 6, 7) for i in range(8)]
    write_midi(score(track(notes), bars=9), tmp_path / "a.mid")
    (song,) = reconstruct(model, read_song(tmp_path / "a.mid", model))
    recipe, reads = dump_recipe(song.recipe), model.representation
    codes = [read_code(recipe, bar=bar, representation=reads).label[-6:] for bar in (1, 2, 3, 7, 8)]
    assert codes == ["1 of 3", "1 of 3", "2 of 3", "3 of 3", "3 of 3"]
    with pytest.raises(MusicaeError, match="no code makes bar 6 of the song"):
        read_code(recipe, bar=6, representation=reads)


def test_what_keeps_something_of_midi_is_refused_of_codes(run: Run, tunes: tuple[str, str]) -> None:
    run("encode", "a.mid", "-o", "z.json")
    for option in ("--keep-velocity", "--keep-timing", "--track=1"):
        done = run("reconstruct", "z.json", option)
        assert done.code == 2 and "z.json holds codes" in done.err


def test_rests_behind_the_end_of_music_are_known_of_its_code(model: Model) -> None:
    whole = window(model)
    short = type(whole)(whole.tokens, whole.representation, whole.style, whole.label, ends=3.25)
    code = source_for(model, encode(model, short))
    assert end_of(model, short) == end_of(model, code) == 3.25
    assert end_of(model, source_for(model, encode(model, whole))) is None
    first, *_ = interpolate(model, code, whole, steps=3)
    assert first.score == reconstruct(model, short)[0].score


def test_the_exact_end_of_a_code_is_what_it_decodes_to(model: Model) -> None:
    a, b = window(model, 0), window(model, 1)
    first, _, last = interpolate(model, encode(model, a), b, steps=3, exact_ends=True)
    assert first.score == reconstruct(model, a)[0].score
    assert last.score.tracks == model.representation.decode(b.tokens).tracks


def test_a_clip_whose_notes_are_all_forced_is_read_as_its_code(model: Model) -> None:
    exact = interpolate(model, window(model, 0), window(model, 1), steps=2, exact_ends=True)[0]
    assert part_of(model, source_for(model, exact.recipe)).forced_tokens is None


def test_a_source_that_was_edited_is_read_as_it_was_edited(model: Model) -> None:
    data = json.loads(dump_recipe(encode(with_vectors(model), window(model), named=True)))
    data["parts"][0]["directions"]["direction1"] += 2.0
    before, after = (part_of(model, source_for(model, source)) for source in (window(model), json.dumps(data).encode()))
    assert not torch.equal(before.z, after.z)


def test_codes_of_another_size_are_refused_by_every_verb() -> None:
    model = tiny_model("melody-2bar")
    code = json.dumps({"model": "other", "parts": [{"z": [0.0] * 9}]}).encode()
    with pytest.raises(MusicaeError, match="9 numbers, those of melody-2bar 8") as caught:
        reconstruct(model, code)
    assert caught.value.facts == {"model": "other"}


def test_a_sidecar_is_a_source_on_the_command_line(run: Run, tunes: tuple[str, str]) -> None:
    run("reconstruct", "a.mid", "-o", "r.mid")
    assert run("reconstruct", "r.json", "-o", "-").bytes == run("reconstruct", "a.mid", "-o", "-").bytes
    done = run("attribute", "r.json", "--add", "interval", "-o", "more.mid")
    assert done.code == 0 and "reading r.json" in done.err and "interval: r.json " in done.err
    assert len(run("interpolate", "r.json", "b.mid", "--steps", 3, "-o", "steps/").paths) == 4
    assert run("vary", "r.json", "-n", 2).code == run("encode", "r.json", "-o", "z.json").code == 0
    whole, onward = (read_midi(run("continue", name, "-n", 1, "--seed", 1).paths[0]) for name in ("r.mid", "r.json"))
    assert whole.tracks == onward.tracks and run("continue", "r.json", "--bar", 2).code == 0
    z, again = (json.loads(Path(name).read_text())["parts"][0] for name in ("r.json", "z.json"))
    assert np.allclose(z["z"], again["z"]) and "directions" in again


def test_codes_are_read_by_the_model_that_they_are_of(run: Run, tunes: tuple[str, str]) -> None:
    run("sample", "-m", "drums-2bar", "-n", 1, "--seed", 1, "-o", "beat.mid")
    assert json.loads(run("vary", "beat.json", "-n", 1, "--json").out)["model"] == "drums-2bar"
    assert_fails(run("interpolate", "beat.json", "b.mid"), "b.mid")
    run("sample", "-n", 1, "-o", "tune.mid")
    assert_fails(run("interpolate", "beat.json", "tune.json"), "codes are of different models: drums-2bar, melody-2bar")


def test_codes_of_another_model_are_taken_where_that_is_forced(run: Run) -> None:
    run("sample", "-m", "drums-2bar", "-n", 1, "--seed", 1, "-o", "beat.mid")
    for verb in ("reconstruct", "vary", "decode", "encode"):
        assert_fails(run(verb, "beat.json", "-m", "melody-2bar"), "made by model drums-2bar")
        assert run(verb, "beat.json", "-m", "melody-2bar", "--force").code == 0
    with pytest.raises(MusicaeError, match="made by model drums-2bar") as caught:
        decode("melody-2bar", "beat.json")
    assert caught.value.kind == "wrong-model"


def test_an_edited_key_is_the_one_that_is_decoded_in(run: Run) -> None:
    run("sample", "-n", 1, "--seed", 1, "--key", "C", "-o", "c.mid")
    data = json.loads(Path("c.json").read_text())
    Path("d.json").write_text(json.dumps(data | {"key": "D"}))
    assert run("decode", "d.json", "-o", "e.mid").code == 0
    pitches = {int(pitch) % 12 for track in read_midi("e.mid").tracks for pitch in track.notes.pitch}
    assert pitches <= parse_key("D").scale


def test_a_code_has_no_tracks(run: Run) -> None:
    run("sample", "-n", 1, "-o", "tune.mid")
    assert run("vary", "tune.json", "--track", 1).code == 2
    assert run("vary", "tune.json", "--drums", "x").code == 2


def test_music_in_the_place_of_a_recipe_is_called_so(run: Run, tunes: tuple[str, str]) -> None:
    for verb in ("decode", "replay"):
        assert_fails(run(verb, "a.mid"), "a.mid is not JSON: it is a MIDI file")
    run("encode", "a.mid", "-o", "z.json")
    assert "nothing was edited" in run("decode", "z.json").err


def test_codes_come_through_a_pipe(run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    code = run("encode", "a.mid", "-o", "-").bytes
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(code)))
    assert run("reconstruct", "-", "-o", "r.mid").code == 0
    run("reconstruct", "a.mid", "-o", "direct.mid")
    assert Path("r.mid").read_bytes() == Path("direct.mid").read_bytes()


def test_the_path_that_a_command_prints_comes_through_a_pipe(
    run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.mid\n")))
    assert "reading a.mid" in run("reconstruct", "-").err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.mid\nb.mid\n")))
    assert_fails(run("reconstruct", "-"), "stdin names 2 files")
    Path("a.svg").write_text("<svg/>")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.mid\na.svg\n")))
    assert "reading a.mid" in run("reconstruct", "-").err, "and not its picture"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"parts": 1}', '{"model": "melody-2bar", "parts": [{"z": [NaN]}]}'])
@pytest.mark.parametrize("verb", ["reconstruct", "vary", "encode"])
def test_what_is_no_code_is_refused_before_a_model_is_loaded(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str, verb: str
) -> None:
    monkeypatch.setattr("musicae.model.load", None)
    Path("z.json").write_text(text)
    assert_fails(run(verb, "z.json"), "error: z.json")
    assert_fails(run(verb, "nowhere.json"), "cannot read nowhere.json")
