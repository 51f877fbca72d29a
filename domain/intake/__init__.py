"""The one door in: events, what they change, and what they begin, wake and end."""
