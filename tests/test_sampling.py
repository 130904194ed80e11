"""The sampling loop: what is drawn obeys forced tokens, ends and constraints under every decoder."""

from __future__ import annotations

import pytest
import torch

from musicae.networks.batch import Batch
from musicae.networks.embedding import Embedding
from musicae.networks.sampling import SamplingOptions, drop_leading
from musicae.networks.token_spec import DropLeading, FieldSpec, LimitOpenings, TokenSpec
from tests.helpers.networks import CODE, RAGGED, SPECS, autoencoder_of, batch_of, decoder_of

KINDS = {"flat": {}, "conductor": {}, "two spans": {"spans_per_segment": 2}}


@pytest.fixture(params=SPECS)
def any_spec(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return SPECS[request.param]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_at_most_one_segment_of_a_group_opens_with_a_limited_token(kind: str, temperature: float) -> None:
    torch.manual_seed(0)
    spec = TokenSpec(6, 4, (FieldSpec("event", torch.eye(4), end=3),), constraints=(LimitOpenings(0, 2, 3),))
    name = "flat" if kind == "flat" else "conductor"
    decoder = decoder_of(name, spec, embedding := Embedding(spec, size=4), **KINDS[kind])
    with torch.no_grad():
        decoder.heads[0].get_parameter("logits.bias").copy_(torch.tensor([5.0, 0.0, 9.0, -9.0]))
    sampled = decoder.sample(torch.randn(8, CODE), batch_of(spec, 8).condition, embedding, SamplingOptions(temperature))
    first = sampled[:, :, 0, 0]
    opens = (first == 2).unflatten(1, (2, 3))
    assert (opens.sum(2) <= 1).all() and opens.any(2).float().mean() > 0.9
    assert (first[first != 2] == 0).float().mean() > 0.9
    assert opens[..., 0 if kind == "flat" else 2].float().mean() > 0.9, "the first of those in a row, else the last"


@pytest.mark.parametrize("name", ["flat", "conductor"])
def test_after_the_end_of_a_segment_there_are_only_ends(name: str) -> None:
    decoder = decoder_of(name, RAGGED, embedding := Embedding(RAGGED))
    sampled = decoder.sample(torch.randn(8, CODE), batch_of(RAGGED, 8).condition, embedding, SamplingOptions())[..., 0]
    ended = (sampled == 3).cumsum(2) > 0
    assert (sampled[ended] == 3).all() and (sampled != 3).any()


def test_forced_tokens_stand_and_are_seen(any_spec: TokenSpec) -> None:
    decoder = decoder_of("conductor", any_spec, embedding := Embedding(any_spec, size=4))
    z, condition = torch.randn(3, CODE), batch_of(any_spec).condition
    forced = torch.full((3, any_spec.segments, any_spec.steps, len(any_spec.fields)), -1)
    forced[:, :, 0] = 1
    sampled = decoder.sample(z, condition, embedding, SamplingOptions(0.0, forced=forced))
    assert (sampled[:, :, 0] == 1).all()
    predictions = decoder.predict(Batch.of(any_spec, torch.cat([sampled, condition], -1)), z, embedding)
    mask = predictions.mask
    free = any_spec.events(torch.ones_like(mask).index_fill(2, torch.tensor(0), 0), mask) > 0
    assert torch.equal(any_spec.events(sampled, mask)[free], predictions.likeliest()[free])


def test_the_same_generator_gives_the_same_tokens(any_spec: TokenSpec) -> None:
    autoencoder = autoencoder_of(any_spec)
    z = autoencoder.sampler.sample(5, torch.Generator().manual_seed(1))
    condition = batch_of(any_spec, 5).condition
    first, second = (
        autoencoder.sample(z, condition, SamplingOptions(1.0, torch.Generator().manual_seed(3))) for _ in range(2)
    )
    assert torch.equal(first, second)
    for column, field in zip(first.unbind(-1), any_spec.fields, strict=True):
        assert 0 <= int(column.min()) <= int(column.max()) < field.vocabulary


def test_a_note_off_before_the_first_onset_is_a_hold() -> None:
    tokens = torch.tensor([[[1, 0, 1, 2], [1, 0, 5, 1]], [[0, 1, 1, 0], [0, 1, 0, 0]]])[..., None]
    dropped = drop_leading(tokens, DropLeading(0, 1, range(2, 90)))[..., 0]
    assert dropped.tolist() == [[[0, 0, 0, 2], [1, 0, 5, 1]], [[0, 0, 0, 0], [0, 0, 0, 0]]]
