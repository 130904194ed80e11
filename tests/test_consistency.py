"""What decodings of one code have in common."""

from __future__ import annotations

import pytest

from musicae.errors import MusicaeError
from musicae.evaluation.consistency import Similarity, measure_consistency, similarity, traits_of
from musicae.model import Model
from tests.helpers.models import tiny_model
from tests.helpers.progress import Counter
from tests.helpers.stand_ins import quarters


def test_similarity_of_pairs() -> None:
    tunes = quarters(60, 64, 67, 72), quarters(48, 52, 55), quarters(61, 65, 68, 73), quarters(36, 36, is_drum=True)
    c_major, again, shifted, drums = map(traits_of, tunes)
    assert similarity([(c_major, c_major)]) == Similarity(1.0, 1.0)
    assert similarity([(c_major, again), (c_major, shifted)]) == Similarity(0.5, 14 / 15)
    assert similarity([(drums, drums)]) == Similarity(None, 1.0)


@pytest.mark.parametrize("preset", ["melody-2bar", "multitrack-1bar-chords"])
def test_decodings_by_argmax_are_those_of_their_code_alone(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(preset)
    progress = Counter()
    decode = model.decode
    monkeypatch.setattr(model, "decode", lambda *a, **k: decode(*a, **{**k, "temperature": 0.0}))
    found = measure_consistency(model, codes=16, decodings=3, progress=progress)
    assert progress.done == progress.announced == 48
    assert found.same_code == Similarity(1.0, 1.0)
    other = found.different_codes
    assert other.same_key is not None and other.same_key < 1
    assert other.rhythm_f1 < 1


@pytest.mark.parametrize("few", ["codes", "decodings"])
def test_what_has_no_other_beside_it_is_refused(few: str, model: Model) -> None:
    counts = {"codes": 2, "decodings": 2, few: 1}
    with pytest.raises(MusicaeError, match=f"1 {few}") as refused:
        measure_consistency(model, codes=counts["codes"], decodings=counts["decodings"])
    assert f"2 {few}" in refused.value.hint
