"""A model: a representation and an autoencoder, in a folder of `config.json`, `model.safetensors` and a model card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Integer
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from musicae import config as configuration
from musicae.checked_json import read_bytes
from musicae.config import Config, Constructors, build, complete
from musicae.corpus.augmentations import AUGMENTATIONS
from musicae.errors import MusicaeError, error_context
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import AtMostOne, NoLeading, Representation, Shape
from musicae.music.score import Score
from musicae.networks.allowance import Allowance
from musicae.networks.autoencoder import REGULARIZERS_PREFIX, Autoencoder, evaluating
from musicae.networks.corruptions import CORRUPTIONS
from musicae.networks.decoders import DECODERS
from musicae.networks.device import autocast, choose_device, precision, steady
from musicae.networks.embedding import EMBEDDINGS
from musicae.networks.encoders import ENCODERS, FeatureCritic
from musicae.networks.latents import LATENTS
from musicae.networks.latents.wrappers import WRAPPERS
from musicae.networks.priors import PRIORS
from musicae.networks.recurrent.stack import use_backend
from musicae.networks.regularizers import REGULARIZERS
from musicae.networks.regularizers.base import Context
from musicae.networks.samplers import SAMPLERS
from musicae.networks.sampling import Drawing
from musicae.networks.token_spec import DropLeading, FieldSpec, LimitOpenings, SamplingConstraint, TokenSpec
from musicae.storage.atomic import write_atomically, write_together
from musicae.storage.catalog import find
from musicae.storage.tensor_files import FileHead, read_head

TABLES: dict[str, Constructors] = {
    "representation": REPRESENTATIONS,
    "embedding": EMBEDDINGS,
    "encoder": ENCODERS,
    "latent": LATENTS,
    "prior": PRIORS,
    "sampler": SAMPLERS,
    "decoder": DECODERS,
    "wrappers": WRAPPERS,
    "corruptions": CORRUPTIONS,
    "regularizers": REGULARIZERS,
    "augmentations": AUGMENTATIONS,
}
"""What each part of a config chooses from."""

UNSAVED_NUMBERS = 2**22
"""What a network may have besides twice what its file has: critics, tables of features."""

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
        windows_seen: how many windows its weights were trained on, 0 if that is not known.
        precision: what the matrix products of encoding and decoding are computed in; by default float32 on a CPU.
    """

    def __init__(self, config: Config, name: str = "untitled", device: str = "auto", precision: str = "auto") -> None:
        self.config, self.name = complete(config, TABLES), name
        self._identity = _identity(self.config)
        self._hashed: tuple[object, str] | None = None
        self.folder: Path | None = None
        self.attributes: dict[str, Tensor] = {}
        self.windows_seen = 0
        self.representation: Representation = build(REPRESENTATIONS, config.representation)
        self.device = pick_device(device)
        self.precision = pick_precision(self.device, precision)
        self.autoencoder = build_autoencoder(config, self.representation.shape).to(self.device)
        twice = any(part.second_derivatives for part in self.autoencoder.regularizers.values())
        use_backend(self.autoencoder, "plain" if twice else "auto", self.device)

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

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Takes over weights that `weights` wrote; those of regularizers, which it leaves out, stay.

        Raises:
            RuntimeError: they are of another network.
        """
        found = self.autoencoder.load_state_dict(weights, strict=False)
        missing = [name for name in found.missing_keys if not name.startswith(REGULARIZERS_PREFIX)]
        if missing or found.unexpected_keys:
            raise RuntimeError(f"missing {missing[:3]}, unexpected {found.unexpected_keys[:3]}")

    def _state(self) -> dict[str, Tensor]:
        """What encode, decode and sample need."""
        state = self.autoencoder.state_dict()
        return {name: tensor for name, tensor in state.items() if not name.startswith(REGULARIZERS_PREFIX)}

    def require_chords(self) -> None:
        """Make sure that the model is conditioned on chords.

        Raises:
            MusicaeError: it is not.
        """
        if not self.representation.has_chords:
            raise MusicaeError(f"model {self.name} is not conditioned on chords", kind="no-chords", model=self.name)

    def encode(self, tokens: WindowTokens | Integer[Tensor, "window segment step column"]) -> Codes:
        """The posterior means of windows, on the CPU."""
        return self.posteriors(torch.as_tensor(tokens).long())[0]

    @torch.no_grad()
    def posteriors(self, windows: Integer[Tensor, "window segment step column"]) -> tuple[Codes, Codes]:
        """Means and standard deviations of the posteriors of windows, on the CPU."""
        if not len(windows):
            return torch.empty(0, self.latent_size), torch.empty(0, self.latent_size)
        with evaluating(self.autoencoder), autocast(self.device, self.precision), steady(len(windows)):
            parts = (self.autoencoder.spec.split(part.to(self.device)) for part in windows.split(BATCH))
            found = [self.autoencoder.encode(tokens, condition) for tokens, condition in parts]
        mean, std = (torch.cat([getattr(part, name).float().cpu() for part in found]) for name in ("mean", "std"))
        return mean, std

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
        with torch.no_grad(), evaluating(self.autoencoder), autocast(self.device, self.precision), steady(len(z)):
            for part, beside, there in zip(*(x.split(self._rows()) for x in (z, conditions, stands)), strict=True):
                drawing = Drawing(temperature, generator, None if forced is None else there.to(self.device))
                tokens = self.autoencoder.sample(part.to(self.device), beside.to(self.device), drawing)
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

    @torch.no_grad()  # a prior may be a network
    def sample_codes(self, n: int, seed: int) -> Codes:
        """n codes drawn from the sampler, on the CPU."""
        generator = torch.Generator().manual_seed(seed)
        with steady():
            return self.autoencoder.latent.complete(self.autoencoder.sampler.sample(n, generator), generator)


def pick_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        MusicaeError: it is not there.
    """
    try:
        return choose_device(name)
    except (ValueError, RuntimeError) as error:
        raise MusicaeError(str(error), "choose auto, cpu, cuda or mps", kind="no-device", device=name) from None


def pick_precision(device: torch.device, name: str) -> torch.dtype:
    """The precision of that name, `auto` for the one that suits inference on the device.

    Raises:
        MusicaeError: there is none.
    """
    try:
        return precision(device, name)
    except ValueError as error:
        raise MusicaeError(str(error), "choose one of these") from None


def build_autoencoder(config: Config, shape: Shape) -> Autoencoder:
    """The network of a configuration, for tokens of the given shape, freshly initialized.

    Raises:
        MusicaeError: its parts do not fit together.
    """
    spec = token_spec(shape)
    embedding = build(EMBEDDINGS, config.embedding, spec)
    encoder = build(ENCODERS, config.encoder, spec, embedding.width)
    latent = build(LATENTS, config.latent, encoder.size)
    for wrapper in config.wrappers:
        latent = build(WRAPPERS, wrapper, latent, encoder.size)
    prior = build(PRIORS, config.prior, latent.code_size)
    sampler = build(SAMPLERS, config.sampler, latent.size, prior)
    decoder = build(DECODERS, config.decoder, spec, embedding.widths, latent.size)

    def make_critic() -> FeatureCritic:
        return FeatureCritic(build(ENCODERS, config.encoder, spec, embedding.width))

    context = Context.of(latent, make_critic)
    regularizers = {choice.label: build(REGULARIZERS, choice.spec, context) for choice in config.regularizers}
    for label, regularizer in regularizers.items():
        if regularizer.needs_std and not latent.stochastic:
            message = f"{label} needs a posterior with a spread; latent {config.latent.name} has none"
            hint = f"take {label} away, or choose latent gaussian"
            raise MusicaeError(message, hint, kind="unsuitable-regularizer", name=label)
    corruptions = [build(CORRUPTIONS, choice) for choice in config.corruptions]
    return Autoencoder(embedding, encoder, latent, prior, sampler, decoder, regularizers, corruptions)


def token_spec(shape: Shape) -> TokenSpec:
    """What networks know of a representation."""
    fields, conditions = (
        tuple(FieldSpec(f.name, torch.as_tensor(f.features, dtype=torch.float32), f.end) for f in some)
        for some in (shape.fields, shape.conditions)
    )
    constraints = tuple(_constraint(constraint) for constraint in shape.constraints)
    return TokenSpec(shape.segments, shape.steps, fields, conditions, constraints)


def _constraint(constraint: AtMostOne | NoLeading) -> SamplingConstraint:
    if isinstance(constraint, AtMostOne):
        return LimitOpenings(constraint.field, constraint.token, constraint.segments)
    return DropLeading(constraint.field, constraint.token, constraint.onsets)


def save(model: Model, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Writes `config.json` and `model.safetensors`; float16 halves the file and costs no audible precision.

    Attribute vectors that the folder holds go, and those of the model, if it has any, take their place.
    """
    files = {
        folder / "model.safetensors": model.weights(dtype, windows_seen=str(model.windows_seen)),
        folder / "config.json": configuration.dumps(model.config).encode(),
    }
    vectors = {folder / "attributes.safetensors": save_tensors(model.attributes)}
    files |= vectors if model.attributes else {}
    write_together(files, overwrite=True, outdated=[] if model.attributes else [*vectors])
    model.folder, model.name = folder, folder.name


def save_attributes(model: Model) -> Path:
    """Writes the attribute vectors beside the weights; returns the file.

    Raises:
        MusicaeError: the model has no folder yet, or it cannot be written.
    """
    if model.folder is None:
        raise MusicaeError(f"model {model.name} has no folder to keep attribute vectors in", "save the model first")
    path = model.folder / "attributes.safetensors"
    write_atomically(path, save_tensors(model.attributes))
    return path


def load(name: str | Path, device: str = "auto", precision: str = "auto") -> Model:
    """The model of that name or folder.

    Args:
        precision: float32, bfloat16, or auto: float32 on a CPU, so that every processor writes the same notes.

    Raises:
        MusicaeError: there is none, or its files are damaged.
    """
    folder = find(name)
    try:
        with error_context(folder / "config.json"):
            config = configuration.loads(read_bytes(folder / "config.json").decode())
    except (OSError, ValueError) as error:
        raise MusicaeError(f"{folder / 'config.json'} cannot be read: {error}", _DAMAGED) from None
    head = _head_of(folder / "model.safetensors")
    # Random numbers are the caller's, not for weights that are replaced; and the file limits what they take.
    with torch.random.fork_rng(devices=[]), Allowance(2 * head.numbers + UNSAVED_NUMBERS):
        model = Model(config, folder.name, device, precision)
    model._identity = _identity(config)
    try:
        model.load_weights(_read_tensors(folder / "model.safetensors"))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MusicaeError(f"the weights in {folder} do not fit its config.json: {reason}", _DAMAGED) from None
    model.attributes = _vectors_of(folder, model.latent_size)
    model.windows_seen = _whole_number(head.notes.get("windows_seen", "0"), folder / "model.safetensors")
    model.folder = folder
    return model


def _vectors_of(folder: Path, size: int) -> dict[str, Tensor]:
    """The attribute vectors of a model folder, if it has any."""
    path = folder / "attributes.safetensors"
    if not path.exists():
        return {}
    shapes = _head_of(path).shapes
    if wrong := [name for name, shape in shapes.items() if shape != (size,)]:
        detail = f"{wrong[0]:.60} has shape {shapes[wrong[0]]}, codes have {size} numbers"
        raise MusicaeError(f"{path} does not fit the model: {detail}", _DAMAGED)
    return {name: vector.float() for name, vector in _read_tensors(path).items()}


def _whole_number(text: str, path: Path) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise MusicaeError(f"{path} has seen {text[:40]!r} windows, which is no number", _DAMAGED)
    return int(text)


def _identity(config: Config) -> str:
    parts = config.to_json()
    for name in ("training", "regularizers", "augmentations", "corruptions"):  # how it was trained
        parts.pop(name, None)
    return json.dumps(parts, sort_keys=True)


def _head_of(path: Path) -> FileHead:
    try:
        return read_head(path)
    except (OSError, ValueError) as error:
        raise MusicaeError(f"{path} cannot be read: {error}", _DAMAGED) from None


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors = load_tensors(path.read_bytes())
    except (SafetensorError, OSError, KeyError) as error:
        raise MusicaeError(f"{path} cannot be read: {error}", _DAMAGED) from None
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise MusicaeError(f"{path} has numbers that are not finite in {name:.60}", _DAMAGED)
    return tensors


_DAMAGED = "the file is damaged: copy it again, or train the model again"
