"""Carries the parts out: one file per part, named like it, found by `domain.plays.running`."""
