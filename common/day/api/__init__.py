"""The API behind the functions: what is asked, who may ask, what is answered."""
