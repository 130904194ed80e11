"""From a folder of MIDI files to windows of tokens on disk, and from there to batches."""

FORMAT = 1
"""Of a data set's arrays and its manifest; one of another format is made again."""

SPLITS = ("train", "validation", "test")
"""Parts of a data set, a folder each."""

IN_TRAINING = "held out but in training"
"""What a manifest calls different windows of held-out songs that stand in training songs, too, and are left out."""
