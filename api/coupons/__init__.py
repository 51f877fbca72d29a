"""Coupons: quoted, issued, locked, redeemed."""
