"""Who has woken a worker, as the one byte that goes through its pipe. It opens and reads no pipe."""

__all__ = ["JOBS", "OPERATOR"]

JOBS = b"\n"
"""There may be work."""
OPERATOR = b"!"
"""An operator has changed something: the worker looks what that means for it and for what it runs."""
