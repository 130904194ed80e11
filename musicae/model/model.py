"""A model: a representation and an autoencoder, music to codes and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Integer
from safetensors.torch import save as save_tensors
from torch import Tensor

from musicae.config import Config, build, complete
from musicae.errors import MusicaeError
from musicae.model.building import TABLES, build_autoencoder, pick_device, pick_precision
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation
from musicae.music.score import Score
from musicae.networks.autoencoder import REGULARIZERS_PREFIX, evaluating
from musicae.networks.batch import Batch
from musicae.networks.decoders.base import TokenDecoder
from musicae.networks.device import autocast, single_threaded
from musicae.networks.recurrent.stack import use_backend
from musicae.networks.sampling import SamplingOptions

BATCH = 256
"""Windows that are encoded or decoded at once."""

CPU_ROWS = 512
"""Spans that a CPU decodes at once: as many as keep their states in its cache."""

WindowTokens = Integer[np.ndarray, "window segment step column"]
"""Fields, then conditions."""
Codes = Float[Tensor, "window size"]


class Model:
    """Music to latent codes and back.

    Attributes:
        name: the name of its folder.
        attributes: per attribute the step in z that raises it (`attribute_vectors.Fit.vector`); empty until fitted.
        spreads: per attribute that has a vector its standard deviation over music; empty if that is not known.
        mode_vector: the step in z that leads from music in C major to music in C minor; None if there is none.
        windows_seen: how many windows its weights were trained on, 0 if that is not known.
        precision: what the matrix products of encoding and decoding are computed in; by default float32 on a CPU.
    """

    def __init__(self, config: Config, name: str = "untitled", device: str = "auto", precision: str = "auto") -> None:
        self.config, self.name = complete(config, TABLES), name
        self._identity = identity_of(self.config)
        self._hashed: tuple[object, str] | None = None
        self.folder: Path | None = None
        self.attributes: dict[str, Tensor] = {}
        self.spreads: dict[str, float] = {}
        self.mode_vector: Tensor | None = None
        self.windows_seen = 0
        self.representation: Representation = build(REPRESENTATIONS, config.representation)
        self.device = pick_device(device)
        self.precision = pick_precision(self.device, precision)
        self.autoencoder = build_autoencoder(config, self.representation.shape).to(self.device).eval()
        use_backend(self.autoencoder, "auto", self.device)
        if any(part.second_derivatives for part in self.autoencoder.regularizers.values()):
            use_backend(self.autoencoder.encoder, "plain", self.device)  # codes alone are differentiated twice

    def __repr__(self) -> str:
        return f"<Model {self.name}: {self.representation}, {self.latent_size} dimensions, on {self.device}>"

    @property
    def latent_size(self) -> int:
        """Dimensions of z."""
        return self.autoencoder.latent.size

    @property
    def parameters(self) -> int:
        """Number of weights, without those of regularizers and of the sampler."""
        named, left_out = self.autoencoder.named_parameters(), (REGULARIZERS_PREFIX, "sampler.")
        return sum(weight.numel() for name, weight in named if not name.startswith(left_out))

    @property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that stand for what the model is, not for how it was trained.

        Computed once for the weights at hand. What its `config.json` leaves out does not count, so that a knob that is
        new since then changes nothing.
        """
        version = tuple((id(tensor), tensor._version) for tensor in self._state().values())
        if self._hashed is None or self._hashed[0] != version:
            digest = hashlib.sha256(self._identity.encode() + self.weights()).hexdigest()[:16]
            self._hashed = (version, digest)
        return self._hashed[1]

    def weights(self, dtype: torch.dtype = torch.float32, **notes: str) -> bytes:
        """The weights as a safetensors file, with notes in its head; whole numbers keep their type."""
        tensors = {
            name: tensor.detach().to("cpu", dtype if tensor.is_floating_point() else tensor.dtype).contiguous()
            for name, tensor in self._state().items()
        }
        return save_tensors(tensors, notes)

    def plays_as(self, other: Model) -> bool:
        """Whether both have the same weights; their samplers may differ."""
        mine, theirs = (dict(model.autoencoder.own_parameters()) for model in (self, other))
        pairs = ((mine[name], theirs[name]) for name in mine.keys() & theirs.keys())
        return mine.keys() == theirs.keys() and all(torch.equal(a.cpu(), b.cpu()) for a, b in pairs)

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Takes over weights that `weights` wrote; those of regularizers, which it leaves out, stay.

        Raises:
            RuntimeError: they are of another network.
        """
        keys = self.autoencoder.load_state_dict(weights, strict=False)
        missing = [name for name in keys.missing_keys if not name.startswith(REGULARIZERS_PREFIX)]
        if missing or keys.unexpected_keys:
            raise RuntimeError(f"missing {missing[:3]}, unexpected {keys.unexpected_keys[:3]}")

    def _state(self) -> dict[str, Tensor]:
        """What encode, decode and sample need."""
        state = self.autoencoder.state_dict(keep_vars=True)  # the same tensors at every call
        return {name: tensor for name, tensor in state.items() if not name.startswith(REGULARIZERS_PREFIX)}

    def require_chords(self) -> None:
        """Make sure that the model is conditioned on chords.

        Raises:
            MusicaeError: it is not.
        """
        if not self.representation.has_chords:
            message = f"model {self.name} is not conditioned on chords"
            raise MusicaeError(message, "choose a model that is", kind="no-chords", model=self.name)

    def encode(self, tokens: WindowTokens | Integer[Tensor, "window segment step column"]) -> Codes:
        """The posterior means of windows, on the CPU."""
        return self.posteriors(torch.as_tensor(tokens).long())[0]

    def encode_each(self, tokens: WindowTokens) -> Codes:
        """`encode`, window by window: to the same bytes on any number of threads, as codes in recipes have to be."""
        return torch.cat([self.encode(window[None]) for window in tokens])

    @torch.no_grad()
    def posteriors(self, windows: Integer[Tensor, "window segment step column"]) -> tuple[Codes, Codes]:
        """Means and standard deviations of the posteriors of windows, on the CPU."""
        if not len(windows):
            return torch.empty(0, self.latent_size), torch.empty(0, self.latent_size)
        with evaluating(self.autoencoder), autocast(self.device, self.precision), single_threaded(len(windows)):
            parts = (self.autoencoder.spec.split(part.to(self.device)) for part in windows.split(BATCH))
            found = [self.autoencoder.encode(tokens, condition) for tokens, condition in parts]
        mean, std = (torch.cat([getattr(part, name).float().cpu() for part in found]) for name in ("mean", "std"))
        return mean, std

    @torch.no_grad()
    def nll(self, z: Codes, tokens: WindowTokens) -> Float[np.ndarray, " window"]:
        """-log p(window | z), teacher forced, in nats per window; the same on any number of threads."""
        batch = Batch.of(self.autoencoder.spec, torch.as_tensor(tokens).long().to(self.device))
        with evaluating(self.autoencoder), autocast(self.device, self.precision), single_threaded():
            codes = self.autoencoder.latent.settle(z.to(self.device))
            found = self.autoencoder.decoder.log_prob(batch, codes, self.autoencoder.embedding)
        return -found.double().cpu().numpy()

    @torch.no_grad()
    def token_log_probs(self, z: Codes, tokens: WindowTokens) -> Float[np.ndarray, "window segment step field"]:
        """log p(token | z, the tokens before it), teacher forced, in nats; 0 where no token is predicted."""
        autoencoder = self.autoencoder
        batch = Batch.of(autoencoder.spec, torch.as_tensor(tokens).long().to(self.device))
        decoder = autoencoder.decoder
        assert isinstance(decoder, TokenDecoder)
        with evaluating(autoencoder), autocast(self.device, self.precision), single_threaded():
            predictions = decoder.predict(batch, autoencoder.latent.settle(z.to(self.device)), autoencoder.embedding)
            log_probs = predictions.field_log_prob().float()  # [field, event]
        found = log_probs.new_zeros(*predictions.mask.shape, len(log_probs))
        found[predictions.mask > 0] = log_probs.T
        return found.cpu().numpy()

    def fit_sampler(self, windows: Integer[Tensor, "window segment step column"]) -> None:
        """Lets the sampler learn where the codes of windows lie."""
        self.autoencoder.sampler.fit(*self.posteriors(windows))

    def decode(
        self,
        z: Codes,
        condition: Integer[np.ndarray, "window segment step condition"] | None = None,
        *,
        forced: Integer[np.ndarray, "window segment step field"] | None = None,
        temperature: float = 0.5,
        seed: int = 0,
    ) -> WindowTokens:
        """Tokens drawn from codes, with their condition; temperature 0 takes the most likely token at every step.

        Args:
            condition: what the decoder is conditioned on (`Representation.condition_of`); by default, no chord.
            forced: tokens that stand whatever is drawn; -1 where the decoder is free.
        """
        spec = self.autoencoder.spec
        shape = (len(z), spec.segments, spec.steps)
        conditions = torch.as_tensor(self.representation.condition_of(()) if condition is None else condition).long()
        conditions = conditions.expand(*shape, len(spec.conditions))
        free = torch.tensor(-1).expand(*shape, len(spec.fields))
        stands = free if forced is None else torch.as_tensor(forced).long().expand_as(free)
        generator = torch.Generator(self.device).manual_seed(seed)
        found = []
        # Around all parts: autocast converts weights once.
        with (
            torch.no_grad(),
            evaluating(self.autoencoder),
            autocast(self.device, self.precision),
            single_threaded(len(z)),
        ):
            for part, beside, there in zip(*(x.split(self._rows()) for x in (z, conditions, stands)), strict=True):
                options = SamplingOptions(temperature, generator, None if forced is None else there.to(self.device))
                tokens = self.autoencoder.sample(part.to(self.device), beside.to(self.device), options)
                found.append(torch.cat([tokens.cpu(), beside], -1))
        return torch.cat(found).numpy()

    def _rows(self) -> int:
        """Windows that are decoded at once."""
        return max(1, CPU_ROWS // self.autoencoder.decoder.spans) if self.device.type == "cpu" else BATCH

    def condition(
        self, tokens: Integer[Tensor, "window segment step column"]
    ) -> Integer[Tensor, "window segment step condition"]:
        """What encoder and decoder are conditioned on in windows."""
        return self.autoencoder.spec.split(tokens)[1]

    def scores(self, tokens: WindowTokens) -> list[Score]:
        """The music of windows."""
        return [self.representation.decode(window) for window in tokens]

    @torch.no_grad()  # a sampler may be a network
    def sample_codes(self, n: int, seed: int) -> Codes:
        """n codes drawn from the sampler, on the CPU."""
        generator = torch.Generator().manual_seed(seed)
        with single_threaded():
            return self.autoencoder.latent.complete(self.autoencoder.sampler.sample(n, generator), generator)


def identity_of(config: Config) -> str:
    """What a configuration says of the model itself, as text."""
    parts = config.to_json()
    for name in ("training", "regularizers", "augmentations", "corruptions"):  # how it was trained
        parts.pop(name, None)
    return json.dumps(parts, sort_keys=True)
