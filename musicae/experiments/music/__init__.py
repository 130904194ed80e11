"""Objectives compared on music: trainings, measurements, tables and figures."""
