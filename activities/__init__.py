"""Makes it happen: one thin activity per command, and the adapters to the outside world."""
