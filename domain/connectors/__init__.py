"""Systems that are connected: their rows become events, and events go out to others; how far each has come."""
