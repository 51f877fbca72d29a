"""Measures; never asserts a time. Figures are ratios within one run, because machines differ and are shared."""
