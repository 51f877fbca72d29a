"""Remembers: tables, and the rules that need them, as functions over a session that never commit."""
