"""Whatever became of its streams, a command does its work, ends with the right code, and never in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicae.corpus.dataset import Dataset
from tests.helpers.commands import melody
from tests.helpers.scores import write_midi

ROOT = Path(__file__).parents[1]
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")


@pytest.fixture
def folder(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSICAE_MODELS", str(shelf))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    write_midi(melody(), tmp_path / "a.mid")
    return tmp_path


def shell(line: str, folder: Path, **environment: str) -> tuple[int, bytes, str]:
    """Exit code, stdout and stderr of a line for the shell, in which `$m` is musicae."""
    words = f"m='{sys.executable} -m musicae'; {line}"
    done = subprocess.run(
        ["bash", "-c", words], cwd=folder, capture_output=True, check=False, env={**os.environ, **environment}
    )
    err = done.stderr.decode(errors="surrogateescape")
    assert "Traceback" not in err and "Exception ignored" not in err
    return done.returncode, done.stdout, err


SAMPLE = "$m sample -n 1 --seed 3"


@FULL
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("$m --help >/dev/full", 1),
        ("$m --version >&-", 1),
        ("$m --help | head -1; exit ${PIPESTATUS[0]}", 0),
        ("$m models list | true; exit ${PIPESTATUS[0]}", 0),
        ("$m models list --json >/dev/full", 1),
        ("$m smaple 2>&-", 2),
        ("$m smaple 2>/dev/full", 2),
        ("$m decode - <&-", 1),
        (f"{SAMPLE} -o - >/dev/full", 1),
        (f"{SAMPLE} -o - >&-", 1),
        (f"{SAMPLE} -o - | true; exit ${{PIPESTATUS[0]}}", 0),
    ],
)
def test_exit_codes(line: str, code: int, folder: Path) -> None:
    found, out, err = shell(line, folder)
    assert found == code, err
    assert (code == 1) == err.startswith("error: ") and err.count("\n") in (0, 2)
    assert b"error" not in out


@FULL
@pytest.mark.parametrize(
    ("redirections", "code"),
    [("<&-", 0), ("2>&-", 0), ("2>/dev/full", 0), ("<&- 2>&-", 0), (">&-", 1), (">/dev/full", 1), ("<&- >&- 2>&-", 1)],
)
def test_the_work_is_done_whoever_listens(redirections: str, code: int, folder: Path) -> None:
    found, out, _ = shell(f"$m sample -n 2 -o new/ {redirections}", folder)
    assert found == code
    files = sorted((folder / "new").iterdir())
    assert len(files) == 4
    heads = {path.suffix: path.read_bytes()[:2] for path in files}
    assert heads == {".mid": b"MT", ".json": b"{\n"}, "no file has become a stream"
    paths = [os.fsencode(path.relative_to(folder)) for path in files if path.suffix == ".mid"]
    assert out.splitlines() == ([] if code else paths), "a seed is never taken for data"


SLOW_ENCODINGS = [pytest.param(name, marks=pytest.mark.slow) for name in ("cp1252", "latin-1")]
NAMES = [os.fsdecode(b"caf\xe9"), "旋律"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["ascii", *SLOW_ENCODINGS, "utf-8"])
def test_a_stdout_that_cannot_encode_a_path_gets_escapes(name: str, encoding: str, folder: Path) -> None:
    (folder / "a.mid").rename(folder / f"{name}.mid")
    code, out, err = shell("$m reconstruct *.mid", folder, PYTHONIOENCODING=encoding)
    assert code == 0, err
    (written,) = folder.glob("*reconstruct*.mid")
    assert written.name.startswith(name)
    if encoding == "utf-8":
        assert out == os.fsencode(written.name) + b"\n"
    else:
        escaped = rb"caf\xe9" if name == NAMES[0] else rb"\u65cb\u5f8b"
        assert out.startswith(escaped + b"-reconstruct")


VERBS = """
import os, sys
from pathlib import Path
from musicae.cli.app import main
name = os.fsdecode(b"caf\\xe9")
codes = {}
for words in (
    f"reconstruct {name}.mid -o {name}-r.mid", f"reconstruct {name}.mid", f"vary {name}.mid -n 1 -o {name}/",
    f"attribute {name}.mid --add density --json", f"interpolate {name}.mid {name}.mid --steps 2",
    f"encode {name}.mid -o {name}-z.json", f"encode {name}.mid", f"decode {name}-z.json", f"replay {name}-r.json",
    f"compose --chords C --from {name}.mid", f"sample -n 1 -o {name}-s", f"models pack melody-2bar -o {name}-model",
    f"sample -n 1 -m {name}-model", f"models show {name}-model", f"preprocess {name}-midi -o {name}-d",
    f"render {name}.mid --svg --png -o {name}-heard/",
    f"fit {name}-model {name}-data --force", f"train {name}-data -o {name}-trained --updates 1 --set decoder.hidden=8",
    f"sample -n 1 -m {name}-trained", f"evaluate {name}-trained --data {name}-data --only probe -o {name}-page",
    f"reconstruct {name}-nowhere.mid", f"sample -m {name}-nobody",
):
    sys.argv = ["musicae", *words.split()]
    try:
        main()
    except SystemExit as end:
        codes[ascii(words)] = end.code
wrong = {words: code for words, code in codes.items() if code != ("-no" in words)}
sys.exit(f"wrong: {wrong}" if wrong else 0)
"""


def test_names_that_are_no_utf_8_work_in_every_verb(data: Dataset, folder: Path) -> None:
    name = NAMES[0]
    (folder / "a.mid").rename(folder / f"{name}.mid")
    data.folder.rename(folder / f"{name}-data")
    write_midi(melody(), folder / f"{name}-midi" / f"{name}.mid")
    done = subprocess.run([sys.executable, "-c", VERBS], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="backslashreplace")
    assert b"Traceback" not in done.stderr and b"\xe9" not in done.stderr
    files = [os.fsencode(path.relative_to(folder)) for path in folder.rglob("*")]
    printed = [line for line in done.stdout.splitlines() if line.endswith((b".mid", b".json"))]
    assert len(printed) > 12 and set(printed) <= set(files), "a printed path leads to its file"
    (recipe,) = folder.glob(f"{name}-r.json")
    assert json.loads(recipe.read_bytes())["origin"] == name


def test_where_the_current_folder_is_gone_two_lines_say_so(folder: Path) -> None:
    code, out, err = shell("mkdir gone; cd gone; rmdir ../gone; $m sample -n 1 -o ../x.mid", folder)
    assert (code, out) == (1, b"") and err.startswith("error: the current folder has been removed")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_from_files_move_no_cursor_in_any_stream(encoding: str, folder: Path) -> None:
    evil = "\x1b[31m\r\u202e"
    (folder / "a.mid").rename(folder / f"{evil}.mid")
    environment = {"PYTHONIOENCODING": encoding}
    for line in (
        "$m reconstruct *.mid *.mid",
        "$m encode *.mid -o y/x.txt",
        "$m sample -m *.mid",
        "$m reconstruct *.mid",
    ):
        _, out, err = shell(line, folder, **environment)
        assert not {"\x1b", "\r", "\u202e"} & set(err)
    assert out
