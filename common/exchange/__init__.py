"""The simulated exchange, pure: paper trading, replay and backtests all stand on it."""
