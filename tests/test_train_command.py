"""`musicae train` as a user runs it: killed, interrupted, resumed, refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from musicae.corpus.dataset import Dataset
from tests.helpers.commands import Run

SMALL = ["encoder.code=8", "encoder.hidden=8", "latent.size=4", "decoder.hidden=8", "decoder.conductor_hidden=8"]
QUICK = [*SMALL, "training.batch=8", "training.validate_every=20", "training.validation_windows=8"]
SETTINGS = [word for setting in QUICK for word in ("--set", setting)]


@pytest.fixture
def dataset(data: Dataset) -> Path:
    return data.folder


def train(folder: Path, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "musicae", "train", *map(str, words)]
    return subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def wait_for_updates(metrics: Path, updates: int) -> None:
    """Until a training has logged so many updates."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        lines = metrics.read_text().splitlines() if metrics.exists() else []
        if lines and json.loads(lines[-1])["update"] >= updates:
            return
        time.sleep(0.02)
    raise AssertionError(f"{metrics} never reached update {updates}")


def test_kill_9_then_resume_gives_the_same_bytes(dataset: Path, tmp_path: Path) -> None:
    words = ["--updates", 150, "--seed", 5, *SETTINGS]
    assert finished(train(tmp_path, dataset, "-o", "whole", *words))[0] == 0
    killed = train(tmp_path, dataset, "-o", "killed", *words)
    wait_for_updates(tmp_path / "killed" / "metrics.jsonl", 60)
    killed.kill()
    finished(killed)
    assert not (tmp_path / "killed" / "README.md").exists()
    assert finished(train(tmp_path, "--resume", "killed"))[0] == 0
    for name in ("model.safetensors", "config.json", "metrics.jsonl"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    states = [load_file(tmp_path / name / "training" / "state.safetensors") for name in ("whole", "killed")]
    assert states[0].keys() == states[1].keys()
    assert all(bool((states[0][name] == states[1][name]).all()) for name in states[0])


def test_ctrl_c_saves_and_says_how_to_go_on(dataset: Path, tmp_path: Path) -> None:
    process = train(tmp_path, dataset, "-o", "m", "--updates", 100_000, *SETTINGS)
    wait_for_updates(tmp_path / "m" / "metrics.jsonl", 20)
    os.kill(process.pid, signal.SIGINT)
    code, out, err = finished(process)
    assert (code, out) == (130, "")
    assert "musicae train --resume m" in err
    assert (tmp_path / "m" / "model.safetensors").exists()
    code, out, err = finished(train(tmp_path, "--resume", "m", "--updates", 1, "--json"))
    assert code == 0 and "give more --minutes or --updates" in err
    done = json.loads(out)["updates"]
    assert done >= 20
    code, out, err = finished(train(tmp_path, "--resume", "m", "--minutes", 0.01, "--json"))
    assert json.loads(out)["updates"] == done, "the time is over"
    code, out, err = finished(train(tmp_path, "--resume", "m", "--updates", done + 2, "--json"))
    assert json.loads(out)["updates"] == done + 2, "more updates lift the limit of time"


def test_an_interruption_behind_the_updates_says_how_to_go_on(
    run: Run, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("musicae.training.sampler_training.learn_sampler", interrupted)
    done = run("train", dataset, "-o", "m", "--updates", 1, *SETTINGS)
    assert done.code == 130 and "go on with musicae train --resume m" in done.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--resume", "m", "--preset", "melody-2bar"], 2, "omit the others"),
        (["--resume", "m"], 1, "no training to resume in m, which does not exist\nhint: begin one with musicae train"),
        (["nowhere"], 1, "unknown data set: nowhere"),
        (["DATA", "--preset", "melody-16bar"], 1, "reads melody of 16 bars"),
        (["DATA", "--set", "latnt.size=3"], 1, "did you mean latent"),
        (["DATA", "--from", "nobody"], 1, "unknown model: nobody"),
        (["DATA", "--set", "representation.bars=4"], 1, "holds melody of 2 bars"),
    ],
)
def test_what_cannot_be_trained(dataset: Path, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    words = [str(dataset) if word == "DATA" else word for word in words]
    found, out, err = finished(train(tmp_path, *words))
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def test_a_full_disk_stops_a_training_which_then_goes_on(dataset: Path, tmp_path: Path) -> None:
    words = [str(dataset), "-o", "m", "--updates", "30", *SETTINGS, "--set=training.validate_every=1"]
    script = (
        "import resource, sys; from musicae.training import metrics; from musicae.cli.app import main\n"
        "append = metrics.append\n"
        "def full(path, data):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (3500, resource.RLIM_INFINITY))\n"
        "    append(path, data)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "metrics.append = full; sys.argv = ['musicae', 'train', *sys.argv[1:]]; main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", script, *map(str, words)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "error: cannot write m/metrics.jsonl: File too large\nhint: make room" in done.stderr
    lines = (tmp_path / "m" / "metrics.jsonl").read_text()
    assert lines.endswith("\n") and all(json.loads(line) for line in lines.splitlines())
    code, _, err = finished(train(tmp_path, *words))
    assert code == 0 and "going on with the training that was begun in m" in err
    assert (tmp_path / "m" / "metrics.jsonl").read_text().startswith(lines[:-1].rpartition("\n")[0])


RESUMED = (
    "import sys; from musicae.cli.app import main; sys.argv = ['musicae', 'train', '--resume', *sys.argv[1:]]\n"
    "try: main()\n"
    "finally: print('torch' in sys.modules, file=sys.stderr)"
)


def test_what_has_ended_says_so_before_anything_is_loaded(run: Run, dataset: Path, tmp_path: Path) -> None:
    trained = run("train", dataset, "-o", "m", "--updates", 20, *SETTINGS, "--json")
    assert trained.code == 0
    shutil.rmtree(dataset)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def resume(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-c", RESUMED, "m", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    for more in ([], ["--updates", "20"], ["--updates", "3"]):
        code, again, said = resume(*more, "--json")
        assert (code, again) == (0, trained.out)
        assert said == (
            "this training has ended; to train it further, give more --minutes or --updates\n"
            "play it: musicae sample -m m\nFalse\n"
        )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    code, _, said = resume("--updates", "21")
    assert code == 1 and "has ended" not in said, "it wants its data set"


JARGON = re.compile(r"kl|nll|nats|beta|posterior|gradient|learning rate|dimensions|float|code_gain|batch|weights come")


def test_a_training_talks_as_musicians_do_and_in_numbers_if_asked(
    run: Run, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MUSICAE_MODELS")  # it names one of those that come with musicae
    words = ["--updates", 20, *SETTINGS]
    said = run("train", dataset, "-o", "plain", *words).err
    assert not JARGON.search(said)
    assert "of the held-out steps" in said and "it has learned nothing yet" in said and "--from melody-2bar" in said
    said = run("train", dataset, "-o", "numbers", *words, "--verbose").err
    assert "nll" in said and "code_gain_nats" in said and "active_dimensions" in said and "float" in said
    metrics = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("plain", "numbers")]
    assert metrics[0] == metrics[1]
