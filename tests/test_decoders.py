"""Laws of decoders, on random tokens: what reaches what, and that all four faces agree."""

from __future__ import annotations

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.batch import Batch
from musicae.networks.decoders import DECODERS, conductor
from musicae.networks.decoders.recurrent import Conductor, RecurrentDecoder
from musicae.networks.embedding import Embedding
from musicae.networks.sampling import SamplingOptions
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import Condition, Features, Tokens
from tests.helpers.networks import CODE, FULL, RAGGED, SPECS, batch_of, decoder_of


@pytest.fixture(params=FULL)
def spec(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return FULL[request.param]


@pytest.fixture(params=SPECS)
def any_spec(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return SPECS[request.param]


class Same(Embedding):
    """The same features whatever the tokens, so that their gradient says what reaches what."""

    def __init__(self, spec: TokenSpec, features: Features) -> None:
        super().__init__(spec)
        self.value = features

    def forward(self, tokens: Tokens, condition: Condition) -> Features:
        return self.value


@pytest.mark.parametrize("name", DECODERS)
def test_a_step_depends_on_earlier_tokens_of_its_span_and_on_its_own_condition(name: str, spec: TokenSpec) -> None:
    decoder, batch = decoder_of(name, spec, embedding := Embedding(spec)), batch_of(spec, 1)
    features = embedding(batch.target, batch.condition).requires_grad_()
    params = decoder.predict(batch, torch.randn(1, CODE), Same(spec, features)).params
    width = sum(embedding.widths[: len(spec.fields)])
    for position in range(spec.segments * spec.steps):
        total = torch.stack([field[position].sum() for field in params]).sum()
        (reached,) = torch.autograd.grad(total, features, retain_graph=True)
        tokens = reached[0, ..., :width].abs().sum(-1).flatten() > 0
        condition = reached[0, ..., width:].abs().sum(-1).flatten() > 0
        first = position - position % spec.steps if name == "conductor" else 0
        assert tokens.nonzero().flatten().tolist() == list(range(first, position))
        assert not condition[position + 1 :].any()
        assert condition[position] == bool(spec.conditions)


def test_conductor_segments_are_independent_given_z() -> None:
    spec = FULL["one field"]
    decoder, batch, z = (
        decoder_of("conductor", spec, embedding := Embedding(spec)),
        batch_of(spec, 1),
        torch.randn(1, CODE),
    )
    changed = batch.target.clone()
    changed[0, 0] = (changed[0, 0] + 1) % 5
    before, after = (decoder.predict(b, z, embedding).params[0] for b in (batch, Batch.of(spec, changed)))
    assert torch.equal(before[spec.steps :], after[spec.steps :]) and not torch.equal(before, after)


def test_spans_of_a_segment_are_independent_given_z() -> None:
    spec = FULL["one field"]
    decoder = decoder_of("conductor", spec, embedding := Embedding(spec), spans_per_segment=2)
    batch, z = batch_of(spec, 1), torch.randn(1, CODE)
    changed = batch.target.clone()
    changed[0, 0, 0] = (changed[0, 0, 0] + 1) % 5
    before, after = (decoder.predict(b, z, embedding).params[0] for b in (batch, Batch.of(spec, changed)))
    assert (before != after).any(-1).tolist() == [False, True, False, False, False, False, False, False]


@pytest.mark.parametrize("spans_per_segment", [1, 2])
@pytest.mark.parametrize("name", DECODERS)
def test_log_prob_is_the_sum_of_the_steps(name: str, spans_per_segment: int, any_spec: TokenSpec) -> None:
    more = {"spans_per_segment": spans_per_segment} if name == "conductor" else {}
    decoder = decoder_of(name, any_spec, embedding := Embedding(any_spec, size=4), **more)
    batch, z = batch_of(any_spec), torch.randn(3, CODE)
    mask, total = any_spec.mask(batch.target), torch.zeros(3)
    for chain in decoder.stepwise(z, batch.condition, embedding):
        truth, previous, steps = batch.target.reshape(chain.rows, chain.steps, -1)[..., chain.fields], None, []
        for step in range(chain.steps):
            columns = zip(chain.heads, chain.step(previous), truth[:, step].unbind(1), strict=True)
            steps.append(torch.stack([head.log_prob(params, column) for head, params, column in columns]).sum(0))
            previous = truth[:, step]
        total = total + (torch.stack(steps, 1).reshape(mask.shape) * mask).sum((1, 2))
    torch.testing.assert_close(total, decoder.log_prob(batch, z, embedding))


@pytest.mark.parametrize("name", DECODERS)
def test_scheduled_sampling_of_no_tokens_is_teacher_forcing(name: str, any_spec: TokenSpec) -> None:
    decoder, batch, z = (
        decoder_of(name, any_spec, embedding := Embedding(any_spec)),
        batch_of(any_spec),
        torch.randn(3, CODE),
    )
    scheduled = decoder.predict(Batch(**{**vars(batch), "sampling_probability": 1e-12}), z, embedding).log_prob()
    torch.testing.assert_close(scheduled, decoder.log_prob(batch, z, embedding))


@pytest.mark.parametrize("name", DECODERS)
def test_the_likeliest_sample_is_the_likeliest_token_of_every_step(name: str, any_spec: TokenSpec) -> None:
    decoder, z = decoder_of(name, any_spec, embedding := Embedding(any_spec, size=4)), torch.randn(3, CODE)
    condition = batch_of(any_spec).condition
    sampled = decoder.sample(z, condition, embedding, SamplingOptions(temperature=0.0))
    predictions = decoder.predict(Batch.of(any_spec, torch.cat([sampled, condition], -1)), z, embedding)
    assert torch.equal(any_spec.events(sampled, any_spec.mask(sampled)), predictions.likeliest())


@pytest.mark.parametrize("name", DECODERS)
def test_soft_outputs_of_certain_heads_are_the_features_of_the_likeliest_sample(name: str, any_spec: TokenSpec) -> None:
    decoder, z = decoder_of(name, any_spec, embedding := Embedding(any_spec)), torch.randn(3, CODE)
    for head in decoder.heads:
        for weight in head.parameters():
            weight.data.mul_(1e5)
    condition = batch_of(any_spec).condition
    sampled = decoder.sample(z, condition, embedding, SamplingOptions(temperature=0.0))
    features, mask = decoder.soft(z, condition, embedding)
    expected = any_spec.mask(sampled)
    torch.testing.assert_close(mask, expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(
        features * mask[..., None], embedding(sampled, condition) * expected[..., None], atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("name", DECODERS)
def test_gradients_flow_through_soft_outputs_to_every_code(name: str, any_spec: TokenSpec) -> None:
    decoder, z = decoder_of(name, any_spec, embedding := Embedding(any_spec)), torch.randn(3, CODE, requires_grad=True)
    features, _ = decoder.soft(z, batch_of(any_spec).condition, embedding)
    (reached,) = torch.autograd.grad(features[1].square().sum(), z)
    assert (reached[1] != 0).any() and not reached[[0, 2]].any()


@pytest.mark.parametrize("spans_per_segment", [1, 2])
def test_steps_after_an_end_do_not_count(spans_per_segment: int) -> None:
    decoder = decoder_of(
        "conductor", RAGGED, embedding := Embedding(RAGGED, size=4), spans_per_segment=spans_per_segment
    )
    batch, z = batch_of(RAGGED, 8), torch.randn(8, CODE)
    mask = RAGGED.mask(batch.target)[..., None]
    changed = Batch(**{**vars(batch), "target": torch.where(mask > 0, batch.target, 1)})
    before, after = (decoder.predict(b, z, embedding) for b in (batch, changed))
    assert len(before.params[0]) == int(mask.sum()) < mask.numel()
    torch.testing.assert_close(before.params[0], after.params[0])


@pytest.mark.parametrize(("z_every_step", "z_slot_size"), [(False, 0), (True, 0), (False, 2)])
def test_every_span_context_comes_from_its_code(z_every_step: bool, z_slot_size: int) -> None:
    z = torch.randn(2, CODE, requires_grad=True)
    contexts = Conductor(CODE, 5, 6, 1, z_every_step, z_slot_size)(z)
    assert contexts.shape == (2, 5, 6)
    for span in range(5):
        (reached,) = torch.autograd.grad(contexts[0, span].sum(), z, retain_graph=True)
        assert (reached[0] != 0).all() and (reached[1] == 0).all()


def test_a_decoder_says_what_does_not_fit() -> None:
    spec = FULL["three fields"]
    for knobs, said in (
        ({"spans_per_segment": 3}, "spans_per_segment=3"),
        ({"heads": ("categorical", "categorical")}, "2 heads for 3 fields"),
        ({"heads": ("softmax",)}, "head: softmax"),
        ({"heads": ("bernoulli",)}, "a has 5"),
        ({"token_dropout": 1.0}, "token_dropout"),
    ):
        with pytest.raises(MusicaeError, match=said):
            conductor(spec, [1, 1, 1], CODE, hidden=4, conductor_hidden=4, **knobs)


def test_heads_may_differ_by_field() -> None:
    spec = FULL["three fields"]
    decoder = decoder_of("flat", spec, Embedding(spec), heads=("categorical", "bernoulli", "bernoulli"))
    assert isinstance(decoder, RecurrentDecoder)
    assert [type(head).__name__ for head in decoder.heads] == ["Categorical", "Bernoulli", "Bernoulli"]
