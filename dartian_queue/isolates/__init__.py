"""Processes with memory of their own that run attempts, and the zygote that forks and ends them."""
