"""The event catalogue: which types there are, and what their data holds."""
