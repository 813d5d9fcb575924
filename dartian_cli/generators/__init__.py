"""One file for each generator: arguments to a Plan, pure. They ask, print and write nothing."""
