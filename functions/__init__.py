"""Deployed functions, one file each: parse, authenticate, call, answer."""
