"""A training that was stopped, however that was, goes on to the weights that it would have reached."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.config import OPTIMIZERS, Optimizer, Spec, spec
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import TABLES, load
from musicae.settings import override
from musicae.training.arithmetic import Arithmetic
from musicae.training.distributed import Ranks
from musicae.training.loop import Trainer
from musicae.training.music_task import MusicTask
from musicae.training.outcome import state_path
from musicae.training.reporter import NullReporter
from musicae.training.run import Run
from musicae.verbs.train import begin
from tests.helpers.trainings import assert_same, tiny, trainer, weights


def interrupt_at(interrupted: Trainer[MusicTask], last: int) -> None:
    update = interrupted.update

    def update_and_interrupt() -> None:
        update()
        if interrupted.state.update == last:
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
def test_resume_reaches_the_same_numbers(name: str, optimizer: Optimizer, data: Dataset, tmp_path: Path) -> None:
    config = replace(NOISY[name], training=replace(NOISY[name].training, updates=10, optimizer=optimizer))
    whole = trainer(data, tmp_path / "whole", config)
    whole.run()
    stopped = trainer(data, tmp_path / "parts", config)
    interrupt_at(stopped, 8)  # a validation stands at 4 and at 8
    rest = trainer(data, tmp_path / "parts", config, resume=True)
    assert rest.state.update == 8
    rest.run()
    assert_same(weights(whole.task.model), weights(rest.task.model))
    assert whole.task.model.autoencoder.training


def test_kill_then_resume_reaches_the_same_weights(data: Dataset, tmp_path: Path) -> None:
    whole = trainer(data, tmp_path / "whole", tiny(updates=12))
    whole.run()
    folder = tmp_path / "killed"
    killed = trainer(data, folder, tiny(updates=12))

    class Kill(NullReporter):
        def validated(self, progress: object, metrics: object) -> None:
            if killed.state.update == 8:
                raise SystemExit  # as kill -9 does: nothing is saved after this

    killed.reporter = Kill()
    with pytest.raises(SystemExit):
        killed.run()
    rest = trainer(data, folder, tiny(updates=12), resume=True)
    assert rest.state.update == 4
    rest.run()
    assert_same(weights(whole.task.model), weights(rest.task.model))
    updates = [json.loads(line)["update"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert updates == sorted(updates)
    assert updates.count(8) == 1


def test_interruption_saves(data: Dataset, tmp_path: Path) -> None:
    interrupt_at(trainer(data, tmp_path / "m", tiny(updates=100, validate_every=1000)), 5)
    assert trainer(data, tmp_path / "m", tiny(), resume=True).state.update == 5


@pytest.mark.slow  # and on a busy machine gloo now and then aborts a process that is already done
@pytest.mark.parametrize("machines", [1, 2])
@pytest.mark.parametrize("latent", [spec("deterministic", size=4), spec("gaussian", size=4, mean_std=1.0)])
def test_two_processes_do_what_one_does(latent: Spec, machines: int, data: Dataset, tmp_path: Path) -> None:
    config = replace(tiny(updates=4), latent=latent, regularizers=())
    Run(config, str(data.folder), seed=3, arithmetic=Arithmetic("float32", 1)).save(tmp_path / "one")
    script = tmp_path / "ranks.py"
    script.write_text(
        "import sys; from pathlib import Path\n"
        "from musicae.training.run import Run; from musicae.verbs.train import begin\n"
        "import torch\n"
        "torch.randn_like = torch.zeros_like  # processes draw noise of their own\n"
        "folder, out = map(Path, sys.argv[1:])\n"
        "trainer = begin(Run.read(folder), out, device='cpu')\n"
        "trainer.run()\n"
        "trainer.ranks.leave()\n"
    )
    arguments = [str(script), str(tmp_path / "one")]
    torchrun = [sys.executable, "-m", "torch.distributed.run"]
    one_machine = [["--standalone", "--nproc-per-node", "2"]]
    meeting = [
        "--nnodes",
        "2",
        "--nproc-per-node",
        "1",
        "--master-addr",
        "127.0.0.1",
        "--master-port",
        str(free_port()),
    ]
    starts = one_machine if machines == 1 else [[*meeting, "--node-rank", str(rank)] for rank in range(2)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *arguments, str(tmp_path / "alone")], check=True, env=environment)
    started = [
        subprocess.Popen([*torchrun, *start, *arguments, str(tmp_path / "both")], env=environment) for start in starts
    ]
    assert [process.wait() for process in started] == [0] * machines
    alone, both = (load(tmp_path / name, "cpu") for name in ("alone", "both"))
    state = both.autoencoder.state_dict()
    # Normalization takes away what biases before it add: their gradients are rounding alone, of which Adam makes whole
    # steps, and running means and the sampler follow them.
    sampler = {f"sampler.{name}" for name in ("mean", "scale", "codes")}
    normalized = {"encoder.window.4.bias", "latent.mean.bias", "latent.normalization.center", *sampler}
    loose = normalized if latent.arguments.get("mean_std") else {"sampler.codes"}  # which are rounded
    for name, tensor in alone.autoencoder.state_dict().items():
        if name not in loose:
            torch.testing.assert_close(tensor, state[name], rtol=1e-5, atol=1e-5)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_all_processes_hear_that_one_was_interrupted(data: Dataset, tmp_path: Path) -> None:
    class Other(Ranks):
        def agree(self, *values: float, device: torch.device) -> list[float]:
            return [1.0, *values[1:]]

    ours = trainer(data, tmp_path / "m", tiny(updates=9))
    ours.ranks = Other()
    with pytest.raises(KeyboardInterrupt):
        ours.run()
    assert ours.state.update == 1


def test_other_data_is_refused_at_resume(data: Dataset, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=1)).run()
    manifest = json.loads((data.folder / "manifest.json").read_text())
    (data.folder / "manifest.json").write_text(json.dumps({**manifest, "source": "another"}))
    with pytest.raises(MusicaeError, match="not the data that"):
        begin(Run.read(tmp_path / "m"), tmp_path / "m", resume=True)


def test_resume_without_a_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="no training to resume"):
        Run.read(tmp_path)


def test_damaged_state_is_refused(data: Dataset, tmp_path: Path) -> None:
    trained = trainer(data, tmp_path / "m", tiny(updates=2))
    trained.run()
    state = state_path(trained.folder)
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(MusicaeError, match="cannot resume"):
        trainer(data, tmp_path / "m", tiny(updates=4), resume=True)


def test_other_sizes_cannot_go_on_and_one_weight_says_so(data: Dataset, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=2)).run()
    other = override(tiny(updates=4), "latent.size=3", TABLES)
    with pytest.raises(MusicaeError, match="sizes cannot change within a training") as caught:
        trainer(data, tmp_path / "m", other, resume=True)
    assert "\n" not in str(caught.value)


def test_another_optimizer_cannot_go_on(data: Dataset, tmp_path: Path) -> None:
    trainer(data, tmp_path / "m", tiny(updates=4, optimizer="muon")).run()
    with pytest.raises(MusicaeError, match="its optimizer was another one"):
        trainer(data, tmp_path / "m", tiny(updates=8, optimizer="adam"), resume=True)
