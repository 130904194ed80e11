"""Results as plain data: what is shown of them, to as many digits as all threads agree on."""

from __future__ import annotations

from dataclasses import dataclass, field

from musicae.evaluation.plain import DETAIL, plain


@dataclass(frozen=True)
class Result:
    share: float
    windows: int
    costs: tuple[float, ...] = field(default=(), metadata=DETAIL)


def test_records_are_objects_without_details() -> None:
    assert plain({"a": [Result(0.5, 3, (1.0,))], "b": "c"}) == {"a": [{"share": 0.5, "windows": 3}], "b": "c"}


def test_the_order_in_which_numbers_were_added_is_not_seen() -> None:
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one != other and plain(Result(one, 1)) == plain(Result(other, 1))
    assert plain([1e-12 / 3, True, None]) == [3.33333333e-13, True, None]
