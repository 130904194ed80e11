"""Decoders: a code to distributions over tokens, and to tokens.

A decoder is one way to turn z into contexts, one for every span of steps that is decoded on its own, and one or
more cores, LSTMs that write a span from its context. No state crosses from one span to the next, so all of them
are decoded at once, and whatever they share must have come through z.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.embedding import Embedding
from musicae.networks.latents import Code
from musicae.networks.ragged import Lengths, State
from musicae.networks.recurrent.stack import first_state, lstm
from musicae.networks.recurrent.step import StepLSTM
from musicae.networks.token_spec import Given, Mask, Tokens, TokenSpec, Written

Logits = list[Float[Tensor, "event _"]]
"""Per field, of the steps that count (`TokenSpec.events`)."""
SpanContexts = Float[Tensor, "batch span context"]
Row = Int64[Tensor, "sequence field"]
RowLogits = list[Float[Tensor, "sequence _"]]


class Core(nn.Module):
    """One LSTM that writes some of the fields of a span of steps, step by step.

    Its first state is tanh(W context); every step sees the features of the previous tokens, zeros at the start, of
    what is given for the step itself, and the context (Roberts et al. 2018, section 3.2).

    Args:
        widths: of the features of all fields, and of all that is given.
        fields: indices of the fields that it writes.
    """

    def __init__(
        self, spec: TokenSpec, widths: list[int], fields: list[int], context: int, hidden: int, layers: int
    ) -> None:
        super().__init__()
        self.fields = fields
        self.read = [*fields, *range(len(spec.fields), len(widths))]
        self.start = nn.Linear(context, 2 * layers * hidden)
        self.lstm = lstm(sum(widths[i] for i in self.read) + context, hidden, layers)
        heads = [nn.Linear(hidden, spec.fields[i].vocabulary) for i in fields]
        self.heads = cast("list[nn.Linear]", nn.ModuleList(heads))

    def state(self, context: Float[Tensor, "sequence context"]) -> tuple[State, State]:
        """The first h and c."""
        return first_state(self.start(context), self.lstm)

    def forward(
        self,
        inputs: Float[Tensor, "sequence step width"],
        context: Float[Tensor, "sequence context"],
        lengths: Lengths | None,
    ) -> Float[Tensor, "sequence step hidden"]:
        """Outputs of all steps at once, from the features of the tokens before each, and of what is given there."""
        return self.lstm.run(inputs, context, *self.state(context), lengths)

    def unroll(
        self,
        embedding: Embedding,
        context: Float[Tensor, "sequence context"],
        given: Int64[Tensor, "sequence step given"],
        feed: Callable[[int, RowLogits], Row | None],
    ) -> list[Float[Tensor, "sequence hidden"]]:
        """Outputs step after step, where `feed(step, logits)` says which tokens the next step sees, if there is one.

        These logits carry no gradient: `heads` turn the outputs of all steps into logits at once.
        """
        tables = embedding.tables()
        cells = StepLSTM(self.lstm, [tables[i] for i in self.read], context, *self.state(context))
        heads = [(head.weight.detach().to(cells.dtype), head.bias.detach().to(cells.dtype)) for head in self.heads]
        outputs: list[Tensor] = []
        tokens: Row | None = None
        for step, told in enumerate(given.unbind(1)):
            outputs.append(cells.step(tokens, told))
            tokens = feed(step, [F.linear(outputs[-1].detach(), weight, bias) for weight, bias in heads])
            if tokens is None:
                break
        return outputs


class NoConductor(nn.Module):
    """z itself is the context of one span, the whole window: the flat decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.spans = 1

    def forward(self, z: Code) -> SpanContexts:
        return z[:, None]


class Conductor(nn.Module):
    """Unrolls z into one context per span: starts at tanh(W z), and is fed nothing, or more of z at every step.

    Args:
        z_every_step: it sees all of z at every step.
        z_slot_size: how many numbers, W_s z, it sees at step s alone; 0 for none. Without them it must count its
            steps to find in z what belongs to each, which takes long to learn where there are many.
    """

    def __init__(self, size: int, spans: int, hidden: int, layers: int, z_every_step: bool, z_slot_size: int) -> None:
        super().__init__()
        self.spans, self.z_every_step = spans, z_every_step
        self.start = nn.Linear(size, 2 * layers * hidden)
        self.slots = nn.Linear(size, spans * z_slot_size) if z_slot_size else None
        self.lstm = lstm((z_slot_size or 1) + z_every_step * size, hidden, layers)

    def forward(self, z: Code) -> SpanContexts:
        own = self.slots(z) if self.slots else z.new_zeros(len(z), self.spans)
        own = own.unflatten(1, (self.spans, -1))
        return self.lstm.run(own, z if self.z_every_step else z[:, :0], *first_state(self.start(z), self.lstm))


class Decoder(nn.Module):
    """SpanContexts from z, and cores that write every span from its context alone.

    Args:
        token_dropout: share of the previous tokens that are hidden from the cores while training, so that they lean
            on the context (Bowman et al. 2016, word dropout).
    """

    def __init__(
        self, spec: TokenSpec, contexts: NoConductor | Conductor, cores: list[Core], token_dropout: float
    ) -> None:
        super().__init__()
        if not 0 <= token_dropout < 1:
            raise MusicaeError(f"decoder.token_dropout is {token_dropout}", "give a share from 0 to below 1")
        self.spec = spec
        self.contexts = contexts
        self.cores = cast("list[Core]", nn.ModuleList(cores))
        self.token_dropout = token_dropout
        self.spans = contexts.spans
        self.steps = spec.segments * spec.steps // self.spans

    def logits(self, tokens: Tokens, z: Code, embedding: Embedding) -> Logits:
        """Teacher forced: every step sees the true tokens before it."""
        context, mask = self.contexts(z).flatten(0, 1), self.spec.mask(tokens)
        features = embedding(tokens).reshape(len(context), self.steps, -1)
        own, told = embedding.widths[: len(self.spec.fields)], embedding.widths[len(self.spec.fields) :]
        written, given = features.split([sum(own), sum(told)], -1)
        previous = F.pad(written[:, :-1], (0, 0, 1, 0))
        if self.training and self.token_dropout:
            seen = torch.rand_like(previous[..., :1], dtype=torch.float32) >= self.token_dropout
            previous = previous * seen
        parts = [*previous.split(own, -1), *given.split(told, -1)]
        lengths = self._lengths(mask) if self.spec.ragged else None
        logits: Logits = []
        for core in self.cores:
            out = core(torch.cat([parts[i] for i in core.read], -1), context, lengths)
            logits += self._heads(core, out, mask)
        return logits

    def scheduled(self, tokens: Tokens, z: Code, embedding: Embedding, probability: float) -> Logits:
        """Every step sees, with the given probability, a token drawn from the step before (Bengio et al. 2015)."""
        context = self.contexts(z).flatten(0, 1)
        truth, given = self.spec.split(tokens.reshape(len(context), self.steps, -1))
        logits: Logits = []
        for core in self.cores:

            def feed(step: int, row: RowLogits, core: Core = core) -> Row:
                drawn = torch.stack([draw(field, 1.0) for field in row], 1)
                own = torch.rand(len(drawn), 1, device=drawn.device) < probability
                return torch.where(own, drawn, truth[:, step, core.fields])

            out = torch.stack(core.unroll(embedding, context, given, feed), 1)
            logits += self._heads(core, out, self.spec.mask(tokens))
        return logits

    @torch.no_grad()
    def sample(
        self,
        z: Code,
        given: Given,
        embedding: Embedding,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
        fixed: Written | None = None,
    ) -> Tokens:
        """Free running: every step sees the tokens drawn before it. Temperature 0 takes the most likely ones.

        What is given comes back beside what is drawn. In a segment there are only end tokens after the first one.

        Args:
            fixed: tokens that stand where they are, unless the segment has ended; -1 where the decoder is free.
        """
        context = self.contexts(z).flatten(0, 1)
        told = given.reshape(len(context), self.steps, given.shape[-1])
        kept = None if fixed is None else fixed.reshape(len(context), self.steps, -1)
        columns = []
        for core in self.cores:
            ends = torch.tensor([self.spec.fields[i].end for i in core.fields], device=z.device)
            drawn = _Drawn(ends, len(context), self.steps, self.spec.steps)

            def feed(step: int, row: RowLogits, drawn: _Drawn = drawn, core: Core = core) -> Row | None:
                tokens = torch.stack([draw(field, temperature, generator) for field in row], 1)
                if step == 0 and self.steps == self.spec.steps:
                    self._open_once(core.fields, tokens, row, temperature, generator)
                if kept is not None:
                    here = kept[:, step, core.fields]
                    tokens = torch.where(here < 0, tokens, here)
                return drawn.take(step, tokens)

            core.unroll(embedding, context, told, feed)
            columns.append(drawn.tokens)
        written = torch.cat(columns, -1).reshape(*given.shape[:3], -1)
        if self.spec.ragged:  # spans of a segment that has ended before have gone on
            ends = torch.tensor([max(field.end, 0) for field in self.spec.fields], device=z.device)
            written = torch.where(self.spec.mask(written)[..., None] > 0, written, ends)
        return torch.cat([written, given], -1)

    def _open_once(
        self, fields: list[int], tokens: Row, logits: RowLogits, temperature: float, generator: torch.Generator | None
    ) -> None:
        """Draws the first tokens of segments anew that open like a later one, where only one of them may."""
        for column, (index, row) in enumerate(zip(fields, logits, strict=True)):
            token, segments = self.spec.fields[index].at_most_one
            opens = (tokens[:, column] == token).unflatten(0, (-1, segments))
            again = (opens & (opens.flip(1).cumsum(1).flip(1) > 1)).flatten()
            if again.any():
                others = row[again].index_fill(1, torch.tensor([token], device=row.device), -torch.inf)
                tokens[again, column] = draw(others, temperature, generator)

    def _heads(self, core: Core, out: Float[Tensor, "span moment hidden"], mask: Mask) -> Logits:
        events = self.spec.events(out.reshape(*mask.shape, -1), mask)
        return [head(events) for head in core.heads]

    def _lengths(self, mask: Mask) -> Lengths:
        """Steps of every span up to the last one that counts."""
        steps = torch.arange(1, self.steps + 1, device=mask.device)
        return (mask.reshape(-1, self.steps).long() * steps).amax(1).clamp(min=1)


class _Drawn:
    """Tokens of spans, step after step; where a segment has ended, end tokens follow.

    Args:
        ends: the end token of every field, or -1.
        segment: steps of a segment.
    """

    def __init__(self, ends: Int64[Tensor, " field"], spans: int, steps: int, segment: int) -> None:
        self.ends, self.segment = ends, segment
        self.ragged = bool((ends >= 0).any())
        self.tokens = ends.clamp(min=0).expand(spans, steps, -1).contiguous()
        self.ended = torch.zeros(spans, 1, dtype=torch.bool, device=ends.device)

    def take(self, step: int, tokens: Row) -> Row | None:
        """What stands at a step when these tokens were drawn; None if nothing can follow any more."""
        if self.ragged:
            if step % self.segment == 0:
                self.ended.zero_()
            tokens = torch.where(self.ended, self.ends.clamp(min=0), tokens)
            self.ended |= (tokens == self.ends).any(1, keepdim=True)
        self.tokens[:, step] = tokens
        last = self.tokens.shape[1] <= self.segment
        return None if self.ragged and last and bool(self.ended.all()) else tokens


def draw(
    logits: Float[Tensor, "sequence vocabulary"], temperature: float, generator: torch.Generator | None = None
) -> Int64[Tensor, " sequence"]:
    """A token per row from softmax(logits / temperature), by inverting its cumulative distribution; 0 is argmax."""
    if temperature == 0:
        return logits.argmax(-1)
    cumulative = torch.softmax(logits.float() / temperature, -1).cumsum(-1)
    # In [0, 1): never past the last token, even where rounding leaves the total below one.
    uniform = torch.rand(len(logits), 1, device=logits.device, generator=generator) * cumulative[:, -1:]
    return torch.searchsorted(cumulative, uniform, right=True).squeeze(1)


def flat(
    spec: TokenSpec, widths: list[int], latent: int, *, hidden: int = 512, layers: int = 2, token_dropout: float = 0.0
) -> Decoder:
    """The flat baseline: one LSTM over the whole window, one head per field. It reads the ends that pad a segment."""
    core = Core(spec, widths, list(range(len(spec.fields))), latent, hidden, layers)
    return Decoder(spec, NoConductor(), [core], token_dropout)


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
    token_dropout: float = 0.0,
) -> Decoder:
    """The hierarchical decoder: a conductor sets out one context per span, one core per field writes it.

    Args:
        hidden, layers: of every core.
        z_every_step: the conductor sees z at every step, not in its first state alone.
        z_slot_size: numbers from z that each of its steps has of its own.
        spans_per_segment: spans per segment; 1 lets a core write a whole segment, 4 a quarter of it.
    """
    if spans_per_segment < 1 or spec.steps % spans_per_segment:
        divisors = ", ".join(str(n) for n in range(1, spec.steps + 1) if spec.steps % n == 0)
        raise MusicaeError(
            f"decoder.spans_per_segment={spans_per_segment} does not divide {spec.steps} steps", f"choose {divisors}"
        )
    spans = spec.segments * spans_per_segment
    contexts = Conductor(latent, spans, conductor_hidden, conductor_layers, z_every_step, z_slot_size)
    cores = [Core(spec, widths, [i], conductor_hidden, hidden, layers) for i in range(len(spec.fields))]
    return Decoder(spec, contexts, cores, token_dropout)


DECODERS: dict[str, Callable[..., Decoder]] = {"flat": flat, "conductor": conductor}
