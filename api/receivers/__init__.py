"""The callbacks of providers, each with its signature verified."""
