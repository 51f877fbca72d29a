"""What every route works with: callers, bodies, limits, problems, transactions."""
