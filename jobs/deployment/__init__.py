"""What the files of a deployment say, and whether they agree: `tron deploy check`."""
