"""The outbox, carried out: starts and wakes told to Temporal, and what else a row is for."""
