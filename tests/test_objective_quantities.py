"""Every objective changes the quantity that it is meant to change: `QUANTITIES` says which, and beside which training.

All trainings see the same 64 windows, of which half are the others an octave higher: that is their class.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from musicae.config import Training, spec
from musicae.corpus import FORMAT, SPLITS
from musicae.corpus.augment import Pairs
from musicae.corpus.corrupt import SubstituteSteps
from musicae.corpus.dataset import Dataset
from musicae.experiments.music.label_probes import LabeledWindows, class_accuracy, own_class_accuracy
from musicae.model import TABLES, Model
from musicae.networks.autoencoder import evaluating
from musicae.networks.batch import Batch
from musicae.networks.corruptions import AdversarialNoise
from musicae.networks.latents.base import Posterior
from musicae.networks.latents.quantized import VectorQuantized
from musicae.networks.regularizers.base import Context, Step
from musicae.networks.regularizers.distances import mmd
from musicae.networks.regularizers.penalties import Contractive
from musicae.objectives import OBJECTIVES, apply
from musicae.presets import PRESETS
from musicae.settings import override
from musicae.training.run import Run
from musicae.training.validation import validate
from musicae.verbs.train import begin

CLASSES = ("low", "high")
WINDOWS, UPDATES = 64, 300

SMALL = replace(
    PRESETS["melody-2bar"],
    representation=spec("melody", bars=1),
    embedding=spec("features", size=16),
    encoder=spec("dense", code=32, hidden=64),
    latent=spec("gaussian", size=16),
    decoder=spec(
        "conductor",
        hidden=64,
        layers=1,
        conductor_hidden=64,
        conductor_layers=1,
        spans_per_segment=4,
        z_every_step=True,
    ),
    augmentations=(),
    training=Training(WINDOWS, UPDATES, "muon", learning_rate=5e-3, min_learning_rate=1e-3, validate_every=100_000),
)
"""A preset that learns a bar by heart in a few seconds."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A model after its training, critics included, and what it learned from."""

    model: Model
    windows: torch.Tensor
    label: torch.Tensor

    @property
    def batch(self) -> Batch:
        return Batch.of(self.model.autoencoder.spec, self.windows, label=self.label, update=UPDATES)

    def posterior(self) -> Posterior:
        """Of the windows, whose class nobody tells."""
        torch.manual_seed(0)
        with torch.no_grad(), evaluating(self.model.autoencoder):
            return self.model.autoencoder.encode_features(*self.model.autoencoder.embed(self.batch))

    def nll(self, z: torch.Tensor) -> float:
        """Nats per window, given codes of whatever."""
        with torch.no_grad(), evaluating(self.model.autoencoder):
            return -self.model.autoencoder.predict(self.batch, z).log_prob().mean().item()


Measure = Callable[[Trained], float]


@dataclass(frozen=True)
class Quantity:
    """What an objective changes.

    Attributes:
        what: in words.
        least: the least that the quantity is after, of what it is without; below 1 it is the most.
        without: settings that take away what the objective is, and leave all else; it is beside the plain autoencoder
            if there are none.
    """

    what: str
    measure: Measure
    least: float
    without: tuple[str, ...] = ()


def sparsity(of: Trained) -> float:
    return validate(of.model.autoencoder, of.windows)["sparsity"]


def jacobian(of: Trained) -> float:
    """|J|, from sixteen random directions."""
    torch.manual_seed(0)
    autoencoder = of.model.autoencoder
    term = Contractive(Context.of(autoencoder.latent, lambda: torch.nn.Identity()), weight=1.0)
    term.label = "contractive"
    step = Step(of.posterior(), of.batch, autoencoder)
    with evaluating(autoencoder):
        return math.sqrt(np.mean([term.terms(step)["contractive"].item() for _ in range(16)]))


def distance_to(prior: str, **knobs: Any) -> Measure:
    """The MMD of codes to draws of a prior, each of the class of its window."""

    def measured(of: Trained) -> float:
        code, source = of.posterior().code, torch.Generator().manual_seed(0)
        drawn = TABLES["prior"][prior](code.shape[1], **knobs)
        classes = of.label if knobs.get("components") == len(CLASSES) else None
        found = []
        for label in range(len(CLASSES)):
            some = code if classes is None else code[of.label == label]
            asked = None if classes is None else torch.full((len(some),), label)
            found.append(np.mean([mmd(some, drawn.sample(len(some), source, asked)).item() for _ in range(16)]))
        return float(np.mean(found))

    return measured


def distance_to_own_draws(of: Trained) -> float:
    code = of.posterior().code
    return mmd(code, of.model.autoencoder.prior.sample(len(code), torch.Generator().manual_seed(0)).detach()).item()


def label_readability(of: Trained) -> float:
    code, label = of.posterior().code.double().numpy(), of.label.double().numpy()
    half = WINDOWS // 2
    return class_accuracy(code[:half], label[:half], code[half:], label[half:])


def class_accuracy_of_its_own(of: Trained) -> float:
    return own_class_accuracy(of.model, LabeledWindows(of.windows, of.label.double().numpy()))


def class_information(of: Trained) -> float:
    """H(mean class) - mean H(class): high where every window is surely of one class, and all are used."""
    p = of.posterior().code[:, : of.model.autoencoder.latent.classes]
    return (torch.special.entr(p.mean(0)).sum() - torch.special.entr(p).sum(1).mean()).item()


def guess_of_mixtures(of: Trained) -> float:
    """How much the critic thinks was mixed in what is half and half."""
    z, autoencoder = of.posterior().z, of.model.autoencoder
    with torch.no_grad(), evaluating(autoencoder):
        features, mask = autoencoder.soft((z + z.roll(1, 0)) / 2, of.batch)
        return autoencoder.adversaries[0].critic(features, mask.float()).mean().item()


def distance_to_codebook(of: Trained) -> float:
    """|z - e|^2 beside the variance of z."""
    latent, mean = of.model.autoencoder.latent, of.posterior().mean
    assert isinstance(latent, VectorQuantized)
    return ((latent.settle(mean) - mean).square().sum() / (mean - mean.mean(0)).square().sum()).item()


def nll_of_half_a_code(of: Trained) -> float:
    torch.manual_seed(0)
    return of.nll(torch.nn.functional.dropout(of.posterior().mean, 0.5))


def nll_of_corrupted(of: Trained) -> float:
    """Where three steps in ten that are encoded are those of other windows."""
    strike = SubstituteSteps(of.model.representation.shape, share=0.3)
    pairs = [strike(Pairs(of.windows, of.windows), torch.Generator().manual_seed(i)) for i in range(8)]
    return float(np.mean([of.nll(of.model.encode(pair.encoder_columns)) for pair in pairs]))


def nll_of_attacked(of: Trained) -> float:
    """Where the encoder reads the noise that changes its own reconstruction most."""
    torch.manual_seed(0)
    autoencoder = of.model.autoencoder
    with evaluating(autoencoder):
        features, mask = autoencoder.embed(of.batch)
        noisy = AdversarialNoise()(features.detach(), mask, of.batch, autoencoder)
        return of.nll(autoencoder.encode_features(noisy, mask).mean.detach())


def nll(of: Trained) -> float:
    return of.nll(of.posterior().mean)


QUANTITIES: dict[str, Quantity] = {
    "autoencoder": Quantity("windows cost fewer nats", nll, 0.8, ("training.updates=1",)),
    "dropout": Quantity("they cost fewer with half of their code", nll_of_half_a_code, 0.9),
    "denoising": Quantity("they cost fewer with steps of others", nll_of_corrupted, 0.95),
    "sparse": Quantity("codes are sparser (Hoyer)", sparsity, 1.2, ("sparse.weight=0",)),
    "contractive": Quantity("codes follow features less (Jacobian)", jacobian, 0.8),
    "vae": Quantity("codes are nearer to N(0, 1) (MMD)", distance_to("normal"), 0.5),
    "wae": Quantity("codes are nearer to N(0, 1) (MMD)", distance_to("normal"), 0.5),
    "wasserstein": Quantity("codes are nearer to N(0, 1) (MMD)", distance_to("normal"), 0.5),
    "aae": Quantity("codes are nearer to N(0, 1) (MMD)", distance_to("normal"), 0.5),
    "aae-mixture": Quantity("codes are nearer to a ring of ten (MMD)", distance_to("mixture", components=10), 0.5),
    "aae-labels": Quantity(
        "codes of a class are nearer to its component (MMD)", distance_to("mixture", components=len(CLASSES)), 0.5
    ),
    "aae-style": Quantity("codes say the class less (linear)", label_readability, 0.8),
    "aae-semi": Quantity(
        "the class of codes is right more often", class_accuracy_of_its_own, 1.3, ("classification.weight=0",)
    ),
    "aae-cluster": Quantity(
        "windows are of many classes, each surely of one", class_information, 1.2, ("adversarial_class.weight=0",)
    ),
    "arae": Quantity(
        "draws are nearer to codes (MMD)",
        distance_to_own_draws,
        0.5,
        ("wasserstein_critic.weight=0", "prior.learning_rate_scale=1e-9"),
    ),
    "arae-transfer": Quantity("codes say the class less (linear)", label_readability, 0.8),
    "acai": Quantity(
        "a critic takes mixtures less for mixtures",
        guess_of_mixtures,
        0.8,
        ("adversarial_interpolation.weight=0",),
    ),
    "vqvae": Quantity("codes are nearer to the codebook", distance_to_codebook, 0.9, ("latent.commitment=0",)),
    "adversarial-denoising": Quantity("windows cost fewer nats under attack", nll_of_attacked, 0.9),
}


@pytest.fixture(scope="module")
def octaves(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Scales and arpeggios of a bar, low, and an octave higher."""
    folder, rng = tmp_path_factory.mktemp("octaves"), np.random.default_rng(1)
    tokens = np.zeros((WINDOWS, 16), dtype=np.uint8)
    for low, high in tokens.reshape(-1, 2, 16):
        spacing, first, interval = rng.choice([2, 4]), rng.integers(30, 42), rng.choice([-2, -1, 1, 2])
        low[::spacing] = first + interval * np.arange(16 // spacing)
        high[::spacing] = low[::spacing] + 12
    tokens = tokens.reshape(-1, 1)
    for split in SPLITS:
        (folder / split).mkdir()
        np.save(folder / split / "tokens.npy", tokens)
        np.save(folder / split / "offsets.npy", np.arange(0, len(tokens), 16, dtype=np.uint32))
        np.save(folder / split / "labels.npy", (np.arange(WINDOWS) % 2).astype(np.int16))
    labels = {"by": "folder", "classes": list(CLASSES)}
    manifest = {"format": FORMAT, "representation": {"name": "melody", "bars": 1}, "labels": labels}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Dataset(folder)


def trained(objective: str, data: Dataset, folder: Path, *settings: str) -> Trained:
    config = apply(SMALL, objective, data.classes)
    slots = ["latent.slots=4", "latent.vectors=16"] if objective == "vqvae" else []
    for setting in [*slots, *settings]:
        config = override(config, setting, TABLES)
    trainer = begin(Run(config, str(data.folder), seed=0), folder, device="cpu")
    trainer.run()
    train = data.split("train")
    everything = torch.arange(len(train))
    label = train.labels_of(everything)
    assert label is not None
    return Trained(trainer.task.model, train.take(everything), label)


@pytest.fixture(scope="module")
def plain(octaves: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The plain autoencoder."""
    return trained("autoencoder", octaves, tmp_path_factory.mktemp("plain"))


def test_every_objective_has_its_quantity() -> None:
    assert list(QUANTITIES) == list(OBJECTIVES)


@pytest.mark.slow
@pytest.mark.parametrize("objective", QUANTITIES)
def test_an_objective_changes_what_it_is_meant_to(
    objective: str, octaves: Dataset, plain: Trained, tmp_path: Path
) -> None:
    quantity = QUANTITIES[objective]
    model = trained(objective, octaves, tmp_path / "with")
    beside = trained(objective, octaves, tmp_path / "without", *quantity.without) if quantity.without else plain
    after, before = quantity.measure(model), quantity.measure(beside)
    said = f"{quantity.what}: {after:.4g}, without it {before:.4g}"
    assert math.isfinite(after) and before > 0, said
    assert after > quantity.least * before if quantity.least > 1 else after < quantity.least * before, said
