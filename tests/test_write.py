"""Where outputs go: their names, what is never overwritten, and what is refused before anything is computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mido  # type: ignore[import-untyped]
import pytest

from musicae.clips.recipe_json import read_recipe
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.verbs.sample import sample
from tests.helpers.commands import Run, assert_fails


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


@pytest.mark.parametrize(
    "words",
    [
        ("reconstruct", "a.mid", "-o", "a.mid"),
        ("interpolate", "a.mid", "b.mid", "-o", "b.mid"),
        ("interpolate", "a.mid", "b-002.mid", "-o", "b.mid"),
        ("vary", "a.mid", "-o", "./a"),
        ("attribute", "a.mid", "--add", "density", "-o", "a.mid"),
        ("decode", "z.json", "-o", "z.mid"),
        ("replay", "z.json", "-o", "z"),
    ],
)
def test_what_is_read_is_never_overwritten(run: Run, tunes: tuple[str, str], words: tuple[str, ...]) -> None:
    run("encode", "a.mid", "-o", "z.json")
    Path("b-002.mid").write_bytes(Path("b.mid").read_bytes())
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    assert_fails(run(*words, "--force"), "overwritten while it is read", "-o")
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


def test_names_without_a_suffix_get_one(run: Run, tunes: tuple[str, str]) -> None:
    assert run("reconstruct", "a.mid", "-o", "x").paths == [Path("x.mid")]
    assert run("encode", "a.mid", "-o", "z").paths == [Path("z.json")]
    assert run("sample", "-n", 2, "-o", "y").paths == [Path("y.mid"), Path("y-001.mid")]
    assert run("reconstruct", "a.mid", "-o", "x.midi").code == 1, "their recipes would have the same name"


def test_names_say_what_clips_came_from_and_a_seed_only_if_anything_was_random(
    run: Run, tunes: tuple[str, str]
) -> None:
    def first(*words: object) -> str:
        done = run(*words)
        assert ("seed" in done.err) == ("-seed" in done.out)
        return done.paths[0].name

    assert first("reconstruct", "a.mid") == "a-reconstruct-melody-2bar-000.mid"
    assert first("reconstruct", "a.mid") == "a-reconstruct-melody-2bar-001.mid"
    assert first("interpolate", *tunes) == "a-b-interpolate-melody-2bar-000-joined.mid"
    assert first("encode", "a.mid") == "a-encode-melody-2bar-000.json"
    assert first("attribute", "a.mid", "--add", "density") == "a-attribute-melody-2bar-000-after.mid"
    assert first("decode", "a-encode-melody-2bar-000.json") == "a-encode-melody-2bar-000-decode-melody-2bar-000.mid"
    assert first("vary", "a.mid").startswith("a-vary-melody-2bar-seed")
    assert first("reconstruct", "a.mid", "--temperature", 1).startswith("a-reconstruct-melody-2bar-seed")
    assert json.loads(run("reconstruct", "a.mid", "--json").out)["seed"] is None


def test_long_names_in_any_script_fit_into_a_file_name(run: Run, tunes: tuple[str, str]) -> None:
    long = Path(f"{'音' * 80}.mid")
    long.write_bytes(Path("a.mid").read_bytes())
    assert run("reconstruct", str(long)).code == 0


def test_a_replayed_clip_keeps_its_label_and_takes_the_next_number(run: Run, tunes: tuple[str, str]) -> None:
    joined, *_, last = run("interpolate", *tunes, "--steps", 2).paths
    assert last.stem.endswith("-002")
    done = run("replay", joined.with_suffix(".json"), "--json")
    (file,) = json.loads(done.out)["files"]
    assert (file["path"], file["label"]) == ("a-b-interpolate-melody-2bar-003-joined.mid", "joined")


def test_no_recipe_leads_out_of_the_folder(run: Run, tunes: tuple[str, str]) -> None:
    run("encode", "a.mid", "-o", "z.json")
    recipe = json.loads(Path("z.json").read_text())
    Path("z.json").write_text(json.dumps({**recipe, "label": "../up", "origin": "/etc/" + "long" * 99}))
    (path,) = run("replay", "z.json", "-o", "new/").paths
    assert path.parent == Path("new") and path.stem.endswith("-000-.._up")


def test_clips_are_written_as_they_are_made(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = sample(model, 2)
    assert clips[0].score
    monkeypatch.setattr(model, "decode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clips.save(f"{tmp_path}/")
    assert len(list(tmp_path.glob("*.mid"))) == len(list(tmp_path.glob("*.json"))) == 1


def interrupted(*arguments: object, **options: object) -> None:
    raise KeyboardInterrupt


def test_saving_overwrites_nothing_unless_forced(model: Model, tmp_path: Path) -> None:
    clip, other = sample(model, 2, temperature=1.0, seed=1)
    path = clip.save(tmp_path / "x")
    assert path == tmp_path / "x.mid" and path.read_bytes() == clip.midi()
    with pytest.raises(MusicaeError, match=r"x\.mid exists"):
        other.save(path)
    path.unlink()
    with pytest.raises(MusicaeError, match=r"x\.json exists"):
        other.save(path)
    assert other.save(path, force=True).read_bytes() == other.midi()
    assert read_recipe(path.with_suffix(".json")).parts[0].draw == 1
    with pytest.raises(MusicaeError, match=r"x\.json is not a name for a MIDI file"):
        clip.save(tmp_path / "x.json", force=True)


def test_clips_in_a_folder_count_on(model: Model, tmp_path: Path) -> None:
    clips = sample(model, 2, seed=7)
    assert [path.name for path in clips.save(tmp_path)] == ["melody-2bar-seed7-000.mid", "melody-2bar-seed7-001.mid"]
    assert clips[0].save(tmp_path).name == "melody-2bar-seed7-002.mid"


@pytest.mark.parametrize("output", ["file/x.mid", "file/x/y/", "x" * 300, "x" * 300 + "/"])
def test_where_nothing_can_be_written_nothing_is_computed(run: Run, output: str) -> None:
    Path("file").write_text("not a folder")
    done = run("sample", "-n", 1, "-o", output)
    assert_fails(done, "cannot write", output[:20], "-o")
    assert "seed" not in done.err


def test_a_folder_without_permission(run: Run, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert_fails(run("sample", "-n", 1), "no permission to write", "-o")
    assert_fails(run("fit", "melody-2bar", data.folder), "attributes.safetensors", "no permission to write")


PARALLEL = """
import sys
from pathlib import Path
from musicae.cli.app import main
sys.argv = ["musicae", "sample", "-n", sys.argv[1], "--seed", "1", "-q", "-o", "out/"]
main()
"""


@pytest.mark.parametrize(("processes", "clips"), [(3, 10), pytest.param(6, 50, marks=pytest.mark.slow)])
def test_clips_of_parallel_processes_do_not_overwrite_one_another(
    processes: int, clips: int, shelf: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "MUSICAE_MODELS": str(shelf), "MUSICAE_THREADS": "1"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", PARALLEL, str(clips)]
    running = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    printed = [line for process in running for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in running] == [0] * processes
    files = sorted((tmp_path / "out").iterdir())
    assert len(printed) == len(set(printed)) == processes * clips
    assert {tmp_path / line for line in printed} == {path for path in files if path.suffix == ".mid"}
    assert {path.with_suffix(".json") for path in files} == {path for path in files if path.suffix == ".json"}


def test_in_folders_nothing_is_overwritten_even_if_forced(model: Model, tmp_path: Path) -> None:
    clips = sample(model, 1, seed=1)
    paths = [clips.save(tmp_path, force=True)[0] for _ in range(2)]
    assert len(set(paths)) == 2


def test_a_name_that_is_taken_after_it_was_chosen_is_left_alone(model: Model, tmp_path: Path) -> None:
    clips = sample(model, 2, seed=1)
    writing = clips.write(f"{tmp_path}/")
    first, _ = next(writing)
    taken = first.with_name(first.name.replace("000", "001"))
    taken.write_text("mine")
    second, _ = next(writing)
    assert second.stem.endswith("-003") and taken.read_text() == "mine"
    writing = clips.write(tmp_path / "x.mid")
    next(writing)
    (tmp_path / "x-001.json").write_text("mine")
    with pytest.raises(MusicaeError, match=r"x-001\.json exists"):
        next(writing)
