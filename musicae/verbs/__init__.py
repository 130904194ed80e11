"""What a user can do, one function each: `(model, sources, settings) -> clips`."""
