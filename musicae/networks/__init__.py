"""What torch is for: encoders, latents, decoders. Nothing here knows music: it sees integers and feature tables."""
