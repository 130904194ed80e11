"""Training as a verb: from a configuration and a data set to a model folder, and on from where a training stopped.

`train` does it all. `plan`, `begin`, `Trainer.run`, `training.sampler_training.learn_sampler` and `finish` are its
parts, for those who show how it goes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from musicae.clips.limits import require_whole, require_within
from musicae.config import Config, Spec, Training, build
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError, unknown_name
from musicae.model import TABLES, UNSAVED_NUMBERS, Model, load, pick_device
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation
from musicae.networks.allocation_limit import AllocationLimit
from musicae.networks.autoencoder import Autoencoder
from musicae.objectives import apply
from musicae.presets import PRESETS, fitted
from musicae.seeds import seeded
from musicae.settings import override
from musicae.storage.catalog import find_dataset
from musicae.storage.locks import exclusive
from musicae.storage.tensor_files import read_head
from musicae.training.arithmetic import Arithmetic, choose_training_arithmetic
from musicae.training.attribute_vectors import LEAST_WINDOWS, fit, store
from musicae.training.card import write_card
from musicae.training.distributed import Ranks, join_ranks
from musicae.training.loop import Trainer
from musicae.training.mode_vector import fit_mode_vector
from musicae.training.music_task import MusicTask, Splits, fit_batch
from musicae.training.outcome import CARD, TrainingOutcome, run_path, state_path
from musicae.training.playback import in_percent
from musicae.training.reporter import Metrics, Notice, NullReporter, Reporter
from musicae.training.run import Run
from musicae.training.sampler_training import forget_sampler_training, learn_sampler
from musicae.training.validation import GRADIENT_RATIO, validate

TEST_WINDOWS = 4096
"""Held-out windows that the metrics of a model card are measured on."""

MOST_NUMBERS = 2**27
"""In the network of a folder without a state."""

FEW_WINDOWS = 15_000
"""Training windows below which it is advised to begin with a model that knows other music.

12,253 windows of 128 songs taught a fresh model of two bars nothing in six minutes of two busy cores: .56 of the steps
came back, as of holding. A model of other music played back .76 of them before its first update.
"""

FITTED_WINDOWS, LEAST_FITTED_WINDOWS = 10_000, 1_000
"""Training windows that attribute vectors are first computed from: of long trainings, and of those of a few updates."""


def config_for(dataset: Dataset, *, preset: str | None = None, initial: str = "") -> Config:
    """The configuration to train on a data set: of a preset, else of the model to begin with, else the plain preset's.

    The plain preset, and a model to begin with, are made to fit the number of bars.

    Raises:
        MusicaeError: there is no such preset or model, or it reads other music than the data set holds.
    """
    held = Spec(dataset.representation.name, dataset.representation.arguments)
    if preset is not None and preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS, "unknown-preset")
    if preset is None and initial:
        config = load(initial, "cpu").config
    else:
        suitable = [name for name, config in PRESETS.items() if config.representation.name == held.name]
        suitable.sort(key=lambda name: _differences(PRESETS[name].representation, held))
        config = PRESETS[preset or suitable[0]]
    chosen = config.representation
    if chosen.name != held.name or (preset is not None and chosen != held):
        reads = build(REPRESENTATIONS, chosen)
        message = f"{dataset.folder} holds {dataset.representation}; {preset or initial} reads {reads}"
        raise _other_representation(message, reads, preset or "")
    return fitted(config, held)


def _differences(a: Spec, b: Spec) -> int:
    """In how many arguments two representations of one name differ."""
    return sum(a.arguments.get(name) != b.arguments.get(name) for name in {*a.arguments, *b.arguments})


def plan(
    dataset: Dataset,
    *,
    preset: str | None = None,
    objective: str = "",
    settings: Sequence[str] = (),
    initial: str = "",
    minutes: float = 0.0,
    seed: int = 0,
    command: str = "",
) -> Run:
    """What is to be trained on a data set.

    Args:
        objective: one of `OBJECTIVES`, in place of that of the preset.
        settings: changes of its configuration (`settings.override`), e.g. `latent.size=128`.

    Raises:
        MusicaeError: there is no such preset, objective, model or knob, the objective needs labels, or the preset
            reads other music than the data set holds.
    """
    config = config_for(dataset, preset=preset, initial=initial)
    if objective:
        config = apply(config, objective, dataset.classes)
    for setting in settings:
        config = override(config, setting, TABLES)
    source = dataset.manifest.get("source", "")
    return Run(config, str(dataset.folder), source, seed, minutes, initial=initial, command=command)


def training_in(folder: Path) -> AbstractContextManager[None]:
    """Keeps other runs out of a model folder, in the first of the processes that train together.

    Raises:
        MusicaeError: another run is training there, nothing can be written, or other files are there.
    """
    first = os.environ.get("RANK", "0") == "0"
    if first and not (_holds_training(folder) or _holds_nothing(folder)):
        raise MusicaeError(f"{folder} holds other files", "choose an empty folder, or a new one")
    return exclusive(folder / "training" / "lock", folder) if first else nullcontext()


def begun(run: Run, folder: Path) -> Run | None:
    """The training of a folder if it is this very one and has not ended: then the same command goes on with it.

    Raises:
        MusicaeError: a model, or another training, is there.
    """
    if not _holds_training(folder):
        return None
    found = Run.read(folder) if run_path(folder).exists() and not (folder / CARD).exists() else None
    if found is None or not same_training(found, run):
        hint = "choose another folder, or go on with that training"
        raise MusicaeError(f"{folder} holds a model already", hint, kind="holds-model", path=folder)
    return found if run.arithmetic == Arithmetic() else replace(found, arithmetic=run.arithmetic)


def _holds_training(folder: Path) -> bool:
    """Whether a folder holds a model, or a training that may have none yet."""
    return (folder / "config.json").exists() or run_path(folder).exists()


def _holds_nothing(folder: Path) -> bool:
    """Whether there is no such folder, or nothing in it but what a training that was killed at once left there."""
    return not folder.is_dir() or all(path == run_path(folder).parent for path in folder.iterdir())


def same_training(one: Run, other: Run) -> bool:
    """Whether two runs are of the same training, whoever asked for it, and whatever it is computed in."""
    return replace(one, seen_before=0, command="", arithmetic=other.arithmetic) == replace(other, command="")


def train(
    data: str | Path,
    folder: str | Path,
    *,
    preset: str | None = None,
    objective: str = "",
    settings: Sequence[str] = (),
    initial: str = "",
    minutes: float = 0.0,
    updates: int | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Model:
    """Trains a model on a data set and gives it back, with attribute vectors, as it lies in its folder.

    The same training, if it was begun there and has not ended, goes on. Of several processes (torchrun) the first one
    fits the sampler and the vectors; the others give back the model as it was before.

    Args:
        data: the name or the folder of a data set.
        folder: where the model goes.
        preset: a named configuration; by default the one for the data.
        objective: one of `OBJECTIVES`, in place of that of the preset.
        settings: changes of it, e.g. `("latent.size=128", "training.batch=64")`.
        initial: the model whose weights it begins with.
        minutes: that it may take; 0 for as many as its updates take.
        updates: how many; without it, those of the configuration.

    Raises:
        MusicaeError: the data cannot be read, there is no such preset, model or knob, or the folder is taken.
    """
    require_within("minutes", minutes, 0, math.inf)
    if isinstance(settings, str):
        settings = (settings,)
    if updates is not None:
        require_whole("updates", updates, 1)
        settings = (*settings, f"training.updates={updates}")
    folder = Path(folder)
    dataset = Dataset(find_dataset(str(data)))
    run = plan(
        dataset, preset=preset, objective=objective, settings=settings, initial=initial, minutes=minutes, seed=seed
    )
    with training_in(folder):
        known = begun(run, folder)
        run = known or run
        trainer = begin(run, folder, device=device, resume=known is not None)
        trainer.run()
        trainer.ranks.leave()
        # Posteriors draw z, which only their means and spreads are asked for here.
        with torch.random.fork_rng(devices=[]):
            if trainer.ranks.rank == 0:
                learn_sampler(trainer, Path(run.data))
                finish(trainer, run)
            return load(folder, device)


def begin(
    run: Run, folder: Path, *, device: str = "auto", reporter: Reporter | None = None, resume: bool = False
) -> Trainer[MusicTask]:
    """A trainer at its start, or with `resume` where the last state in the folder left it.

    Raises:
        MusicaeError: the data set cannot be read, is empty or is another one, or there is nothing to begin with.
    """
    ranks, place = join_ranks(pick_device(device))
    reporter = reporter if reporter and ranks.rank == 0 else NullReporter()
    data = _windows(run, place)
    training = _shared_batch(run.config.training, data, ranks, reporter)
    with _allocation_limit(folder) if resume else nullcontext():
        model = _fresh_model(replace(run.config, training=training), folder.name, place, run.seed)
    inherited = False
    if run.initial and not (resume and state_path(folder).exists()):
        seen_before, share = _begin_with(run.initial, model, reporter)
        run, inherited = replace(run, seen_before=seen_before), share == 1
    elif not run.initial and len(data.train) < FEW_WINDOWS:
        _advise_parent(len(data.train), run.config.representation, reporter)
    task = MusicTask(model, data, folder, seed=run.seed, seen_before=run.seen_before, inherited=inherited)
    run = replace(run, arithmetic=_arithmetic(run.arithmetic, task, ranks))
    trainer = Trainer(
        task,
        folder,
        seed=run.seed,
        minutes=run.minutes,
        arithmetic=run.arithmetic,
        ranks=ranks,
        reporter=reporter,
    )
    if resume:
        trainer.resume()
    if ranks.rank == 0:
        run.save(folder)
    return trainer


def _windows(run: Run, device: torch.device) -> Splits:
    """The windows of the data set that a training was begun with."""
    dataset = Dataset(Path(run.data))
    _check_data(run, dataset)
    seen = run.config.training.label_share if run.config.labels else 0.0  # an objective without labels sees none
    return Splits(*(dataset.split(name, device).with_labels_of(seen) for name in ("train", "validation")))


def _allocation_limit(folder: Path) -> AllocationLimit:
    """What the network of a training may take that is in a folder: about as much as its state does."""
    path = state_path(folder)
    if not path.exists():
        return AllocationLimit(MOST_NUMBERS)
    try:
        return AllocationLimit(2 * read_head(path).numbers + UNSAVED_NUMBERS)
    except (OSError, ValueError) as error:
        hint = "begin again, or from the best weights"
        raise MusicaeError(f"cannot resume from {path}: {error}", hint, kind="cannot-resume", path=path) from None


def _shared_batch(training: Training, data: Splits, ranks: Ranks, reporter: Reporter) -> Training:
    """The training with a batch that the data can fill.

    Raises:
        MusicaeError: the processes cannot share it.
    """
    fitting = fit_batch(training, data)
    if fitting.batch < training.batch:
        message = f"{len(data.train)} training windows are few: the batch is {fitting.batch}"
        reporter.tell(Notice(message, "smaller-batch", {"batch": fitting.batch}))
    if fitting.batch % ranks.size:
        message = f"a batch of {fitting.batch} cannot be shared by {ranks.size} processes"
        batch = fitting.batch // ranks.size * ranks.size
        raise MusicaeError(message, f"choose training.batch={batch}", kind="unshared-batch", batch=batch)
    return fitting


def _fresh_model(config: Config, name: str, device: torch.device, seed: int) -> Model:
    """A model with random weights, which follow from the seed."""
    with seeded(seed):
        return Model(config, name, str(device))


def _begin_with(name: str, model: Model, reporter: Reporter) -> tuple[int, float]:
    """Gives a model the weights of another one; how many windows those have seen, and the share of its own they are."""
    initial = load(name, str(model.device))
    share = copy_weights(initial.autoencoder, model.autoencoder)
    some = "" if share == 1 else f" {in_percent(share)} of its weights"
    reporter.tell(Notice(f"it begins with{some and f'{some}, those of'} {name}", "transferred", {"share": share}))
    return initial.windows_seen, share


def _advise_parent(windows: int, choice: Spec, reporter: Reporter) -> None:
    """Says that windows are few to begin with nothing."""
    message = f"{windows:,} windows are few to learn all of music from"
    reporter.tell(Notice(message, "few-windows", {"representation": choice.name, "arguments": choice.arguments}))


def _arithmetic(wanted: Arithmetic, task: MusicTask, ranks: Ranks) -> Arithmetic:
    """What a training computes in. Several processes on CPUs must agree, and do without measuring."""
    if ranks.size > 1 and task.device.type == "cpu":
        return replace(wanted, precision="float32") if wanted.precision == "auto" else wanted
    last = max(task.training.updates, task.training.scheduled_sampling)
    return choose_training_arithmetic(task.module, ranks.share_batch(task.batch(last)), wanted)


def _check_data(run: Run, dataset: Dataset) -> None:
    held = Spec(dataset.representation.name, dataset.representation.arguments)
    if run.config.representation != held:
        wanted = build(REPRESENTATIONS, run.config.representation)
        raise _other_representation(f"{dataset.folder} holds {dataset.representation}, not {wanted}", wanted)
    if run.source != dataset.manifest.get("source", ""):
        message = f"{dataset.folder} is not the data that this training was begun with"
        hint = "bring the data set back, or begin a new training from the weights"
        raise MusicaeError(message, hint, kind="other-data", path=dataset.folder)


def _other_representation(message: str, wanted: Representation, preset: str = "") -> MusicaeError:
    facts = {"representation": wanted.name, "arguments": wanted.arguments, "preset": preset}
    return MusicaeError(message, "choose or make another data set", kind="other-representation", **facts)


def copy_weights(source: Autoencoder, target: Autoencoder) -> float:
    """Copies what both networks have in the same shape; returns the share of the target's own weights that is.

    What is fitted or learned apart, a sampler or a critic, does not count.

    Two bars and sixteen differ in a layer of the encoder and in the conductor's input, so that a long model may begin
    with what a short one knows.

    Raises:
        MusicaeError: they have none in common.
    """
    known = source.state_dict()
    fitting = {
        name: known[name]
        for name, tensor in target.state_dict().items()
        if name in known and known[name].shape == tensor.shape
    }
    if not fitting:
        raise MusicaeError("no weight of that model fits", "choose a model with layers of the same sizes")
    target.load_state_dict(fitting, strict=False)
    own = dict(target.own_parameters())
    return sum(x.numel() for name, x in own.items() if name in fitting) / sum(x.numel() for x in own.values())


def vector_windows(trainer: Trainer[MusicTask]) -> int:
    """How many windows attribute vectors are computed from: no more than were trained on, but for short trainings."""
    seen = trainer.state.update * trainer.task.training.batch
    return min(max(seen, LEAST_FITTED_WINDOWS), FITTED_WINDOWS, len(trainer.task.data.train))


def finish(trainer: Trainer[MusicTask], run: Run, progress: Callable[[int], None] = lambda _: None) -> Metrics:
    """Computes attribute and mode vectors of the best weights, measures them on the test split, writes the model card.

    How strongly critics pull is no part of it: they are not kept with the best weights.

    Args:
        progress: called with how much more of `attribute_vectors.fit_progress_total` is done.
    """
    dataset, device = Dataset(Path(run.data)), trainer.device
    split = dataset.split("test", device)
    chosen = split.choose(TEST_WINDOWS)
    test, label = split.take(chosen), split.labels_of(chosen) if run.config.labels else None
    best = load(trainer.folder, str(device))
    if len(trainer.task.data.train) >= LEAST_WINDOWS:
        fits = fit(best, dataset, windows=vector_windows(trainer), progress=progress)
        store(best, fits, fit_mode_vector(best, dataset))
    metrics = validate(best.autoencoder, test, label) if len(test) else {}
    metrics = {name: value for name, value in metrics.items() if name.partition("/")[0] != GRADIENT_RATIO}
    TrainingOutcome(trainer.state.update, metrics).save(trainer.folder)
    # The card comes last: where it is, all is.
    write_card(trainer.folder, best, dataset.manifest, test, metrics, trainer.state, run.command)
    forget_sampler_training(trainer.folder)
    return metrics
