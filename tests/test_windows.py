"""Windows: what is dropped, judged, hashed and chosen, each against the slow and obvious way."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Bool, Integer

from musicae.corpus.dataset import Windows
from musicae.corpus.policy import policy_of
from musicae.corpus.window_hashes import window_hashes
from musicae.corpus.windows import drop_leading_note_offs, filter_windows, onsets, rows_per_bar
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import SHIFTS, Field, NoLeading, Representation, Shape, Stream
from musicae.music.representations.melody import Melody
from musicae.music.representations.trio import Trio

SEEDS = st.integers(0, 2**32)

Window = Integer[np.ndarray, "time field"]


def random_stream(name: str, seed: int) -> tuple[Stream, Representation]:
    """A stream of few different tokens, so that windows repeat, with silences and jumps."""
    generator = np.random.default_rng(seed)
    representation = REPRESENTATIONS[name](bars=int(generator.integers(1, 6)))
    length, fields = int(generator.integers(0, 13)), representation.shape.fields
    tokens = np.stack(
        [generator.choice([0, 0, 1, 1, 7, 9], length * rows_per_bar(representation)) for _ in fields], axis=1
    )
    tokens[generator.random(len(tokens)) < generator.choice([0, 0.9])] = 0
    playing = generator.integers(0, 3, size=(len(fields), length))
    numbers = np.cumsum(generator.choice([1, 1, 1, 1, 5], length))
    return Stream(tokens, playing, numbers, (0,), ""), representation


def cut(stream: Stream, representation: Representation) -> list[Window]:
    rows, bars = rows_per_bar(representation), representation.bars
    return [stream.tokens[rows * bar : rows * (bar + bars)] for bar in range(len(stream.bars) - bars + 1)]


def dropped_one_by_one(window: Window, representation: Representation) -> Window:
    dropped = window.copy()
    for line in representation.shape.no_leading:
        for row in range(len(window)):
            if window[row, line.field] in line.onsets:
                break
            if window[row, line.field] == line.token:
                dropped[row, line.field] = 0
    return dropped


def longest_run(flags: Bool[np.ndarray, " bar"]) -> int:
    return max((len(list(run)) for flag, run in itertools.groupby(flags.tolist()) if flag), default=0)


@pytest.mark.parametrize("name", REPRESENTATIONS)
@given(seed=SEEDS)
def test_filters_and_dropped_note_offs_agree_with_their_definitions(name: str, seed: int) -> None:
    stream, representation = random_stream(name, seed)
    verdicts = filter_windows(stream.tokens, stream.playing, stream.bars, representation, representation.bars)
    cuts = cut(stream, representation)
    assert len(verdicts.usable) == len(cuts)
    for bar, window in enumerate(cuts):
        inside = slice(bar, bar + representation.bars)
        assert verdicts.broken[bar] == any(np.diff(stream.bars[inside]) != 1)
        policy = policy_of(representation)
        silent = stream.playing[:, inside] < policy.min_instruments
        assert verdicts.silent[bar] == any(longest_run(part) > policy.max_silent_bars for part in silent)
        started = window[:, 0][onsets(window, representation.shape.fields)[:, 0]]
        assert verdicts.few_pitches[bar] == (len(set(started.tolist())) < policy_of(representation).min_pitches)
        assert (
            drop_leading_note_offs(window, representation.shape) == dropped_one_by_one(window, representation)
        ).all()


@pytest.mark.parametrize("name", REPRESENTATIONS)
@given(seed=SEEDS)
def test_hashes_are_equal_for_equal_windows_alone(name: str, seed: int) -> None:
    stream, representation = random_stream(name, seed)
    shape, rows = representation.shape, rows_per_bar(representation)
    exact, relative = window_hashes(stream.tokens, shape, rows, representation.bars)
    dropped = [dropped_one_by_one(window, representation).tobytes() for window in cut(stream, representation)]
    assert len(exact) == len(relative) == len(dropped)
    for (i, a), (j, b) in itertools.combinations(enumerate(dropped), 2):
        assert (exact[i] == exact[j]) == (a == b)
    shift = SHIFTS[seed % len(SHIFTS)]
    table = [field.transposition[SHIFTS.index(shift)] for field in shape.fields]
    moved = np.stack([table[i][stream.tokens[:, i]] for i in range(len(table))], axis=1)
    if (moved >= 0).all():
        assert (window_hashes(moved, shape, rows, representation.bars)[1] == relative).all()


RULES = (NoLeading(0, 1, range(2, 10)), NoLeading(1, 5, range(2, 4)), NoLeading(1, 9, range(8)))
"""Note-offs below the onsets, above them, and with all other tokens as onsets."""


@pytest.mark.parametrize("rule", RULES)
@given(seed=SEEDS)
def test_gathered_windows_and_their_hashes_obey_one_rule_of_leading_note_offs(rule: NoLeading, seed: int) -> None:
    generator = np.random.default_rng(seed)
    rows, bars, length = 4, int(generator.integers(1, 4)), 6
    table = np.zeros((len(SHIFTS), 10), dtype=np.int64)
    fields = tuple(Field(name, 10, np.eye(10, dtype=np.float32), table, range(1, 10)) for name in "ab")
    shape = Shape(bars, rows, fields, constraints=(rule,))
    tokens = generator.choice([0, 0, 1, 2, 5, 9], (rows * length, 2))
    starts = np.arange(length - bars + 1)
    dropped = np.stack([drop_leading_note_offs(tokens[rows * i : rows * (i + bars)], shape) for i in starts])
    gathered = Windows(torch.from_numpy(tokens), torch.from_numpy(starts * rows), shape).take(torch.arange(len(starts)))
    assert (gathered.flatten(1, 2).numpy() == dropped).all()
    exact, _ = window_hashes(tokens, shape, rows, bars)
    plain = replace(shape, constraints=())
    assert exact.tolist() == [int(window_hashes(window, plain, rows, bars)[0][0]) for window in dropped]


def test_relative_hashes_tell_tunes_apart() -> None:
    shape = Melody(bars=1).shape

    def relative(*pitches: int) -> int:
        tokens = np.zeros((16, 1), dtype=np.int64)
        tokens[: len(pitches), 0] = pitches
        return int(window_hashes(tokens, shape, 16, 1)[1][0])

    assert relative(40, 42, 44) == relative(50, 52, 54)
    assert len({relative(40, 42, 44), relative(40, 42, 45), relative(40, 0, 42, 44), relative(40, 42, 44, 1)}) == 4


@given(SEEDS)
def test_dropping_changes_nothing_twice(seed: int) -> None:
    representation = Trio(bars=2)
    tokens = np.random.default_rng(seed).integers(0, 4, (3, 32, 3))
    dropped = drop_leading_note_offs(tokens, representation.shape)
    assert (drop_leading_note_offs(dropped, representation.shape) == dropped).all()
    assert all(
        (drop_leading_note_offs(one, representation.shape) == many).all()
        for one, many in zip(tokens, dropped, strict=True)
    )
