"""Where secrets are kept: files of this machine, or Secret Manager."""
