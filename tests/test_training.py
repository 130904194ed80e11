"""Training: resumes to the same numbers, shares work between processes, keeps the best, and says what is wrong."""

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.benchmark import benchmark
from musicae.config import OPTIMIZERS, Config, Training, spec
from musicae.corpus.dataset import Dataset, Windows
from musicae.errors import MusicaeError
from musicae.model import Model, build_autoencoder, load, save, save_attributes
from musicae.music.representations import REPRESENTATIONS
from musicae.networks.autoencoder import Batch
from musicae.pack import pack
from musicae.presets import PRESETS
from musicae.seeds import mix
from musicae.train import Run, begin, config_for, finish, transfer
from musicae.training.checkpoint import Progress
from musicae.training.distributed import Workers
from musicae.training.loop import Silent, Trainer, fit_batch, optimizer_of
from musicae.training.schedules import learning_rate, sampling_probability
from musicae.training.validation import validate


def tiny(preset: str = "melody-2bar", decoder: dict[str, object] | None = None, **training: object) -> Config:
    config = PRESETS[preset]
    sizes = {"hidden": 8, "layers": 1, "conductor_hidden": 8, "conductor_layers": 1, "subdivide": 4}
    return replace(
        config,
        embedding=spec("features", size=4),
        encoder=spec("dense", code=8, hidden=8),
        latent=spec("gaussian", size=4, spread=1.0),
        decoder=spec("conductor", **{**sizes, **(decoder or {})}),
        training=replace(Training(batch=8, validate_every=4, validation_windows=16), **training),  # type: ignore[arg-type]
    )


@pytest.fixture
def data(data: Dataset) -> Path:
    """The folder of a data set of random melodies."""
    return data.folder


def trainer(data: Path, folder: Path, config: Config, resume: bool = False) -> Trainer:
    return begin(Run(config, str(data), seed=3), folder, device="cpu", resume=resume)


def weights(model: Model) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.autoencoder.named_parameters()}


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def interrupt_at(interrupted: Trainer, last: int) -> None:
    update = interrupted.update

    def update_and_interrupt() -> None:
        update()
        if interrupted.progress.update == last:
            os.kill(os.getpid(), signal.SIGTERM)

    interrupted.update = update_and_interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()


NOISY = {
    "teacher forcing": tiny(),
    "token dropout": tiny(decoder={"token_dropout": 0.3}),
    "scheduled sampling": tiny(scheduled_sampling=3),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", NOISY)
def test_resume_reaches_the_same_numbers(name: str, optimizer: str, data: Path, tmp_path: Path) -> None:
    config = replace(NOISY[name], training=replace(NOISY[name].training, updates=10, optimizer=optimizer))
    whole = trainer(data, tmp_path / "whole", config)
    whole.run()
    stopped = trainer(data, tmp_path / "parts", config)
    interrupt_at(stopped, 8)  # a validation stands at 4 and at 8
    rest = trainer(data, tmp_path / "parts", config, resume=True)
    assert rest.progress.update == 8
    rest.run()
    assert_same(weights(whole.model), weights(rest.model))
    assert whole.model.autoencoder.training


def test_kill_then_resume_reaches_the_same_weights(data: Path, tmp_path: Path) -> None:
    whole = trainer(data, tmp_path / "whole", tiny(updates=12))
    whole.run()
    folder = tmp_path / "killed"
    killed = trainer(data, folder, tiny(updates=12))

    class Kill(Silent):
        def validated(self, progress: object, metrics: object) -> None:
            if killed.progress.update == 8:
                raise SystemExit  # as kill -9 does: nothing is saved after this

    killed.reporter = Kill()
    with pytest.raises(SystemExit):
        killed.run()
    rest = trainer(data, folder, tiny(updates=12), resume=True)
    assert rest.progress.update == 4
    rest.run()
    assert_same(weights(whole.model), weights(rest.model))
    updates = [json.loads(line)["update"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert updates == sorted(updates)
    assert updates.count(8) == 1


def test_interruption_saves(data: Path, tmp_path: Path) -> None:
    interrupt_at(trainer(data, tmp_path / "m", tiny(updates=100, validate_every=1000)), 5)
    assert trainer(data, tmp_path / "m", tiny(), resume=True).progress.update == 5


@pytest.mark.slow  # and on a busy machine gloo now and then aborts a process that is already done
def test_two_processes_do_what_one_does(data: Path, tmp_path: Path) -> None:
    config = replace(tiny(updates=4), latent=spec("deterministic", size=4), regularizers=())
    Run(config, str(data), seed=3).save(tmp_path / "one")
    script = tmp_path / "ranks.py"
    script.write_text(
        "import sys; from pathlib import Path; from musicae.train import Run, begin\n"
        "import musicae.training.loop as loop, torch\n"
        "loop.precision = lambda device: torch.float32\n"
        "folder, out = map(Path, sys.argv[1:])\n"
        "trainer = begin(Run.read(folder), out, device='cpu')\n"
        "trainer.run()\n"
        "trainer.workers.leave()\n"
    )
    arguments = [str(script), str(tmp_path / "one")]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *arguments, str(tmp_path / "alone")], check=True, env=environment)
    subprocess.run([*torchrun, *arguments, str(tmp_path / "both")], check=True, env=environment)
    alone, both = (load(tmp_path / name, "cpu") for name in ("alone", "both"))
    for name, tensor in weights(alone).items():
        torch.testing.assert_close(tensor, weights(both)[name], rtol=1e-5, atol=1e-5)


def test_the_best_weights_are_kept(data: Path, tmp_path: Path) -> None:
    model_folder = tmp_path / "m"
    run = Run(tiny(updates=12), str(data), seed=3, command="musicae train")
    trained = begin(run, model_folder, device="cpu")
    trained.run()
    lines = [json.loads(line) for line in (model_folder / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["split"] == "validation"]
    assert len(losses) == 3
    kept = validate(load(model_folder, "cpu").autoencoder, trained.held_out)
    assert kept["loss"] == pytest.approx(min(losses), rel=1e-4)
    assert trained.progress.best == min(losses)
    metrics = finish(trained, run)
    card = (model_folder / "README.md").read_text()
    assert "musicae train" in card
    assert f"{metrics['nll']:.4g}" in card
    assert sorted(path.name for path in (model_folder / "samples").iterdir())[-1] == "0000012.mid"


def test_windows_apart_are_heard_in_one_key_and_written_in_another(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, apart = (trainer(data, tmp_path / str(flag), tiny(apart=flag)) for flag in (False, True))
    (tokens, nothing), (written, heard) = plain._draw(5), apart._draw(5)
    assert nothing is None and heard is not None
    assert torch.equal(heard, tokens), "the same windows, in the same transposition"
    assert torch.equal(written, heard), "melodies are told no chord"
    monkeypatch.setattr(apart.train, "transpose_apart", apart.train.transpose)
    written, heard = apart._draw(5)
    assert heard is not None and (written != heard).any() and torch.equal(heard, tokens)


def test_a_share_of_the_windows_is_written_under_other_triads(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, some = (trainer(data, tmp_path / str(share), tiny(reharmonize=share)) for share in (0.0, 0.5))
    tokens, _ = plain._draw(5)
    written, _ = some._draw(5)
    assert torch.equal(written, tokens), "melodies are told no chord"
    monkeypatch.setattr(some.train, "reharmonize", lambda windows, triads: windows + 1)
    written, heard = some._draw(5)
    assert heard is not None and torch.equal(heard, tokens)
    changed = (written != heard).flatten(1).all(1)
    assert 0 < changed.sum() < len(changed)
    with pytest.raises(MusicaeError, match="reharmonize"):
        tiny(reharmonize=1.5)


def test_vectors_of_other_weights_go(data: Path, tmp_path: Path) -> None:
    model = trainer(data, tmp_path / "m", tiny(updates=4)).model
    save(model, tmp_path / "m")
    model.attributes = {"density": torch.ones(4)}
    save_attributes(model)
    trainer(data, tmp_path / "m", tiny(updates=4), resume=True).run()
    assert not load(tmp_path / "m", "cpu").attributes


def test_a_model_says_what_it_has_seen(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path / "first", tiny(updates=4)).run()
    run = Run(tiny(updates=8), str(data), initial=str(tmp_path / "first"))
    begin(run, tmp_path / "second", device="cpu").run()
    pack(tmp_path / "first", tmp_path / "packed")
    best = [load(tmp_path / name, "cpu").windows_seen for name in ("first", "packed", "second")]
    assert best[:2] == [4 * 8] * 2
    assert best[2] in (4 * 8 + 4 * 8, 4 * 8 + 8 * 8)


def test_the_hash_is_of_what_the_model_is(data: Path, tmp_path: Path) -> None:
    trained = trainer(data, tmp_path / "m", tiny(updates=4))
    trained.run()
    ours = load(tmp_path / "m", "cpu").hash
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config["training"]["updates"] = 9
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    assert load(tmp_path / "m", "cpu").hash == ours == trained.model.hash
    del config["latent"]["floor"]  # as in a file from before there was such a knob
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    older = load(tmp_path / "m", "cpu")
    assert older.hash != ours and older.config.latent.arguments["floor"] == 0


def test_all_processes_hear_that_one_was_interrupted(data: Path, tmp_path: Path) -> None:
    class Other(Workers):
        def agree(self, *values: float, device: torch.device) -> list[float]:
            return [1.0, *values[1:]]

    ours = trainer(data, tmp_path / "m", tiny(updates=9))
    ours.workers = Other()
    with pytest.raises(KeyboardInterrupt):
        ours.run()
    assert ours.progress.update == 1


def test_fine_tuning_starts_at_the_weights(data: Path, tmp_path: Path) -> None:
    first = trainer(data, tmp_path / "first", tiny(updates=4))
    first.run()
    run = Run(tiny(updates=4), str(data), seed=9, initial=str(tmp_path / "first"))
    assert_same(weights(load(tmp_path / "first", "cpu")), weights(begin(run, tmp_path / "second", device="cpu").model))


def test_a_longer_model_starts_with_what_fits(data: Path) -> None:
    short, long = (build_autoencoder(tiny(), REPRESENTATIONS["melody"](bars=bars).shape) for bars in (2, 4))
    assert 0.5 < transfer(short, long) < 1
    ours, theirs = long.state_dict(), short.state_dict()
    assert torch.equal(ours["decoder.cores.0.lstm.weight_hh_l0"], theirs["decoder.cores.0.lstm.weight_hh_l0"])
    assert transfer(long, long) == 1


def test_updates_that_are_not_finite_change_nothing(data: Path, tmp_path: Path) -> None:
    broken = trainer(data, tmp_path / "m", tiny(updates=9))
    broken.update()
    before = weights(broken.model)
    head = broken.model.autoencoder.get_parameter("latent.mean.weight")
    hook = head.register_hook(lambda grad: grad * math.nan)
    broken.update()
    assert_same(before, weights(broken.model))
    assert (broken.progress.update, broken.progress.skipped, broken.progress.summed) == (2, 1, 1)
    hook.remove()
    broken.update()
    assert not torch.equal(before["latent.mean.weight"], head)
    assert (broken.progress.skipped, broken.progress.failures) == (1, 0)


def test_a_training_that_only_fails_gives_up(data: Path, tmp_path: Path) -> None:
    broken = trainer(data, tmp_path / "m", tiny(updates=200, validate_every=1000))
    broken.model.autoencoder.get_parameter("latent.mean.weight").register_hook(lambda grad: grad * math.nan)
    with pytest.raises(MusicaeError, match="not finite"):
        broken.run()
    assert broken.progress.update == 100


class Listener(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, message: str) -> None:
        self.told.append(message)


def test_a_collapsed_posterior_is_told(data: Path, tmp_path: Path) -> None:
    collapsed = trainer(data, tmp_path / "m", tiny(updates=1, validate_every=1))
    with torch.no_grad():
        for name in ("mean", "std"):
            collapsed.model.autoencoder.get_parameter(f"latent.{name}.weight").zero_()
            collapsed.model.autoencoder.get_parameter(f"latent.{name}.bias").zero_()
        collapsed.model.autoencoder.get_parameter("latent.std.bias").fill_(math.log(math.e - 1))  # softplus: std 1
    listener = collapsed.reporter = Listener()
    collapsed.run()
    assert any("collapsed" in message and "kl.beta" in message for message in listener.told)


def test_minutes_end_a_training(data: Path, tmp_path: Path) -> None:
    timed = trainer(data, tmp_path / "m", tiny(updates=10**6, validate_every=10**6))
    timed.run(minutes=0.005)
    assert 0 < timed.progress.update < 10**6
    assert (tmp_path / "m" / "model.safetensors").exists()


def test_other_data_is_refused_at_resume(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=1)).run()
    manifest = json.loads((data / "manifest.json").read_text())
    (data / "manifest.json").write_text(json.dumps({**manifest, "source": "another"}))
    with pytest.raises(MusicaeError, match="not made from"):
        begin(Run.read(tmp_path / "m"), tmp_path / "m", resume=True)


def test_kl_needs_a_posterior_with_a_spread(data: Path, tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="deterministic"):
        trainer(data, tmp_path / "m", replace(tiny(), latent=spec("deterministic", size=4)))


def test_a_packed_model_is_half_as_large_and_sounds_the_same(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=4)).run()
    pack(tmp_path / "m", tmp_path / "packed")
    before, after = (load(tmp_path / name, "cpu") for name in ("m", "packed"))
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("m", "packed")]
    assert sizes[1] < 0.8 * sizes[0]
    z = before.prior(4, 0)
    assert (before.decode(z, temperature=0.0) == after.decode(z, temperature=0.0)).mean() > 0.9
    with pytest.raises(MusicaeError, match="holds a model already"):
        pack(tmp_path / "m", tmp_path / "packed")


def test_benchmark_measures(tmp_path: Path) -> None:
    speed = benchmark("tiny", tiny(), seconds=0.01, device="cpu")
    assert speed.windows_per_second > 0
    assert set(speed.samples_per_second) == {1, 32, 256}
    assert 0 < speed.training_gflops < speed.matmul_gflops
    assert speed.loading_share < 1


def test_small_data_lowers_the_batch_and_none_is_refused(data: Path) -> None:
    dataset = Dataset(data)
    train, held_out = dataset.split("train"), dataset.split("validation")
    assert fit_batch(Training(batch=256), train, held_out).batch == 64
    empty = Windows(train.tokens, train.offsets[:0], train.shape)
    with pytest.raises(MusicaeError, match="validation split"):
        fit_batch(Training(), train, empty)


def test_resume_without_a_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="no training to resume"):
        Run.read(tmp_path)


def test_damaged_state_is_refused(data: Path, tmp_path: Path) -> None:
    trained = trainer(data, tmp_path / "m", tiny(updates=2))
    trained.run()
    trained.state_path.write_bytes(trained.state_path.read_bytes()[:100])
    with pytest.raises(MusicaeError, match="cannot resume"):
        trainer(data, tmp_path / "m", tiny(updates=4), resume=True)


def test_preset_must_read_what_the_data_holds(data: Path) -> None:
    dataset = Dataset(data)
    assert config_for(dataset) == PRESETS["melody-2bar"]
    assert config_for(dataset, preset="melody-2bar-flat") == PRESETS["melody-2bar-flat"]
    with pytest.raises(MusicaeError, match="melody-16bar reads melody of 16 bars"):
        config_for(dataset, preset="melody-16bar")
    with pytest.raises(MusicaeError, match="melodee"):
        config_for(dataset, preset="melodee")


def test_windows_transpose_on_the_device(data: Path) -> None:
    windows = Dataset(data).split("train")
    batch = windows.take(torch.arange(8)).clamp(max=60)
    assert torch.equal(windows.transpose(batch, torch.full((8,), 5)), batch)
    up = windows.transpose(batch, torch.full((8,), 7))
    assert torch.equal(up, torch.where(batch > 1, batch + 2, batch))
    low = batch.clone()
    low[0, 0, 0, 0] = 3
    down = windows.transpose(low, torch.zeros(8, dtype=torch.int64))
    assert torch.equal(down[0], low[0])


def test_windows_begin_without_orphan_note_offs(data: Path) -> None:
    windows = Dataset(data).split("train").take(torch.arange(64)).flatten(1)
    for window in windows.tolist():
        first = next((token for token in window if token), 0)
        assert first != 1


def test_schedules() -> None:
    training = Training()
    assert learning_rate(training, 0.0) == pytest.approx(training.learning_rate)
    assert learning_rate(training, 0.5) == pytest.approx(1e-4)
    low = Training(learning_rate=1e-6)
    assert learning_rate(low, 0.0) == learning_rate(low, 1.0) == pytest.approx(1e-6)
    assert learning_rate(training, 1.0) == learning_rate(training, 1.1) == pytest.approx(training.min_learning_rate)
    assert sampling_probability(0, 5) == 0
    assert sampling_probability(1000, 0) == pytest.approx(1 / 1001)
    assert sampling_probability(1000, 6908) == pytest.approx(0.5, abs=1e-3)
    assert sampling_probability(1000, 10**9) == 1


def test_seeds_do_not_collide() -> None:
    seeds = {mix(seed, update, rank) for seed in range(5) for update in range(50) for rank in range(3)}
    assert len(seeds) == 5 * 50 * 3


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.endswith("-large")])
def test_every_plain_preset_takes_an_update(name: str) -> None:
    config = PRESETS[name]
    representation = REPRESENTATIONS[config.representation.name](**config.representation.arguments)
    autoencoder = build_autoencoder(config, representation.shape)
    shape = (2, representation.shape.segments, representation.shape.steps)
    fields = [torch.randint(field.vocabulary, shape) for field in representation.shape.columns]
    terms = autoencoder(Batch(torch.stack(fields, -1)))
    torch.stack(list(terms.values())).sum().backward()
    assert all(parameter.grad is not None for parameter in autoencoder.parameters())


@pytest.mark.parametrize("name", [name for name in PRESETS if name.endswith("-large")])
def test_every_large_preset_can_be_built(name: str) -> None:
    config = PRESETS[name]
    representation = REPRESENTATIONS[config.representation.name](**config.representation.arguments)
    with torch.device("meta"):
        autoencoder = build_autoencoder(config, representation.shape)
    assert sum(parameter.numel() for parameter in autoencoder.parameters()) > 3e7


def test_another_optimizer_cannot_go_on(data: Path, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=4, optimizer="muon")).run()
    with pytest.raises(MusicaeError, match="its optimizer was another one"):
        trainer(data, tmp_path / "m", tiny(updates=8, optimizer="adam"), resume=True)


def test_the_learning_rate_falls_with_the_time_too(data: Path, tmp_path: Path) -> None:
    timed = trainer(data, tmp_path / "m", tiny(updates=10**6))
    seen = []

    class Watch(Silent):
        def updated(self, progress: Progress) -> None:
            seen.append(timed.over)

    timed.reporter = Watch()
    timed.run(minutes=0.02)
    assert seen == sorted(seen) and seen[0] < 1 <= seen[-1]
    assert timed.progress.update < 10**6


def test_muon_moves_all_directions_of_hidden_matrices_alike(data: Path, tmp_path: Path) -> None:
    model = trainer(data, tmp_path / "m", tiny(optimizer="muon")).model
    before = weights(model)
    optimizer = optimizer_of(model)
    for parameter in model.autoencoder.parameters():
        parameter.grad = torch.randn_like(parameter) ** 3
    optimizer.step(1e-2)
    after = weights(model)
    moved = {name: after[name] - before[name] for name in after}
    hidden = moved["encoder.window.3.weight"]
    spread = torch.linalg.svdvals(hidden)
    assert spread.max() < 3 * spread.min()
    assert moved["embedding.fields.0.matrix"].abs().amax() == pytest.approx(1e-2, rel=1e-3)  # Adam's first update
    assert hidden.square().mean().sqrt() == pytest.approx(0.2e-2, rel=0.3)
