"""How Tron trades, without I/O: orders, positions, charges, risk and the session that ties them together."""
