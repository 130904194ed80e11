"""Priors p(z): what the loss compares codes with, and where they may be drawn from."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.groups import GroupSettings
from musicae.networks.normalization import sum_over_processes
from musicae.networks.types import ClassLabel, Code


class Prior(nn.Module, ABC):
    """The interface of priors over codes of some size.

    Attributes:
        group: how its own parameters are trained, if it has some and they learn from a critic.
        closed_form_kl: whether `kl` knows the divergence of a Gaussian from it.
    """

    group: GroupSettings | None = None
    closed_form_kl = False

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator, label: ClassLabel | None = None) -> Code:
        """n independent draws, on the device of the generator.

        Args:
            label: the class of every draw, -1 for any; priors without classes do not look at it.
        """

    def count(self, label: ClassLabel) -> None:
        """Learns from a batch, and those of the other processes, how frequent classes are, if it has some."""

    def kl(self, mean: Code, std: Code) -> Code:
        """KL(N(mean, std^2) || p) in nats, per dimension.

        Raises:
            MusicaeError: there is no closed form.
        """
        name = type(self).__name__
        raise MusicaeError(f"the KL to a {name} has no closed form", "choose prior normal")


def kl_divergence(mean: Code, std: Code) -> Code:
    """KL(N(mean, std^2) || N(0, 1)) in nats, per dimension (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (mean**2 + std**2 - 1) - torch.log(std)


class StandardNormal(Prior):
    """N(0, 1)."""

    closed_form_kl = True

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def kl(self, mean: Code, std: Code) -> Code:
        return kl_divergence(mean, std)

    def sample(self, n: int, generator: torch.Generator, label: ClassLabel | None = None) -> Code:
        return _normal(n, self.size, generator)


class GaussianMixture(Prior):
    """A mixture of Gaussians around a circle in the first two dimensions; N(0, 1) in the others.

    Component k lies in the direction 2 pi k / n; draws are N(radius, radial_std^2) in its direction and
    N(0, tangential_std^2) across (Makhzani et al. 2015, section 2.3). A label is the component of its class.

    Args:
        components: n.
    """

    def __init__(
        self,
        size: int,
        *,
        components: int = 10,
        radius: float = 1.4,
        radial_std: float = 0.5,
        tangential_std: float = 0.05,
    ) -> None:
        super().__init__()
        if size < 2 or components < 1:
            message = "a mixture needs two dimensions and a component at least"
            raise MusicaeError(message, "choose a larger latent.size")
        self.size, self.components = size, components
        self.radius, self.radial_std, self.tangential_std = radius, radial_std, tangential_std

    def sample(self, n: int, generator: torch.Generator, label: ClassLabel | None = None) -> Code:
        draws = _normal(n, self.size, generator)
        component = torch.randint(self.components, (n,), generator=generator, device=draws.device)
        if label is not None:
            component = torch.where(label.to(draws.device) >= 0, label.to(draws.device), component)
        along, across = self.radius + self.radial_std * draws[:, 0], self.tangential_std * draws[:, 1]
        angle = component * (2 * math.pi / self.components)
        first = along * angle.cos() - across * angle.sin()
        second = along * angle.sin() + across * angle.cos()
        return torch.cat([torch.stack([first, second], 1), draws[:, 2:]], 1)


class ClassesAndNormal(Prior):
    """A class, one-hot, and N(0, 1) for the style beside it (Makhzani et al. 2015, section 5).

    Classes are drawn as often as labels have them: a uniform prior of classes that are not equally frequent is what
    no encoder can agree with.

    Args:
        classes: how many there are.
    """

    frequencies: Tensor

    def __init__(self, size: int, *, classes: int = 16) -> None:
        super().__init__()
        if not 0 < classes < size:
            message = f"prior.classes is {classes} in codes of {size} numbers"
            raise MusicaeError(message, "give prior.classes what latent.classes is")
        self.size, self.classes = size, classes
        self.register_buffer("frequencies", torch.full((classes,), 1 / classes))

    @torch.no_grad()
    def count(self, label: ClassLabel) -> None:
        known = torch.bincount(label[label >= 0], minlength=self.classes).to(self.frequencies)
        seen = sum_over_processes(known) if dist.is_initialized() else known
        if seen.any():
            self.frequencies.lerp_(seen / seen.sum(), 0.01)

    def sample(self, n: int, generator: torch.Generator, label: ClassLabel | None = None) -> Code:
        style = _normal(n, self.size - self.classes, generator)
        frequencies = self.frequencies.to(style.device)
        drawn = torch.multinomial(frequencies, n, replacement=True, generator=generator)
        if label is not None:
            drawn = torch.where(label.to(drawn.device) >= 0, label.to(drawn.device), drawn)
        return torch.cat([nn.functional.one_hot(drawn, self.classes).to(style), style], 1)


class LearnedGenerator(Prior):
    """g(s) / |g(s)| with s ~ N(0, I): an MLP whose draws a critic cannot tell from codes (Zhao et al. 2018).

    Args:
        noise: size of s.
        hidden: units of its two hidden layers.
        learning_rate_scale: times the rate of the training.
    """

    def __init__(self, size: int, *, noise: int = 64, hidden: int = 300, learning_rate_scale: float = 0.1) -> None:
        super().__init__()
        self.noise = noise
        self.group = GroupSettings(learning_rate_scale=learning_rate_scale, betas=(0.5, 0.999))
        first = [nn.Linear(noise, hidden), nn.LayerNorm(hidden), nn.ReLU()]
        second = [nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.ReLU()]
        self.net = nn.Sequential(*first, *second, nn.Linear(hidden, size))

    def sample(self, n: int, generator: torch.Generator, label: ClassLabel | None = None) -> Code:
        noise = _normal(n, self.noise, generator)
        weight = next(self.net.parameters())
        with torch.autocast(weight.device.type, enabled=False):
            code = nn.functional.normalize(self.net(noise.to(weight)), dim=1)
        return code.to(noise.device)


def _normal(n: int, size: int, generator: torch.Generator) -> Code:
    return torch.randn(n, size, generator=generator, device=generator.device)


PRIORS: dict[str, Callable[..., Prior]] = {
    "normal": StandardNormal,
    "mixture": GaussianMixture,
    "classes_and_normal": ClassesAndNormal,
    "generator": LearnedGenerator,
}
