"""How well an autoencoder does on held-out windows."""

from __future__ import annotations

import sys

import torch
from jaxtyping import Int64
from torch import Tensor

from musicae.networks.autoencoder import Autoencoder, evaluating
from musicae.networks.batch import Batch, Columns
from musicae.networks.device import autocast, precision
from musicae.networks.sampling import Drawing
from musicae.training.reporter import Metrics

ACTIVE = 0.01
"""A dimension is active when its posterior mean varies by more than this over windows (Burda et al. 2016)."""

COLLAPSED_NATS = 1.0
"""Where its own code makes a window less than so much likelier than another one's, the decoder ignores z."""

EVENTS = "events"
"""Steps that count, in a window."""


@torch.no_grad()
def validate(
    autoencoder: Autoencoder, windows: Int64[Tensor, "window segment step field"], batch: int = 256
) -> Metrics:
    """Metrics over windows that are already on the device.

    Returns:
        `nll` in nats per window with z drawn from the posterior, and `kl` where it is drawn; `loss`, their weighted sum
        with every schedule at its end; `code_gain_nats`, of two windows or more, how many nats more a window costs with
        the code of another one, 0 where the decoder ignores codes; `active_dimensions`, how many dimensions vary;
        per field, `teacher_forced/NAME`, the share of steps guessed right given the true steps before, and
        `free_running/NAME`, given only z; both argmax with z the mean.
    """
    device = windows.device
    sums: dict[str, Tensor] = {}
    means: list[Tensor] = []
    forked = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with evaluating(autoencoder), autocast(device, precision(device)), forked:
        torch.manual_seed(0)
        for tokens in windows.split(batch):
            measured, mean = _measure(autoencoder, tokens)
            means.append(mean)
            for name, value in measured.items():
                sums[name] = sums.get(name, torch.zeros((), device=device)) + value * len(tokens) / len(windows)
    events = sums.pop(EVENTS)
    sums |= {
        name: value / events for name, value in sums.items() if name.startswith(("teacher_forced/", "free_running/"))
    }
    active = (torch.cat(means).var(0, correction=0) > ACTIVE).sum()
    return {name: float(value) for name, value in {**sums, "active_dimensions": active}.items()}


def _measure(autoencoder: Autoencoder, columns: Columns) -> tuple[dict[str, Tensor], Tensor]:
    """Metrics on average over the windows of a batch, those of accuracy as counts, and the posterior means."""
    spec, batch = autoencoder.spec, Batch.of(autoencoder.spec, columns, update=sys.maxsize)
    posterior = autoencoder.encode(batch.encoder_tokens, batch.encoder_condition)
    terms = autoencoder.terms(posterior, batch)
    measured = {"nll": terms["nll"]}
    if len(columns) > 1:
        of_another = -autoencoder.predict(batch, posterior.z.roll(1, 0)).log_prob().mean()
        measured["code_gain_nats"] = of_another - terms["nll"]
    if autoencoder.latent.stochastic:
        measured["kl"] = autoencoder.prior.kl(posterior.mean, posterior.std).sum(1).mean()
    measured["loss"] = torch.stack(list(terms.values())).sum()
    predictions = autoencoder.predict(batch, posterior.mean)
    target, mask, teacher_forced = predictions.target, predictions.mask, predictions.likeliest()
    free_running = spec.events(autoencoder.sample(posterior.mean, batch.condition, Drawing(temperature=0.0)), mask)
    for i, field in enumerate(spec.fields):
        for name, guess in (("teacher_forced", teacher_forced), ("free_running", free_running)):
            measured[f"{name}/{field.name}"] = (guess[:, i] == target[:, i]).sum() / len(columns)
    return {**measured, EVENTS: mask.sum() / len(columns)}, posterior.mean
