"""Carries out `send`: not here but in `domain/sending`, a room of its own that stands above this one.

Its activity claims the messages there, gives them to their provider between two transactions, and settles them there.
"""
