"""The principal directions of the codes of music, by which places in a latent space have names.

What a model's sampler knows of the codes of its training windows tells them: a flow keeps them, a Gaussian its
covariance, a bootstrap mixtures of the codes themselves. A sampler that draws from the prior knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jaxtyping import Float, Float64
from torch import Tensor

from musicae import geometry
from musicae.clips.names import DIRECTION_NAMES
from musicae.clips.recipe import PartCode
from musicae.errors import MusicaeError, unknown_name
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.networks.device import single_threaded
from musicae.training.attribute_vectors import require_vectors, spread_of


@dataclass(frozen=True, eq=False)
class Directions:
    """Orthonormal directions through the mean code of music, the widest first; there may be none.

    Attributes:
        stds: of the codes of music along each.
    """

    mean: Float64[Tensor, " size"]
    axes: Float64[Tensor, "direction size"]
    stds: Float64[Tensor, " direction"]

    @property
    def names(self) -> tuple[str, ...]:
        """`direction1` and so on."""
        return DIRECTION_NAMES[: len(self.axes)]

    def coordinates(self, z: PartCode) -> dict[str, float]:
        """How many standard deviations a code lies from the mean along each: (z - mean) . axis / std."""
        found = (self.axes @ (z.double() - self.mean) / self.stds).tolist()
        return dict(zip(self.names, found, strict=True))

    def step(self, name: str) -> Float64[Tensor, " size"]:
        """One standard deviation along a direction.

        Raises:
            MusicaeError: there is no such direction.
        """
        number = self._number(name)
        return self.stds[number] * self.axes[number]

    def move(self, z: PartCode, amounts: Mapping[str, float]) -> PartCode:
        """z + sum of amount x std x axis.

        Raises:
            MusicaeError: there is no such direction.
        """
        return geometry.move(z, {name: self.step(name) for name in amounts}, amounts)

    def chosen(self, names: Mapping[str, float]) -> Float64[Tensor, "direction size"]:
        """The axes of some of them, as rows."""
        return self.axes[[self._number(name) for name in names]]

    def _number(self, name: str) -> int:
        if name not in self.names:
            if not self.names:
                message = "no direction has a name: the model's sampler has learned nothing of the codes of music"
                raise MusicaeError(message, "choose a model whose sampler was fitted", kind="no-directions")
            raise unknown_name("direction", name, self.names)
        return self.names.index(name)


def directions_of(model: Model) -> Directions:
    """The named directions of a model's codes; the same on any number of threads."""
    known = model.autoencoder.sampler.moments()
    return directions_from(known.mean, known.rows)


def directions_from(mean: PartCode, rows: Float[Tensor, "row size"]) -> Directions:
    """The directions of codes of some mean and of covariance rows^T rows."""
    with single_threaded():
        axes, stds = geometry.principal_axes(rows, len(DIRECTION_NAMES))
    return Directions(mean.double(), axes, stds)


def require_names(model: Model, names: Iterable[str]) -> None:
    """Make sure that a model has some attributes and directions, and knows how much they vary.

    Raises:
        MusicaeError: there is no such name, or the model has it not.
    """
    directions = directions_of(model)
    for name in names:
        if name in DIRECTION_NAMES:
            directions.step(name)
        elif name in ATTRIBUTES:
            require_vectors(model, [name])
            spread_of(model, name)
        else:
            raise unknown_name("attribute or direction", str(name), [*model.attributes, *directions.names])
