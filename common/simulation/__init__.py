"""Whole trading days in virtual time under faults: the very session that trades, checked after every step."""
