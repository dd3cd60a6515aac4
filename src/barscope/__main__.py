"""`python -m barscope` is the command `barscope`."""

from barscope.cli import main

if __name__ == "__main__":
    main()
