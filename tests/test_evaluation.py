"""Measurements, on models whose results are known: they lose nothing, always write the same, or mix windows up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.evaluation import attribute_effects as attributes
from musicae.evaluation import chord_following as chords
from musicae.evaluation import interpolation, reconstruction
from musicae.evaluation import note_distance as notes
from musicae.evaluation.held_out import decoded, held_out
from musicae.evaluation.ngram import Language
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.chords import QUALITIES, of_class, progression
from musicae.music.representations import REPRESENTATIONS, multitrack
from musicae.music.score import concatenate
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.decoders import Decoder, Logits, NoConductor, draw
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import Encoder
from musicae.networks.latents import Code, Gaussian, Normal, Posterior
from musicae.networks.token_spec import Given, Tokens, TokenSpec, Written
from tests.helpers.models import tiny_model

C4, D4, E4 = 41, 43, 45
"""Melody tokens."""

MELODY = REPRESENTATIONS["melody"](bars=2)
BAND = multitrack.Multitrack(bars=1, chords=True)


class StandIn(Autoencoder):
    """A code is its window, one-hot; what is decoded follows from `scores(code)`, in the same layout."""

    def __init__(self, spec: TokenSpec, scores: Callable[[Tensor], Tensor]) -> None:
        self.vocabularies = [field.vocabulary for field in spec.fields]
        size = spec.segments * spec.steps * sum(self.vocabularies)
        latent, nothing = Gaussian(1, size=size), Decoder(spec, NoConductor(), [], 0.0)
        super().__init__(spec, Embedding(spec), Encoder(), latent, Normal(size), nothing, [])
        self.scores = scores

    def encode(self, tokens: Tokens) -> Posterior:
        fields = [F.one_hot(tokens[..., i], size).float() for i, size in enumerate(self.vocabularies)]
        z = torch.cat(fields, -1).flatten(1)
        return Posterior(z, z, torch.ones_like(z), z)

    def logits(self, tokens: Tokens, z: Code, sampling_probability: float = 0.0) -> Logits:
        scores = self.scores(z).unflatten(1, (self.spec.segments, self.spec.steps, -1))
        return list(self.spec.events(scores, self.spec.mask(tokens)).split(self.vocabularies, -1))

    def sample(
        self,
        z: Code,
        given: Given,
        temperature: float,
        generator: torch.Generator | None = None,
        fixed: Written | None = None,
    ) -> Tokens:
        fields = self.scores(z).reshape(-1, sum(self.vocabularies)).split(self.vocabularies, -1)
        drawn = torch.stack([draw(field, temperature, generator) for field in fields], -1)
        return torch.cat([drawn.unflatten(0, given.shape[:3]), given], -1)


def identity(preset: str = "melody-2bar") -> Model:
    """A model that loses nothing."""
    model = tiny_model(preset)
    model.autoencoder = StandIn(model.autoencoder.spec, lambda z: 50 * z)
    return model


def constant(window: Tokens, preset: str = "melody-2bar") -> Model:
    """A model that always writes the same window."""
    model = identity(preset)
    always = model.encode(window)
    model.autoencoder = StandIn(model.autoencoder.spec, lambda z: 50 * always.expand_as(z))
    return model


def melody(*windows: Mapping[int, int]) -> Tokens:
    """Two bars of melody each, of tokens by step."""
    tokens = torch.zeros(len(windows), 32, dtype=torch.int64)
    for row, events in zip(tokens, windows, strict=True):
        for step, token in events.items():
            row[step] = token
    return tokens.view(-1, 2, 16, 1)


def random_windows(model: Model, n: int) -> Tokens:
    kind, generator = model.representation, np.random.default_rng(0)
    return torch.as_tensor(np.stack([kind.encode(kind.generate(generator)) for _ in range(n)])).long()


@pytest.mark.parametrize("preset", ["melody-2bar", "drums-2bar", "trio-4bar", "multitrack-1bar-chords"])
def test_a_model_that_loses_nothing_has_perfect_scores(preset: str) -> None:
    model = identity(preset)
    tokens = random_windows(model, 3)
    result = reconstruction.measure(model, tokens)
    ragged = preset.startswith("multitrack")
    perfect = reconstruction.Scores(1.0, 1.0, 1.0, None if ragged else 1.0)
    assert all(scores == perfect for scores in result.fields.values())
    assert result.nll == pytest.approx(0, abs=1e-3)
    fields = len(model.representation.shape.fields)
    assert result.kl == pytest.approx(0.5 * fields * model.representation.window)  # N(one-hot, 1): half a nat for a 1
    assert (result.hits["free"] == result.steps[:, None]).all() and result.hits["free"].shape == (3, fields)
    assert result.notes == (reconstruction.NoteScores(1.0, 1.0) if ragged else None)
    alike = reconstruction.measure(model, tokens[:1].expand(3, -1, -1, -1))
    assert alike.active == 0 and result.use is not None and alike.use is not None
    assert alike.use == pytest.approx(0, abs=1e-3) and result.use > 50


def test_a_model_that_always_writes_the_same_is_right_where_it_is() -> None:
    tokens = melody({0: C4, 4: D4}, {0: C4, 4: E4, 5: 1})
    result = reconstruction.measure(constant(melody({0: C4, 8: C4})), tokens)
    assert result.hits["drawn"].tolist() == [[30], [29]]
    (scores,) = result.fields.values()
    assert scores == reconstruction.Scores(59 / 64, 59 / 64, 59 / 64, 0.5)  # 2 onsets in common, of 4 and 4
    assert result.nll == pytest.approx(5 * 50 / 2, abs=1e-3)
    assert result.use == 0, "however much its code says"
    assert reconstruction.measure(constant(tokens[:1]), tokens[:1]).use is None


def test_a_model_that_gives_back_another_window_is_right_where_both_agree() -> None:
    tokens = melody({0: C4, 4: D4}, {0: C4, 4: E4, 5: 1}, {0: E4})
    model = identity()
    model.autoencoder = StandIn(model.autoencoder.spec, lambda z: 50 * z.roll(1, 0))
    result = reconstruction.measure(model, tokens)
    assert result.hits["free"].tolist() == [[30], [30], [29]]  # against the last, the first and the second one
    assert result.nll == pytest.approx(50 * (2 + 2 + 3) / 3, abs=1e-3)
    assert result.bits_per_step == pytest.approx(result.nll / 32 / math.log(2))
    (scores,) = result.fields.values()
    assert scores.onset_f1 == pytest.approx(2 * 1 / 10)  # the second one's first onset is in the first one too


def band(*rows: tuple[int, ...]) -> Tokens:
    """A bar of multitrack tokens from the events of its tracks, under C."""
    tokens = np.full((1, 8, 64, 1), multitrack.END)
    for row, events in zip(tokens[0, :, :, 0], rows, strict=False):
        row[: len(events)] = events
    told = BAND.condition_of(progression("C"))[None]
    return torch.from_numpy(np.concatenate([tokens, told], -1)).long()


PIANO, VIOLIN, BEAT = multitrack.PROGRAM, multitrack.PROGRAM + 40, multitrack.DRUMS
QUARTER = multitrack.TIME_SHIFT + 23
LOUD = multitrack.VELOCITY + 5


def test_notes_and_instruments_of_a_band() -> None:
    truth = band((PIANO, LOUD, 60, 64, QUARTER, 67), (BEAT, LOUD, 36))
    guess = band((PIANO, LOUD, 60, QUARTER, 67, 72), (VIOLIN, LOUD, 64))
    model = identity("multitrack-1bar-chords")
    found = reconstruction.compare_notes(model, np.concatenate([guess, truth]), np.concatenate([truth, truth]))
    assert found == reconstruction.NoteScores(2 * (2 + 4) / (8 + 8), 0.5)
    a, b = (BAND.decode(tokens[0].numpy()) for tokens in (truth, guess))
    assert notes.instruments_apart(a, b) == pytest.approx(1 - 1 / 3)
    assert notes.notes_apart(a, b) == 0.5
    silence = BAND.decode(band()[0].numpy())
    assert notes.instruments_apart(silence, silence) == notes.notes_apart(silence, silence) == 0
    assert notes.notes_apart(a, silence) == notes.instruments_apart(a, silence) == 1


def test_ways_between_bands_are_of_instruments_and_notes_and_blend_by_track() -> None:
    ends = torch.cat([band((PIANO, LOUD, 60, 64)), band((BEAT, LOUD, 36), (VIOLIN, LOUD, 67))])
    result = interpolation.measure(identity("multitrack-1bar-chords"), ends, points=4)
    assert set(result.ways) == {"instruments", "notes"}
    for ways in result.ways.values():
        assert ways.distance == 1
        assert ways.latent.to_a == [0, 0, 1, 1]
        assert ways.blend.to_a[0] == ways.blend.to_b[-1] == 0
    a, b = ends[:1].numpy(), ends[1:].numpy()
    mixed = interpolation.blends(a, b, 9, np.random.default_rng(1), by_segment=True)
    whole = [(mixed == end).all(-2) for end in (a, b)]
    assert (whole[0] | whole[1]).all()


def test_time_on_a_chord_is_counted_by_bar() -> None:
    played = BAND.decode(band((PIANO, LOUD, 60, 61, QUARTER, 128 + 60), (BEAT, LOUD, 36))[0].numpy())
    c, f_sharp, nothing = progression("C F# N.C.")
    assert chords.time_on([(played, [c])], "major") == pytest.approx(24 / (24 + 96))
    assert chords.time_on([(played, [f_sharp])], "major") == pytest.approx(96 / (24 + 96))
    assert chords.time_on([(played, [c]), (played, [f_sharp])], "major") == pytest.approx(0.5)
    assert chords.time_on([(played, [nothing])], "major") is chords.time_on([(played, [c])], "minor") is None
    two = concatenate([played, played])
    assert chords.time_on([(two, [c, f_sharp])], "major") == pytest.approx(0.5)
    assert chords.time_on([(two, [nothing, f_sharp])], "major") == pytest.approx(96 / (24 + 96))


class Obedient(StandIn):
    """Writes the root, the third and the fifth of the chord it is told, on the instrument of its code."""

    def sample(
        self,
        z: Code,
        given: Given,
        temperature: float,
        generator: torch.Generator | None = None,
        fixed: Written | None = None,
    ) -> Tokens:
        rows = []
        for instrument, told in zip((z.mean(1) > 0).long().tolist(), given[:, 0, 0, 0].tolist(), strict=True):
            tones = [48 + tone for tone in sorted(of_class(told).tones)]
            rows.append(band((PIANO + instrument, LOUD, *([QUARTER] * instrument), *tones))[0, :, :, :1])
        return torch.cat([torch.stack(rows), given], -1)


def test_a_model_that_does_as_it_is_told() -> None:
    model = tiny_model("multitrack-1bar-chords")
    model.autoencoder = Obedient(model.autoencoder.spec, lambda z: z)
    real = torch.cat([band((PIANO, LOUD, 60, 61)), band((BEAT, LOUD, 36))])
    heard: list[int] = []
    result = chords.measure(model, real, samples=8, progress=heard.append)
    assert sum(heard) == chords.decodings(8)
    assert {quality: share.asked for quality, share in result.shares.items()} == dict.fromkeys(QUALITIES, 1.0)
    assert result.shares["major"] == chords.Shares(1.0, 0.0, 0.5)  # C major and F sharp major share no tone
    assert result.shares["diminished"].wrong == pytest.approx(2 / 3)  # of B, D, F and F, Ab, B
    assert result.shares["minor"].real is None
    assert result.kept.same_instruments == result.kept.across_chords == 1
    assert result.kept.across_codes < 1
    with pytest.raises(MusicaeError, match="told no chords"):
        chords.measure(identity(), melody({}), samples=2)


def test_holding_is_the_model_that_writes_token_0(model: Model) -> None:
    tokens = random_windows(model, 5)
    measured = reconstruction.measure(constant(melody({})), tokens).fields
    assert reconstruction.holding(model, tokens) == measured
    assert measured["melody"].free == float((tokens == 0).double().mean())


def test_onsets_are_what_starts_and_not_what_ends() -> None:
    (field,) = MELODY.shape.fields
    truth = melody({0: C4, 4: 1, 8: D4, 12: E4})[..., 0].numpy()
    guess = melody({0: C4, 4: 1, 8: E4, 13: E4, 14: E4})[..., 0].numpy()
    mask = np.ones_like(truth, dtype=bool)
    assert reconstruction.onset_f1(guess, truth, mask, field) == pytest.approx(2 * 1 / (4 + 3))
    assert reconstruction.onset_f1(0 * guess, 0 * truth, mask, field) == 1.0
    mask[:, :, 1:] = False
    assert reconstruction.onset_f1(guess, truth, mask, field) == 1.0


def test_drums_that_are_hit_together_are_right_or_wrong_one_by_one() -> None:
    (field,) = REPRESENTATIONS["drums"](bars=1).shape.fields
    truth, guess = np.array([[[0b101, 0b010, 0]]]), np.array([[[0b001, 0b010, 0b100]]])
    mask = np.ones_like(truth, dtype=bool)
    assert reconstruction.onset_f1(guess, truth, mask, field) == pytest.approx(2 * 2 / (3 + 3))


def test_bootstrap_of_what_does_not_vary_is_a_point() -> None:
    counts, steps = np.full((20, 2), (8, -4)), np.full(20, 32)
    assert reconstruction.bootstrap(counts, steps) == [
        reconstruction.Interval(0.25, 0.25, 0.25),
        reconstruction.Interval(-0.125, -0.125, -0.125),
    ]


def test_bootstrap_is_as_wide_as_the_normal_approximation() -> None:
    counts = np.random.default_rng(0).integers(33, size=(1000, 1))
    (interval,) = reconstruction.bootstrap(counts, np.full(1000, 32))
    error = counts.std() / 32 / 1000**0.5
    assert interval.value == pytest.approx(counts.mean() / 32)
    assert interval.low == pytest.approx(interval.value - 1.96 * error, abs=0.2 * error)
    assert interval.high == pytest.approx(interval.value + 1.96 * error, abs=0.2 * error)


def test_differences_are_between_the_same_windows(model: Model) -> None:
    tokens = random_windows(model, 16)
    perfect, holding = (reconstruction.measure(m, tokens) for m in (identity(), constant(melody({}))))
    nothing = reconstruction.differences(perfect, perfect)["melody"]
    assert nothing == dict.fromkeys(("free", "drawn"), reconstruction.Interval(0.0, 0.0, 0.0))
    gain = reconstruction.differences(perfect, holding)["melody"]["free"]
    assert gain.value == pytest.approx(float((tokens != 0).double().mean()))
    assert 0 < gain.low < gain.value < gain.high


def test_hamming_is_the_share_of_tokens_that_differ() -> None:
    a, b = melody({0: C4, 4: D4}, {}).numpy(), melody({0: C4, 4: E4, 5: 1}, {}).numpy()
    assert interpolation.hamming(a[0], b[0]) == 2 / 32
    assert interpolation.mean_distance(interpolation.hamming, [*a], [*b]) == 1 / 32


@pytest.mark.parametrize(
    ("values", "share"),
    [([0.0, 0.1, 0.5, 1.0], 0.5), ([0.0, 0.8, 0.4], 2.0), ([0.3, 0.3, 0.3], 1.0), ([0.9, 0.8, 0.7], 1.0)],
)
def test_the_largest_step(values: list[float], share: float) -> None:
    assert interpolation.largest_step(np.array(values)) == pytest.approx(share)


def test_the_curve_of_a_straight_way() -> None:
    to_a, to_b = [0.0, 0.25, 0.5, 0.75, 1.0], [1.0, 0.75, 0.5, 0.25, 0.0]
    assert interpolation.curve(to_a, to_b) == interpolation.Curve(to_a, to_b, True, True, 0.25)
    back = interpolation.curve(*([points[i] for i in (0, 2, 1, 4)] for points in (to_a, to_b)))
    assert (back.rises, back.falls, back.largest_step) == (False, False, 0.75)
    assert interpolation.curve([1.0, 0.8, 0.5], [1.0, 0.5, 0.25]).largest_step == 1.0, "it never leaves A"


def test_costs_are_in_units_of_the_ends() -> None:
    tokens = melody({0: C4, 4: D4}, {0: E4}, {8: C4}, {9: C4})
    language = Language([90], tokens.numpy(), order=2)
    costs = interpolation.measure(identity(), tokens, language, points=5).costs
    assert costs is not None
    assert costs.latent[0] == costs.latent[-1] == costs.blend[0] == costs.blend[-1] == pytest.approx(1)
    way, noise = (tokens[[0, 2]].numpy()[None], np.random.default_rng(0).integers(90, size=(1, 2, 2, 16, 1)))
    (alike,), (unlikely,) = (
        interpolation.cost(language, w, tokens[[0, 2]].numpy(), tokens[[1, 3]].numpy()) for w in (way, noise)
    )
    assert alike == pytest.approx(1) and unlikely > 5


def test_ways_of_one_lineup_are_of_notes_alone() -> None:
    ends = torch.cat([band((PIANO, LOUD, 60, 64)), band((PIANO, LOUD, 67))])
    assert set(interpolation.measure(identity("multitrack-1bar-chords"), ends, points=3).ways) == {"notes"}
    with pytest.raises(MusicaeError, match="all alike"):
        interpolation.measure(identity("multitrack-1bar-chords"), ends[[0, 0]], points=3)


def test_a_model_that_jumps_is_told_from_one_that_stays() -> None:
    tokens = melody({0: C4, 4: D4}, {0: E4}, {8: C4}, {9: C4})
    jump = interpolation.measure(identity(), tokens, points=4)
    assert (jump.pairs, jump.points, jump.ways["tokens"].distance) == (2, 4, 2 / 32)
    assert jump.ways["tokens"].latent == interpolation.Curve(
        [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], False, False, 1.0
    )
    stay = interpolation.measure(constant(tokens[:1]), tokens, points=4).ways["tokens"].latent
    assert stay.to_a == [stay.to_a[0]] * 4
    assert (stay.rises, stay.falls, stay.largest_step) == (False, False, 1.0)


def test_a_blend_takes_steps_one_after_the_other_and_whole() -> None:
    a, b = np.zeros((50, 16, 16, 3), dtype=np.int64), np.ones((50, 16, 16, 3), dtype=np.int64)
    way = interpolation.blends(a, b, 5, np.random.default_rng(0))
    assert (way[0] == a).all() and (way[-1] == b).all()
    assert (np.diff(way, axis=0) >= 0).all()
    assert (way == way[..., :1]).all()
    np.testing.assert_allclose(way.mean((1, 2, 3, 4)), np.linspace(0, 1, 5), atol=0.02)


def test_an_odd_window_is_left_out(model: Model) -> None:
    tokens = random_windows(model, 5)
    assert interpolation.measure(model, tokens, points=3) == interpolation.measure(model, tokens[:4], points=3)


def test_the_effect_of_a_vector_that_writes_one_note() -> None:
    model = identity()
    one_note = model.encode(melody({3: E4}))[0] - model.encode(melody({}))[0]
    model.attributes = {"density": one_note, "interval": 0 * one_note, "diatonic": 0 * one_note}
    plain, has_it = {0: C4, 8: C4}, {0: C4, 3: E4, 8: C4}
    result = attributes.measure(model, melody(plain, has_it, plain, plain), amount=2.0)

    assert result.before["density"] == pytest.approx(2.25 / 32)
    added, subtracted = (result.vectors["density"][direction] for direction in ("add", "subtract"))
    assert added["density"] == attributes.Effect(0.75 / 32, 0.75)
    assert added["interval"] == attributes.Effect(0.75 * 4, 0.75)
    assert added["diatonic"] == attributes.Effect(0.0, 0.0)
    assert subtracted["density"] == attributes.Effect(-0.25 / 32, 0.25)
    assert all(effect == attributes.Effect(0.0, 0.0) for effect in result.vectors["interval"]["add"].values())
    assert all(effect == attributes.Effect(0.0, 0.0) for effect in result.random["interval"]["add"].values())


def test_nothing_moves_a_model_that_always_writes_the_same() -> None:
    model = constant(melody({0: C4}))
    model.attributes = {name: torch.ones(model.latent_size) for name in ATTRIBUTES}
    result = attributes.measure(model, melody({}, {0: D4}))
    found = [effects[way][name] for effects in result.vectors.values() for way in effects for name in effects[way]]
    assert found == [attributes.Effect(0.0, 0.0)] * (2 * len(ATTRIBUTES) ** 2)


def test_ties_have_not_moved_and_right_depends_on_the_direction() -> None:
    before, after = np.zeros((4, 2)), np.zeros((4, 2))
    after[:, 1] = (1.0, 2.0, -1.0, 0.0)
    names = ("interval", "diatonic")
    assert attributes.compare(before, after, 1, names)["diatonic"] == attributes.Effect(0.5, 0.5)
    assert attributes.compare(before, after, -1, names)["diatonic"] == attributes.Effect(0.5, 0.25)


def test_random_vectors_have_the_length_of_the_vector_and_differ() -> None:
    vector = torch.arange(16.0)
    random = attributes.like(vector, 3, torch.Generator().manual_seed(0))
    torch.testing.assert_close(random.norm(dim=1), vector.norm().expand(3))
    assert len(random.unique(dim=0)) == 3


def test_without_vectors_there_is_nothing_to_measure(model: Model) -> None:
    with pytest.raises(MusicaeError, match="no attribute vectors") as caught:
        attributes.measure(model, random_windows(model, 2))
    assert "musicae fit" in caught.value.hint


def test_every_window_is_heard_of_as_often_as_announced(model: Model) -> None:
    model.attributes = {name: torch.ones(8) for name in ("density", "interval")}
    tokens, heard = random_windows(model, 4), [0, 0, 0]

    def listener(i: int) -> Callable[[int], None]:
        def hear(done: int) -> None:
            heard[i] += done

        return hear

    reconstruction.measure(model, tokens, progress=listener(0))
    interpolation.measure(model, tokens, points=5, progress=listener(1))
    attributes.measure(model, tokens, progress=listener(2))
    assert heard == [3 * 4, 2 * 5, attributes.decodings(2) * 4]


def test_held_out_windows_are_the_same_for_every_model(model: Model, data: Dataset) -> None:
    windows = held_out(model, data, 10, seed=1)
    assert torch.equal(windows, held_out(identity(), data, 10, seed=1))
    assert torch.equal(windows, held_out(model, data, 20, seed=1)[:10])
    assert not torch.equal(windows, held_out(model, data, 10, seed=2))
    assert len(held_out(model, data, 1000)) == 64


def test_windows_of_another_kind_or_none_are_refused(model: Model, data: Dataset) -> None:
    with pytest.raises(MusicaeError, match="not drums"):
        held_out(tiny_model("drums-2bar"), data, 10)
    np.save(data.folder / "test" / "offsets.npy", np.zeros(0, dtype=np.uint32))
    with pytest.raises(MusicaeError, match=r"test split of .* has 0 windows"):
        held_out(model, data, 10)


def test_the_likeliest_tokens_do_not_depend_on_batches_and_drawn_ones_follow_the_seed(model: Model) -> None:
    z, told = model.prior(300, 0), torch.zeros(300, 2, 16, 0, dtype=torch.int64)
    np.testing.assert_array_equal(decoded(model, z, told)[256:], decoded(model, z[256:], told[256:]))
    one, same, other = (decoded(model, z, told, temperature=1.0, seed=seed) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
