"""The model card: what a model is, what it was trained on, how it was made, and how well it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jaxtyping import Int64
from torch import Tensor

from musicae.model import Model
from musicae.storage.atomic import write_atomically
from musicae.training.checkpoint import TrainingState
from musicae.training.outcome import CARD
from musicae.training.playback import Playback, hold_shares
from musicae.training.reporter import Metrics

MEANINGS = {
    "nll": "negative log-likelihood given z, nats per window",
    "kl": "KL of the posterior from the prior, nats per window",
    "loss": "negative log-likelihood and regularizers, weighted",
    "code_gain_nats": "nats that a window costs more with the code of another one",
    "active_dimensions": "dimensions of z in use",
    "sparsity": "Hoyer's sparsity of codes: 0 where all numbers are alike, 1 where one alone is not 0",
    "codebook_perplexity": "perplexity of the codebook: exp of the entropy of how often its vectors are taken",
    "classes_in_use": "perplexity of the classes of codes: exp of the entropy of how frequent they are",
}


def write_card(
    folder: Path,
    model: Model,
    manifest: dict[str, Any],
    test: Int64[Tensor, "window segment step field"],
    metrics: Metrics,
    state: TrainingState,
    command: str,
) -> None:
    """Writes `README.md` into a model folder.

    Args:
        manifest: of the data set it was trained on.
        test: windows of the test split; there may be none.
        metrics: measured on them (`validate`); shares of right steps stand beside those of the hold baseline.
        command: the command line that made the model.
    """
    config, training = model.config, model.config.training
    baselines = hold_shares(model.autoencoder.spec, test) if len(test) else {}
    splits = manifest.get("splits", {})
    counts = ", ".join(f"{split.get('windows', 0):,} for {name}" for name, split in splits.items())
    lines = [
        f"# {model.name}",
        "",
        f"{model.representation}; {config.encoder.name} encoder, {config.latent.name} latent of {model.latent_size}, "
        f"{config.decoder.name} decoder; {model.parameters / 1e6:.1f} M parameters.",
        "",
        "## Data",
        "",
        f"Windows: {counts}. Source hash `{manifest.get('source', 'unknown')}`.",
        "",
        "## Training",
        "",
        f"    {command}",
        "",
        f"{state.update:,} updates of {training.batch} windows in {state.duration}; "
        f"the best weights on validation songs, after update {state.best_update:,}.",
        "",
        "## Held-out songs",
        "",
        *(_table(metrics, baselines, len(test)) if metrics else ["The test split is empty."]),
        "",
    ]
    write_atomically(folder / CARD, "\n".join(lines).encode("utf-8", "backslashreplace"))


def _table(metrics: Metrics, baselines: Metrics, windows: int) -> Iterator[str]:
    """The metrics on so many windows, a row each, and under those that z alone gives what holding gives."""
    yield from (f"On {windows:,} windows of the test split.", "", "| metric | value |", "| --- | --- |")
    holding = Playback.of(baselines, baselines).holding
    for name, value in metrics.items():
        yield f"| {MEANINGS.get(name) or _of_a_part(name)} | {value:.4g} |"
        metric, _, part = name.partition("/")
        if metric == "free_running":
            yield f"| the same of {holding}, the baseline | {baselines[part]:.4g} |"


def _of_a_part(name: str) -> str:
    """The meaning of a metric of a field."""
    metric, _, part = name.partition("/")
    return {
        "teacher_forced": f"share of {part} steps right, given the true steps before",
        "free_running": f"share of {part} steps right, given z alone",
    }[metric]
