"""What plays on beside new bars of a song: the chords that they are to fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from musicae.clips.frame import Frame
from musicae.clips.song import SongReading, overhang
from musicae.clips.splicing import spliced
from musicae.music.chord_inference import infer
from musicae.music.chords import Chord, of_class
from musicae.music.midi import read_midi
from musicae.music.score import Score


def accompaniment(reading: SongReading, frame: Frame) -> tuple[Chord, ...]:
    """The chord of every bar of the passage of a frame without its new notes; `NO_CHORD` where no pitch sounds.

    Raises:
        ValueError: the frame has no passage.
    """
    if frame.passage is None:
        raise ValueError("chords are those beside a passage")
    representation = reading.representation
    rests = representation.silence_from(0.0)
    silence = np.concatenate([rests, representation.condition_of(())], axis=-1)
    song = _without_overhang(read_midi(spliced(reading, frame, [silence] * len(reading.playing)), drums=frame.drums))
    bar = representation.grid.ticks(reading.score.ticks_per_quarter)
    return tuple(of_class(int(index)) for index in infer(song, np.arange(*frame.passage, bar), bar))


def _without_overhang(score: Score) -> Score:
    """A score whose notes do not reach over a bar line without being held into the bar."""
    tracks = []
    for track in score.tracks:
        notes = track.notes
        end = np.maximum(notes.end - overhang(score), notes.start + 1)
        tracks.append(replace(track, notes=replace(notes, end=end)))
    return replace(score, tracks=tuple(tracks))
