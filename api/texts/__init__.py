"""Texts: what is written to customers."""
