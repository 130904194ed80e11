"""The comparison of objectives as tables, each narrow enough for a terminal, and one sheet with everything."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from musicae.experiments.music.arae_checkpoints import SWAPS
from musicae.experiments.music.label_probes import LABEL_SHARES
from musicae.experiments.music.music_objectives import SEMI_SUPERVISED, TrialResult
from musicae.objectives import OBJECTIVES
from musicae.report.table import Cell, Table

MUSIC = "held-out music"
MOST_FREQUENT = "most frequent class"

TrialResults = Sequence[TrialResult]


class Mean(float):
    """A mean over seeds, which is shown with their standard deviation where there are several."""

    deviation: float | None

    def __new__(cls, values: Sequence[float]) -> Mean:
        mean = super().__new__(cls, statistics.fmean(values))
        mean.deviation = statistics.stdev(values) if len(values) > 1 else None
        return mean

    def __format__(self, style: str) -> str:
        mean = format(float(self), style)
        return mean if self.deviation is None else f"{mean} ±{format(self.deviation, style).removeprefix('0')}"


@dataclass(frozen=True)
class Sheet:
    """A table of the comparison.

    Attributes:
        columns: by header, the path of a number in results, of a list with the place of an item behind a slash, and how
            it is shown.
        reference: name of a last row, and the paths of its numbers.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, str]]
    reference: str = ""
    references: Mapping[str, str] | None = None


def objective_tables(results: TrialResults) -> Iterator[Table]:
    """All tables in which a number was measured."""
    for sheet in SHEETS:
        table = sheet_table(sheet, results)
        if any(cell is not None for row in table.rows for cell in row[1:]):
            yield table
    yield from few_label_tables(results)


def sheet_table(sheet: Sheet, results: TrialResults) -> Table:
    """A row per objective: means over seeds."""
    full = [one for one in results if one.trial.label_share == 1]
    paths = [path for path, _ in sheet.columns.values()]
    rows: list[list[Cell]] = []
    for name in OBJECTIVES:
        if some := [one for one in full if one.trial.objective == name]:
            rows.append([name, *(mean_of(some, path) for path in paths)])
    if sheet.references:
        beside = [sheet.references.get(header) for header in sheet.columns]
        rows.append([sheet.reference, *(first_of(full, path) if path else None for path in beside)])
    styles = {header: style for header, (_, style) in sheet.columns.items()}
    return Table(sheet.name, sheet.title, {"objective": "", **styles}, rows)


def mean_of(results: TrialResults, path: str) -> Mean | None:
    """The mean of a number over results; None where it was not measured."""
    numbers, _, place = path.partition("/")
    found = [one.number(numbers) for one in results]
    values = [one[int(place)] if place else one for one in found if one is not None]
    known = [value for value in values if value is not None]
    return Mean(known) if known else None


def first_of(results: TrialResults, path: str) -> Mean | None:
    """A number that is the same for all results: that of the first one in which it was measured."""
    return next((found for one in results if (found := mean_of([one], path)) is not None), None)


def few_label_tables(results: TrialResults) -> Iterator[Table]:
    """Classes from few labels, of the objectives that had no others."""
    rows: list[list[Cell]] = []
    for name, one in OBJECTIVES.items():
        some = [result for result in results if result.trial.objective == name]
        if not one.labels and some:
            rows.append([name, "linear", *(mean_of(some, f"labels.few_labels/{i}") for i in range(len(LABEL_SHARES)))])
    few = [result for result in results if result.trial.label_share < 1]
    own = [[one for one in few if one.trial.label_share == share] for share in LABEL_SHARES]
    if few:
        rows.append([SEMI_SUPERVISED, "its own", *(mean_of(some, "labels.own_class") for some in own)])
    frequent = first_of(results, "labels.most_frequent")
    columns = {f"{share:.2%}": ".3f" for share in LABEL_SHARES}
    if frequent is not None:
        rows.append([MOST_FREQUENT, "", *[frequent] * len(LABEL_SHARES)])
        title = "Held-out windows classified right, from the labels of a share of the training windows"
        yield Table("few-labels", title, {"objective": "", "classifier": "", **columns}, rows)


def everything(results: TrialResults) -> Table:
    """A row per training and number, to the last digit."""
    rows: list[list[Cell]] = []
    for one in results:
        trial: list[Cell] = [one.trial.objective, one.trial.seed, one.trial.updates, one.trial.label_share]
        rows.append([*trial, "minutes", None, one.minutes])
        for measurement, numbers in one.measured.items():
            for name, value in numbers.items():
                for place, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
                    rows.append([*trial, f"{measurement}.{name}", place, item])
    columns = ("objective", "seed", "updates", "label share", "measured", "place", "value")
    return Table("objectives", "", dict.fromkeys(columns, ""), rows)


THOUSANDTHS = ".3f"

SHEETS = (
    Sheet(
        "reconstruction",
        "Reconstruction of held-out windows: nats per window, and shares of steps right",
        {
            "nll": ("reconstruction.nll", ".2f"),
            "teacher-forced": ("reconstruction.teacher_forced", THOUSANDTHS),
            "free-running": ("reconstruction.free_running", THOUSANDTHS),
            "active dimensions": ("reconstruction.active_dimensions", ".0f"),
        },
    ),
    Sheet(
        "paths",
        "Paths between two windows: largest of ten steps, and 5-gram cost half-way beside that of the ends",
        {
            "largest step": ("paths.largest_step", THOUSANDTHS),
            "distance half-way": ("paths.distance/5", THOUSANDTHS),
            "cost half-way": ("paths.middle_cost", THOUSANDTHS),
        },
        "a blend of the windows",
        {"distance half-way": "paths.blend_distance/5", "cost half-way": "paths.blend_cost/5"},
    ),
    Sheet(
        "samples",
        "Samples: 5-gram cost in nats per step, how much it overlaps that of music, share wholly in one key",
        {
            "cost": ("samples.cost", THOUSANDTHS),
            "overlap": ("samples.cost_overlap", THOUSANDTHS),
            "one key": ("samples.one_key", THOUSANDTHS),
            "reverse perplexity": ("samples.reverse_perplexity", THOUSANDTHS),
        },
        MUSIC,
        {
            "cost": "samples.music_cost",
            "one key": "samples.music_one_key",
            "reverse perplexity": "samples.music_reverse_perplexity",
        },
    ),
    Sheet(
        "codes",
        "Codes of music beside draws: mean length, trace of the covariance, and directions in which codes vary",
        {
            "|code|": ("checkpoints.code_norm", ".2f"),
            "|draw|": ("checkpoints.draw_norm", ".2f"),
            "trace": ("checkpoints.code_variance", ".2f"),
            "of draws": ("checkpoints.draw_variance", ".2f"),
            "directions": ("checkpoints.dimensions", ".1f"),
        },
    ),
    Sheet(
        "cosines",
        "Cosines of the codes of a window and of one with up to five steps changed, and of two windows",
        {
            "changed": ("checkpoints.neighbor_cosine", THOUSANDTHS),
            "another": ("checkpoints.pair_cosine", THOUSANDTHS),
        },
    ),
    Sheet(
        "swap-nll",
        "Nats that a window costs where k times two neighboring notes changed places in what was encoded",
        {f"k={k}": (f"checkpoints.swap_nll/{k}", ".1f") for k in SWAPS},
    ),
    Sheet(
        "swap-accuracy",
        "Share of its steps that come back free-running then",
        {f"k={k}": (f"checkpoints.swap_accuracy/{k}", THOUSANDTHS) for k in SWAPS},
    ),
    Sheet(
        "probes",
        "Read linearly off codes of held-out windows: shares right, and R^2 of density",
        {
            "mode": ("probes.mode", THOUSANDTHS),
            "key": ("probes.key", THOUSANDTHS),
            "density": ("probes.density", THOUSANDTHS),
            "collection": ("collections.collection", THOUSANDTHS),
        },
        MOST_FREQUENT,
        {
            "mode": "probes.most_frequent_mode",
            "key": "probes.most_frequent_key",
            "collection": "collections.most_frequent_collection",
        },
    ),
    Sheet(
        "transfer",
        "Windows in another class: taken for it, notes kept, cost beside that of the windows; own: in their own class",
        {
            "arrived": ("transfer.arrived", THOUSANDTHS),
            "own arrived": ("transfer.own_arrived", THOUSANDTHS),
            "notes kept": ("transfer.notes_kept", THOUSANDTHS),
            "own notes kept": ("transfer.own_notes_kept", THOUSANDTHS),
            "onsets": ("transfer.onsets_kept", THOUSANDTHS),
            "cost": ("transfer.cost", ".2f"),
            "own cost": ("transfer.own_cost", ".2f"),
            "class in code": ("transfer.class_in_code", THOUSANDTHS),
        },
        "classifier, of music",
        {"arrived": "transfer.classifier"},
    ),
)
"""The tables, in their order."""
