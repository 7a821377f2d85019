"""The steps of a trading day, on ports and pure rooms only."""
