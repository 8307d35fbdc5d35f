"""``python -m flasktrace``."""

from flasktrace.cli import main

if __name__ == "__main__":
    main(prog_name="flasktrace")
