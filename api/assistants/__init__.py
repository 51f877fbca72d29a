"""Assistants: what they can read and try of a shop, and the drafts that they write, by the Model Context Protocol."""
