"""The comparison of objectives as pictures."""

from __future__ import annotations

from collections.abc import Iterator

from musicae.experiments.music.arae_checkpoints import SWAPS
from musicae.experiments.music.objective_tables import Mean, TrialResults, first_of, mean_of
from musicae.objectives import OBJECTIVES
from musicae.render.comparison import Heights, Scale, dot_chart, panel_chart


def objective_figures(results: TrialResults) -> Iterator[tuple[str, str]]:
    """Names and pictures of everything that was measured of an objective."""
    full = [one for one in results if one.trial.label_share == 1]
    by_objective = {name: [one for one in full if one.trial.objective == name] for name in OBJECTIVES}
    by_objective = {name: some for name, some in by_objective.items() if some}
    for name, path, x_name, y_name, blend in CURVES:
        curves = {objective: curve for objective, some in by_objective.items() if (curve := mean_curve(some, path))}
        if curves:
            points = len(next(iter(curves.values())))
            at = SWAPS if path in SWAP_PATHS else [point / (points - 1) for point in range(points)]
            beside = mean_curve(full, blend) if blend else None
            dashed = {"a blend of the windows": beside} if beside else {}
            yield name, panel_chart(curves, at, x_name=x_name, y_name=y_name, dashed=dashed)
    scales = {
        name: Scale([_plain(mean_of(some, path)) for some in by_objective.values()], style, best, reference)
        for name, (path, style, best, beside) in OVERVIEW.items()
        for reference in [_plain(first_of(full, beside)) if beside else None]
    }
    measured = {name: scale for name, scale in scales.items() if any(value is not None for value in scale.values)}
    if measured:
        yield "overview", dot_chart(list(by_objective), measured)


def _plain(mean: Mean | None) -> float | None:
    return None if mean is None else float(mean)


def mean_curve(results: TrialResults, path: str) -> Heights | None:
    """The mean of a list of numbers over results; None where none has it."""
    curves = [one.number(path) for one in results]
    known = [curve for curve in curves if curve and None not in curve]
    return [sum(values) / len(known) for values in zip(*known, strict=True)] if known else None


SWAP_PATHS = ("checkpoints.swap_nll", "checkpoints.swap_accuracy")

PATH, SWAP = "path from A (0) to B (1)", "how often two notes changed places in what was encoded"

CURVES = (
    ("path-distance", "paths.distance", PATH, "Hamming distance to A, that of B is 1", "paths.blend_distance"),
    ("path-cost", "paths.cost", PATH, "5-gram cost, that of A and B is 1", "paths.blend_cost"),
    ("swap-nll", SWAP_PATHS[0], SWAP, "nll of the window as it was, in nats", ""),
    ("swap-accuracy", SWAP_PATHS[1], SWAP, "share of steps right, free running", ""),
)
"""Pictures of curves: name, path of the numbers, axes, and path of what stands beside all."""

OVERVIEW: dict[str, tuple[str, str, str, str]] = {
    "free-running": ("reconstruction.free_running", ".3f", "high", ""),
    "largest step": ("paths.largest_step", ".2f", "low", ""),
    "cost half-way": ("paths.middle_cost", ".2f", "low", "paths.blend_cost/5"),
    "cost of samples": ("samples.cost", ".2f", "", "samples.music_cost"),
    "overlap of costs": ("samples.cost_overlap", ".2f", "high", ""),
    "reverse perplexity": ("samples.reverse_perplexity", ".2f", "low", "samples.music_reverse_perplexity"),
    "mode": ("probes.mode", ".3f", "high", "probes.most_frequent_mode"),
    "key": ("probes.key", ".3f", "high", "probes.most_frequent_key"),
    "right, 2 swaps": ("checkpoints.swap_accuracy/2", ".3f", "high", ""),
}
"""Of the overview: path of a number, how it is written, which is better, and path of its reference."""
