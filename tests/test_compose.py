"""Pieces over chords: the plan, and that sections, chords and instruments are where it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mido  # type: ignore[import-untyped]
import numpy as np
import pytest
import torch

from musicae import geometry
from musicae.clips.reading import Source
from musicae.clips.style import Style
from musicae.config import spec
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.chords import progression
from musicae.music.midi import read_midi
from musicae.music.note_distance import instruments_of
from musicae.music.representations.event_rows import DRUMS, END, PROGRAM
from musicae.music.score import DRUM_KIT
from musicae.verbs.compose import Song, compose
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_config, tiny_model

QUARTERS = 4


@pytest.fixture
def band() -> Model:
    return tiny_model("multitrack-1bar-chords")


def source(model: Model, chords: str, seed: int) -> Source:
    tokens = model.representation.encode(model.representation.generate(np.random.default_rng(seed)))
    tokens[..., 1:] = model.representation.condition_of(progression(chords))
    return Source(tokens, model.representation, Style(), "a bar")


def test_a_plan_has_a_letter_and_a_chord_for_every_bar() -> None:
    song = Song("C | Am", bars_per_chord=2, form="AB", repeat=2)
    c, am = progression("C Am")
    once = [(letter, place, (chord,)) for letter in (0, 1) for place, chord in enumerate((c, c, am, am))]
    assert song.passages(1) == once * 2
    assert song.passages(2)[:3] == [(0, 0, (c, c)), (0, 1, (am, am)), (1, 0, (c, c))]
    assert Song([c, am], bars_per_chord=2, form="AB", repeat=2).passages(1) == once * 2
    for wrong in (Song([]), Song("C F G")):
        with pytest.raises(MusicaeError, match="do not fill whole windows"):
            wrong.passages(2)
    for form in ("", "A B", "AABA'"):
        with pytest.raises(MusicaeError, match="is not a form"):
            Song("C D", form=form)
    with pytest.raises(MusicaeError, match="repeat is 0"):
        Song("C D", repeat=0)
    with pytest.raises(MusicaeError, match="bars_per_chord is 0"):
        Song("C D", bars_per_chord=0)
    with pytest.raises(MusicaeError, match="a program of the band is 300"):
        Song("C D", band=(300,))
    with pytest.raises(MusicaeError, match="4096 bars is too long"):
        Song("C D", bars_per_chord=64, form="AABA", repeat=8).passages(2)


def test_a_chord_counts_as_its_triad(band: Model) -> None:
    (plain,), (rich,) = (compose(band, chords, temperature=1.0, seed=1) for chords in ("C F", "Cmaj7 Fsus4"))
    assert rich.score.tracks == plain.score.tracks
    assert [marker.text for marker in rich.score.markers] == ["Cmaj7", "Fsus4"], "as it was written"


def test_chords_are_text_or_chords(band: Model) -> None:
    (text,), (chords,) = (compose(band, chords, seed=1) for chords in ("C Am", progression("C Am")))
    assert text.midi() == chords.midi()
    assert text.recipe.arguments == chords.recipe.arguments


def test_bars_of_a_section_have_its_code_and_its_programs(band: Model) -> None:
    (clip,) = compose(band, Song("C Am F G", form="AABA", own_instruments=True), variation=0.0, seed=1)
    recipe = clip.recipe
    leads = [0] * 8 + [8] * 4 + [0] * 4
    assert [part.chords for part in recipe.parts] == [(chord,) for chord in progression("C Am F G") * 4]
    assert [part.draw for part in recipe.parts] == leads
    forced = [part.forced_tokens for part in recipe.parts if part.forced_tokens is not None]
    programs = np.stack([band.representation.programs(tokens) for tokens in forced])
    assert (programs[[0, 4, 12]] == programs[0]).all(), "the same music again"
    assert torch.equal(recipe.z[0], recipe.z[15]) and not torch.equal(recipe.z[0], recipe.z[8])
    assert clip.score.end == 16 * QUARTERS * clip.score.ticks_per_quarter


@pytest.fixture
def decoded(band: Model, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every window that the band decodes from here on."""
    made, decode = [], band.decode

    def recorded(*arguments: Any, **options: Any) -> Any:
        found = decode(*arguments, **options)
        made.append(found[0])
        return found

    monkeypatch.setattr(band, "decode", recorded)
    return made


def test_the_first_bar_says_which_programs_play(band: Model, decoded: list[Any]) -> None:
    assert compose(band, Song("C Am F G", form="AB"), temperature=1.0, seed=1)[0].score
    programs = np.stack(decoded[-8:])[:, :, 0, 0]
    assert (programs == programs[0]).all() and (decoded[-8] != decoded[-7]).any()


def test_a_band_that_is_asked_for_plays_and_nobody_else(band: Model, decoded: list[Any]) -> None:
    asked = (40, DRUM_KIT, 33)
    (clip,) = compose(band, Song("C Am", form="AB", band=asked), temperature=1.0, seed=1)
    assert instruments_of(clip.score) <= set(asked)
    windows = np.stack(decoded[-4:])
    assert (windows[:, :3, 0, 0] == [PROGRAM + 33, PROGRAM + 40, DRUMS]).all() and (windows[:, 3:, :, 0] == END).all()
    with pytest.raises(MusicaeError, match="a band of 9 instruments cannot be written"):
        compose(band, Song("C", band=tuple(range(9))))


def test_sections_may_have_programs_of_their_own(band: Model, decoded: list[Any]) -> None:
    song = Song("C Am F G", form="AB", own_instruments=True)
    assert compose(band, song, temperature=1.0, seed=1)[0].score
    programs = np.stack(decoded[-8:])[:, :, 0, 0]
    assert (programs[:4] == programs[0]).all() and (programs[4:] == programs[4]).all()
    assert (programs[0] != programs[4]).any()


def test_a_section_is_the_same_music_wherever_it_is_played(band: Model) -> None:
    score = compose(band, Song("C Am", form="ABA"), temperature=1.0, variation=0.5, seed=1)[0].score
    section = 2 * QUARTERS * score.ticks_per_quarter

    def played(number: int) -> list[tuple[int, tuple[int, ...]]]:
        notes = [(track.program, note) for track in score.tracks for note in track.notes.rows()]
        begin = number * section
        return sorted(
            (program, (start - begin, end - begin, *sound))
            for program, (start, end, *sound) in notes
            if begin <= start < begin + section
        )

    assert played(0) == played(2) != played(1)


def test_variation_is_the_same_wherever_a_section_is_played(band: Model) -> None:
    z = compose(band, Song("C F", form="AB", repeat=2), variation=0.5, seed=1)[0].recipe.z
    assert torch.equal(z[:4], z[4:]) and len(z.unique(dim=0)) == 4
    plain = compose(band, Song("C F", form="AB"), variation=0.0, seed=1)[0].recipe.z
    torch.testing.assert_close(z[[0, 2]], plain[[0, 2]])


def test_forced_programs_stand(band: Model) -> None:
    representation, z = band.representation, torch.randn(2, band.latent_size)
    (lead,) = band.decode(z[:1])
    programs = representation.programs(lead)
    (follower,) = band.decode(z[1:], forced=programs[None])
    assert (follower[:, 0, 0] == lead[:, 0, 0]).all()
    assert (programs[:, 1:] == -1).all()


def test_markers_say_where_sections_begin_and_chords_change(band: Model, tmp_path: Path) -> None:
    clip = compose(band, Song("C C G7/B", form="AB"), seed=1)[0]
    bar = QUARTERS * clip.score.ticks_per_quarter
    wanted = [(0, "[A]"), (0, "C"), (2, "G7/B"), (3, "[B]"), (3, "C"), (5, "G7/B")]
    assert [(marker.tick // bar, marker.text) for marker in clip.score.markers] == wanted
    midi = mido.MidiFile(clip.save(tmp_path / "song.mid"))
    at, found = 0, []
    for message in midi.tracks[0]:
        at += message.time
        found += [(at // bar, message.text)] if message.type == "marker" else []
    assert found == [(at * midi.ticks_per_beat * QUARTERS // bar, text) for at, text in wanted]
    assert [marker.text for marker in compose(band, "C G", seed=1)[0].score.markers] == ["C", "G"], "one section"


def test_a_piece_leads_from_one_clip_to_another(band: Model) -> None:
    a, b = source(band, "C", 1), source(band, "G", 2)
    ends = band.encode(np.stack([a.tokens, b.tokens]))
    one = compose(band, Song("C G", repeat=3), a, b)[0].recipe
    torch.testing.assert_close(one.z[[0, -1]], ends)
    assert not any(part.draw for part in one.parts) and len(set(map(tuple, one.z.tolist()))) == 6
    sections = compose(band, Song("C G", form="ABAC"), a, b, variation=0.0)[0].recipe
    way = geometry.path(ends[0], ends[1], 6)
    torch.testing.assert_close(sections.z, way[[0, 1, 2, 3, 0, 1, 4, 5]], msg="gradual, and a section is played again")
    wild = compose(band, Song("C G", form="ABA"), a, b, variation=1.0)[0].recipe
    torch.testing.assert_close(wild.z[[0, 3]], ends, msg="it arrives where the last new section ends")
    varied = compose(band, Song("C G F"), a, b, variation=0.5)[0].recipe
    torch.testing.assert_close(varied.z[[0, -1]], ends)
    with pytest.raises(MusicaeError, match="leads nowhere"):
        compose(band, Song("C"), a, b)
    alone = compose(band, Song("C G"), a, variation=0.25)[0].recipe
    torch.testing.assert_close(alone.z[0], ends[0])
    assert not torch.equal(alone.z[1], alone.z[0])


def test_a_piece_may_end(band: Model) -> None:
    open_end, ended = (compose(band, Song("Dm G C Am", form="AB", final_bar=one), seed=1)[0] for one in (False, True))
    *parts, last = ended.recipe.parts
    assert [part.z.tolist() for part in parts] == [part.z.tolist() for part in open_end.recipe.parts]
    assert (last.section, last.chords, last.bars) == ("final bar", tuple(progression("C")), 1)
    begins = open_end.score.end
    assert ended.score.end == begins * 9 // 8
    new = [row for track in ended.score.tracks if not track.is_drum for row in track.notes.rows() if row[0] >= begins]
    assert all(row[:2] == (begins, ended.score.end) and row[2] % 12 in (0, 4, 7) for row in new)


def test_a_seed_is_kept_where_it_has_a_part(band: Model) -> None:
    a = source(band, "C", 1)
    assert compose(band, Song("C G"), a, temperature=0.0, variation=0.0, seed=3).seed is None
    assert compose(band, Song("C G"), temperature=0.0, variation=0.0, seed=3).seed == 3
    assert compose(band, Song("C G", form="AB"), a, temperature=0.0, variation=0.0, seed=3).seed == 3
    assert compose(band, Song("C G", form="AB"), a, a, temperature=0.0, variation=0.0, seed=3).seed is None


def test_windows_of_several_bars_have_a_chord_a_bar() -> None:
    config = tiny_config("multitrack-1bar-chords")
    model = Model(replace(config, representation=spec("multitrack", bars=2, chords=True)), device="cpu")
    (clip,) = compose(model, Song("C Am F G"), seed=1)
    assert [part.chords for part in clip.recipe.parts] == [tuple(progression(bars)) for bars in ("C Am", "F G")]
    assert clip.score.end == 4 * QUARTERS * clip.score.ticks_per_quarter
    with pytest.raises(MusicaeError, match="do not fill whole windows"):
        compose(model, Song("C Am F"))


def test_compose_writes_what_replay_writes_again(run: Run) -> None:
    words = ("compose", "--chords", "C Am F G", "--seed", 4)
    assert run(*words, "-o", "song.mid").paths == [Path("song.mid")]
    assert run("replay", "song.json", "-o", "-").bytes == Path("song.mid").read_bytes()
    song = read_midi(Path("song.mid"))
    assert not song.silent and all(track.name for track in song.tracks), "a DAW shows names"
    named = run(*words).paths
    assert named == [Path("compose-multitrack-1bar-chords-seed4-000.mid")]


def test_a_piece_between_files_is_written_again_too(run: Run) -> None:
    for seed in (1, 2):
        run("compose", "--chords", "C Am", "--seed", seed, "-o", f"{seed}.mid")
    words = ("compose", "--chords", "F G", "--from", "1.mid", "--to", "2.mid", "--seed", 3)
    assert "bar 2" in run(*words, "--bar", 1, "--bar", 2, "-o", "way.mid").err
    assert run("replay", "way.json", "-o", "-").bytes == Path("way.mid").read_bytes()
    astray = run("compose", "--chords", "C", "--bar", 2)
    assert astray.code == 2 and "after --from or --to" in astray.err


def test_chords_that_count_as_others_are_said(run: Run) -> None:
    assert "Gsus4 is suspended: it counts as G major" in run("compose", "--chords", "Gsus4", "-o", "x.mid").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--chords", "C Hm"), '"Hm" is not a chord: character 1'),
        (("--chords", "C", "-m", "melody-2bar"), "not conditioned on chords"),
        (("--chords", "C", "--form", ""), "is not a form"),
        (("--chords", " | "), "no chord in an empty progression"),
    ],
)
def test_what_cannot_be_composed_is_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    assert_fails(run("compose", *words), said)
