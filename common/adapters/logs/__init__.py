"""Structured logs: standard output at once; store and archive from a bounded queue, spooled while they are down."""
