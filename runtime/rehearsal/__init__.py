"""Journeys in virtual time: tests, simulations, back-tests."""
