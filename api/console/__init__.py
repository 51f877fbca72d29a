"""The console's files, and what they may load."""
