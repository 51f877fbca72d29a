"""The outside world, one small class per provider behind one protocol."""
