"""The outside world behind the ports; only bootstrap imports from here."""
