"""The laws that every representation obeys."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from musicae.errors import MusicaeError
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import SHIFTS, Representation, TokenArray
from musicae.music.representations.multitrack import Multitrack
from musicae.music.representations.time_grid import MOST_BARS
from musicae.music.score import Meter, Notes, Score, Tempo, Track
from musicae.music.transposition import moved_into
from tests.helpers.scores import same

BARS = (1, 2, 16)
EVERY = [
    *(pytest.param(REPRESENTATIONS[name](bars=bars), id=f"{name}-{bars}") for name in REPRESENTATIONS for bars in BARS),
    pytest.param(Multitrack(bars=1, chords=True), id="multitrack-1-chords"),
    *(
        pytest.param(REPRESENTATIONS[name](bars=2, meter=meter), id=f"{name}-2-{meter}")
        for name in REPRESENTATIONS
        for meter in ("3/4", "6/8", "5/4", "12/8", "7/8")
        if name != "multitrack" or meter not in ("5/4", "12/8")
    ),
]
every = pytest.mark.parametrize("representation", EVERY)
laws = settings(max_examples=25)
seeds = st.integers(0, 2**32 - 1)

NOTES = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 900), st.integers(0, 127)), max_size=12)
TRACKS = st.lists(st.tuples(NOTES, st.sampled_from((0, 24, 33, 39, 40, 80, 120)), st.booleans()), max_size=4)
METERS = st.lists(
    st.tuples(st.integers(0, 3000), st.sampled_from(((4, 4), (2, 4), (1, 4), (3, 4), (6, 8)))), max_size=3
)
SCORES = st.tuples(TRACKS, METERS, st.sampled_from((24, 96, 101, 480)))


def built(parts: Any) -> Score:
    """A score from what `SCORES` draws."""
    tracks, meters, ticks_per_quarter = parts
    return Score(
        ticks_per_quarter,
        tuple(
            Track(Notes.of((start, start + length, pitch, 64) for start, length, pitch in notes), program, is_drum)
            for notes, program, is_drum in tracks
        ),
        end=max((start + length for notes, _, _ in tracks for start, length, _ in notes), default=0),
        meters=(Meter(0, 4, 4), *(Meter(tick, *fraction) for tick, fraction in sorted(meters))),
    )


def written(representation: Representation, score: Score) -> TokenArray:
    """The tokens of a score without what is given beside them: chords are heard in the whole of a piece."""
    return representation.encode(score)[..., : len(representation.shape.fields)]


def fields(representation: Representation) -> list[tuple[int, Any]]:
    return list(enumerate(representation.shape.fields))


@every
@laws
@given(seeds)
def test_canonical_scores_survive(representation: Representation, seed: int) -> None:
    music = representation.generate(np.random.default_rng(seed))
    tokens, shape = representation.encode(music), representation.shape
    assert tokens.shape == (shape.segments, shape.steps, len(shape.columns))
    assert representation.decode(tokens) == music


@every
@laws
@given(seeds, st.floats(0, 1))
def test_nothing_sounds_behind_silence(representation: Representation, seed: int, share: float) -> None:
    generator, shape = np.random.default_rng(seed), representation.shape
    vocabularies = [field.vocabulary for field in shape.fields]
    tokens = generator.integers(0, vocabularies, (shape.segments, shape.steps, len(vocabularies)))
    bar = representation.grid.quarters
    quarters = share * representation.bars * bar
    silence = representation.silence_from(quarters)
    music = representation.decode(np.where(silence >= 0, silence, tokens))
    end = max((track.notes.end.max() for track in music.tracks if len(track.notes)), default=0) / 480
    grain = bar if isinstance(representation, Multitrack) else 1 / 4
    assert end <= quarters + grain, "the next step, or bar, is the first that is known"
    assert representation.bars == round(music.end / 480 / bar)


@every
@laws
@given(seeds)
def test_canonical_scores_survive_a_file(representation: Representation, seed: int) -> None:
    music = representation.generate(np.random.default_rng(seed))
    assert same(written(representation, read_midi(midi_bytes(music))), written(representation, music))


@every
@laws
@given(SCORES)
def test_accepted_scores_encode_alike_ever_after(representation: Representation, parts: Any) -> None:
    try:
        tokens = written(representation, built(parts))
    except MusicaeError:
        assume(False)
    assert all(0 <= tokens[..., i].min() <= tokens[..., i].max() < f.vocabulary for i, f in fields(representation))
    assert same(written(representation, representation.decode(tokens)), tokens)


@laws
@given(seeds)
def test_rows_that_are_too_full_encode_alike_ever_after(seed: int) -> None:
    generator, multitrack = np.random.default_rng(seed), Multitrack(bars=1)

    def crowded(is_drum: bool) -> Track:
        n = int(generator.integers(10, 60))
        start, length, pitch, velocity = generator.integers((0, 1, 30, 1), (94, 40, 90, 128), (n, 4)).T
        return Track(
            Notes.of(zip(start, np.minimum(start + length, 96), pitch, velocity, strict=True)), is_drum=is_drum
        )

    score = Score(24, tuple(crowded(number == 0) for number in range(generator.integers(2, 10))), end=96)
    tokens = multitrack.encode(score)
    assert (tokens[..., -1, 0] >= 0).all() and same(multitrack.encode(multitrack.decode(tokens)), tokens)


@every
@laws
@given(seeds)
def test_any_tokens_decode(representation: Representation, seed: int) -> None:
    generator = np.random.default_rng(seed)
    shape = (representation.shape.segments, representation.shape.steps)
    kept = generator.random(shape) < generator.random()
    tokens = np.stack([kept * generator.integers(f.vocabulary, size=shape) for _, f in fields(representation)], axis=-1)
    music = representation.decode(tokens)
    assert music.end == representation.bars * representation.grid.ticks(music.ticks_per_quarter)
    for part in music.tracks:
        assert all(0 <= start < end <= music.end for start, end, _, _ in part.notes.rows())
        assert part.notes == Notes.of(part.notes.rows())
    once = written(representation, music)
    assert same(written(representation, representation.decode(once)), once)


@every
@laws
@given(seeds)
def test_transposition_commutes_with_encoding(representation: Representation, seed: int) -> None:
    music = representation.generate(np.random.default_rng(seed))
    tokens = written(representation, music)
    for row, shift in enumerate(SHIFTS):
        moved = np.stack([f.transposition[row][tokens[..., i]] for i, f in fields(representation)], axis=-1)
        for i, field in fields(representation):
            moved[tokens[:, 0, i] == field.untransposed_marker, :, i] = tokens[
                tokens[:, 0, i] == field.untransposed_marker, :, i
            ]
        if moved.min() >= 0:
            assert same(written(representation, moved_into(music, shift).score), moved)


@every
@laws
@given(SCORES)
def test_streams_keep_their_contract(representation: Representation, parts: Any) -> None:
    music = built(parts)
    streams, refusals = representation.streams(music)
    assert streams or refusals or not music.tracks
    for stream in streams:
        rows = representation.window // representation.bars
        assert stream.tokens.shape == (rows * len(stream.bars), len(representation.shape.columns))
        assert stream.playing.shape == (len(representation.shape.fields), len(stream.bars))
        assert (np.diff(stream.bars) > 0).all()
        assert stream.label and all(0 <= index < len(music.tracks) for index in stream.tracks)
    for refusal in refusals:
        assert -1 <= refusal.track < len(music.tracks) and refusal.reason and refusal.remedy


@every
@laws
@given(seeds, st.lists(st.tuples(st.integers(1, 2000), st.floats(20, 400)), max_size=4))
def test_tempi_do_not_matter(representation: Representation, seed: int, tempi: list[tuple[int, float]]) -> None:
    music = representation.generate(np.random.default_rng(seed))
    changed = replace(music, tempi=(Tempo(0, 71.0), *(Tempo(*tempo) for tempo in sorted(tempi))))
    assert same(written(representation, changed), written(representation, music))


@every
@laws
@given(seeds, st.sampled_from((24, 220, 960)))
def test_resolution_and_order_of_notes_do_not_matter(representation: Representation, seed: int, ticks: int) -> None:
    music = representation.generate(np.random.default_rng(seed))
    again = Score(
        ticks,
        tuple(
            replace(
                part, notes=Notes.of((a * ticks // 480, b * ticks // 480, p, v) for a, b, p, v in part.notes.rows())
            )
            for part in music.tracks
        ),
        end=music.end * ticks // 480,
        meters=music.meters,
    )
    assert same(written(representation, again), written(representation, music))


@every
def test_fields_agree_with_their_vocabularies(representation: Representation) -> None:
    for _, field in fields(representation):
        assert len(field.features) == field.vocabulary and field.features.dtype == np.float32
        assert len(np.unique(field.features, axis=0)) == field.vocabulary
        assert field.transposition.shape == (len(SHIFTS), field.vocabulary)
        assert field.transposition.min() >= -1 and field.transposition.max() < field.vocabulary
        assert (field.transposition[SHIFTS.index(0)] == np.arange(field.vocabulary)).all()


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_one_to_64_bars(name: str) -> None:
    longest = REPRESENTATIONS[name](bars=MOST_BARS)
    music = longest.generate(np.random.default_rng(0))
    assert (
        longest.decode(longest.encode(music)) == music
        and longest.window == MOST_BARS * REPRESENTATIONS[name](bars=1).window
    )
    for bars in (0, -1, MOST_BARS + 1):
        with pytest.raises(MusicaeError, match=f"{bars} bars"):
            REPRESENTATIONS[name](bars=bars)


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_a_score_without_notes_is_rests(name: str) -> None:
    representation = REPRESENTATIONS[name](bars=1)
    tokens = representation.encode(Score(480, (), end=0))
    assert not any(track.notes for track in representation.decode(tokens).tracks)
    assert representation.streams(Score(480, (), end=0))[0] == []
