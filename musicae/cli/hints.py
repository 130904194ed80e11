"""What to type next: the commands and options that mend what went wrong, by the kind of the error.

Below the command line, errors know facts. A hint is a function of the facts of its kind; where it is empty, or a kind
has none, the hint that the error carries is good as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from musicae.errors import MusicaeError, did_you_mean

if TYPE_CHECKING:
    from musicae.storage.catalog import Description


def hint(error: MusicaeError) -> str:
    """What to do about an error on the command line."""
    mends = HINTS.get(error.kind)
    return (mends and mends(**error.facts)) or error.hint


def preprocess_command(representation: str, arguments: Mapping[str, object]) -> str:
    """The command that makes data sets of a representation."""
    chords = " --chords" if arguments.get("chords") else ""
    meter = f" --meter {arguments['meter']}" if "meter" in arguments else ""
    bars = arguments["bars"]
    return f"musicae preprocess FOLDER -o data/NAME --representation {representation} --bars {bars}{meter}{chords}"


def _no_model(name: str, known: Sequence[str]) -> str:
    return "" if known else "none is installed: train one with musicae train"


def _no_dataset(name: str, known: Sequence[str]) -> str:
    made = "make one of your MIDI: musicae preprocess FOLDER -o data/mine --representation melody --bars 2"
    if not known:
        return f"none is installed: {made}"
    return f"{made}; or choose one of: {', '.join(known)}" if "/" in name else ""


def _other_representation(representation: str, arguments: Mapping[str, object], preset: str = "") -> str:
    command = preprocess_command(representation, arguments)
    return f"omit --preset, or make a data set: {command}" if preset else command


def _unreadable_score(representations: Sequence[str], model: str = "", meter: str = "") -> str:
    readers = f"a model of {' or '.join(representations)} reads it"
    kind = representations[0].partition(" ")[0]
    data = f"musicae preprocess FOLDER --representation {kind} --meter {meter} and " if meter else ""
    return f"{readers}: -m {model}" if model else f"{readers}; train one with {data}musicae train"


def _constant_attribute(models: Sequence[str]) -> str:
    return f"another model moves it: -m {models[0]}" if models else ""


def _unknown_objective(name: str, known: Sequence[str]) -> str:
    return f"{_choose(name, known)}; musicae experiment objectives --list says what they are"


def _unknown_preset(name: str, known: Sequence[str]) -> str:
    kinds = "those in -flat are without hierarchy, those in -large have the published sizes"
    return f"{_choose(name, known)}; {kinds}; musicae train without --preset takes the one for the data set"


def _unknown_part(name: str, known: Sequence[str], value: str) -> str:
    if name in OPTIONS:
        return f"that is an option and not a setting: --{name} {value}"
    return _choose(name, known)


def _choose(name: str, known: Sequence[str]) -> str:
    return f"{did_you_mean(name, known)}choose one of: {', '.join(known)}"


def _no_labels(objective: str) -> str:
    return "musicae preprocess FOLDER -o data/NAME --label ATTRIBUTE (or --label folder)"


def _no_classes() -> str:
    return "choose a model of melodies, like melody-2bar; musicae train --objective arae-transfer learns other classes"


def _other_model(model: str, otherwise: str = "") -> str:
    return f"name the folder of the model that made it with -m{otherwise and f'; or {otherwise}'}"


def _undeclared_drums(what: str, tracks: Sequence[int]) -> str:
    return f"{what} looks like drums: {' '.join(f'--drums {number}' for number in tracks)} reads it so"


def _against_collapse(code_gain_nats: float, betas: Mapping[str, float]) -> str:
    again = ". If it stays so, begin again with"
    if not betas:
        return f"{again} lower weights of the regularizers (--set)"
    label, beta = max(betas.items(), key=lambda item: item[1])
    return f"{again} --set {label}.beta={beta / 2:g}, which lets a code say more"


def _parent(representation: str, arguments: Mapping[str, object]) -> str:
    """The option to begin with the model of the package that reads most nearly the same music; empty if there is none.

    What was trained here may have learned nothing, or be the model itself.
    """
    from musicae.music.meter import COMMON_TIME
    from musicae.storage.catalog import bundled, described

    meter, chords, bars = (arguments.get(name) for name in ("meter", "chords", "bars"))

    def distance(model: Description) -> tuple[bool, bool, int]:
        apart = abs(model.bars - bars) if isinstance(bars, int) else 0
        return (model.meter or COMMON_TIME) != (meter or COMMON_TIME), model.chords != bool(chords), apart

    suitable = [
        model for model in described()[0] if model.representation == representation and bundled(Path(model.folder))
    ]
    nearest = min(suitable, key=distance, default=None)
    return f"--from {nearest.name}" if nearest else ""


def _few_windows(representation: str, arguments: Mapping[str, object]) -> str:
    parent = _parent(representation, arguments)
    return f": begin with a model that knows more, {parent}" if parent else ""


def _learned_nothing(representation: str, arguments: Mapping[str, object]) -> str:
    parent = _parent(representation, arguments)
    return f". Give it more --minutes{parent and f', or begin with a model that knows more: {parent}'}"


def _no_class_beside_codes() -> str:
    return "train it with --objective arae-transfer, aae-style or aae-semi"


def _unread(meter: str) -> str:
    from musicae.music.meter import COMMON_TIME

    return ": -m multitrack-1bar-chords writes for all" if meter == COMMON_TIME else ""


OPTIONS = ("preset", "objective", "output", "minutes", "updates", "from", "resume", "seed", "device", "precision")
"""Options of musicae train that may be taken for settings."""

HINTS: dict[str, Callable[..., str]] = {
    "no-class-beside-codes": _no_class_beside_codes,
    "no-classes": _no_classes,
    "no-labels": _no_labels,
    "cannot-write": lambda path: "choose another place with -o",
    "no-room": lambda path: (
        "make room, or choose another place with -o; musicae preprocess and train go on where they stopped"
    ),
    "exists": lambda path: "choose another name, or overwrite it with --force",
    "holds-model": lambda path: f"go on with musicae train --resume {path}, or name another folder with -o",
    "busy": lambda path: (
        f"wait until it has ended, or choose another folder with -o; if there is no such process, remove {path}"
    ),
    "is-input": lambda path: "choose another name with -o",
    "no-model": _no_model,
    "unknown-objective": _unknown_objective,
    "unknown-preset": _unknown_preset,
    "unknown-part": _unknown_part,
    "no-chords": lambda model="": "choose one that is: musicae models list names them",
    "no-device": lambda device: "omit --device: auto takes the best that is here",
    "no-attributes": lambda model: (
        f"compute them from a data set like the one that it was trained on: musicae fit {model} DATA"
    ),
    "constant-attribute": _constant_attribute,
    "unreadable-score": _unreadable_score,
    "unreadable-together": lambda model: f"{model} reads all of them: -m {model}" if model else "",
    "needs-progression": lambda model: f'musicae compose --chords "C Am F G" --form AABA -m {model}',
    "list-of-files": lambda: "pipe what is written without --json, or name one of the files that it lists",
    "drum-track": lambda: "read it with -m drums-2bar, or choose a pitched track with --track",
    "unsuitable-regularizer": lambda name: f"--set {name}=none",
    "bad-setting": lambda setting: "write, say, --set latent.size=128, or --set kl.beta=0.1 of a regularizer",
    "bad-arguments": lambda name, arguments: "check the values given with --set, or in config.json",
    "no-dataset": _no_dataset,
    "not-a-dataset": lambda path: "make one: musicae preprocess FOLDER -o data/NAME --representation melody --bars 2",
    "damaged-dataset": lambda path: "run the musicae preprocess command that made it again",
    "foreign-folder": lambda path: "choose another folder with -o",
    "other-dataset": lambda path: "replace it with --force, or choose another folder with -o",
    "damaged-file": lambda path: "without --strict the undamaged parts of such files are read",
    "unusable-file": lambda path: "without --strict such files are skipped",
    "unvaried-label": lambda label: "choose another attribute with --label, or preprocess more music",
    "unwritable-chunk": lambda: "choose another folder with -o, or free some space: then the same command continues",
    "other-representation": _other_representation,
    "empty-split": lambda split: "preprocess three songs or more, or say with --splits which are held out",
    "few-held-out": lambda split: "choose another one with --split, or preprocess more music",
    "no-training-windows": lambda: "preprocess it together with the music that the model was trained on, with --splits",
    "not-finite": lambda: "begin again with, say, --set training.learning_rate=0.0003",
    "cannot-resume": lambda path: "begin again with musicae train, or from the best weights with --from",
    "not-a-training": lambda path: (
        "begin one with musicae train -o FOLDER, or go on from a model's weights with --from"
    ),
    "unshared-batch": lambda batch: f"--set training.batch={batch}",
    "other-data": lambda path: "bring the data set back, or begin a new training with --from",
    "not-a-recipe": lambda: "give a file that musicae encode, or any other verb, wrote",
    "edited-names": lambda: "musicae decode makes the clip that was asked for",
    "no-directions": lambda: "musicae fit MODEL DATA --sampler flow teaches it where the codes of music lie",
    "other-codes": lambda model: f"decode with the model that they come from: -m {model}",
    "no-original": _other_model,
    "wrong-model": lambda model: "name the model that made it with -m, or go on with this one: --force",
    "undeclared-drums": _undeclared_drums,
    "no-digits": lambda: "pip install 'musicae[experiments]', or take MNIST's with --data FOLDER",
    "no-midi": lambda: "name a folder of MIDI files with --midi",
    "no-player": lambda: "write what you hear to a file with --wav",
    "single-clip": lambda: "give more chords, or omit --to",
}
"""By kind, the function of its facts that gives the hint."""

ADVICE: dict[str, Callable[..., str]] = {
    "collapsed": _against_collapse,
    "drum-like": lambda track: f": --drums {track} reads it so",
    "bad-splits": lambda given: (
        ": assign most songs to train, and a few to validation and test, in the file of --splits"
        if given
        else ": preprocess more songs, or assign songs to splits with --splits"
    ),
    "ended": lambda: "; to train it further, give more --minutes or --updates",
    "few-windows": _few_windows,
    "unread": _unread,
    "learned-nothing": _learned_nothing,
}
"""By the kind of a notice, the function of its facts that says what to do about it."""
