"""The commands of `tron`: one file each, with its arguments and what it prints."""
