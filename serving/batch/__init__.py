"""Scoring of many calls: planned in shards, worked off by an engine, written whole, and taken up again after a stop."""
