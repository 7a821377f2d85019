"""Zerodha Kite: orders, books, login and instruments over its official client, imported only where it is used."""
