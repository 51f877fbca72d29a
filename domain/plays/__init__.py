"""Plays: entries, draws and prizes; exact, provable and fast."""
