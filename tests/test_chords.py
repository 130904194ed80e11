"""Chord symbols: what musicians write, what they mistype, and the classes that both come down to."""

import pytest

from musicae.errors import MusicaeError
from musicae.music.chords import CHORD_CLASSES, NO_CHORD, Chord, of_class, parse_chord, progression

SPELLINGS = {
    "major": """C Cmaj CMaj CMAJ Cma CMa CM Cmajor CΔ C△ C^ C7 Cmaj7 CMaj7 CM7 Cma7 CΔ7 C△7 C^7 C6 C69 C6/9 C9 C11 C13
        Cmaj9 CM9 Cmaj11 Cmaj13 C7b9 C7#9 C7-9 C7#11 C7b13 C9#11 C13#11 C13b9 Cmaj7#11 Cmaj7(#11) C(add9) Cadd9 Cadd2
        Cadd4 C(add2) C7(b9) C7(b9,#11) C7(b9b13) C2 C4 C/E C/G C7/Bb C7/9 C7/13 C:maj C:maj7 C:7 C:6 C♯/C♯ C7(♭9)
        C∆7 C∆ CMA CMA7 C:maj/3 C:maj/5 C:7/b7 C:maj7/7""",
    "minor": """Cm Cmin CMin CMIN Cmi Cminor C- Cm7 Cmin7 Cmi7 C-7 Cm6 Cmin6 C-6 Cm69 Cm6/9 Cm9 Cmin9 C-9 Cm11 C-11
        Cm13 Cm(maj7) Cmmaj7 CmM7 CmMaj7 CminMaj7 C-Δ7 C-Δ C-^7 Cm(add9) Cmadd9 Cm7(11) Cm7add11 Cm/G Cm7/Bb C:min
        C:min7 C:minmaj7 CMI CMI7 C:min/b3 C:min7/b7""",
    "augmented": "Caug C+ Caug7 C+7 C7+ C7aug C7#5 C7+5 C7(#5) C9#5 C+9/E Cmaj7#5 CM7#5 CΔ7#5 Cmaj7(♯5) C7#5b9 C:aug",
    "diminished": """Cdim Co C° Cº Cdim7 Co7 C°7 Cø CØ Cø7 CØ7 Ch7 Cm7b5 Cm7-5 Cmin7b5 Cm7(b5) C-7b5 C-7♭5 Cm9b5 Cmb5
        C:dim C:dim7 C:hdim7""",
}
ROOTS = {
    **{"C": 0, "B#": 0, "Dbb": 0, "C#": 1, "Db": 1, "C♯": 1, "D♭": 1, "D": 2, "C##": 2, "Ebb": 2, "D#": 3, "Eb": 3},
    **{"E": 4, "Fb": 4, "F": 5, "E#": 5, "F#": 6, "Gb": 6, "G♭": 6, "G": 7, "F##": 7, "Abb": 7, "G#": 8, "Ab": 8},
    **{"A": 9, "Bbb": 9, "A#": 10, "Bb": 10, "B♭": 10, "B": 11, "Cb": 11},
}
ROUGHLY_MAJOR = """Csus C4sus Csus4 Csus2 Csus24 C7sus4 C9sus C7sus C13sus4 C5 C7alt Calt C7b5 Cmaj7b5 C+11b5 Cno3
    C7omit5 C:sus4(b7) C:sus4(b7,9)"""
NOTHING = "N.C. NC N n.c. none"

WRONG = {  # and the character at which each stops being a chord
    **{"": 1, "H": 1, "c": 1, "am": 1, "#": 1, "bb": 1, "7": 1, "Xm": 1, " C": 1, "?": 1, "-": 1, "/G": 1, "♭B": 1},
    **{"Cq": 2, "C ": 2, "Ca": 2, "Cx7": 2, "C3": 2, "C8": 2, "C'": 2, "C.": 2, "C)": 2, "C(": 2, "C()(": 4, "CC": 2},
    **{"Dx": 2, "C###": 4, "Cbbb": 4, "C#b": 3, "Cb#": 3, "Cmm": 3, "Cmn": 3, "C77": 3, "C7z": 3, "C79": 3, "C1": 2},
    **{"C/": 3, "C/H": 3, "C/e": 3, "C/E7": 3, "Am/": 4, "G//B": 3, "G/B/D": 3, "C(b9": 2, "Cb9)": 4, "C7(b9": 3},
    **{"Cadd": 2, "Cadd5": 2, "Cno7": 2, "C7#": 3, "C7#7": 3, "Cmaj7z": 6, "Cdimm": 5, "C-7-": 4, "Cm7b": 4, "N..C": 1},
    **{"NO": 1, "N.D.": 1, "Nope": 1, "Cm, ": 4, "Eb♭♭": 4, "solo": 1, "C|": 2, "C7 ": 3},
}


@pytest.mark.parametrize(
    ("quality", "symbol"), [(quality, s) for quality, all_ in SPELLINGS.items() for s in all_.split()]
)
def test_every_spelling_of_a_triad(quality: str, symbol: str) -> None:
    chord = parse_chord(symbol)
    assert (chord.root, chord.quality, chord.notice) == (1 if "♯/" in symbol else 0, quality, "")


@pytest.mark.parametrize(("symbol", "root"), ROOTS.items())
def test_every_root(symbol: str, root: int) -> None:
    assert parse_chord(symbol).root == root
    assert parse_chord(f"{symbol}m7b5").index == 1 + 12 * 3 + root
    assert parse_chord(f"C/{symbol}") == parse_chord("C")


@pytest.mark.parametrize("symbol", ROUGHLY_MAJOR.split())
def test_what_is_no_triad_counts_as_major_and_says_so(symbol: str) -> None:
    chord = parse_chord(symbol)
    assert chord.index == 1
    assert chord.notice.startswith(symbol)


@pytest.mark.parametrize("symbol", NOTHING.split())
def test_no_chord(symbol: str) -> None:
    assert parse_chord(symbol) == NO_CHORD


@pytest.mark.parametrize(("symbol", "character"), WRONG.items())
def test_a_wrong_spelling_is_pointed_at(symbol: str, character: int) -> None:
    with pytest.raises(MusicaeError, match=f"character {character},") as raised:
        parse_chord(symbol)
    assert "Am" in raised.value.hint


def test_the_tables_are_as_large_as_they_should_be() -> None:
    assert sum(len(symbols.split()) for symbols in SPELLINGS.values()) + len(ROOTS) >= 150
    assert len(WRONG) >= 50


@pytest.mark.parametrize("index", range(CHORD_CLASSES))
def test_a_class_is_a_chord_and_its_name(index: int) -> None:
    chord = of_class(index)
    assert chord.index == index
    assert parse_chord(str(chord)) == chord
    assert len(chord.tones) == (3 if index else 0)
    assert chord.transpose(5).transpose(-5) == chord


def test_tones_and_transposition() -> None:
    assert parse_chord("G7/B").tones == {7, 11, 2}
    assert parse_chord("Bbm").index == 1 + 12 + 10
    assert Chord(0).index == 1 and Chord(0) == of_class(1)


def test_minor_chords_have_the_roots_of_minor_keys() -> None:
    names = [str(Chord(root, quality)) for quality in ("minor", "diminished", "major") for root in (1, 3, 6, 8, 10)]
    assert " ".join(names) == "C#m Ebm F#m G#m Bbm C#dim Ebdim F#dim G#dim Bbdim Db Eb F# Ab Bb"
    assert parse_chord("C#m7b5").notice == "" and "as C major" in parse_chord("Csus4").notice
    assert str(parse_chord("Dbm")) == "Dbm", "as it is written"


@pytest.mark.parametrize(
    ("symbols", "semitones", "moved"),
    [
        ("Cmaj7 Am7 Dm7b5 G7/B", 2, "Dmaj7 Bm7 Em7b5 A7/C#"),
        ("Cmaj7 Am7 Dm7b5 G7/B", 0, "Cmaj7 Am7 Dm7b5 G7/B"),
        ("C♯m7/G♯ Dbm N.C. C:min7 C6/9", 12, "C♯m7/G♯ Dbm N.C. C:min7 C6/9"),
        ("C♯m7/G♯ Dbm N.C. C:min7 C6/9", -1, "Cm7/G Cm N.C. B:min7 B6/9"),
        ("C/Bb C/E C7(b9,#11) Csus4", 6, "F#/E F#/A# F#7(b9,#11) F#sus4"),
        ("C###5 C##/E", 2, "Eaug E/Gb"),  # Double sharps: the fifth of the first would turn into a sign of its root.
    ],
)
def test_a_transposed_symbol_keeps_what_it_adds_to_its_triad(symbols: str, semitones: int, moved: str) -> None:
    chords = progression(symbols)
    there = [chord.transpose(semitones) for chord in chords]
    assert " ".join(map(str, there)) == moved
    for before, after in zip(chords, there, strict=True):
        assert (after.seventh, after.quality) == (before.seventh, before.quality)
        assert parse_chord(str(after)).index == after.index
        assert after.index in (0, 1 + 12 * ((before.index - 1) // 12) + (before.root + semitones) % 12)
        assert bool(after.notice) == bool(before.notice)
        assert not after.notice or after.notice.startswith(str(after))


def test_a_progression() -> None:
    assert [str(chord) for chord in progression("C Am | F, G7\n")] == ["C", "Am", "F", "G7"]
    assert [str(chord) for chord in progression("C7(b9,#11),F")] == ["C7(b9,#11)", "F"]
    assert progression("G7") == progression("G") and str(progression("G7")[0].transpose(2)) == "A7"
    with pytest.raises(MusicaeError, match="empty"):
        progression(" | ")
    with pytest.raises(MusicaeError, match="Hm"):
        progression("C Hm")


@pytest.mark.parametrize(("symbol", "seventh"), [("C:maj(b7)", 10), ("C:sus4(b7)", 10), ("Cmaj7", 11), ("C7", 10)])
def test_sevenths_are_those_that_are_named(symbol: str, seventh: int) -> None:
    assert parse_chord(symbol).seventh == seventh


@pytest.mark.parametrize("symbol", ["C/99", "C:maj/0", "C:maj/14"])
def test_basses_of_no_degree_are_no_chords(symbol: str) -> None:
    with pytest.raises(MusicaeError, match="is not a chord"):
        parse_chord(symbol)
