"""Plans, changes and decisions in plain words, in Chinese and in English."""
