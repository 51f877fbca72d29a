"""The compiled plan, the interpreter that walks it, and what passes between it and the activities."""
