"""Carries the verbs out: one file per verb, named like it, found by `domain.journeys.executors`."""
