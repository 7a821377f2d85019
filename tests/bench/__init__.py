"""Benchmarks: ratios against other engines in one run; never part of the tests."""
