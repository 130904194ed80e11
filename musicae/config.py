"""Everything needed to rebuild and retrain a model: typed records that go to JSON and back.

A `Spec` names an entry of a table and the keyword-only arguments of its constructor: the constructor's signature is
the schema, so a new knob is a new keyword argument and nothing else. Its annotations say how text is read, and the
constructor itself refuses what is out of range.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from musicae.checked_json import parse_json, read_bytes, typed
from musicae.errors import MusicaeError, error_context, unknown_name

Constructors = Mapping[str, Callable[..., Any]]

Optimizer = Literal["adam", "muon"]

OPTIMIZERS: tuple[Optimizer, ...] = typing.get_args(Optimizer)


@dataclass(frozen=True)
class Spec:
    """A choice from a table: `name`, and keyword arguments for its constructor, which cannot be changed."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        arguments = {key: _without_lists(value) for key, value in self.arguments.items()}
        object.__setattr__(self, "arguments", types.MappingProxyType(arguments))

    def __hash__(self) -> int:
        return hash((self.name, frozenset(self.arguments.items())))

    def __reduce__(self) -> tuple[type[Spec], tuple[str, dict[str, Any]]]:
        return Spec, (self.name, dict(self.arguments))

    def to_json(self) -> dict[str, Any]:
        """The name and the arguments, in one object."""
        return {"name": self.name, **self.arguments}

    @classmethod
    def from_json(cls, data: Any) -> Spec:
        """What `to_json` gave.

        Raises:
            KeyError: it has no name.
            ValueError: it is no such object.
        """
        arguments = dict(typed(data, Mapping[str, Any], "a choice"))
        return cls(typed(arguments.pop("name"), str, "a name"), arguments)


def spec(name: str, **arguments: Any) -> Spec:
    """`Spec(name, arguments)`, written as a call."""
    return Spec(name, arguments)


@dataclass(frozen=True)
class Named:
    """One of several choices from a table, under a label of its own, so that two of one kind stand side by side.

    Raises:
        MusicaeError: the label is not a word.
    """

    label: str
    spec: Spec

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z]\w*", self.label):
            raise MusicaeError(f"{self.label!r} is not a label", "a label is one word of letters, digits and _")

    def to_json(self) -> dict[str, Any]:
        """That of the choice, and the label as "as"."""
        return {"as": self.label, **self.spec.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> Named:
        """What `to_json` gave."""
        arguments = dict(typed(data, Mapping[str, Any], "a regularizer"))
        return cls(typed(arguments.pop("as"), str, "a label"), Spec.from_json(arguments))


def named(kind: str, *, label: str = "", **arguments: Any) -> Named:
    """A `Named` choice; its label is its kind unless it has another one."""
    return Named(label or kind, Spec(kind, arguments))


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Attributes:
        batch: windows per update, over all processes.
        updates: where training ends, unless minutes run out first.
        optimizer: adam, or muon for hidden matrices (Adam for the rest), which learns several times as much an update.
        learning_rate: at the first update; falls exponentially to `min_learning_rate` at the last one.
        clip: largest norm of the gradient.
        scheduled_sampling: k of the inverse sigmoid by which the decoder sees its own tokens more and more
            (Bengio et al. 2015); 0 shows it the true ones.
        validate_every: updates between two validations.
        validation_windows: held-out windows that one validation reads.
        label_share: of the training windows, how many have labels that training sees; those of the others are hidden.
    """

    batch: int = 256
    updates: int = 50_000
    optimizer: Optimizer = "adam"
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    clip: float = 1.0
    scheduled_sampling: int = 0
    validate_every: int = 1_000
    validation_windows: int = 1_024
    label_share: float = 1.0

    def __post_init__(self) -> None:
        for name in ("batch", "updates", "validate_every", "validation_windows"):
            if getattr(self, name) < 1:
                raise MusicaeError(f"training.{name} is {getattr(self, name)}", f"give training.{name} one or more")
        for name in ("learning_rate", "min_learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise MusicaeError(f"training.{name} is {getattr(self, name)}", f"give training.{name} more than zero")
        if not 0 <= self.label_share <= 1:
            raise MusicaeError(f"training.label_share is {self.label_share}", "give a share from 0 to 1")
        if self.scheduled_sampling < 0:
            hint = "give training.scheduled_sampling 0, which samples nothing, or more"
            raise MusicaeError(f"training.scheduled_sampling is {self.scheduled_sampling}", hint)
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, OPTIMIZERS)


@dataclass(frozen=True)
class Config:
    """A model and its training, complete.

    Attributes:
        prior: p(z), which the loss knows.
        sampler: where codes come from when nothing is encoded.
        wrappers: of the latent, from the inside out.
        corruptions: of the features that the encoder reads while training, in this order.
        regularizers: terms of the loss.
        augmentations: what is changed in windows while training, in this order.
        labels: the names of the classes that windows are labeled with, if the model knows them.

    Raises:
        MusicaeError: settings contradict each other, or a label stands for two things.
    """

    representation: Spec
    embedding: Spec
    encoder: Spec
    latent: Spec
    decoder: Spec
    prior: Spec = Spec("normal")
    sampler: Spec = Spec("prior")
    wrappers: tuple[Spec, ...] = ()
    corruptions: tuple[Spec, ...] = ()
    regularizers: tuple[Named, ...] = ()
    augmentations: tuple[Spec, ...] = ()
    labels: tuple[str, ...] = ()
    training: Training = Training()

    def __post_init__(self) -> None:
        if self.training.scheduled_sampling and self.decoder.arguments.get("token_dropout"):
            hint = "choose one: with scheduled sampling there are no true tokens to hide"
            raise MusicaeError("training.scheduled_sampling and decoder.token_dropout are both set", hint)
        listed = [item.name for part in LISTS for item in getattr(self, part)]
        names = [*SECTIONS, *(item.label for item in self.regularizers), *listed]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise MusicaeError(f"two things are called {twice[0]}", "give every regularizer a label of its own")

    def to_json(self) -> dict[str, Any]:
        """The config as what JSON knows; lists and labels of which there are none are left out."""
        lists = {name: [item.to_json() for item in getattr(self, name)] for name in ("regularizers", *LISTS)}
        lists["labels"] = list(self.labels)
        return {
            **{name: getattr(self, name).to_json() for name in PARTS},
            **{name: items for name, items in lists.items() if items},
            "training": asdict(self.training),
        }

    @classmethod
    def from_json(cls, data: Any) -> Config:
        """What `to_json` gave.

        Raises:
            MusicaeError: it holds what no config has.
            KeyError: it lacks what every config has.
            ValueError: something in it is of another type than it should be.
        """
        _check_names("part of a model", typed(data, Mapping[str, Any], "a configuration"), SECTIONS)
        training = typed(data["training"], Mapping[str, Any], "training")
        _check_names("training setting", training, typing.get_type_hints(Training))
        listed = {name: typed(data.get(name, []), list[Any], name) for name in ("regularizers", *LISTS)}
        parts: dict[str, Any] = {name: Spec.from_json(data[name]) for name in PARTS}
        lists: dict[str, Any] = {name: tuple(map(Spec.from_json, listed[name])) for name in LISTS}
        return cls(
            **parts,
            **lists,
            regularizers=tuple(map(Named.from_json, listed["regularizers"])),
            labels=tuple(typed(data.get("labels", []), list[str], "labels")),
            training=typed(training, Training, "training"),
        )


PARTS = ("representation", "embedding", "encoder", "latent", "prior", "sampler", "decoder")
"""The fields of a `Config` that choose one entry of a table."""

LISTS = ("wrappers", "corruptions", "augmentations")
"""The fields that choose several entries of a table, each once."""

SECTIONS = (*PARTS, "regularizers", *LISTS, "labels", "training")
"""All fields of a `Config`, in the order of `config.json`."""


def build(table: Constructors, choice: Spec, *context: Any) -> Any:
    """The object that `choice` names, made from `context` and the choice's own arguments.

    Raises:
        MusicaeError: the table has no such name, or the constructor no such argument.
    """
    constructor = pick(table, choice.name, "choice")
    known = knobs(constructor)
    for name in choice.arguments:
        pick(known, name, f"argument of {choice.name}")
    try:
        for name, value in choice.arguments.items():
            typed(value, known[name].annotation, name)
        return constructor(*context, **choice.arguments)
    except (RuntimeError, TypeError, ValueError, ZeroDivisionError, OverflowError, MemoryError) as error:
        arguments = dict(choice.arguments)
        wrong = f"{choice.name} cannot be built with {arguments}: {error}"
        raise MusicaeError(
            wrong, "check these values", kind="bad-arguments", name=choice.name, arguments=arguments
        ) from None


def complete(config: Config, tables: Mapping[str, Constructors]) -> Config:
    """The config with every argument written out, so that later defaults do not change what it means."""

    def full(table: Constructors, choice: Spec) -> Spec:
        known = knobs(pick(table, choice.name, "choice"))
        defaults = {name: knob.default for name, knob in known.items() if knob.default is not inspect.Parameter.empty}
        return Spec(choice.name, {**defaults, **choice.arguments})

    parts: dict[str, Any] = {part: full(tables[part], getattr(config, part)) for part in PARTS}
    regularizers = [replace(item, spec=full(tables["regularizers"], item.spec)) for item in config.regularizers]
    lists: dict[str, Any] = {part: tuple(full(tables[part], one) for one in getattr(config, part)) for part in LISTS}
    return replace(config, **parts, **lists, regularizers=tuple(regularizers))


def knobs(constructor: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only arguments of a constructor, their types resolved."""
    function = constructor.__init__ if inspect.isclass(constructor) else constructor
    hints = typing.get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    found = [knob for knob in parameters if knob.kind is inspect.Parameter.KEYWORD_ONLY]
    return {knob.name: knob.replace(annotation=hints.get(knob.name, Any)) for knob in found}


def pick(table: Mapping[str, Any], name: str, what: str, kind: str = "unknown", **facts: object) -> Any:
    """What a table has under a name.

    Args:
        kind: of the error, which has these facts as well.

    Raises:
        MusicaeError: nothing; the nearest name is offered.
    """
    if name not in table:
        raise unknown_name(what, name, table, kind, **facts)
    return table[name]


def dumps(config: Config) -> str:
    """The config as JSON text, for `config.json`."""
    return json.dumps(config.to_json(), indent=2) + "\n"


def loads(text: str) -> Config:
    """The config that `dumps` wrote.

    Raises:
        MusicaeError: the text is not such a config.
    """
    try:
        return Config.from_json(parse_json(text))
    except (KeyError, ValueError) as error:
        known = ", ".join(SECTIONS)
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise MusicaeError(f"not a model configuration: {reason}", f"a config.json has the keys {known}") from None


def read_config(folder: Path) -> Config:
    """The config in a model's folder.

    Raises:
        MusicaeError: there is none, or it is damaged.
    """
    path = folder / "config.json"
    try:
        with error_context(path):
            return loads(read_bytes(path).decode())
    except (OSError, ValueError) as error:
        hint = "the file is damaged: copy it again, or train the model again"
        raise MusicaeError(f"{path} cannot be read: {error}", hint) from None


def _check_names(what: str, data: Mapping[str, Any], known: Iterable[str]) -> None:
    for name in data:
        pick(dict.fromkeys(known), name, what)


def _without_lists(value: Any) -> Any:
    """The value with tuples for lists, which JSON has instead."""
    return tuple(_without_lists(item) for item in value) if isinstance(value, list | tuple) else value
