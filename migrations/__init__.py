"""The schema's history. `python -m migrations "what changes"` writes the next revision from domain/tables."""
