"""One file per part: its grammar, its checks, its words. What carries it out is in `domain/plays/parts`."""
