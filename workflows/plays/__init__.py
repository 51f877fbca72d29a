"""Plays: what is done together with viewers during a show, a vote, a lottery, put together from parts."""
