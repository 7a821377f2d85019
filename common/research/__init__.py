"""Recorded and generated market data, and what is learned from it."""
