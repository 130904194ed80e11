"""Clips in a notebook: what is shown of them."""

from __future__ import annotations

from base64 import b64decode

from musicae.clips.clip import Clips
from musicae.model import Model
from musicae.render.audio import wav_bytes
from musicae.render.notebook import MOST_PLAYERS
from musicae.verbs.sample import sample


def test_a_clip_shows_its_roll_and_a_player(model: Model) -> None:
    (clip,) = sample(model, 1, seed=1)
    page = clip._repr_html_()
    assert page.count("<svg") == page.count("<audio") == 1
    sound = page.partition("base64,")[2].partition('"')[0]
    assert b64decode(sound) == wav_bytes(clip.midi())


def test_clips_share_a_picture_and_have_a_player_each(model: Model) -> None:
    (clip,) = sample(model, 1, seed=1)
    for n, players in ((2, 2), (MOST_PLAYERS + 1, MOST_PLAYERS)):
        page = Clips([clip] * n)._repr_html_()
        assert page.count("<svg") == 1 and page.count("<audio") == players
