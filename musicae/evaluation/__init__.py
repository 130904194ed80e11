"""What a model is worth: measurements on held-out windows."""
