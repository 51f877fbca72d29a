"""The doors for what pages, mini-programs and apps send in the formats of other makers."""
