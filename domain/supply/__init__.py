"""Plans with suppliers: what a delivery should bring, what they answer, what came of it."""
