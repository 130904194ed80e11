"""What measurements pass to one another, each kind under one name; tokens as arrays are `model.WindowTokens`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor

WindowTensor = Int64[Tensor, "window segment step field"]
"""Windows as a data set gives them: fields, then conditions."""

ConditionTensor = Int64[Tensor, "window segment step condition"]
CodeArray = Float[np.ndarray, "window size"]
AttributeArray = Float[np.ndarray, "window attribute"]

Advance = Callable[[int], None]
"""Takes how much was done since it was called last."""
