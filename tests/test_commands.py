"""The verbs as commands, as a user types them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from musicae.corpus.dataset import Dataset
from musicae.model import save
from musicae.music.attributes import ATTRIBUTES, varying
from musicae.music.midi import read_midi
from tests.helpers.commands import MODELS, Run, assert_fails
from tests.helpers.models import tiny_model


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


def test_reconstruct_and_vary(run: Run, tunes: tuple[str, str]) -> None:
    assert len(run("reconstruct", "a.mid", "--bar", 2).paths) == 1
    assert len(run("vary", "a.mid", "--amount", 0.3).paths) == 4
    assert run("reconstruct", "a.mid", "-o", "r.mid").code == 0
    run("vary", "a.mid", "--amount", 0, "-n", 1, "-o", "v.mid")
    assert read_midi("r.mid").tracks == read_midi("v.mid").tracks


def test_attribute_as_typed(run: Run) -> None:
    done = run("attribute", "--add", "density")
    assert [path.stem.split("-", 4)[-1] for path in done.paths] == ["000-after", "001-before"]
    assert "density: before " in done.err and ", after " in done.err


def test_attributes_of_a_file_are_added_and_subtracted(run: Run, tunes: tuple[str, str]) -> None:
    done = run("attribute", "a.mid", "--add", "density", "--subtract", "interval=0.5", "--add", "density=0.5")
    (path,) = done.paths
    recipe = json.loads(path.with_suffix(".json").read_text())
    assert recipe["arguments"]["amounts"] == {"density": 1.5, "interval": -0.5}
    assert "density: a.mid 0.5, after " in done.err and "interval: a.mid 1.67, after " in done.err


def test_attribute_without_vectors_names_the_command_that_makes_them(run: Run) -> None:
    assert_fails(run("attribute", "--add", "density", "-m", "drums-2bar"), "musicae fit drums-2bar DATA")


def test_an_interpolation_in_a_row_may_be_piped(run: Run, tunes: tuple[str, str]) -> None:
    joined, *_ = run("interpolate", "a.mid", "b.mid", "--steps", 3, "-o", "steps/").paths
    assert run("interpolate", "a.mid", "b.mid", "--steps", 3, "-o", "-").bytes == joined.read_bytes()


def test_amounts_that_ask_for_nothing_are_refused(run: Run, tunes: tuple[str, str]) -> None:
    assert run("attribute", "a.mid", "--add", "density", "--subtract", "density").code == 2


def test_fit_gives_a_model_its_vectors(run: Run, data: Dataset, tmp_path: Path) -> None:
    save(tiny_model("melody-2bar"), tmp_path / "mine")
    assert_fails(run("attribute", "--add", "density", "-m", "mine"), "musicae fit mine DATA")
    done = run("fit", "mine", data.folder, "--json")
    assert done.code == 0
    of_a_band = {"strings", "tracks", "polyphony", "drums", "velocity"}
    assert set(json.loads(done.out)["attributes"]) == set(ATTRIBUTES) - of_a_band
    assert run("attribute", "--add", "density", "-m", "mine").code == 0
    assert_fails(run("fit", "mine", data.folder), "--force")
    again = run("fit", "mine", data.folder, "--force")
    assert "replaced the vectors that mine had: density, diatonic, interval" in again.err
    assert "no vector" not in again.err.replace("no vector from major to minor", ""), "in melodies they cannot vary"
    assert_fails(run("fit", "drums-2bar", data.folder), "preprocess")
    assert_fails(run("fit", "mine", "nothing"), "unknown data set: nothing")
    assert_fails(run("fit", data.folder, data.folder), f"{data.folder} holds no model")
    assert_fails(run("fit", "mine", "mine"), "mine holds no data set")


def test_fit_says_which_attributes_have_no_vector(run: Run, data: Dataset, tmp_path: Path) -> None:
    tokens = data.folder / "train" / "tokens.npy"
    scale = np.tile(np.array([41, 43, 45, 46], dtype=np.uint8), len(np.load(tokens)) // 4)
    np.save(tokens, scale[:, None])
    save(tiny_model("melody-2bar"), tmp_path / "mine")
    done = run("fit", "mine", data.folder, "--json")
    assert "no vector for diatonic, density, interval" in done.err
    assert "replaced" not in done.err and json.loads(done.out)["without"] == varying("melody")


def test_fit_gives_a_model_a_sampler(run: Run, data: Dataset, tmp_path: Path) -> None:
    save(tiny_model("melody-2bar"), tmp_path / "mine")
    done = run("fit", "mine", data.folder, "--sampler", "flow", "--updates", 2, "--json", "--verbose")
    assert done.code == 0 and json.loads(done.out)["held_out"]["loss"] > 0
    assert "update 2  held out: loss " in done.err and "another sampler now: flow" in done.err
    assert json.loads((tmp_path / "mine" / "config.json").read_text())["sampler"]["name"] == "flow"
    assert run("sample", "-m", "mine").code == 0
    assert_fails(run("fit", "mine", data.folder, "--sampler", "flaw"), "did you mean flow?")
    assert run("fit", "mine", data.folder, "--updates", 2).code == 2


def test_encode_edit_decode(run: Run, tunes: tuple[str, str]) -> None:
    assert run("encode", "a.mid", "-o", "z.json").paths == [Path("z.json")]
    assert json.loads(run("encode", "a.mid", "-o", "-").out) == json.loads(Path("z.json").read_text())
    run("decode", "z.json", "-o", "again.mid")
    run("reconstruct", "a.mid", "-o", "direct.mid")
    assert read_midi("again.mid") == read_midi("direct.mid")
    edited = json.loads(Path("z.json").read_text())
    (part,) = edited["parts"]
    edited["parts"] = [{**part, "z": [number * 3 for number in part["z"]]}, {"z": [0.0] * 8}]
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
    (path,) = run("replay", "x.json", "--force", "-o", "y.mid").paths
    told = json.loads(path.with_suffix(".json").read_text())
    assert told["hash"] == recipe["hash"], "of the model that made this clip"
    assert run("replay", "y.json", "-o", "-").bytes == path.read_bytes()


def test_a_code_goes_through_a_pipe(run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    code = run("encode", "a.mid", "-o", "-").bytes
    for words, name in ((("decode",), "a-decode-melody-2bar-000.mid"), (("replay",), "a-encode-melody-2bar-000.mid")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(code)))
        assert run(*words, "-").paths == [Path(name)]
    assert read_midi(Path(name)).tracks[0].program == 73


def test_several_codes_do_not_fit_into_one_stdout(run: Run) -> None:
    Path("z.json").write_text(json.dumps({"model": "melody-2bar", "parts": [{"z": [0] * 8}] * 2}))
    assert run("decode", "z.json", "-o", "-").code == 2
