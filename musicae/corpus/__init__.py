"""From a folder of MIDI files to windows of tokens on disk, and from there to batches."""
