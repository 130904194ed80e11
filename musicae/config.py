"""Everything needed to rebuild and retrain a model: typed records that go to JSON and back.

A `Spec` names an entry of a table and the keyword-only arguments of its constructor: the constructor's signature is
the schema, so a new knob is a new keyword argument and nothing else.
"""

from __future__ import annotations

import difflib
import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from musicae.errors import MusicaeError

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


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Attributes:
        batch: windows per update, over all processes.
        updates: where training ends, unless minutes run out first.
        learning_rate: at the first update; decays by `decay` an update towards `min_learning_rate` (Adam).
        clip: largest norm of the gradient.
        transpose: draw a transposition of -5 to +6 semitones for every window.
        scheduled_sampling: k of the inverse sigmoid by which the decoder is fed its own tokens more and more
            (Bengio et al. 2015); 0 feeds the true ones.
        validate_every: updates between two validations.
        validation_windows: held-out windows that one validation reads.
    """

    batch: int = 256
    updates: int = 50_000
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    decay: float = 0.9999
    clip: float = 1.0
    transpose: bool = True
    scheduled_sampling: int = 0
    validate_every: int = 1_000
    validation_windows: int = 1_024


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

    def to_json(self) -> dict[str, Any]:
        parts = {name: getattr(self, name).to_json() for name in PARTS}
        regularizers = [regularizer.to_json() for regularizer in self.regularizers]
        return {**parts, "regularizers": regularizers, "training": asdict(self.training)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Config:
        parts = {name: Spec.from_json(data[name]) for name in PARTS}
        regularizers = tuple(Spec.from_json(item) for item in data["regularizers"])
        return cls(**parts, regularizers=regularizers, training=Training(**data["training"]))


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
    return constructor(*context, **choice.arguments)


def override(config: Config, setting: str, tables: Mapping[str, Table]) -> Config:
    """The config with one setting changed: `latent.size=128`, `encoder=bidirectional`, `training.batch=64`.

    Args:
        tables: the table that each part of the config chooses from, and "regularizers".

    Raises:
        MusicaeError: no such part or knob (the nearest name is offered), or a value of the wrong type.
    """
    path, equals, text = setting.partition("=")
    part, _, knob = path.strip().partition(".")
    if not equals or not part:
        raise MusicaeError(f"--set {setting} is not of the form part.knob=value", "write, say, --set latent.size=128")
    regularizers = {choice.name: choice for choice in config.regularizers}
    _pick({name: None for name in (*PARTS, *regularizers, "training")}, part, "part of a model")
    if part == "training":
        types_of = typing.get_type_hints(Training)
        _pick(types_of, knob, "training setting")
        return replace(config, training=replace(config.training, **{knob: _parse(text, types_of[knob], path)}))
    table = tables[part if part in PARTS else "regularizers"]
    chosen = regularizers.get(part) or getattr(config, part)
    changed = Spec(text.strip()) if not knob else _with_argument(table, chosen, knob, text)
    _pick(table, changed.name, part)
    if part in PARTS:
        return replace(config, **{part: changed})  # type: ignore[arg-type]
    return replace(config, regularizers=tuple(changed if c.name == part else c for c in config.regularizers))


def _with_argument(table: Table, chosen: Spec, knob: str, text: str) -> Spec:
    known = _knobs(_pick(table, chosen.name, "choice"))
    annotation = _pick(known, knob, f"knob of {chosen.name}")
    return Spec(chosen.name, {**chosen.arguments, knob: _parse(text, annotation, f"{chosen.name}.{knob}")})


def _knobs(constructor: Callable[..., Any]) -> dict[str, Any]:
    """The keyword-only arguments of a constructor and their types."""
    function = constructor.__init__ if inspect.isclass(constructor) else constructor
    hints = typing.get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    return {p.name: hints.get(p.name, Any) for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def _pick(table: Mapping[str, Any], name: str, what: str) -> Any:
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose one of: {', '.join(table) or 'none'}"
    raise MusicaeError(f"unknown {what}: {name!r}", hint)


def _parse(text: str, annotation: Any, path: str) -> Any:
    """`text` as a value of the annotated type: a number, true or false, a word, or numbers separated by commas."""
    try:
        if typing.get_origin(annotation) is tuple:
            (item, *_) = typing.get_args(annotation)
            return tuple(_parse(part, item, path) for part in text.strip("()[] ").split(",") if part.strip())
        if annotation is bool:
            return {"true": True, "false": False}[text.strip().lower()]
        if annotation in (int, float):
            return annotation(text)
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
    except (ValueError, KeyError, TypeError) as error:
        known = ", ".join(f.name for f in fields(Config))
        raise MusicaeError(f"not a model configuration: {error}", f"a config.json has the keys {known}") from None
