"""The processes, and what they stand on: settings, Postgres, Temporal, the relay, the housekeeping."""
