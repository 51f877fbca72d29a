"""What is published, and whether it fits together."""
