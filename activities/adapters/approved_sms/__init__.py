"""Text messages by providers that send templates they have approved, and several providers side by side."""
