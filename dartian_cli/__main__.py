"""Let ``python -m dartian_cli`` be ``dartian``."""

from dartian_cli.app import main

if __name__ == "__main__":
    main()
