"""Comments: the reader is trained and measured, and what alerts find and cost."""
