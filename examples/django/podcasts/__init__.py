"""Podcasts and their episodes, which a job fetches."""
