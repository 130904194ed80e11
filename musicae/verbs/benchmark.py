"""How fast a model trains and samples on this machine, beside the fastest matrix product measured in the same run.

`REFERENCES` are the sizes at which Magenta's MusicVAE was timed (TensorFlow 2.9, two vCPUs of one core): its CPU
seconds for an update of 128 windows, and its samples per second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from musicae.config import Config, spec
from musicae.corpus.dataset import Windows
from musicae.cpu import usable_cores
from musicae.model import Model
from musicae.networks.device import precision_name
from musicae.presets import PRESETS
from musicae.training.arithmetic import Arithmetic, choose_training_arithmetic
from musicae.training.loop import Trainer
from musicae.training.music_task import MusicTask, Splits

SAMPLING_BATCHES = (1, 32, 256)

TRAINING, SAMPLING, PRODUCT, LOADING = 0.4, 0.4, 0.1, 0.03
"""Shares of the time, of which the rest is for what is made before."""


@dataclass(frozen=True)
class Speed:
    """What was measured.

    Attributes:
        training, sampling: precision and threads of updates, and of decoding.
        chosen: what a training of the model would choose by itself on this machine.
        matmul_gflops: rate of a large matrix product in the precision and on the threads of training.
        training_gflops: rate at which an update does the matrix products of its passes forward and backward.
        windows_per_second: trained on.
        cpu_seconds: of the process, per update.
        loading_share: share of an update's time that drawing and gathering its windows takes.
        samples_per_second: decoded from codes, per batch size.
    """

    name: str
    device: str
    training: Arithmetic
    sampling: Arithmetic
    chosen: Arithmetic
    parameters: int
    batch: int
    matmul_gflops: float
    training_gflops: float
    windows_per_second: float
    cpu_seconds: float
    loading_share: float
    samples_per_second: dict[int, float]


@dataclass(frozen=True)
class Reference:
    """Magenta's figures for a configuration of the same sizes."""

    config: Config
    cpu_seconds: float
    samples_per_second: dict[int, float]


def _small(preset: str, decoder: str, **sizes: int) -> Config:
    config = PRESETS[preset]
    return replace(
        config,
        encoder=spec("bidirectional", hidden=512),
        latent=spec("gaussian", size=256),
        decoder=spec(decoder, hidden=256, layers=2, **sizes),
        training=replace(config.training, batch=128, optimizer="adam"),
    )


REFERENCES = {
    "melody-2bar-flat": Reference(_small("melody-2bar", "flat"), 0.695, {1: 272.0, 32: 1324.0, 256: 2048.0}),
    "melody-16bar": Reference(
        _small("melody-16bar", "conductor", conductor_hidden=256, conductor_layers=2),
        6.31,
        {1: 33.0, 32: 106.0, 256: 234.0},
    ),
}


def benchmark(
    name: str, config: Config, *, seconds: float = 10.0, device: str = "auto", wanted: Arithmetic | None = None
) -> Speed:
    """Trains on random tokens and decodes random codes, for about this many seconds in all.

    It takes longer where a call takes longer than its share of them: everything is done at least once. What training
    computes in is found out before, unless this machine knows it already.

    Args:
        wanted: precision and threads to compare at; what it leaves open is what the product would take, which is
            measured for training, and for sampling the model's own precision on all cores.
    """
    wanted = wanted or Arithmetic()
    wanted = replace(wanted, threads=min(wanted.threads, usable_cores()))
    model = Model(config, name, device, wanted.precision)
    batch = config.training.batch
    trainer = _trainer(model)
    seen = trainer.batch(config.training.updates)
    training, chosen = (choose_training_arithmetic(model.autoencoder, seen, some) for some in (wanted, Arithmetic()))
    trainer.arithmetic = training
    with training.on_its_threads():
        update_time, cpu_time = _time(trainer.update, TRAINING * seconds, model.device)
        load_time, _ = _time(lambda: trainer.batch(0), LOADING * seconds, model.device)
        product = matmul_gflops(model.device, training.dtype, PRODUCT * seconds)
    sampling = Arithmetic(precision_name(model.precision), wanted.threads or torch.get_num_threads())
    return Speed(
        name=name,
        device=str(model.device),
        training=training,
        sampling=sampling,
        chosen=chosen,
        parameters=model.parameters,
        batch=batch,
        matmul_gflops=product,
        training_gflops=_flops(config) * batch / update_time / 1e9,
        windows_per_second=batch / update_time,
        cpu_seconds=cpu_time,
        loading_share=load_time / update_time,
        samples_per_second=_sampling_rates(model, sampling, SAMPLING / len(SAMPLING_BATCHES) * seconds),
    )


def matmul_gflops(device: torch.device, dtype: torch.dtype, seconds: float = 1.0) -> float:
    """Rate of a 1024 x 1024 x 1024 product (8192 on a GPU), timed for this long."""
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device, dtype=dtype)
    return 2 * size**3 / _time(lambda: a @ a, seconds, device)[0] / 1e9


def _sampling_rates(model: Model, arithmetic: Arithmetic, seconds: float) -> dict[int, float]:
    """Samples per second, decoded from this many codes at once."""
    codes = {n: model.sample_codes(n, 0) for n in SAMPLING_BATCHES}
    with arithmetic.on_its_threads():
        return {n: n / _time(partial(model.decode, z), seconds, model.device)[0] for n, z in codes.items()}


def _trainer(model: Model) -> Trainer[MusicTask]:
    """A training on a stream of a million random rows, late enough for schedules to have come to their end."""
    shape = model.representation.shape
    rows = torch.stack([torch.randint(field.vocabulary, (2**20,)) for field in shape.columns], 1).short()
    offsets = torch.arange(0, 2**20 - model.representation.window, shape.steps)
    train, validation = (Windows(rows.to(model.device), x.to(model.device), shape) for x in (offsets, offsets[:1]))
    trainer = Trainer(MusicTask(model, Splits(train, validation), Path()), Path())
    trainer.state.update = model.config.training.updates
    model.autoencoder.train()
    return trainer


def _flops(config: Config) -> float:
    """Floating-point operations of the matrix products of training on one window."""
    small = replace(config, training=replace(config.training, batch=2))
    trainer = _trainer(Model(small, device="cpu"))
    batch = trainer.batch(0)
    with FlopCounterMode(display=False) as counter:  # not the optimizer's own products, which no window adds to
        torch.stack(list(trainer.module(batch).values())).sum().backward()
    return counter.get_total_flops() / 2


def _time(function: Callable[[], object], seconds: float, device: torch.device) -> tuple[float, float]:
    """Mean wall and CPU seconds of a call, over as many calls as fit into the time.

    A first one, in which things are done that are done only once, counts where it takes all of the time.
    """
    end = time.perf_counter() + seconds
    first = _mean(function, time.perf_counter(), device)
    return _mean(function, end, device) if time.perf_counter() < end else first


def _mean(function: Callable[[], object], end: float, device: torch.device) -> tuple[float, float]:
    """Mean wall and CPU seconds over one call, and over as many more as begin before a moment."""
    calls, wall, cpu = 0, time.perf_counter(), time.process_time()
    while calls == 0 or time.perf_counter() < end:
        function()
        calls += 1
    _wait(device)
    return (time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
