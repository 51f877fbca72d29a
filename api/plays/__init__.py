"""Plays: opened, entered, closed and looked at."""
