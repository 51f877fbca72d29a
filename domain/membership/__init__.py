"""Membership: which tags rules give to customers, who is in which segment, and since when."""
