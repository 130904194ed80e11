"""Codecs between scores and tokens, one file each."""

from musicae.music.representations.base import Representation
from musicae.music.representations.drums import Drums
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.representations.trio import Trio

REPRESENTATIONS: dict[str, type[Representation]] = {
    "melody": Melody,
    "drums": Drums,
    "trio": Trio,
    "multitrack": Multitrack,
}
"""Built with the number of bars: `REPRESENTATIONS["melody"](bars=16)`."""
