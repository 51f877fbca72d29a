"""Where connectors pull rows from, each with its way of asking for what changed since."""
