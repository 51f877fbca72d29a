"""Decides what happens next: specs, plans, the interpreter and the Temporal workflows. Pure: no I/O, no clock."""
