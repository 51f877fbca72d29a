"""What conditions ask: facts about one customer, and the same conditions as SQL."""
