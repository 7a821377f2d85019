"""The Streamlit dashboard: reads the API, posts controls, touches nothing else."""
