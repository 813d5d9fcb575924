"""What the shell's Tab key is answered: the scripts of the three shells, and what each may be offered next."""
