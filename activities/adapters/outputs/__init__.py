"""Where outputs go, each by its own way of taking records in order."""
