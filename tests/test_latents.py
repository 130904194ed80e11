"""Latents, against what they stand for."""

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.latents import LATENTS
from musicae.networks.latents.classes import ClassAndStyle
from musicae.networks.latents.deterministic import Deterministic, Sphere
from musicae.networks.latents.gaussian import Gaussian
from musicae.networks.latents.quantized import VectorQuantized
from musicae.networks.latents.wrappers import CodeDropout, CodeNoise, Labeled


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


@pytest.mark.parametrize("name", LATENTS)
def test_settling_twice_is_settling_once(name: str) -> None:
    torch.manual_seed(0)
    latent = LATENTS[name](4, size=8, **({"slots": 2, "vectors": 5} if name == "vector_quantized" else {}))
    latent(torch.randn(40, 4))  # where codebooks begin
    latent.eval()
    z = torch.randn(6, latent.size)
    once = latent.settle(z)
    torch.testing.assert_close(latent.settle(once), once)
    posterior = latent(torch.randn(6, 4))
    torch.testing.assert_close(latent.settle(posterior.z), posterior.z)
    assert posterior.z.shape == posterior.mean.shape == posterior.std.shape == (6, latent.size)
    assert posterior.code.shape == posterior.code_mean.shape == posterior.code_std.shape == (6, latent.code_size)


def test_codes_on_the_sphere_have_norm_one() -> None:
    latent = Sphere(4, size=8)
    torch.testing.assert_close(latent(torch.randn(5, 4)).z.norm(dim=1), torch.ones(5))


def test_the_decoder_reads_the_true_class_where_it_is_known() -> None:
    latent = ClassAndStyle(4, size=3, classes=2)
    posterior = latent(torch.randn(3, 4), torch.tensor([1, 0, -1]))
    assert posterior.z[:2, :2].tolist() == [[0, 1], [1, 0]]
    torch.testing.assert_close(posterior.z[2], posterior.code[2])
    torch.testing.assert_close(posterior.code[:, :2].sum(1), torch.ones(3))
    assert not torch.equal(posterior.code[:2, :2], posterior.z[:2, :2]), "regularizers see what the encoder made of it"
    assert latent.settle(torch.tensor([[-1.0, -1, 5, 5, 5], [3, 1, 0, 0, 0]]))[:, :2].tolist() == [
        [0.5, 0.5],
        [0.75, 0.25],
    ]


def test_slots_take_the_nearest_vector_and_gradients_pass_straight_through() -> None:
    torch.manual_seed(0)
    latent = VectorQuantized(4, size=6, slots=3, vectors=4, commitment=1.0)
    latent(torch.randn(64, 4))
    latent.eval()
    posterior = latent(torch.randn(5, 4))
    slots, vectors = posterior.mean.view(5, 3, 2), latent.codebook
    nearest = (slots[:, :, None] - vectors).square().sum(-1).argmin(-1)
    torch.testing.assert_close(posterior.z, vectors[nearest].flatten(1))
    distance = (posterior.mean - posterior.z).square().sum(1).mean()
    torch.testing.assert_close(posterior.terms["commitment"], distance)
    weights = torch.randn(6)
    (through,) = torch.autograd.grad((posterior.z @ weights).sum(), posterior.mean)
    torch.testing.assert_close(through, weights.expand(5, 6))
    assert 1 <= latent.metrics(torch.randn(100, 6))["codebook_perplexity"] <= 4


def test_what_is_decoded_while_training_is_what_codes_are_drawn_to() -> None:
    torch.manual_seed(0)
    latent = VectorQuantized(4, size=6, slots=3, vectors=16, decay=0.5, commitment=1.0)
    for _ in range(5):
        posterior = latent(torch.randn(8, 4))
        torch.testing.assert_close(latent.settle(posterior.z), posterior.z)
        distance = (posterior.mean - posterior.z).square().sum(1).mean()
        torch.testing.assert_close(posterior.terms["commitment"], distance)


def test_vectors_that_nothing_takes_get_another_place_and_others_stay() -> None:
    torch.manual_seed(0)
    latent = VectorQuantized(4, size=2, slots=1, vectors=8)
    for _ in range(60):
        latent(torch.randn(64, 4))
    assert len(latent.indices(latent(torch.randn(512, 4)).mean).unique()) == 8
    latent = VectorQuantized(4, size=8, slots=4, vectors=128, decay=0.99)  # as many slots as vectors, on average 1
    for _ in range(30):
        latent(torch.randn(32, 4))
    before = latent.codebook.clone()
    latent(torch.randn(32, 4))
    jumped = (latent.codebook - before).norm(dim=1) > 0.5
    assert jumped.double().mean() < 0.1


def test_dropout_hides_part_of_the_code_while_training_alone() -> None:
    torch.manual_seed(0)
    latent = CodeDropout(Deterministic(4, size=1000), 4, keep=0.25)
    posterior = latent(torch.randn(2, 4))
    kept = posterior.z != 0
    assert 0.2 < kept.float().mean() < 0.3
    torch.testing.assert_close(posterior.z[kept], 4 * posterior.mean[kept])
    latent.eval()
    posterior = latent(torch.randn(2, 4))
    assert torch.equal(posterior.z, posterior.mean)


def test_noise_on_codes_has_its_std_while_training_alone() -> None:
    torch.manual_seed(0)
    latent = CodeNoise(Deterministic(4, size=1000), 4, std=0.1)
    posterior = latent(torch.randn(3, 4))
    assert (posterior.z - posterior.mean).std().item() == pytest.approx(0.1, rel=0.1)
    latent.eval()
    posterior = latent(torch.randn(3, 4))
    assert torch.equal(posterior.z, posterior.mean)


def test_a_label_stands_before_the_code_and_is_guessed_where_it_is_unknown() -> None:
    torch.manual_seed(0)
    latent = Labeled(Sphere(4, size=3), 4, classes=2)
    h = torch.randn(64, 4)
    truth = (h[:, 0] > 0).long()
    optimizer = torch.optim.Adam(latent.parameters(), 5e-2)
    for _ in range(100):
        optimizer.zero_grad()
        latent(h, truth).terms["label"].backward()
        optimizer.step()
    known, guessed = latent(h, truth), latent(h)
    assert torch.equal(known.z[:, :2].argmax(1), truth)
    assert (guessed.z[:, :2].argmax(1) == truth).float().mean() > 0.9
    assert torch.equal(known.z[:, 2:], known.code)
    drawn = latent.complete(torch.randn(5, 3), torch.Generator().manual_seed(0))
    assert drawn.shape == (5, 5) and (drawn[:, :2].sum(1) == 1).all()
    assert torch.equal(latent.complete(known.z.detach(), torch.Generator()), known.z)


def test_no_classifier_of_labels_teaches_the_encoder() -> None:
    latent = Labeled(Deterministic(4, size=3), 4, classes=2)
    h = torch.randn(2, 4, requires_grad=True)
    latent(h, torch.tensor([0, 1])).terms["label"].backward()
    assert h.grad is None or not h.grad.any()
