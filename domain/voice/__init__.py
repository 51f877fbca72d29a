"""What customers say: comments read into opinions."""
