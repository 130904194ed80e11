"""Data from installed packages alone: tunes from music21's corpus, and accompaniments that mma renders.

Both packages come with `pip install 'musicae[corpus]'`. mma is under the GPL: it is run as a program, never imported.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from musicae.corpus.discover import Progress, no_progress
from musicae.corpus.preprocess import Annotations, preprocess
from musicae.corpus.shards import Manifest
from musicae.errors import MusicaeError, unknown_name
from musicae.music.meter import COMMON_TIME
from musicae.music.midi import midi_bytes
from musicae.music.representations.melody import Melody
from musicae.music.representations.time_grid import TICKS_PER_QUARTER
from musicae.music.score import Meter, Notes, Score, Track
from musicae.storage.atomic import write_atomically

_PACKAGE = Path(__file__).parents[1]
_PLACES = [folder / "data" for folder in (_PACKAGE.parent, _PACKAGE / "_bundle")]
_DATA = next((place for place in _PLACES if (place / "tunes.csv").exists()), _PLACES[0])
TUNES = {"4/4": _DATA / "tunes.csv", "3/4": _DATA / "tunes-triple.csv"}
"""By the meter of the data set: tunes of O'Neill's Music of Ireland, Aird's Airs and Ryan's Mammoth Collection, and the
split that every model of ours keeps them in. A path is a file of music21's corpus and the tune's number in it. Those in
four quarters are reels, hornpipes and marches, those in three jigs (6/8) and waltzes."""

BARS = 2
GROOVE_BEATS = 4

PROGRESSIONS = (
    "C | Am | F | G7",
    "Dm7 | G7 | CM7 | A7",
    "C7 | F7 | C7 | C7 | F7 | F7 | C7 | A7 | Dm7 | G7 | C7 | G7",
    "Am | G | F | E7",
    "C | G | Am | F",
    "Cm | Fm | Cm | G7 | Ab | Eb | Dm7b5 | G7",
    "CM7 | Am7 | Dm7 | G7 | Em7 | A7 | Dm7 | G7",
    "C | F | C | G | C | F | C / G | C",
)
"""Chord charts, a chord or two a bar; every groove gets one of them."""

CHART_BARS = 16


def build_tunes(
    output: Path, *, meter: str = COMMON_TIME, force: bool = False, progress: Progress = no_progress
) -> Manifest:
    """Make the data set of public-domain tunes: two bars of melody, split as `TUNES` says.

    Raises:
        MusicaeError: music21 is not installed, there are no tunes of the meter, or the output cannot be written.
    """
    if meter not in TUNES:
        raise unknown_name("meter", meter, TUNES)
    converter = _require("music21.converter")
    corpus = Path(str(_require("music21").__file__)).parent / "corpus"
    paths = [PurePath(line.partition(",")[0]) for line in TUNES[meter].read_text().splitlines()[1:]]
    output = output.absolute()
    # In the folder itself, so that no temporary name gets into the data set.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # music21 warns about much of ABC
        with progress("converting", len(paths)) as advance:
            for path in paths:
                source = corpus / path.parent.with_suffix(".abc")
                tune = converter.parse(source, format="abc", number=int(path.stem), storePickle=False)
                write_atomically(Path(path), midi_bytes(tune_score(tune.parts[0])))
                advance(1)
        books = sorted({Path(path.parts[0]) for path in paths})
        return preprocess(
            books,
            output,
            Melody(bars=BARS, meter=meter),
            annotations=Annotations(TUNES[meter]),
            force=force,
            progress=progress,
        )


def tune_score(part: Any) -> Score:
    """A music21 part in its first meter as a score; repeats are not played out, grace notes are left out.

    A window of a repeat would be a window of its first time once more.
    """
    signature = next(iter(part.recurse().getElementsByClass("TimeSignature")))
    bar = Fraction(signature.barDuration.quarterLength)
    lengths = [Fraction(measure.duration.quarterLength) for measure in part.getElementsByClass("Measure")]
    untied = part.stripTies().getElementsByClass("Measure")
    rows = []
    for start, measure in zip(measure_starts(lengths, bar), untied, strict=True):
        for note in measure.flatten().notes:
            first = start + Fraction(note.offset)
            on, off = (round(time * TICKS_PER_QUARTER) for time in (first, first + Fraction(note.quarterLength)))
            rows += [(on, off, int(pitch.midi), 80) for pitch in note.pitches if on < off]
    end = max((end for _, end, _, _ in rows), default=0)
    meter = Meter(0, signature.numerator, signature.denominator)
    return Score(TICKS_PER_QUARTER, (Track(Notes.of(rows), name="melody"),), end, meters=(meter,))


def measure_starts(lengths: Sequence[Fraction], bar: Fraction) -> list[Fraction]:
    """Where measures of these lengths start, in quarters, such that every whole one starts on a bar line.

    A short measure of at most half a bar before a whole one is a pickup and ends on the bar line; other short measures
    follow the one before them, as the two halves of a bar do that a repeat sign cuts in two.
    """
    starts: list[Fraction] = []
    position = Fraction(0)
    for length, following in itertools.pairwise([*lengths, Fraction(0)]):
        line = -(-position // bar) * bar
        if length >= bar:
            position = line
        elif position == line and length <= bar / 2 and following >= bar:
            position = line + bar - length
        starts.append(position)
        position += length
    return starts


def build_grooves(
    output: Path, *, grooves: int | None = None, force: bool = False, progress: Progress = no_progress
) -> list[Path]:
    """Render the grooves in four quarters of mma's library, 16 bars each, to MIDI files with drums, bass and chords.

    Args:
        output: gets one folder for every file of the library.
        grooves: render only this many, spread over the library.
        force: render those again that are there already.

    Returns:
        The files. A groove that mma cannot render is left out.

    Raises:
        MusicaeError: mma is not installed, or the output cannot be written.
    """
    names = list(groove_names(_library()))
    names = names[:: max(len(names) // grooves, 1)][:grooves] if grooves else names
    written = []
    with progress("rendering", len(names)) as advance:
        for number, (file, groove) in enumerate(names):
            path = output / file / f"{groove}.mid"
            if force or not path.exists():
                _render(chart(file, groove, PROGRESSIONS[number % len(PROGRESSIONS)]), path)
            written += [path] if path.exists() else []
            advance(1)
    return written


def groove_names(library: Path) -> Iterator[tuple[str, str]]:
    """Files of mma's library that know nothing but four beats a bar, and the grooves that each of them defines."""
    for path in sorted(library.rglob("*.mma")):
        text = path.read_text(encoding="utf-8", errors="replace")
        times = re.findall(r"^\s*Time\s+(\d+)", text, flags=re.IGNORECASE | re.MULTILINE)
        if times and set(times) == {str(GROOVE_BEATS)}:
            file = path.relative_to(library).with_suffix("").as_posix()
            for groove in re.findall(r"^\s*DefGroove\s+([\w-]+)", text, flags=re.IGNORECASE | re.MULTILINE):
                yield file, groove


def chart(file: str, groove: str, progression: str) -> str:
    """An mma chart of `CHART_BARS` bars; the same chart gives the same notes."""
    bars = itertools.islice(itertools.cycle(progression.split(" | ")), CHART_BARS)
    lines = [f"{number} {chords}" for number, chords in enumerate(bars, start=1)]
    return "\n".join(["RndSeed 1", "Tempo 120", f"Groove {file}:{groove}", *lines, ""])


def _render(chart: str, path: Path) -> None:
    """Run mma on a chart; there is no file if it fails."""
    program = "import sys; from mma.mma import cli; sys.exit(cli())"
    with tempfile.TemporaryDirectory() as folder:
        source, midi = Path(folder) / "chart.mma", Path(folder) / "chart.mid"
        source.write_text(chart)
        command = [sys.executable, "-c", program, str(source), "-f", str(midi)]
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if midi.exists():
            write_atomically(path, midi.read_bytes())


def _library() -> Path:
    found = importlib.util.find_spec("mma")
    if found is None or not found.submodule_search_locations:
        raise _missing("mma")
    return Path(found.submodule_search_locations[0]) / "lib"


def _require(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(module.partition(".")[0]) from error


def _missing(package: str) -> MusicaeError:
    return MusicaeError(f"the package {package} is not installed", "pip install 'musicae[corpus]'")
