"""Commands about customers: who they are, their identities, tags and segments."""
