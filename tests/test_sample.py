"""Samples of any length: windows that the sampler draws, and pieces that grow from them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from musicae.clips.recipe_json import dump_recipe
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.midi import read_midi
from musicae.music.score import Score
from musicae.verbs.replay import replay
from musicae.verbs.sample import sample
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model, with_vectors

pytestmark = pytest.mark.usefixtures("hasty_search")


@pytest.fixture(params=["melody-2bar", "drums-2bar", "trio-4bar"])
def growing(request: pytest.FixtureRequest) -> Model:
    """Of models without chords, one of each kind."""
    return tiny_model(request.param)


def notes_of(score: Score) -> list[tuple[int, ...]]:
    """All notes, with who plays them."""
    return sorted((track.program, track.is_drum, *row) for track in score.tracks for row in track.notes.rows())


def test_a_clip_has_as_many_bars_as_asked_and_begins_with_the_window_that_is_drawn(growing: Model) -> None:
    size, grid = growing.representation.bars, growing.representation.grid
    (window,) = sample(growing, 1, temperature=1.0, seed=3)
    for bars in (1, size, size + 1, 3 * size):
        (clip,) = sample(growing, 1, bars=bars, temperature=1.0, seed=3)
        assert clip.score.end == bars * grid.ticks(clip.score.ticks_per_quarter)
        end = min(bars, size) * clip.score.end // bars
        assert notes_of(clip.score.until(end)) == notes_of(window.score.until(end))


def test_same_seed_same_bytes_and_fewer_pieces_are_the_first_of_more(growing: Model) -> None:
    bars = growing.representation.bars + 1
    two, three = ([clip.midi() for clip in sample(growing, n, bars=bars, seed=1)] for n in (2, 3))
    assert two == three[:2] and len(set(three)) == 3
    assert all(a != b for a, b in pairwise(three))


def test_a_piece_is_made_again_from_its_json(growing: Model) -> None:
    (clip,) = sample(growing, 1, bars=3 * growing.representation.bars, seed=2)
    assert replay(dump_recipe(clip.recipe), growing)[0].midi() == clip.midi()


def test_a_piece_begins_with_what_was_wanted(model: Model) -> None:
    wanted = {"density": "high"}
    window, piece = (sample(with_vectors(model), 1, bars=bars, wanted=wanted, seed=1)[0] for bars in (None, 4))
    assert window.recipe.z[0].equal(piece.recipe.z[0])


def test_no_bars_are_refused(model: Model) -> None:
    with pytest.raises(MusicaeError, match="bars is 0"):
        sample(model, 1, bars=0)


def test_pieces_under_chords_are_composed(run: Run) -> None:
    band = tiny_model("multitrack-1bar-chords")
    assert sample(band, 1, bars=1, seed=1)[0].score.end == sample(band, 1, seed=1)[0].score.end
    assert_fails(run("sample", "-m", "multitrack-1bar-chords", "--bars", 4), "play", "musicae compose --chords")


def test_pieces_are_sampled_as_typed(run: Run) -> None:
    done = run("sample", "-n", 2, "--bars", 5, "--seed", 1, "-o", "long/")
    assert done.code == 0
    for path in done.paths:
        score = read_midi(path)
        assert score.end <= 5 * 4 * score.ticks_per_quarter
    assert run("sample", "--bars", 0).code == 2
