"""How well an autoencoder does on held-out windows."""

from __future__ import annotations

import sys
from dataclasses import replace

import torch
from jaxtyping import Int64
from torch import Tensor

from musicae.networks.autoencoder import Autoencoder, evaluating
from musicae.networks.batch import Batch, Columns
from musicae.networks.device import autocast, precision
from musicae.networks.latents.base import Posterior
from musicae.networks.regularizers.base import Step
from musicae.networks.sampling import SamplingOptions
from musicae.seeds import seeded
from musicae.training.reporter import Metrics

ACTIVE = 0.01
"""A dimension is active when the variance of its posterior mean over windows is above this (Burda et al. 2016, for
codes near N(0, 1)); on a sphere, above this share of the variance that codes spread evenly have in every dimension."""

COLLAPSED_NATS = 1.0
"""Where its own code makes a window less than so much likelier than another one's, the decoder ignores z."""

VALIDATED_AT_ONCE = 256
"""Windows that go through the network together."""

GRADIENT_RATIO = "gradient_ratio"
"""Of a regularizer with a critic, whose name stands behind it and a slash."""

EVENTS = "events"
"""Steps that count, in a window."""


@torch.no_grad()
def validate(
    autoencoder: Autoencoder,
    windows: Int64[Tensor, "window segment step field"],
    label: Int64[Tensor, " window"] | None = None,
    *,
    dtype: torch.dtype | None = None,
) -> Metrics:
    """Metrics over windows that are already on the device.

    Args:
        label: the class of every window, -1 where it is unknown: regularizers are measured with it. The encoder is not
            told, and what codes say is what they say of music that nobody has labeled.
        dtype: of matrix products; without it, what the device is fastest in.

    Returns:
        `nll` in nats per window with z drawn from the posterior, and `kl` if there is one; `loss`, the nll and all
        regularizers but those with a critic, weighted, with every schedule at its end; `code_gain_nats`, of two windows
        or more, how many nats more a window costs with the code of another one, near 0 where the decoder ignores codes
        and below it where another one's serves better; `active_dimensions`, how many dimensions vary (by more than
        `ACTIVE`); per field, `teacher_forced/NAME`, the share of steps guessed right given the true steps before, and
        `free_running/NAME`, given only z; both argmax with z the mean. `sparsity` is Hoyer's index of codes, 0 where
        all numbers are alike and 1 where one alone is not 0; `gradient_ratio/LABEL`, of every regularizer with a
        critic, |d term / d z| / |d nll / d z|, where it sees labels if it needs them; and what the latent measures.
        What only some windows have is a mean over these.
    """
    device = windows.device
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}
    means: list[Tensor] = []
    label = windows.new_full((len(windows),), -1) if label is None else label
    with evaluating(autoencoder), autocast(device, dtype or precision(device)), seeded(0, device):
        for tokens, some in zip(windows.split(VALIDATED_AT_ONCE), label.split(VALIDATED_AT_ONCE), strict=True):
            measured, mean = _measure(autoencoder, tokens, some)
            means.append(mean)
            for name, value in measured.items():
                sums[name] = sums.get(name, torch.zeros((), device=device)) + value * len(tokens)
                counts[name] = counts.get(name, 0) + len(tokens)
    sums = {name: total / counts[name] for name, total in sums.items()}
    events = sums.pop(EVENTS)
    sums |= {
        name: value / events for name, value in sums.items() if name.startswith(("teacher_forced/", "free_running/"))
    }
    mean = torch.cat(means)
    sums["active_dimensions"] = (mean.var(0, correction=0) > ACTIVE * autoencoder.latent.even_variance).sum()
    sums["sparsity"] = _sparsity(mean)
    return {name: float(value) for name, value in sums.items()} | autoencoder.latent.metrics(mean)


def _sparsity(codes: Tensor) -> Tensor:
    """(sqrt(n) - |z|_1 / |z|_2) / (sqrt(n) - 1), on average over codes (Hoyer 2004)."""
    root = codes.shape[1] ** 0.5
    ratio = codes.abs().sum(1) / codes.norm(dim=1).clamp(min=1e-12)
    return ((root - ratio) / max(root - 1, 1e-12)).mean()


def gradient_ratios(autoencoder: Autoencoder, posterior: Posterior, batch: Batch) -> dict[str, Tensor]:
    """How strongly the term of every regularizer with a critic pulls at codes, beside how strongly the nll does.

    Where no label is known, those that need labels are left out.
    """
    labeled = bool((batch.label >= 0).any())
    adversaries = [one for one in autoencoder.adversaries if labeled or not one.needs_labels]
    if not adversaries:
        return {}
    with torch.enable_grad():
        code = posterior.code.detach().requires_grad_()
        z = torch.cat([posterior.z.detach()[:, : -code.shape[1]], code], 1)
        step = Step(replace(posterior, z=z, code=code), batch, autoencoder)
        log_prob = autoencoder.decoder.log_prob(batch, autoencoder.latent.settle(z), autoencoder.embedding)
        (nll,) = torch.autograd.grad(log_prob.mean(), code)
        pulls = {
            adversary.label: torch.autograd.grad(torch.stack(list(adversary.terms(step).values())).sum(), code)[0]
            for adversary in adversaries
        }
    return {f"{GRADIENT_RATIO}/{label}": pull.norm() / nll.norm().clamp(min=1e-12) for label, pull in pulls.items()}


def _measure(
    autoencoder: Autoencoder, columns: Columns, label: Int64[Tensor, " batch"]
) -> tuple[dict[str, Tensor], Tensor]:
    """Metrics on average over the windows of a batch, those of accuracy as counts, and the posterior means."""
    spec, batch = autoencoder.spec, Batch.of(autoencoder.spec, columns, label=label, update=sys.maxsize)
    posterior = autoencoder.encode(batch.encoder_tokens, batch.encoder_condition)
    terms = autoencoder.terms(posterior, batch)
    measured = {"nll": terms["nll"]}
    if len(columns) > 1:
        of_another = -autoencoder.predict(batch, posterior.z.roll(1, 0)).log_prob().mean()
        measured["code_gain_nats"] = of_another - terms["nll"]
    if autoencoder.latent.stochastic and autoencoder.prior.closed_form_kl:
        measured["kl"] = autoencoder.prior.kl(posterior.code_mean, posterior.code_std).sum(1).mean()
    measured |= gradient_ratios(autoencoder, posterior, batch)
    measured["loss"] = torch.stack(list(terms.values())).sum()
    predictions = autoencoder.predict(batch, posterior.mean)
    target, mask, teacher_forced = predictions.target, predictions.mask, predictions.likeliest()
    free_running = spec.events(
        autoencoder.sample(posterior.mean, batch.condition, SamplingOptions(temperature=0.0)), mask
    )
    for i, field in enumerate(spec.fields):
        for name, guess in (("teacher_forced", teacher_forced), ("free_running", free_running)):
            measured[f"{name}/{field.name}"] = (guess[:, i] == target[:, i]).sum() / len(columns)
    return {**measured, EVENTS: mask.sum() / len(columns)}, posterior.mean
