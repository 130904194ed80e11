"""The table of augmentations: those of windows, and corruptions of what the encoder reads of them."""

from __future__ import annotations

from collections.abc import Callable

from musicae.corpus.augment import Augmentation, Reharmonize, Transpose, TransposeTarget
from musicae.corpus.corrupt import DropSteps, HoldFlip, MaskSteps, PitchJitter, ShuffleSteps, SubstituteSteps

AUGMENTATIONS: dict[str, Callable[..., Augmentation]] = {
    "transpose": Transpose,
    "transpose_target": TransposeTarget,
    "reharmonize": Reharmonize,
    "mask": MaskSteps,
    "drop": DropSteps,
    "substitute": SubstituteSteps,
    "shuffle": ShuffleSteps,
    "pitch_jitter": PitchJitter,
    "hold_flip": HoldFlip,
}
