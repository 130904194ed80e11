"""Training: keeps the best weights, begins with those of others, and says what is wrong."""

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import musicae
from musicae.cli.hints import ADVICE
from musicae.config import Config, Spec, Training, spec
from musicae.corpus.dataset import Dataset, Windows
from musicae.errors import MusicaeError
from musicae.model import Model, build_autoencoder, load, save, save_attributes
from musicae.music.representations import REPRESENTATIONS
from musicae.objectives import apply
from musicae.training import validation
from musicae.training.card import MEANINGS, write_card
from musicae.training.checkpoint import TrainingState
from musicae.training.loop import Trainer
from musicae.training.metrics import validation_at
from musicae.training.music_task import MusicTask, Splits, fit_batch
from musicae.training.playback import hold_shares, in_percent
from musicae.training.reporter import Notice, NullReporter
from musicae.training.run import Run
from musicae.training.sampler_training import OWN_FOLDER
from musicae.training.validation import validate
from musicae.verbs.pack import pack
from musicae.verbs.train import TEST_WINDOWS, begin, copy_weights, finish, training_in, vector_windows
from tests.helpers.labels import labeled_by_pitch
from tests.helpers.models import tiny_config, tiny_model, window
from tests.helpers.trainings import assert_same, tiny, trainer, weights


def test_the_best_weights_are_kept(data: Dataset, tmp_path: Path) -> None:
    model_folder = tmp_path / "m"
    run = Run(tiny(updates=12), str(data.folder), seed=3, command="musicae train")
    trained = begin(run, model_folder, device="cpu")
    trained.run()
    lines = [json.loads(line) for line in (model_folder / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["split"] == "validation"]
    assert len(losses) == 3
    kept = validate(load(model_folder, "cpu").autoencoder, trained.task.held_out)
    assert kept["loss"] == pytest.approx(min(losses), rel=1e-4)
    assert trained.state.best == min(losses)
    (model_folder / OWN_FOLDER).mkdir()
    metrics = finish(trained, run)
    assert not (model_folder / OWN_FOLDER).exists(), "the training of a sampler is kept until all is whole"
    assert "density" in load(model_folder, "cpu").attributes
    card = (model_folder / "README.md").read_text()
    assert "musicae train" in card and f" windows in {trained.state.duration}; " in card
    assert f"{metrics['nll']:.4g}" in card
    windows = data.split("test").sample(TEST_WINDOWS)
    baseline = hold_shares(trained.task.model.autoencoder.spec, windows)["melody"]
    assert f"On {len(windows)} windows of the test split." in card
    assert f"| {metrics['free_running/melody']:.4g} |\n| the same of always holding one note, the baseline |" in card
    assert f"the baseline | {baseline:.4g} |" in card
    assert f"| negative log-likelihood and regularizers, weighted | {metrics['loss']:.4g} |" in card
    assert all("perplexity" in MEANINGS[name] for name in ("codebook_perplexity", "classes_in_use"))
    assert sorted(path.name for path in (model_folder / "samples").iterdir())[-1] == "0000012.mid"


@pytest.mark.parametrize("wrappers", [(), (spec("labeled"),)])
def test_dimensions_of_a_sphere_are_active_where_codes_spread_over_them(wrappers: tuple[Spec, ...]) -> None:
    config = replace(tiny_config("melody-2bar"), latent=spec("sphere", size=256), wrappers=wrappers, regularizers=())
    torch.manual_seed(0)
    model = Model(config, "sphere", "cpu")
    windows = torch.from_numpy(np.stack([window(model, seed).tokens for seed in range(8)])).long()
    assert validate(model.autoencoder, windows)["active_dimensions"] > 200
    assert validate(model.autoencoder, windows[:1].expand(8, -1, -1, -1))["active_dimensions"] == 0


def test_the_code_gain_is_that_of_windows_beside_which_there_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("melody-2bar")
    windows = torch.from_numpy(np.stack([window(model, seed).tokens for seed in range(5)])).long()
    monkeypatch.setattr(validation, "VALIDATED_AT_ONCE", 4)
    measured, first = validate(model.autoencoder, windows), validate(model.autoencoder, windows[:4])
    assert measured["nll"] != first["nll"]
    assert measured["code_gain_nats"] == pytest.approx(first["code_gain_nats"])


def test_a_card_without_a_test_split_says_so(data: Dataset, tmp_path: Path) -> None:
    train, model, state = data.split("train"), Model(tiny(), "m", "cpu"), TrainingState()
    test = Windows(train.tokens, train.offsets[:0], train.shape).sample(TEST_WINDOWS)
    write_card(tmp_path, model, data.manifest, test, {}, state, "musicae train")
    assert "The test split is empty." in (tmp_path / "README.md").read_text()


def test_vectors_of_other_weights_go(data: Dataset, tmp_path: Path) -> None:
    model = trainer(data, tmp_path / "m", tiny(updates=4)).task.model
    save(model, tmp_path / "m")
    model.attributes = {"density": torch.ones(4)}
    save_attributes(model)
    trainer(data, tmp_path / "m", tiny(updates=4), resume=True).run()
    assert not load(tmp_path / "m", "cpu").attributes


def test_a_model_says_what_it_has_seen(data: Dataset, tmp_path: Path) -> None:
    trainer(data, tmp_path / "first", tiny(updates=4)).run()
    run = Run(tiny(updates=8), str(data.folder), initial=str(tmp_path / "first"))
    begin(run, tmp_path / "second", device="cpu").run()
    pack(tmp_path / "first", tmp_path / "packed")
    best = [load(tmp_path / name, "cpu").windows_seen for name in ("first", "packed", "second")]
    assert best[:2] == [4 * 8] * 2
    assert best[2] in (4 * 8, 4 * 8 + 4 * 8, 4 * 8 + 8 * 8)
    shutil.rmtree(tmp_path / "first")
    assert (
        begin(Run.read(tmp_path / "second"), tmp_path / "second", device="cpu", resume=True).task.seen_before == 4 * 8
    )


def test_the_hash_is_of_what_the_model_is(data: Dataset, tmp_path: Path) -> None:
    trained = trainer(data, tmp_path / "m", tiny(updates=4))
    trained.run()
    ours = load(tmp_path / "m", "cpu").hash
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config["training"]["updates"] = 9
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    assert load(tmp_path / "m", "cpu").hash == ours == trained.task.model.hash
    del config["latent"]["std_min"]  # as in a file from before there was such a knob
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    older = load(tmp_path / "m", "cpu")
    assert older.hash != ours and older.config.latent.arguments["std_min"] == 0


def test_the_hash_is_computed_once_for_the_same_weights(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trainer(data, tmp_path / "m", tiny(updates=4)).task.model
    first = model.hash
    monkeypatch.setattr(model, "weights", lambda: b"others")
    assert model.hash == first
    with torch.no_grad():
        next(model.autoencoder.parameters()).add_(1)
    assert model.hash != first


def test_fine_tuning_starts_at_the_weights(data: Dataset, tmp_path: Path) -> None:
    first = trainer(data, tmp_path / "first", tiny(updates=4))
    first.run()
    run = Run(tiny(updates=4), str(data.folder), seed=9, initial=str(tmp_path / "first"))
    assert_same(
        weights(load(tmp_path / "first", "cpu")), weights(begin(run, tmp_path / "second", device="cpu").task.model)
    )


def test_a_longer_model_starts_with_what_fits(data: Dataset) -> None:
    short, long = (build_autoencoder(tiny(), REPRESENTATIONS["melody"](bars=bars).shape) for bars in (2, 4))
    assert 0.5 < copy_weights(short, long) < 1
    ours, theirs = long.state_dict(), short.state_dict()
    assert torch.equal(
        ours["decoder.span_decoders.0.lstm.weight_hh_l0"], theirs["decoder.span_decoders.0.lstm.weight_hh_l0"]
    )
    assert copy_weights(long, long) == 1


def test_updates_that_are_not_finite_change_nothing(data: Dataset, tmp_path: Path) -> None:
    broken = trainer(data, tmp_path / "m", tiny(updates=9))
    broken.update()
    before = weights(broken.task.model)
    head = broken.task.model.autoencoder.get_parameter("latent.mean.weight")
    hook = head.register_hook(lambda grad: grad * math.nan)
    broken.update()
    assert_same(before, weights(broken.task.model))
    assert (broken.state.update, broken.state.skipped, broken.state.counts["nll"]) == (2, 1, 1)
    hook.remove()
    broken.update()
    assert not torch.equal(before["latent.mean.weight"], head)
    assert (broken.state.skipped, broken.state.failures) == (1, 0)


def test_a_training_that_only_fails_gives_up(data: Dataset, tmp_path: Path) -> None:
    broken = trainer(data, tmp_path / "m", tiny(updates=200, validate_every=1000))
    broken.task.model.autoencoder.get_parameter("latent.mean.weight").register_hook(lambda grad: grad * math.nan)
    with pytest.raises(MusicaeError, match="not finite"):
        broken.run()
    assert broken.state.update == 100


class Listener(NullReporter):
    """Keeps all notices."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        self.notices.append(notice)


def test_a_collapsed_posterior_is_told(data: Dataset, tmp_path: Path) -> None:
    collapsed = trainer(
        data, tmp_path / "m", tiny(updates=2, validate_every=1, learning_rate=1e-9, min_learning_rate=1e-9)
    )
    with torch.no_grad():
        for name in ("mean", "std"):
            collapsed.task.model.autoencoder.get_parameter(f"latent.{name}.weight").zero_()
            collapsed.task.model.autoencoder.get_parameter(f"latent.{name}.bias").zero_()
        collapsed.task.model.autoencoder.get_parameter("latent.std.bias").fill_(math.log(math.e - 1))  # softplus: std 1
    listener = collapsed.reporter = Listener()
    collapsed.run()
    (notice,) = (notice for notice in listener.notices if notice.kind == "collapsed")
    assert "collapsed" in notice.message and notice.facts["betas"] == {"kl": 0.05}
    assert "--set kl.beta=0.025" in ADVICE["collapsed"](**notice.facts)
    assert "kl" not in ADVICE["collapsed"](**{**notice.facts, "betas": {}}), "of a model that has none"


def test_training_is_one_call(data: Dataset, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    settings = ["training.updates=2", "training.batch=8", "embedding.size=4", "encoder.hidden=8", "decoder.hidden=8"]
    model = musicae.train(data.folder, tmp_path / "m", settings=settings[1:], updates=2, seed=1, device="cpu")
    assert model.folder == tmp_path / "m" and model.windows_seen == 2 * 8 and model.attributes
    assert torch.equal(torch.random.get_rng_state(), before), "whoever trains has other random numbers"
    with pytest.raises(MusicaeError, match="holds a model already"):
        musicae.train(data.folder, tmp_path / "m")


def test_folders_of_other_things_are_left_alone(data: Dataset, tmp_path: Path) -> None:
    notes = tmp_path / "project" / "README.md"
    notes.parent.mkdir()
    notes.write_text("my own notes")
    with pytest.raises(MusicaeError, match="holds other files"):
        musicae.train(data.folder, notes.parent, updates=1)
    assert [path.name for path in notes.parent.iterdir()] == ["README.md"] and notes.read_text() == "my own notes"
    killed = tmp_path / "killed" / "training" / "lock"
    killed.parent.mkdir(parents=True)
    killed.touch()
    with training_in(tmp_path / "killed"), training_in(tmp_path / "new"):
        pass


@pytest.mark.parametrize(("updates", "windows"), [(1, 3), (2, 4), (100, 5)])
def test_vectors_take_no_longer_than_the_training_is_worth(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, updates: int, windows: int
) -> None:
    one = trainer(data, tmp_path / "m", tiny(updates=updates, batch=2))
    monkeypatch.setattr("musicae.verbs.train.LEAST_FITTED_WINDOWS", 3)
    monkeypatch.setattr("musicae.verbs.train.FITTED_WINDOWS", 5)
    one.state.update = updates
    assert vector_windows(one) == min(windows, len(one.task.data.train))


def test_minutes_end_a_training(data: Dataset, tmp_path: Path) -> None:
    timed = trainer(data, tmp_path / "m", tiny(updates=10**6, validate_every=10**6), minutes=0.005)
    timed.run()
    assert 0 < timed.state.update < 10**6
    assert (tmp_path / "m" / "model.safetensors").exists()


def test_kl_needs_a_posterior_with_a_spread(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="deterministic"):
        trainer(data, tmp_path / "m", replace(tiny(), latent=spec("deterministic", size=4)))


def test_a_packed_model_is_half_as_large_and_sounds_the_same(data: Dataset, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=4)).run()
    pack(tmp_path / "m", tmp_path / "packed")
    before, after = (load(tmp_path / name, "cpu") for name in ("m", "packed"))
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("m", "packed")]
    assert sizes[1] < 0.8 * sizes[0]
    z = before.sample_codes(4, 0)
    torch.testing.assert_close(after.sample_codes(4, 0), z, atol=1e-2, rtol=1e-2)
    assert torch.equal(
        after.autoencoder.state_dict()["sampler.codes"], before.autoencoder.state_dict()["sampler.codes"]
    )
    assert (before.decode(z, temperature=0.0) == after.decode(z, temperature=0.0)).mean() > 0.9
    with pytest.raises(MusicaeError, match="holds a model already"):
        pack(tmp_path / "m", tmp_path / "packed")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    with pytest.raises(MusicaeError, match="holds other files"):
        pack(tmp_path / "m", tmp_path / "mine")


def test_small_data_lowers_the_batch_and_none_is_refused(data: Dataset) -> None:
    train, held_out = data.split("train"), data.split("validation")
    assert fit_batch(Training(batch=256), Splits(train, held_out)).batch == 64
    empty = Windows(train.tokens, train.offsets[:0], train.shape)
    with pytest.raises(MusicaeError, match="validation split"):
        Splits(train, empty)


def test_the_learning_rate_falls_with_the_time_too(data: Dataset, tmp_path: Path) -> None:
    timed = trainer(data, tmp_path / "m", tiny(updates=10**6), minutes=0.02)
    seen = []

    class Watch(NullReporter):
        def updated(self, state: TrainingState) -> None:
            seen.append(timed.budget.spent)

    timed.reporter = Watch()
    timed.run()
    assert seen == sorted(seen) and seen[0] < 1 <= seen[-1]
    assert timed.state.update < 10**6


def fine_tuned(data: Dataset, folder: Path, config: Config) -> tuple[Trainer[MusicTask], list[str]]:
    """A training that begins with the weights of one of four updates, and what it says."""
    if not (folder / "parent").exists():
        trainer(data, folder / "parent", tiny(updates=4)).run()
    run = Run(config, str(data.folder), initial=str(folder / "parent"))
    listener = Listener()
    child = begin(run, folder / "child", device="cpu", reporter=listener)
    child.run()
    return child, [notice.message for notice in listener.notices if notice.kind != "collapsed"]


def test_where_training_does_harm_the_weights_of_the_parent_are_kept(data: Dataset, tmp_path: Path) -> None:
    child, said = fine_tuned(data, tmp_path, tiny(updates=4, learning_rate=10.0, min_learning_rate=10.0))
    assert child.state.best_update == 0
    parent, kept = (load(tmp_path / name, "cpu") for name in ("parent", "child"))
    assert_same(weights(parent), weights(kept))
    assert kept.windows_seen == parent.windows_seen
    assert "its weights are kept" in said[-1]


def test_a_parent_is_measured_before_the_first_update_and_shown_to_the_end(data: Dataset, tmp_path: Path) -> None:
    child, said = fine_tuned(data, tmp_path, tiny(updates=8))
    assert child.state.best_update > 0
    measured = validation_at(tmp_path / "child", 0)
    assert measured["nll"] == pytest.approx(validate(load(tmp_path / "parent").autoencoder, child.task.held_out)["nll"])
    share = in_percent(measured["free_running/melody"], 1)
    assert said[:2] == [f"it begins with {tmp_path / 'parent'}", f"the parent plays back {share} of the held-out steps"]
    assert all(f"(the parent: {share})" in line for line in said[2:-1]) and len(said) == 5
    assert said[-1].startswith(f"the parent played back {share} of the held-out steps, now ")


def test_a_stopped_fine_tuning_goes_on_beside_its_parent(data: Dataset, tmp_path: Path) -> None:
    fine_tuned(data, tmp_path, tiny(updates=4, learning_rate=10.0, min_learning_rate=10.0))
    run = Run.read(tmp_path / "child")
    longer = replace(run, config=replace(run.config, training=replace(run.config.training, updates=8)))
    listener = Listener()
    rest = begin(longer, tmp_path / "child", device="cpu", reporter=listener, resume=True)
    assert (rest.state.update, rest.state.best_update) == (4, 0)
    rest.run()
    assert rest.state.best_update == 0 and "its weights are kept" in listener.notices[-1].message
    updates = [json.loads(line)["update"] for line in (tmp_path / "child" / "metrics.jsonl").read_text().splitlines()]
    assert updates.count(0) == 1


def test_what_only_lends_some_of_its_weights_is_no_parent(data: Dataset, tmp_path: Path) -> None:
    trainer(data, tmp_path / "small", tiny(updates=1)).run()
    other = tiny(updates=1, decoder={"hidden": 16})
    run = Run(other, str(data.folder), initial=str(tmp_path / "small"))
    listener = Listener()
    begin(run, tmp_path / "m", device="cpu", reporter=listener).run()
    assert re.match(r"it begins with \d+ % of its weights, those of ", listener.notices[0].message)
    assert not validation_at(tmp_path / "m", 0)


def test_what_has_learned_nothing_is_said_with_what_to_do(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    run = Run(tiny(updates=2, learning_rate=1e-9, min_learning_rate=1e-9), str(data.folder))
    begin(run, tmp_path / "m", device="cpu", reporter=listener).run()
    few, progress, end = listener.notices
    assert few.kind == "few-windows" and "--from melody-2bar" in ADVICE[few.kind](**few.facts)
    assert re.match(r"after \d+ s it plays back ", progress.message)
    assert progress.message.endswith("is what always holding one note would get): keep training")
    assert end.kind == "learned-nothing" and "it has learned nothing yet: it plays back nothing: " in end.message
    shutil.copytree(tmp_path / "m", tmp_path / "models" / "m")
    monkeypatch.chdir(tmp_path)  # what was trained here is no model to begin with
    advice = ADVICE[end.kind](**end.facts)
    assert "more --minutes" in advice and "--from melody-2bar" in advice


@pytest.mark.parametrize(("objective", "seen"), [("aae-cluster", False), ("vae", False), ("aae-semi", True)])
def test_an_objective_without_labels_sees_none(data: Dataset, tmp_path: Path, objective: str, seen: bool) -> None:
    labeled = labeled_by_pitch(Dataset(shutil.copytree(data.folder, tmp_path / "labeled")))
    config = apply(tiny(), objective, labeled.classes)
    task = begin(Run(config, str(labeled.folder)), tmp_path / "m", device="cpu").task
    assert bool((task.batch(0).label >= 0).any()) == seen
