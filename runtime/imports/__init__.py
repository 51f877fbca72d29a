"""Lists from spreadsheets, row by row."""
