"""Tests of subscribers.jobs."""
