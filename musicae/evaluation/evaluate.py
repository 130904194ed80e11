"""Everything that can be measured of a model, on held-out music, and what it comes to in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from musicae.corpus.dataset import Dataset
from musicae.corpus.discover import Progress, no_progress
from musicae.evaluation import attribute_effects as attributes
from musicae.evaluation import chord_following as chords
from musicae.evaluation import consistency as agreement
from musicae.evaluation import interpolation, probe, reconstruction
from musicae.evaluation import latent_space as latent
from musicae.evaluation import prior_samples as samples
from musicae.evaluation.attribute_effects import Matrix
from musicae.evaluation.chord_following import Chords
from musicae.evaluation.consistency import Agreements
from musicae.evaluation.held_out import decoded, held_out, known_to, ngram_of, training_windows
from musicae.evaluation.interpolation import Interpolation
from musicae.evaluation.latent_space import Map, Traversal
from musicae.evaluation.prior_samples import Samples
from musicae.evaluation.reconstruction import Reconstruction, Scores
from musicae.model import Model
from musicae.music.score import Score
from musicae.training.loop import COLLAPSED_NATS

PROBED = 5_000
"""Training windows that the probe is fitted on."""

POINTS = 11
CODES, DECODINGS = 64, 8

EXAMPLES = 4
"""Windows that are shown beside their reconstructions."""

COPIES = 0.01
"""Above this share of samples that are training windows, a model is said to repeat what it heard."""

NEARER = 0.5
"""Below this ratio of the distances of samples and of held-out windows to training windows, too."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured.

    Attributes:
        holding: reconstruction by a model that always holds.
        probe: R^2 by attribute.
        attributes, chords: None where a model has no attribute vectors, or is told no chords.
        examples: held-out windows, and their reconstructions by argmax.
    """

    reconstruction: Reconstruction
    holding: dict[str, Scores]
    interpolation: Interpolation
    samples: Samples
    agreement: Agreements
    probe: dict[str, float]
    attributes: Matrix | None
    chords: Chords | None
    map: Map
    traversals: list[Traversal]
    examples: list[tuple[Score, Score]]

    def record(self) -> dict[str, Any]:
        """Everything as plain data, but single windows."""
        return {
            "verdicts": self.verdicts(),
            "reconstruction": self.reconstruction.record(),
            "holds": {name: asdict(scores) for name, scores in self.holding.items()},
            "interpolation": asdict(self.interpolation),
            "samples": asdict(self.samples),
            "agreement": asdict(self.agreement),
            "probe": self.probe,
            "attributes": self.attributes and asdict(self.attributes),
            "chords": self.chords and asdict(self.chords),
            "map": {"explained": self.map.explained and list(self.map.explained)},
            "traversals": [
                {"dimension": way.dimension, "kl": way.kl, "positions": list(way.positions), "changes": way.changes}
                for way in self.traversals
            ],
        }

    def verdicts(self) -> list[str]:
        """What a user should know first: a collapsed posterior, music learned by heart, vectors that do not move."""
        found = [*_collapse(self.reconstruction), *_memory(self.samples), *_idle(self.attributes)]
        return found or ["The code is used, samples are new, and every attribute vector moves its attribute."]


def evaluate(
    model: Model,
    data: Dataset,
    *,
    split: str = "test",
    windows: int = 1024,
    pairs: int = 1024,
    projection: str = "pca",
    seed: int = 0,
    progress: Progress = no_progress,
) -> Evaluation:
    """Measures a model on a split of a data set.

    Args:
        windows: held-out windows that every measurement but the ways reads, and samples that are drawn.
        pairs: of windows, between which ways lead.
        projection: of codes, for the map.

    Raises:
        MusicaeError: the data set is of another kind than the model, or has fewer than two windows there; or there is
            no such projection.
    """
    lay_out = latent.projection_of(projection)
    tokens = held_out(model, data, windows, split=split, seed=seed)
    ends = held_out(model, data, 2 * pairs, split=split, seed=seed)
    heard = training_windows(data, seed)
    language, n = ngram_of(model, heard), len(tokens)
    with progress("reconstructing", 3 * n) as done:
        given_back = reconstruction.measure(model, tokens, seed=seed, progress=done)
    with progress("interpolating", len(ends) // 2 * POINTS) as done:
        ways = interpolation.measure(model, ends, language, points=POINTS, seed=seed, progress=done)
    with progress("drawing", n) as done:
        known = known_to(model, data.split("train"), seed)
        drawn = samples.measure(model, tokens, heard, language, known, samples=n, seed=seed, progress=done)
    with progress("decoding again", CODES * DECODINGS) as done:
        agreed = agreement.measure(model, codes=CODES, decodings=DECODINGS, seed=seed, progress=done)
    moved = under = None
    if model.attributes:
        with progress("moving", n * attributes.decodings(len(model.attributes))) as done:
            moved = attributes.measure(model, tokens, seed=seed, progress=done)
    if model.representation.shape.conditions:
        with progress("changing chords", chords.decodings(n)) as done:
            under = chords.measure(model, tokens, samples=n, seed=seed, progress=done)
    with progress("traversing", len(tokens[: latent.TRAVERSED]) * latent.traversed()) as done:
        traversals = latent.traverse(model, tokens, progress=done)
    shown = tokens[:EXAMPLES]
    back = decoded(model, model.encode(shown), model.condition(shown))
    return Evaluation(
        given_back,
        reconstruction.holding(model, tokens),
        ways,
        drawn,
        agreed,
        probe.measure(model, heard[:PROBED], tokens),
        moved,
        under,
        latent.project(model, tokens, lay_out),
        traversals,
        list(zip(model.scores(shown.numpy()), model.scores(back), strict=True)),
    )


def _collapse(found: Reconstruction) -> Iterator[str]:
    if found.use is not None and found.use < COLLAPSED_NATS:
        yield "The posterior has collapsed: the decoder ignores the code."


def _memory(found: Samples) -> Iterator[str]:
    if found.copies > COPIES:
        yield f"The model repeats what it heard: {found.copies:.1%} of its samples are training windows."
    elif found.nearest < NEARER * found.nearest_real:
        yield "Samples are much nearer to training windows than held-out music is: the model has learned by heart."


def _idle(found: Matrix | None) -> Iterator[str]:
    if found is None:
        yield "There are no attribute vectors: musicae fit computes them."
        return
    for name, effects in found.vectors.items():
        for direction, effect in effects.items():
            chance = found.random[name][direction][name]
            if effect[name].right <= chance.right:
                yield f"To {direction} {name} moves it no better than a random vector does."
