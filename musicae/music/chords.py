"""Chords: the symbols that musicians write, and the 49 classes that models are conditioned on.

A class is no chord, or one of 12 roots with one of four triads (Simon et al. 2018, arXiv:1806.00195): what a symbol
adds to its triad is read and left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from musicae.errors import MusicaeError

TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7), "augmented": (0, 4, 8), "diminished": (0, 3, 6)}
"""Semitones above the root, in the order of the classes."""

QUALITIES = tuple(TRIADS)
CHORD_CLASSES = 1 + 12 * len(QUALITIES)
ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
"""What the roots of chords with a minor third, and the tonics of minor keys, are called; others are `ROOTS`."""


@dataclass(frozen=True, slots=True)
class Chord:
    """A triad, or no chord.

    Attributes:
        root: pitch class, from 0 (C) to 11; -1 for no chord.
        quality: one of `QUALITIES`.
        notice: where a symbol stands for no triad, in words what it counts as.
        symbol: as somebody wrote it, which may say more than the triad; a chord is equal to the same one written
            otherwise.
        seventh: semitones from the root to the seventh that the symbol names, 9 to 11; 0 for none.
    """

    root: int
    quality: str = "major"
    notice: str = ""
    symbol: str = field(default="", compare=False)
    seventh: int = field(default=0, compare=False)

    @property
    def index(self) -> int:
        """The class: 0 for no chord, else 1 + 12 x quality + root."""
        return 0 if self.root < 0 else 1 + 12 * QUALITIES.index(self.quality) + self.root

    @property
    def tones(self) -> frozenset[int]:
        """Pitch classes of the triad; none of no chord."""
        return frozenset((self.root + tone) % 12 for tone in TRIADS[self.quality]) if self.root >= 0 else frozenset()

    def transpose(self, semitones: int) -> Chord:
        """The same chord on another root, and over another bass, if its symbol has one."""
        if self.root < 0 or semitones % 12 == 0:
            return self
        moved = replace(self, root=(self.root + semitones) % 12, symbol="")
        return _with_symbol(moved, self.symbol, semitones) if self.symbol else moved

    def turn(self, quality: str) -> Chord:
        """Another triad on the same root; no chord stays none."""
        return self if self.root < 0 else Chord(self.root, quality)

    def moved(self, quality: str) -> dict[int, int]:
        """The tones that another triad on the same root moves, and by how many semitones."""
        if self.root < 0:
            return {}
        tones = zip(TRIADS[self.quality], TRIADS[quality], strict=True)
        return {(self.root + old) % 12: new - old for old, new in tones if old != new}

    def __str__(self) -> str:
        """The symbol, or that of the triad."""
        return self.symbol or (
            "N.C." if self.root < 0 else _root_name(self.root, self.quality) + _SUFFIXES[self.quality]
        )


NO_CHORD = Chord(-1)


def of_class(index: int) -> Chord:
    """The chord of a class."""
    quality, root = divmod(index - 1, 12)
    return Chord(root, QUALITIES[quality]) if index else NO_CHORD


def parse_chord(symbol: str) -> Chord:
    """The chord that a symbol stands for: `C`, `Am`, `F#m7b5`, `Bbmaj7`, `G7/B`, `N.C.`, also as `A:min7`.

    The triad and the seventh are what remains: added and altered upper notes and the bass are left out; a suspended,
    power or altered chord counts as major on its root, and says so in its notice.

    Raises:
        MusicaeError: it is not a chord symbol; the message points at the character where it stops being one.
    """
    if _NONE.fullmatch(symbol):
        return NO_CHORD
    match = _ROOT.match(symbol)
    if not match:
        raise _wrong(symbol, 0)
    root = _pitch_class(match)
    third, fifth, seventh, lacking = _intervals(symbol, match.end())
    if third is None:
        third, quality = 4, "major"
    else:
        quality = {(3, 6): "diminished", (4, 8): "augmented"}.get((third, fifth), "minor" if third == 3 else "major")
    if not lacking and TRIADS[quality][1:] != (third, fifth):
        lacking = f"has {'an augmented' if fifth == 8 else 'a diminished'} fifth"
    notice = f"{symbol} {lacking}: it counts as {_root_name(root, quality)} {quality}" if lacking else ""
    return Chord(root, quality, notice, symbol if split_symbols(symbol) == [symbol] else "", seventh)


def _intervals(symbol: str, at: int) -> tuple[int | None, int, int, str]:
    """The third, the fifth, the seventh (0 for none), and in words what else keeps a symbol from being a triad.

    Raises:
        MusicaeError: something after `at`, where the root ends, is not understood.
    """
    third: int | None
    third, fifth, lacking, seventh, own = 4, 7, "", 0, 10
    for pattern, (meaning, sevenths) in _TRIADS.items():
        if found := pattern.match(symbol, at):
            (third, fifth, lacking), (seventh, own), at = meaning, sevenths, found.end()
            break
    depth = 0
    while at < len(symbol) and not _BASS.match(symbol, at):
        found = _REST.match(symbol, at)
        if not found or (found["close"] and not depth):
            raise _wrong(symbol, at + (symbol[at] == "/"))
        at = found.end()
        depth += bool(found["open"]) - bool(found["close"])
        if found["major_seventh"] or found["minor_seventh"] or found["upper"] in ("7", "9", "11", "13"):
            seventh = 11 if found["major_seventh"] else 10 if found["minor_seventh"] else own
        if found["fifth"]:
            fifth = 8 if found["fifth"] in _SHARP else 6
        elif found["raised"]:
            fifth = 8
        elif found["less"]:
            lacking = f"lacks its {'third' if found['less'] == '3' else 'fifth'}"
        elif found["sus"] or found["alt"]:
            lacking = "is suspended" if found["sus"] else "is altered"
    if depth:
        raise _wrong(symbol, symbol.rindex("("))
    return third, fifth, seventh, lacking


def split_symbols(text: str) -> list[str]:
    """Symbols separated by blanks, commas or bar lines, but not within parentheses."""
    return [symbol for symbol in re.split(r"[\s,|]+(?![^()]*\))", text) if symbol]


def progression(text: str) -> list[Chord]:
    """The chords of such symbols.

    Raises:
        MusicaeError: one of them is not a chord symbol, or there is none.
    """
    chords = [parse_chord(symbol) for symbol in split_symbols(text)]
    if not chords:
        raise MusicaeError("there is no chord in an empty progression", _HINT)
    return chords


def _root_name(root: int, quality: str) -> str:
    return (MINOR_ROOTS if quality in ("minor", "diminished") else ROOTS)[root]


def _with_symbol(chord: Chord, symbol: str, semitones: int) -> Chord:
    """A chord with the symbol of one that is lower by some semitones, moved, if that is a symbol of it."""
    root, bass = _ROOT.match(symbol), _BASS.search(symbol)
    if root is None:
        return chord
    name, suffix = _root_name(chord.root, chord.quality), symbol[root.end("signs") : bass.start() if bass else None]
    if bass:
        steps = LETTERS.index(bass["letter"]) - LETTERS.index(root["letter"]) + LETTERS.index(name[0])
        suffix += f"/{_spelled((_pitch_class(bass) + semitones) % 12, LETTERS[steps % len(LETTERS)])}"
    moved = parse_chord(name + suffix)
    notice = moved.notice if chord.notice else ""
    same = (moved.index, moved.seventh) == (chord.index, chord.seventh)
    return replace(moved, notice=notice) if same else chord


def _spelled(pitch_class: int, letter: str) -> str:
    """A pitch class as one of a letter, if it has one sign at most."""
    signs = {0: "", 1: "#", 11: "b"}.get((pitch_class - NATURALS[letter]) % 12)
    return ROOTS[pitch_class] if signs is None else letter + signs


def _pitch_class(match: re.Match[str]) -> int:
    return (NATURALS[match["letter"]] + sum(1 if sign in _SHARP else -1 for sign in match["signs"])) % 12


def _wrong(symbol: str, at: int) -> MusicaeError:
    what = f'"{symbol[at]}"' if at < len(symbol) else "its end"
    return MusicaeError(f'"{symbol}" is not a chord: character {at + 1}, {what}, is not understood', _HINT)


NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Pitch classes of the white keys."""
LETTERS = tuple(NATURALS)

_HINT = "write chords like C, Am, F#m7b5, Bbmaj7, G7/B or N.C."
_SUFFIXES = {"major": "", "minor": "m", "augmented": "aug", "diminished": "dim"}
_SHARP = "#\u266f+"
_NONE = re.compile(r"N\.?C\.?|N|n\.c\.|none", re.ASCII)
_ROOT = re.compile(r"(?P<letter>[A-G])(?P<signs>[#\u266f]{1,2}|[b\u266d]{1,2}|):?")
_BASS = re.compile(r"/(?P<letter>[A-G])(?P<signs>[#\u266f]{1,2}|[b\u266d]{1,2}|)$")

_TRIADS: dict[re.Pattern[str], tuple[tuple[int | None, int, str], tuple[int, int]]] = {
    re.compile(pattern): meaning
    for pattern, meaning in {
        r"dim|[o\u00b0\u00ba]": ((3, 6, ""), (0, 9)),
        r"hdim|[h\u00f8\u00d8]": ((3, 6, ""), (10, 10)),
        r"aug|\+(?!5|1[13])": ((4, 8, ""), (0, 10)),
        r"major|maj|Maj|MAJ|ma(?![a-z])|Ma|MA|M(?![iI])|[\u0394\u2206\u25b3^]": ((4, 7, ""), (0, 11)),
        r"minor|min|Min|MIN|mi(?![a-z])|MI|m(?!aj)|-(?!5)": ((3, 7, ""), (0, 10)),
        r"sus[24]{0,2}": ((None, 7, "is suspended"), (0, 10)),
        r"5(?!\d)": ((None, 7, "is a power chord"), (0, 10)),
    }.items()
}
"""What may follow the root: the third, the fifth, and what is missing for a triad; the seventh that it has, 0 for none,
and the one that a 7, 9, 11 or 13 behind it gives it."""

_REST = re.compile(
    r"""
      (?P<fifth>[#\u266f+b\u266d-])5                             # an altered fifth
    | [#\u266f+b\u266d-](?:4|6|9|1[13])                          # altered upper notes
    | (?P<raised>\+|aug)                                         # C7+, C7aug
    | (?P<sus>sus[24]{0,2})
    | (?P<alt>alt)
    | (?:add|Add)\s?(?:2|4|6|9|1[13])
    | (?:no|omit)(?P<less>[35])
    | (?P<major_seventh>(?:maj|Maj|ma|M|[\u0394\u2206\u25b3^])(?:7|9|1[13])?)   # of any triad
    | 6/?9 | (?<!\d)(?P<upper>[24679]|1[13]) | (?P<minor_seventh>[b\u266d]7)
    | /[#\u266fb\u266d]?(?:1[0-3]|[1-9])$                                # the degree that is the bass, as Harte has it
    | (?P<open>\() | (?P<close>\)) | , | /(?=[#\u266fb\u266d]?\d)
    """,
    re.VERBOSE,
)
"""What may follow the triad, in any order."""
