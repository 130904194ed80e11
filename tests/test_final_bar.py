"""Final bars: where music comes to rest, and that nothing before them changes."""

from __future__ import annotations

import numpy as np
import pytest

from musicae.clips.ending import Ending
from musicae.clips.final_bar import with_final_bar
from musicae.clips.reading import Source
from musicae.clips.recipe import Part
from musicae.clips.recipe_json import dump_recipe
from musicae.clips.song import read_song
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.arrangement import resting_chord
from musicae.music.chords import progression
from musicae.music.key import key_of_piece, parse_key
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.representations.melody import HIGHEST_PITCH, LOWEST_PITCH
from musicae.music.score import Score, concatenate
from musicae.verbs.continuation import continuation
from musicae.verbs.replay import replay
from musicae.verbs.sample import sample
from tests.helpers.commands import Run
from tests.helpers.models import tiny_model
from tests.helpers.scores import band, scale, score
from tests.helpers.scores import track as track_of

pytestmark = pytest.mark.usefixtures("hasty_search")


@pytest.fixture(params=["melody-2bar", "drums-2bar", "trio-4bar"])
def growing(request: pytest.FixtureRequest) -> Model:
    """Of models without chords, one of each kind."""
    return tiny_model(request.param)


def split(whole: Score, bars: int) -> tuple[Score, list[list[tuple[int, ...]]]]:
    """What sounds before the last of some bars, and per track the notes that start in it, from its beginning."""
    begins = whole.end * (bars - 1) // bars
    last = [[row for row in track.notes.rows() if row[0] >= begins] for track in whole.tracks]
    return whole.until(begins), [[(start - begins, end - begins, *rest) for start, end, *rest in rows] for rows in last]


@pytest.mark.parametrize("more", [-1, 0, 1, 3])
def test_every_line_holds_the_tonic_and_nothing_before_it_changes(growing: Model, more: int) -> None:
    bars = growing.representation.bars + more
    (plain,), (ended,) = (
        sample(growing, 1, bars=bars, final_bar=one, temperature=1.0, seed=3) for one in (False, True)
    )
    before, last = split(ended.score, bars + 1)
    assert before.end == plain.score.end
    key, bar = key_of_piece(before), ended.score.end // (bars + 1)
    assert any(last)
    for old, track, rows in zip(plain.score.tracks, before.tracks, last, strict=True):
        assert track.notes.rows() == old.notes.rows()
        if track.is_drum:
            assert {(start, pitch) for start, _, pitch, _ in rows} <= {(0, 36), (0, 49)}
        elif len(track.notes):
            ((start, end, pitch, _),) = rows
            assert key and (start, end, pitch % 12) == (0, bar, key.tonic)
            tonics = [one for one in range(LOWEST_PITCH, HIGHEST_PITCH + 1) if one % 12 == key.tonic]
            assert pitch == min(tonics, key=lambda one: abs(one - track.notes.rows()[-1][2]))
    assert replay(dump_recipe(ended.recipe), growing)[0].midi() == ended.midi()


def test_a_window_may_end_too_unless_it_is_under_a_chord(model: Model) -> None:
    (clip,) = sample(model, 1, final_bar=True, temperature=1.0, seed=1)
    assert clip.score.end % (model.representation.bars + 1) == 0
    assert clip.score.end // (model.representation.bars + 1) == 4 * clip.score.ticks_per_quarter
    with pytest.raises(MusicaeError, match="2 bars under one chord"):
        sample(tiny_model("multitrack-1bar-chords"), 1, final_bar=True)


def test_bands_hold_the_home_chord() -> None:
    model = tiny_model("multitrack-1bar-chords")
    chords = progression("G C F C")
    music = model.representation.generate(np.random.default_rng(0))
    windows = [model.representation.encode(music).copy() for _ in chords]
    for window, chord in zip(windows, chords, strict=True):
        window[..., len(model.representation.shape.fields) :] = model.representation.condition_of((chord,))
    end = Ending(Source(windows[-1], model.representation, Style(), "a band"), 1, tuple(windows[:-1]))
    (clip,) = continuation(model, end, 2, 1, alone=True, final_bar=True, seed=1)
    *_, last = clip.recipe.parts
    assert len(clip.recipe.parts) == 3 and last.chords == (resting_chord(chords),)
    for track, rows in zip(clip.score.tracks, split(clip.score, 3)[1], strict=True):
        assert all(start == 0 for start, *_ in rows)
        if not track.is_drum:
            assert {pitch % 12 for _, _, pitch, _ in rows} <= resting_chord(chords).tones
            assert all(end == clip.score.end // 3 for _, end, *_ in rows)


def test_songs_end_with_one_bar_more(any_model: Model) -> None:
    piece = score(*band(scale(4)), bars=4)
    song = read_song(midi_bytes(piece), any_model.representation)
    plain, ended = (continuation(any_model, song, 3, 1, final_bar=one, seed=1)[0] for one in (False, True))
    begins = plain.score.end
    assert plain.score.end == ended.score.until(begins).end
    for old, new in zip(plain.score.tracks, ended.score.tracks, strict=True):
        assert [row for row in new.notes.rows() if row[0] < begins] == old.notes.rows()
    assert any(row[0] >= begins for track in ended.score.tracks for row in track.notes.rows())


def test_commands_end_what_they_write(run: Run, tunes: tuple[str, str]) -> None:
    quarters = {}
    for name, *command in (("piece", "sample", "--bars", 3), ("more", "continue", tunes[0], "--bars", 3, "--alone")):
        done = run(*command, "-n", 1, "--final-bar", "--seed", 1, "-o", f"{name}.mid")
        assert done.code == 0
        written = read_midi(done.paths[0])
        quarters[name] = written.end / written.ticks_per_quarter
    assert quarters == {"piece": 16, "more": 16}


@pytest.mark.parametrize("name", ["C", "A minor", "F# minor"])
def test_what_goes_on_in_another_key_ends_on_its_tonic(run: Run, tunes: tuple[str, str], name: str) -> None:
    words = ("--bars", 2, "-n", 3, "--final-bar", "--key", name, "--seed", 3, "-o", "out.mid")
    last = [max(read_midi(path).tracks[0].notes.rows())[2] % 12 for path in run("continue", tunes[0], *words).paths]
    assert last == [parse_key(name).tonic] * 3


def test_the_home_chord_is_held_after_a_bar_of_drums() -> None:
    model = tiny_model("multitrack-1bar-chords")
    representation, chords = model.representation, progression("C G")
    scores = score(*band(scale(1)), bars=1), score(track_of([(0, 1, 36)], is_drum=True), bars=1)
    windows = [representation.encode(one).copy() for one in scores]
    for window, chord in zip(windows, chords, strict=True):
        window[..., len(representation.shape.fields) :] = representation.condition_of((chord,))
    parts = [Part(model.encode(window[None])[0], 0, (chord,)) for window, chord in zip(windows, chords, strict=True)]
    *_, last = with_final_bar(model, parts, windows, concatenate([representation.decode(one) for one in windows]))
    assert last.forced_tokens is not None
    played = {tuple(row) for row in representation.programs(last.forced_tokens).reshape(-1, 1)}
    assert played == {tuple(row) for row in representation.programs(windows[0]).reshape(-1, 1)}
