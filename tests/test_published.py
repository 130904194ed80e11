"""Published figures."""

from __future__ import annotations

from musicae.evaluation.published import published_figures
from musicae.music.representations import REPRESENTATIONS


def test_published_figures_are_those_of_the_same_kind() -> None:
    trio, melody = (REPRESENTATIONS[name](bars=16) for name in ("trio", "melody"))
    assert published_figures(trio, "conductor")["bass"].sampled == 0.773
    assert published_figures(melody, "flat")["melody"].teacher_forced == 0.883
    assert published_figures(REPRESENTATIONS["melody"](bars=2), "conductor")["melody"].sampled == 0.951
    assert published_figures(REPRESENTATIONS["melody"](bars=4), "flat") == {}
    assert published_figures(REPRESENTATIONS["melody"](bars=2, meter="3/4"), "flat") == {}
    for name in ("melody", "drums", "trio"):
        representation = REPRESENTATIONS[name](bars=16)
        assert set(published_figures(representation, "flat")) == {field.name for field in representation.shape.fields}
