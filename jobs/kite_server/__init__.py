"""A simulated Kite: HTTP and WebSocket in the broker's documented shapes over the simulated exchange."""
