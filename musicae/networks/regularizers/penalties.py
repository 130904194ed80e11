"""Penalties on codes and on how they follow the input: sparse and contractive autoencoders."""

from __future__ import annotations

import torch

from musicae.networks.regularizers.base import Context, Regularizer, Step, Terms, check_weights


class Sparse(Regularizer):
    """weight * sum |z|, averaged over the batch (Ng 2011).

    It makes codes sparse only where they cannot shrink as a whole while the decoder multiplies them up again: with
    `latent.mean_std`.
    """

    def __init__(self, context: Context, *, weight: float = 0.1) -> None:
        super().__init__()
        check_weights("sparse", weight=weight)
        self.weight = weight

    def terms(self, step: Step) -> Terms:
        return {self.label: self.weight * step.posterior.code.abs().sum(1).mean()}


class Contractive(Regularizer):
    """weight * |J|^2, J the Jacobian of the code by the features of the input (Rifai et al. 2011).

    |J|^2 = E |J^T v|^2 with v ~ N(0, I) (Hutchinson), from one v an update. Features count in units of their own root
    mean square, so that a smaller embedding gains nothing.
    """

    second_derivatives = True

    def __init__(self, context: Context, *, weight: float = 0.1) -> None:
        super().__init__()
        check_weights("contractive", weight=weight)
        self.weight = weight

    def terms(self, step: Step) -> Terms:
        features, mask = step.autoencoder.embed(step.batch)
        scale = features.detach().square().mean()
        with torch.enable_grad():
            features = features if features.requires_grad else features.detach().requires_grad_()
            code = step.autoencoder.probe(features, mask).code_mean
            (product,) = torch.autograd.grad((code * torch.randn_like(code)).sum(), features, create_graph=True)
        return {self.label: self.weight * scale * product.square().flatten(1).sum(1).mean()}
