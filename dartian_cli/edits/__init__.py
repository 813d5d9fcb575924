"""One file for each edit: libcst finds the place, a splice writes, a check proves. Edits are bytes to bytes."""
