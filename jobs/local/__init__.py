"""The laptop's cloud: event relay, function host and what keeps their processes together."""
