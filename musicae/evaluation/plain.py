"""Results as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

DETAIL = {"detail": True}
"""Metadata of the fields of results that `plain` leaves out: values of single windows, and scores."""


DIGITS = 9
"""Of numbers: the last of sixteen depend on the order in which threads add, and so on how many there are."""


def plain(result: Any) -> Any:
    """A result as JSON holds it: records as objects without their `DETAIL` fields, sequences as lists, rounded."""
    if is_dataclass(result):
        shown = (field.name for field in fields(result) if not field.metadata.get("detail"))
        return {name: plain(getattr(result, name)) for name in shown}
    if isinstance(result, Mapping):
        return {key: plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [plain(value) for value in result]
    return float(f"{result:.{DIGITS}g}") if isinstance(result, float) else result
