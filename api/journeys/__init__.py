"""Journeys and what they leave to people: runs, messages, todos, the stuck."""
