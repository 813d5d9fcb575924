"""The same job as an application of each contender writes it: ``Noop`` marks itself, ``Long`` marks itself and sleeps.

Each file is imported by its contender's interpreter alone. ``bench.drive`` says which functions it calls in them.
"""
