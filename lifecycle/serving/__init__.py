"""Rows and models in memory, to answer from: what the HTTP service runs on. It knows neither HTTP nor Prefect."""
