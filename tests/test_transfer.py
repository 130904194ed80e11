"""Transfer between classes: the label beside a code changes, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.clips.reading import read
from musicae.config import Spec
from musicae.errors import MusicaeError
from musicae.model import Model, save
from musicae.music.midi import midi_bytes
from musicae.objectives import apply
from musicae.render.sheet import MARKED
from musicae.verbs.replay import replay
from musicae.verbs.transfer import relabeled, require_class, transfer
from tests.helpers.commands import Run, assert_fails, melody
from tests.helpers.models import labeled_model, tiny_config, tiny_model

LABELS = ("major", "minor")


@pytest.fixture(params=["arae-transfer", "aae-style", "aae-semi"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Model:
    made = labeled_model(request.param, LABELS)
    save(made, tmp_path / "models" / "mode")
    return made


def test_the_class_alone_is_another_one(model: Model) -> None:
    before, after = transfer(model, midi_bytes(melody()), "minor", seed=1)
    a, b = before.recipe.z[0], after.recipe.z[0]
    assert b[:2].tolist() == [0, 1] and torch.equal(a[2:], b[2:])
    assert before.recipe.arguments["from"] in LABELS and after.recipe.arguments["to"] == "minor"
    assert [before.label, after.label] == ["before", "after"]
    (again,) = replay(after.recipe, model)
    assert again.midi() == after.midi()


def test_behind_the_end_of_short_music_there_is_silence(model: Model) -> None:
    source = replace(read(melody(), model), ends=3.0)
    for clip in transfer(model, source, "minor", temperature=1.0, seed=1):
        notes = clip.score.tracks[0].notes
        assert notes.end.max(initial=0) <= 3 * clip.score.ticks_per_quarter


def test_codes_are_relabeled_in_rows() -> None:
    z = torch.rand(3, 5)
    moved = relabeled(z, torch.tensor([0, 1, 0]), 2)
    assert moved[:, :2].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert torch.equal(moved[:, 2:], z[:, 2:])


def test_a_class_must_be_known() -> None:
    config = apply(tiny_config("melody-2bar"), "aae-labels", LABELS)
    for plain in (tiny_model("melody-2bar"), Model(config, "prior alone", "cpu")):
        with pytest.raises(MusicaeError, match=r"no class(es| beside)"):
            require_class(plain, "minor")
    known = Model(replace(config, latent=Spec("class_and_style", {"size": 4, "classes": 2})), "m", "cpu")
    require_class(known, "minor")
    with pytest.raises(MusicaeError, match="minro"):
        require_class(known, "minro")


def test_labels_that_no_code_has_beside_it_are_no_classes_to_play_in(run: Run, tmp_path: Path) -> None:
    save(labeled_model("aae-labels", ("low", "high")), tmp_path / "models" / "dense")
    (tmp_path / "a.mid").write_bytes(midi_bytes(melody()))
    done = run("transfer", "a.mid", "--to", "high", "-m", "dense")
    assert_fails(done, "no class beside them", "--objective arae-transfer, aae-style or aae-semi")


def test_the_command_writes_the_clip(run: Run, model: Model, tmp_path: Path) -> None:
    Path("a.mid").write_bytes(midi_bytes(melody()))
    done = run("transfer", "a.mid", "--to", "minor", "-m", str(tmp_path / "models" / "mode"), "-o", "minor.mid")
    assert done.code == 0 and Path("minor.mid").exists()
    assert "to minor" in done.err or "already" in done.err
    mode, words = str(tmp_path / "models" / "mode"), ("--key", "C", "--instrument", "violin")
    run("transfer", "a.mid", "--to", "minor", "-m", mode, *words, "-o", "moved.mid")
    moved = json.loads(Path("moved.json").read_text())
    assert (moved["key"], moved["programs"], moved["label"]) == ("C major", [40], "after")
    marked = []
    for number, more in enumerate(((), ("--transpose", 2), ("--instrument", "violin"))):
        run("transfer", "a.mid", "--to", "minor", "-m", mode, "--svg", *more, "-o", f"{number}.mid")
        marked.append(Path(f"{number}.svg").read_text().count(MARKED))
    assert len({*marked}) == 1, "notes are new where they differ, however high and by whom all of them are played"
    assert_fails(
        run("transfer", "a.mid", "--to", "blue", "-m", str(tmp_path / "models" / "mode")), "blue", "major, minor"
    )
