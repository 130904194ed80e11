"""The figures of the experiment on digits: tiny trainings of each, and what the command leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.config import build
from musicae.errors import MusicaeError
from musicae.experiments.images import digit_autoencoders, image_trainings, pretraining, roll_autoencoder, rolls
from musicae.experiments.images.curves import Curves, followed_training
from musicae.experiments.images.digit_figures import FIGURES, figures_named
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.idx import LabeledImages
from musicae.experiments.images.image_task import image_autoencoder, unlabeled_batch
from musicae.experiments.images.perturbations import GAUSSIAN, PERTURBED
from musicae.experiments.images.pretraining import ClassifierTask, few_of_each
from musicae.music.midi import midi_bytes
from musicae.networks.convolutional import ConvolutionalSizes
from musicae.networks.corruptions import CORRUPTIONS
from tests.helpers.commands import Run, assert_fails
from tests.helpers.digits import digit_plan
from tests.helpers.idx import write_squares
from tests.test_rolls import tune


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow networks, few fine-tunings and few windows."""
    monkeypatch.setattr(digit_autoencoders, "DEPTH", 2)
    monkeypatch.setattr(image_trainings, "EVALUATE_EVERY", 2)
    monkeypatch.setattr(pretraining, "LABELED", (1, 3))
    monkeypatch.setattr(pretraining, "FINE_TUNING", replace(pretraining.FINE_TUNING, updates=2, batch=4))
    monkeypatch.setattr(roll_autoencoder, "ROLLS", replace(roll_autoencoder.ROLLS, before=(4, 3), after=(4,)))
    monkeypatch.setattr(rolls, "HELD_OUT_WINDOWS", 6)


@pytest.fixture
def plan(tmp_path: Path) -> DigitPlan:
    midi = tmp_path / "midi"
    midi.mkdir()
    for pitch in range(50, 55):
        (midi / f"{pitch}.mid").write_bytes(midi_bytes(tune(pitch)))
    return digit_plan(tmp_path, seeds=2, updates=4, midi=midi)


@pytest.mark.parametrize(
    ("name", "pictures", "columns", "rows"),
    [
        ("plane", 3, 5, 1),
        ("perturbation", 1, 3, 3 * 2),
        ("pretraining", 1, 3, 4 * 2),
        ("mixture", 1, 3, 20),
        ("midi", 2, 5, 1),
    ],
)
def test_every_figure_is_drawn_from_what_it_trains(
    name: str, pictures: int, columns: int, rows: int, plan: DigitPlan
) -> None:
    figure = FIGURES[name](plan)
    assert len(figure.pictures) == pictures and all(one.startswith("<svg") for one in figure.pictures)
    assert (len(figure.table.columns), len(figure.table.rows)) == (columns, rows)
    assert FIGURES[name](plan) == figure, "what is finished is not trained again"


def test_a_figure_of_music_needs_music(plan: DigitPlan) -> None:
    with pytest.raises(MusicaeError, match="music") as caught:
        FIGURES["midi"](replace(plan, midi=None))
    assert caught.value.kind == "no-midi"


def test_perturbations_are_equally_long() -> None:
    (adversarial,) = PERTURBED["adversarial-denoising"].objective.corruptions
    assert GAUSSIAN.arguments["std"] == adversarial.arguments["size"]
    autoencoder = image_autoencoder(PERTURBED["autoencoder"].objective, ConvolutionalSizes(16), "gaussian")
    features = 2 * torch.rand(50, 16, 16, 1) - 1
    batch = unlabeled_batch(autoencoder, features.permute(0, 3, 1, 2))
    noisy = build(CORRUPTIONS, GAUSSIAN)(features, features.new_ones(50, 16, 16), batch, autoencoder)
    noise = noisy - features
    share = noise.flatten(1).norm(dim=1) / features.flatten(1).norm(dim=1)
    assert share.mean().item() == pytest.approx(adversarial.arguments["size"], rel=0.02)


def test_more_labels_hold_the_fewer_and_every_class_has_as_many(plan: DigitPlan) -> None:
    few, more = (few_of_each(plan.digits.train, each, 1) for each in (2, 5))
    assert sorted(few.labels.tolist()) == [0, 0, 1, 1, 2, 2] and len(more.labels) == 15
    numbered = LabeledImages(plan.digits.train.images + 0, plan.digits.train.labels)
    numbered.images[:, -1, -1] = range(40)
    few, more, other = (few_of_each(numbered, *chosen) for chosen in ((2, 1), (5, 1), (2, 2)))
    numbers = [set(one.images[:, -1, -1].tolist()) for one in (few, more, other)]
    assert numbers[0] < numbers[1] and numbers[0] != numbers[2]


def test_a_classifier_begins_with_the_encoder_and_leaves_the_autoencoder_as_it_is(plan: DigitPlan) -> None:
    task = digit_autoencoders.DigitTask("vae", PERTURBED["autoencoder"], plan.digits, 32, 0, 4)
    before = {name: weight.clone() for name, weight in task.autoencoder.state_dict().items()}
    one = ClassifierTask("a", task.autoencoder, plan.digits, 3, 0)
    weights = one.classifier.autoencoder.encoder.state_dict()
    assert all(torch.equal(weight, before[f"encoder.{name}"]) for name, weight in weights.items())
    plan.train("a", one)
    assert not all(torch.equal(weight, before[f"encoder.{name}"]) for name, weight in weights.items())
    after = task.autoencoder.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    learning = {id(weight) for group in one.groups() for weight in group.parameters}
    assert not [weight for weight in one.classifier.autoencoder.decoder.parameters() if id(weight) in learning]


def test_curves_have_a_mean_of_the_training_for_every_evaluation(tmp_path: Path) -> None:
    lines = [
        {"update": 100, "split": "train", "nll": 10.0, "kl": 1.0},
        {"update": 200, "split": "train", "nll": 8.0, "kl": 3.0},
        {"update": 200, "split": "validation", "loss": 9.0, "nll": 7.0, "kl": 2.0},
        {"update": 300, "split": "train", "nll": 5.0, "kl": 2.0},
        {"update": 300, "split": "validation", "loss": 8.0, "nll": 6.5, "kl": 1.5},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    curves = Curves(tmp_path)
    assert curves.updates == [200, 300]
    assert curves.loss == {"train": [11, 7], "test": [9, 8]} and curves.kl == {"train": [2, 2], "test": [2, 1.5]}
    assert curves.table("a").rows == [[200, 11, 9, 2, 2], [300, 7, 8, 2, 1.5]]


def test_pictures_of_curves_begin_where_the_loss_has_come_down(tmp_path: Path) -> None:
    terms = [{"update": 100 * i, "nll": 1000.0 if i < 2 else 10.0, "kl": 1.0} for i in range(1, 21)]
    lines = [{**term, "split": split} for term in terms for split in ("train", "validation")]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    loss, _ = Curves(tmp_path).pictures()
    assert ">11<" in loss and ">200<" in loss and "1,001" not in loss


@pytest.mark.parametrize(("updates", "every"), [(1, 100), (6_000, 100), (30_000, 500)])
def test_curves_have_sixty_points_where_there_are_metrics_for_them(updates: int, every: int) -> None:
    assert followed_training(updates, 32, 1e-3).validate_every == every


def test_figures_are_named_in_their_order() -> None:
    assert figures_named(["mixture", "plane"]) == ["plane", "mixture"]
    with pytest.raises(MusicaeError, match="mixtur"):
        figures_named(["mixtur"])


def test_the_help_names_all_figures(run: Run) -> None:
    assert ", ".join(FIGURES) in " ".join(run("experiment", "digits", "--help").out.split())


def test_the_command_leaves_a_table(run: Run, tmp_path: Path) -> None:
    squares = write_squares(Path("squares"))
    few = ("--data", str(squares), "--seeds", "1", "--updates", "2", "-o", "out")
    done = run("experiment", "digits", *few, "--only", "vae,autoencoder", "--json")
    assert done.code == 0, done.err
    assert [one["name"] for one in json.loads(done.out)["results"]] == ["autoencoder", "vae"]
    assert "SVHN" in done.err and "published" not in Path("out/digits-32.csv").read_text().splitlines()[0]
    assert Path("out/digits-32.csv").read_text().splitlines()[1].startswith("autoencoder,1,2,32,")
    assert Path("out/vae-32-0/metrics.jsonl").exists()
    done = run("experiment", "digits", *few, "--only", "wae", "--json")
    assert {one["name"] for one in json.loads(done.out)["results"]} == {"autoencoder", "vae", "wae"}


def test_the_command_leaves_figures(run: Run) -> None:
    squares = write_squares(Path("squares"))
    few = ("--data", str(squares), "--seeds", "1", "--updates", "2", "-o", "out")
    done = run("experiment", "digits", *few, "--figures", "perturbation,plane")
    assert done.code == 0 and done.paths == [Path("out/plane.svg"), Path("out/perturbation.svg")]
    assert all(path.read_text().startswith("<svg") for path in done.paths)
    assert Path("out/plane.csv").read_text().startswith("update,train loss")
    assert_fails(run("experiment", "digits", *few, "--figures", "midi"), "--midi")
    assert_fails(run("experiment", "digits", *few, "--figures", "plain"), "plane")
