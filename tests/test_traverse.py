"""Rows of clips along an attribute or a direction."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from musicae.clips.directions import directions_of
from musicae.clips.reading import read
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.score import Track
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.traverse import REACH, traverse
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import window, with_vectors
from tests.helpers.scores import scale, score, track


def test_clips_lie_at_even_steps_around_the_clip_itself(model: Model) -> None:
    clips, directions = traverse(model, window(model), "direction2", 5), directions_of(model)
    places = [directions.coordinates(clip.recipe.z[0])["direction2"] for clip in clips]
    assert places == pytest.approx([places[2] + step * REACH / 2 for step in (-2, -1, 0, 1, 2)], abs=1e-4)
    (again,) = reconstruct(model, window(model))
    assert clips[2].score == again.score and torch.equal(clips[2].recipe.z, again.recipe.z)
    assert clips.labels == ("direction2-2", "direction2-1", "direction2+0", "direction2+1", "direction2+2")
    assert traverse(model, window(model), "direction2", 1)[0].score == again.score


def test_attributes_grow_from_clip_to_clip(model: Model) -> None:
    clips = traverse(with_vectors(model), window(model), "interval", 5)
    values = [ATTRIBUTES["interval"](clip.score) for clip in clips]
    assert values[0] <= values[2] <= values[4] and values[0] < values[4]


def test_clips_keep_the_dynamics_of_their_window(model: Model) -> None:
    notes = track(scale(2)).notes
    source = read(score(Track(replace(notes, velocity=30 + np.arange(8)))), model, keep_velocity=True)
    clips = traverse(model, source, "direction2", 3)
    assert {velocity for clip in clips for velocity in clip.score.tracks[0].notes.velocity.tolist()} > {30, 37}
    assert clips[1].score == reconstruct(model, source)[0].score


def test_what_a_model_has_not_is_no_way_to_go(model: Model) -> None:
    with pytest.raises(MusicaeError, match="unknown direction: direction9"):
        traverse(model, window(model), "direction9")
    with pytest.raises(MusicaeError, match="unknown attribute or direction: drection1") as caught:
        traverse(model, window(model), "drection1")
    assert "did you mean direction1?" in caught.value.hint
    with pytest.raises(MusicaeError, match="has no attribute vectors"):
        traverse(model, window(model), "density")


def test_vary_goes_along_a_name(run: Run, tunes: tuple[str, str]) -> None:
    done = run("vary", "a.mid", "--along", "direction1", "-n", 3)
    assert [path.stem.split("-", 5)[-1] for path in done.paths] == ["direction1-2", "direction1+0", "direction1+2"]
    recipe = json.loads(done.paths[0].with_suffix(".json").read_text())
    assert recipe["arguments"]["along"] == "direction1"
    assert run("replay", done.paths[0].with_suffix(".json"), "-o", "-").bytes == done.paths[0].read_bytes()
    assert "interval: " in run("vary", "a.mid", "--along", "interval", "-n", 3).err
    assert_fails(run("vary", "a.mid", "--along", "densty"), "did you mean density?")
    assert run("vary", "a.mid", "--along", "density", "--amount", 0.5).code == 2
