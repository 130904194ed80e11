"""Everything needed to rebuild and retrain a model: typed records that go to JSON and back.

A `Spec` names an entry of a table and the keyword-only arguments of its constructor: the constructor's signature is
the schema, so a new knob is a new keyword argument and nothing else.
"""

from __future__ import annotations

import inspect
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from musicae.errors import MusicaeError, unknown_name

Table = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Spec:
    """A choice from a table: `name`, and keyword arguments for its constructor."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, **self.arguments}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Spec:
        arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
        return cls(str(arguments.pop("name")), arguments)


def spec(name: str, **arguments: Any) -> Spec:
    """`Spec(name, arguments)`, written as a call."""
    return Spec(name, arguments)


OPTIMIZERS = ("adam", "muon")


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Attributes:
        batch: windows per update, over all processes.
        updates: where training ends, unless minutes run out first.
        optimizer: adam, or muon for hidden matrices (with Adam for the rest), which learns several times as much an
            update.
        learning_rate: at the first update; falls exponentially to `min_learning_rate` at the last one.
        clip: largest norm of the gradient.
        transpose: draw a transposition of -5 to +6 semitones for every window.
        transpose_target: transpose the target apart from what the encoder reads, wherever the condition (the chord)
            tells by how much, so that codes hold what is played on a chord and not the chord.
        reharmonize: share of the windows that the decoder writes under a random triad on the root of their chord,
            thirds and fifths moved along, so that it follows chords that are rare in the data as well.
        scheduled_sampling: k of the inverse sigmoid by which the decoder is fed its own tokens more and more
            (Bengio et al. 2015); 0 feeds the true ones.
        validate_every: updates between two validations.
        validation_windows: held-out windows that one validation reads.
    """

    batch: int = 256
    updates: int = 50_000
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    clip: float = 1.0
    transpose: bool = True
    transpose_target: bool = False
    reharmonize: float = 0.0
    scheduled_sampling: int = 0
    validate_every: int = 1_000
    validation_windows: int = 1_024

    def __post_init__(self) -> None:
        for name in ("batch", "updates", "validate_every", "validation_windows"):
            if getattr(self, name) < 1:
                raise MusicaeError(f"training.{name} is {getattr(self, name)}", f"give training.{name} one or more")
        for name in ("learning_rate", "min_learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise MusicaeError(f"training.{name} is {getattr(self, name)}", f"give training.{name} more than zero")
        if self.reharmonize > 1:
            raise MusicaeError(f"training.reharmonize is {self.reharmonize}", "give a share from 0 to 1")
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, OPTIMIZERS)


@dataclass(frozen=True)
class Config:
    """A model and its training, complete."""

    representation: Spec
    embedding: Spec
    encoder: Spec
    latent: Spec
    decoder: Spec
    prior: Spec = Spec("normal")
    regularizers: tuple[Spec, ...] = ()
    training: Training = Training()

    def __post_init__(self) -> None:
        if self.training.scheduled_sampling and self.decoder.arguments.get("token_dropout"):
            hint = "choose one: with scheduled sampling there are no true tokens to hide"
            raise MusicaeError("training.scheduled_sampling and decoder.token_dropout are both set", hint)

    def to_json(self) -> dict[str, Any]:
        parts = {name: getattr(self, name).to_json() for name in PARTS}
        regularizers = [regularizer.to_json() for regularizer in self.regularizers]
        return {**parts, "regularizers": regularizers, "training": asdict(self.training)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Config:
        parts = {name: Spec.from_json(data[name]) for name in PARTS}
        regularizers = tuple(Spec.from_json(item) for item in data["regularizers"])
        known = {field.name for field in fields(Training)}  # what other versions knew changes no trained model
        training = Training(**{name: value for name, value in data["training"].items() if name in known})
        return cls(**parts, regularizers=regularizers, training=training)


PARTS = ("representation", "embedding", "encoder", "latent", "decoder", "prior")
"""The fields of a `Config` that choose one entry of a table."""


def build(table: Table, choice: Spec, *context: Any) -> Any:
    """The object that `choice` names, made from `context` and the choice's own arguments.

    Raises:
        MusicaeError: the table has no such name, or the constructor no such argument.
    """
    constructor = _pick(table, choice.name, "choice")
    known = _knobs(constructor)
    for name in choice.arguments:
        _pick(known, name, f"argument of {choice.name}")
    try:
        return constructor(*context, **choice.arguments)
    except (RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        wrong = f"{choice.name} cannot be built with {choice.arguments}: {error}"
        facts = {"name": choice.name, "arguments": choice.arguments}
        raise MusicaeError(wrong, "check these values", kind="bad-arguments", **facts) from None


def complete(config: Config, tables: Mapping[str, Table]) -> Config:
    """The config with every argument written out, so that later defaults do not change what it means."""

    def full(table: Table, choice: Spec) -> Spec:
        known = _knobs(_pick(table, choice.name, "choice"))
        defaults = {name: knob.default for name, knob in known.items() if knob.default is not inspect.Parameter.empty}
        return Spec(choice.name, {**defaults, **choice.arguments})

    parts = {part: full(tables[part], getattr(config, part)) for part in PARTS}
    regularizers = tuple(full(tables["regularizers"], choice) for choice in config.regularizers)
    return replace(config, **parts, regularizers=regularizers)  # type: ignore[arg-type]


def override(config: Config, setting: str, tables: Mapping[str, Table]) -> Config:
    """The config with one setting changed.

    Args:
        setting: `latent.size=128`, `encoder=bidirectional`, `training.batch=64`; `kl.beta=0.5` changes a regularizer,
            or adds it; `kl=none` removes it.
        tables: the table that each part of the config chooses from, and "regularizers".

    Raises:
        MusicaeError: no such part or knob (the nearest name is offered), or a value of the wrong type.
    """
    path, equals, text = (part.strip() for part in setting.partition("="))
    part, _, knob = path.partition(".")
    if not equals or not part:
        message = f"{setting} is not of the form part.knob=value"
        raise MusicaeError(message, "write, say, latent.size=128", kind="bad-setting", setting=setting)
    regularizers = {choice.name: choice for choice in config.regularizers}
    _pick(dict.fromkeys((*PARTS, *tables["regularizers"], "training")), part, "part of a model")
    if part == "training":
        wanted = _pick(typing.get_type_hints(Training), knob, "training setting")
        return replace(config, training=replace(config.training, **{knob: _parse(text, wanted, path)}))
    if part in PARTS:
        changed = _changed(tables[part], getattr(config, part), knob, text)
        return replace(config, **{part: changed})  # type: ignore[arg-type]
    if (knob, text) == ("", "none"):
        regularizers.pop(part, None)
    else:
        regularizers[part] = _changed(tables["regularizers"], regularizers.get(part, Spec(part)), knob, text)
    return replace(config, regularizers=tuple(regularizers.values()))


def _changed(table: Table, chosen: Spec, knob: str, text: str) -> Spec:
    if not knob:
        _pick(table, text, "choice")
        return Spec(text)
    wanted = _pick(_knobs(table[chosen.name]), knob, f"knob of {chosen.name}").annotation
    return Spec(chosen.name, {**chosen.arguments, knob: _parse(text, wanted, f"{chosen.name}.{knob}")})


def _knobs(constructor: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only arguments of a constructor, their types resolved."""
    function = constructor.__init__ if inspect.isclass(constructor) else constructor
    hints = typing.get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    knobs = [knob for knob in parameters if knob.kind is inspect.Parameter.KEYWORD_ONLY]
    return {knob.name: knob.replace(annotation=hints.get(knob.name, Any)) for knob in knobs}


def _pick(table: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in table:
        raise unknown_name(what, name, table)
    return table[name]


def _parse(text: str, annotation: Any, path: str) -> Any:
    """`text` as a value of the annotated type: a number, true or false, a word, or numbers separated by commas."""
    try:
        if typing.get_origin(annotation) is tuple:
            (item, *_) = typing.get_args(annotation)
            return tuple(_parse(part, item, path) for part in text.strip("()[] ").split(",") if part.strip())
        if annotation is bool:
            return {"true": True, "false": False}[text.strip().lower()]
        if annotation in (int, float):
            number = annotation(text)
            if not 0 <= number < math.inf:
                raise MusicaeError(
                    f"{path}={text} is not a number from 0 on", "give a finite number that is not negative"
                )
            return number
    except (ValueError, KeyError):
        name = str(annotation) if isinstance(annotation, types.GenericAlias) else annotation.__name__
        raise MusicaeError(f"{path}={text} is not of type {name}", f"give a value of type {name}") from None
    return text.strip()


def dumps(config: Config) -> str:
    """The config as JSON text, for `config.json`."""
    return json.dumps(config.to_json(), indent=2) + "\n"


def loads(text: str) -> Config:
    """The config that `dumps` wrote.

    Raises:
        MusicaeError: the text is not such a config.
    """
    try:
        return Config.from_json(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        known = ", ".join(f.name for f in fields(Config))
        raise MusicaeError(f"not a model configuration: {error}", f"a config.json has the keys {known}") from None
