"""What all tests share: small models with random weights, and a shell to run commands in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from musicae.cli import app
from musicae.clips import attribute_search, onward
from musicae.corpus.dataset import Dataset
from musicae.experiments.music import score_classifier
from musicae.model import Model, save, save_attributes
from musicae.music.score import Meter
from musicae.music.transposition import moved_into
from musicae.verbs import continuation
from tests.helpers.commands import MODELS, Done, Run, melody
from tests.helpers.corpora import melody_dataset, piece, write_corpus
from tests.helpers.models import tiny_model, with_vectors
from tests.helpers.scores import scale, score, track, write_midi

settings.register_profile("musicae", deadline=None)  # the first example pays for imports, later ones do not
settings.load_profile("musicae")
torch.set_num_threads(1)  # small networks gain nothing by more, and crawl on them beside other processes


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Every test begins with the same number of threads: beside others, small networks crawl on more than one."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests remember of this machine is not for its users."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def hasty_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """What judges transfers learns for three updates."""
    monkeypatch.setattr(score_classifier, "UPDATES", 3)


@pytest.fixture
def hasty_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Continuations, and changes of attributes, are chosen among a few."""
    monkeypatch.setattr(continuation, "WAYS", 4)
    for name, count in {"DRAWS": 4, "TRIED_WINDOWS": 4}.items():
        monkeypatch.setattr(onward, name, count)
    for name, count in {"TRIED": 3, "WAY_DRAWS": 1}.items():
        monkeypatch.setattr(attribute_search, name, count)
    monkeypatch.setattr(attribute_search, "MULTIPLES", attribute_search.MULTIPLES[::6])


@pytest.fixture(scope="session", params=["melody-2bar", "drums-2bar", "trio-4bar", "multitrack-1bar-chords"])
def any_model(request: pytest.FixtureRequest) -> Model:
    """A model of every kind of music."""
    return tiny_model(request.param)


@pytest.fixture
def model() -> Model:
    """A model of two bars of melody."""
    return tiny_model("melody-2bar")


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """Sixty-four windows of random melodies, on disk."""
    return melody_dataset(tmp_path / "dataset")


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with random weights; one of them has attribute vectors."""
    folder = tmp_path_factory.mktemp("models")
    for name in MODELS:
        model = tiny_model(name)
        save(model, folder / name)
    model = with_vectors(tiny_model("melody-2bar"))
    model.mode_vector = torch.eye(8)[0]
    model.folder = folder / "melody-2bar"
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


@pytest.fixture
def tunes(tmp_path: Path) -> tuple[str, str]:
    """Two MIDI files in the current folder."""
    write_midi(melody(), tmp_path / "a.mid")
    write_midi(moved_into(melody(), -7).score, tmp_path / "b.mid")
    return "a.mid", "b.mid"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tunes and five files that cannot be used."""
    folder = write_corpus(tmp_path_factory.mktemp("midi"), map(piece, range(12)))
    (folder / "text.mid").write_text("not MIDI")
    (folder / "empty.MIDI").write_bytes(b"")
    write_midi(score(track([(0, 1, 36)], is_drum=True)), folder / "deep" / "drums.mid")
    write_midi(score(track(scale(4)), bars=4, meters=(Meter(0, 6, 8),)), folder / "deep" / "jig.mid")
    (folder / "deep" / "copy.mid").write_bytes((folder / "000.mid").read_bytes())
    (folder / "notes.txt").write_text("no MIDI file")
    return folder
