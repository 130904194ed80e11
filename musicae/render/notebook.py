"""Clips in a notebook: their rolls in one picture, and a player for each."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from musicae.render.audio import wav_bytes
from musicae.render.sheet import Panel, clip_sheet

MOST_PLAYERS = 12
"""A page holds the sound itself: a megabyte for every five seconds."""


def notebook_html(panels: Sequence[Panel], midi: Sequence[bytes]) -> str:
    """What Jupyter shows of some clips, by their panels and MIDI files; the first of them can be heard."""
    players = [
        f'<figure style="display:inline-block;margin:4px"><figcaption>{escape(panel.title)}</figcaption>'
        f'<audio controls src="data:audio/wav;base64,{b64encode(wav_bytes(data)).decode()}"></audio></figure>'
        for panel, data in list(zip(panels, midi, strict=True))[:MOST_PLAYERS]
    ]
    return f"<div>{clip_sheet(panels)}<div>{''.join(players)}</div></div>"
