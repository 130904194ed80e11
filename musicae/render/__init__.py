"""Music for the eye."""
