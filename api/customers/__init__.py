"""Customers: who they are, and what joins and splits them."""
