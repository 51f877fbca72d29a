"""YAML text as a tree that knows where everything stands, and how mistakes in it are shown."""
