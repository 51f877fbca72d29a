"""What it costs to know what journeys brought."""
