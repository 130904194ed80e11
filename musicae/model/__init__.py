"""Models: a representation and an autoencoder, and the folders that they are kept in."""

from musicae.model.building import TABLES, build_autoencoder, pick_device, pick_precision, token_spec
from musicae.model.folder import UNSAVED_NUMBERS, load, save, save_attributes
from musicae.model.model import BATCH, Codes, Model, WindowTokens

__all__ = [
    "BATCH",
    "TABLES",
    "UNSAVED_NUMBERS",
    "Codes",
    "Model",
    "WindowTokens",
    "build_autoencoder",
    "load",
    "pick_device",
    "pick_precision",
    "save",
    "save_attributes",
    "token_spec",
]
