"""Laws of recurrent backends: all compute the same, and one that cannot give a derivative refuses."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.networks.encoders import ENCODERS, Encoder
from musicae.networks.recurrent import fast_cpu
from musicae.networks.recurrent.fast_cpu import FastCPU, recur
from musicae.networks.recurrent.plain import TorchLSTM
from musicae.networks.recurrent.stack import BACKENDS, LSTM, BackendName, lstm, use_backend
from musicae.networks.recurrent.step import StepLSTM
from musicae.networks.token_spec import FieldSpec, TokenSpec
from tests.helpers.models import tiny_config

CPU = torch.device("cpu")
NAMES: tuple[BackendName, ...] = ("plain", "fast_cpu", "cudnn")
WITHOUT_SECOND: tuple[BackendName, ...] = ("fast_cpu", "cudnn")
LENGTHS = {"full": None, "ragged": torch.tensor([2, 6, 1, 6, 4])}

FULL = TokenSpec(2, 3, (FieldSpec("a", torch.eye(5)),))
RAGGED = TokenSpec(2, 3, (FieldSpec("event", torch.eye(5), end=4),))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(params=LENGTHS)
def lengths(request: pytest.FixtureRequest) -> Tensor | None:
    return LENGTHS[request.param]


def assert_all_close(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def outputs_and_gradients(out: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """An output, and the gradients of an arbitrary function of it."""
    weights = torch.linspace(-1, 1, out.numel()).reshape(out.shape)
    return [out, *torch.autograd.grad((out * weights).sum(), leaves)]


def test_there_is_a_law_for_every_backend() -> None:
    assert set(NAMES) == set(BACKENDS)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_backends_agree_on_outputs_and_gradients(layers: int, lengths: Tensor | None) -> None:
    stack = lstm(4 + 3, 5, layers)
    leaves = [torch.randn(5, 6, 4), torch.randn(5, 3), *torch.randn(2, layers, 5, 5)]
    inputs, context, h, c = (leaf.requires_grad_() for leaf in leaves)
    found = []
    for name in NAMES:
        use_backend(stack, name, CPU)
        out = stack.run(inputs, context, h, c, lengths)
        found.append(outputs_and_gradients(out, [inputs, context, h, c, *stack.parameters()]))
    for one, other in pairwise(found):
        assert_all_close(one, other)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_backends_agree_in_both_directions(layers: int, lengths: Tensor | None) -> None:
    stack = lstm(4, 5, layers, bidirectional=True)
    inputs = torch.randn(5, 6, 4, requires_grad=True)
    found = []
    for name in NAMES:
        use_backend(stack, name, CPU)
        found.append(outputs_and_gradients(stack.last_outputs(inputs, lengths), [inputs, *stack.parameters()]))
    for one, other in pairwise(found):
        assert_all_close(one, other)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layers", [1, 2])
def test_outputs_are_those_of_torchs_module(layers: int, name: BackendName) -> None:
    stack, both_directions = lstm(4 + 3, 5, layers), lstm(4, 5, layers, bidirectional=True)
    for module in (stack, both_directions):
        use_backend(module, name, CPU)
    inputs, context, (h, c) = torch.randn(70, 6, 4), torch.randn(70, 3), torch.randn(2, layers, 70, 5)
    together = torch.cat([inputs, context[:, None].expand(-1, 6, -1)], -1)
    torch.testing.assert_close(stack.run(inputs, context, h, c), stack(together, (h, c))[0])
    last = both_directions(inputs)[1][0]
    torch.testing.assert_close(both_directions.last_outputs(inputs), torch.cat([last[-2], last[-1]], -1))


@pytest.mark.parametrize("name", NAMES)
def test_ragged_sequences_run_as_if_alone(name: BackendName) -> None:
    stack, both_directions = lstm(4 + 3, 5, 2), lstm(4, 5, 2, bidirectional=True)
    for module in (stack, both_directions):
        use_backend(module, name, CPU)
    lengths = torch.tensor([2, 6, 1, 6, 4])
    inputs, context, (h, c) = torch.randn(5, 6, 4), torch.randn(5, 3), torch.randn(2, 2, 5, 5)
    out, last = stack.run(inputs, context, h, c, lengths), both_directions.last_outputs(inputs, lengths)
    for i, length in enumerate(lengths.tolist()):
        alone = slice(i, i + 1)
        steps = inputs[alone, :length]
        torch.testing.assert_close(out[i, :length], stack.run(steps, context[alone], h[:, alone], c[:, alone])[0])
        assert (out[i, length:] == 0).all()
        torch.testing.assert_close(last[i], both_directions.last_outputs(steps)[0])


@pytest.mark.parametrize("name", NAMES)
def test_sequences_run_in_the_type_of_autocast(name: BackendName, lengths: Tensor | None) -> None:
    stack = lstm(4 + 3, 5, 2)
    use_backend(stack, name, CPU)
    inputs, context, (h, c) = torch.randn(5, 6, 4), torch.randn(5, 3), torch.randn(2, 2, 5, 5)
    exact = stack.run(inputs, context, h, c, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        rough = stack.run(inputs, context, h, c, lengths)
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("layers", [1, 2])
def test_sequences_may_go_through_fast_cpu_in_blocks(layers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = lstm(4, 5, layers)
    use_backend(stack, "fast_cpu", CPU)
    inputs, context, state = torch.randn(70, 6, 4), torch.randn(70, 0), torch.zeros(layers, 70, 5)
    whole = stack.run(inputs, context, state, state)
    monkeypatch.setattr(fast_cpu, "_blocks", lambda sequences, hidden: [slice(0, 32), slice(32, 64), slice(64, 70)])
    parts = stack.run(inputs, context, state, state)
    assert_all_close(
        outputs_and_gradients(parts, [*stack.parameters()]), outputs_and_gradients(whole, [*stack.parameters()])
    )


@pytest.mark.parametrize("sizes", [[3, 3], [3, 2, 1, 1]])
def test_gradients_of_a_recurrence_are_finite_differences(sizes: list[int]) -> None:
    arguments = [torch.randn(sum(sizes), 8), torch.randn(8, 2), torch.randn(3, 2), torch.randn(3, 2)]
    doubles = tuple(value.double().requires_grad_() for value in arguments)
    assert torch.autograd.gradcheck(
        lambda x, w, h, c: recur(x, w, h, c, sizes), doubles, atol=1e-2, rtol=1e-2, eps=1e-3
    )


@pytest.mark.parametrize("layers", [1, 2])
def test_steps_are_those_of_a_sequence(layers: int) -> None:
    stack = lstm(4 + 2 + 3, 5, layers)
    table, condition_table = torch.randn(7, 4), torch.randn(6, 2)
    tokens, condition = torch.randint(7, (5, 6)), torch.randint(6, (5, 6))
    context, (h, c) = torch.randn(5, 3), torch.randn(2, layers, 5, 5)
    previous = torch.cat([torch.zeros(5, 1, 4), table[tokens[:, :-1]]], 1)
    whole = stack.run(torch.cat([previous, condition_table[condition]], -1), context, h, c)
    steps = StepLSTM(stack, [table, condition_table], context, h, c)
    for step in range(6):
        seen = steps.lookup(tokens[:, step - 1 : step]) if step else []
        out = steps.step(seen, condition[:, step : step + 1])
        torch.testing.assert_close(out, whole[:, step])


def test_parameters_have_torchs_names_and_open_forget_gates() -> None:
    ours, theirs = lstm(4, 5, 2, bidirectional=True), nn.LSTM(4, 5, 2, bidirectional=True)
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    for name, parameter in ours.named_parameters():
        if name.startswith("bias"):
            forget, rest = parameter[5:10], torch.cat([parameter[:5], parameter[10:]])
            assert (forget == (1 if name.startswith("bias_ih") else 0)).all() and (rest == 0).all()


def backends_of(module: nn.Module) -> set[object]:
    return {part.backend for part in module.modules() if isinstance(part, LSTM)}


def test_a_fresh_stack_is_plain() -> None:
    assert backends_of(lstm(4, 5, 1)) == {BACKENDS["plain"]}


@pytest.mark.parametrize("preset", ["melody-2bar", "multitrack-1bar-chords"])
def test_a_model_on_a_cpu_runs_on_fast_cpu(preset: str) -> None:
    (backend,) = backends_of(Model(tiny_config(preset), device="cpu").autoencoder)
    assert isinstance(backend, FastCPU)


@pytest.mark.parametrize(("device", "name"), [("cpu", "fast_cpu"), ("cuda", "cudnn"), ("mps", "plain")])
def test_auto_chooses_by_device(device: str, name: str) -> None:
    stacks = nn.ModuleList([lstm(4, 5, 1), nn.Sequential(lstm(5, 6, 1))])
    use_backend(stacks, "auto", torch.device(device))
    assert backends_of(stacks) == {BACKENDS[name]}


def test_fast_cpu_runs_on_a_cpu_alone() -> None:
    with pytest.raises(MusicaeError, match="does not run on cuda"):
        use_backend(lstm(4, 5, 1), "fast_cpu", torch.device("cuda"))


def test_plain_keeps_cudnn_off_and_no_longer_than_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, torchs = [], torch.lstm

    def watched(*arguments: object) -> object:
        seen.append(torch.backends.cudnn.enabled)
        return torchs(*arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(torch, "lstm", watched)
    stack = lstm(4, 5, 1, bidirectional=True)
    for backend in (TorchLSTM(cudnn=False), TorchLSTM(cudnn=True)):
        stack.backend = backend
        stack.last_outputs(torch.randn(2, 3, 4))
        assert torch.backends.cudnn.enabled
    assert seen == [False, True]


def contractive_penalty(encoder: Encoder, features: Tensor, mask: Tensor, probe: Tensor) -> Tensor:
    """Hutchinson's estimate of the squared Frobenius norm of dh/dx: |v^T dh/dx|^2 for one random v."""
    features = features.detach().requires_grad_()
    (product,) = torch.autograd.grad(encoder(features, mask), features, probe, create_graph=True)
    return product.square().sum()


def second_gradients(encoder: Encoder, *arguments: Tensor) -> list[Tensor]:
    """The penalty's gradient with respect to every parameter, zero where it does not depend on one."""
    parameters = [*encoder.parameters()]
    found = torch.autograd.grad(contractive_penalty(encoder, *arguments), parameters, materialize_grads=True)
    return [*found]


def penalized(name: str, spec: TokenSpec) -> tuple[Encoder, tuple[Tensor, Tensor, Tensor]]:
    """An encoder in float64 of at least two layers where it has any, and what its penalty reads."""
    more = {} if name == "dense" else {"layers": 2}
    encoder = ENCODERS[name](spec, 4, hidden=3, **more).double()
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, std=0.5)  # biases that begin at zero would hide what they do
    mask = torch.ones(2, spec.segments, spec.steps)
    if spec.ragged:
        mask[0, 0, 1:] = mask[1, 1, 2:] = 0
    features = torch.randn(2, spec.segments, spec.steps, 4).double()
    return encoder, (features, mask.double(), torch.randn(2, encoder.size).double())


@pytest.mark.parametrize("spec", [FULL, RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize("name", ENCODERS)
def test_second_derivatives_of_plain_are_finite_differences(name: str, spec: TokenSpec) -> None:
    encoder, arguments = penalized(name, spec)
    gradients = second_gradients(encoder, *arguments)
    for parameter, gradient in zip(encoder.parameters(), gradients, strict=True):
        direction = torch.randn_like(parameter)
        ahead, behind = (penalty_at(encoder, parameter, step * direction, arguments) for step in (1e-5, -1e-5))
        torch.testing.assert_close((ahead - behind) / 2e-5, (gradient * direction).sum(), rtol=1e-4, atol=1e-6)


def penalty_at(encoder: Encoder, parameter: Tensor, change: Tensor, arguments: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """The penalty with one parameter changed, which is put back."""
    before = parameter.detach().clone()
    with torch.no_grad():
        parameter += change
    penalty = contractive_penalty(encoder, *arguments).detach()
    with torch.no_grad():
        parameter.copy_(before)
    return penalty


@pytest.mark.parametrize("spec", [FULL, RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize("name", ENCODERS)
def test_second_derivatives_of_plain_are_those_of_double_precision(name: str, spec: TokenSpec) -> None:
    encoder, arguments = penalized(name, spec)
    double = second_gradients(encoder, *arguments)
    single = second_gradients(encoder.float(), *(argument.float() for argument in arguments))
    scale = max(float(gradient.abs().max()) for gradient in double)
    for mine, other in zip(single, double, strict=True):
        torch.testing.assert_close(mine, other.float(), rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_second_derivatives_of_plain_are_those_of_torchs_module(lengths: Tensor | None) -> None:
    stack = lstm(4, 5, 2, bidirectional=True)
    inputs = torch.randn(5, 6, 4, requires_grad=True)
    packed: Tensor | nn.utils.rnn.PackedSequence = inputs
    if lengths is not None:
        packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    h = stack(packed)[1][0]
    found = []
    for out in (stack.last_outputs(inputs, lengths), torch.cat([h[-2], h[-1]], -1)):
        (product,) = torch.autograd.grad(out.square().sum(), inputs, create_graph=True)
        found.append(torch.autograd.grad(product.square().sum(), [*stack.parameters()]))
    assert all(gradient.any() for gradient in found[0])
    assert_all_close(*found)


@pytest.mark.parametrize("backend", WITHOUT_SECOND)
@pytest.mark.parametrize("name", sorted(ENCODERS.keys() - {"dense"}))
@pytest.mark.parametrize("spec", [FULL, RAGGED], ids=["full", "ragged"])
def test_backends_without_a_second_derivative_refuse(backend: BackendName, name: str, spec: TokenSpec) -> None:
    encoder, arguments = penalized(name, spec)
    encoder.float()
    use_backend(encoder, backend, CPU)
    with pytest.raises(MusicaeError, match=f"{backend} gives first derivatives") as refused:
        contractive_penalty(encoder, *(argument.float() for argument in arguments))
    assert "plain" in refused.value.hint


@pytest.mark.parametrize("backend", WITHOUT_SECOND)
def test_a_decoders_stack_refuses_too(backend: BackendName) -> None:
    stack = lstm(4 + 3, 5, 1)
    use_backend(stack, backend, CPU)
    context = torch.randn(2, 3, requires_grad=True)
    out = stack.run(torch.randn(2, 6, 4), context, *torch.zeros(2, 1, 2, 5))
    with pytest.raises(MusicaeError, match=f"{backend} gives first derivatives"):
        torch.autograd.grad(out.sum(), context, create_graph=True)
