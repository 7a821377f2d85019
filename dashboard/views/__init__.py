"""One file a page of the dashboard; a folder named pages would be served by Streamlit itself, past the sign-in."""
