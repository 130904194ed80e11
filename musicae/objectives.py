"""Objectives: the autoencoders of the literature, each as what it changes in a configuration. Inert data.

A latent, a prior, regularizers and corruptions; representation, encoder, decoder and schedule stay those of the preset.

Weights. The nll is summed over the steps of a window and averaged over the batch, so every weight is compared with
the nats of a whole window. Published weights are of mean squared errors of pixels or of mean cross-entropies; times the
number of terms of a window, rounded, they are those here. `training` stages adversarial terms in over their first
updates (`start`, `ramp`), since a critic that wins early keeps an autoencoder from ever reconstructing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from musicae.config import Config, Named, Spec, named, pick, spec
from musicae.errors import MusicaeError

NUMBER_OF_LABELS = -1
"""Stands for how many classes the labels of a data set have."""

DETERMINISTIC, NORMAL, PRIOR, BOOTSTRAP = map(spec, ("deterministic", "normal", "prior", "mixture_bootstrap"))
PENALIZED_CRITIC = named("wasserstein_critic", clamp=0.0, gradient_penalty=1.0)
"""As in the code that Zhao et al. published last; with clamped weights, as in their text, all draws became one."""

MAKHZANI = "Makhzani et al. 2015, arXiv:1511.05644"


@dataclass(frozen=True)
class Objective:
    """What an autoencoder is trained for.

    Attributes:
        summary: what it is, in a line.
        source: who proposed it.
        latent: without its size.
        augmentations: corruptions of the tokens that the encoder reads, after those of the preset.
        labels: whether it needs windows with labels.
    """

    summary: str
    source: str
    latent: Spec = DETERMINISTIC
    wrappers: tuple[Spec, ...] = ()
    prior: Spec = NORMAL
    sampler: Spec = BOOTSTRAP
    corruptions: tuple[Spec, ...] = ()
    regularizers: tuple[Named, ...] = ()
    augmentations: tuple[Spec, ...] = ()
    labels: bool = False

    def of_classes(self, classes: int) -> Objective:
        """The objective where labels have so many classes."""

        def counted(choice: Spec) -> Spec:
            arguments = choice.arguments.items()
            return Spec(choice.name, {key: classes if value == NUMBER_OF_LABELS else value for key, value in arguments})

        return replace(
            self,
            latent=counted(self.latent),
            wrappers=tuple(map(counted, self.wrappers)),
            prior=counted(self.prior),
            regularizers=tuple(replace(item, spec=counted(item.spec)) for item in self.regularizers),
        )


def apply(config: Config, name: str, labels: Sequence[str] = ()) -> Config:
    """The configuration with another objective; the size of codes stays.

    Args:
        labels: the names of the classes of the data set's labels.

    Raises:
        MusicaeError: there is no such objective, or it needs labels and there are none.
    """
    objective: Objective = pick(OBJECTIVES, name, "objective", "unknown-objective")
    if objective.labels and len(labels) < 2:
        message = f"objective {name} needs a data set whose windows are labeled with two classes or more"
        raise MusicaeError(message, "label the data set", kind="no-labels", objective=name)

    objective = objective.of_classes(len(labels))
    size: Any = config.latent.arguments["size"]
    latent = objective.latent
    return replace(
        config,
        latent=Spec(latent.name, {"size": size, **latent.arguments}),
        wrappers=objective.wrappers,
        prior=objective.prior,
        sampler=objective.sampler,
        corruptions=objective.corruptions,
        regularizers=objective.regularizers,
        augmentations=config.augmentations + objective.augmentations,
        labels=tuple(labels) if objective.labels else (),
    )


OBJECTIVES: dict[str, Objective] = {
    "autoencoder": Objective("a code and nothing else", "Hinton and Salakhutdinov 2006"),
    "dropout": Objective(
        "half of the code is hidden from the decoder",
        "Srivastava et al. 2014; on codes as in Berthelot et al. 2019",
        wrappers=(spec("dropout", keep=0.5),),
    ),
    "denoising": Objective(
        "the encoder reads three steps in ten from other music",
        "Vincent et al. 2008",
        augmentations=(spec("substitute", share=0.3),),
    ),
    "sparse": Objective(
        "a cost on the size of codes whose variance is fixed",
        "Ng 2011",
        latent=spec("deterministic", mean_std=1.0),
        regularizers=(named("sparse", weight=0.05),),
    ),
    "contractive": Objective(
        "a cost on how much the code follows the input",
        "Rifai et al. 2011",
        regularizers=(named("contractive", weight=0.1),),
    ),
    "vae": Objective(
        "codes are distributions, near N(0, 1) by their KL",
        "Kingma and Welling 2014; beta as in Roberts et al. 2018",
        latent=spec("gaussian"),
        sampler=PRIOR,
        regularizers=(named("kl", beta=0.2, beta_rate=0.999),),
    ),
    "wae": Objective(
        "the codes of a batch are like draws of N(0, 1), by their MMD",
        "Tolstikhin et al. 2018, arXiv:1711.01558",
        sampler=PRIOR,
        regularizers=(named("mmd", weight=100.0),),
    ),
    "wasserstein": Objective(
        "codes are distributions, near N(0, 1) by their Wasserstein distance",
        "closed form of W2 between Gaussians",
        latent=spec("gaussian"),
        sampler=PRIOR,
        regularizers=(named("wasserstein", weight=0.1),),
    ),
    "aae": Objective(
        "a critic cannot tell codes from draws of N(0, 1)",
        MAKHZANI,
        sampler=PRIOR,
        regularizers=(named("adversarial_prior"),),
    ),
    "aae-mixture": Objective(
        "a critic cannot tell codes from draws of ten Gaussians in a ring",
        MAKHZANI,
        prior=spec("mixture", components=10),
        sampler=PRIOR,
        regularizers=(named("adversarial_prior"),),
    ),
    "aae-labels": Objective(
        "the same, with a Gaussian for every class of the labels",
        MAKHZANI,
        prior=spec("mixture", components=NUMBER_OF_LABELS),
        sampler=PRIOR,
        regularizers=(named("adversarial_prior", labels=NUMBER_OF_LABELS),),
        labels=True,
    ),
    "aae-style": Objective(
        "the decoder knows the class, the code holds the rest",
        MAKHZANI,
        wrappers=(spec("labeled", classes=NUMBER_OF_LABELS),),
        sampler=PRIOR,
        regularizers=(named("adversarial_prior"),),
        labels=True,
    ),
    "aae-semi": Objective(
        "the code says the class, learned from the labels that there are",
        MAKHZANI,
        latent=spec("class_and_style", classes=NUMBER_OF_LABELS),
        prior=spec("classes_and_normal", classes=NUMBER_OF_LABELS),
        sampler=PRIOR,
        regularizers=(
            named("adversarial_prior", label="adversarial_class", part="class", weight=1.0),
            named("adversarial_prior", label="adversarial_style", part="style"),
            named("classification", weight=5.0),
        ),
        labels=True,
    ),
    "aae-cluster": Objective(
        "the code says one of sixteen classes that nobody named",
        MAKHZANI,
        latent=spec("class_and_style", classes=16),
        prior=spec("classes_and_normal", classes=16),
        sampler=PRIOR,
        regularizers=(
            named("adversarial_prior", label="adversarial_class", part="class"),
            named("adversarial_prior", label="adversarial_style", part="style"),
        ),
    ),
    "arae": Objective(
        "codes on a sphere, and a generator whose draws a critic cannot tell from them",
        "Zhao et al. 2018, arXiv:1706.04223",
        latent=spec("sphere"),
        wrappers=(spec("noise", std=0.05),),
        prior=spec("generator"),
        sampler=PRIOR,
        regularizers=(PENALIZED_CRITIC,),
    ),
    "arae-transfer": Objective(
        "the same with the class beside a code that does not say it",
        "Zhao et al. 2018, section 4",
        latent=spec("sphere"),
        wrappers=(spec("noise", std=0.05), spec("labeled", classes=NUMBER_OF_LABELS)),
        prior=spec("generator"),
        sampler=PRIOR,
        regularizers=(PENALIZED_CRITIC, named("label_adversary", weight=5.0, classes=NUMBER_OF_LABELS)),
        labels=True,
    ),
    "acai": Objective(
        "a critic cannot tell how much was mixed in what mixtures of codes decode to",
        "Berthelot et al. 2019, arXiv:1807.07543",
        regularizers=(named("adversarial_interpolation"),),
    ),
    "vqvae": Objective(
        "a code of words from a learned vocabulary",
        "van den Oord et al. 2017, arXiv:1711.00937",
        latent=spec("vector_quantized"),
    ),
    "adversarial-denoising": Objective(
        "the encoder reads the noise that changes the reconstruction most",
        "after Miyato et al. 2018, arXiv:1704.03976",
        corruptions=(spec("adversarial_noise"),),
    ),
}
