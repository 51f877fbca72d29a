"""Coupons: issued, locked, redeemed, given back. Money is integer fen."""
