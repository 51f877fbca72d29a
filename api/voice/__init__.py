"""What customers say: comments read, opinions, topics, reports."""
