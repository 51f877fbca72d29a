"""Customers: what names them, and what they allowed."""
