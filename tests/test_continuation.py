"""Music that goes on: how long it is, what it begins with, and where in a file it begins."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musicae.clips import onward
from musicae.clips.ending import Ending, read_ending, song_ending
from musicae.clips.reading import Source, read
from musicae.clips.recipe_json import dump_recipe, read_recipe
from musicae.clips.song import open_song, read_song
from musicae.clips.splicing import spliced
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.model import Model, load
from musicae.music.chords import progression
from musicae.music.continuity import Excerpt, breaks, discontinuity, new_onset_positions, role_change
from musicae.music.key import Key
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.representations.melody import Melody
from musicae.music.score import Meter, Notes, Score, Tempo, Track, concatenate
from musicae.verbs.continuation import continuation
from musicae.verbs.replay import replay
from musicae.verbs.sample import sample
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model
from tests.helpers.scores import BAR, STEP, band, scale, score, track, write_midi
from tests.helpers.stand_ins import quarters

pytestmark = pytest.mark.usefixtures("hasty_search")


def ending(model: Model, windows: int = 2) -> Ending:
    """Random music of the model's kind."""
    scores = [model.representation.generate(np.random.default_rng(seed)) for seed in range(windows)]
    *earlier, last = (model.representation.encode(one) for one in scores)
    return Ending(Source(last, model.representation, Style(), "a score"), model.representation.bars, tuple(earlier))


def bars_of(found: Score, model: Model) -> float:
    return found.end / model.representation.grid.ticks(found.ticks_per_quarter)


def test_a_clip_begins_with_what_it_goes_on_from_and_has_as_many_new_bars_as_asked(any_model: Model) -> None:
    end, size = ending(any_model), any_model.representation.bars
    heard = any_model.representation.decode(end.source.tokens)
    for bars in (1, 3, size):
        whole, alone = (continuation(any_model, end, bars, 1, alone=one, seed=1)[0].score for one in (False, True))
        assert (bars_of(whole, any_model), bars_of(alone, any_model)) == (size + bars, bars)
        row = concatenate([heard, alone])
        assert (whole.tracks, whole.end) == (row.tracks, row.end)


def test_draws_that_are_silent_do_no_harm(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    end, scores = ending(model), model.scores
    silent = replace(scores(end.source.tokens[None])[0], tracks=())
    monkeypatch.setattr(model, "scores", lambda windows: [silent, *scores(windows)[1:]])
    assert len(continuation(model, end, 2, 1, seed=1)) == 1


def test_same_seed_same_bytes_and_fewer_clips_are_the_first_of_more(any_model: Model) -> None:
    end = ending(any_model)
    first, again, other = ([clip.midi() for clip in continuation(any_model, end, 2, n, seed=s)] for n, s in _RUNS)
    assert first == again[:2] and len(set(again)) == 4
    assert not set(again) & set(other)


_RUNS = ((2, 1), (4, 1), (4, 2))


def test_what_is_written_is_made_again_from_its_json(any_model: Model) -> None:
    for clip in continuation(any_model, ending(any_model), 3, 2, seed=1):
        assert replay(dump_recipe(clip.recipe), any_model)[0].midi() == clip.midi()


def test_bands_keep_their_instruments_and_play_the_last_chords_again() -> None:
    model = tiny_model("multitrack-1bar-chords")
    end = ending(model, 4)
    chords = [model.representation.chords_of(one)[0] for one in (*end.earlier, end.source.tokens)]
    (clip,) = continuation(model, end, 6, 1, alone=True, seed=1)
    assert [part.chords[0] for part in clip.recipe.parts] == [*chords, *chords[:2]]
    before = [model.representation.programs(one).tolist() for one in (*end.earlier, end.source.tokens)]
    for part in clip.recipe.parts:
        assert part.forced_tokens is not None
        assert model.representation.programs(part.forced_tokens).tolist() in before


def test_no_bars_are_refused(model: Model) -> None:
    with pytest.raises(MusicaeError, match="bars is 0, not from 1 to 256"):
        continuation(model, ending(model), 0)


def test_what_is_read_are_the_last_bars_that_sound() -> None:
    tune = score(track(scale(7)), bars=12)
    found = read_ending(tune, Melody(bars=2))
    assert "bars 6-7 of" in found.source.label and found.bars == 2
    windows = [read(tune, Melody(bars=2), bar=bar).tokens for bar in (2, 4)]
    assert len(found.earlier) == 2 and all((a == b).all() for a, b in zip(found.earlier, windows, strict=True))


def test_before_a_bar_nothing_of_it_is_read() -> None:
    tune = score(track(scale(8)), bars=8)
    found = read_ending(tune, Melody(bars=2), bar=4)
    assert "bars 2-3 of 8" in found.source.label and (found.bars, found.earlier) == (2, ())
    short = read_ending(tune, Melody(bars=4), bar=3)
    assert "bars 1-4 of 8" in short.source.label and short.bars == 2


def test_a_piece_that_is_shorter_than_the_model_goes_on_behind_its_last_bar() -> None:
    model = tiny_model("trio-4bar")
    tune = score(*band(scale(3)), bars=3)
    (clip,) = continuation(model, tune, 2, 1, seed=1)
    assert bars_of(clip.score, model) == 5
    before = clip.score.until(3 * 4 * clip.score.ticks_per_quarter)
    assert [len(one.notes) for one in before.tracks] == [12, 12, 12]


@pytest.mark.parametrize(("bar", "said"), [(1, "nothing stands before bar 1"), (10, "bar 10 lies after the end")])
def test_there_is_something_before_the_bar(bar: int, said: str) -> None:
    with pytest.raises(MusicaeError, match=said) as caught:
        read_ending(score(track(scale(8)), bars=8), Melody(bars=2), bar=bar)
    assert "from 2 to 9" in caught.value.hint


def test_bars_of_other_meters_are_not_crossed() -> None:
    meters = (Meter(0, 4, 4), Meter(4 * BAR, 3, 4), Meter(4 * BAR + 3 * BAR, 4, 4))
    tune = score(track(scale(8)), bars=8, meters=meters)
    found = read_ending(tune, Melody(bars=2))
    assert (found.bars, found.earlier) == (1, ())


def played(bars: int = 8) -> Score:
    """A band with velocities of its own, a held last note and a track that no model of melodies or trios reads."""
    more = Track(Notes.of([(k * BAR, (k + 1) * BAR, 55, 33) for k in range(bars)]), 48, name="Pad")
    tracks = [replace(one, notes=_loud(one.notes)) for one in band(scale(bars - 1))]
    return replace(score(*tracks, more, bars=bars), tempi=(Tempo(0, 90.0), Tempo(2 * BAR, 130.0)))


def _loud(notes: Notes) -> Notes:
    return Notes.of((start, end, pitch, 40 + 7 * i % 60) for i, (start, end, pitch, _) in enumerate(notes.rows()))


def test_a_whole_song_goes_on_and_nothing_else_changes(any_model: Model) -> None:
    data = midi_bytes(played())
    piece, song = read_midi(data), read_song(data, any_model.representation)
    end, bars = song_ending(song), any_model.representation.bars + 1
    (clip,) = continuation(any_model, song, bars, 1, seed=1)
    assert clip.score.tempi == piece.tempi and clip.score.meters == piece.meters
    assert clip.score.end == max(piece.end, end.begins + bars * BAR)
    for old, new in zip(piece.tracks, clip.score.tracks, strict=True):
        assert (new.name, new.program) == (old.name, old.program)
        assert new.notes.rows()[: len(old.notes)] == old.notes.rows()
    assert replay(dump_recipe(clip.recipe), any_model)[0].midi() == clip.midi()


def test_new_bars_take_the_place_of_those_that_are_there() -> None:
    model, data = tiny_model("melody-2bar"), midi_bytes(played())
    piece, song = read_midi(data), read_song(data, model.representation, track=1)
    (clip,) = continuation(model, song_ending(song, bar=3), 3, 1, seed=1)
    inside = range(2 * BAR, 5 * BAR)
    before, after = ([row for row in one.tracks[0].notes.rows() if row[0] not in inside] for one in (piece, clip.score))
    assert before == after and piece.tracks[0].notes != clip.score.tracks[0].notes
    assert clip.score.tracks[1:] == piece.tracks[1:] and clip.score.end == piece.end


def test_new_bars_are_in_the_meter_of_the_model() -> None:
    meters = (Meter(0, 4, 4), Meter(8 * BAR, 3, 4))
    tune = score(track(scale(8)), track([(8 * 16 + 12, 8 * 16 + 14, 60)]), bars=12, meters=meters)
    song = read_song(tune, Melody(bars=2), track=1)
    with pytest.raises(MusicaeError, match="the new bars are not all in four quarters"):
        continuation(tiny_model("melody-2bar"), song, 2, 1, seed=1)


def test_new_notes_are_as_loud_as_those_at_the_same_place_of_their_bars(model: Model) -> None:
    loud = [
        (start, end, pitch, 100 if start % BAR == 0 else 50) for start, end, pitch, _ in track(scale(8)).notes.rows()
    ]
    song = read_song(score(replace(track(scale(8)), notes=Notes.of(loud)), bars=8), model.representation)
    (clip,) = continuation(model, song, 4, 1, temperature=1.0, seed=1)
    new = [(start, velocity) for start, _, _, velocity in clip.score.tracks[0].notes.rows() if start >= 8 * BAR]
    assert new and {velocity for start, velocity in new if start % BAR == 0} <= {100}
    assert {velocity for start, velocity in new if start % BAR in (BAR // 4, BAR // 2)} <= {50}


def passage(*pitches: int) -> Excerpt:
    return Excerpt(quarters(*pitches), 4 * 480)


def test_what_goes_on_as_before_has_no_breaks() -> None:
    tune = passage(60, 62, 64, 65, 67, 65, 64, 62)
    again = breaks(tune, tune)
    assert again[[0, 1, 2, 3, 5, 6]].tolist() == [0] * 6 and again[4] == pytest.approx(2 / 12)
    other = breaks(tune, passage(61, 63, 66, 68, 82, 80, 66, 61))
    assert other[0] > 0.5 and (other[[2, 3, 6]] > 0).all()


def test_a_copy_fits_less_well_than_something_alike() -> None:
    tune = passage(60, 62, 64, 65, 67, 65, 64, 62)
    alike = passage(60, 62, 67, 65, 67, 65, 64, 60)
    assert discontinuity(tune, alike) < min(discontinuity(tune, tune), discontinuity(tune, passage(30, 90, 31, 91)))


def test_instruments_stay_in_their_roles() -> None:
    def band(low: int, length: int, *hits: int) -> Excerpt:
        bass = Track(Notes.of([(0, length, low, 80), (480, 480 + length, low, 80)]), 33)
        drums = Track(Notes.of([(240 * k, 240 * k + 60, hit, 80) for k, hit in enumerate(hits)]), is_drum=True)
        return Excerpt(Score(480, (bass, drums), 1920), 1920)

    before = band(36, 480, 36, 42, 38, 42)
    assert role_change(before, before) == 0
    assert role_change(before, band(48, 60, 36, 42, 38, 42)) == pytest.approx(0.5), "the bass alone"
    assert role_change(before, band(36, 480, 45, 45, 45, 45)) == pytest.approx(0.5), "the drums alone"
    assert role_change(before, Excerpt(Score(480, (), 1920), 1920)) == 1
    assert discontinuity(before, band(48, 60, 45)) > discontinuity(before, band(36, 480, 36, 42, 38, 42))


def hits(*starts: int, pitch: int = 42) -> Excerpt:
    drums = Track(Notes.of([(start, start + 60, pitch, 80) for start in starts]), is_drum=True)
    return Excerpt(Score(480, (drums,), 1920), 1920)


def test_notes_stay_at_the_places_of_a_beat_that_were_used_before() -> None:
    swung = hits(0, 320, 480, 800, 960)
    assert new_onset_positions(swung, hits(0, 320, 1440)) == 0
    assert new_onset_positions(swung, hits(0, 240, 480, 720)) == pytest.approx(0.5), "straight eighths"
    assert discontinuity(swung, hits(0, 240, 480, 720, 960)) > discontinuity(swung, hits(0, 320, 480, 960, 1280))


def test_drums_stay_with_their_kit() -> None:
    hats = hits(0, 480, 960)
    assert discontinuity(hats, hits(0, 480, 1440, pitch=49)) > discontinuity(hats, hits(0, 480, 1440))


@pytest.mark.parametrize(("gain", "repeated"), [(-math.inf, True), (math.inf, False)])
def test_instruments_repeat_themselves_where_that_fits_better(
    gain: float, repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onward, "REPEAT_GAIN", gain)
    model = tiny_model("multitrack-1bar-chords")
    end = ending(model, 4)
    (clip,) = continuation(model, end, 1, 1, alone=True, seed=1)
    new = clip.recipe.parts[0].forced_tokens
    assert new is not None and np.array_equal(new, end.earlier[0][..., :1]) == repeated, "four bars before"


def test_nothing_is_repeated_over_another_chord(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onward, "REPEAT_GAIN", -math.inf)
    model = tiny_model("multitrack-1bar-chords")
    end = ending(model, 4)
    free = onward.onward(model, end, 1, accompaniment=progression("F#"), temperature=0.0, seed=1)[0][0].forced_tokens
    assert free is not None and all(not np.array_equal(free, old[..., :1]) for old in end.earlier)


@pytest.mark.parametrize("name", ["trio-4bar", "multitrack-1bar-chords"])
def test_repeated_lines_sound_as_they_did(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onward, "REPEAT_GAIN", -math.inf)
    model = tiny_model(name)
    end = ending(model, 4)
    (clip,) = continuation(model, end, model.representation.bars, 1, alone=True, seed=1)
    notes = [
        [track.notes.rows() for track in model.representation.decode(old).tracks]
        for old in (*end.earlier, end.source.tokens)
    ]
    assert [track.notes.rows() for track in clip.score.tracks] in notes


def test_bars_have_the_chords_that_play_on() -> None:
    model = tiny_model("multitrack-1bar-chords")
    chords = progression("F G N.C. Am")
    ways = onward.onward(model, ending(model, 4), 5, accompaniment=chords, temperature=1.0, seed=1)
    found = [part.chords for part in ways[0]]
    again = [model.representation.chords_of(window) for window in ending(model, 4).earlier]
    assert found == [(chords[0],), (chords[1],), again[2], (chords[3],), (chords[0],)]


@pytest.mark.parametrize("held", [BAR, BAR + STEP // 4])
def test_songs_go_on_over_the_chords_that_play_on(held: int) -> None:
    pads = [(BAR * bar, BAR * bar + held, pitch, 80) for bar in range(6) for pitch in (53, 57, 60)]
    piece = score(track(scale(8)), Track(Notes.of(pads), 48), bars=8)
    song = read_song(midi_bytes(piece), tiny_model("melody-2bar").representation, track=1)
    (clip,) = continuation(tiny_model("melody-2bar"), song_ending(song, bar=5), 4, 1, seed=1)
    assert clip.recipe.arguments["over"] == "F F N.C. N.C."
    (clip,) = continuation(tiny_model("melody-2bar"), song_ending(song), 2, 1, seed=1)
    assert clip.recipe.arguments["over"] == ""


def test_what_stays_of_the_track_that_is_read_counts_too() -> None:
    rows = [*track(scale(8)).notes.rows(), *((BAR * bar, BAR * bar + BAR, p, 80) for bar in range(8) for p in (41, 45))]
    song = read_song(midi_bytes(score(Track(Notes.of(sorted(rows))), bars=8)), tiny_model("melody-2bar").representation)
    (clip,) = continuation(tiny_model("melody-2bar"), song_ending(song, bar=5), 2, 1, seed=1)
    assert clip.recipe.arguments["over"] == "F F"


def test_silence_and_drums_break_off_nothing_but_their_rhythm() -> None:
    drums = Excerpt(quarters(36, 38, 36, 38, is_drum=True), 4 * 480)
    assert breaks(drums, drums).tolist() == [0] * 7
    silent = Excerpt(replace(quarters(60), tracks=()), 4 * 480)
    assert np.isfinite(breaks(silent, drums)).all() and np.isfinite(breaks(drums, silent)).all()


def test_the_command_writes_the_best_first_and_says_what_it_read(run: Run, tunes: tuple[str, str]) -> None:
    done = run("continue", "a.mid", "--bars", 3, "-n", 2, "--seed", 1, "-o", "next/")
    assert done.code == 0 and "reading a.mid: bars 7-8 of 8" in done.err
    assert [path.name for path in done.paths] == [f"a-continue-melody-2bar-seed1-00{i}.mid" for i in range(2)]
    found, source = read_midi(done.paths[0]), read_midi("a.mid")
    assert found.tracks[0].program == 73 and bars_of(found, tiny_model("melody-2bar")) == 5
    last = [pitch for start, _, pitch, _ in source.tracks[0].notes.rows() if start >= 6 * 4 * 480]
    assert found.tracks[0].notes.pitch[: len(last)].tolist() == last
    said = json.loads(done.paths[0].with_suffix(".json").read_text())
    assert said["verb"] == "continue" and said["arguments"]["bars"] == 3
    run("continue", "a.mid", "--bars", 3, "--alone", "-n", 1, "--seed", 1, "-o", "x.mid")
    assert bars_of(read_midi("x.mid"), tiny_model("melody-2bar")) == 3


def test_the_command_writes_whole_songs(run: Run, tunes: tuple[str, str]) -> None:
    done = run("continue", "a.mid", "--whole", "--bars", 4, "-n", 1, "--seed", 1, "-o", "longer.mid")
    assert done.code == 0 and "bars 1-8 of 8" in done.err and "new bars: 9-12" in done.err
    before, after = read_midi("a.mid"), read_midi("longer.mid")
    assert after.tracks[0].notes.rows()[: len(before.tracks[0].notes)] == before.tracks[0].notes.rows()
    assert len(after.tracks) == len(before.tracks)
    assert run("continue", "a.mid", "--whole", "--alone").code == 2
    assert_fails(
        run("continue", "a.mid", "--whole", "--bar", 12), "error: a.mid: bar 12 lies after the end", "from 2 to 9"
    )


def test_what_cannot_be_continued_is_told(run: Run, tunes: tuple[str, str]) -> None:
    assert_fails(run("continue", "a.mid", "--bar", 12), "a.mid", "from 2 to 9")
    assert_fails(run("continue", "nothing.mid"), "no such file")
    write_midi(score(track([(0, 1, 36)], is_drum=True)), "drums.mid")
    assert_fails(run("continue", "drums.mid"), "drums.mid")
    assert run("continue", "a.mid", "--bar", 1).code == 2


def test_a_piece_goes_on_from_its_end_when_its_recipe_is_read(run: Run, model: Model) -> None:
    run("sample", "--bars", 5, "-n", 1, "--seed", 9, "-o", "s.mid")
    for more in ((), ("--bar", 4)):
        words = ("--bars", 2, "-n", 1, "--seed", 1, "--force", *more)
        of_midi, of_recipe = (run("continue", name, *words, "-o", f"{name}.mid") for name in ("s.mid", "s.json"))
        assert (of_recipe.code, of_recipe.err) == (0, of_midi.err.replace("s.mid", "s.json"))
        assert read_midi("s.json.mid").tracks == read_midi("s.mid.mid").tracks
    (path,) = run("continue", "s.json", "--bars", 1, "-n", 1, "--tempo", 90).paths
    assert path.name.startswith("s-continue-") and read_midi(path).tempi[0].tempo_qpm == pytest.approx(90)
    assert run("continue", "s.json", "--track", 1).code == 2
    (onward,) = continuation(load("melody-2bar"), read_recipe("s.json"), 2, 1, seed=1)
    assert onward.recipe.arguments["source"].startswith("the recipe: bars 4-5 of 5")


def test_a_piece_of_one_window_goes_on_from_its_own_notes(run: Run, tunes: tuple[str, str]) -> None:
    run("sample", "-n", 1, "--bars", 1, "--seed", 6, "-o", "bar.mid")
    run("sample", "-n", 1, "--temperature", 1, "--seed", 5, "-o", "drawn.mid")
    run("interpolate", *tunes, "--exact-ends", "--steps", 2, "-o", "exact.mid")
    for name in ("bar", "drawn", "exact-001"):
        words = ("--bars", 1, "-n", 1, "--seed", 1)
        for suffix in ("mid", "json"):
            run("continue", f"{name}.{suffix}", *words, "-o", f"{suffix}.mid", "--force")
        assert read_midi("json.mid").tracks == read_midi("mid.mid").tracks
    assert run("continue", "bar.json", "--bar", 2, "-n", 1).code == 0


def test_what_goes_on_from_a_recipe_is_as_high_and_as_loud_as_that(run: Run) -> None:
    run("sample", "-n", 1, "--seed", 9, "-o", "plain.mid")
    words = ("-n", 1, "--bars", 2, "--seed", 1)
    (plain,) = run("continue", "plain.json", *words, "-o", "on.mid").paths
    for name, options in {"up": ("--transpose", 24), "accented": ("--accents",), "moved": ("--key", "C")}.items():
        run("sample", "-n", 1, "--seed", 9, *options, "-o", f"{name}.mid")
        (path,) = run("continue", f"{name}.json", *words, "-o", f"{name}-on.mid").paths
        before, after, on = (read_midi(one).tracks[0].notes for one in (f"{name}.mid", path, plain))
        assert after[after.start < 3840].rows() == before.rows() and len(after) == len(on)
        if name == "up":
            assert after.pitch.tolist() == (on.pitch + 24).tolist()
        if name == "accented":
            assert len(set(after.velocity[after.start >= 3840].tolist())) > 1
        if name == "moved":
            ended = ("continue", "moved.json", "-n", 1, "--bars", 1, "--final-bar", "-o", "ended.mid")
            assert read_midi(run(*ended).paths[0]).tracks[0].notes.pitch[-1] % 12 == 0
            assert {int(pitch) % 12 for pitch in after.pitch} <= Key(0).tones


def test_edited_names_are_said_where_their_music_goes_on(run: Run, tunes: tuple[str, str]) -> None:
    run("encode", "a.mid", "-o", "z.json")
    code = json.loads(Path("z.json").read_text())
    code["parts"][0]["directions"]["direction1"] += 2.0
    Path("z.json").write_text(json.dumps(code))
    assert "direction1 +2" in run("continue", "z.json", "-n", 1, "--bars", 1).err


def test_the_one_clip_of_a_run_goes_on_as_the_clip_does(model: Model) -> None:
    clips = sample(model, 1, bars=6, seed=3)
    one, same = (continuation(model, music, 2, 1, seed=1)[0] for music in (clips, clips[0]))
    assert one.recipe.arguments["source"] == same.recipe.arguments["source"]
    assert "bars 5-6 of 6" in one.recipe.arguments["source"]
    assert one.score.tracks == same.score.tracks


def test_music_is_a_path_bytes_a_score_or_a_window(model: Model, tmp_path: Path) -> None:
    tune = score(track(scale(8)), bars=8)
    write_midi(tune, tmp_path / "a.mid")
    whole: list[Any] = [tmp_path / "a.mid", midi_bytes(tune), tune]
    made = [continuation(model, music, 2, 1, seed=1)[0].score.tracks[0].notes for music in whole]
    assert made[0] == made[1] == made[2]
    window = read(tune, model.representation, bar=7)
    assert bars_of(continuation(model, window, 2, 1, seed=1)[0].score, model) == 4


def continued(model: Model, piece: Score, bars: int = 4, bar: int | None = None, track: int | None = None) -> Score:
    """The file of a song that goes on."""
    song = read_song(midi_bytes(piece), model.representation, track=track)
    (clip,) = continuation(model, song, bars, 1, bar=bar, temperature=1.0, seed=1)
    return clip.score


def kept(piece: Score, found: Score, tick: int) -> bool:
    """Whether all notes that start before a tick are there."""
    pairs = zip(piece.tracks, found.tracks, strict=True)
    return all([row for row in new.notes.rows() if row[0] < tick] == old.notes.rows() for old, new in pairs)


def test_bands_go_on_behind_the_last_of_all_instruments() -> None:
    piece = score(track(scale(4), 0), track([(64 + 4 * k, 68 + 4 * k, 60) for k in range(16)], 40), bars=8)
    assert kept(piece, continued(tiny_model("multitrack-1bar-chords"), piece), 8 * BAR)


def test_new_bars_are_written_into_the_track_that_was_read() -> None:
    """With rests behind it, another track would be the first that has a window of music."""
    piece = score(track([(0, 16, 84)], 0), track(scale(1), 40), bars=1)
    found = continued(tiny_model("melody-2bar"), piece)
    assert len(found.tracks[0].notes) > 1 and found.tracks[1].notes == piece.tracks[1].notes


def test_trios_go_on_with_the_parts_that_were_read() -> None:
    busy = track([(64 + k, 65 + k, 50) for k in range(64)], 33)
    piece = score(track(scale(8), 0), track([(8 * k, 8 * k + 8, 36) for k in range(16)], 32), busy, bars=8)
    song = read_song(piece, tiny_model("trio-4bar").representation)
    end = song_ending(song)
    bass = end.source.representation.decode(end.source.tokens).tracks[1]
    assert set(bass.notes.pitch.tolist()) == {36}, "the one into which the song is continued"


def test_a_last_hit_that_is_early_for_the_bar_line_stays() -> None:
    hits = [(4 * k, 4 * k + 1, 36) for k in range(16)]
    drums = track(hits, is_drum=True)
    crash = Notes.of([*drums.notes.rows(), (4 * BAR - 4, 4 * BAR + 4, 49, 80)])
    piece = score(replace(drums, notes=crash), bars=4)
    found = continued(tiny_model("drums-2bar"), piece)
    assert kept(piece, found, 4 * BAR + 12), "the bar that it opens is not taken"


def test_new_bars_of_bands_go_to_those_who_played_last() -> None:
    right, left = track(scale(2), 0, name="RH"), track([(4 * k, 4 * k + 4, 40) for k in range(16)], 0, name="LH")
    kick = track([(8 * k, 8 * k + 1, 36) for k in range(8)], is_drum=True, name="Kick")
    snare = track([(8 * k + 4, 8 * k + 5, 38) for k in range(8)], is_drum=True, name="Snare")
    piece = read_midi(midi_bytes(score(right, left, kick, snare, bars=4)))
    model = tiny_model("multitrack-1bar-chords")
    end = song_ending(read_song(midi_bytes(piece), model.representation))
    frame = replace(end.frame, passage=(end.begins, end.begins + BAR))
    reading = open_song(frame, model.representation)
    found = read_midi(spliced(reading, frame, [end.source.tokens]))
    new = {one.name: {row[2] for row in one.notes.rows() if row[0] >= 4 * BAR} for one in found.tracks}
    assert new == {"RH": set(), "LH": {40}, "Kick": {36}, "Snare": {38}}


@pytest.mark.parametrize("name", ["melody-2bar", "multitrack-1bar-chords"])
def test_what_sounds_into_new_bars_ends_where_they_begin(name: str) -> None:
    piece = score(track([*scale(3), (48, 96, 72)], 0), track(scale(6), 33), bars=6)
    found = continued(tiny_model(name), piece, 2, bar=5, track=1 if name == "melody-2bar" else None)
    assert (3 * BAR, 4 * BAR, 72) in [row[:3] for row in found.tracks[0].notes.rows()]


def test_bars_that_do_not_fit_are_refused_before_anything_is_sought(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "sample_codes", lambda *_: pytest.fail("sought"))
    meters = (Meter(0, 4, 4), Meter(8 * BAR, 3, 4))
    piece = score(track(scale(8), 0), track([(140, 142, 60)], 40), bars=12, meters=meters)
    with pytest.raises(MusicaeError, match="the new bars are not all in"):
        continued(model, piece, track=1)


@pytest.mark.parametrize(("held", "bar"), [(24, 7), (16.5, 6), (17, 7)])
def test_bands_go_on_behind_their_last_chord(held: float, bar: int) -> None:
    """It may be held into another bar, but for less than a 32nd note."""
    chord = [(64 * STEP, 64 * STEP + int(held * STEP), pitch, 80) for pitch in (96, 100, 103)]
    piece = score(Track(Notes.of([*track(scale(4)).notes.rows(), *chord])), track(scale(5), 33), bars=6)
    song = read_song(midi_bytes(piece), tiny_model("multitrack-1bar-chords").representation)
    assert song_ending(song).bar == bar
    found = continued(tiny_model("multitrack-1bar-chords"), piece)
    assert kept(piece, found, (bar - 1) * BAR)
