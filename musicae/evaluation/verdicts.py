"""What measurements come to in words: nothing learned, a collapsed posterior, memorized music, idle vectors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from musicae.evaluation.attribute_effects import DIRECTIONS, EffectMatrix
from musicae.evaluation.reconstruction import Reconstruction
from musicae.evaluation.sample_statistics import SampleStatistics
from musicae.training.validation import COLLAPSED_NATS

MEMORIZED = 0.01
"""Above this share of samples that are training windows, and that of held-out songs, a model is said to repeat them."""

NEARER = 0.5
"""Below this ratio of the distances of samples and of held-out windows to training windows, too."""


def verdicts_on(results: Mapping[str, Any], skipped: Collection[str] = ()) -> list[str]:
    """What a user should know first: whether the model plays anything back, then every fault, or that there is none.

    Of a model that plays back nothing, only what explains it is said: everything else presumes that it has learned.

    Args:
        results: by measurement.
        skipped: measurements that were asked for and that do not fit the model.
    """
    reconstruction: Reconstruction | None = results.get("reconstruction")
    first = [] if reconstruction is None else [_sentence(reconstruction.playback.beside_baseline)]
    if reconstruction is not None and reconstruction.playback.nothing:
        return [*first, *collapse(reconstruction)]
    checked = {name: CHECKS[name] for name in CHECKS if name in results}
    faults = [fault for name, (check, _) in checked.items() for fault in check(results[name])]
    if "attributes" in skipped:
        faults.append("There are no attribute vectors: they have not been fitted.")
    if faults or not checked:
        return [*first, *faults]
    return [*first, "No fault found: " + ", ".join(sound for _, sound in checked.values()) + "."]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def collapse(found: Reconstruction) -> Iterator[str]:
    """A decoder that ignores codes."""
    if found.code_gain_nats is not None and found.code_gain_nats < COLLAPSED_NATS:
        yield "The decoder ignores the code, so that all clips come out alike: the posterior has collapsed."


def memorization(found: SampleStatistics) -> Iterator[str]:
    """Samples that are training windows, or too near to them."""
    if found.memorized > max(MEMORIZED, found.repeated):
        yield f"The model repeats its training windows: {found.memorized:.1%} of its samples are among them."
    elif found.nearest < NEARER * found.nearest_held_out:
        yield "The model has memorized its training windows: samples are much nearer to them than held-out music is."


def idle_vectors(found: EffectMatrix) -> Iterator[str]:
    """Attribute vectors that do not move the mean of their attribute as asked, or do so no better than random ones."""
    for name, effects in found.vectors.items():
        for direction, effect in effects.items():
            own, chance = effect[name], found.random[name][direction][name]
            if DIRECTIONS[direction] * own.change <= 0:
                verb = "raise" if DIRECTIONS[direction] > 0 else "lower"
                yield f"To {direction} {name} does not {verb} it: its mean changes by {own.change:.2g}."
            elif own.success_rate <= chance.success_rate:
                yield f"To {direction} {name} moves it no better than a random vector does."


CHECKS: dict[str, tuple[Callable[[Any], Iterator[str]], str]] = {
    "reconstruction": (collapse, "the decoder uses the code"),
    "samples": (memorization, "samples are new"),
    "attributes": (idle_vectors, "every attribute vector moves the mean of its attribute as asked"),
}
"""By measurement, what can be wrong, and what to say if nothing is."""
