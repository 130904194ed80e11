"""The shapes that networks hand to one another."""

from __future__ import annotations

from jaxtyping import Float, Int64
from torch import Tensor

Tokens = Int64[Tensor, "batch segment step field"]
"""What is encoded and decoded."""
Condition = Int64[Tensor, "batch segment step condition"]
"""What encoder and decoder are conditioned on, a column a condition."""
Features = Float[Tensor, "batch segment step width"]
Mask = Float[Tensor, "batch segment step"]
"""1 where a step counts, 0 after the end of its segment; between, where an end is only likely."""
Encoding = Float[Tensor, "batch hidden"]
Code = Float[Tensor, "batch size"]
ClassLabel = Int64[Tensor, " batch"]
"""The class of every window, -1 where it is unknown."""
Scalar = Float[Tensor, ""]
Row = Int64[Tensor, "row field"]
"""The tokens of one step; a row is a span of a window."""
Params = Float[Tensor, "*event _"]
"""What a head's distribution is made of: logits, say."""
