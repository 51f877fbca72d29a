"""A year of a grocer's real baskets."""
