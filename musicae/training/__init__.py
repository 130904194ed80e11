"""Training: knows an autoencoder only as a forward pass that returns named loss terms."""
