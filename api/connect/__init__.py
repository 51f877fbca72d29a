"""Systems that are connected: how they stand, and what they push."""
