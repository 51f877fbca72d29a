"""What is wrong with a running shop now, why, and what to do: `aftershow doctor`."""
