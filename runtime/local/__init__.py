"""Everything on one machine, in one terminal."""
