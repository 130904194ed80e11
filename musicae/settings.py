"""Settings: single knobs of a configuration, as they are typed."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from musicae.config import LISTS, PARTS, Config, Constructors, Named, Spec, Training, knobs, pick
from musicae.errors import MusicaeError


def override(config: Config, setting: str, tables: Mapping[str, Constructors]) -> Config:
    """The config with one setting changed.

    Args:
        setting: `latent.size=128`, `encoder=bidirectional`, `training.batch=64`; `kl.beta=0.5` changes the regularizer
            of that label, or adds one of that kind; `second=kl` adds one of the kind `kl` under the label `second`;
            `second=none` removes it. Wrappers, corruptions and augmentations, which have no labels, are changed,
            added and removed alike.
        tables: the table that each part of the config chooses from.

    Raises:
        MusicaeError: no such part or knob (the nearest name is offered), or a value of the wrong type.
    """
    changed: dict[str, Any]
    path, equals, text = (part.strip() for part in setting.partition("="))
    part, _, knob = path.partition(".")
    if not equals or not part:
        message = f"{setting} is not of the form part.knob=value"
        raise MusicaeError(message, "write, say, latent.size=128", kind="bad-setting", setting=setting)
    if part == "training":
        wanted = pick(typing.get_type_hints(Training), knob, "training setting")
        return replace(config, training=replace(config.training, **{knob: parse_value(text, wanted, path)}))
    if part in PARTS:
        changed = {part: _changed(tables[part], getattr(config, part), knob, text)}
        return replace(config, **changed)
    for name in LISTS:
        if part in tables[name]:
            chosen = _listed(tables[name], {item.name: item for item in getattr(config, name)}, part, knob, text)
            changed = {name: tuple(chosen.values())}
            return replace(config, **changed)
    kinds = tables["regularizers"]
    labels = {item.label: item.spec for item in config.regularizers}
    if knob or text not in kinds:  # else it is a new label
        listed = (entry for name in LISTS for entry in tables[name])
        known = dict.fromkeys((*PARTS, "training", *labels, *kinds, *listed))
        pick(known, part, "part of a model", "unknown-part", value=text)
    chosen = _listed(kinds, labels, part, knob, text)
    return replace(config, regularizers=tuple(Named(label, choice) for label, choice in chosen.items()))


def parse_value(text: str, annotation: Any, path: str) -> Any:
    """`text` as a value of the annotated type.

    Args:
        annotation: bool ("true", "false"), int, float, str, a literal of some of them, a tuple of them (separated by
            commas), or one of those or None ("none").
        path: what is set, for errors.

    Raises:
        MusicaeError: the text is none of them; of words, the nearest is offered.
    """
    text, origin, inside = text.strip(), typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return (
            None if text == "none" else parse_value(text, next(item for item in inside if item is not type(None)), path)
        )
    if origin is Literal:
        return pick({str(value): value for value in inside}, text, f"value of {path}")
    if origin is tuple:
        parts = [part for part in text.strip("()[] ").split(",") if part.strip()]
        kinds = inside[:1] * len(parts) if Ellipsis in inside else inside
        if len(kinds) != len(parts):
            raise MusicaeError(f"{path} has {len(kinds)} values, not {len(parts)}", "separate them by commas")
        return tuple(parse_value(part, kind, path) for part, kind in zip(parts, kinds, strict=True))
    if annotation is bool:
        return pick({"true": True, "false": False}, text.lower(), f"value of {path}")
    try:
        value = annotation(text)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError
    except (TypeError, ValueError):
        name = getattr(annotation, "__name__", str(annotation))
        raise MusicaeError(f"{path}={text} is not of type {name}", f"give a finite value of type {name}") from None
    return value


def _changed(table: Constructors, chosen: Spec, knob: str, text: str) -> Spec:
    """Another choice, or the same with another value of a knob."""
    if not knob:
        pick(table, text, "choice")
        return Spec(text)
    wanted = pick(knobs(pick(table, chosen.name, "choice")), knob, f"knob of {chosen.name}").annotation
    return Spec(chosen.name, {**chosen.arguments, knob: parse_value(text, wanted, f"{chosen.name}.{knob}")})


def _listed(table: Constructors, chosen: dict[str, Spec], name: str, knob: str, text: str) -> dict[str, Spec]:
    """Choices by name, of which one is changed, added or removed."""
    if (knob, text) == ("", "none"):
        return {other: choice for other, choice in chosen.items() if other != name}
    return {**chosen, name: _changed(table, chosen.get(name, Spec(name)), knob, text)}
