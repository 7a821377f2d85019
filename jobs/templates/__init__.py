"""What `tron strategy new` copies: whole strategies and their test, with a name to be replaced."""
