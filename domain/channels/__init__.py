"""What the ledger and the channels know of each other: what is sent, to whom it can go, how accounts stand."""
