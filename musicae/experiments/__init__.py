"""Published comparisons of autoencoders, done again: their data, measurements and tables."""
