"""Recurrent decoders: the conductor hierarchy and the flat baseline, LSTMs both.

What is unusual:
- The conductor takes one step per *span* of a window (a bar, or a part of one) and gives it a context c_s. From c_s
  alone, span decoders write the span: their first state is tanh(W c_s), and c_s is concatenated to each of their inputs
  (Roberts et al. 2018, section 3.2). **No state crosses spans**, so whatever they share must have come through z, and
  all spans of all windows are decoded at once, as rows of one batch.
- One span decoder per field: fields do not see one another's tokens, only what c_s says of all of them.
- The flat decoder is the same thing without a conductor: one span, the whole window, whose context is z itself.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.batch import Batch
from musicae.networks.decoders.base import Predictions, TokenDecoder
from musicae.networks.decoders.span import SpanContext, SpanDecoder, SpanStepwise
from musicae.networks.embedding import Embedding
from musicae.networks.heads import Head
from musicae.networks.ragged import Lengths
from musicae.networks.recurrent.stack import first_state, lstm
from musicae.networks.sampling import SamplingOptions, StepwiseDecoder, sample_tokens
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import Code, Condition, Features, Mask, Params, Row, Tokens


class NoConductor(nn.Module):
    """c = z for one span, the whole window: the flat decoder."""

    spans = 1

    def forward(self, z: Code) -> Float[Tensor, "batch span context"]:
        return z[:, None]


class Conductor(nn.Module):
    """c_1 ... c_S, the outputs of an LSTM that starts at tanh(W z) and sees nothing, or more of z, at every step.

    Args:
        z_every_step: it sees all of z at every step.
        z_slot_size: how many numbers, W_s z, it sees at step s alone; 0 for none. Without them it must count its
            steps to find in z what belongs to each, which takes long to learn where there are many.
    """

    def __init__(self, size: int, spans: int, hidden: int, layers: int, z_every_step: bool, z_slot_size: int) -> None:
        super().__init__()
        self.spans, self.z_every_step = spans, z_every_step
        self.initial_state = nn.Linear(size, 2 * layers * hidden)
        self.slots = nn.Linear(size, spans * z_slot_size) if z_slot_size else None
        self.lstm = lstm((z_slot_size or 1) + (size if z_every_step else 0), hidden, layers)

    def forward(self, z: Code) -> Float[Tensor, "batch span context"]:
        slots = self.slots(z) if self.slots else z.new_zeros(len(z), self.spans)
        slots = slots.unflatten(1, (self.spans, -1))  # [batch, span, slot]
        shared = z if self.z_every_step else z[:, :0]
        return self.lstm.run(slots, shared, *first_state(self.initial_state(z), self.lstm))


class RecurrentDecoder(TokenDecoder):
    """A conductor, and span decoders that write every span from its context.

    Args:
        token_dropout: share of the previous tokens that are hidden from the span decoders while training, so that they
            lean on the context (Bowman et al. 2016, word dropout).
    """

    def __init__(
        self, spec: TokenSpec, conductor: NoConductor | Conductor, decoders: list[SpanDecoder], token_dropout: float
    ) -> None:
        super().__init__()
        if not 0 <= token_dropout < 1:
            raise MusicaeError(f"decoder.token_dropout is {token_dropout}", "give a share from 0 to below 1")
        self.spec = spec
        self.conductor = conductor
        self.span_decoders = cast("list[SpanDecoder]", nn.ModuleList(decoders))
        self.token_dropout = token_dropout
        self.spans = conductor.spans
        self.steps = spec.segments * spec.steps // self.spans

    @property
    def heads(self) -> list[Head]:
        """Of all fields."""
        return [head for decoder in self.span_decoders for head in decoder.heads]

    def log_prob(self, batch: Batch, z: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        return self.predict(batch, z, embedding).log_prob()

    def predict(self, batch: Batch, z: Code, embedding: Embedding) -> Predictions:
        mask = self.spec.mask(batch.target)
        if batch.sampling_probability > 0:
            params = self._scheduled(batch, z, embedding, mask)
        else:
            params = self._teacher_forced(batch, z, embedding, mask)
        return Predictions(self.spec, self.heads, params, self.spec.events(batch.target, mask), mask)

    def sample(self, z: Code, condition: Condition, embedding: Embedding, options: SamplingOptions) -> Tokens:
        return sample_tokens(self.stepwise(z, condition, embedding), self.spec, options)

    def stepwise(self, z: Code, condition: Condition, embedding: Embedding) -> list[StepwiseDecoder]:
        return list(self._chains(z, condition, embedding))

    def soft(self, z: Code, condition: Condition, embedding: Embedding) -> tuple[Features, Mask]:
        tables, shape = embedding.tables(), (len(z), self.spec.segments, self.spec.steps)
        features, alive = [], z.new_ones(shape)
        for chain in self._chains(z, condition, embedding):
            for i, head, params in zip(chain.fields, chain.heads, chain.expected(), strict=True):
                p = head.probabilities(params)  # [row, step, vocabulary]
                features.append((p @ tables[i].to(p.dtype)).reshape(*shape, -1))
                if (end := self.spec.fields[i].end) >= 0:
                    alive = alive * (1 - p[..., end].reshape(shape))
        for column, table in zip(condition.unbind(-1), tables[len(self.spec.fields) :], strict=True):
            features.append(F.embedding(column, table))
        before = F.pad(alive[..., :-1], (1, 0), value=1.0)  # a step counts if no end came before it
        return torch.cat(features, -1), before.cumprod(-1)

    def _contexts(self, z: Code) -> SpanContext:
        return self.conductor(z).flatten(0, 1)  # [batch span, context]

    def _chains(self, z: Code, condition: Condition, embedding: Embedding) -> list[SpanStepwise]:
        contexts, tables = self._contexts(z), embedding.tables()
        rows = condition.reshape(len(contexts), self.steps, condition.shape[-1])  # [batch span, step, condition]
        return [SpanStepwise(decoder, tables, contexts, rows) for decoder in self.span_decoders]

    def _teacher_forced(self, batch: Batch, z: Code, embedding: Embedding, mask: Mask) -> list[Params]:
        """Every step sees the true tokens before it; all steps at once."""
        contexts, fields = self._contexts(z), len(self.spec.fields)
        features = embedding(batch.target, batch.condition).reshape(len(contexts), self.steps, -1)
        own, conditions = embedding.widths[:fields], embedding.widths[fields:]
        tokens, condition = features.split([sum(own), sum(conditions)], -1)  # [batch span, step, width]
        previous = F.pad(tokens[:, :-1], (0, 0, 1, 0))
        if self.training and self.token_dropout:
            seen = torch.rand_like(previous[..., :1], dtype=torch.float32) >= self.token_dropout
            previous = previous * seen
        parts = [*previous.split(own, -1), *condition.split(conditions, -1)]
        lengths = self._lengths(mask) if self.spec.ragged else None
        params: list[Params] = []
        for decoder in self.span_decoders:
            out = decoder(torch.cat([parts[i] for i in decoder.reads], -1), contexts, lengths)
            params += self._at_events(decoder, out, mask)
        return params

    def _scheduled(self, batch: Batch, z: Code, embedding: Embedding, mask: Mask) -> list[Params]:
        """Every step sees, with some probability, a token drawn from the step before (Bengio et al. 2015)."""
        params: list[Params] = []
        for chain, decoder in zip(self._chains(z, batch.condition, embedding), self.span_decoders, strict=True):
            truth = batch.target.reshape(chain.rows, self.steps, -1)[..., chain.fields]
            outputs: list[Tensor] = []
            previous: Row | None = None
            for step in range(self.steps):
                outputs.append(chain.hidden(previous))
                heads = zip(chain.heads, chain.params(outputs[-1]), strict=True)
                drawn = torch.stack([head.draw(params, 1.0) for head, params in heads], 1)
                own = torch.rand(len(drawn), 1, device=drawn.device) < batch.sampling_probability
                previous = torch.where(own, drawn, truth[:, step])
            params += self._at_events(decoder, torch.stack(outputs, 1), mask)
        return params

    def _at_events(self, decoder: SpanDecoder, out: Float[Tensor, "row place hidden"], mask: Mask) -> list[Params]:
        events = self.spec.events(out.reshape(*mask.shape, -1), mask)
        return [head(events) for head in decoder.heads]

    def _lengths(self, mask: Mask) -> Lengths:
        """Steps of every span up to the last one that counts."""
        steps = torch.arange(1, self.steps + 1, device=mask.device)
        return (mask.reshape(-1, self.steps).long() * steps).amax(1).clamp(min=1)
