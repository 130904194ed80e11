"""What music is: scores, MIDI files, attributes and token representations. Nothing here knows torch."""
