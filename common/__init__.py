"""Tron's rooms: pure cores, ports, adapters and the steps of a trading day."""
