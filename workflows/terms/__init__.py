"""What specs are written in: durations, money, limits, conditions, fields."""
