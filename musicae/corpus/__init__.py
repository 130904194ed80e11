"""From a folder of MIDI files to windows of tokens on disk, and from there to batches."""

FORMAT = 1
"""Of a data set's arrays and its manifest; one of another format is made again."""

SPLITS = ("train", "validation", "test")
"""Parts of a data set, a folder each."""
