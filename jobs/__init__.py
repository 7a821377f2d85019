"""What a command line starts: the trading workload, backtests and the `tron` command."""
