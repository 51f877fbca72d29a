"""Kills at random, and an audit of what is left."""
