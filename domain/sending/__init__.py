"""Sending: claimed before the provider is called, settled after it, followed until its fate is known."""
