"""The verbs, on models with random weights: laws that hold whatever a model has learned."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from musicae.clips.clip import Clip, Clips
from musicae.clips.reading import read
from musicae.clips.recipe_json import from_json, to_json
from musicae.clips.song import read_song
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.score import Notes, Score, Tempo, Track, concatenate
from musicae.training.attribute_vectors import fit, fit_progress_total, highest_quarter
from musicae.verbs.attribute import attribute
from musicae.verbs.codes import decode, encode
from musicae.verbs.continuation import continuation
from musicae.verbs.interpolate import interpolate
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.replay import replay
from musicae.verbs.sample import sample
from musicae.verbs.traverse import traverse
from musicae.verbs.vary import vary
from tests.helpers.models import tiny_model, window, with_vectors
from tests.helpers.scores import scale, score, track


def every_verb(model: Model) -> list[Clip]:
    """What all verbs make of some music."""
    a, b = window(model, 0), window(model, 1)
    with_vectors(model)
    return [
        *sample(model, 3, seed=4),
        *reconstruct(model, a, seed=4),
        *vary(model, a, 2, temperature=0.5, seed=4),
        *interpolate(model, a, b, steps=3, temperature=0.5, seed=4),
        *interpolate(model, a, b, steps=3, exact_ends=True, seed=4),
        *attribute(model, {"density": 0.5}, temperature=0.5, seed=4),
        *decode(model, encode(model, a), temperature=0.5, seed=4),
        *traverse(model, a, "density", 3, seed=4),
        *traverse(model, a, "direction2", 3, temperature=0.5, seed=4),
        *continuation(model, a, 3, 2, seed=4),
    ]


@pytest.mark.usefixtures("hasty_search")
def test_every_output_can_be_made_again_from_its_json_alone(any_model: Model) -> None:
    for clip in every_verb(any_model):
        (again,) = replay(from_json(json.loads(json.dumps(to_json(clip.recipe)))), any_model)
        assert again.midi() == clip.midi()


def test_same_seed_same_bytes_and_another_seed_other_bytes(any_model: Model) -> None:
    first, again, other = (
        [clip.midi() for clip in sample(any_model, 3, temperature=1.0, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again
    assert not set(first) & set(other)
    assert len(set(first)) == 3


def test_clips_are_as_long_as_the_model_says_and_end_on_a_bar_line(any_model: Model) -> None:
    for clip in sample(any_model, 2):
        assert clip.score.end == any_model.representation.bars * 4 * clip.score.ticks_per_quarter
    steps = interpolate(any_model, window(any_model), window(any_model, 1), steps=4)
    assert len(steps) == 4
    assert steps.joined.score.end == 4 * steps[0].score.end


def test_variations_of_amount_0_and_ends_of_an_interpolation_are_reconstructions(any_model: Model) -> None:
    a, b = window(any_model, 0), window(any_model, 1)
    again = reconstruct(any_model, a)[0].score
    assert all(clip.score == again for clip in vary(any_model, a, 2, amount=0.0))
    first, *_, last = interpolate(any_model, a, b)
    assert first.score == again
    assert last.score == replace(reconstruct(any_model, b)[0].score, tempi=again.tempi)


def test_variations_of_amount_1_are_samples(model: Model) -> None:
    new, samples = vary(model, window(model), 2, amount=1.0, seed=3), sample(model, 2, seed=3)
    for one, other in zip(new, samples, strict=True):
        torch.testing.assert_close(one.recipe.z, other.recipe.z)


def test_a_clip_does_not_depend_on_how_many_are_made(any_model: Model) -> None:
    few, many = (list(sample(any_model, n, seed=6, temperature=1.0)) for n in (2, 5))
    assert [clip.midi() for clip in few] == [clip.midi() for clip in many[:2]]


def test_between_equal_ends_nothing_changes(any_model: Model) -> None:
    a = window(any_model)
    steps = interpolate(any_model, a, a, steps=4)
    assert all(step.score == steps[0].score for step in steps)


def test_exact_ends_are_the_notes_that_were_given(any_model: Model) -> None:
    a, b = window(any_model, 0), window(any_model, 1)
    first, _, last = interpolate(any_model, a, b, steps=3, exact_ends=True)
    for clip, source in ((first, a), (last, b)):
        assert clip.score.tracks == any_model.representation.decode(source.tokens).tracks


def test_the_joined_interpolation_is_its_steps_in_a_row(any_model: Model) -> None:
    steps = interpolate(any_model, window(any_model, 0), window(any_model, 1), temperature=1.0, seed=9)
    assert steps.joined.score == concatenate([step.score for step in steps])


def test_clips_that_are_not_parts_of_one_are_not_joined(model: Model) -> None:
    clips = sample(model, 2, seed=1)
    up = clips.transposed(2)
    assert up.joined.recipe.style == up[0].recipe.style
    reconstructed = reconstruct(model, clips[0])
    others = (Clips([clips[0], up[1]]), Clips([clips[0], *sample(model, 1, seed=2)]), Clips([clips[0], *reconstructed]))
    for other in others:
        with pytest.raises(MusicaeError, match="several runs, or in keys"):
            _ = other.joined
    song = read_song(score(track(scale(32)), bars=4), model)
    with pytest.raises(MusicaeError, match="spliced into a file"):
        _ = reconstruct(model, song).joined


def test_concatenating_moves_every_score_behind_the_one_before(model: Model) -> None:
    one, two = (model.representation.generate(np.random.default_rng(seed)) for seed in (0, 1))
    notes = concatenate([one, two]).tracks[0].notes
    assert notes.rows()[: len(one.tracks[0].notes)] == one.tracks[0].notes.rows()
    assert (notes.start[-len(two.tracks[0].notes) :] - one.end).tolist() == two.tracks[0].notes.start.tolist()


@pytest.mark.parametrize("amounts", [{"density": 1.0}, {"density": 0.5, "interval": 0.5}])
def test_attributes_move_as_they_are_asked_to_or_nothing_changes(amounts: dict[str, float], model: Model) -> None:
    changed = 0
    for seed in range(4):
        before, after = (clip.score for clip in attribute(with_vectors(model), amounts, window(model, seed)))
        moved = [amount * (ATTRIBUTES[name](after) - ATTRIBUTES[name](before)) for name, amount in amounts.items()]
        assert after == before or min(moved) > 0
        changed += after != before
    assert changed


def test_an_attribute_that_is_to_stay_changes_nothing(model: Model) -> None:
    before, after = attribute(with_vectors(model), {"density": 0.0}, window(model), temperature=1.0)
    assert after.score == before.score


@pytest.mark.parametrize("amount", [1.0, -1.0])
def test_bands_get_louder_and_softer_note_by_note(amount: float) -> None:
    model = with_vectors(tiny_model("multitrack-1bar-chords"))
    model.spreads["velocity"] = 16.0
    piece = score(track(scale(1), 4), track([(0, 16, 36)], 33), bars=1)
    before, after = attribute(model, {"velocity": amount}, read(piece, model.representation))
    for old, new in zip(before.score.tracks, after.score.tracks, strict=True):
        assert [row[:3] for row in old.notes.rows()] == [row[:3] for row in new.notes.rows()]
        assert set((new.notes.velocity - old.notes.velocity).tolist()) == {16 * amount}
    (z,) = model.encode(model.representation.encode(after.score)[None])
    assert torch.equal(after.recipe.z[0], z), "its code is that of the music that it plays"


def test_a_model_whose_attributes_have_no_spread_asks_for_a_fit(model: Model) -> None:
    with_vectors(model).spreads = {}
    with pytest.raises(MusicaeError, match="how much density varies is not known") as caught:
        attribute(model, {"density": 1.0})
    assert caught.value.kind == "no-attributes"


def test_attribute_without_vectors_says_how_to_get_them(model: Model) -> None:
    with pytest.raises(MusicaeError) as caught:
        attribute(model, {"density": 1.0})
    assert (caught.value.kind, caught.value.facts) == ("no-attributes", {"model": "melody-2bar"})


def test_attribute_with_a_slip_of_the_pen_offers_the_nearest(model: Model) -> None:
    with pytest.raises(MusicaeError, match="densty") as caught:
        attribute(with_vectors(model), {"densty": 1.0})
    assert "density" in caught.value.hint


def test_a_decoded_code_is_the_reconstruction_and_can_be_edited(model: Model) -> None:
    a = window(model)
    data = to_json(encode(model, a))
    (clip,) = decode(model, from_json(data))
    assert clip.score == reconstruct(model, a)[0].score
    data["parts"][0]["z"][0] += 1.0
    (edited,) = decode(model, from_json({"model": "melody-2bar", "parts": data["parts"]}), tempo_qpm=77.0)
    assert edited.recipe.z[0, 0] == np.float32(data["parts"][0]["z"][0])
    assert edited.score.tempi == (Tempo(0, 77.0),)


def test_codes_alone_are_decoded(model: Model) -> None:
    z = encode(model, window(model)).z
    assert decode(model, z)[0].score.tracks == reconstruct(model, window(model))[0].score.tracks


def test_codes_of_another_size_are_refused(model: Model) -> None:
    with pytest.raises(MusicaeError, match="9 numbers, those of melody-2bar 8"):
        decode(model, torch.zeros(1, 9))


def test_replay_refuses_another_model_unless_forced(model: Model) -> None:
    (clip,) = sample(model, 1)
    recipe = replace(clip.recipe, hash="0" * 16)
    with pytest.raises(MusicaeError, match="0000"):
        replay(recipe, model)
    (forced,) = replay(recipe, model, force=True)
    assert forced.score == clip.score
    assert forced.recipe.hash == model.hash


def test_a_window_of_another_representation_is_refused(model: Model) -> None:
    drums = window(tiny_model("drums-2bar"))
    assert drums.tokens.shape == window(model).tokens.shape
    with pytest.raises(MusicaeError, match="score 0 is drums of 2 bars, and melody-2bar reads melody of 2 bars"):
        reconstruct(model, drums)


def test_a_seed_is_drawn_where_there_is_none_and_kept(model: Model) -> None:
    seeds = {sample(model, 1).seed for _ in range(5)}
    assert len(seeds) > 1 and None not in seeds
    drawn = sample(model, 1)[0]
    assert sample(model, 1, seed=drawn.recipe.seed)[0].midi() == drawn.midi()


def test_a_seed_is_kept_only_where_anything_is_drawn(model: Model) -> None:
    a = window(model)
    assert reconstruct(model, a, seed=3).seed is None
    assert reconstruct(model, a, temperature=0.5, seed=3).seed == 3
    assert interpolate(model, a, a, seed=3).seed is None
    assert attribute(with_vectors(model), {"density": 1.0}, a, seed=3).seed is None
    assert attribute(model, {"density": 1.0}, seed=3).seed == 3
    assert vary(model, a, 1, seed=3).seed == 3


def test_labels_are_known_before_anything_is_made(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "decode", None)
    a = window(model)
    steps = interpolate(model, a, a, steps=3, even_in="z")
    assert (steps.labels, steps.joined.label) == (("", "", ""), "joined")
    assert len(sample(model, 3)) == 3


def test_a_clip_is_made_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = sample(model, 2, seed=1)
    scores = [clip.score for clip in clips]
    monkeypatch.setattr(model, "decode", None)
    assert [clip.score for clip in clips[::-1]] == scores[::-1]
    assert isinstance(clips[1:], Clips) and clips[1:][0].midi() == clips[1].midi()


def tune(program: int = 73) -> Score:
    """Eight bars of scales on a flute at 90 quarters a minute, which go on at 150 from the fifth bar."""
    rows = [(i * 240, i * 240 + 240, 60 + i % 12, 90) for i in range(64)]
    tempi = (Tempo(0, 90.0), Tempo(4 * 4 * 480, 150.0))
    return Score(480, (Track(Notes.of(rows), program),), end=64 * 240, tempi=tempi)


@pytest.mark.parametrize(("bar", "tempo"), [(1, 90.0), (5, 150.0)])
def test_outputs_keep_tempo_and_program_of_their_source(model: Model, bar: int, tempo: float) -> None:
    source = read(midi_bytes(tune()), model.representation, bar=bar)
    written = read_midi(reconstruct(model, source)[0].midi())
    assert written.tracks[0].program == 73
    assert written.tempi[0].tempo_qpm == pytest.approx(tempo, rel=1e-5)


def test_the_source_says_which_bars_were_read(model: Model) -> None:
    assert "bars 3-4 of 8" in read(midi_bytes(tune()), model.representation, bar=3).label


def test_what_a_model_has_no_vector_of_is_refused(model: Model) -> None:
    model.attributes = {"density": torch.ones(8)}
    with pytest.raises(MusicaeError, match="strings is always the same") as caught:
        attribute(model, {"density": 1.0, "strings": 1.0})
    assert caught.value.facts == {"models": ["multitrack-1bar-chords"]}
    with pytest.raises(MusicaeError, match="unknown attribute vector"):
        attribute(model, {"swing": 1.0})


def test_fit_is_the_mean_code_of_the_top_quarter_minus_that_of_the_bottom(model: Model, data: Dataset) -> None:
    seen: list[int] = []
    fits = fit(model, data, progress=seen.append)
    assert sum(seen) == fit_progress_total(64)
    tokens = data.split("train").take(torch.arange(64))
    z = model.encode(tokens)
    values = [ATTRIBUTES["interval"](model.representation.decode(window)) for window in tokens.numpy()]
    order = np.argsort(values)
    assert values[order[15]] < values[order[16]] and values[order[47]] < values[order[48]], "ties at the edge"
    difference = z[order[48:]].mean(0) - z[order[:16]].mean(0)
    torch.testing.assert_close(fits["interval"].vector, fits["interval"].length * difference)
    assert all(found.low < found.high for found in fits.values())


def test_a_vector_is_as_long_as_it_takes_to_be_heard(
    model: Model, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes are densities, and what is decoded is as dense as music is on average unless the code lies far from it."""

    def encode(tokens: Tensor) -> Tensor:
        return torch.tensor([[ATTRIBUTES["density"](model.representation.decode(window))] for window in tokens.numpy()])

    def decode(z: Tensor, given: object, temperature: float) -> np.ndarray:
        away = z[:, 0] - z_of_all.mean()
        onsets = 8 + 4 * away.sign() * (away.abs() > 2.2 * difference)
        played = torch.arange(32) < onsets[:, None]
        return (60 * played).reshape(-1, 2, 16, 1).numpy()

    z_of_all = encode(data.split("train").take(torch.arange(64))).double()
    ordered = z_of_all.sort(0).values
    difference = ordered[48:].mean() - ordered[:16].mean()
    monkeypatch.setattr(model, "encode", encode)
    monkeypatch.setattr(model, "decode", decode)
    found = fit(model, data)["density"]
    assert found.low < 0.25 < found.high, "what is decoded has no room"
    assert found.length == 3.0
    assert found.vector.item() == pytest.approx(3 * difference.item())


def test_a_vector_that_nothing_follows_is_left_as_it_is(
    model: Model, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = model.decode(torch.zeros(1, 8), temperature=0.0)
    monkeypatch.setattr(model, "decode", lambda z, given, temperature: still.repeat(len(z), 0))
    assert all((found.length, found.up, found.down) == (1.0, 0.0, 0.0) for found in fit(model, data).values())


def test_fit_refuses_data_of_another_kind(data: Dataset) -> None:
    with pytest.raises(MusicaeError, match="holds melody of 2 bars") as caught:
        fit(tiny_model("drums-2bar"), data)
    assert caught.value.facts == {"representation": "drums", "arguments": {"bars": 2}}


columns = arrays(np.float64, st.integers(4, 40), elements=st.integers(-3, 3).map(float))


@given(columns, st.randoms(use_true_random=False))
def test_the_highest_quarter_weighs_a_quarter_and_does_not_depend_on_the_order(
    values: np.ndarray, random: object
) -> None:
    weights = highest_quarter(values)
    assert weights.sum() == pytest.approx(1)
    assert weights.max() <= 4 / len(values) + 1e-12
    assert all(len(set(weights[values == value].round(12))) == 1 for value in values)
    assert (np.diff(weights[np.argsort(values)]) >= -1e-12).all()


def test_the_highest_quarter_by_hand() -> None:
    assert highest_quarter(np.array([3.0, 1, 2, 0, 5, 4, 7, 6])).tolist() == [0, 0, 0, 0, 0, 0, 0.5, 0.5]
    assert highest_quarter(np.array([0.0, 0, 0, 1, 0, 0, 0, 0])).tolist() == pytest.approx(
        [1 / 14] * 3 + [0.5] + [1 / 14] * 4
    )
