"""`musicae fit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.options import LARGEST_SEED, DataFolder, Device, Json, Precision, Quiet, TrainedModel, Verbose
from musicae.storage import output_paths

if TYPE_CHECKING:
    from musicae.training.attribute_vectors import Fit

EXAMPLES = ("musicae fit models/mine tunes", "musicae fit models/mine data/mine --sampler flow --updates 20000")


FittedWindows = Annotated[int, typer.Option(min=4, metavar="N", help="Most training windows to read.")]
WindowSeed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, metavar="N", help="Which windows are drawn.")]
Replace = Annotated[bool, typer.Option("--force", help="Replace the vectors that the model has.")]
SamplerName = Annotated[
    str,
    typer.Option(
        "--sampler",
        metavar="NAME",
        show_default=False,
        help="Fit this sampler instead: flow, mixture_bootstrap, fitted_gaussian or prior.",
    ),
]
SamplerUpdates = Annotated[
    int | None,
    typer.Option("--updates", min=1, metavar="N", show_default="the sampler's own", help="How long a flow is trained."),
]
SamplerSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="sampler.KNOB=VALUE",
        show_default=False,
        help="Change a knob of the sampler, e.g. sampler.guidance=3; repeatable.",
    ),
]


def command(
    model: TrainedModel,
    data: DataFolder,
    windows: FittedWindows = 50_000,
    sampler: SamplerName = "",
    updates: SamplerUpdates = None,
    settings: SamplerSettings = None,
    seed: WindowSeed = 0,
    force: Replace = False,
    device: Device = "auto",
    precision: Precision = "auto",
    verbose: Verbose = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compute the attribute vectors of a model anew, or its sampler.

    A finished training computes them from 10,000 windows; this takes more, or other music. A vector leads
    from the mean code of the quarter of the windows with least of the attribute towards that of the quarter with most,
    and as far as it takes to change what is decoded. An attribute that does not vary gets no vector. Another vector
    leads from major to minor, for musicae transfer. They are stored with the model.

    A sampler says where sample draws codes: flow learns it from the codes of DATA in some minutes. Ctrl-C stops and
    saves; the same command goes on. Clips drawn with the previous sampler cannot be replayed.
    """
    console = Console(quiet, json)
    if sampler:
        asked = _SamplerAsked(sampler, tuple(settings or ()), updates or 0, seed)
        return _give_sampler(console, model, data, asked, device, numbers=verbose)
    if updates is not None or settings:
        raise typer.BadParameter("--updates and --set are for a sampler; say which with --sampler")
    from musicae.corpus.dataset import Dataset
    from musicae.errors import MusicaeError
    from musicae.model import load
    from musicae.music.attributes import varying
    from musicae.storage.catalog import find, find_dataset
    from musicae.training.attribute_vectors import fit, fit_progress_total, store
    from musicae.training.mode_vector import fit_mode_vector, has_modes

    folder, dataset = find(model), Dataset(find_dataset(data))
    output_paths.check(str(folder / "attributes.safetensors"), [""], ".safetensors", force=True)
    net = load(folder, device, precision)
    if net.attributes and not force:
        raise MusicaeError(f"{net.name} has attribute vectors", "replace them with --force")
    with console.progress("fitting", fit_progress_total(min(windows, len(dataset.split("train"))))) as done:
        fits = fit(net, dataset, windows=windows, seed=seed, progress=done)
    could_vary = varying(net.representation.name)
    replaced, without = sorted(net.attributes), [name for name in could_vary if name not in fits]
    path = store(net, fits, fit_mode_vector(net, dataset, seed=seed))
    if has_modes(net.representation) and net.mode_vector is None:
        console.note(f"no vector from major to minor: too little music in either in {data}")
    if replaced:
        console.note(f"replaced the vectors that {net.name} had: {', '.join(replaced)}")
    if without:
        console.note(f"no vector for {', '.join(without)}: always the same in {data}")
    for name, found in fits.items():
        console.note(_line(name, found))
    record = {"attributes": {name: _numbers(found) for name, found in fits.items()}, "replaced": replaced}
    console.data([path], {"model": net.name, **record, "without": without, "files": [str(path)]})


@dataclass(frozen=True)
class _SamplerAsked:
    """A sampler by name, changes of its knobs, and how and how long it learns."""

    name: str
    settings: tuple[str, ...]
    updates: int
    seed: int


def _give_sampler(console: Console, model: str, data: str, asked: _SamplerAsked, device: str, *, numbers: bool) -> None:
    """Fits a sampler to a data set, and writes it into the model."""
    from musicae.cli.display import Display
    from musicae.config import Spec
    from musicae.corpus.dataset import Dataset
    from musicae.storage.catalog import find, find_dataset
    from musicae.storage.locks import exclusive
    from musicae.training.sampler_training import replace_sampler

    folder, dataset = find(model), Dataset(find_dataset(data))
    display = Display(console, name="where samples come from:", numbers=numbers)
    with console.resumable(), exclusive(folder / "training" / "lock", folder), display:
        metrics = replace_sampler(
            folder,
            dataset,
            Spec(asked.name),
            settings=asked.settings,
            updates=asked.updates,
            seed=asked.seed,
            device=device,
            reporter=display,
        )
    console.note(f"{folder.name} has another sampler now: {asked.name}")
    console.data([folder], {"model": str(folder), "sampler": asked.name, "held_out": metrics})


def _line(name: str, found: Fit) -> str:
    quarters = f"{found.low:.3f} in the lowest quarter, {found.high:.3f} in the highest"
    moved = f"{found.up:.0%} up and {found.down:.0%} down"
    return f"{name:14} {quarters}; {found.length:g} times their difference in z moves {moved}"


def _numbers(found: Fit) -> dict[str, float]:
    return {name: getattr(found, name) for name in ("low", "high", "length", "up", "down")}
