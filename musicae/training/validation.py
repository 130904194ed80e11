"""How well an autoencoder does on held-out windows."""

from __future__ import annotations

import sys

import torch
from jaxtyping import Int64
from torch import Tensor

from musicae.networks.autoencoder import Autoencoder, Batch, evaluating, nll
from musicae.networks.device import autocast, precision
from musicae.networks.regularizers import kl_divergence
from musicae.networks.token_spec import Tokens

ACTIVE = 0.01
"""A dimension is active when its posterior mean varies by more than this over windows (Burda et al. 2016)."""

EVENTS = "events"
"""Steps that count, in a window."""

Metrics = dict[str, float]


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


def _measure(autoencoder: Autoencoder, tokens: Tokens) -> tuple[dict[str, Tensor], Tensor]:
    """Metrics on average over the windows of a batch, those of accuracy as counts, and the posterior means."""
    spec, posterior = autoencoder.spec, autoencoder.encode(tokens)
    mask = spec.mask(tokens)
    terms = autoencoder.terms(posterior, Batch(tokens, update=sys.maxsize))
    measured = {"nll": terms["nll"]}
    if len(tokens) > 1:
        strange = nll(spec, autoencoder.logits(tokens, posterior.z.roll(1, 0)), tokens).mean()
        measured["code_gain_nats"] = strange - terms["nll"]
    if autoencoder.latent.stochastic:
        measured["kl"] = kl_divergence(posterior.mean, posterior.std).sum(1).mean()
    measured["loss"] = torch.stack(list(terms.values())).sum()
    free = autoencoder.sample(posterior.mean, spec.split(tokens)[1], temperature=0.0)
    truth, written = spec.events(tokens, mask), spec.events(free, mask)
    for i, (field, logits) in enumerate(zip(spec.fields, autoencoder.logits(tokens, posterior.mean), strict=True)):
        measured[f"teacher_forced/{field.name}"] = (logits.argmax(-1) == truth[:, i]).sum() / len(tokens)
        measured[f"free_running/{field.name}"] = (written[:, i] == truth[:, i]).sum() / len(tokens)
    return {**measured, EVENTS: mask.sum() / len(tokens)}, posterior.mean
