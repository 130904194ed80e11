"""Autoencoders of images: of lines, of digits, of piano rolls."""
