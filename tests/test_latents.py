"""Latents, against what they stand for."""

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.latents import Gaussian


def test_std_min_is_added_to_every_std() -> None:
    narrow, wide = Gaussian(2, size=3), Gaussian(2, size=3, std_min=0.25)
    wide.load_state_dict(narrow.state_dict())
    h = torch.randn(4, 2)
    torch.testing.assert_close(wide(h).std, narrow(h).std + 0.25)
    with pytest.raises(MusicaeError, match="std_min"):
        Gaussian(2, std_min=1.0)


def test_means_have_the_same_std_over_windows_in_every_dimension() -> None:
    latent = Gaussian(4, size=3, std_min=0.5, mean_std=2.0)
    h = torch.randn(512, 4) * torch.tensor([1.0, 1e-2, 5.0, 0.0]) + 3
    for _ in range(400):
        trained = latent(h).mean
    torch.testing.assert_close(trained.std(0, correction=0), torch.full((3,), 2.0), rtol=1e-2, atol=0)
    latent.train(False)
    torch.testing.assert_close(latent(h).mean, trained, rtol=2e-2, atol=2e-2)
    torch.testing.assert_close(latent(h[:1]).mean, latent(h).mean[:1])
    latent.train()
    assert torch.isfinite(latent(h[:1]).mean).all(), "a batch of one window"
    with pytest.raises(MusicaeError, match="mean_std"):
        Gaussian(2, mean_std=-1.0)
