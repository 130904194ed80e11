"""What only a GPU shows: fused LSTMs under autocast, moments on the device, the same numbers as the CPU.

Run with `pytest -m gpu`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.config import Named, Spec, Training, spec
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.networks.batch import Batch
from musicae.networks.recurrent.stack import BackendName, lstm, use_backend
from musicae.training.metrics import validation_at
from musicae.training.run import Run
from musicae.verbs.train import begin
from tests.helpers.models import tiny_config

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")]


@pytest.mark.parametrize("encoder", ["dense", "bidirectional", "hierarchical"])
def test_training_goes_on_after_validations_and_resumes(encoder: str, data: Dataset, tmp_path: Path) -> None:
    config = tiny_config("melody-2bar")
    config = replace(config, encoder=replace(config.encoder, name=encoder, arguments={"hidden": 16}))
    config = replace(config, training=Training(batch=8, updates=6, validate_every=2, validation_windows=8))
    run = Run(config, str(data.folder))
    assert begin(run, tmp_path / "m", device="cuda").run().skipped == 0
    longer = replace(run, config=replace(config, training=replace(config.training, updates=9)))
    resumed = begin(longer, tmp_path / "m", device="cuda", resume=True)
    assert resumed.state.update == 6
    resumed.run()
    moments = [resumed.optimizers.moments(parameter) for parameter in resumed.task.model.autoencoder.parameters()]
    assert {value.device.type for known in moments for value in known.values()} == {"cuda"}


@pytest.mark.parametrize("name", ["adversarial_prior", "adversarial_interpolation", "wasserstein_critic"])
def test_critics_are_measured_at_validations(name: str, data: Dataset, tmp_path: Path) -> None:
    """The gradients by which they are measured lead through recurrent networks in evaluation."""
    critic = Named(name, Spec(name, {"ramp": 0}))
    config = replace(tiny_config("melody-2bar"), latent=spec("deterministic", size=8), regularizers=(critic,))
    config = replace(config, training=Training(batch=8, updates=4, validate_every=2, validation_windows=8))
    assert begin(Run(config, str(data.folder)), tmp_path / "m", device="cuda").run().skipped == 0
    assert validation_at(tmp_path / "m", 4)[f"gradient_ratio/{name}"] > 0


@pytest.mark.parametrize("encoder", ["dense", "bidirectional", "hierarchical"])
def test_losses_agree_with_the_cpu(encoder: str) -> None:
    config = tiny_config("trio-4bar")
    config = replace(config, encoder=replace(config.encoder, name=encoder, arguments={"hidden": 16}))
    cpu, gpu = (Model(config, device=device).autoencoder for device in ("cpu", "cuda"))
    gpu.load_state_dict(cpu.state_dict())
    tokens = torch.stack([torch.randint(field.vocabulary, (4, 4, 16)) for field in cpu.spec.fields], -1)
    ours, theirs = Batch.of(cpu.spec, tokens), Batch.of(cpu.spec, tokens.cuda())
    z = cpu.encode(ours.target, ours.condition).mean
    other = gpu.encode(theirs.target, theirs.condition).mean.cpu()
    torch.testing.assert_close(other, z, rtol=1e-3, atol=1e-3)
    pairs = zip(cpu.predict(ours, z).params, gpu.predict(theirs, z.cuda()).params, strict=True)
    for params, on_gpu in pairs:
        torch.testing.assert_close(params, on_gpu.cpu(), rtol=1e-3, atol=1e-3)
    assert all(torch.isfinite(term) for term in gpu(theirs).values())


@pytest.mark.parametrize("lengths", [None, [1, 3]])
@pytest.mark.parametrize("backend", ["plain", "cudnn"])
def test_stacks_run_in_the_type_of_autocast(backend: BackendName, lengths: list[int] | None) -> None:
    stack = lstm(4, 8, 1).cuda()
    use_backend(stack, backend, torch.device("cuda"))
    inputs, context, state = torch.randn(2, 3, 4), torch.randn(2, 0), torch.zeros(1, 2, 8)
    steps = None if lengths is None else torch.tensor(lengths).cuda()
    with torch.autocast("cuda", torch.bfloat16):
        assert stack.run(inputs.cuda(), context.cuda(), state.cuda(), state.cuda(), steps).dtype == torch.bfloat16


@pytest.mark.parametrize("lengths", [None, [2, 6, 4]])
def test_plain_gives_second_derivatives_and_cudnn_refuses(lengths: list[int] | None) -> None:
    device = torch.device("cuda")
    stack = lstm(4, 5, 2, bidirectional=True).to(device)
    inputs = torch.randn(3, 6, 4, device=device, requires_grad=True)
    steps = None if lengths is None else torch.tensor(lengths).cuda()
    use_backend(stack, "plain", device)
    (reached,) = torch.autograd.grad(stack.last_outputs(inputs, steps).square().sum(), inputs, create_graph=True)
    assert all(second.any() for second in torch.autograd.grad(reached.square().sum(), [*stack.parameters()]))
    use_backend(stack, "cudnn", device)
    with pytest.raises(MusicaeError, match="cudnn gives first derivatives"):
        torch.autograd.grad(stack.last_outputs(inputs, steps).square().sum(), inputs, create_graph=True)
