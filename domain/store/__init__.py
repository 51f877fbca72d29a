"""The ground: columns, statements over many rows, the outbox, the clock."""
