"""Files that somebody names are read whole, and never without end."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from musicae import inputs
from musicae.inputs import read_input, read_stream
from tests.helpers.commands import Run, assert_fails

PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * 10_000)
    assert read_input(tmp_path / "a") == bytes(range(256)) * 10_000


@PIPES
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"x" * 100_000,))
    writer.start()
    assert read_input(tmp_path / "pipe") == b"x" * 100_000
    writer.join()


def test_what_has_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MOST_BYTES", 1000)
    assert len(read_stream(io.BytesIO(bytes(1000)))) == 1000
    with pytest.raises(OSError, match="there is more than"):
        read_stream(io.BytesIO(bytes(1001)))


@PIPES
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "folder", "x" * 5000])
def test_no_command_waits_for_ever_or_reads_for_ever(
    name: str, run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(inputs, "MOST_BYTES", 2**22)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    for words in (("reconstruct", name), ("encode", name), ("decode", name), ("replay", name), ("vary", name)):
        assert_fails(run(*words, "-q"))
    assert_fails(run("preprocess", ".", "--splits", name, "-o", "out", "-q"))
    assert_fails(run("sample", "-m", name))
    assert_fails(run("evaluate", "melody-2bar", "--data", name))
