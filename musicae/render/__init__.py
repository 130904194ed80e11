"""Music for eyes and ears."""
