"""Files: written whole or not at all, named so that nothing is overwritten, and found again by name."""
