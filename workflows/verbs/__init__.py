"""What a journey can do: one file per verb, found by its name. `base` says what a verb consists of."""
