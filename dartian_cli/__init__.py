"""The command line of Dartian: generators, the worker, and what to do after failures."""
