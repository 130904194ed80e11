"""Devices and precision: whatever a machine is good at, a CPU writes the same notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.errors import MusicaeError
from musicae.model import Model, load
from musicae.networks.device import autocast, choose_device, precision
from tests.helpers.commands import Run
from tests.helpers.models import tiny_config

CPU = torch.device("cpu")


def test_inference_on_a_cpu_is_float32_unless_another_is_named() -> None:
    assert precision(CPU) == torch.float32
    assert precision(CPU, "bfloat16") == torch.bfloat16
    assert precision(torch.device("cuda"), "float32") == torch.float32


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="float16"):
        precision(CPU, "float16")
    with pytest.raises(ValueError, match="abacus"):
        choose_device("abacus")
    with pytest.raises(MusicaeError, match="float16"):
        Model(tiny_config("melody-2bar"), device="cpu", precision="float16")


def dtypes_of(model: Model) -> set[torch.dtype]:
    """What the linear layers of a model compute in while it encodes and decodes."""
    found: set[torch.dtype] = set()

    def note(module: torch.nn.Module, inputs: object, output: object) -> None:
        if isinstance(module, torch.nn.Linear) and isinstance(output, torch.Tensor):
            found.add(output.dtype)

    hooks = [module.register_forward_hook(note) for module in model.autoencoder.modules()]
    window = model.representation.encode(model.representation.generate(np.random.default_rng(0)))
    z = model.encode(window[None])
    model.decode(torch.cat([z] * 3))
    for hook in hooks:
        hook.remove()
    return found


def test_a_model_encodes_and_decodes_in_its_precision() -> None:
    config = tiny_config("melody-2bar")
    assert dtypes_of(Model(config, device="cpu")) == {torch.float32}
    assert torch.bfloat16 in dtypes_of(Model(config, device="cpu", precision="bfloat16"))


def test_float32_needs_no_autocast() -> None:
    with autocast(CPU, torch.float32):
        assert not torch.is_autocast_enabled("cpu")
    with autocast(CPU, torch.bfloat16):
        assert torch.is_autocast_enabled("cpu")


def test_precision_is_an_option(run: Run) -> None:
    assert run("sample", "-n", 1, "--seed", 1, "--device", "cpu", "--precision", "bfloat16").code == 0
    assert run("sample", "--precision", "float8").code == 2


def test_one_window_is_computed_to_the_same_bytes_on_any_number_of_threads() -> None:
    model = load(Path(__file__).parents[1] / "models" / "trio-4bar", "cpu")
    window = model.representation.encode(model.representation.generate(np.random.default_rng(0)))
    before = torch.get_num_threads()
    found = set()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            z, drawn = model.encode(window[None]), model.sample_codes(1, seed=0)
            found.add((z.numpy().tobytes(), drawn.numpy().tobytes(), model.decode(z, seed=1).tobytes()))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1
