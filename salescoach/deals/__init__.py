"""Deals: the calls of an account taken together, and what is at risk there."""
