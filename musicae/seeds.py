"""Seeds of seeds."""

from __future__ import annotations


def mix(*parts: int) -> int:
    """One 63-bit seed from several numbers (the finalizer of SplitMix64, once per number)."""
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) % 2**64
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % 2**64
        state ^= state >> 31
    return state >> 1
