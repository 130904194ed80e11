"""The command line: what goes to which stream, exit codes, names of outputs, and errors in two lines."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mido  # type: ignore[import-untyped]
import pytest
import torch
from conftest import tiny_model

from musicae.cli import app, console
from musicae.corpus.dataset import Dataset
from musicae.model import save, save_attributes
from musicae.music.attributes import ATTRIBUTES
from musicae.music.midi import read_midi, write_midi
from musicae.music.score import Meter, Notes, Score, Track

MODELS = ("melody-2bar", "drums-2bar", "trio-4bar")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    bytes: bytes
    err: str

    @property
    def out(self) -> str:
        return self.bytes.decode()

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with random weights; one of them has attribute vectors."""
    folder = tmp_path_factory.mktemp("models")
    for name in MODELS:
        model = tiny_model(name)
        save(model, folder / name)
    model = tiny_model("melody-2bar")
    model.folder = folder / "melody-2bar"
    model.attributes = {name: torch.eye(8)[i] for i, name in enumerate(ATTRIBUTES)}
    save_attributes(model)
    return folder


@pytest.fixture
def run(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Run:
    """Run a command line in an empty folder, as the shell would."""
    monkeypatch.setenv("MUSICAE_MODELS", str(shelf))
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["musicae", *map(str, words)])
        with pytest.raises(SystemExit) as exit:
            app.main()
        out, err = capsysbinary.readouterr()
        code = exit.value.code
        return Done(code if isinstance(code, int) else 0, out, err.decode())

    return run


def melody(numerator: int = 4, denominator: int = 4, is_drum: bool = False) -> Score:
    """Eight bars of a scale in eighths, on a flute."""
    rows = [(i * 240, i * 240 + 240, 60 + i % 12, 90) for i in range(64)]
    meters = (Meter(0, numerator, denominator),)
    return Score(480, (Track(Notes.of(rows), 73, is_drum),), end=64 * 240, meters=meters)


@pytest.fixture
def tunes(tmp_path: Path) -> tuple[str, str]:
    """Two MIDI files in the current folder."""
    write_midi(melody(), tmp_path / "a.mid")
    write_midi(melody().transpose(-7), tmp_path / "b.mid")
    return "a.mid", "b.mid"


def assert_fails(done: Done, *said: str) -> None:
    """Exit code 1, nothing on stdout, and one error and one hint on stderr that say the right thing."""
    assert done.code == 1
    assert done.out == ""
    assert "Traceback" not in done.err
    starts = [line.split(":")[0] for line in done.err.splitlines() if line.startswith(("error:", "hint:"))]
    assert starts == ["error", "hint"]
    for words in said:
        assert words in done.err


def test_help_is_there_in_a_blink() -> None:
    """Best of three, as the machine may have other things to do."""

    def seconds() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "musicae", "--help"], check=True, capture_output=True)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(3)) < 0.3


@pytest.mark.parametrize("name", list(app.COMMANDS))
def test_every_help_ends_with_two_examples(run: Run, name: str) -> None:
    done = run(name, "-h")
    assert done.code == 0
    *_, title, one, two = done.out.rstrip().splitlines()
    assert title.strip() == "Examples:"
    assert all(line.strip().startswith(f"musicae {name}") for line in (one, two))


VERBS = ("sample", "interpolate", "reconstruct", "vary", "attribute", "encode", "decode", "replay", "models")


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_of_every_verb_run(run: Run, tunes: tuple[str, str], name: str) -> None:
    run("encode", "a.mid", "-o", "z.json")
    run("interpolate", *tunes, "-o", "morph.mid")
    for example in app.COMMANDS[name].EXAMPLES:
        assert run(*example.split()[1:]).code == 0


def test_version_and_bare_command(run: Run) -> None:
    assert run("--version").out.startswith("musicae ")
    bare = run()
    assert bare.code == 2
    assert "Usage" in bare.out + bare.err


def test_sample_names_its_outputs_after_model_and_seed_and_counts_on(run: Run) -> None:
    first, second = run("sample", "-n", 2, "--seed", 7), run("sample", "-n", 1, "--seed", 7)
    assert [path.name for path in first.paths] == ["melody-2bar-seed7-000.mid", "melody-2bar-seed7-001.mid"]
    assert [path.name for path in second.paths] == ["melody-2bar-seed7-002.mid"]
    assert first.paths[0].read_bytes() == second.paths[0].read_bytes()
    assert all(path.with_suffix(".json").exists() for path in first.paths)


def test_without_a_seed_one_is_drawn_said_and_kept(run: Run) -> None:
    done = run("sample", "-n", 1)
    (path,) = done.paths
    seed = json.loads(path.with_suffix(".json").read_text())["seed"]
    assert f"seed {seed}" in done.err
    assert f"seed{seed}" in path.name
    texts = [message.text for message in mido.MidiFile(path).tracks[0] if message.type == "text"]
    assert [f"seed {seed}" in text for text in texts] == [True]


def test_quiet_is_quiet_and_stdout_is_the_same(run: Run) -> None:
    assert run("sample", "-n", 1, "--seed", 1, "-o", "x.mid", "-q") == Done(0, b"x.mid\n", "")


def test_json_is_one_object(run: Run) -> None:
    report = json.loads(run("sample", "-n", 2, "--seed", 3, "--json").out)
    assert set(report) == {"model", "hash", "seed", "files"}
    assert report["seed"] == 3
    assert all(Path(file["path"]).exists() and set(file["attributes"]) == set(ATTRIBUTES) for file in report["files"])


def test_midi_on_stdout_is_the_file(run: Run) -> None:
    piped = run("sample", "-n", 1, "--seed", 3, "-o", "-")
    (path,) = run("sample", "-n", 1, "--seed", 3).paths
    assert piped.bytes == path.read_bytes()
    assert read_midi(piped.bytes).end > 0


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "-o", "-"),
        ("sample", "-n", 1, "-o", "-", "--json"),
        ("sample", "-o", "x.json"),
        ("sample", "-n", 0),
        ("sample", "--device", "abacus"),
        ("interpolate", "a.mid", "b.mid", "-o", "-"),
        ("interpolate", "a.mid", "b.mid", "--bar", 1, "--bar", 2, "--bar", 3),
        ("attribute",),
        ("attribute", "--add", "density=much"),
        ("attribute", "--add", "density", "-o", "-"),
        ("models", "show"),
        ("smaple",),
    ],
)
def test_usage_errors_exit_with_2(run: Run, tunes: tuple[str, str], words: tuple[object, ...]) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")


def test_midi_is_not_written_to_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run("sample", "-n", 1, "-o", "-").code == 2


def test_output_may_be_a_file_a_folder_or_several_files(run: Run, tmp_path: Path) -> None:
    assert run("sample", "-n", 1, "-o", "x.mid").paths == [Path("x.mid")]
    assert run("sample", "-n", 3, "-o", "y.mid").paths == [Path("y.mid"), Path("y-001.mid"), Path("y-002.mid")]
    assert run("sample", "-n", 1, "-o", "new/", "--seed", 1).paths == [Path("new/melody-2bar-seed1-000.mid")]
    assert run("sample", "-n", 1, "-o", "new", "--seed", 1).paths == [Path("new/melody-2bar-seed1-001.mid")]


def test_an_output_that_exists_is_kept_unless_forced(run: Run) -> None:
    Path("x.mid").write_text("mine")
    assert_fails(run("sample", "-n", 1, "-o", "x.mid"), "x.mid exists", "--force")
    assert Path("x.mid").read_text() == "mine"
    assert run("sample", "-n", 1, "-o", "x.mid", "--force").code == 0
    assert Path("x.mid").read_bytes().startswith(b"MThd")


def test_sampling_at_a_tempo(run: Run) -> None:
    run("sample", "-n", 1, "--tempo", 90, "-o", "x.mid")
    assert read_midi("x.mid").tempi[0].tempo_qpm == pytest.approx(90, rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_samples(run: Run, name: str) -> None:
    assert len(run("sample", "-m", name).paths) == 4


def test_interpolate_as_typed(run: Run, tunes: tuple[str, str]) -> None:
    done = run("interpolate", *tunes)
    assert done.code == 0
    assert len(done.paths) == 6
    assert done.paths[0].stem.endswith("-000-joined")
    assert "reading a.mid: bars" in done.err and "reading b.mid: bars" in done.err
    assert read_midi(done.paths[0]).tracks[0].program == 73


def test_bars_are_chosen_once_for_both_or_twice(run: Run, tunes: tuple[str, str]) -> None:
    once = run("interpolate", *tunes, "--bar", 3).err
    assert once.count("bars 3-4 of 8") == 2
    twice = run("interpolate", *tunes, "--bar", 3, "--bar", 5).err
    assert "bars 3-4 of 8" in twice and "bars 5-6 of 8" in twice


def test_reconstruct_and_vary(run: Run, tunes: tuple[str, str]) -> None:
    assert len(run("reconstruct", "a.mid", "--bar", 2).paths) == 1
    assert len(run("vary", "a.mid", "--amount", 0.3).paths) == 4
    assert run("reconstruct", "a.mid", "-o", "r.mid").code == 0
    run("vary", "a.mid", "--amount", 0, "-n", 1, "-o", "v.mid")
    assert read_midi("r.mid").tracks == read_midi("v.mid").tracks


def test_verbs_read_what_was_piped(run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("a.mid").read_bytes())))
    assert run("reconstruct", "-").code == 0


def test_attribute_as_typed(run: Run) -> None:
    done = run("attribute", "--add", "density")
    assert [path.stem[-10:] for path in done.paths] == ["-000-after", "001-before"]
    assert "density " in done.err


def test_attributes_of_a_file_are_added_and_subtracted(run: Run, tunes: tuple[str, str]) -> None:
    done = run("attribute", "a.mid", "--add", "density", "--subtract", "interval=0.5", "--add", "density=0.5")
    (path,) = done.paths
    recipe = json.loads(path.with_suffix(".json").read_text())
    assert recipe["arguments"]["amounts"] == {"density": 1.5, "interval": -0.5}


def test_attribute_without_vectors_names_the_command_that_makes_them(run: Run) -> None:
    assert_fails(run("attribute", "--add", "density", "-m", "drums-2bar"), "musicae fit drums-2bar DATA")


def test_fit_gives_a_model_its_vectors(run: Run, data: Dataset, tmp_path: Path) -> None:
    save(tiny_model("melody-2bar"), tmp_path / "mine")
    assert_fails(run("attribute", "--add", "density", "-m", "mine"), "musicae fit mine DATA")
    done = run("fit", "mine", data.folder, "--json")
    assert done.code == 0
    assert set(json.loads(done.out)["attributes"]) == set(ATTRIBUTES)
    assert run("attribute", "--add", "density", "-m", "mine").code == 0
    assert_fails(run("fit", "drums-2bar", data.folder), "preprocess")
    assert_fails(run("fit", "mine", "nothing"), "unknown data set: nothing")


def test_encode_edit_decode(run: Run, tunes: tuple[str, str]) -> None:
    assert run("encode", "a.mid", "-o", "z.json").paths == [Path("z.json")]
    assert json.loads(run("encode", "a.mid", "-o", "-").out) == json.loads(Path("z.json").read_text())
    run("decode", "z.json", "-o", "again.mid")
    run("reconstruct", "a.mid", "-o", "direct.mid")
    assert read_midi("again.mid") == read_midi("direct.mid")
    edited = json.loads(Path("z.json").read_text())
    edited["z"] = [[number * 3 for number in edited["z"][0]], [0.0] * 8]
    Path("z.json").write_text(json.dumps(edited, indent=2))
    assert len(run("decode", "z.json").paths) == 2


def test_replay_gives_the_same_bytes(run: Run, tunes: tuple[str, str]) -> None:
    made = [
        *run("sample", "-n", 2, "--temperature", 1.5).paths,
        *run("interpolate", *tunes, "--exact-ends", "--temperature", 1).paths,
        *run("attribute", "--add", "density").paths,
    ]
    for path in made:
        assert run("replay", path.with_suffix(".json"), "-o", "-").bytes == path.read_bytes()


def test_replay_refuses_another_model(run: Run) -> None:
    run("sample", "-n", 1, "-o", "x.mid")
    recipe = json.loads(Path("x.json").read_text())
    Path("x.json").write_text(json.dumps({**recipe, "hash": "0" * 16}))
    assert_fails(run("replay", "x.json"), "0000000000000000", "--force")
    assert run("replay", "x.json", "--force").code == 0


def test_models_are_listed_and_shown(run: Run, shelf: Path) -> None:
    (shelf / "drums-2bar" / "README.md").write_text("# drums-2bar\n\nRandom.\n")
    done = run("models")
    listed = {line.split()[0]: line for line in done.out.splitlines()}
    assert set(listed) >= set(MODELS)
    assert "density" in listed["melody-2bar"]
    models = {model["name"]: model for model in json.loads(run("models", "--json").out)["models"]}
    assert models["trio-4bar"]["bars"] == 4 and models["trio-4bar"]["latent_size"] == 8
    assert "Random." in run("models", "show", "drums-2bar").out
    assert json.loads(run("models", "show", "drums-2bar", "--json").out)["representation"] == "drums"


def test_a_missing_file(run: Run) -> None:
    assert_fails(run("reconstruct", "nowhere.mid"), "nowhere.mid")


def test_a_text_file_called_mid(run: Run) -> None:
    Path("poem.mid").write_text("Shall I compare thee")
    assert_fails(run("reconstruct", "poem.mid"), "poem.mid is not a MIDI file")


def test_an_empty_folder(run: Run) -> None:
    Path("empty").mkdir()
    assert_fails(run("preprocess", "empty", "-o", "data/empty"), "empty")


def test_drums_asked_for_a_melody(run: Run, tmp_path: Path) -> None:
    write_midi(melody(is_drum=True), tmp_path / "beat.mid")
    assert_fails(run("vary", "beat.mid"), "drums", "pitched")


def test_six_eight(run: Run, tmp_path: Path) -> None:
    write_midi(melody(6, 8), tmp_path / "jig.mid")
    assert_fails(run("reconstruct", "jig.mid"), "6/8")


def test_an_output_that_cannot_be_written(run: Run) -> None:
    Path("file").write_text("not a folder")
    assert_fails(run("sample", "-n", 1, "-o", "file/x.mid"), "file/x.mid", "-o")


def test_truncated_weights(run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors"):
        (tmp_path / "cut").mkdir(exist_ok=True)
        (tmp_path / "cut" / file).write_bytes((shelf / "melody-2bar" / file).read_bytes())
    weights = tmp_path / "cut" / "model.safetensors"
    for size in (0, 4, 100, weights.stat().st_size - 1):
        weights.write_bytes((shelf / "melody-2bar" / "model.safetensors").read_bytes()[:size])
        assert_fails(run("sample", "-m", "cut"), "model.safetensors")


def test_an_unknown_model(run: Run) -> None:
    assert_fails(run("sample", "-m", "melody-3bar"), "melody-3bar", "did you mean melody-2bar", *MODELS)


@pytest.mark.parametrize("text", ["{", "[]", '{"z": 1}', '{"z": [[0, 1]], "model": "melody-2bar"}'])
def test_a_json_that_is_no_recipe(run: Run, text: str) -> None:
    Path("z.json").write_text(text)
    assert_fails(run("decode", "z.json"))


def test_debugging_shows_the_traceback_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICAE_DEBUG", "1")
    done = run("reconstruct", "nowhere.mid")
    assert done.code == 1
    assert "Traceback" in done.err and "error: " in done.err


def test_interruption_exits_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(console.Console, "seed", interrupt)
    assert run("sample").code == 130


def test_a_terminal_gets_a_piano_roll_and_no_color_is_obeyed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[36m" in run("sample", "-n", 1).err
    monkeypatch.setenv("NO_COLOR", "1")
    err = run("sample", "-n", 1).err
    assert "█" in err and "\x1b[36m" not in err
    assert "█" not in run("sample", "-n", 1, "-q").err
