"""One file a command; the file's name is the command's: make_job.py is ``make:job``."""
