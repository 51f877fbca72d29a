"""Is called from outside: the HTTP API, nothing else."""
