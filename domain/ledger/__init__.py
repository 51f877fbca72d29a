"""The ledger of messages, and how often a customer may be written to."""
