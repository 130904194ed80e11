"""Records of options: what many commands share, declared once, and an argument of its own to each of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def with_option_records(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for every field of its arguments that are records, in place of those arguments.

    The options stand before `device`, which all commands with records have.
    """
    own = inspect.signature(command).parameters
    hints = get_type_hints(command, include_extras=True)
    records = {name: hints[name] for name in own if is_dataclass(hints[name])}

    @wraps(command)
    def wrapped(**given: Any) -> None:
        chosen = {name: _taken(record, given) for name, record in records.items()}
        command(**given, **chosen)

    kept = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in own.items()
        if name not in records
    ]
    place = next(i for i, parameter in enumerate(kept) if parameter.name == "device")
    added = [option for record in records.values() for option in _options(record)]
    parameters = [*kept[:place], *added, *kept[place:]]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _options(record: type) -> Iterator[inspect.Parameter]:
    """The fields of a record as parameters."""
    hints = get_type_hints(record, include_extras=True)
    for one in fields(record):
        kind, annotation = inspect.Parameter.KEYWORD_ONLY, hints[one.name]
        yield inspect.Parameter(one.name, kind, default=one.default, annotation=annotation)


def _taken(record: type, given: dict[str, Any]) -> Any:
    """A record of what is given, which is taken out of it."""
    return record(**{one.name: given.pop(one.name) for one in fields(record)})
