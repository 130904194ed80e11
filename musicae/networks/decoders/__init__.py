"""Decoders: the constructors that a configuration chooses from; their keyword arguments are its knobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from musicae.errors import MusicaeError, unknown_name
from musicae.networks.decoders.base import Decoder
from musicae.networks.decoders.recurrent import Conductor, NoConductor, RecurrentDecoder
from musicae.networks.decoders.span import SpanDecoder
from musicae.networks.heads import HEADS
from musicae.networks.token_spec import TokenSpec


def flat(
    spec: TokenSpec,
    widths: list[int],
    latent: int,
    *,
    hidden: int = 512,
    layers: int = 2,
    heads: tuple[str, ...] = ("categorical",),
    token_dropout: float = 0.0,
) -> RecurrentDecoder:
    """The flat baseline: one LSTM over the whole window, one head per field. It reads the ends that pad a segment.

    Args:
        heads: names of `HEADS`, one for all fields or one for each.
    """
    fields = list(range(len(spec.fields)))
    decoder = SpanDecoder(spec, widths, fields, latent, hidden, layers, _head_names(spec, heads))
    return RecurrentDecoder(spec, NoConductor(), [decoder], token_dropout)


def conductor(
    spec: TokenSpec,
    widths: list[int],
    latent: int,
    *,
    hidden: int = 512,
    layers: int = 2,
    conductor_hidden: int = 512,
    conductor_layers: int = 2,
    z_every_step: bool = False,
    z_slot_size: int = 0,
    spans_per_segment: int = 1,
    heads: tuple[str, ...] = ("categorical",),
    token_dropout: float = 0.0,
) -> RecurrentDecoder:
    """The hierarchical decoder: the conductor gives every span a context, one decoder per field writes it.

    Args:
        hidden, layers: of every span decoder.
        z_every_step: the conductor sees z at every step, not in its first state alone.
        z_slot_size: numbers from z that each of its steps has of its own.
        spans_per_segment: 1 lets a decoder write a whole segment, 4 a quarter of it.
        heads: names of `HEADS`, one for all fields or one for each.
    """
    if spans_per_segment < 1 or spec.steps % spans_per_segment:
        divisors = ", ".join(str(n) for n in range(1, spec.steps + 1) if spec.steps % n == 0)
        message = f"decoder.spans_per_segment={spans_per_segment} does not divide {spec.steps} steps"
        raise MusicaeError(message, f"choose {divisors}")
    spans = spec.segments * spans_per_segment
    head = Conductor(latent, spans, conductor_hidden, conductor_layers, z_every_step, z_slot_size)
    names = _head_names(spec, heads)
    decoders = [
        SpanDecoder(spec, widths, [i], conductor_hidden, hidden, layers, [names[i]]) for i in range(len(spec.fields))
    ]
    return RecurrentDecoder(spec, head, decoders, token_dropout)


def _head_names(spec: TokenSpec, heads: Sequence[str]) -> list[str]:
    """The name of the head of every field."""
    for name in heads:
        if name not in HEADS:
            raise unknown_name("head", name, HEADS)
    if len(heads) not in (1, len(spec.fields)):
        message = f"decoder.heads names {len(heads)} heads for {len(spec.fields)} fields"
        raise MusicaeError(message, "name one head for all fields, or one for each")
    return list(heads) * (len(spec.fields) // len(heads))


DECODERS: dict[str, Callable[..., Decoder]] = {"flat": flat, "conductor": conductor}
