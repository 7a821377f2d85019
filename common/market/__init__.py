"""Market facts without I/O: calendar, dated rules, instruments, bars and quotes."""
