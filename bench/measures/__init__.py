"""What is measured of a contender, whichever it is: each function runs one round of one side and returns a reading."""
