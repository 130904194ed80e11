"""How much of held-out music comes back through its code, beside what comes back without any: in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from jaxtyping import Int64
from torch import Tensor

from musicae.networks.token_spec import TokenSpec
from musicae.training.reporter import Metrics

NOTHING = 0.1
"""A model that gets less than this share of what its baseline gets wrong plays back nothing. One that lacks more than
this share of what the baseline gets right is worse than it."""

FREE_RUNNING = "free_running/"


@dataclass(frozen=True)
class Playback:
    """The share of held-out steps that a model plays back given the code alone, on average over fields.

    Attributes:
        baseline: the same of a model that always holds.
        holding: what such a model does, in words.
        unit: what is counted.
    """

    share: float
    baseline: float
    holding: str = "always holding one note"
    unit: str = "steps"

    @classmethod
    def of(cls, shares: Mapping[str, float], baselines: Mapping[str, float]) -> Playback:
        """From the shares of every field."""
        found = cls(fmean(shares.values()), fmean(baselines.values()))
        return cls(found.share, found.baseline, *WORDS.get(tuple(shares), (found.holding, found.unit)))

    @classmethod
    def of_metrics(cls, metrics: Metrics, baselines: Mapping[str, float]) -> Playback:
        """From what a validation measures."""
        return cls.of({name: metrics[f"{FREE_RUNNING}{name}"] for name in baselines}, baselines)

    @property
    def nothing(self) -> bool:
        """Whether the model does next to nothing that holding does not."""
        return self.share - self.baseline < NOTHING * (1 - self.baseline)

    @property
    def beside_baseline(self) -> str:
        """Both shares in a sentence."""
        ours, theirs = f"{in_percent(self.share)} of the {self.unit}", in_percent(self.baseline)
        if self.nothing:
            compared = "as good as" if self.share >= (1 - NOTHING) * self.baseline else "worse than"
            return f"it plays back nothing: {ours}, {compared} {self.holding} ({theirs})"
        return f"it plays back {ours}; {self.holding} would get {theirs}"

    @property
    def precisely(self) -> str:
        """The share, to be compared with others that are near."""
        return f"{in_percent(self.share, 1)} of the held-out {self.unit}"

    def __str__(self) -> str:
        return f"{in_percent(self.share)} of the held-out {self.unit}"


def outcome(parent: Playback, now: Playback, *, kept: bool) -> str:
    """What came of a training that began with the weights of a model.

    Args:
        kept: no update led to better weights than the parent's.
    """
    if kept:
        return f"no update did better than the parent, which plays back {parent.precisely}: its weights are kept"
    return f"the parent played back {parent.precisely}, now {in_percent(now.share, 1)}"


def hold_shares(spec: TokenSpec, windows: Int64[Tensor, "window segment step field"]) -> Metrics:
    """By field, the share of right steps of a model that lets everything go on (token 0), or ends where it can."""
    mask = spec.mask(windows).bool()
    right = {field.name: windows[..., i] == max(field.end, 0) for i, field in enumerate(spec.fields)}
    return {name: int((hits & mask).sum()) / int(mask.sum()) for name, hits in right.items()}


def in_percent(share: float, digits: int = 0) -> str:
    """A share as people read it, e.g. "61 %"."""
    return f"{100 * share:.{digits}f} %"


WORDS: dict[tuple[str, ...], tuple[str, str]] = {
    ("drums",): ("silence", "steps"),
    ("events",): ("empty bars", "events"),
}
"""By the names of fields, what a model does that always holds, and what is counted; of others the default."""
