"""Laws of the networks, on random tokens: what reaches what, and that every way to compute a thing agrees."""

import math

import pytest
import torch
from torch import nn

from musicae.networks.autoencoder import Autoencoder, Batch, nll
from musicae.networks.decoders import DECODERS, Conductor, Decoder, draw
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import ENCODERS
from musicae.networks.latents import LATENTS, Normal
from musicae.networks.regularizers import KL
from musicae.networks.token_spec import FieldSpec, TokenSpec

A = FieldSpec("a", torch.eye(5))
GRIDS = {
    "one field": TokenSpec(2, 4, (A,)),
    "three fields": TokenSpec(
        3, 2, (FieldSpec("a", torch.eye(5)), FieldSpec("b", torch.eye(4)), FieldSpec("c", torch.rand(8, 3)))
    ),
    "one field, one given": TokenSpec(2, 4, (FieldSpec("a", torch.eye(5)),), (FieldSpec("told", torch.eye(3)),)),
}
MIXED = TokenSpec(2, 4, (FieldSpec("event", torch.eye(4), end=3), FieldSpec("b", torch.eye(5))))
RAGGED = TokenSpec(3, 6, (FieldSpec("event", torch.eye(4), end=3),), (FieldSpec("told", torch.eye(3)),))

SMALL = {"hidden": 6, "layers": 2}
CONDUCTOR = {**SMALL, "conductor_hidden": 6, "conductor_layers": 1, "z_every_step": True, "z_slot_size": 2}


@pytest.fixture(params=GRIDS)
def spec(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return GRIDS[request.param]


@pytest.fixture(params=[*GRIDS, "ragged", "mixed"])
def any_grid(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return {**GRIDS, "ragged": RAGGED, "mixed": MIXED}[request.param]


def tokens_of(spec: TokenSpec, batch: int = 3) -> torch.Tensor:
    shape = (batch, spec.segments, spec.steps)
    return torch.stack([torch.randint(field.vocabulary, shape) for field in (*spec.fields, *spec.conditions)], -1)


def given_of(spec: TokenSpec, batch: int = 3) -> torch.Tensor:
    return spec.split(tokens_of(spec, batch))[1]


def decoder_of(name: str, spec: TokenSpec, embedding: Embedding, **more: float) -> Decoder:
    sizes = CONDUCTOR if name == "conductor" else SMALL
    decoder: Decoder = DECODERS[name](spec, embedding.widths, 7, **{**sizes, **more})
    return decoder


def autoencoder_of(spec: TokenSpec, encoder: str = "bidirectional", latent: str = "gaussian") -> Autoencoder:
    embedding = Embedding(spec, size=4)
    reader = ENCODERS[encoder](spec, embedding.width, hidden=6)
    code = LATENTS[latent](reader.size, size=7)
    decoder = decoder_of("conductor", spec, embedding)
    return Autoencoder(spec, embedding, reader, code, Normal(7), decoder, [KL()])


@pytest.mark.parametrize("name", DECODERS)
def test_logits_depend_on_earlier_tokens_alone(name: str, spec: TokenSpec) -> None:
    embedding = Embedding(spec)
    decoder = decoder_of(name, spec, embedding)
    features = embedding(tokens_of(spec, 1)).requires_grad_()
    logits = decoder.logits(tokens_of(spec, 1), torch.randn(1, 7), _Frozen(spec, features))
    for segment in range(spec.segments):
        for step in range(spec.steps):
            total = torch.stack([field[segment * spec.steps + step].sum() for field in logits]).sum()
            (reached,) = torch.autograd.grad(total, features, retain_graph=True)
            written = sum(embedding.widths[: len(spec.fields)])
            touched = reached[0, ..., :written].abs().sum(-1).flatten() > 0
            told = reached[0, ..., written:].abs().sum(-1).flatten() > 0
            assert not told[segment * spec.steps + step + 1 :].any()
            assert told[segment * spec.steps + step] == bool(spec.conditions)
            position = segment * spec.steps + step
            first = position - step if name == "conductor" else 0
            assert not touched[position:].any()
            assert not touched[:first].any()
            assert touched[first:position].all()


class _Frozen(Embedding):
    """Gives the same features whatever the tokens."""

    def __init__(self, spec: TokenSpec, features: torch.Tensor) -> None:
        super().__init__(spec)
        self.value = features

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.value


@pytest.mark.parametrize("name", DECODERS)
def test_teacher_forced_likelihood_is_the_stepwise_one(name: str, any_grid: TokenSpec) -> None:
    embedding = Embedding(any_grid, size=4)
    decoder = decoder_of(name, any_grid, embedding)
    tokens, z = tokens_of(any_grid), torch.randn(3, 7)
    at_once = decoder.logits(tokens, z, embedding)
    stepwise = decoder.scheduled(tokens, z, embedding, probability=0.0)
    for a, b in zip(at_once, stepwise, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", DECODERS)
def test_argmax_sample_feeds_itself(name: str, any_grid: TokenSpec) -> None:
    embedding = Embedding(any_grid, size=4)
    decoder = decoder_of(name, any_grid, embedding)
    z = torch.randn(3, 7)
    sampled = decoder.sample(z, given_of(any_grid), embedding, temperature=0.0)
    forced = torch.stack([field.argmax(-1) for field in decoder.logits(sampled, z, embedding)], -1)
    assert torch.equal(any_grid.events(any_grid.split(sampled)[0], any_grid.mask(sampled)), forced)


@pytest.mark.parametrize("name", DECODERS)
def test_nothing_follows_an_end(name: str) -> None:
    embedding = Embedding(RAGGED)
    tokens = decoder_of(name, RAGGED, embedding).sample(torch.randn(8, 7), given_of(RAGGED, 8), embedding)
    events = tokens[..., 0]
    ended = (events == 3).cumsum(2) > 0
    assert (events[ended] == 3).all() and (events != 3).any()


def test_fixed_tokens_stand_and_are_seen(any_grid: TokenSpec) -> None:
    embedding = Embedding(any_grid, size=4)
    decoder = decoder_of("conductor", any_grid, embedding)
    z, given = torch.randn(3, 7), given_of(any_grid)
    fixed = torch.full((3, any_grid.segments, any_grid.steps, len(any_grid.fields)), -1)
    fixed[:, :, 0] = 1
    sampled = decoder.sample(z, given, embedding, 0.0, fixed=fixed)
    assert (any_grid.split(sampled)[0][:, :, 0] == 1).all()
    forced = [field.argmax(-1) for field in decoder.logits(sampled, z, embedding)]
    mask = any_grid.mask(sampled)
    drawn = any_grid.events(torch.ones_like(mask).index_fill(2, torch.tensor(0), 0), mask) > 0
    written = any_grid.events(any_grid.split(sampled)[0], mask)
    assert torch.equal(written[drawn], torch.stack(forced, -1)[drawn])


@pytest.mark.parametrize("spans_per_segment", [1, 2])
def test_nothing_after_an_end_counts(spans_per_segment: int) -> None:
    embedding = Embedding(RAGGED, size=4)
    decoder = decoder_of("conductor", RAGGED, embedding, spans_per_segment=spans_per_segment)
    tokens, z = tokens_of(RAGGED, 8), torch.randn(8, 7)
    mask = RAGGED.mask(tokens)
    changed = tokens.clone()
    changed[..., 0] = torch.where(mask > 0, tokens[..., 0], 1)
    for a, b in zip(decoder.logits(tokens, z, embedding), decoder.logits(changed, z, embedding), strict=True):
        assert len(a) == int(mask.sum()) < mask.numel()
        torch.testing.assert_close(a, b)


def test_stretches_of_a_subdivided_segment_do_not_see_each_other() -> None:
    spec = GRIDS["one field"]
    embedding = Embedding(spec)
    decoder = decoder_of("conductor", spec, embedding, spans_per_segment=2)
    tokens, z = tokens_of(spec, 1), torch.randn(1, 7)
    changed = tokens.clone()
    changed[0, 0, 0] = (changed[0, 0, 0] + 1) % 5
    (before,), (after,) = decoder.logits(tokens, z, embedding), decoder.logits(changed, z, embedding)
    differs = (before != after).any(-1)
    assert differs.tolist() == [False, True, False, False, False, False, False, False]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_encoders_see_every_step(encoder: str, spec: TokenSpec) -> None:
    network = ENCODERS[encoder](spec, 3, hidden=6)
    network.train(False)
    features = torch.randn(2, spec.segments, spec.steps, 3, requires_grad=True)
    h = network(features, torch.ones(2, spec.segments, spec.steps))
    assert h.shape == (2, network.size)
    (reached,) = torch.autograd.grad((h * torch.randn_like(h)).sum(), features)
    assert (reached.abs().sum(-1) > 0).float().mean() > 0.9


@pytest.mark.parametrize("encoder", ENCODERS)
def test_encoders_ignore_what_follows_the_end_token(encoder: str) -> None:
    spec = TokenSpec(2, 4, (FieldSpec("event", torch.eye(5), end=4),))
    tokens = torch.tensor([[[0, 1, 4, 2], [3, 4, 0, 0]]]).unsqueeze(-1)
    assert spec.mask(tokens).tolist() == [[[1, 1, 1, 0], [1, 1, 0, 0]]]
    network = ENCODERS[encoder](spec, 5, hidden=6)
    features = torch.eye(5)[tokens[..., 0]]
    changed = features + (1 - spec.mask(tokens))[..., None]
    torch.testing.assert_close(network(features, spec.mask(tokens)), network(changed, spec.mask(tokens)))


def test_nll_counts_the_steps_that_count_of_all_fields() -> None:
    spec = TokenSpec(1, 3, (FieldSpec("a", torch.eye(4), end=3), FieldSpec("b", torch.eye(2))))
    tokens = torch.tensor([[[[0, 0], [0, 0], [0, 0]]], [[[3, 0], [0, 0], [0, 0]]]])
    logits = [torch.zeros(4, 4), torch.zeros(4, 2)]
    per_step = math.log(4) + math.log(2)
    assert nll(spec, logits, tokens).tolist() == pytest.approx([3 * per_step, per_step])


def test_draw_follows_the_softmax() -> None:
    logits = torch.tensor([0.0, math.log(3.0)]).expand(20_000, 2)
    generator = torch.Generator().manual_seed(0)
    assert draw(logits, 1.0, generator).float().mean().item() == pytest.approx(0.75, abs=0.01)
    assert draw(logits, 0.5, generator).float().mean().item() == pytest.approx(0.9, abs=0.01)
    assert draw(logits, 0.0, generator).float().mean().item() == 1


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_loss_falls(encoder: str, latent: str, any_grid: TokenSpec) -> None:
    autoencoder = autoencoder_of(any_grid, encoder, latent)
    if latent == "deterministic":
        autoencoder.regularizers = nn.ModuleList()
    optimizer = torch.optim.Adam(autoencoder.parameters(), 1e-2)
    tokens = tokens_of(any_grid, 8)
    losses = []
    for update in range(40):
        loss = torch.stack(list(autoencoder(Batch(tokens, update)).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(parameter.grad is not None for parameter in autoencoder.parameters())


def test_the_encoder_may_hear_another_window_than_is_written(spec: TokenSpec) -> None:
    autoencoder = autoencoder_of(spec, latent="deterministic")
    autoencoder.regularizers = nn.ModuleList()
    tokens, heard = tokens_of(spec), tokens_of(spec)
    terms = autoencoder(Batch(tokens, heard=heard))
    expected = autoencoder.terms(autoencoder.encode(heard), Batch(tokens))
    assert terms["nll"] == expected["nll"] != autoencoder(Batch(tokens))["nll"]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_only_one_segment_may_open_with_opens_the_last(temperature: float) -> None:
    torch.manual_seed(0)
    spec = TokenSpec(6, 4, (FieldSpec("event", torch.eye(4), end=3, at_most_one=(2, 3)),))
    embedding = Embedding(spec, size=4)
    decoder = decoder_of("conductor", spec, embedding)
    with torch.no_grad():
        decoder.cores[0].heads[0].bias.copy_(torch.tensor([5.0, 0.0, 9.0, -9.0]))
    first = decoder.sample(torch.randn(8, 7), given_of(spec, 8), embedding, temperature)[:, :, 0, 0]
    opens = (first == 2).unflatten(1, (2, 3))
    assert (opens.sum(2) <= 1).all() and opens[..., 2].float().mean() > 0.9
    assert (first[:, [0, 1, 3, 4]] == 0).float().mean() > 0.9


def test_sampling_is_reproducible(any_grid: TokenSpec) -> None:
    autoencoder = autoencoder_of(any_grid)
    z = autoencoder.prior.sample(5, torch.Generator().manual_seed(1))
    given = given_of(any_grid, 5)
    first, second = (autoencoder.sample(z, given, 1.0, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    for i, field in enumerate(any_grid.fields):
        assert 0 <= int(first[..., i].min()) <= int(first[..., i].max()) < field.vocabulary


@pytest.mark.parametrize(("feed", "slot"), [(False, 0), (True, 0), (False, 2)])
def test_every_context_comes_from_the_code(feed: bool, slot: int) -> None:
    contexts = Conductor(7, 5, 6, 1, feed, slot)
    z = torch.randn(2, 7, requires_grad=True)
    out = contexts(z)
    assert out.shape == (2, 5, 6)
    for stretch in range(5):
        (reached,) = torch.autograd.grad(out[0, stretch].sum(), z, retain_graph=True)
        assert (reached[0] != 0).all() and (reached[1] == 0).all()
