"""A page of samples: everything that it shows is there, and is what a bare sample makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from musicae.report import listening
from musicae.verbs.sample import sample
from tests.helpers.commands import Run, assert_fails


def test_the_page_shows_what_sample_makes(run: Run) -> None:
    done = run("models", "listen", "melody-2bar", "trio-4bar", "-n", 5, "--seed", 3, "-o", "listen")
    (page,) = done.paths
    links = re.findall(r"\]\((\S+)\)", page.read_text())
    assert len(links) == 2 * (2 + 5)
    assert all((page.parent / link).is_file() for link in links)
    run("models", "listen", "melody-2bar", "-n", 2, "--seed", 3, "-o", "listen")
    Path("listen/melody-2bar/mine.mid").write_bytes(b"")
    assert sorted(path.name for path in Path("listen/melody-2bar").iterdir()) == [
        "01.mid",
        "01.svg",
        "02.mid",
        "mine.mid",
    ]
    assert Path("listen/trio-4bar/05.mid").exists(), "other models stay"
    assert Path("listen/melody-2bar/02.mid").read_bytes() == sample("melody-2bar", 5, seed=3)[1].midi()


def test_a_page_takes_the_place_of_nothing_else(run: Run) -> None:
    Path("mine/melody-2bar").mkdir(parents=True)
    for name in ("README.md", "melody-2bar/33.mid"):
        Path("mine", name).write_text("mine")
        done = run("models", "listen", "melody-2bar", "-n", 1, "-o", "mine")
        assert_fails(done, f"mine/{name} is not of a page of samples", "choose another folder with -o")
        assert Path("mine", name).read_text() == "mine"
        Path("mine", name).unlink()


def test_a_page_that_was_not_finished_is_begun_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listening, "clip_sheet", interrupted)
    assert run("models", "listen", "melody-2bar", "-n", 1, "-o", "listen").code == 130
    monkeypatch.setattr(listening, "clip_sheet", lambda panels: "<svg/>")
    assert run("models", "listen", "melody-2bar", "-n", 1, "-o", "listen").code == 0
