"""Measures Dartian, what the machine could do, and other queues, side by side in one run: ``python -m bench``."""
