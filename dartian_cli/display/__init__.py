"""What a person, a log or a program sees of a running worker. Watching never changes what the worker does."""
