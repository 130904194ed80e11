"""`musicae benchmark`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.options import Device, Json, PrecisionName, Quiet, SettingTexts, preset_names

if TYPE_CHECKING:
    from musicae.config import Config
    from musicae.training.arithmetic import Arithmetic
    from musicae.verbs.benchmark import Reference, Speed

EXAMPLES = (
    "musicae benchmark --seconds 2",
    "musicae benchmark --preset melody-16bar --set training.batch=64 --seconds 2",
)


BenchmarkPreset = Annotated[
    str | None,
    typer.Option(
        show_default="Magenta's small models", metavar="NAME", help="The model to time.", autocompletion=preset_names
    ),
]
Seconds = Annotated[
    float,
    typer.Option(min=0.1, metavar="S", help="About how many seconds to time a model, training and sampling together."),
]

BenchmarkPrecision = Annotated[
    PrecisionName, typer.Option(help="What to compute in; auto takes what training and sampling would choose.")
]
Threads = Annotated[
    int, typer.Option(min=0, metavar="N", help="Number of threads, at most one per core; 0 chooses the number.")
]


def command(
    preset: BenchmarkPreset = None,
    settings: SettingTexts = None,
    seconds: Seconds = 10.0,
    device: Device = "auto",
    precision: BenchmarkPrecision = "auto",
    threads: Threads = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Time training and sampling beside a matrix product.

    Without --preset it times models of the sizes at which Magenta's MusicVAE was timed, and compares.
    """
    console = Console(quiet, json)
    from musicae.training.arithmetic import Arithmetic
    from musicae.verbs.benchmark import REFERENCES, benchmark

    if settings and preset is None:
        raise typer.BadParameter("--set changes a preset: name it with --preset")
    configs = {name: reference.config for name, reference in REFERENCES.items()}
    if preset is not None:
        configs = {preset: _configured(preset, settings or [])}
    speeds = {}
    for name, config in configs.items():
        console.note(f"timing {name}: at least one update of {config.training.batch} windows, and one clip")
        speeds[name] = benchmark(name, config, seconds=seconds, device=device, wanted=Arithmetic(precision, threads))
        for line in _lines(speeds[name], REFERENCES[name] if preset is None else None):
            console.note(line)
    console.data([], {name: asdict(speed) for name, speed in speeds.items()})


def _configured(preset: str, settings: list[str]) -> Config:
    from musicae.errors import unknown_name
    from musicae.model import TABLES
    from musicae.presets import PRESETS
    from musicae.settings import override

    if preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS, "unknown-preset")
    config = PRESETS[preset]
    for setting in settings:
        config = override(config, setting, TABLES)
    return config


def _lines(speed: Speed, reference: Reference | None) -> list[str]:
    """The figures in words; with a reference, how many times its speed they are."""

    def times(ours: float, theirs: float | None) -> str:
        return "" if theirs is None else f" ({ours / theirs:.2f} times Magenta)"

    share = speed.training_gflops / speed.matmul_gflops
    theirs = reference.samples_per_second if reference else {}
    lines = [
        f"{speed.name}: {speed.parameters / 1e6:.2f} M parameters, {speed.device}, "
        f"batch {speed.batch}; by itself a training takes {_words(speed.chosen)}",
        f"  training  in {_words(speed.training)}",
        f"            {speed.windows_per_second:,.0f} windows/s, {speed.cpu_seconds:.3f} CPU-s per update"
        + times(1 / speed.cpu_seconds, 1 / reference.cpu_seconds if reference else None),
        f"            {speed.training_gflops:,.0f} of {speed.matmul_gflops:,.0f} GFLOP/s of a matrix product "
        f"({share:.0%}); loading takes {speed.loading_share:.1%}",
    ]
    lines.append(f"  sampling  in {_words(speed.sampling)}")
    for n, rate in speed.samples_per_second.items():
        lines.append(f"            {rate:,.0f} a second at batch {n}" + times(rate, theirs.get(n)))
    return lines


def _words(arithmetic: Arithmetic) -> str:
    threads = f" on {arithmetic.threads} thread{'' if arithmetic.threads == 1 else 's'}" if arithmetic.threads else ""
    return arithmetic.precision + threads
