"""Following recipes: what a model can follow, what stands, and what does not depend on anything else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from musicae.clips.clip import Clip
from musicae.clips.recipe import Part
from musicae.clips.recipe_fields import ForcedTokens
from musicae.clips.render import recipe_of
from musicae.clips.style import FASTEST_QPM, SLOWEST_QPM, Style
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.chords import NO_CHORD, progression
from musicae.music.score import Score, Tempo
from tests.helpers.models import tiny_model

Z = torch.full((8,), 0.5)


def follow(model: Model, *parts: Part, **entries: Any) -> Score:
    wanted = {"seed": 1, "temperature": 1.0, "style": Style(), "arguments": {}, **entries}
    recipe = recipe_of(model, "test", parts, **wanted)
    return Clip(model, recipe).score


def window(model: Model, seed: int = 0) -> ForcedTokens:
    tokens = model.representation.encode(model.representation.generate(np.random.default_rng(seed)))
    return tokens[..., : len(model.representation.shape.fields)].astype(np.int64)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part(torch.zeros(7)), "the codes have 7 numbers, those of melody-2bar 8"),
        (Part(Z, chords=tuple(progression("C"))), "model melody-2bar is not conditioned on chords"),
        (Part(Z, bars=3), "part 0 has 3 bars, windows of melody-2bar have 2"),
        (Part(Z, programs_of=0), "programs_of is 0 in part 0"),
        (Part(Z, programs_of=-1), "programs_of is -1 in part 0"),
        (Part(Z, forced_tokens=np.full((1, 1, 1), 5)), "forced_tokens of part 0 have shape (1, 1, 1), windows of"),
        (Part(Z, forced_tokens=np.full((2, 16, 1), 90)), "90 in forced_tokens is not a token of melody-2bar"),
        (Part(Z, forced_tokens=np.full((2, 16, 1), -2)), "-2 in forced_tokens is not a token of melody-2bar"),
    ],
)
def test_parts_that_a_model_cannot_follow_are_refused(model: Model, part: Part, message: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        follow(model, part)
    assert caught.value.message.startswith(message)


def test_as_many_chords_as_bars_are_needed() -> None:
    with pytest.raises(MusicaeError, match="2 chords for 1 bars"):
        follow(tiny_model("multitrack-1bar-chords"), Part(Z, chords=tuple(progression("C G"))))


def test_no_chords_are_no_chord_in_every_bar() -> None:
    band = tiny_model("multitrack-1bar-chords")
    assert follow(band, Part(Z)) == follow(band, Part(Z, chords=(NO_CHORD,)))
    assert follow(band, Part(Z)) != follow(band, Part(Z, chords=tuple(progression("C"))))


@pytest.mark.parametrize("tempo", [SLOWEST_QPM, 77.0, FASTEST_QPM])
def test_music_has_the_tempo_of_its_style(model: Model, tempo: float) -> None:
    assert follow(model, Part(Z), style=Style(tempo)).tempi == (Tempo(0, tempo),)


def test_music_has_the_programs_of_its_style_where_there_are_as_many_tracks(model: Model) -> None:
    assert [track.program for track in follow(model, Part(Z), style=Style(programs=(73,))).tracks] == [73]
    plain, other = (follow(model, Part(Z), style=Style(programs=programs)) for programs in ((), (1, 2)))
    assert plain == other


def test_a_part_has_the_same_notes_whatever_is_made_beside_it(any_model: Model) -> None:
    one, two, three = (Part(Z * number, number) for number in range(3))
    alone = follow(any_model, three)
    beside = follow(any_model, one, two, three)
    notes = [note for track in beside.tracks for note in track.notes.rows() if note[0] >= 2 * alone.end]
    assert sorted((start - 2 * alone.end, pitch) for start, _, pitch, _ in notes) == sorted(
        (start, pitch) for track in alone.tracks for start, _, pitch, _ in track.notes.rows()
    )


def test_tokens_that_are_all_forced_are_the_music(any_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(any_model, "decode", None)
    forced, representation = window(any_model), any_model.representation
    condition = representation.condition_of(())
    score = follow(any_model, Part(Z, forced_tokens=forced))
    assert score.tracks == representation.decode(np.concatenate([forced, condition], -1)).tracks


def test_forced_tokens_stand_and_the_rest_is_decoded(any_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    forced, made, decode = window(any_model), [], any_model.decode
    forced[-1] = -1

    def recorded(*arguments: Any, **options: Any) -> Any:
        made.append(decode(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(any_model, "decode", recorded)
    for number in range(4):
        follow(any_model, Part(Z, number, forced_tokens=forced))
    tokens = np.concatenate(made)[..., : forced.shape[-1]]
    assert (tokens[:, :-1] == forced[:-1]).all()
    assert len(np.unique(tokens[:, -1], axis=0)) > 1


def test_forced_tokens_come_before_programs_of_another_part(monkeypatch: pytest.MonkeyPatch) -> None:
    band = tiny_model("multitrack-1bar-chords")
    forced = np.full_like(window(band), -1)
    forced[0, 0] = window(band, 1)[0, 0]
    made: list[Any] = []

    def recorded(*_: object, forced: ForcedTokens, **__: object) -> Any:
        made.append(forced)
        return np.zeros((1, 8, 64, 2), int)

    monkeypatch.setattr(band, "decode", recorded)
    lead, follower = window(band, 2), Part(Z, programs_of=0, forced_tokens=forced)
    follow(band, Part(Z, forced_tokens=lead), follower)
    assert made[0][0, 0, 0] == forced[0, 0]
    assert (made[0][0, 1:, 0] == lead[1:, 0]).all() and (made[0][0, :, 1:] == -1).all()


def test_a_seed_of_none_draws_as_seed_0(model: Model) -> None:
    recipe = recipe_of(model, "test", [Part(Z)], seed=None, temperature=1.0, style=Style(), arguments={})
    assert Clip(model, recipe).score == Clip(model, replace(recipe, seed=0)).score


def test_a_part_is_cut_behind_its_bars_and_the_next_follows_there(any_model: Model) -> None:
    bar = any_model.representation.grid.ticks(480)
    whole = follow(any_model, Part(Z), Part(Z))
    cut = follow(any_model, Part(Z, bars=1), Part(Z))
    missing = (any_model.representation.bars - 1) * bar * whole.ticks_per_quarter // 480
    assert whole.end - cut.end == missing
    assert all((track.notes.end <= cut.end).all() for track in cut.tracks)
