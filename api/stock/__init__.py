"""Stock: replenishments, shows."""
