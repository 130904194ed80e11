"""Heads are distributions over tokens."""

from __future__ import annotations

import math

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.heads import HEADS, Bernoulli, Categorical, Head
from musicae.networks.token_spec import FieldSpec

FIELD = FieldSpec("hits", torch.eye(8))


@pytest.fixture(params=HEADS)
def head(request: pytest.FixtureRequest) -> Head:
    torch.manual_seed(0)
    return HEADS[request.param](6, FIELD)


def test_probabilities_are_those_of_every_token_and_sum_to_one(head: Head) -> None:
    params = head(torch.randn(5, 6))
    p = head.probabilities(params)
    torch.testing.assert_close(p.sum(-1), torch.ones(5))
    for token in range(8):
        torch.testing.assert_close(p[:, token].log(), head.log_prob(params, torch.full((5,), token)))


def test_draws_follow_the_probabilities_and_temperature_sharpens_them(head: Head) -> None:
    params = head(torch.randn(1, 6)).expand(40_000, -1)
    generator = torch.Generator().manual_seed(0)
    for temperature in (1.0, 0.5):
        p = head.probabilities(params[:1] / temperature)[0]
        counts = torch.bincount(head.draw(params, temperature, generator), minlength=8) / len(params)
        torch.testing.assert_close(counts, p, atol=0.01, rtol=0)
    assert (head.draw(params, 0.0) == head.probabilities(params[:1]).argmax()).all()


def test_a_categorical_head_excludes_a_token() -> None:
    head = Categorical(6, FIELD)
    params = head.exclude(head(torch.randn(5, 6)), 3)
    assert (head.probabilities(params)[:, 3] == 0).all()


def test_a_bernoulli_head_says_what_it_cannot_do() -> None:
    with pytest.raises(MusicaeError, match=r"2\^bits tokens; a has 5"):
        Bernoulli(6, FieldSpec("a", torch.eye(5)))
    with pytest.raises(MusicaeError, match="excludes no single token"):
        Bernoulli(6, FIELD).exclude(torch.zeros(1, 3), 2)


def test_bernoulli_log_prob_of_even_bits_is_their_number_times_ln_two() -> None:
    assert Bernoulli(6, FIELD).log_prob(torch.zeros(1, 3), torch.tensor([5])).item() == pytest.approx(-3 * math.log(2))


@pytest.mark.parametrize("temperature", [1e-7, 1e-38, 1e-46, 1e-300])
def test_next_to_no_temperature_takes_the_likeliest(temperature: float) -> None:
    params = torch.tensor([[-300.0, 0.0, 300.0, 299.0]])
    assert Categorical(4, FieldSpec("a", torch.eye(4))).draw(params, temperature).tolist() == [2]
    assert Bernoulli(4, FieldSpec("a", torch.eye(16))).draw(params, temperature).tolist() == [0b1110]
