"""Measurements as one JSON object."""

from __future__ import annotations

from typing import Any

from musicae.evaluation.plain import plain
from musicae.report.tables import Evaluations, differences_from_first


def evaluation_record(found: Evaluations, *, published: bool = False) -> dict[str, Any]:
    """All numbers that were measured.

    Args:
        published: the figures of Roberts et al. 2018 beside those of the models.

    Returns:
        `models`, the records of all evaluations, with their `published` figures if these are asked for; and of several
        models `differences_from_first`, by model, field and mode.
    """
    models = []
    for name, evaluation in found.items():
        models.append({**evaluation.record(), "model": name})
        if published:
            models[-1]["published"] = plain(evaluation.published)
    differences = differences_from_first(found)
    return {"models": models, **({"differences_from_first": plain(differences)} if differences else {})}
